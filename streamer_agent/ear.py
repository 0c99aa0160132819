"""What a voice says, twice: how it sounds and which words it speaks. For a live microphone and for a file alike.

No clock of its own: samples bring their time along, so that a file can be heard faster than it plays.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from model.modalities import Sensed
from model.speech import RATE, SpeechFinder, Utterance
from model.voice import VoiceAnswer
from streamer_agent.words import ReadsWords

WORDS_HALF_LIFE: Final = 10.0
"""Seconds after which what somebody said counts half."""
FAINT: Final = 0.02
"""Words that count less than this are forgotten."""


class Listens(Protocol):
    """The part of `model.voice.VoiceListener` that is used."""

    def hear(self, samples: NDArray[np.floating], time: float) -> None: ...
    def answer(self) -> VoiceAnswer | None: ...
    def reset(self) -> None: ...


class _Said(NamedTuple):
    """What one utterance felt like, and when it ended."""

    sensed: Sensed
    ended: float


class Ear:
    """Hears one speaker. `hear`, `voice` and `words` are for one thread; `run` may do its work in another."""

    def __init__(
        self,
        listener: Listens,
        words: ReadsWords | None = None,
        run: Callable[[Callable[[], None]], None] = lambda work: work(),
    ) -> None:
        """Without `words` only the voice is read. `run` is how a recognition is done: at once, which blocks `hear` for
        it and suits a file, or later in another thread, as `streamer_agent.recognition` does it for a microphone."""
        self.utterances = 0
        """How many utterances were found so far."""
        self.readable = 0
        """Of how many the words could be read so far."""
        self._listener = listener
        self._words = words
        self._run = run
        self._finder = SpeechFinder()
        self._heard = 0
        self._now = 0.0
        self._session = 0
        # Appending and copying are one step each, so that another thread may append.
        self._said: deque[_Said] = deque(maxlen=8)

    @property
    def speaking(self) -> bool:
        """Whether somebody speaks right now."""
        return self._finder.speaking

    def hear(self, samples: NDArray[np.float32], time: float) -> None:
        """Take in more sound (mono, 16 kHz, -1..1). `time`: of its last sample, in seconds of any steady clock."""
        self._listener.hear(samples, time)
        self._heard += len(samples)
        self._now = time
        for utterance in self._finder.hear(samples):
            self._take(utterance)

    def flush(self) -> None:
        """The sound has ended: read what was being said."""
        for utterance in self._finder.flush():
            self._take(utterance)

    def voice(self) -> Sensed | None:
        """How the speaker sounded in the last seconds; None when nobody spoke."""
        answer = self._listener.answer()
        return None if answer is None else Sensed(answer.probabilities, answer.quality)

    def words(self) -> Sensed | None:
        """What the words of the last utterances feel like, each counting half after ten seconds; None for none."""
        said = [(each.sensed, self._fading(each)) for each in tuple(self._said)]
        said = [(sensed, weight) for sensed, weight in said if weight >= FAINT]
        if not said:
            return None
        weights = np.array([weight for _, weight in said], np.float32)
        mixed = weights @ np.stack([sensed.probabilities for sensed, _ in said]) / weights.sum()
        return Sensed(mixed.astype(np.float32), float(weights.max()))

    def words_age(self) -> float | None:
        """Seconds since the newest words that could be read were spoken; None for none."""
        newest = max((said.ended for said in tuple(self._said)), default=None)
        return None if newest is None else max(0.0, self._now - newest)

    def reset(self) -> None:
        """Forget the speaker and all that was said. What is still being recognised counts no more."""
        self._said.clear()
        self._session += 1
        self._finder = SpeechFinder()
        self._heard = 0
        self._listener.reset()

    def _fading(self, said: _Said) -> float:
        return float(said.sensed.quality * 0.5 ** (max(0.0, self._now - said.ended) / WORDS_HALF_LIFE))

    def _take(self, utterance: Utterance) -> None:
        self.utterances += 1
        words = self._words
        if words is None:
            return
        # By the caller's clock: utterances count from the first sample that was heard.
        ended = self._now - (self._heard / RATE - utterance.end)

        session = self._session

        def read() -> None:
            sensed = words.read(utterance) if session == self._session else None
            if sensed is not None and session == self._session:
                self._said.append(_Said(sensed, ended))
                self.readable += 1

        self._run(read)
