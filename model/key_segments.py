"""Which moments of the last seconds tell most of how a speaker feels. Pure.

MERLB's key segments, after its idea that few moments of a broadcast carry the feeling: here those that the reader is
surest of. How loud they are counts little, so that a far-off voice in the background doesn't. Their answers are pooled
as logarithms (Genest & Zidek, "Combining probability distributions", Statistical Science 1986), in which a moment that
rules an emotion out counts for more than in a mean. `python -m model evaluate voice` compares the rule with others.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.certainty import certainty

MOST: Final = 4
"""Moments that count at once."""
LEAST: Final = 0.1
"""Certainty that every moment has here, so that there is always one to choose."""
LOUD: Final = 0.25
"""Power of the loudness (root mean square) beside the loudest moment's."""
SMALL: Final = 1e-6


def weights(probabilities: NDArray[np.floating], loudness: NDArray[np.floating]) -> NDArray[np.float64]:
    """How much each of N moments counts, float64 (N,), sums to 1.

    `probabilities` (N, 7), `loudness` (N,) as natural logarithms of root mean squares. Raises ValueError without any.
    """
    if not len(probabilities):
        raise ValueError("no moments to choose from")
    level = np.exp(LOUD * np.clip(loudness - np.max(loudness), -20.0, 0.0))
    score = np.maximum(certainty(probabilities), LEAST) * level
    score[np.argsort(-score, kind="stable")[MOST:]] = 0.0
    return np.asarray(score / score.sum(), np.float64)


def pooled(probabilities: NDArray[np.floating], shares: NDArray[np.floating]) -> NDArray[np.float32]:
    """The answers (N, 7) of moments with `shares` (N,) as one, float32 (7,), sums to 1."""
    found = np.exp(shares @ np.log(np.asarray(probabilities, np.float64) + SMALL))
    return np.asarray(found / found.sum(), np.float32)
