"""Shares that a few can't steer: what an anonymous vote weighs, and means without the votes at both ends. Pure."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from transport.partial import Tally

Row = npt.NDArray[np.float64]

_LEAST: Final = 1e-3
"""The part of what was felt that must be left for trimmed means; less of it is little more than rounding."""


def anonymous_weight(anonymous: Tally, linked: Tally) -> float:
    """What an anonymous vote weighs where a linked one weighs 1: a squared, `a` being the anonymous part of the voters.

    So their share is at most a^3 / (a^3 + 1 - a): all of it where nobody is linked, 3.7 % for a = 0.3. That holds
    whatever quality they claim: all of theirs together counts as no better than the linked viewers' is.
    """
    if not anonymous.voters or not linked.voters:
        return 1.0
    part = anonymous.voters / (anonymous.voters + linked.voters)
    claimed = (linked.weight / linked.voters) / (anonymous.weight / anonymous.voters)
    return part * part * min(1.0, claimed)


def cut_part(trim: float, voters: int) -> float:
    """The part of the votes that is cut at each end: `trim`, in whole votes. Few voters are not trimmed at all."""
    return math.floor(trim * voters + 1e-9) / voters if voters else 0.0


def trimmed_means(weights: Row, sums: Row, cut: float) -> Row:
    """The mean of each emotion without the part `cut` (0..0.5) of the weight at each end, made to sum to 1. (7,).

    `weights` and `sums` are histograms as of `transport.partial.Tally`, (7, bins). Of a bin that is cut in two, all
    weight is taken to lie at the bin's own mean (trimmed mean: Tukey & McLaughlin, Sankhya A 25, 1963). A crowd so
    divided that nothing is left, since no emotion is felt by more than are cut, is not trimmed.
    """
    if cut <= 0.0:
        return _shares(sums)
    upto = np.cumsum(weights, axis=1)
    whole = upto[:, -1:]
    kept = np.minimum(upto, (1 - cut) * whole) - np.maximum(upto - weights, cut * whole)
    parts = np.divide(kept.clip(0.0), weights, out=np.zeros_like(weights), where=weights > 0.0)
    trimmed = parts * sums
    return _shares(trimmed if trimmed.sum() > _LEAST * sums.sum() else sums)


def _shares(sums: Row) -> Row:
    means: Row = sums.sum(axis=1)
    means /= means.sum()
    return means
