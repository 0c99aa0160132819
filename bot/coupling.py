"""How closely one series of moods follows another, and how much later: the estimate behind `bot/resonance.py`. Pure.

Both series (n, 7), one row a second, are turned into changes: differences from second to second, each of at most twice
the usual size, smoothed over some seconds. Differences, since two slow drifts look alike for no reason (Yule, J. R.
Stat. Soc. 89, 1926); limited, since one common jump, as at a stream's start, is no evidence of following (as the
spatial signs of Visuri, Koivunen & Oja, J. Stat. Plan. Inference 91, 2000, but for small changes); smoothed, since
nobody follows the noise of single readings. The same linear filter on both moves no lag. All of it happens in the
frequency domain, for all of the seven at once: with X and Y the changes' transforms, S(f) = sum over emotions of
conj(X) Y, and the correlation at the lag t is
    r(t) = Re sum_f S(f) exp(2 pi i f t) / sqrt(sum |X|^2 sum |Y|^2),   -1..1,
whose peak is the generalised cross-correlation's (Knapp & Carter, IEEE Trans. ASSP 24, 1976) and lies between samples.

Whether the peak is more than chance is asked of surrogates: pairs with the same spectra, within each side and across
the seven, and no relation between the sides (Theiler et al., Physica D 58, 1992; Prichard & Theiler, Phys. Rev. Lett.
73, 1994). Turning all phases of one side by the same random angles is turning those of S, so a surrogate costs one row
of a product of matrices. Both the data and each surrogate enter with their highest correlation over all lags
(Westfall & Young, 1993), so that looking at many lags makes no false alarms. Shifted copies of the series itself would
do for long recordings; five minutes hold only a dozen shifts that don't overlap, too few for 1 in 100.
"""

import functools
import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Spectra = npt.NDArray[np.complex128]

LONGEST_LAG: Final = 20.0
"""Seconds: a stream's delay and a crowd's reaction."""
LAGS: Final = np.arange(0.0, LONGEST_LAG + 0.05, 0.1)
"""The lags that are told apart, in seconds, (201,)."""
SURROGATES: Final = 399
SMOOTHING: Final = 1.5
"""Standard deviation of the smoothing, in seconds: what is left are changes over some five seconds to a minute."""
LIMIT: Final = 2.0
"""The largest change that counts in full, in usual ones; for the test it is 1."""
BAND: Final = 0.25
"""Hz; above it the smoothing leaves nothing."""
SMALLEST_MOVE: Final = 0.01
"""A change of the seven shares (Euclidean) below it is none."""
FEWEST_MOVES: Final = 15
"""Seconds in which something must have changed on either side …"""
FEWEST_EQUAL_MOVES: Final = 30.0
"""… and to how many equal changes all of them together must come (Kish's effective number)."""
SMALLEST_PART: Final = 0.01
"""An emotion with less of the changes than this has no correlation of its own."""

_MOST_FREQUENCIES: Final = 512
# Every fifth lag is enough for a peak that the smoothing makes some seconds wide.
_COARSE: Final = 5


class Coupling(NamedTuple):
    """What one window says: `correlations` (201,) at LAGS, what they are worth in independent pairs, and the chance.

    `p` is the probability of so high a peak without any following, at least 1 / (SURROGATES + 1). `by_emotion` (201, 7)
    is NaN for one that hardly moved.
    """

    correlations: Floats
    pairs: float
    p: float
    by_emotion: Floats


