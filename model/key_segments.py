"""Which moments of the last seconds tell most of how a speaker feels. Pure.

MERLB's key segments, after its idea that few moments of a broadcast carry the feeling: here those that the reader is
surest of and that are loud beside the speaker's others. `python -m model evaluate voice` compares the rule with taking
all moments and with taking the middle one.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.certainty import certainty

MOST: Final = 3
"""Moments that count at once."""
LEAST: Final = 0.1
"""Certainty that every moment has here, so that unsure ones are told apart by loudness."""


def weights(probabilities: NDArray[np.floating], loudness: NDArray[np.floating]) -> NDArray[np.float64]:
    """How much each of N moments counts, float64 (N,), sums to 1.

    `probabilities` (N, 7), `loudness` (N,) as natural logarithms of root mean squares. Raises ValueError without any.
    """
    if not len(probabilities):
        raise ValueError("no moments to choose from")
    level = np.exp(np.clip(loudness - np.max(loudness), -20.0, 0.0))
    score = np.maximum(certainty(probabilities), LEAST) * level
    score[np.argsort(-score, kind="stable")[MOST:]] = 0.0
    return np.asarray(score / score.sum(), np.float64)
