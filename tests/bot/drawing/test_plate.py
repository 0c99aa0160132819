"""The plate as a picture: bars, words and faces measured in its pixels; nothing is drawn twice."""

from random import Random

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from bot.drawing.canvas import Canvas
from bot.drawing.look import Look, look_of
from bot.drawing.palette import Theme, grey, mixed, palette
from bot.drawing.plate import Plate, draw_plate
from bot.drawing.words import LANGUAGES, Language
from model.emotions import EMOTIONS
from tests.bot.drawing.looks import OTHERS, SHARES, fill_in, is_near, look, share_in

GREEN = (20, 90, 40)


def plate(em: float = 20.0, language: Language = "en", theme: Theme = "dark") -> Plate:
    return Plate(Canvas.over(Image.new("RGB", (640, 480), GREEN)), 80, 60, em, language, theme)


@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_bars_show_the_shares(language: Language) -> None:
    drawn = plate(language=language)
    drawn.draw(look(language=language))
    for row, share in enumerate(SHARES):
        track = drawn.layout.tracks[row]
        assert share_in(drawn.canvas.pixels, track) == pytest.approx(share, abs=1.5 / track.size[0])


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_bars_and_faces_have_the_overlays_colours(theme: Theme) -> None:
    drawn = plate(theme=theme)
    drawn.draw(look([1 / 7] * 7, spread=0.0))
    place = drawn.layout
    for row, name in enumerate(EMOTIONS):
        colour = palette(theme).emotions[name]
        left, _, _, bottom = place.tracks[row]
        assert is_near(drawn.canvas.pixels[bottom - 4, left + 12], colour, 2), name
        middle = round(place.middles[row])
        icon = drawn.canvas.pixels[middle - 13 : middle + 13, round(place.icons) : round(place.icons) + 27]
        assert is_near(icon, colour, 2).sum() > 150, name


def test_the_interval_is_seen_on_both_sides_of_the_share() -> None:
    sure, unsure = plate(), plate()
    sure.draw(look([0.5, 0.5, 0, 0, 0, 0, 0], spread=0.0))
    unsure.draw(look([0.5, 0.5, 0, 0, 0, 0, 0], spread=0.2))
    left, top, right, bottom = sure.layout.tracks[0]
    middle, width = (top + bottom) // 2, right - left
    certain, open_ended = (drawn.canvas.pixels[middle, left:right].astype(int) for drawn in (sure, unsure))
    assert (certain[: int(0.25 * width)] == open_ended[: int(0.25 * width)]).all()
    # Towards the share the bar loses strength, and behind it a glow fades.
    assert open_ended[int(0.47 * width), 0] < certain[int(0.47 * width), 0] - 30
    glow = open_ended[int(0.52 * width) : int(0.68 * width), 0]
    assert glow[0] > certain[int(0.52 * width), 0] + 60 and (np.diff(glow) <= 0).all()
    assert (certain[int(0.72 * width) :] == open_ended[int(0.72 * width) :]).all()


def test_below_the_minimum_no_bar_is_filled() -> None:
    drawn = plate()
    drawn.draw(look(None, viewers=2))
    for row, name in enumerate(EMOTIONS):
        dim = mixed(palette().plate.colour, palette().emotions[name], 0.45)
        assert fill_in(drawn.canvas.pixels, drawn.layout.tracks[row], dim) == 0.0


def test_what_is_stale_is_grey() -> None:
    drawn = plate()
    drawn.draw(look(signal="stale"))
    rows = drawn.canvas.pixels[drawn.layout.tracks[0][1] : drawn.layout.tracks[6][3], 110:540].astype(int)
    # The plate's own night blue, and words that are mixed with it, differ by a little; colours would by a hundred.
    assert (rows.max(axis=-1) - rows.min(axis=-1)).max() < 40
    grey_bar = mixed(palette().plate.colour, grey(palette().emotions["happiness"]), 0.4)
    assert fill_in(drawn.canvas.pixels, drawn.layout.tracks[0], grey_bar) == pytest.approx(0.62, abs=0.01)


