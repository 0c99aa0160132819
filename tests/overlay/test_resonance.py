"""The overlay's element for the streamer's own side: what it shows, when it is absent, and that it keeps the rules."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, FloatRect, Page, expect

from tests.overlay.approved import TOLERANCE, Picture, difference, load, small
from tests.overlay.conftest import Theatre
from tests.overlay.looks import UNKNOWN, painted, settle, until_state
from tests.overlay.moods import recorded
from tests.overlay.own_side import (
    ABSENT,
    APPROVED,
    NOT_ENOUGH,
    SHEET,
    STATES,
    disagreement,
    resonance,
    streamer,
)
from tests.overlay.readable import words
from tests.overlay.showing import FONTS, Showing, foreign_fonts, pass_time, showing, themes, until_heard
from tests.overlay.stage import Frame, Stage, mood
from tests.overlay.test_accessible import faults
from tests.overlay.test_idle import BEAT_SECONDS, paints
from tests.overlay.test_readable import LEAST
from tests.overlay.test_screens import BACKDROP, SCREEN

pytestmark = pytest.mark.browser

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)
SAD = (0.05, 0.41, 0.2, 0.1, 0.14, 0.04, 0.06)
LIVELY: Final = next(frame for name, frame in recorded() if name == "lively") | {"said": None}


def told(state: str, shares: tuple[float, ...] = HAPPY, **options: Any) -> Frame:
    return mood(shares, **options) | STATES[state]


def opened(theatre: Theatre, stage: Stage, frame: Frame, query: str = "") -> Page:
    stage.current = frame
    page = theatre.open(f"/overlay/{query}")
    until_state(page, "live")
    return page


def part(page: Page) -> Any:
    return page.locator(".resonance")


def ends(page: Page) -> dict[str, float]:
    """Where the gauge's parts end, in parts of its length."""
    settle(page)
    found: dict[str, float] = page.evaluate(
        """() => {
          const box = (part) => document.querySelector(`.gauge${part}`).getBoundingClientRect();
          const whole = box("");
          const at = (place) => (place - whole.left) / whole.width;
          return { fill: at(box("-fill").right), low: at(box("-veil").left), high: at(box("-glow").right) };
        }"""
    )
    return found


def test_what_is_known_is_shown_with_its_interval_and_its_lag(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage, told("clear"))
    expect(part(page)).to_be_visible()
    expect(page.locator(".score")).to_have_text("72")
    expect(page.locator(".follow")).to_have_text("Resonance · 6 s behind")
    expect(page.locator(".self .drawing")).to_have_attribute("data-drawing", "happiness")
    expect(page.locator(".crowd-face .drawing")).to_have_attribute("data-drawing", "happiness")
    assert ends(page) == pytest.approx({"fill": 0.72, "low": 0.58, "high": 0.83}, abs=0.01)
    expect(part(page)).to_have_attribute("data-is", "clear")

    stage.play(told("chance", SAD))
    expect(page.locator(".follow")).to_have_text("Resonance · by chance?")
    expect(page.locator(".self .drawing")).to_have_attribute("data-drawing", "surprise")
    expect(page.locator(".crowd-face .drawing")).to_have_attribute("data-drawing", "sadness")
    stage.play(told("waits"))
    expect(page.locator(".follow")).to_have_text("Resonance · too early")
    expect(page.locator(".score")).to_have_text(UNKNOWN)
    assert ends(page) == pytest.approx({"fill": 0, "low": 0, "high": 0}, abs=0.01)
    stage.play(told("disagree"))
    expect(page.locator(".follow")).to_have_text("Streamer happy · chat sad")
    expect(page.locator(".score")).to_have_text("38")


def test_a_streamer_who_is_not_to_be_shown_is_not(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage, told("hidden"))
    expect(page.locator(".follow")).to_have_text("Resonance · 6 s behind")
    expect(page.locator(".self")).to_be_hidden()
    expect(page.locator(".side").first).to_be_hidden()


