"""Speech in, seven probabilities out: how something is said, whatever the words are.

`load()` once, then either `probabilities` of pieces of speech, or a `VoiceListener` for sound as it comes. Sound is
scored and dropped: nothing here keeps, logs or sends it. What a speaker usually sounds like is kept as averages of
measurements, in memory, until `reset`.
"""

import hashlib
import json
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from lera.errors import LeraError
from model import key_segments
from model.certainty import certainty
from model.emotions import EMOTIONS
from model.mel import SILENT, bands, loudness
from model.speaker import usual
from model.speech import RATE, SpeechFinder, Utterance, clean, is_voice

__all__ = ["NOTHING", "WEIGHTS", "Speaker", "VoiceAnswer", "VoiceListener", "VoiceReader", "load"]

WEIGHTS: Final = Path(__file__).with_name("weights") / "voice.onnx"
CARD: Final = WEIGHTS.with_suffix(".json")
QUIETEST: Final = 1e-5
"""Added to loudness before its logarithm."""
NOTHING: Final = np.full(len(EMOTIONS), 0.05, np.float32)
"""What is answered where there is no sound: neutral, as good as no answer."""
NOTHING[EMOTIONS.index("neutral")] = 1 - 0.05 * (len(EMOTIONS) - 1)
NOTHING.setflags(write=False)
SHORTEST: Final = 0.1
"""Seconds; less sound than this is nothing."""
LONGEST: Final = 15.0
"""Seconds of a segment that are read; what comes after them isn't."""

SECONDS: Final = 8.0
"""How far back the listener's answer goes."""
WINDOW: Final = 2.5
"""Seconds of speech that are read at once, as long as the clips that the reader learnt from; it moves by half."""
PART: Final = 0.8
"""Seconds that a window must have when the talker stops or has only begun; less says nothing reliable."""
MINUTE: Final = 60.0
"""Seconds of speech after which the speaker is known."""
REMEMBERED: Final = 72
"""Windows, three minutes, that the speaker is known by: a mood of an hour becomes the usual."""


NEW: Final = 0.7
"""Quality of a sure answer as long as the speaker isn't known: some people's usual voice sounds like a mood."""
GAP: Final = 1.0
"""Seconds that the clock may jump against the sound; more means that the microphone was paused or sound was lost."""


class Speaker(NamedTuple):
    """What a speaker usually sounds like: mean and deviation float32 (K,) of `VoiceReader.read`'s measurements."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, measured: NDArray[np.float32]) -> "Speaker":
        """From measurements (N, K) of about a minute of one speaker's segments."""
        return cls(*usual(measured, np.ones(measured.shape[1], np.float32)))


class VoiceAnswer(NamedTuple):
    """How the last seconds sound: `probabilities` float32 (7,) in the order of EMOTIONS, summing to 1; `quality` 0..1,
    how far they can be trusted; `time` of the last sample that counted, on the clock that `hear` was given."""

    probabilities: NDArray[np.float32]
    quality: float
    time: float


