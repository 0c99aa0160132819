"""Every theme, language, motion and plate looks as approved: see approved.py, and `python -m tests.overlay.approve`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.overlay import moods
from tests.overlay.approved import HEIGHT, LOOKS, TOLERANCE, WIDTH, Picture, difference, every_screen, load_theme, small
from tests.overlay.showing import FONTS, Showing, foreign_fonts, showing, themes
from tests.overlay.stage import Stage

pytestmark = pytest.mark.browser

SCREEN: Final = ViewportSize(width=WIDTH, height=HEIGHT)
# Between the plates: what shines through counts.
BACKDROP: Final = "#6f7f95"


def taken(screen: Showing, theme: str, full: Path | None = None) -> dict[tuple[str, str], Picture]:
    """Every screen of a theme, by look and mood. `full` is where they are left in full size."""
    found = {}
    for look, query in LOOKS.items():
        screen.open(f"theme={theme}&{query}", BACKDROP)
        assert screen.theme == theme
        for mood in screen.story():
            png = screen.page.screenshot()
            found[look, mood] = small(png)
            if full is not None:
                full.mkdir(parents=True, exist_ok=True)
                (full / f"{theme}-{look}-{mood}.png").write_bytes(png)
    return found


@pytest.fixture(scope="module")
def screen(browser: Browser) -> Iterator[Showing]:
    stage = Stage()
    stage.start()
    with showing(browser, stage, viewport=SCREEN) as screen:
        yield screen
    stage.close()


@pytest.fixture(scope="module")
def fonts(screen: Showing) -> None:
    screen.open("lang=zh-TW")
    foreign = foreign_fonts(screen.page)
    if foreign:
        pytest.skip(f"the approved pictures are drawn in {' and '.join(FONTS)}; this machine takes {sorted(foreign)}")


@pytest.mark.usefixtures("fonts")
@pytest.mark.parametrize("theme", themes())
def test_every_screen_is_as_approved(screen: Showing, theme: str, tmp_path: Path) -> None:
    approved, found = load_theme(theme), taken(screen, theme, tmp_path)
    assert set(found) == set(approved) == set(every_screen())
    apart = {f"{look} {mood}": difference(found[look, mood], approved[look, mood]) for look, mood in found}
    wrong = {name: f"{much:.0f}" for name, much in apart.items() if much > TOLERANCE}
    assert not wrong, f"differ by more than {TOLERANCE:g}; as they are now: {tmp_path}"


# What must not get past the comparison, in a page's own terms.
FAULTS: Final = {
    "a colour is another": ":root { --neutral: #3fcb90 !important; }",
    "a number is missing": '.row[data-emotion="sadness"] .number { visibility: hidden; }',
    "a bar is missing": ".row[data-top] .fill { visibility: hidden; }",
    "a face is missing": ".portrait { visibility: hidden; }",
    "a word is missing": ".viewers { visibility: hidden; }",
    "the plate is missing": ".plate { background: none; }",
    "all is larger": ":root { --scale: 1.1 !important; }",
}


# What another machine may do to the same page.
WAYS: Final = {
    "glyphs without hints": "* { text-rendering: geometricPrecision; }",
    "bolder glyphs": "* { -webkit-text-stroke: 0.15px; }",
    "glyphs that are a little wider": "* { letter-spacing: 0.004em; }",
    "half a pixel to the side": ".stage { translate: 0.5px 0.5px; }",
}


@pytest.mark.usefixtures("fonts")
@pytest.mark.parametrize("way", WAYS)
def test_another_way_of_drawing_the_same_passes(screen: Showing, way: str) -> None:
    screen.open(f"theme=bars&{LOOKS['en']}", BACKDROP)
    next(screen.story("calm"))
    screen.page.add_style_tag(content=WAYS[way])
    assert 0 < difference(small(screen.page.screenshot()), load_theme("bars")["en", "calm"]) < 0.75 * TOLERANCE


@pytest.mark.usefixtures("fonts")
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_does_not_pass(screen: Showing, fault: str) -> None:
    screen.open(f"theme=bars&{LOOKS['en']}", BACKDROP)
    next(screen.story("calm"))
    approved = load_theme("bars")["en", "calm"]
    assert difference(small(screen.page.screenshot()), approved) <= TOLERANCE
    screen.page.add_style_tag(content=FAULTS[fault])
    assert difference(small(screen.page.screenshot()), approved) > 1.5 * TOLERANCE


def test_the_moods_are_what_the_bot_would_tell_today() -> None:
    recorded, today = moods.recorded(), moods.record()
    assert [name for name, _ in recorded] == [step["name"] for step in today]
    assert [name for name, _ in recorded if name] == list(moods.NAMES)
    for (_, frame), step in zip(recorded, today, strict=True):
        assert alike(frame, step["frame"]), "record them anew: python -m tests.overlay.moods"


def alike(one: object, other: object) -> bool:
    """Equal, but for the last digits of numbers."""
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) == set(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float | int) and isinstance(other, float | int):
        return abs(one - other) <= 0.002
    return one == other
