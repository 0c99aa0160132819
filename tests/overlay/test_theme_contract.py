"""What a streamer's own theme may count on, and that a broken one never blanks the plate."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, Route, expect

from tests.overlay.conftest import Theatre
from tests.overlay.looks import UNKNOWN, state, until_share, until_state
from tests.overlay.showing import pass_time, until_heard
from tests.overlay.stage import Stage, mood

pytestmark = pytest.mark.browser

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)
SAD = (0.05, 0.41, 0.2, 0.1, 0.14, 0.04, 0.06)

# The example of overlay/themes/README.md, with a look into what it was given.
MINE: Final = """
export function load(stage, context) {
  const line = document.createElement("p");
  stage.append(line);
  window.told = { fields: context.fields, show: context.show, soft: context.soft, lang: context.lang,
    motion: context.motion, apart: context.apart, frozen: Object.isFrozen(context), views: 0 };
  return {
    update(view) {
      window.told.views += 1;
      window.told.view = view;
      window.told.frozen = window.told.frozen && Object.isFrozen(view);
      line.textContent = `${view.phrase} ${view.numbers.happiness ?? ""} ${view.people}`;
    },
    dispose() { window.told.disposed = true; },
  };
}
"""
FIELDS: Final[list[dict[str, Any]]] = [
    {"name": "pace", "type": "number", "default": 2, "min": 1, "max": 3, "label": {"en": "Pace"}},
    {"name": "ink", "type": "colour", "default": "#ff0000", "label": {"en": "Ink"}},
    {"name": "loud", "type": "switch", "default": False, "label": {"en": "Loud"}},
    {"name": "word", "type": "text", "default": "hi", "max": 5, "label": {"en": "Word"}},
    {
        "name": "side", "type": "choice", "default": "a", "label": {"en": "Side"},
        "choices": [{"value": "a", "label": {"en": "A"}}, {"value": "b", "label": {"en": "B"}}],
    },
]  # fmt: skip
DEFAULTS: Final = {field["name"]: field["default"] for field in FIELDS}


@pytest.fixture
def own(tmp_path: Path, stage: Stage) -> Path:
    """A whole theme of a streamer's own, called `mine`."""
    folder = tmp_path / "themes" / "mine"
    folder.mkdir(parents=True)
    (folder / "theme.js").write_text(MINE)
    (folder / "theme.css").write_text(".stage p { color: var(--f-ink); }")
    (folder / "fields.json").write_text(json.dumps({"title": {"en": "Mine"}, "fields": FIELDS}))
    stage.current = mood(HAPPY)
    return folder


def told(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("() => window.told")
    return found


@pytest.mark.usefixtures("own")
def test_is_loaded_and_told_of_every_mood(theatre: Theatre, stage: Stage) -> None:
    page = theatre.open("/overlay/?theme=mine&f.pace=2.5&f.ink=00ff00&f.loud=on&f.word=goodbye&f.side=b&f.nothing=1")
    line = page.locator(".stage p")
    expect(line).to_have_text("Looks happy 41% 12 viewers")
    found = told(page)
    assert found["fields"] == {"pace": 2.5, "ink": "#00ff00", "loud": True, "word": "goodb", "side": "b"}
    assert (found["lang"], found["motion"], found["apart"], found["frozen"]) == ("en", "full", False, True)
    assert line.evaluate("(e) => getComputedStyle(e).color") == "rgb(0, 255, 0)"
    view = found["view"]
    assert view["state"] == "live" and view["lead"] == "happiness" and view["way"] == "rising"
    assert view["shares"]["sadness"] == 0.05 and view["intervals"]["happiness"] == [
        pytest.approx(0.32),
        pytest.approx(0.5),
    ]
    assert view["mood"]["viewers"] == 12 and view["tiles"] == [] and view["past"][-1]["shares"]["happiness"] == 0.41
    expect(page.locator(".notice")).to_be_visible()
    stage.play(mood(SAD))
    expect(line).to_have_text("Looks sad 5% 12 viewers")
    stage.play(mood(None, viewers=1))
    expect(line).to_have_text(f"Gathering the crowd (1 of 3) {UNKNOWN}")
    assert told(page)["view"]["shares"] is None


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    "query",
    [
        "f.pace=9e9&f.ink=red&f.loud=maybe&f.side=c&pace=3&word=x",
        "f.pace=&f.ink=%23ff000&f.side=__proto__&f.loud=",
        "f.ink=url(//evil.example/)&f.pace=0x3&f.side=constructor&f.loud=constructor",
    ],
)
def test_fields_that_make_no_sense_are_the_defaults(theatre: Theatre, query: str) -> None:
    page = theatre.open(f"/overlay/?theme=mine&{query}")
    expect(page.locator(".stage p")).to_contain_text("Looks happy")
    assert told(page)["fields"] == DEFAULTS


