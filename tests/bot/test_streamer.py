"""The streamer's own mood: what holds for how long, and whatever is missing is no fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.streamer import LIVES, Streamer
from tests.bot.stage import HAPPY, SAD
from transport.reading import Reading, Source
from transport.stage import SOURCES

NEUTRAL = (0.05, 0.05, 0.7, 0.05, 0.05, 0.05, 0.05)


def reading(source: Source, time: float, quality: float = 0.8, sad: bool = False) -> Reading:
    return Reading("", source, time, SAD if sad else HAPPY, quality)


def test_each_modality_holds_for_its_own_time() -> None:
    streamer = Streamer()
    for source in SOURCES.values():
        assert streamer.take(reading(source, 100.0), 100.0)
    held = {}
    for second in (100.0, 104.9, 105.0, 107.9, 108.0, 129.9):
        fused = streamer.fused(second)
        held[second] = set() if fused is None else set(fused.parts)
    every = {"face", "voice", "words"}
    assert held == {100.0: every, 104.9: every, 105.0: every - {"face"}, 107.9: every - {"face"},
                    108.0: {"words"}, 129.9: {"words"}}  # fmt: skip
    assert streamer.fused(130.0) is None


def test_words_fade_and_a_face_does_not() -> None:
    streamer = Streamer()
    streamer.take(reading("streamer_words", 100.0), 100.0)
    streamer.take(reading("streamer_face", 100.0, sad=True), 100.0)
    begin, late = streamer.fused(100.0), streamer.fused(104.0)
    assert begin is not None and late is not None
    assert late.parts["words"] < begin.parts["words"] and late.parts["face"] > begin.parts["face"]
    streamer.lose("streamer_face")
    alone, later = streamer.fused(110.0), streamer.fused(120.0)
    assert alone is not None and later is not None
    assert alone.quality == pytest.approx(0.4) and later.quality == pytest.approx(0.2)


def test_what_is_withdrawn_blind_or_old_counts_no_more() -> None:
    streamer = Streamer()
    assert streamer.fused(99.0) is None and not streamer.lose("streamer_face")
    streamer.take(reading("streamer_face", 100.0), 100.0)
    assert not streamer.take(reading("streamer_face", 99.0, sad=True), 100.0), "older than the last"
    assert not streamer.take(reading("face", 100.0), 100.0), "a viewer's"
    assert streamer.take(reading("streamer_face", 101.0, quality=0.01), 101.0), "blind: the last one goes as well"
    assert streamer.fused(101.0) is None
    streamer.take(reading("streamer_voice", 102.0), 102.0)
    streamer.clear()
    assert streamer.fused(102.0) is None


def test_a_reading_from_the_future_lives_no_longer_and_a_clock_set_back_ages_nothing() -> None:
    streamer = Streamer()
    streamer.take(reading("streamer_face", 500.0), 100.0)
    assert streamer.fused(104.0) is not None
    assert streamer.fused(50.0) is not None, "the clock was set back"
    assert streamer.fused(50.9) is not None
    assert streamer.fused(51.0) is None, "it was four seconds old before"


@given(
    readings=st.lists(
        st.tuples(st.sampled_from([*SOURCES.values()]), st.floats(-50, 50), st.floats(0, 1), st.booleans()), max_size=30
    ),
    now=st.floats(-100, 100),
)
def test_whatever_comes_the_mood_is_a_distribution_or_none(
    readings: list[tuple[Source, float, float, bool]], now: float
) -> None:
    streamer = Streamer()
    for source, time, quality, sad in readings:
        streamer.take(reading(source, time, quality, sad), now)
    fused = streamer.fused(now)
    if fused is not None:
        assert float(fused.probabilities.sum()) == pytest.approx(1.0, abs=1e-4)
        assert 0.0 < fused.quality <= 1.0 and sum(fused.parts.values()) == pytest.approx(1.0)
        assert set(fused.parts) <= set(LIVES)