NONSENSE: Final[dict[str, Any]] = {
    "an old bot": {},
    "nothing": ABSENT,
    "an agent that has gone": ABSENT | {"resonance": NOT_ENOUGH},
    "other things": {"streamer": 7, "resonance": "high", "disagreement": [1]},
    "lists": {"streamer": [], "resonance": [], "disagreement": []},
    "a score beyond": {"resonance": resonance(172, 160, 180)},
    "an interval the wrong way": {"resonance": resonance(50, 60, 40)},
    "an unknown state": {"resonance": NOT_ENOUGH | {"state": "<b>fine</b>"}},
    "no numbers": {"resonance": NOT_ENOUGH | {"state": "ok"}},
    "half a streamer": {"streamer": {"top": "happiness", "shares": {"happiness": 1}, "quality": 1, "parts": {}}},
    "an unknown emotion": {"streamer": streamer() | {"top": "boredom"}},
    "somebody else": {"disagreement": disagreement("chat", "cat")},
    "with oneself": {"disagreement": disagreement("chat", "chat")},
}


@pytest.mark.parametrize("what", NONSENSE)
def test_without_an_agent_nothing_is_there_whatever_is_told(theatre: Theatre, stage: Stage, what: str) -> None:
    page = opened(theatre, stage, mood(HAPPY) | NONSENSE[what])
    expect(page.locator(".headline")).to_have_text("Happy")
    expect(part(page)).to_be_hidden()
    assert page.locator("html[data-resonance]").count() == 0


def test_nonsense_beside_what_is_right_takes_only_itself_away(theatre: Theatre, stage: Stage) -> None:
    wrong = {"lag": -3, "lag_low": "x", "emotions": {"fear": 300, "anger": None}}
    fields = {
        "streamer": streamer(face=2.0),
        "resonance": resonance() | wrong,
        "disagreement": disagreement() | {"since": None},
    }
    page = opened(theatre, stage, mood(HAPPY) | fields)
    expect(page.locator(".follow")).to_have_text("Resonance")
    expect(page.locator(".score")).to_have_text("72")


def test_it_goes_in_mid_show_and_takes_its_room_with_it(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage, mood(HAPPY) | ABSENT)
    plate = page.locator(".plate")
    expect(page.locator(".headline")).to_have_text("Happy")
    before = plate.bounding_box()
    stage.play(told("clear"))
    expect(part(page)).to_be_visible()
    assert before is not None and (plate.bounding_box() or before)["height"] > before["height"] + 20
    stage.play(mood(HAPPY) | ABSENT)
    expect(part(page)).to_be_hidden()
    assert plate.bounding_box() == before
    stage.play(told("clear"))
    expect(part(page)).to_be_visible()
    # Half there: the agent is, and the crowd isn't any more.
    stage.play(mood(None, viewers=1) | {"streamer": streamer(), "resonance": NOT_ENOUGH, "disagreement": None})
    until_state(page, "gathering")
    expect(page.locator(".follow")).to_have_text("Resonance · too early")
    expect(page.locator(".crowd-face .drawing")).to_have_attribute("data-drawing", "crowd")
    stage.play(mood(None, viewers=0, paused=True) | STATES["clear"])
    until_state(page, "resting")
    expect(part(page)).to_be_hidden()


def test_what_is_old_does_not_look_live(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage, told("clear"))
    expect(page.locator(".score")).to_have_text("72")
    stage.stop()
    until_state(page, "stale")
    expect(page.locator(".score")).to_have_text(UNKNOWN)
    expect(page.locator(".follow")).to_have_text("Resonance")
    assert float(page.locator(".between").evaluate("(e) => getComputedStyle(e).opacity")) < 0.5


@pytest.mark.parametrize("value", ["0", "off", "false"])
def test_it_can_be_left_out(theatre: Theatre, stage: Stage, value: str) -> None:
    page = opened(theatre, stage, told("clear"), f"?resonance={value}")
    expect(page.locator(".headline")).to_have_text("Happy")
    expect(part(page)).to_be_hidden()


