"""Hours of show leave nothing behind: half an hour of it in seconds, and neither heap nor nodes have grown."""

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Final, NamedTuple

import pytest
from playwright.sync_api import Browser

from tests.overlay.looks import until_state
from tests.overlay.moods import recorded
from tests.overlay.own_side import ABSENT, STATES
from tests.overlay.showing import Showing, in_720p, themes

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MINUTES: Final = 30
A_SECOND: Final = 2
"""So that each frame is shown: a page would pass over most of the ten that the bot may send."""
AT_ONCE: Final = 40
SETTLED: Final = 15
"""Minutes after which a page has nearly all that it will ever keep: code compiled, some minutes remembered."""
GROWTH: Final = 100_000
"""Bytes. 1800 frames that left 56 each behind would be more: no object is that small with what holds it."""

NODES: Final = 10


class Size(NamedTuple):
    """What a page takes, once nothing is left that could be collected."""

    heap: int
    nodes: int
    listeners: int
    elements: int


class Meter:
    """Weighs a page by Chromium's own figures."""

    def __init__(self, screen: Showing) -> None:
        self._page = screen.page
        self._session = screen.page.context.new_cdp_session(screen.page)
        self._session.send("Performance.enable")

    def read(self) -> Size:
        """The page's size now."""
        # Twice: what the first finds to be free may hold what the second does.
        for _ in range(2):
            self._session.send("HeapProfiler.collectGarbage")
        found = {each["name"]: each["value"] for each in self._session.send("Performance.getMetrics")["metrics"]}
        elements = self._page.evaluate("() => document.getElementsByTagName('*').length")
        return Size(int(found["JSHeapUsedSize"]), int(found["Nodes"]), int(found["JSEventListeners"]), elements)


@pytest.fixture(scope="module")
def screen(browser: Browser) -> Iterator[Showing]:
    with in_720p(browser) as screen:
        yield screen


def minute(screen: Showing, number: int, *, streamer: bool = False) -> None:
    """A minute of show: the story with its words, an empty room and a rest; its last frame is always the same.

    With a `streamer` their agent comes, goes, and says all that there is to say.
    """
    story = [frame for name, frame in recorded() if name != "stale"]
    begun = story[0]["time"] + 60 * number
    own_sides = [*STATES.values(), ABSENT]
    frames = [
        (frame if frame["shares"] is None else {**frame, "shares": swayed(frame["shares"], at)})
        | {"time": begun + at / A_SECOND}
        | (own_sides[at // 3 % len(own_sides)] if streamer else {})
        for at, frame in enumerate(islice(cycle(story), 60 * A_SECOND - 1))
    ]
    for first in range(0, len(frames), AT_ONCE):
        *several, last = frames[first : first + AT_ONCE]
        screen.stage.play_all(several)
        screen.tell(last)
    screen.tell({**story[-1], "time": begun + 60 - 1 / A_SECOND})
    screen.rest()
    until_state(screen.page, "live")


def swayed(shares: dict[str, float], at: int) -> dict[str, float]:
    """The shares, a little to one side, so that no frame is the one before."""
    part = 0.1 * (at % 7) / 7
    return {emotion: share * (1 - part) + part / len(shares) for emotion, share in shares.items()}


def half_an_hour(screen: Showing, *, streamer: bool = False) -> tuple[Size, Size]:
    """Plays it; the page's size once it has settled, and at the end."""
    screen.pace(1000 // A_SECOND)
    meter = Meter(screen)
    for number in range(SETTLED):
        minute(screen, number, streamer=streamer)
    settled = meter.read()
    for number in range(SETTLED, MINUTES):
        minute(screen, number, streamer=streamer)
    return settled, meter.read()


@pytest.mark.parametrize("theme", themes())
def test_half_an_hour_leaves_nothing_behind(screen: Showing, theme: str) -> None:
    screen.open(f"theme={theme}")
    settled, after = half_an_hour(screen)
    assert screen.theme == theme
    assert after.heap - settled.heap < GROWTH, f"{settled} became {after}"
    assert after.nodes <= settled.nodes + NODES, f"{settled} became {after}"
    assert (after.listeners, after.elements) == (settled.listeners, settled.elements)


def test_half_an_hour_with_a_streamer_leaves_nothing_behind_either(screen: Showing) -> None:
    screen.open("theme=bars")
    settled, after = half_an_hour(screen, streamer=True)
    assert after.heap - settled.heap < GROWTH, f"{settled} became {after}"
    assert after.nodes <= settled.nodes + NODES, f"{settled} became {after}"
    assert (after.listeners, after.elements) == (settled.listeners, settled.elements)


def test_a_page_that_leaves_something_behind_is_found_out(screen: Showing) -> None:
    screen.open("theme=bars")
    # An object of a few numbers and an element outside of the page, each second.
    screen.page.evaluate(
        """() => {
          window.kept = [];
          setInterval(() => kept.push(new Float64Array(16), document.createElement("i")), 1000);
        }"""
    )
    settled, after = half_an_hour(screen)
    assert after.heap - settled.heap > GROWTH
    assert after.nodes > settled.nodes + NODES
