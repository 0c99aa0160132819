"""axe-core finds no serious fault on any page. It sees half of what matters at best; the pages' own tests see more."""

import json
import time
from importlib import resources
from typing import Any, Final

import pytest
from playwright.sync_api import Page

from tests.overlay.conftest import Theatre
from tests.overlay.looks import settle, until_state
from tests.overlay.moods import recorded
from tests.overlay.showing import SHOWN, themes
from tests.overlay.stage import Stage

pytestmark = pytest.mark.browser

# The wheel is only the way axe-core comes here: its script is all that is used.
AXE: Final = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
SERIOUS: Final = ("serious", "critical")
MOODS: Final = {name: frame | {"time": time.time()} for name, frame in recorded() if name}


def faults(page: Page) -> list[str]:
    """What axe-core finds to be serious on a page once it stands still, one line each."""
    # What is only half faded in has half its contrast.
    settle(page)
    # A browser takes this as typed into its console, which no page's policy forbids.
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    assert len(found["passes"]) > 5, "or it has looked at nothing"
    return [
        f"{fault['id']}: {fault['help']}, {json.dumps(node['target'])}"
        for fault in found["violations"]
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]


@pytest.fixture
def busy(stage: Stage) -> Stage:
    """A stage on which everything that a dashboard can show is there."""
    rules = [{"name": "party", "says": "happiness at 60% or more: scene Party", "active": True}]
    why = [{"time": time.time(), "line": "party: happiness at 62%"}]
    stage.obs |= {"enabled": True, "connected": True, "state": "connected", "reactions": rules, "why": why}
    stage.connections = [
        {"name": "overlay", "state": "good", "line": "1 overlay is open.", "mend": ""},
        {"name": "twitch", "state": "bad", "line": "Twitch refuses the login.", "mend": "Log in again."},
    ]
    stage.tiles = SHOWN
    return stage


@pytest.mark.parametrize("mood", ["gathering", "lively", "resting"])
def test_dashboard(theatre: Theatre, busy: Stage, mood: str) -> None:
    busy.current = MOODS[mood]
    page = theatre.open("/dashboard/")
    until_state(page, {"lively": "live"}.get(mood, mood))
    page.get_by_text("happiness at 60% or more").wait_for()
    assert faults(page) == []


@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_dashboard_with_everything_open(theatre: Theatre, busy: Stage, language: str) -> None:
    busy.current = MOODS["lively"]
    page = theatre.open("/dashboard/")
    until_state(page, "live")
    page.locator(".languages").select_option(language)
    page.locator(".look summary").click()
    page.locator(".reveal").click()
    page.locator(".links input").first.wait_for()
    assert faults(page) == []
    page.locator(".calm-button").click()
    page.locator('.calm-button[aria-pressed="true"]').wait_for()
    assert faults(page) == []


def test_dashboard_without_its_key(theatre: Theatre, busy: Stage) -> None:
    busy.key = "another"
    page = theatre.open("/dashboard/")
    page.locator(".locked").wait_for()
    assert faults(page) == []
    page.close()
    refused = [error for error in theatre.errors if "401" in error]
    assert theatre.errors == refused, "what the browser itself says of it is all that there is"
    theatre.errors.clear()


@pytest.mark.parametrize("theme", themes())
def test_overlay(theatre: Theatre, stage: Stage, theme: str) -> None:
    stage.current, stage.tiles = MOODS["lively"], SHOWN
    page = theatre.open(f"/overlay/?theme={theme}")
    page.locator(f'html[data-design="{theme}"]').wait_for(state="attached")
    until_state(page, "live")
    page.locator(".said[data-shown]").wait_for()
    assert faults(page) == []


def test_join_page(theatre: Theatre) -> None:
    assert faults(theatre.open("/join/demo#example-token_123")) == []


def test_what_is_wrong_is_found(theatre: Theatre) -> None:
    page = theatre.open("/join/demo")
    page.evaluate("() => document.body.append(document.createElement('button'), document.createElement('input'))")
    assert {fault.split(":")[0] for fault in faults(page)} == {"button-name", "label"}