def test_what_is_hidden_or_softened_is_so_here_as_well(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage, told("disagree"), "?hide=sadness")
    expect(page.locator(".follow")).to_have_text("Resonance · 9 s behind")
    page = opened(theatre, stage, told("clear"), "?hide=happiness")
    expect(page.locator(".score")).to_have_text("72")
    expect(page.locator(".self .drawing")).not_to_have_attribute("data-drawing", "happiness")
    page = opened(theatre, stage, told("disagree"), "?soften=happiness,sadness")
    expect(page.locator(".follow")).to_have_text("Streamer pleased · chat wistful")
    body = page.locator(".self .drawing .body")
    assert body.evaluate("(e) => getComputedStyle(e).fill") == "rgb(151, 163, 184)"


def test_a_delay_holds_it_back(theatre: Theatre, stage: Stage) -> None:
    theatre.hold_time()
    stage.current = told("clear")
    page = theatre.open("/overlay/?delay=2")
    until_heard(page)
    pass_time(page, 1900)
    expect(page.locator(".headline")).to_have_text("Shown 2 s later")
    expect(part(page)).to_be_hidden()
    pass_time(page, 300)
    expect(part(page)).to_be_visible()
    later = told("chance")
    stage.play(later)
    until_heard(page, later)
    pass_time(page, 1900)
    expect(page.locator(".score")).to_have_text("72")
    pass_time(page, 500)
    expect(page.locator(".score")).to_have_text("21")


def test_it_does_not_flicker_however_the_bot_does(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage, told("clear"))
    expect(part(page)).to_be_visible()
    page.evaluate(
        """() => {
          window.changes = 0;
          const watch = new MutationObserver((found) => { window.changes += found.length; });
          const attributeFilter = ["hidden", "data-is"];
          watch.observe(document.querySelector(".resonance"), { attributes: true, attributeFilter });
          window.begun = performance.now();
        }"""
    )
    for turn in range(60):
        stage.play(mood(HAPPY) | ABSENT if turn % 2 else told("clear"))
        page.wait_for_timeout(20)
    changes, lasted = page.evaluate("() => [window.changes, performance.now() - window.begun]")
    assert changes <= lasted / 1000 + 1


@pytest.fixture(scope="module")
def screen(browser: Browser) -> Iterator[Showing]:
    stage = Stage()
    stage.start()
    with showing(browser, stage, viewport=SCREEN) as screen:
        yield screen
    stage.close()


def show(screen: Showing, theme: str, state: str, query: str) -> None:
    """Bring a theme to this state, at rest."""
    screen.open(f"theme={theme}&{query}", BACKDROP)
    next(screen.story("lively"))
    # What was said has gone by, so that it covers nothing.
    screen.tell(LIVELY | STATES[state] | {"time": LIVELY["time"] + 1})
    screen.rest(4000)
    assert screen.theme == theme


def around(screen: Showing) -> FloatRect:
    """The element, and what is next to it."""
    box = screen.page.locator(".resonance").bounding_box()
    assert box is not None
    left = min(max(0, round(box["x"]) - 24), SCREEN["width"] - 504)
    top = min(max(0, round(box["y"] + box["height"]) - 96), SCREEN["height"] - 144)
    return FloatRect(x=left, y=top, width=504, height=144)


def own_sides(screen: Showing, full: Path | None = None) -> dict[tuple[str, str], Picture]:
    """Every theme with the states of which pictures are approved, by state and theme."""
    found = {}
    for state, query in APPROVED.items():
        for theme in themes():
            show(screen, theme, state, query)
            found[state, theme] = small(screen.page.screenshot(clip=around(screen)))
            if full is not None:
                full.mkdir(parents=True, exist_ok=True)
                screen.page.screenshot(path=full / f"own-{theme}-{state}.png")
    return found


def test_every_theme_carries_it_as_approved(screen: Showing, tmp_path: Path) -> None:
    screen.open("lang=zh-TW")
    foreign = foreign_fonts(screen.page)
    if foreign:
        pytest.skip(f"the approved pictures are drawn in {' and '.join(FONTS)}; this machine takes {sorted(foreign)}")
    approved, found = load(SHEET, tuple(APPROVED), tuple(themes())), own_sides(screen, tmp_path)
    apart = {f"{state} {theme}": difference(found[state, theme], approved[state, theme]) for state, theme in found}
    wrong = {name: f"{much:.0f}" for name, much in apart.items() if much > TOLERANCE}
    assert not wrong, f"differ by more than {TOLERANCE:g}; as they are now: {tmp_path}"


