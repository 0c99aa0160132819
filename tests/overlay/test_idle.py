"""No theme paints without news: a minute of a still crowd by the page's clock, seen through the browser's own trace."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from tests.overlay.looks import painted
from tests.overlay.moods import recorded
from tests.overlay.showing import Showing, in_720p, themes

pytestmark = pytest.mark.browser

BEATS: Final = 30
BEAT_SECONDS: Final = 2
LIVELY: Final = next(frame for name, frame in recorded() if name == "lively")


@pytest.fixture(scope="module")
def screen(browser: Browser) -> Iterator[Showing]:
    with in_720p(browser) as screen:
        yield screen


@contextmanager
def paints(screen: Showing) -> Iterator[list[Any]]:
    """What the browser paints meanwhile; filled at the end."""
    browser = screen.page.context.browser
    assert browser is not None
    found: list[Any] = []
    browser.start_tracing(page=screen.page, categories=["devtools.timeline"])
    yield found
    painted(screen.page)
    trace = json.loads(browser.stop_tracing())
    found += [event["args"] for event in trace["traceEvents"] if event["name"] == "Paint"]


@pytest.mark.parametrize("theme", themes())
def test_a_still_crowd_paints_nothing(screen: Showing, theme: str) -> None:
    screen.open(f"theme={theme}")
    next(screen.story("lively"))
    # What was said has gone by then, too.
    screen.tell({**LIVELY, "said": None, "time": LIVELY["time"] + 1})
    screen.rest(4000)
    painted(screen.page)
    with paints(screen) as still:
        for number in range(1, BEATS + 1):
            screen.tell({"type": "beat", "time": LIVELY["time"] + BEAT_SECONDS * number})
            screen.rest(BEAT_SECONDS * 1000)
    assert still == []
    assert screen.theme == theme
    with paints(screen) as moved:
        screen.tell(LIVELY | {"shares": dict(zip(LIVELY["shares"], reversed(LIVELY["shares"].values()), strict=True))})
        screen.rest()
    assert moved, "or this test could not fail"
