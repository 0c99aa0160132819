"""Whatever is behind the overlay: the game shows through, and every word can be read."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.overlay.readable import pixels_of, words
from tests.overlay.showing import Showing, in_720p, themes

pytestmark = pytest.mark.browser

PLATES: Final = ("dark", "light", "clear")
BEHIND: Final = {
    "night": "#000",
    "snow": "#fff",
    "chaos": "repeating-conic-gradient(#fff 0 25%, #000 0 50%, #d22 0 75%, #0b4 0) 0 0 / 34px 34px",
}
LEAST: Final = 4.5
"""WCAG 2.2, 1.4.3 (AA)."""
MUTED: Final = 0.9
"""Below this opacity words are put back on purpose: what isn't live must not look live."""


@pytest.fixture(scope="module")
def screen(browser: Browser) -> Iterator[Showing]:
    with in_720p(browser) as screen:
        yield screen


@pytest.mark.parametrize("plate", PLATES)
@pytest.mark.parametrize("theme", themes())
def test_words_stand_out_from_what_is_behind(screen: Showing, theme: str, plate: str) -> None:
    weak = {}
    screen.open(f"theme={theme}&plate={plate}")
    for mood in screen.story("gathering", "lively", "stale"):
        for name, backdrop in BEHIND.items():
            screen.behind(backdrop)
            found = words(screen.page)
            judged = [word for word in found if mood == "lively" or word.opacity >= MUTED]
            assert judged, f"nothing to read while {mood}"
            for word in judged:
                if word.contrast < LEAST:
                    weak[f"{word.text} ({mood}, {name})"] = round(word.contrast, 1)
    assert not weak


def test_a_word_that_does_not_stand_out_is_found(screen: Showing) -> None:
    screen.open("theme=bars&plate=clear", BEHIND["snow"])
    next(iter(screen.story()))
    screen.page.add_style_tag(content=".headline { text-shadow: none !important; }")
    found = {word.text: word.contrast for word in words(screen.page)}
    assert found.pop("Gathering the crowd (2 of 3)") < 1.5
    assert found["Crowd expressions"] > LEAST


@pytest.mark.parametrize("theme", themes())
def test_the_game_shows_through(screen: Showing, theme: str) -> None:
    covered = {}
    for plate in PLATES:
        screen.open(f"theme={theme}&plate={plate}")
        for mood in screen.story("gathering", "lively"):
            alpha = pixels_of(screen.page.screenshot(omit_background=True))[..., 3]
            frame = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
            assert not frame.any(), f"{plate}, {mood}: something is at the very edge of the source"
            assert np.mean(alpha == 0) > 0.5, f"{plate}, {mood}: more than half of the picture is covered"
            assert alpha.max() > 200, f"{plate}, {mood}: nothing is there"
            covered[plate, mood] = float(np.mean(alpha > 128))
    for plate, mood in covered:
        assert covered["clear", mood] < covered[plate, mood] or plate == "clear", "clear has no plate"
