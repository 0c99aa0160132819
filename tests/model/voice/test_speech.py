"""Where speech begins and ends."""

import numpy as np
import pytest
from numpy.typing import NDArray

from model.speech import LONGEST, RATE, SpeechFinder, Utterance, clean

SILENCE = np.zeros(2 * RATE, np.float32)


def found_in(sound: NDArray[np.floating], piece: int = 1600) -> list[Utterance]:
    finder = SpeechFinder()
    found = [one for start in range(0, len(sound), piece) for one in finder.hear(sound[start : start + piece])]
    return found + finder.flush()


def test_silence_and_faint_noise_are_no_speech() -> None:
    assert found_in(np.zeros(5 * RATE)) == []
    assert found_in(np.random.default_rng(1).normal(0, 0.01, 5 * RATE)) == []


@pytest.mark.parametrize("kind", ["white", "hum", "chord", "keys"])
def test_loud_noise_is_no_speech(kind: str) -> None:
    random, seconds = np.random.default_rng(2), np.arange(6 * RATE) / RATE
    keys = np.zeros(len(seconds))
    for start in random.integers(0, len(keys) - 200, 40):
        keys[start : start + 200] += random.normal(0, 0.3, 200) * np.exp(-np.arange(200) / 40)
    sound = {
        "white": random.normal(0, 0.1, len(seconds)),
        "hum": 0.1 * np.sin(2 * np.pi * 50 * seconds),
        "chord": 0.1 * sum((np.sin(2 * np.pi * tone * seconds) for tone in (262, 330, 392)), np.zeros(len(seconds))),
        "keys": keys + random.normal(0, 0.001, len(seconds)),
    }[kind]
    assert found_in(np.clip(sound, -1, 1)) == []


def test_speech_between_silences_is_found_whole(speech: NDArray[np.float32]) -> None:
    (one,) = found_in(np.concatenate([SILENCE, speech, SILENCE]))
    assert 1.5 < one.start < 2.3 and one.end == pytest.approx(2 + len(speech) / RATE, abs=0.8)
    assert len(one.samples) == pytest.approx((one.end - one.start) * RATE, abs=1)
    assert one.samples.dtype == np.float32


def test_pieces_of_any_length_give_the_same(speech: NDArray[np.float32]) -> None:
    sound = np.concatenate([SILENCE, speech, SILENCE, speech, SILENCE])
    expected = found_in(sound)
    assert len(expected) == 2
    for piece in (1, 7, 481, 48_000) if len(sound) < 3 * RATE else (97, 481, 48_000):
        again = found_in(sound, piece)
        assert [(one.start, one.end) for one in again] == [(one.start, one.end) for one in expected]
        assert all(np.array_equal(a.samples, b.samples) for a, b in zip(again, expected, strict=True))


def test_long_speech_is_cut_without_a_gap(speech: NDArray[np.float32]) -> None:
    found = found_in(np.concatenate([SILENCE, np.tile(speech, 5)]))
    assert len(found) >= 2
    assert found[0].end - found[0].start == pytest.approx(LONGEST, abs=0.1)
    assert found[1].start == found[0].end


def test_speech_that_goes_on_can_be_had_before_it_ends(speech: NDArray[np.float32]) -> None:
    finder = SpeechFinder()
    assert finder.so_far() is None and not finder.speaking
    assert finder.hear(speech) == []
    going_on = finder.so_far()
    assert finder.speaking and going_on is not None and len(going_on.samples) > RATE
    (one,) = finder.flush()
    assert one.start == going_on.start and not finder.speaking and finder.so_far() is None
    assert finder.flush() == []


def test_flush_forgets_what_came_before(speech: NDArray[np.float32]) -> None:
    finder = SpeechFinder()
    finder.hear(speech[: RATE // 10])
    finder.flush()
    assert finder.hear(SILENCE) == [] and finder.flush() == []


def test_broken_samples_are_made_whole() -> None:
    given = np.array([np.nan, np.inf, -np.inf, 2.0, -0.5])
    assert clean(given).tolist() == [0.0, 1.0, -1.0, 1.0, -0.5]
    assert found_in(np.full(RATE, np.nan)) == []
    assert found_in(np.empty(0)) == []


def test_two_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="one channel"):
        SpeechFinder().hear(np.zeros((2, 100)))
