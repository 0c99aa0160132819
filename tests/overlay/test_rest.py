"""A browser source pays for every painted frame while a game runs: no paint without news, none while hidden."""

import json
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.overlay.conftest import Theatre
from tests.overlay.looks import pause, row, settle, until_share, until_state
from tests.overlay.showing import pass_time, until_heard
from tests.overlay.stage import Stage, beat, mood

pytestmark = pytest.mark.browser

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)
SAD = (0.05, 0.41, 0.2, 0.1, 0.14, 0.04, 0.06)

COUNT_WRITES = """() => { window.writes = 0;
  new MutationObserver((found) => { window.writes += found.length; }).observe(document,
    { subtree: true, childList: true, attributes: true, characterData: true }); }"""


def paints(
    page: Page, milliseconds: int, meanwhile: list[dict[str, Any]], stage: Stage, sad: float | None = None
) -> int:
    """How often the browser painted while the frames were played, evenly, over the time; then until so much is sad."""
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    for frame in meanwhile:
        stage.play(frame)
        pause(page, milliseconds / len(meanwhile))
    if sad is not None:
        until_share(page, "sadness", sad)
        pause(page, 0)
    trace = json.loads(browser.stop_tracing())
    return sum(event["name"] == "Paint" for event in trace["traceEvents"])


