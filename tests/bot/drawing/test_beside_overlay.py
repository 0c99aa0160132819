"""Pictures and overlay say the same words in the same colours with the same faces: both are asked in a real browser."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from bot.drawing.canvas import Canvas
from bot.drawing.look import look_of
from bot.drawing.palette import Theme, palette
from bot.drawing.plate import Plate
from bot.drawing.shapes import face, sign
from bot.drawing.words import LANGUAGES, Language
from model.emotions import EMOTIONS
from tests.bot.drawing.looks import SHARES, Pixels, frame, share_in
from tests.overlay.conftest import Theatre, browser, stage, theatre  # noqa: F401 - fixtures
from tests.overlay.looks import until_share
from tests.overlay.stage import Stage, mood

pytestmark = pytest.mark.browser

ASK = """async (lang) => {
  const { wordsOf } = await import("/overlay/words.js");
  const words = wordsOf(lang);
  return { ...words, gathering: words.gathering(2, 3), viewers: [words.viewers(1), words.viewers(7)],
    voters: [words.voters(0, 5), words.voters(1, 5), words.voters(38, 120)] };
}"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_the_overlays(theatre: Theatre, language: Language) -> None:  # noqa: F811
    told = theatre.open("/overlay/").evaluate(ASK, language)
    words = LANGUAGES[language]
    for name in (
        "title", "looking", "crowd", "connecting", "stale", "reconnecting", "resting", "trend", "expressions", "notice",
    ):  # fmt: skip
        assert getattr(words, name) == told[name], name
    assert told["gathering"] == words.gathering.format(have=2, need=3)
    assert told["viewers"] == [words.number(1), words.number(7)]
    assert told["voters"] == [words.voters(0, 5), words.voters(1, 5), words.voters(38, 120)]


def test_the_faces_are_the_overlays(theatre: Theatre) -> None:  # noqa: F811
    names = [*EMOTIONS, "crowd", "silence", "rest", "voice", "arrow"]
    page = theatre.open("/overlay/", viewport={"width": 96 * len(names), "height": 96})
    page.evaluate(
        """async (names) => {
          const { draw } = await import("/overlay/drawings.js");
          document.body.replaceChildren(...names.map((name, place) => {
            const svg = draw(name);
            svg.dataset.emotion = name;
            svg.style.cssText = `position: fixed; top: 0; left: ${96 * place}px; font-size: 96px; color: #b9c3d6`;
            return svg;
          }));
          document.documentElement.style.background = "#0f121e";
        }""",
        names,
    )
    shown = picture(page.screenshot())
    drawn = Canvas.over(Image.new("RGB", (96 * len(names), 96), "#0f121e"))
    colours = palette()
    for place, name in enumerate(names):
        whole = face(name, 96, colours) if name in EMOTIONS else sign(name, 96, colours.quiet)
        drawn.stamp(whole, 96 * place, 0)
    difference = np.abs(shown.astype(int) - drawn.pixels).max(axis=-1)
    for place, name in enumerate(names):
        # Only along the edges, where two programs smooth in two ways.
        cell = difference[:, 96 * place : 96 * (place + 1)]
        assert cell.mean() < 4 and (cell > 100).mean() < 0.004, name


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_plate_is_the_overlays(theatre: Theatre, stage: Stage, theme: Theme) -> None:  # noqa: F811
    page = theatre.open(f"/overlay/?theme={theme}&motion=reduced", viewport={"width": 1920, "height": 1080})
    stage.play(mood(SHARES))
    until_share(page, "happiness", SHARES[0])
    expect(page.locator('.row[data-emotion="happiness"][data-top]')).to_be_visible()
    page.add_style_tag(content="html { background: #1b2440 !important; }")
    box = page.locator(".plate").bounding_box()
    tracks = [each.bounding_box() for each in page.locator(".track").all()]
    shown = picture(page.screenshot())
    assert box is not None
    plate = Plate(Canvas.over(Image.new("RGB", (1920, 1080), "#1b2440")), box["x"], box["y"], 20.0, "en", theme)
    plate.draw(look_of(frame(), "live", LANGUAGES["en"]))
    colours = palette(theme)
    for row, measured in enumerate(tracks):
        assert measured is not None
        track = plate.layout.tracks[row]
        there = (measured["x"], measured["y"], measured["x"] + measured["width"], measured["y"] + measured["height"])
        assert track == pytest.approx(there, abs=4), EMOTIONS[row]
        assert share_in(plate.canvas.pixels, track, colours.edge) == pytest.approx(SHARES[row], abs=0.01)
    # The whole plate side by side: words are other fonts' at worst, the rest is the same picture.
    left, top, right, bottom = plate.layout.plate
    difference = np.abs(shown[top:bottom, left:right].astype(int) - plate.canvas.pixels[top:bottom, left:right])
    assert np.median(difference) <= 2 and difference.mean() < 12


def picture(png: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
