"""The dashboard's panel on the streamer's own side, in each state, in both languages, and calm."""

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.overlay.conftest import Theatre
from tests.overlay.looks import UNKNOWN, until_state
from tests.overlay.own_side import ABSENT, NOT_ENOUGH, STATES, disagreement, resonance, streamer
from tests.overlay.stage import Frame, Stage, mood
from tests.overlay.test_accessible import faults

pytestmark = pytest.mark.browser

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)


def opened(theatre: Theatre, stage: Stage, fields: Frame, **options: Any) -> tuple[Page, Locator]:
    stage.current = mood(HAPPY) | fields
    page = theatre.open("/dashboard/", **options)
    until_state(page, "live")
    return page, page.locator(".together")


def test_without_an_agent_it_says_how_to_start_one(theatre: Theatre, stage: Stage) -> None:
    _, panel = opened(theatre, stage, ABSENT)
    expect(panel.get_by_text("python run.py streamer")).to_be_visible()
    expect(panel.locator(".together-parts")).to_be_hidden()
    stage.play(mood(HAPPY) | STATES["clear"])
    expect(panel.locator(".together-number")).to_have_text("72")
    expect(panel.get_by_text("python run.py streamer")).to_be_hidden()
    # The agent dies; what it said is gone, and the bot still knows that it was there.
    stage.play(mood(HAPPY) | ABSENT | {"resonance": NOT_ENOUGH})
    expect(panel.get_by_text("python run.py streamer")).to_be_visible()
    expect(panel.locator(".together-parts")).to_be_hidden()


def test_an_old_bot_has_no_such_panel_and_nonsense_is_none(theatre: Theatre, stage: Stage) -> None:
    page, panel = opened(theatre, stage, {})
    expect(page.locator(".top-note")).to_contain_text("41%")
    expect(panel).to_be_hidden()
    stage.play(mood(HAPPY) | {"streamer": "me", "resonance": {"state": "ok", "score": 999}, "disagreement": {}})
    expect(panel.get_by_text("python run.py streamer")).to_be_visible()
    expect(panel.locator(".together-parts")).to_be_hidden()
    expect(panel.locator(".together-disagree")).to_be_empty()


def test_everything_that_is_known_is_there(theatre: Theatre, stage: Stage) -> None:
    _, panel = opened(theatre, stage, STATES["clear"])
    expect(panel.locator(".together-mood")).to_have_text("Happy")
    expect(panel.locator(".together-share")).to_have_text("62%")
    expect(panel.locator(".together-modalities li")).to_have_text(["Face55%", "Voice30%", "Words15%"])
    expect(panel.locator(".together-range")).to_have_text("58 to 83")
    expect(panel.locator(".together-lag")).to_have_text("They follow 6 s later")
    expect(panel.locator(".together-lag-range")).to_have_text("5 to 8 s")
    expect(panel.locator(".together-sure")).to_have_text("Clearer than chance would be.")
    rows = panel.locator(".together-seven li")
    expect(rows.nth(0)).to_have_text("Happy72")
    expect(rows.nth(5)).to_have_text(f"Disgusted{UNKNOWN}")

    stage.play(mood(HAPPY) | {"streamer": streamer(voice=1.0), "resonance": NOT_ENOUGH, "disagreement": None})
    expect(panel.locator(".together-number")).to_have_text(UNKNOWN)
    expect(panel.locator(".together-sure")).to_contain_text("Too early")
    expect(panel.locator(".together-modalities li")).to_have_text(["Facenot there", "Voice100%", "Wordsnot there"])
    expect(rows.nth(0)).to_have_text(f"Happy{UNKNOWN}")

    stage.play(mood(HAPPY) | STATES["chance"])
    expect(panel.locator(".together-sure")).to_have_text("No clearer than chance would be.")
    expect(panel.locator(".together-lag")).to_be_hidden()
    stage.play(mood(HAPPY) | {"streamer": None, "resonance": resonance(), "disagreement": None})
    expect(panel.locator(".together-share")).to_have_text("Nothing to read right now")
    expect(panel.locator(".together-number")).to_have_text("72")


def test_a_disagreement_is_named_while_it_lasts(theatre: Theatre, stage: Stage) -> None:
    _, panel = opened(theatre, stage, STATES["disagree"])
    said = panel.get_by_role("status")
    expect(said).to_have_text("Not the same: you: happy, chat: sad.")
    stage.play(mood(HAPPY) | STATES["clear"] | {"disagreement": disagreement("faces", "chat")})
    expect(said).to_have_text("Not the same: faces: happy, chat: sad.")
    stage.play(mood(HAPPY) | STATES["clear"])
    expect(said).to_be_empty()


