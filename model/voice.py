"""Speech in, seven probabilities out: how something is said, whatever the words are.

`load()` once, then either `probabilities` of pieces of speech, or a `VoiceListener` for sound as it comes. Sound is
scored and dropped: nothing here keeps, logs or sends it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["WEIGHTS", "VoiceAnswer", "VoiceListener", "VoiceReader", "load"]

WEIGHTS: Final = Path(__file__).with_name("weights") / "voice.onnx"
CARD: Final = WEIGHTS.with_suffix(".json")


class VoiceAnswer(NamedTuple):
    """How the last seconds sound: `probabilities` float32 (7,) in the order of EMOTIONS, summing to 1; `quality` 0..1,
    how far they can be trusted; `time` of the last sample that counted, on the clock that `hear` was given."""

    probabilities: NDArray[np.float32]
    quality: float
    time: float


class VoiceReader:
    """Reads pieces of speech on one CPU thread. Made by `load`."""

    def __init__(self, session: Any, card: dict[str, Any]) -> None:
        self._session = session
        self.card = card
        """The model card, as in `model/weights/voice.json`."""

    def probabilities(self, segments: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
        """The seven probabilities of each segment, float32 (N, 7) in the order of EMOTIONS; rows sum to 1.

        A segment is float (samples,), 16 kHz mono, -1..1, best 1 to 4 s of speech. An empty or silent one gets the
        commonest answer, neutral. Raises ValueError for more than one channel.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Lets go of the network."""
        self._session = None


class VoiceListener:
    """Reads one speaker's voice as it comes. Finds speech itself, and after a minute of it knows the speaker."""

    def __init__(self, reader: VoiceReader) -> None:
        self._reader = reader

    def hear(self, samples: NDArray[np.floating], time: float) -> None:
        """Sound (N,), 16 kHz mono, -1..1; `time` of its last sample in seconds, on any steady clock."""
        raise NotImplementedError

    def answer(self) -> VoiceAnswer | None:
        """How the last seconds of speech sound; None when there was none."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forgets the speaker and all sound: another one speaks, or consent was taken back."""
        raise NotImplementedError


def load() -> VoiceReader:
    """A reader with the shipped weights. Raises LeraError when they can't be had."""
    raise NotImplementedError
