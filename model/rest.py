"""A resting face as zero: the correction of a reading by what this face reads as at rest. Pure.

Some faces at rest are read as sad or angry all day. Where a face gives the distribution r at rest, a reading p becomes

    p'_k  proportional to  p_k * exp(clip(log t_k - log r_k, -LIMIT, LIMIT))

where t is what a rested face should give (RESTING: neutral, with a little of everything else). For p = r this gives t
as far as the limit lets it. A clear smile still reads as one, since odds change by at most exp(2 LIMIT). It is a prior
shift in the sense of Saerens et al. (Neural Computation 14, 2002) with a bound.
"""

from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.emotions import EMOTIONS

RESTING: Final = np.array([0.76 if emotion == "neutral" else 0.04 for emotion in EMOTIONS])
LIMIT: Final = log(4.0)
_LEAST: Final = 1e-3


def shift(rest: NDArray[np.floating]) -> NDArray[np.float64]:
    """What is added to the log probabilities (7,) of a face that reads as `rest` (7,) when it rests."""
    return np.asarray(np.clip(np.log(RESTING) - np.log(np.maximum(rest, _LEAST)), -LIMIT, LIMIT), np.float64)


def shifted(probabilities: NDArray[np.floating], added: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities (..., 7) with `added` (7,) on their logs; they sum to 1 again."""
    corrected = probabilities * np.exp(added)
    return np.asarray(corrected / corrected.sum(-1, keepdims=True), np.float64)