def couple(stretches: Sequence[tuple[Floats, Floats]]) -> Coupling | None:
    """How the second of each pair of series, (n, 7), follows the first; None where either hardly moved.

    Stretches of one window in order, without what lies between. What comes before and after a break counts as
    neighbours, which blurs a few pairs at each and makes nothing look like following.
    """
    leading = _changes([first for first, _ in stretches])
    following = _changes([second for _, second in stretches])
    if leading is None or following is None:
        return None
    smoothing, turns = _filters(len(leading[0]))
    x, y = (_spectra(side[0], smoothing) for side in (leading, following))
    reached = _reached((x.conj() * y).sum(axis=1), turns[:, ::_COARSE])
    x, y = (_spectra(side[1], smoothing) for side in (leading, following))
    cross = x.conj() * y
    power_x, power_y = np.square(np.abs(x)).sum(axis=0), np.square(np.abs(y)).sum(axis=0)
    whole = math.sqrt(power_x.sum() * power_y.sum())
    together = cross.sum(axis=1)
    if not np.abs(together).any():
        # All of it was faster than what is looked at, as what jumps to and fro every second is.
        return None
    moved = (power_x > SMALLEST_PART * power_x.sum()) & (power_y > SMALLEST_PART * power_y.sum())
    scale = np.where(moved, np.sqrt(power_x * power_y), np.nan)
    return Coupling(
        correlations=(together @ turns).real / whole,
        # The variance of a surrogate's correlation is 1 / pairs, as of pairs that know nothing of each other.
        pairs=float(2.0 * whole**2 / np.square(np.abs(together)).sum()),
        p=(1 + reached) / (1 + SURROGATES),
        by_emotion=(turns.T @ cross).real / scale,
    )


def _changes(stretches: Sequence[Floats]) -> tuple[Floats, Floats] | None:
    """The differences within each stretch, one after the other, without their mean: to test with, and to measure with.

    None is larger than the usual size in the first, and than LIMIT times that in the second: the first makes the fewest
    false alarms, the second finds lags best.
    """
    changes = np.concatenate([np.diff(stretch, axis=0) for stretch in stretches])
    sizes = np.sqrt(np.square(changes).sum(axis=1))
    moves = np.sort(sizes[sizes > SMALLEST_MOVE])
    if len(moves) < FEWEST_MOVES:
        return None
    # The usual size is the root mean square of all but the largest tenth.
    usual = math.sqrt(np.square(moves[: math.ceil(0.9 * len(moves))]).mean())
    squares = np.square(np.minimum(sizes, usual))
    if squares.sum() ** 2 < FEWEST_EQUAL_MOVES * np.square(squares).sum():
        # A lively half minute in a still window is one event, whatever follows in it.
        return None
    tested, measured = (
        changes * np.minimum(1.0, largest / np.maximum(sizes, 1e-12))[:, None] for largest in (usual, LIMIT * usual)
    )
    return tested - tested.mean(axis=0), measured - measured.mean(axis=0)


def _spectra(changes: Floats, smoothing: Floats) -> Spectra:
    return np.asarray(np.fft.rfft(changes, axis=0)[1 : len(smoothing) + 1] * smoothing[:, None])


@functools.lru_cache(2)
def _filters(samples: int) -> tuple[Floats, Spectra]:
    """Of so many samples: the smoothing at each frequency of the band, and exp(2 pi i f t) at each lag."""
    frequencies = np.arange(1, min(int(BAND * samples), _MOST_FREQUENCIES) + 1) / samples
    turning = 2.0 * np.pi * frequencies
    return np.exp(-0.5 * np.square(turning * SMOOTHING)), np.exp(1j * np.outer(turning, LAGS))


def _reached(together: Spectra, turns: Spectra) -> int:
    """How many surrogates come to a correlation as high as the data's highest, each at its own best lag."""
    turned = _angles()[:, : len(together)] * together.astype(np.complex64)
    # The real part alone: half the work, and the machine has a game to run.
    parts = np.concatenate([turned.real, -turned.imag], axis=1)
    waves = np.concatenate([turns.real, turns.imag]).astype(np.float32)
    return int(((parts @ waves).max(axis=1) >= float((together @ turns).real.max())).sum())


@functools.cache
def _angles() -> npt.NDArray[np.complex64]:
    """The surrogates' random angles, (SURROGATES, 512) as numbers on the unit circle, the same at every call.

    So what changes from second to second is the data alone.
    """
    generator = np.random.default_rng(1992)
    return np.asarray(np.exp(2j * np.pi * generator.random((SURROGATES, _MOST_FREQUENCIES))), np.complex64)
