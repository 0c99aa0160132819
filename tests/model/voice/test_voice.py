"""The shipped voice reader, and the listener that chooses what it reads."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from lera.errors import LeraError
from model import key_segments, voice
from model.emotions import EMOTIONS
from model.speaker import usual
from model.speech import RATE
from model.voice import MINUTE, NOTHING, SECONDS, WINDOW, Speaker, VoiceListener, VoiceReader

Sound = NDArray[np.float32]


@pytest.fixture(scope="module")
def reader() -> VoiceReader:
    return voice.load()


def test_probabilities_sum_to_one_whatever_comes(reader: VoiceReader, speech: Sound) -> None:
    segments = [speech, speech[: RATE // 5], speech * 50, np.clip(speech * 8, -1, 1), speech[::-1], np.tile(speech, 5)]
    found = reader.probabilities(segments)
    assert found.shape == (len(segments), 7) and found.dtype == np.float32
    assert np.allclose(found.sum(1), 1, atol=1e-5) and (found >= 0).all()
    assert np.ptp(found, axis=0).max() > 0.01
    assert reader.probabilities([]).shape == (0, 7)


def test_nothing_is_read_out_of_nothing(reader: VoiceReader) -> None:
    nothing = [np.zeros(0), np.zeros(10), np.zeros(RATE), np.full(RATE, np.nan), np.full(RATE, 1e-7)]
    found, measured = reader.read(nothing)
    assert np.allclose(found, NOTHING) and not measured.any()
    assert EMOTIONS[NOTHING.argmax()] == "neutral"


def test_gain_hardly_changes_the_answer(reader: VoiceReader, speech: Sound) -> None:
    loud, faint = reader.probabilities([speech, speech * 0.05])
    assert np.allclose(loud, faint, atol=0.01)


def test_knowing_the_speaker_counts(reader: VoiceReader, speech: Sound) -> None:
    parts = [speech[start : start + RATE] for start in range(0, len(speech) - RATE, RATE // 2)]
    alone, measured = reader.read(parts)
    beside, again = reader.read(parts, Speaker.of(measured))
    assert np.allclose(measured, again) and not np.allclose(alone, beside, atol=1e-3)


def test_a_speaker_is_what_was_measured() -> None:
    measured = np.random.default_rng(1).normal(3, 2, (400, 5))
    mean, deviation = usual(measured, np.ones(5))
    assert np.allclose(mean, 3, atol=0.4) and np.allclose(deviation, 2, atol=0.3)
    # One segment tells nothing of how a speaker varies.
    assert np.allclose(usual(measured[:1], np.ones(5))[1], np.sqrt(8 / 9))


def test_two_channels_and_a_closed_reader_are_refused(speech: Sound) -> None:
    one = voice.load()
    with pytest.raises(ValueError, match="one channel"):
        one.probabilities([np.zeros((2, RATE))])
    one.close()
    with pytest.raises(ValueError, match="closed"):
        one.probabilities([speech])


def test_weights_that_are_not_the_cards_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "voice.onnx"
    broken.write_bytes(b"nothing")
    monkeypatch.setattr(voice, "WEIGHTS", broken)
    with pytest.raises(LeraError, match="not those of their card"):
        voice.load()
    monkeypatch.setattr(voice, "CARD", tmp_path / "none.json")
    with pytest.raises(LeraError, match="missing"):
        voice.load()


def test_card_names_these_weights() -> None:
    card = json.loads(voice.CARD.read_text(encoding="utf-8"))
    content = voice.WEIGHTS.read_bytes()
    assert hashlib.sha256(content).hexdigest() == card["sha256"] and len(content) == card["bytes"] <= 10_000_000


class Counting:
    """Stands in for the reader: answers by how loud a segment is, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, bool]] = []

    def read(self, segments: Sequence[Sound], speaker: Speaker | None = None) -> tuple[Sound, Sound]:
        self.asked += [(len(one), speaker is not None) for one in segments]
        rows = np.tile(np.float32(0.05), (len(segments), 7))
        rows[:, 0 if speaker is None else 1] = 0.7
        return rows, np.ones((len(segments), 3), np.float32)


