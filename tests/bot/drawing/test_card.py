"""The share card, measured: bars, river, peaks, words; in both languages, and where little is known."""

import io
from datetime import datetime

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from bot.drawing import card
from bot.drawing.card import RIVER, TRACK_END, TRACKS, StreamMood, clock, render_card, track_start
from bot.drawing.palette import palette
from bot.drawing.river import columns
from bot.drawing.words import LANGUAGES, Language
from bot.history import Row
from bot.peaks import Peak
from model.emotions import EMOTIONS
from tests.bot.drawing.looks import OTHERS, SHARES, Pixels, is_near
from transport.reading import Probabilities

COLOURS = palette().emotions
CALM: Probabilities = (0.1, 0.05, 0.6, 0.05, 0.1, 0.05, 0.05)


def row(second: float, shares: Probabilities | None, viewers: int = 20) -> Row:
    return Row(1000.0 + second, viewers, shares, 0.0, 0.0, viewers, 0, 0.0)


def stream(seconds: int = 1000) -> StreamMood:
    """The first half happy and the second sad, with a hole of a tenth in the middle in which too few took part."""
    rows = []
    for second in range(seconds):
        hole = 0.45 * seconds <= second < 0.55 * seconds
        rows.append(row(second, None if hole else SHARES if 2 * second < seconds else OTHERS, 2 if hole else 20))
    rows[10] = row(10, SHARES, 38)
    return StreamMood(
        channel="nightfox",
        date=datetime(2026, 11, 21, 20, 30),
        started=1000.0,
        now=1000.0 + seconds,
        rows=rows,
        peaks=[Peak("happiness", 0.62, 1100.0), Peak("sadness", 0.45, 1800.0), Peak("neutral", 0.9, 1200.0)],
    )


def pixels(stream: StreamMood, language: Language = "en") -> Pixels:
    image = Image.open(io.BytesIO(render_card(stream, language)))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (1200, 630))
    return np.asarray(image)


@pytest.mark.parametrize("language", LANGUAGES)
def test_bars_are_the_means_of_the_stream(language: Language) -> None:
    shown = pixels(stream(), language)
    left = track_start(LANGUAGES[language])
    for number, name in enumerate(EMOTIONS):
        middle = round(TRACKS[0] + number * (TRACKS[1] - TRACKS[0] - 16) / 6) + 12
        bar = is_near(shown[middle, left:TRACK_END], COLOURS[name], 6)
        assert bar.sum() / len(bar) == pytest.approx((SHARES[number] + OTHERS[number]) / 2, abs=0.01), name


def test_the_river_tells_what_came_when() -> None:
    shown = pixels(stream())
    left, top, right, bottom = RIVER
    for place, shares in ((0.2, SHARES), (0.9, OTHERS)):
        water = shown[top:bottom, round(left + place * (right - left))]
        for number, name in enumerate(EMOTIONS):
            # A seam of about one pixel stands between two bands.
            assert is_near(water, COLOURS[name], 25).sum() == pytest.approx(shares[number] * (bottom - top), abs=3), (
                name
            )
    hole = shown[top + 2 : bottom - 2, round(left + 0.5 * (right - left))]
    assert not any(is_near(hole, colour, 25).any() for colour in COLOURS.values())


def test_peaks_stand_in_the_river_where_they_were() -> None:
    with_peaks, without = pixels(stream()), pixels(replace(stream(), peaks=[]))
    left, top, right, _ = RIVER
    changed = (with_peaks[top - 24 : top + 6] != without[top - 24 : top + 6]).any(axis=(0, 2))
    places = (np.flatnonzero(changed) - left) / (right - left)
    assert places.min() == pytest.approx(0.1, abs=0.02) and places.max() == pytest.approx(0.8, abs=0.02)
    assert not (np.abs(places - 0.2) < 0.03).any(), "neutral is no peak"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_leaves_the_card(language: Language) -> None:
    long = replace(stream(40_000), channel="x" * 60, title="終極長標題 with many words and \U0001f600 " * 8)
    fearful = replace(long, rows=[row(second, OTHERS[::-1]) for second in range(0, 40_000, 60)])
    for shown in (pixels(long, language), pixels(fearful, language)):
        assert not is_near(shown[:, 1150:], palette().text, 90).any()
        assert not is_near(shown[:, :50], palette().text, 90).any()


def test_without_a_history_the_card_is_of_right_now() -> None:
    now = StreamMood("nightfox", datetime(2026, 1, 2), 0.0, 60.0, shares=CALM, viewers=7)
    assert now.mean() == CALM and now.most_viewers() == 7
    shown = pixels(now)
    assert not any(is_near(shown[RIVER[1] + 2 : RIVER[3] - 2], colour, 25).any() for colour in COLOURS.values())
    assert is_near(shown[46:178, 56:188], COLOURS["neutral"], 4).sum() > 5000


def test_below_the_minimum_no_share_is_shown() -> None:
    quiet = replace(stream(), rows=[row(second, None, 2) for second in range(1000)], peaks=[])
    assert quiet.mean() is None and quiet.most_viewers() == 2
    shown = pixels(quiet)
    for name in EMOTIONS:
        assert not is_near(
            shown[TRACKS[0] : TRACKS[1], track_start(LANGUAGES["en"]) : TRACK_END], COLOURS[name], 25
        ).any()


def test_the_card_is_in_english_where_chinese_cannot_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    english = render_card(stream(), "en")
    assert render_card(stream(), "zh-TW") != english
    monkeypatch.setattr(card, "drawable", lambda _language: "en")
    assert render_card(stream(), "zh-TW") == english


def test_columns_of_a_river() -> None:
    # As many seconds as columns, more, and fewer; and a hole of twenty seconds.
    assert np.allclose(columns([row(second, CALM) for second in range(100)], 1000, 1100, 100), CALM)
    assert np.allclose(columns([row(second, CALM) for second in range(10_000)], 1000, 11_000, 100), CALM)
    sparse = columns([row(second, CALM) for second in range(0, 100, 5)], 1000, 1100, 400)
    assert np.isnan(sparse[:, 0]).sum() == 19 and np.allclose(sparse[:380], CALM)
    holed = columns([row(second, CALM) for second in range(100) if not 40 <= second < 60], 1000, 1100, 100)
    assert np.flatnonzero(np.isnan(holed[:, 0])).tolist() == list(range(40, 60))
    assert np.isnan(columns([], 1000, 1100, 10)).all()


def test_times_into_the_stream() -> None:
    assert [clock(seconds) for seconds in (0, 65, 3599.6, 4.4e3)] == ["0:00", "1:05", "1:00:00", "1:13:20"]
