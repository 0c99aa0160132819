"""What moderators do, as it looks: a rest, a hidden overlay, and a line that is said."""

import pytest
from playwright.sync_api import Page, expect

from tests.overlay.conftest import Theatre
from tests.overlay.looks import UNKNOWN, settle, until_share, until_state
from tests.overlay.stage import Stage, mood

pytestmark = pytest.mark.browser

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)
LONGEST = "Die Königin wartet! " * 6
"""120 characters, as many as a line may have."""


def until_said(page: Page, text: str | None) -> None:
    """Waits until the bubble shows the text, or nothing, and has come to rest."""
    expect(page.locator(".said[data-shown]")).to_have_count(0 if text is None else 1)
    if text is not None:
        expect(page.locator(".said")).to_have_text(text)
    settle(page)


def box(page: Page, selector: str) -> dict[str, float]:
    found = page.locator(selector).bounding_box()
    assert found is not None
    return {"top": found["y"], "bottom": found["y"] + found["height"], "left": found["x"], "width": found["width"]}


@pytest.mark.parametrize(("lang", "words"), [("en", "Resting for a while"), ("zh-TW", "休息一下")])
def test_a_rest_is_said_and_shows_no_vote(theatre: Theatre, stage: Stage, lang: str, words: str) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open(f"/overlay/?lang={lang}")
    until_share(page, "happiness", 0.41)
    stage.play(mood(None, viewers=0, paused=True))
    until_state(page, "resting")
    until_share(page, "happiness", None)
    expect(page.locator(".headline")).to_have_text(words)
    expect(page.locator(".viewers")).to_have_text("")
    expect(page.locator(".portrait svg")).to_have_attribute("data-drawing", "rest")
    assert page.locator(".number").all_text_contents() == [UNKNOWN] * 7
    assert float(page.locator(".bars").evaluate("(e) => getComputedStyle(e).opacity")) < 0.4
    stage.play(mood(HAPPY))
    until_state(page, "live")
    until_share(page, "happiness", 0.41)


def test_a_hidden_overlay_shows_nothing_until_it_is_shown_again(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_share(page, "happiness", 0.41)
    stage.play(mood(HAPPY, overlay=False, said="unseen"))
    expect(page.locator(".plate")).to_be_hidden()
    expect(page.locator(".said[data-shown]")).to_have_count(1)
    expect(page.locator(".said")).to_be_hidden()
    stage.stop()
    until_state(page, "stale")
    expect(page.locator(".plate")).to_be_hidden()
    stage.start()
    stage.play(mood(HAPPY))
    until_state(page, "live")
    expect(page.locator(".plate")).to_be_visible()


@pytest.mark.parametrize("query", ["", "?position=right&theme=light", "?position=bottom", "?theme=clear&scale=1.5"])
def test_a_line_stands_above_a_plate_that_does_not_move_for_it(theatre: Theatre, stage: Stage, query: str) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open(f"/overlay/{query}", viewport={"width": 1920, "height": 1080})
    until_share(page, "happiness", 0.41)
    before = box(page, ".plate")
    stage.play(mood(HAPPY, said=LONGEST.strip()))
    until_said(page, LONGEST.strip())
    bubble = box(page, ".said")
    assert box(page, ".plate") == before
    assert 0 <= bubble["top"] < bubble["bottom"] < before["top"]
    assert (bubble["left"], bubble["width"]) == pytest.approx((before["left"], before["width"]), abs=3.0)
    stage.play(mood(HAPPY))
    until_said(page, None)
    expect(page.locator(".said")).to_be_hidden()


def test_where_there_is_no_room_above_it_stands_over_the_bars(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY, said="x" * 120)
    page = theatre.open(viewport={"width": 500, "height": 400})
    until_said(page, "x" * 120)
    bubble, plate = box(page, ".said"), box(page, ".plate")
    assert plate["top"] < bubble["top"] < bubble["bottom"] <= plate["bottom"] + 2


def test_a_line_is_text_and_nothing_else(theatre: Theatre, stage: Stage) -> None:
    evil = '<img src=x onerror="window.done=1"><b>hi</b> {mood}'
    stage.current = mood(HAPPY, said=evil)
    page = theatre.open()
    until_said(page, evil)
    assert page.locator(".said img, .said b").count() == 0
    assert page.evaluate("() => window.done") is None


def test_a_line_of_a_bot_that_is_gone_goes_too(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY, said="be right back")
    page = theatre.open()
    until_said(page, "be right back")
    stage.stop()
    until_state(page, "stale")
    until_said(page, None)


def test_a_line_can_be_said_while_the_mood_rests(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(None, viewers=0, paused=True, said="back in five")
    page = theatre.open()
    until_state(page, "resting")
    until_said(page, "back in five")


@pytest.mark.parametrize("said", [7, ["a"], {"a": 1}, True])
def test_a_line_that_is_no_text_spoils_the_frame_and_not_the_page(theatre: Theatre, stage: Stage, said: object) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_share(page, "happiness", 0.41)
    stage.play(mood((0.05, 0.41, 0.2, 0.1, 0.14, 0.04, 0.06)) | {"said": said})
    stage.play(mood(HAPPY, said="fine"))
    until_said(page, "fine")


def test_an_older_bot_says_nothing_of_it(theatre: Theatre, stage: Stage) -> None:
    stage.current = {key: value for key, value in mood(HAPPY).items() if key not in ("paused", "overlay", "said")}
    page = theatre.open()
    until_state(page, "live")
    until_said(page, None)
    expect(page.locator(".plate")).to_be_visible()


def test_the_dashboard_says_that_it_rests_and_that_the_overlay_is_hidden(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(None, viewers=0, paused=True)
    page = theatre.open("/dashboard/")
    until_state(page, "resting")
    words = page.locator(".signal-words")
    expect(words).to_have_text("Resting: nothing is read or counted")
    stage.play(mood(HAPPY, overlay=False))
    expect(words).to_have_text("Live · the overlay is hidden")
    stage.play(mood(HAPPY))
    expect(words).to_have_text("Live")
