"""What a speaker usually sounds like: mean and deviation of what is measured of their speech. Pure."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

PRIOR: Final = 8.0
"""Segments' worth of the usual deviation that is mixed into a speaker's own, which few segments tell badly."""


def usual(
    statistics: NDArray[np.floating], spread: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Statistics (N, K) of N segments of one speaker, and the deviation (K,) that all speakers' clips have -> the
    speaker's mean and deviation (K,)."""
    count = len(statistics)
    variance = (count * statistics.var(0) + PRIOR * np.square(spread)) / (count + PRIOR)
    return statistics.mean(0).astype(np.float32), np.sqrt(variance).astype(np.float32)