@pytest.mark.parametrize("theme", themes())
def test_every_theme_keeps_it_readable_whole_and_still(screen: Showing, theme: str) -> None:
    for state, plate in (("clear", "dark"), ("chance", "light"), ("disagree", "clear"), ("waits", "clear")):
        show(screen, theme, state, f"plate={plate}")
        shown = [word for word in words(screen.page) if word.text in screen.page.locator(".resonance").inner_text()]
        assert len(shown) >= 2, state
        assert {word.text: word.contrast for word in shown if word.contrast < LEAST} == {}, state
        cut = screen.page.locator(".follow").evaluate("(e) => e.scrollWidth - e.clientWidth")
        assert cut <= 0, f"{state}: the words are cut"
        box = screen.page.locator(".plate").bounding_box()
        assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= SCREEN["height"]
    painted(screen.page)
    with paints(screen) as still:
        for number in range(1, 7):
            screen.tell({"type": "beat", "time": LIVELY["time"] + 1 + BEAT_SECONDS * number})
            screen.rest(BEAT_SECONDS * 1000)
    assert still == []


@pytest.mark.parametrize("theme", themes())
@pytest.mark.parametrize("size", [(360, 400), (900, 130), (1920, 1080)])
def test_it_fits_into_any_source(theatre: Theatre, stage: Stage, theme: str, size: tuple[int, int]) -> None:
    width, height = size
    stage.current = told("clear")
    page = theatre.open(f"/overlay/?theme={theme}&scale=3", viewport={"width": width, "height": height})
    until_state(page, "live")
    expect(part(page)).to_be_visible()
    for selector in (".plate", ".resonance", ".score"):
        box = page.locator(selector).bounding_box()
        assert box is not None
        assert box["x"] >= 0 and box["y"] >= -0.5, (selector, box)
        assert box["x"] + box["width"] <= width + 0.5 and box["y"] + box["height"] <= height + 0.5, (selector, box)


@pytest.mark.parametrize("state", ["clear", "disagree"])
def test_axe_finds_nothing(theatre: Theatre, stage: Stage, state: str) -> None:
    page = opened(theatre, stage, told(state))
    expect(part(page)).to_be_visible()
    assert faults(page) == []


MINE: Final = """
export function load(stage, context) {
  return { update(view) { window.told = view; window.frozen = Object.isFrozen(view); }, dispose() {} };
}
"""


def test_a_theme_of_ones_own_is_told_it_frozen(theatre: Theatre, stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "themes" / "mine"
    folder.mkdir(parents=True)
    (folder / "theme.js").write_text(MINE)
    (folder / "theme.css").write_text(".resonance { display: none; }")
    (folder / "fields.json").write_text('{"title": {"en": "Mine"}, "fields": []}')
    page = opened(theatre, stage, told("disagree"), "?theme=mine&hide=fear")
    expect(page.locator("html[data-resonance]")).to_be_attached()
    view = page.evaluate("() => window.told")
    assert view["score"] == "38" and view["follow"] == "Streamer happy · chat sad"
    assert view["streamerLead"] == "happiness" and "fear" not in view["streamer"]["shares"]
    assert view["streamer"]["parts"] == {"face": 0.55, "voice": 0.3, "words": 0.15}
    assert (view["resonance"]["interval"], view["resonance"]["lag"]) == ([20, 57], 9)
    assert set(view["resonance"]["emotions"]) == set(view["streamer"]["shares"])
    assert view["disagreement"]["says"] == {"streamer": "happiness", "chat": "sadness"}
    deep = "() => [told, told.streamer, told.streamer.shares, told.resonance, told.disagreement].every(Object.isFrozen)"
    assert page.evaluate(deep)
    expect(part(page)).to_be_hidden()
    stage.play(mood(HAPPY))
    expect(page.locator("html:not([data-resonance])")).to_be_attached()
    view = page.evaluate("() => window.told")
    assert (view["streamer"], view["resonance"], view["disagreement"], view["follow"]) == (None, None, None, "")
