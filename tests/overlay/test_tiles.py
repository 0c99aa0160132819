"""Viewers who chose to be shown, on the dashboard and on the overlay: as they wish, as text, and gone at once."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.overlay.conftest import Theatre
from tests.overlay.looks import settle
from tests.overlay.stage import Stage, mood, tile, tiles

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)
THEME = "/overlay/?theme=tiles"
NASTY = (
    "<img src=x onerror=document.title='broken'>",
    "\u202egnorw yaw eht\u202c",
    "محمد <b>علي</b>",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f3ae" * 10,
    "W" * 120,
)


def names(page: Page) -> list[str]:
    return page.locator(".seat:not(.seat-gone) .seat-name").all_text_contents()


def box(page: Page, selector: str) -> tuple[float, float]:
    found = page.locator(selector).bounding_box()
    assert found is not None
    return found["width"], found["height"]


@pytest.mark.browser
def test_faces_and_names_come_change_and_go_in_the_moment_of_the_frame(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    stage.tiles = tiles(tile("a", "Ann", "sadness"), tile("b", None, sure=0.4), tile("c", "Cem", None, 0.2), more=7)
    page = theatre.open(THEME)
    seats = page.locator(".seat:not(.seat-gone)")
    expect(seats).to_have_count(3)
    assert names(page) == ["Ann", "", "Cem"]
    assert [seat.get_attribute("data-emotion") for seat in seats.all()] == ["sadness", "happiness", ""]
    assert [seat.get_attribute("data-sure") for seat in seats.all()] == ["full", "half", "none"]
    assert page.locator(".seat").nth(2).locator("svg").count() == 0, "what can't be read has no face"
    expect(page.locator(".more")).to_have_text("+7 more")
    expect(page.locator(".people")).to_have_text("12 viewers")
    expect(page.locator(".notice")).to_contain_text("Expressions read by a model")
    # The very frame that lacks Ann takes the name out of the document, before anything has faded.
    page.evaluate(
        """() => new MutationObserver((_, seen) => {
             if (document.documentElement.innerHTML.includes("Ann")) return;
             document.title = `gone with ${document.querySelectorAll(".seat-gone").length} fading`;
             seen.disconnect();
           }).observe(document.body, { childList: true, subtree: true, characterData: true })"""
    )
    stage.play(tiles(tile("b", "Bea", "anger"), tile("c", "Cem", "fear")))
    expect(page).to_have_title("gone with 1 fading")
    assert "Ann" not in page.content()
    expect(page.locator(".seat-gone")).to_have_count(0)
    expect(page.locator(".seat-name").first).to_have_text("Bea")
    expect(page.locator('.seat[data-emotion="fear"] svg[data-drawing="fear"]')).to_have_count(1)
    # A bot that is away can take nobody off, so nobody stays.
    stage.stop()
    page.locator('html[data-state="stale"]').wait_for(state="attached")
    expect(seats).to_have_count(0)
    assert "Bea" not in page.content()


@pytest.mark.browser
@pytest.mark.parametrize("look", ["", "&plate=light&lang=zh-TW&motion=reduced"])
def test_no_name_breaks_the_page(theatre: Theatre, stage: Stage, look: str) -> None:
    stage.current = mood(HAPPY)
    stage.tiles = tiles(*(tile(f"s{number}", "Ann") for number in range(len(NASTY))))
    page = theatre.open(THEME + look, viewport={"width": 1920, "height": 1080})
    expect(page.locator(".seat")).to_have_count(len(NASTY))
    settle(page)
    plate, seat = box(page, ".plate"), box(page, ".seat >> nth=0")
    stage.play(tiles(*(tile(f"s{number}", name) for number, name in enumerate(NASTY))))
    expect(page.locator(".seat-name").last).to_have_text(NASTY[-1])
    settle(page)
    assert names(page) == list(NASTY), "as text, and nothing else"
    assert page.locator(".seat-name *").count() == 0 and page.title() == "LERA overlay"
    assert box(page, ".plate") == plate and box(page, ".seat >> nth=0") == seat
    # Sixty of them still fit into the source, as do none.
    stage.play(tiles(*(tile(f"t{number}", NASTY[number % len(NASTY)]) for number in range(60)), more=9))
    expect(page.locator(".seat:not(.seat-gone)")).to_have_count(60)
    settle(page)
    assert box(page, ".plate")[0] <= 1920 / 2 and box(page, ".plate")[1] <= 1080 / 1.5
    names_shown = page.locator(".seat-name")
    sizes = names_shown.evaluate_all("(all) => all.map((one) => parseFloat(getComputedStyle(one).fontSize))")
    assert min(sizes) >= 15, "readable at 1080p"
    stage.play(tiles())
    expect(page.locator(".seat:not(.seat-gone)")).to_have_count(0)
    expect(page.locator(".foot")).to_be_hidden()


@pytest.mark.browser
def test_what_is_no_tiles_frame_is_passed_over(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    stage.tiles = tiles(tile("a", "Ann"))
    page = theatre.open(THEME + "&hide=anger&f.names=off&f.most=1")
    expect(page.locator(".seat")).to_have_count(1)
    good = tile("b", "Bad")
    wrong_tiles = (
        {"seat": "<b>"}, {"seat": 7}, {"name": 7}, {"name": "x" * 121}, {"top": "joy"}, {"shares": None}, {"sure": 2},
    )  # fmt: skip
    lists: list[Any] = [
        None,
        [None],
        [good, good],
        [tile(f"s{number}", "x") for number in range(101)],
        *([good | wrong] for wrong in wrong_tiles),
    ]
    frames: list[dict[str, Any]] = [{"more": -1}, {"state": "?"}, *({"tiles": each} for each in lists)]
    for wrong in frames:
        stage.play(tiles() | wrong)
    stage.play(tiles(tile("a", "Ann", "anger"), tile("b", "Bob")))
    # What the streamer hides is not drawn here either; names and number are the theme's fields.
    expect(page.locator('.seat[data-sure="none"]')).to_have_count(1)
    expect(page.locator(".more")).to_have_text("+1 more")
    assert names(page) == [""]


@pytest.mark.browser
def test_the_dashboard_shows_them_and_hides_one_or_all(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(None, viewers=2)
    stage.tiles = tiles()
    page = theatre.open("/dashboard/")
    panel = page.locator(".tiles")
    expect(panel.locator(".tiles-note")).to_contain_text("Nobody has chosen to be shown")
    stage.play(tiles(tile("a", NASTY[0], "sadness"), tile("b", None), more=1))
    expect(panel.locator(".seat")).to_have_count(2)
    expect(panel.locator(".tiles-note")).to_have_text("3 viewers chose to be shown, 1 of them without a place")
    assert names(page) == [NASTY[0], ""] and page.locator(".seat-name *").count() == 0
    expect(panel.locator(".seat-looks").first).to_have_text("Looks sad")
    panel.get_by_role("button", name=f"Hide {NASTY[0]}").focus()
    page.keyboard.press("Enter")
    expect(panel.locator(".tiles-said")).to_have_text("Hidden until the bot is started anew.")
    panel.get_by_role("button", name="Hide all").click()
    expect(panel.locator(".tiles-said")).to_have_text("")
    assert stage.wanted == [{"do": "hide", "seat": "a"}, {"do": "switch", "show": False}]
    stage.play(tiles(state="hidden"))
    expect(panel.locator(".tiles-switch")).to_have_text("Let tiles be shown")
    expect(panel.locator(".seat:not(.seat-gone)")).to_have_count(0)
    stage.play(tiles(state="off"))
    expect(panel).to_be_hidden()
