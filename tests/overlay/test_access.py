"""Who may join, on the dashboard: links by name are made and taken back, bans are lifted, tiles can be banned."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.overlay.conftest import Theatre
from tests.overlay.stage import Stage, mood, named_link, tile, tiles

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)
BAN = {"id": "0123456789ab", "since": "2026-11-20", "silenced": False}
SILENCED = {"id": "ba9876543210", "since": "2026-11-21", "silenced": True}

pytestmark = pytest.mark.browser


def opened(theatre: Theatre, stage: Stage, **options: str) -> Page:
    stage.current = mood(HAPPY)
    page = theatre.open("/dashboard/", **options)
    expect(page.locator(".access-list li").first).to_be_visible()
    return page


def test_a_link_is_made_for_a_place_and_taken_back_after_being_asked(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage)
    page.get_by_label("Name of the link").fill("Discord")
    page.get_by_label("Good for").select_option("7 days")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Discord", exact=True)
    expect(link).to_have_value(re.compile("^https://mood.example/join/demo#"))
    assert stage.wanted[-1] == {"add": {"label": "Discord", "days": 7}}
    assert link.evaluate("(input) => getComputedStyle(input).webkitTextSecurity") == "disc", "not for the stream"
    page.get_by_role("button", name="Take back: Discord").click()
    expect(page.locator(".sure:not([hidden])")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Take back: Discord")).to_be_focused()
    assert "revoke" not in stage.wanted[-1]
    page.get_by_role("button", name="Take back: Discord").click()
    page.get_by_role("button", name="Yes: Discord").click()
    expect(link).to_have_count(0)
    assert list(stage.wanted[-1]) == ["revoke"]


def test_bans_are_listed_without_names_and_lifted_one_by_one_or_all(theatre: Theatre, stage: Stage) -> None:
    stage.access |= {"bans": [BAN, SILENCED, {**BAN, "id": "1" * 12}]}
    page = opened(theatre, stage)
    expect(page.get_by_role("heading", name="3 bans")).to_be_visible()
    page.get_by_role("button", name="Lift: Since 2026-11-21").click()
    expect(page.get_by_role("heading", name="2 bans")).to_be_visible()
    assert stage.wanted[-1] == {"lift": SILENCED["id"]}
    page.get_by_role("button", name="Lift all bans").click()
    page.get_by_role("button", name="Yes").click()
    expect(page.locator(".access-bans")).to_be_empty()
    assert stage.wanted[-1] == {"lift_all": True}


def test_a_viewer_on_a_tile_can_be_banned_and_it_is_said_what_that_is_worth(theatre: Theatre, stage: Stage) -> None:
    stage.tiles = tiles(tile("abcdefgh", "Ann"))
    page = opened(theatre, stage)
    page.get_by_role("button", name="Ban Ann").click()
    expect(page.locator(".tiles-said")).to_contain_text("not linked with chat")
    assert stage.wanted[-1] == {"ban": "abcdefgh"}


def test_it_speaks_chinese_and_a_label_is_text(theatre: Theatre, stage: Stage) -> None:
    stage.access |= {"links": [named_link("<b onclick=alert(1)>巴哈", expired=True)], "bans": [BAN]}
    page = opened(theatre, stage, locale="zh-TW")
    expect(page.get_by_text("<b onclick=alert(1)>巴哈")).to_be_visible()
    expect(page.get_by_text("起不再接受新觀眾")).to_be_visible()
    expect(page.get_by_role("heading", name="1 個封鎖")).to_be_visible()
