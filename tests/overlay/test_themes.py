"""Every theme shows the truth: the numbers, who they are of, how sure they are, and when there are none."""

import re
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from bot.themes import SHIPPED
from model.emotions import EMOTIONS
from tests.chromium import PATIENCE_MS
from tests.overlay.conftest import Theatre
from tests.overlay.looks import settle, until_state
from tests.overlay.stage import Stage, mood

pytestmark = pytest.mark.browser

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)
ANGRY = (0.02, 0.11, 0.07, 0.6023, 0.0, 0.1377, 0.06)
# Those that show the seven shares. The theme `tiles` shows persons, and has tests of its own.
THEMES: Final = sorted({path.name for path in SHIPPED.iterdir() if path.is_dir()} - {"tiles"})

# Each share as it stands on the screen, measured in what the eye sees of it: widths, turns, areas, heights.
MEASURE: Final = {
    "bars": """() => { const width = (e) => e.getBoundingClientRect().width;
        return Object.fromEntries([...document.querySelectorAll(".row")].map((row) =>
          [row.dataset.emotion, width(row.querySelector(".fill")) / width(row.querySelector(".track"))])); }""",
    "strip": """() => { const width = (e) => e.getBoundingClientRect().width;
        return Object.fromEntries([...document.querySelectorAll('[data-band="whole"] .all')].map((part) =>
          [part.dataset.emotion, width(part) / width(part.parentElement)])); }""",
    "blob": """() => { const turn = (e) => { const m = new DOMMatrix(getComputedStyle(e).transform);
        return (Math.atan2(m.b, m.a) / 2 / Math.PI + 1) % 1; };
        return Object.fromEntries([...document.querySelectorAll('[data-ring="whole"] .arc.thin')].map((arc) => {
          const [right, left] = [...arc.querySelectorAll(".bow")].map(turn);
          return [arc.dataset.emotion, (right < 1e-6 ? 0.5 : right - 0.5) + (left > 0.999 ? 0 : left)]; })); }""",
    "faces": """() => { const sides = [...document.querySelectorAll('[data-crowd="whole"] .face')].map((face) =>
          [face.dataset.emotion, new DOMMatrix(getComputedStyle(face.querySelector(".body-of")).transform).a ** 2]);
        const whole = sides.reduce((sum, [, area]) => sum + area, 0);
        return Object.fromEntries(sides.map(([emotion, area]) => [emotion, area / whole])); }""",
    "river": """() => { const top = parseFloat(document.querySelector(".top-label").textContent) / 100;
        return Object.fromEntries([...document.querySelectorAll(".mark-of")].map((mark) => {
          const lane = mark.querySelector(".dot-of").parentElement.getBoundingClientRect();
          const dot = mark.querySelector(".dot-of").getBoundingClientRect();
          return [mark.dataset.emotion, (top * (lane.bottom - dot.bottom)) / lane.height]; })); }""",
}
# How far each may be off: a seam between two parts, a pixel of the chart, a face too small to be drawn.
TOLERANCE: Final = {"bars": 0.004, "strip": 0.002, "blob": 0.0065, "faces": 0.006, "river": 0.004}

CONTRASTS: Final = """(behind) => {
  const read = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { rgb: [r, g, b], a }; };
  const over = (under, { rgb, a }) => under.map((value, i) => value + (rgb[i] - value) * a);
  const light = (rgb) => rgb.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  for (const node of document.querySelectorAll(".plate *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim() !== "");
    if (!own || !node.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true })) continue;
    const line = [];
    for (let each = node; each !== null; each = each.parentElement) line.unshift(each);
    const ground = line.reduce((under, each) => over(under, read(getComputedStyle(each).backgroundColor)), behind);
    const ink = over(ground, read(getComputedStyle(node).color));
    const [dark, bright] = [light(ink), light(ground)].sort((a, b) => a - b);
    found.push([node.className, (bright + 0.05) / (dark + 0.05)]);
  }
  return found;
}"""