def test_the_background_stays_around_the_plate() -> None:
    drawn = plate()
    drawn.draw(look())
    pixels = drawn.canvas.pixels.copy()
    left, top, right, bottom = drawn.layout.plate
    pixels[top:bottom, left:right] = GREEN
    assert (pixels == GREEN).all()
    assert (drawn.canvas.pixels[top, left] == GREEN).all(), "the corners are round"


def test_a_hidden_plate_is_the_background_alone_and_comes_back() -> None:
    drawn, fresh = plate(), plate()
    drawn.draw(look())
    hidden = Look("hidden", "", "", "silence")
    assert drawn.draw(hidden) and (drawn.canvas.pixels == GREEN).all()
    assert not drawn.draw(hidden)
    drawn.draw(look(OTHERS))
    fresh.draw(look(OTHERS))
    assert (drawn.canvas.pixels == fresh.canvas.pixels).all()


def test_alone_it_is_transparent_around_and_whole_inside() -> None:
    image = draw_plate(look(), em=20)
    assert image.mode == "RGBA" and image.size == (468, 379)
    assert image.getpixel((0, 0)) == (0, 0, 0, 0)
    assert image.getpixel((234, 92)) == pytest.approx((*palette().plate.colour, 230), abs=1)
    over_green = Image.new("RGB", image.size, GREEN)
    over_green.paste(image, (0, 0), image)
    direct = draw_plate(look(), 20, background=Image.new("RGB", image.size, GREEN))
    assert np.abs(np.asarray(over_green).astype(int) - np.asarray(direct)).max() <= 3


def test_nothing_is_drawn_while_nothing_moves() -> None:
    drawn = plate()
    assert drawn.draw(look())
    before = drawn.canvas.pixels.copy()
    assert not drawn.draw(look())
    bars = tuple((share + 1e-5, low, high) for share, low, high in look().bars)
    assert not drawn.draw(replace(look(), bars=bars)), "an eye could not see it"
    assert (drawn.canvas.pixels == before).all()


def test_many_steps_too_small_to_see_add_up() -> None:
    drawn = plate()
    for step in range(400):
        bars = tuple((share + step * 5e-5, low, high) for share, low, high in look().bars)
        drawn.draw(replace(look(), bars=bars))
    assert share_in(drawn.canvas.pixels, drawn.layout.tracks[0]) == pytest.approx(0.64, abs=0.006)


def test_a_plate_drawn_step_by_step_is_the_plate_drawn_at_once() -> None:
    chance = Random(5)
    looks = [
        look(), look(OTHERS), look(OTHERS, trend=-0.2), look(None, viewers=1), look(OTHERS, viewers=1200, chatters=900),
        look(signal="stale"), look_of(None, "connecting", LANGUAGES["en"]), look(OTHERS, trend=None, spread=0.0),
    ]  # fmt: skip
    stepwise = plate()
    array = stepwise.canvas.pixels
    for step in [*range(8), *chance.choices(range(8), k=16)]:
        stepwise.draw(looks[step])
        at_once = plate()
        at_once.draw(looks[step])
        assert (stepwise.canvas.pixels == at_once.canvas.pixels).all(), step
    assert stepwise.canvas.pixels is array, "the camera keeps this very array"


def test_words_stay_inside_their_places() -> None:
    crowded = look(OTHERS, "zh-TW", viewers=123_456, chatters=98_765, trend=0.3)
    drawn = plate(language="zh-TW")
    drawn.draw(replace(crowded, headline="一個長得放不下的標題" * 4))
    _, top, right, bottom = drawn.layout.plate
    margin = drawn.canvas.pixels[top + 25 : bottom - 25, right - 18 : right - 4]
    assert is_near(margin, palette().plate.colour, 12).all()