class VoiceReader:
    """Reads pieces of speech on one CPU thread. Made by `load`."""

    def __init__(self, session: onnxruntime.InferenceSession, card: dict[str, Any]) -> None:
        self._session: onnxruntime.InferenceSession | None = session
        self._width = int(session.get_inputs()[2].shape[0])
        self._nobody = Speaker(np.zeros(self._width, np.float32), np.ones(self._width, np.float32))
        self.card = card
        """The model card, as in `model/weights/voice.json`."""

    def probabilities(self, segments: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
        """The seven probabilities of each segment, float32 (N, 7) in the order of EMOTIONS; rows sum to 1.

        A segment is float (samples,), 16 kHz mono, -1..1, best 1 to 4 s of speech. An empty or silent one gets NOTHING.
        Raises ValueError for more than one channel.
        """
        return self.read(segments)[0]

    def read(
        self, segments: Sequence[NDArray[np.floating]], speaker: Speaker | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities (N, 7) as above, and what was measured of each segment, float32 (N, K), 0 for silent ones.

        `speaker` makes the answers those of someone whose usual speech is known. Raises ValueError when closed.
        """
        if self._session is None:
            raise ValueError("the voice reader is closed")
        who = speaker or self._nobody
        known = {"mean": who.mean, "deviation": who.deviation, "known": np.array([speaker is not None], np.float32)}
        answered, measured = np.tile(NOTHING, (len(segments), 1)), np.zeros((len(segments), self._width), np.float32)
        for row, segment in enumerate(segments):
            sound = clean(segment)[: round(LONGEST * RATE)]
            level = loudness(sound)
            if len(sound) < SHORTEST * RATE or level < SILENT:
                continue
            given = {
                "bands": bands(sound)[None],
                "loudness": np.array([[np.log(level + QUIETEST)]], np.float32),
                **known,
            }
            answered[row], measured[row] = (part[0] for part in self._session.run(None, given))
        seven: NDArray[np.float32] = answered / answered.sum(1, keepdims=True)
        return seven, measured

    def close(self) -> None:
        """Lets go of the network."""
        self._session = None


class _Moment(NamedTuple):
    """A window that was read: its answer, how loud it was (logarithm), and when it ended (seconds of sound)."""

    probabilities: NDArray[np.float32]
    loudness: float
    seconds: float
    end: float


class VoiceListener:
    """Reads one speaker's voice as it comes. Finds speech itself, and after a minute of it knows the speaker."""

    def __init__(self, reader: VoiceReader) -> None:
        self._reader = reader
        self.reset()

    def reset(self) -> None:
        """Forgets the speaker and all sound: another one speaks, or consent was taken back."""
        self._start_anew()
        self._measured: deque[NDArray[np.float32]] = deque(maxlen=REMEMBERED)
        self._spoken = 0.0
        self._speaker: Speaker | None = None

    def _start_anew(self) -> None:
        """Forgets all sound, but not the speaker."""
        self._finder = SpeechFinder()
        self._heard = 0  # samples
        self._clock = 0.0  # time of the first sample, by the last call of `hear`
        self._begun = -1.0  # start of the utterance whose windows are counted
        self._windows = 0  # of it that were read
        self._moments: deque[_Moment] = deque()

    @property
    def knows_speaker(self) -> bool:
        """Whether a minute of speech was heard, so that answers are beside the speaker's usual."""
        return self._speaker is not None

    def hear(self, samples: NDArray[np.floating], time: float) -> None:
        """Sound (N,), 16 kHz mono, -1..1; `time` of its last sample in seconds, on any steady clock.

        After a gap in time it starts anew, with the same speaker. Raises ValueError for more than one channel.
        """
        if self._heard and abs(time - len(samples) / RATE - self._clock - self._heard / RATE) > GAP:
            self._start_anew()
        for utterance in self._finder.hear(samples):
            self._read_whole(utterance)
            self._read_rest(utterance)
            self._begun = -1.0
        self._heard += len(samples)
        self._clock = time - self._heard / RATE
        going_on = self._finder.so_far()
        if going_on is not None:
            self._read_whole(going_on)
        self._forget()

    def answer(self) -> VoiceAnswer | None:
        """How the last seconds of speech sound; None when there was none."""
        self._forget()
        moments = list(self._moments)
        going_on = self._finder.so_far()
        # Who has only begun to talk gets an answer from what there is, read anew each time.
        if going_on is not None and PART <= going_on.end - going_on.start < WINDOW and is_voice(going_on.samples):
            moments.append(self._moment(going_on.samples, going_on.end)[0])
        if not moments:
            return None
        answers = np.stack([moment.probabilities for moment in moments])
        shares = key_segments.weights(answers, np.array([moment.loudness for moment in moments]))
        pooled = key_segments.pooled(answers, shares)
        seconds = float(shares @ np.array([min(1.0, moment.seconds / WINDOW) for moment in moments]))
        end = max(moment.end for moment, share in zip(moments, shares, strict=True) if share)
        quality = float(certainty(pooled)) * seconds * (1.0 if self.knows_speaker else NEW)
        return VoiceAnswer(pooled, quality, self._clock + end)

    def _forget(self) -> None:
        while self._moments and self._moments[0].end < self._heard / RATE - SECONDS:
            self._moments.popleft()

    def _read_whole(self, utterance: Utterance) -> None:
        """Reads the windows of an utterance that are complete and weren't read yet."""
        if utterance.start != self._begun:
            self._begun, self._windows = utterance.start, 0
        step, size = round(WINDOW / 2 * RATE), round(WINDOW * RATE)
        while (start := self._windows * step) + size <= len(utterance.samples):
            # Every other window is of new sound only, so only those tell of the speaker.
            self._keep(utterance.samples[start : start + size], utterance.start + (start + size) / RATE,
                       self._windows % 2 == 0)  # fmt: skip
            self._windows += 1

    def _read_rest(self, utterance: Utterance) -> None:
        """Reads what is left of an utterance that has ended."""
        step, size = round(WINDOW / 2 * RATE), round(WINDOW * RATE)
        read = (self._windows - 1) * step + size if self._windows else 0
        if len(utterance.samples) - read >= PART * RATE:
            self._keep(utterance.samples[read:], utterance.end, True)

    def _keep(self, samples: NDArray[np.float32], end: float, new: bool) -> None:
        if not is_voice(samples):
            return
        moment, measured = self._moment(samples, end)
        self._moments.append(moment)
        if new:
            self._measured.append(measured)
            self._spoken += moment.seconds
            if self._spoken >= MINUTE:
                self._speaker = Speaker.of(np.stack(self._measured))

    def _moment(self, samples: NDArray[np.float32], end: float) -> tuple[_Moment, NDArray[np.float32]]:
        answers, measured = self._reader.read([samples], self._speaker)
        level = float(np.log(loudness(samples) + QUIETEST))
        return _Moment(answers[0], level, len(samples) / RATE, end), measured[0]


def load() -> VoiceReader:
    """A reader with the shipped weights. Raises LeraError when they can't be had."""
    try:
        card = json.loads(CARD.read_text(encoding="utf-8"))
        content = WEIGHTS.read_bytes()
    except (OSError, ValueError) as error:
        raise LeraError(
            f"The voice reader's weights or card are missing in {WEIGHTS.parent}: get LERA anew."
        ) from error
    if hashlib.sha256(content).hexdigest() != card["sha256"]:
        raise LeraError(f"The voice reader's weights in {WEIGHTS} are not those of their card: get LERA anew.")
    return VoiceReader(open_session(content), card)


def open_session(weights: Path | bytes) -> onnxruntime.InferenceSession:
    """The network, ready to run on one thread, without threads that spin beside the stream."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
