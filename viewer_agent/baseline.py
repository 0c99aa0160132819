"""An optional correction for faces that do not look neutral at rest. Pure: time comes in, in seconds.

The baseline learns the distribution that this face gives at rest, and then every reading is corrected as `model.rest`
says. It is kept in memory only, for one person.

Off by default, because on people whom nothing was trained on it does not clearly help: for 20 actors of RAVDESS, read
from action units, neutral takes answered as an emotion went from 25 % to 20 % (90 % interval of the change: -15 to +3
points) and accuracy from 58 % to 54 % (-7 to 0). On pictures no pack has a second neutral one of a person, so only its
price could be measured: the card's `resting` has it, and `python -m model evaluate face` measures both.
"""

from typing import Final

import numpy as np

from model.rest import shift, shifted
from viewer_agent.clip import Distribution
from viewer_agent.reporter import total_variation


class Baseline:
    """Learns from the first `seconds` of a still expression of one face, then corrects."""

    STILL: Final = 0.25
    """Total variation from the mean so far up to which a face counts as resting; more starts the learning again."""

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self.forget()

    @property
    def learnt(self) -> bool:
        """Whether corrections are made."""
        return self._shift is not None

    def forget(self) -> None:
        """Start again: another face has come."""
        self._shift: Distribution | None = None
        self._samples: list[Distribution] = []
        self._since = 0.0

    def correct(self, probabilities: Distribution, now: float) -> Distribution:
        """The corrected distribution; the same one as long as the baseline is being learnt."""
        if self._shift is None:
            self._learn(probabilities, now)
        if self._shift is None:
            return probabilities
        return shifted(probabilities, self._shift)

    def _learn(self, probabilities: Distribution, now: float) -> None:
        if self._samples and total_variation(probabilities, np.mean(self._samples, axis=0)) > self.STILL:
            self._samples = []
        if not self._samples:
            self._since = now
        self._samples.append(probabilities)
        if now - self._since >= self._seconds:
            self._shift = shift(np.mean(self._samples, axis=0))
            self._samples = []