def listening() -> tuple[VoiceListener, Counting]:
    counting = Counting()
    return VoiceListener(cast(Any, counting)), counting


def told(listener: VoiceListener, sound: Sound, begin: float = 0.0) -> None:
    for start in range(0, len(sound), 1600):
        piece = sound[start : start + 1600]
        listener.hear(piece, begin + (start + len(piece)) / RATE)


def test_silence_has_no_answer() -> None:
    listener, counting = listening()
    assert listener.answer() is None
    told(listener, np.zeros(5 * RATE, np.float32))
    assert listener.answer() is None and counting.asked == []


def test_each_window_is_read_once(speech: Sound) -> None:
    listener, counting = listening()
    told(listener, np.concatenate([np.zeros(RATE, np.float32), speech, np.zeros(RATE, np.float32)]))
    first = listener.answer()
    windows = len(counting.asked)
    again = listener.answer()
    assert first is not None and again is not None and np.allclose(first.probabilities, again.probabilities)
    assert len(counting.asked) == windows
    # Speech of five seconds has three whole windows of two and a half that move by half, and perhaps a rest.
    assert [size for size, _ in counting.asked].count(round(WINDOW * RATE)) in (2, 3, 4) and windows <= 5


def test_who_has_just_begun_gets_an_answer_soon(speech: Sound) -> None:
    listener, _ = listening()
    told(listener, speech[: 2 * RATE], begin=50.0)
    answer = listener.answer()
    assert answer is not None and 50 < answer.time <= 52.001 and 0 < answer.quality < 1
    assert answer.probabilities.sum() == pytest.approx(1)


def test_what_is_long_past_counts_no_more(speech: Sound) -> None:
    listener, _ = listening()
    told(listener, speech)
    told(listener, np.zeros(round((SECONDS - 2) * RATE), np.float32), len(speech) / RATE)
    assert listener.answer() is not None
    told(listener, np.zeros(4 * RATE, np.float32), len(speech) / RATE + SECONDS - 2)
    assert listener.answer() is None


def test_a_pause_of_the_microphone_starts_anew(speech: Sound) -> None:
    listener, _ = listening()
    told(listener, speech)
    assert listener.answer() is not None
    told(listener, np.zeros(RATE, np.float32), len(speech) / RATE + 60)
    assert listener.answer() is None
    told(listener, speech, len(speech) / RATE + 61)
    answer = listener.answer()
    assert answer is not None and answer.time > len(speech) / RATE + 61


def test_the_speaker_is_known_after_a_minute_and_forgotten_when_asked(speech: Sound) -> None:
    listener, counting = listening()
    times = int(MINUTE * RATE / len(speech)) + 3
    sound = np.tile(speech, times)
    told(listener, sound[: 40 * RATE])
    assert not listener.knows_speaker
    told(listener, sound[40 * RATE :], 40.0)
    assert listener.knows_speaker and counting.asked[-1][1] and not counting.asked[0][1]
    listener.reset()
    assert not listener.knows_speaker and listener.answer() is None


def test_key_segments_are_the_sure_and_loud_ones() -> None:
    answers = np.full((5, 7), 0.1)
    answers[:, 0] = [0.4, 0.9, 0.4, 0.9, 0.4]
    loud = np.log([0.1, 0.1, 0.1, 0.01, 0.001])
    shares = key_segments.weights(answers, loud)
    assert shares.sum() == pytest.approx(1) and shares.argmax() == 1 and (shares > 0).sum() == key_segments.MOST
    assert shares[4] == 0 and shares[3] > shares[0] == shares[2]
    once = key_segments.pooled(np.array([[0.7] + [0.05] * 6] * 3), np.array([0.5, 0.3, 0.2]))
    assert np.allclose(once, [0.7] + [0.05] * 6, atol=1e-4)
    assert key_segments.weights(answers[:1], loud[:1]).tolist() == [1.0]
    assert key_segments.weights(np.full((2, 7), 1 / 7), np.log([1e-9, 1e-9])).sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="no moments"):
        key_segments.weights(np.zeros((0, 7)), np.zeros(0))
