"""The dashboard's panel on OBS."""

import pytest
from playwright.sync_api import expect

from tests.overlay.conftest import Theatre
from tests.overlay.stage import Stage, mood

pytestmark = pytest.mark.browser

CALM = (0.05, 0.05, 0.7, 0.05, 0.05, 0.05, 0.05)
JOY = {"name": "joy", "says": "happiness at 50% or more for 3 s: scene Party", "active": True}


def test_says_how_to_switch_it_on(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(CALM)
    page = theatre.open("/dashboard")
    expect(page.locator(".obs-state")).to_contain_text("set [obs] enabled = true")
    expect(page.locator(".obs-controls")).to_be_hidden()


def test_shows_what_reactions_do_and_why(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(CALM)
    stage.obs |= {
        "state": "connected to OBS 31", "connected": True, "enabled": True, "reactions": [JOY],
        "why": [{"time": 1763640000, "line": "first"}, {"time": 1763640009, "line": "joy: <b>happiness</b> 70%"}],
    }  # fmt: skip
    page = theatre.open("/dashboard")
    expect(page.locator(".obs-state")).to_have_text("connected to OBS 31")
    expect(page.locator(".obs-reactions li")).to_have_text(f"joy: {JOY['says']} (now)")
    expect(page.locator(".obs-why li").first).to_contain_text("joy: <b>happiness</b> 70%")
    expect(page.locator(".obs-why b")).to_have_count(0)

    stage.obs = stage.obs | {"state": "OBS has gone.", "connected": False}
    expect(page.locator(".obs-state")).to_have_text("OBS has gone.")
    expect(page.get_by_role("button", name="Save the replay")).to_be_disabled()
    expect(page.get_by_role("button", name="Reconnect")).to_be_enabled()


def test_the_buttons_do_what_they_say(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(CALM)
    stage.obs |= {"state": "connected to OBS 31", "connected": True, "enabled": True, "reactions": [JOY]}
    page = theatre.open("/dashboard")
    stop = page.get_by_role("button", name="Stop")
    expect(page.get_by_role("button", name="On", exact=True)).to_have_attribute("aria-pressed", "true")
    stop.click()
    expect(stop).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".obs-said")).to_have_text("Done: switch.")
    for name, wanted in (
        ("Corner", {"do": "set-up", "position": "corner"}),
        ("Save the replay", {"do": "replay"}),
        ("Reconnect", {"do": "reconnect"}),
    ):
        page.get_by_role("button", name=name).click()
        expect(page.locator(".obs-said")).to_have_text(f"Done: {wanted['do']}.")
        assert stage.wanted[-1] == wanted
    assert stage.wanted[0] == {"do": "switch", "mode": "off"}
