"""Whatever people call themselves, their stream or a reaction: every page shows it as text, and nothing breaks."""

from typing import Final

import pytest
from playwright.sync_api import Page

from tests.overlay.conftest import Theatre
from tests.overlay.looks import until_state
from tests.overlay.showing import themes
from tests.overlay.stage import Stage, mood, tile, tiles

pytestmark = pytest.mark.browser

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)
WORDS: Final = {
    "markup": "</bdi></script><img src=x onerror='window.broken = 1'><svg onload='window.broken = 1'>",
    "right to left": "\u202eمحمد علي \u2067كبير\u2069 live",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f3ae\U0001f1f9\U0001f1fc" * 12,
    "ten thousand": "W" * 10_000,
    "ten thousand marks": "Z" + "\u0310\u0323" * 5000,
}


@pytest.fixture(params=WORDS)
def named(request: pytest.FixtureRequest, stage: Stage) -> Stage:
    """A stage on which everything that has a name has this one."""
    words = WORDS[request.param]
    stage.current = mood(HAPPY, said=words) | {"channel": words}
    stage.tiles = tiles(tile("s1", words), tile("s2", words, "anger"), tile("s3", "Ann"))
    stage.controls |= {"title": words, "category": words}
    stage.connections = [{"name": "overlay", "state": "bad", "line": words, "mend": words}]
    rules = [{"name": words, "says": words, "active": True}]
    stage.obs |= {"enabled": True, "connected": True, "state": "connected", "reactions": rules}
    return stage


def nothing_is_broken(page: Page) -> None:
    """Nothing that ran, nothing that came into the page, nothing that stands out of it."""
    assert page.evaluate("() => window.broken") is None
    assert page.locator("img[src=x], svg[onload], main script").count() == 0
    width, room = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert width <= room


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("theme", themes())
def test_overlay(theatre: Theatre, theme: str) -> None:
    page = theatre.open(f"/overlay/?theme={theme}", viewport={"width": 800, "height": 600})
    page.locator(f'html[data-design="{theme}"]').wait_for(state="attached")
    until_state(page, "live")
    page.locator(".said[data-shown]").wait_for()
    nothing_is_broken(page)
    box = page.locator(".plate").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 800 and box["y"] + box["height"] <= 600


@pytest.mark.usefixtures("named")
def test_dashboard(theatre: Theatre) -> None:
    page = theatre.open("/dashboard/", viewport={"width": 800, "height": 600})
    until_state(page, "live")
    page.locator(".obs-reactions li").first.wait_for()
    page.locator(".health li").first.wait_for()
    nothing_is_broken(page)


@pytest.mark.parametrize("words", [WORDS["markup"], WORDS["right to left"], WORDS["emoji"]])
def test_join_page(theatre: Theatre, words: str) -> None:
    page = theatre.open(f"/join/{words.replace('/', '%2F').replace('?', '%3F')}#token")
    page.locator("h1 .channel").wait_for()
    nothing_is_broken(page)
