"""An optional correction for faces that do not look neutral at rest. Pure: time comes in, in seconds.

Some faces at rest are read as sad or angry all day. The baseline learns the distribution r that this face gives at rest
and then maps every reading p to p' with

    p'_k  proportional to  p_k * exp(clip(log t_k - log r_k, -LIMIT, LIMIT))

where t is what a rested face should give (RESTING: neutral, with a little of everything else). For p = r this gives t
as far as the limit lets it. A clear smile still reads as one, since odds change by at most exp(2 LIMIT). It is a prior
shift in the sense of Saerens et al. (Neural Computation 14, 2002) with a bound.

Off by default: whether it reads people better is not measured yet. It is kept in memory only, for one person.
"""

from math import log
from typing import Final

import numpy as np

from model.emotions import EMOTIONS
from viewer_agent.clip import Distribution
from viewer_agent.reporter import total_variation

RESTING: Final = np.array([0.76 if emotion == "neutral" else 0.04 for emotion in EMOTIONS])
LIMIT: Final = log(4.0)
_LEAST: Final = 1e-3


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
        corrected = probabilities * np.exp(self._shift)
        return np.asarray(corrected / corrected.sum())

    def _learn(self, probabilities: Distribution, now: float) -> None:
        if self._samples and total_variation(probabilities, np.mean(self._samples, axis=0)) > self.STILL:
            self._samples = []
        if not self._samples:
            self._since = now
        self._samples.append(probabilities)
        if now - self._since >= self._seconds:
            rested = np.maximum(np.mean(self._samples, axis=0), _LEAST)
            self._shift = np.clip(np.log(RESTING) - np.log(rested), -LIMIT, LIMIT)
            self._samples = []