def until_shown(page: Page, theme: str, shares: tuple[float, ...]) -> dict[str, float]:
    """Waits until a theme shows these shares, at rest, and measures them."""
    expect(page.locator(f'html[data-design="{theme}"]')).to_be_attached()
    wanted = dict(zip(EMOTIONS, shares, strict=True))
    found: dict[str, float] = {}

    def is_near() -> bool:
        settle(page)
        found.update(page.evaluate(MEASURE[theme]))
        return all(abs(found[name] - share) <= TOLERANCE[theme] for name, share in wanted.items())

    for _ in range(PATIENCE_MS // 100):
        if is_near():
            return found
        page.wait_for_timeout(100)
    raise AssertionError(f"{theme} shows {found} in place of {wanted}")


def texts(page: Page) -> str:
    return page.locator(".plate").inner_text()


@pytest.mark.parametrize("theme", THEMES)
def test_follows_the_crowd_through_an_evening(theatre: Theatre, stage: Stage, theme: str) -> None:
    stage.current = mood(HAPPY, viewers=12)
    page = theatre.open(f"/overlay/?theme={theme}", viewport={"width": 1920, "height": 1080})
    page.emulate_media(reduced_motion="no-preference")
    until_shown(page, theme, HAPPY)
    assert "12 viewers" in texts(page) and "Happy" in texts(page).title() and "41%" in texts(page)
    assert "Expressions read by a model, with viewers' consent" in texts(page)
    inside(page, 1920, 1080)
    for plate, behind in (("dark", 255), ("light", 0)):
        page.evaluate("(plate) => { document.documentElement.dataset.theme = plate; }", plate)
        worst = min(page.evaluate(CONTRASTS, [behind] * 3), key=lambda each: each[1])
        assert worst[1] >= 4.5, (plate, worst)

    stage.play(mood(ANGRY, viewers=1, minimum=1))
    until_shown(page, theme, ANGRY)
    expect(page.locator(".plate")).to_contain_text("1 viewer")
    expect(page.locator(".plate")).to_contain_text(re.compile("angry", re.IGNORECASE))

    stage.play(mood(None, viewers=2))
    until_state(page, "gathering")
    expect(page.locator(".plate")).to_contain_text("Gathering the crowd (2 of 3)")
    inside(page, 1920, 1080)
    assert "%" not in shown_numbers(page) and page.locator("[data-top='']").count() == 0
    stage.play(mood(None, viewers=0, paused=True))
    until_state(page, "resting")
    expect(page.locator(".plate")).to_contain_text("Resting for a while")
    assert "%" not in shown_numbers(page)

    stage.play(mood(HAPPY, overlay=False))
    expect(page.locator(".plate")).to_be_hidden()
    stage.play(mood(HAPPY, said="back soon"))
    expect(page.locator(".plate")).to_be_visible()
    expect(page.locator(".said[data-shown]")).to_have_text("back soon")
    until_shown(page, theme, HAPPY)
    stage.stop()
    until_state(page, "stale")
    expect(page.locator(".plate")).to_contain_text("Reconnecting…")
    inside(page, 1920, 1080)
    assert "%" not in shown_numbers(page) and "viewers " not in texts(page)
    is_grey = (
        "(e) => [e, ...e.querySelectorAll('*')].some((each) => getComputedStyle(each).filter.includes('grayscale'))"
    )
    assert page.locator(".stage").evaluate(is_grey), "what is old must not look live"
    stage.current = mood(ANGRY)
    stage.start()
    until_shown(page, theme, ANGRY)


def shown_numbers(page: Page) -> str:
    """All words that can be seen, but for a scale's."""
    words = page.locator(".stage *:not(.top-label)").evaluate_all(
        """(all) => all.filter((each) => each.childElementCount === 0)
             .filter((each) => each.checkVisibility({ checkVisibilityCSS: true })).map((each) => each.textContent)"""
    )
    return " ".join(words)


def inside(page: Page, width: int, height: int) -> None:
    """The plate is in the source, and every drawing is on the plate."""
    settle(page)
    outside = page.evaluate(
        """([width, height]) => {
          const box = (e) => e.getBoundingClientRect();
          const isIn = (a, b) => Math.min(a.left - b.left, a.top - b.top, b.right - a.right, b.bottom - a.bottom) >= -1;
          const plate = box(document.querySelector(".plate"));
          const seen = [...document.querySelectorAll(".stage svg")]
            .filter((each) => each.checkVisibility({ checkVisibilityCSS: true }) && box(each).width > 0);
          const lost = seen.filter((each) => !isIn(box(each), plate)).map((each) => each.dataset.drawing);
          return isIn(plate, { left: 0, top: 0, right: width, bottom: height }) ? lost : ["plate", ...lost];
        }""",
        [width, height],
    )
    assert outside == []


@pytest.mark.parametrize("theme", THEMES)
def test_small_chinese_still_apart_and_softened(theatre: Theatre, stage: Stage, theme: str) -> None:
    stage.current = apart(mood(HAPPY, viewers=158, chatters=120), HAPPY, ANGRY)
    query = f"theme={theme}&plate=light&lang=zh-TW&motion=reduced&apart=1&soften=anger&hide=sadness"
    page = theatre.open(f"/overlay/?{query}", viewport={"width": 420, "height": 320})
    page.evaluate(
        "() => { window.runs = 0; document.addEventListener('transitionrun', () => { window.runs += 1; }, true); }"
    )
    expect(page.locator(f'html[data-design="{theme}"]')).to_be_attached()
    until_state(page, "live")
    expect(page.locator(".plate")).to_contain_text("開心")
    assert "38" in texts(page) and "120" in texts(page), "both crowds are counted"
    assert not re.search("[A-Za-z]", texts(page).replace("min", ""))
    assert "難過" not in texts(page) and page.locator('[data-emotion="sadness"]').count() == 0
    assert "生氣" not in texts(page)
    inside(page, 420, 320)
    stage.play(apart(mood(ANGRY, viewers=158, chatters=120), ANGRY, HAPPY))
    expect(page.locator(".plate")).to_contain_text("緊繃")
    anger = "(e) => getComputedStyle(e).getPropertyValue('--color').trim()"
    assert page.locator('[data-emotion="anger"]').first.evaluate(anger) == "#8b95a5"
    assert page.evaluate("() => [window.runs, document.getAnimations().length]") == [0, 0], "nothing slides or breathes"


def apart(frame: dict[str, Any], faces: tuple[float, ...], chat: tuple[float, ...]) -> dict[str, Any]:
    """The same mood with the shares of faces and of chat."""
    for name, shares in (("face", faces), ("chat", chat)):
        frame["sources"][name]["shares"] = dict(zip(EMOTIONS, shares, strict=True))
    return frame


LIFE: Final = """async (theme) => {
  const counts = { listeners: 0, timers: 0 };
  // Only what the theme itself does: the page has timers of its own.
  let acting = 0;
  const [add, remove] = [window.addEventListener, window.removeEventListener];
  window.addEventListener = (...all) => { counts.listeners += acting; return add.apply(window, all); };
  window.removeEventListener = (...all) => { counts.listeners -= acting; return remove.apply(window, all); };
  const waits = ["setTimeout", "setInterval", "requestAnimationFrame"].map((name) => [name, window[name]]);
  for (const [name, wait] of waits) {
    window[name] = (...all) => { counts.timers += acting; return wait.apply(window, all); };
  }
  const { load } = await import(`/overlay/themes/${theme}/theme.js`);
  const { softened, wordsOf } = await import("/overlay/words.js");
  const { draw } = await import("/overlay/drawings.js");
  const { EMOTIONS } = await import("/overlay/mood.js");
  const { movingOf, countingOf, tellingOf } = await import("/overlay/view.js");
  const { fields } = await (await fetch(`/overlay/themes/${theme}/fields.json`)).json();
  const values = Object.fromEntries(fields.map((field) => [field.name, field.default]));
  const words = softened(wordsOf("en"), []);
  const settings = { show: EMOTIONS, soften: [], apart: true, delay: 0 };
  const mood = await (await fetch("/api/mood")).json();
  const stage = document.createElement("div");
  document.querySelector(".plate").append(stage);
  const context = { fields: values, words, show: EMOTIONS, soft: [], apart: true, lang: "en", motion: "full", draw };
  acting = 1;
  for (let life = 0; life < 3; life += 1) {
    const shown = load(stage, Object.freeze(context));
    for (const state of ["connecting", "live", "gathering", "live", "stale"]) {
      const known = state === "live" || state === "stale" ? mood : state === "connecting" ? null
        : { ...mood, enough: false, shares: null, intervals: null, top: null, trend: null };
      shown.update(Object.freeze({ ...movingOf(state, known, settings), ...countingOf(state, known, settings, words),
        ...tellingOf(state, known, settings, words, false), now: mood.time, past: [], tiles: [] }));
    }
    if (stage.childElementCount === 0) throw new Error("nothing was shown");
    shown.dispose();
  }
  acting = 0;
  const left = { nodes: stage.childNodes.length, ...counts,
    animations: document.getAnimations().filter(({ effect }) => stage.contains(effect.target)).length };
  Object.assign(window, { addEventListener: add, removeEventListener: remove }, Object.fromEntries(waits));
  stage.remove();
  return left;
}"""


def test_leaves_nothing_behind(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_state(page, "live")
    for theme in THEMES:
        assert page.evaluate(LIFE, theme) == {"nodes": 0, "listeners": 0, "timers": 0, "animations": 0}, theme