def test_idle_paints_nothing(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_share(page, "happiness", 0.41)
    pause(page, 1200)
    assert paints(page, 5000, [beat()] * 5, stage) == 0
    assert paints(page, 200, [mood(SAD)], stage, sad=0.41) > 0, "or this test could not fail"


@pytest.mark.parametrize("asleep", ["connecting", "stale", "gathering", "resting"])
def test_waiting_paints_nothing(theatre: Theatre, stage: Stage, asleep: str) -> None:
    stage.refusing = asleep == "connecting"
    waiting = asleep in ("gathering", "resting")
    stage.current = mood(None if waiting else HAPPY, viewers=2, paused=asleep == "resting", said="still")
    page = theatre.open()
    if asleep == "stale":
        until_state(page, "live")
        stage.stop()
    until_state(page, asleep)
    expect(page.locator(".said[data-shown]")).to_have_count(1 if waiting else 0)
    settle(page)
    pause(page, 1200)
    assert paints(page, 3000, [beat()], stage) == 0


def test_what_changes_nothing_visible_writes_nothing(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_share(page, "happiness", 0.41)
    pause(page, 1200)
    page.evaluate(COUNT_WRITES)
    for frame in (beat(), mood(HAPPY), beat(), mood(HAPPY)):
        stage.play(frame)
    pause(page, 1200)
    assert page.evaluate("() => window.writes") == 0
    stage.play(mood(SAD))
    until_share(page, "happiness", 0.05)
    assert page.evaluate("() => window.writes") > 0


HIDE = {
    "tab": "() => { Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
    " document.dispatchEvent(new Event('visibilitychange')); }",
    "obs-visible": "() => window.dispatchEvent("
    "new CustomEvent('obsSourceVisibleChanged', { detail: { visible: false } }))",
    "obs-active": "() => window.dispatchEvent("
    "new CustomEvent('obsSourceActiveChanged', { detail: { active: false } }))",
}


@pytest.mark.parametrize("way", HIDE)
def test_sleeps_while_hidden_and_wakes_to_the_truth(theatre: Theatre, stage: Stage, way: str) -> None:
    sockets: list[WebSocket] = []
    stage.current = mood(HAPPY)
    page = theatre.open("/join/demo")
    page.on("websocket", lambda socket: sockets.append(socket))
    page.goto(f"{stage.url}/overlay/")
    until_share(page, "happiness", 0.41)
    pause(page, 1200)

    page.evaluate(COUNT_WRITES)
    page.evaluate(HIDE[way])
    with sockets[0].expect_event("framereceived", lambda payload: '"mood"' in str(payload)):
        stage.play(mood(SAD))
    assert paints(page, 1500, [mood(SAD, viewers=count) for count in range(5, 10)], stage) == 0
    assert page.evaluate("() => window.writes") == 0

    # Measured within the very task that wakes it: nothing may slide to the truth or wait for its turn.
    width = page.evaluate(
        f"""() => {{ ({HIDE[way].replace("true", "false") if way == "tab" else HIDE[way].replace("false", "true")})();
          const [fill, track] = [".fill", ".track"].map((part) =>
            document.querySelector('[data-emotion="sadness"] ' + part).getBoundingClientRect().width);
          return fill / track; }}"""
    )
    assert width == pytest.approx(0.41, abs=0.005)
    expect(page.locator(".headline")).to_have_text("Sad")
    expect(page.locator(".viewers")).to_have_text("9 viewers")


def test_the_preview_of_studio_mode_stays_awake(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_share(page, "happiness", 0.41)
    page.evaluate(
        """() => { window.dispatchEvent(new CustomEvent("obsSourceVisibleChanged", { detail: { visible: true } }));
             window.dispatchEvent(new CustomEvent("obsSourceActiveChanged", { detail: { active: false } })); }"""
    )
    stage.play(mood(SAD))
    until_share(page, "sadness", 0.41)


def test_bars_slide_by_default(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_share(page, "happiness", 0.41)
    fill = row(page, "happiness").locator(".fill")
    assert fill.evaluate("(e) => [getComputedStyle(e).transitionProperty, getComputedStyle(e).transitionDuration]") == [
        "transform",
        "0.25s",
    ]


@pytest.mark.parametrize(("query", "preference"), [("?motion=reduced", "no-preference"), ("", "reduce")])
def test_reduced_motion_slides_nothing(theatre: Theatre, stage: Stage, query: str, preference: str) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open(f"/overlay/{query}", reduced_motion=preference)
    until_share(page, "happiness", 0.41)
    durations = page.evaluate(
        "() => [...document.querySelectorAll('.plate *')].map((e) => getComputedStyle(e).transitionDuration)"
    )
    assert set(durations) == {"0s"}
    page.evaluate(
        """() => { window.slides = 0;
             document.addEventListener("transitionrun", () => { window.slides += 1; }, true); }"""
    )
    stage.play(mood(SAD))
    until_share(page, "sadness", 0.41)
    assert page.evaluate("() => window.slides") == 0


@pytest.mark.parametrize("wild", ["shares", "crowd"])
def test_never_more_than_three_flashes_a_second(theatre: Theatre, stage: Stage, wild: str) -> None:
    """Three flashes are three changes there and three back, so no more than six changes in any second."""
    theatre.hold_time()
    stage.current = mood(HAPPY)
    page = theatre.open("/overlay/?motion=reduced")
    until_heard(page)
    pass_time(page, 1500)
    until_share(page, "happiness", 0.41)
    page.evaluate(
        """() => { window.changes = { fill: [], state: [], portrait: [] };
          const watch = (name, target, attribute) =>
            new MutationObserver(() => window.changes[name].push(performance.now()))
              .observe(target, { attributeFilter: [attribute] });
          watch("fill", document.querySelector(".fill"), "style");
          watch("state", document.documentElement, "data-state");
          watch("portrait", document.querySelector(".portrait"), "data-emotion"); }"""
    )
    dice = Random(1)
    for turn in range(60):
        other = mood(SAD) if wild == "shares" else mood(None, viewers=2)
        frame = mood(HAPPY) if turn % 2 else other
        stage.play(frame)
        until_heard(page, frame)
        pass_time(page, dice.uniform(20, 100), step=10)
    changes: dict[str, list[float]] = page.evaluate("() => window.changes")
    assert len(changes["fill"]) > 5
    for times in changes.values():
        for start in times:
            assert sum(start <= each < start + 1000 for each in times) <= 6