@pytest.mark.usefixtures("own")
def test_is_updated_no_faster_than_anything_may_flash(theatre: Theatre, stage: Stage) -> None:
    theatre.hold_time()
    page = theatre.open("/overlay/?theme=mine")
    until_heard(page)
    pass_time(page, 1500)
    expect(page.locator(".stage p")).to_contain_text("Looks happy")
    before = told(page)["views"]
    for turn in range(40):
        frame = mood(SAD if turn % 2 else HAPPY)
        stage.play(frame)
        until_heard(page, frame)
        pass_time(page, 20, step=10)
    assert 1 < told(page)["views"] - before <= 40 * 20 / 170 + 2


BREAKS: Final[dict[str, dict[str, str | None]]] = {
    "throws at once": {"theme.js": 'export function load() { throw new Error("no"); }'},
    "throws at the second mood": {
        "theme.js": """export const load = (stage) => ({
            update(view) { stage.textContent = "mine"; if (view.lead === "sadness") throw new Error("no"); },
            dispose() { throw new Error("never"); } });"""
    },
    "is no module": {"theme.js": "export const = 1;"},
    "loads nothing": {"theme.js": "export const load = () => {};"},
    "exports nothing": {"theme.js": ""},
    "has no style": {"theme.css": None},
    "has no module": {"theme.js": None},
    "has no fields": {"fields.json": None},
    "has fields that are no JSON": {"fields.json": "{"},
    "has no list of fields": {"fields.json": '{"title": {"en": "Mine"}}'},
}  # fmt: skip


@pytest.mark.parametrize("breaks", BREAKS)
def test_a_broken_one_leaves_the_stage_to_the_bars(theatre: Theatre, stage: Stage, own: Path, breaks: str) -> None:
    for name, text in BREAKS[breaks].items():
        if text is None:
            (own / name).unlink()
        else:
            (own / name).write_text(text)
    page = theatre.open("/overlay/?theme=mine&plate=light")
    until_state(page, "live")
    stage.play(mood(SAD))
    until_share(page, "sadness", 0.41)
    expect(page.locator('html[data-design="bars"][data-theme="light"]')).to_be_attached()
    expect(page.locator(".headline")).to_have_text("Sad")
    assert page.locator('link[href*="/mine/"]').count() == 0 and "mine" not in page.locator(".stage").inner_text()
    assert any('the theme "mine" does not work' in error for error in theatre.errors)
    # What else the browser has to say of missing files comes when it comes.
    page.close()
    theatre.errors.clear()


@pytest.mark.parametrize("name", ["nosuch", "constructor", "feed"])
def test_an_unknown_one_is_bars(theatre: Theatre, stage: Stage, name: str) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open(f"/overlay/?theme={name}")
    until_share(page, "happiness", 0.41)
    assert any(f'the theme "{name}" does not work' in error for error in theatre.errors)
    # What else the browser has to say of missing files comes when it comes.
    page.close()
    theatre.errors.clear()


def test_a_bot_that_went_away_while_the_page_came_leaves_no_blank_plate(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    # The first try is cut off, as by a bot that is just ending.
    theatre.prepare = lambda page: page.route("**/themes/bars/theme.js", lambda route: route.abort(), times=1)
    page = theatre.open("/overlay/?plate=light")
    until_share(page, "happiness", 0.41)
    expect(page.locator('html[data-design="bars"][data-theme="light"]')).to_be_attached()
    assert any("came only in part" in error for error in theatre.errors)
    page.close()
    theatre.errors.clear()


def test_a_plate_is_live_no_sooner_than_its_theme_is_there(theatre: Theatre, stage: Stage) -> None:
    """`data-state` says what is shown, and without a theme nothing is."""
    stage.current = mood(HAPPY)
    held: list[Route] = []
    theatre.prepare = lambda page: page.route("**/themes/bars/theme.js", lambda route: held.append(route))
    page = theatre.open()
    page.evaluate(
        """() => { window.rows = []; const root = document.documentElement;
             new MutationObserver(() => window.rows.push(document.querySelectorAll(".row[data-share]").length))
               .observe(root, { attributeFilter: ["data-state"] }); }"""
    )
    # That comes before the state, so that what is hidden is hidden from the first picture on.
    expect(page.locator("html")).to_have_attribute("data-overlay", "on")
    stage.play(mood(SAD, overlay=False))
    expect(page.locator("html")).to_have_attribute("data-overlay", "off")
    assert state(page) == "connecting"
    held[0].continue_()
    until_state(page, "live")
    until_share(page, "sadness", 0.41)
    assert page.evaluate("() => window.rows") == [7]


def test_a_name_that_is_no_name_is_not_even_asked_for(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open("/overlay/?theme=..%2F..%2Fapi")
    until_share(page, "happiness", 0.41)
    assert not [path for path in stage.requests if "themes/" in path and "themes/bars/" not in path]