def test_the_trend_has_a_gap_where_nothing_was_known(theatre: Theatre, stage: Stage) -> None:
    page, panel = opened(theatre, stage, {"streamer": streamer(), "resonance": resonance(), "disagreement": None})
    # Real time has no say here.
    stage.beating = False
    begun = time.time() + 10
    for second in range(400):
        score = 40 + second % 30
        known = NOT_ENOUGH if 250 < second < 290 else resonance(score, score - 20, score + 20)
        # Each has a number of viewers of its own, by which the last one is known.
        told = mood(HAPPY, viewers=1000 + second, at=begun + second)
        stage.play(told | {"streamer": streamer(), "resonance": known})
    line, band = panel.locator(".trend-line"), panel.locator(".trend-band")
    expect(page.locator(".viewers")).to_have_text("1399")
    expect(panel.locator(".together-number")).to_have_text("49")
    for path in (line, band):
        drawn = path.get_attribute("d") or ""
        assert drawn.count("M") == 2 and "NaN" not in drawn
    points = [float(part.split()[0]) for part in (line.get_attribute("d") or "")[1:].replace("M", "L").split("L")]
    assert points == sorted(points) and points[0] >= 0 and points[-1] == 300
    assert len(points) <= 302, "only five minutes are remembered"
    label = panel.get_by_role("img").get_attribute("aria-label")
    assert label == "The score over the last five minutes; now 49 of 100"


def test_the_trend_begins_with_what_the_bot_remembers(theatre: Theatre, stage: Stage) -> None:
    # A beat would move what is drawn.
    stage.beating = False
    now = time.time()
    known = [[now - ago, 50.0, 40.0, 61.5] for ago in range(280, 20, -1)]
    stage.scores = [[now - 290, None, None, None], "x", [None, 1, 2, 3], [now - 285, 500, 1, 2], *known]
    page, panel = opened(theatre, stage, STATES["clear"] | {"time": now})
    line = panel.locator(".trend-line")
    expect(line).to_have_attribute("d", re.compile(r"^M20\.0 30\.0L"))
    stage.stop()
    until_state(page, "stale")
    stage.start()
    until_state(page, "live")
    expect(line).to_have_attribute("d", re.compile(r"^M\d+\.\d 30\.0L"))
    assert (line.get_attribute("d") or "").count("L") >= len(known) - 20


def test_calm_mode_has_a_line_and_no_number(theatre: Theatre, stage: Stage) -> None:
    page, panel = opened(theatre, stage, STATES["disagree"])
    page.locator(".calm-button").click()
    expect(panel.locator(".together-calm")).to_have_text("They go along with you.")
    assert not any(letter.isdigit() for letter in panel.inner_text())
    expect(panel.locator(".together-disagree")).to_be_hidden()
    stage.play(mood(HAPPY) | STATES["chance"])
    expect(panel.locator(".together-calm")).to_contain_text("a rhythm of their own")
    assert faults(page) == []


@pytest.mark.parametrize("width", [300, 700, 1300])
@pytest.mark.parametrize("language", ["en-US", "zh-TW"])
def test_it_is_whole_and_accessible_in_any_dock(theatre: Theatre, stage: Stage, width: int, language: str) -> None:
    page, panel = opened(theatre, stage, STATES["disagree"], viewport={"width": width, "height": 900}, locale=language)
    expect(panel.locator(".together-number")).to_have_text("38")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if language == "zh-TW":
        expect(panel.get_by_role("status")).to_have_text("看法不同：你開心、聊天室難過。")
        shown = panel.inner_text()
        assert not any(word in shown for word in ("You", "Face", "follow", "Resonance"))
    assert faults(page) == []


def test_the_builder_offers_the_overlay_without_it(theatre: Theatre, stage: Stage) -> None:
    page, _ = opened(theatre, stage, ABSENT)
    page.locator(".look summary").click()
    box = page.get_by_label("Resonance with you, while your agent runs")
    expect(box).to_be_checked()
    box.uncheck()
    expect(page.locator(".address")).to_have_value(re.compile("resonance=0"))
    box.check()
    expect(page.locator(".address")).not_to_have_value(re.compile("resonance"))
