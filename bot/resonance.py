"""Resonance: how far, and how long after, the crowd follows the streamer over the last minutes. Pure: time comes in.

`bot/coupling.py` says how a window of both is estimated and tested. Here is what that becomes over a stream: which
seconds count, when a finding is shown and when it is dropped, and a lag that stays where it is.

The score is the correlation of the changes at the lag, 0..100, negative ones being 0; it is a number also where it is
not `significant`, and then its interval reaches down to 0. The interval is Fisher's (Metron 1, 1921) with as many pairs
as the surrogates show the window to be worth. The lag is the most probable one, its interval holds 90 %: the window's
profile likelihood, (1 - r^2)^(-pairs / 2), with what the windows before it had found as a prior, never twice of the
same seconds. A tenth of the prior is spread over all lags, so that a stream whose delay changes is followed.
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from bot.coupling import LAGS, Coupling, Floats, couple

WINDOW: Final = 300
"""Seconds that are looked at."""
FEWEST: Final = 120
"""Seconds with both sides, without which nothing can be said."""
STRETCH: Final = 30
"""Seconds without a break that it takes to count at all: longer than a lag."""
SETTLE: Final = 10
"""Seconds after either side has come (back): who comes in changes a mood without following anybody."""
HOLD: Final = 3
"""Seconds that a side may be missing and still be what it was."""
FRESH: Final = 30.0
"""Seconds without either side after which the past tells nothing of now."""
EVERY: Final = 5
"""Seconds between two estimates."""
SURE: Final = 0.005
"""The chance that is low enough to show following …"""
HELD: Final = 6
"""… in so many estimates in a row: in a stream that is looked at all the time chance would have its day …"""
DOUBTFUL: Final = 0.10
"""… and above which it isn't shown any more: in between nothing flickers."""
UNSETTLED: Final = 0.1
"""The part of the prior for a lag of which nothing was known."""
BLUR: Final = 0.3
"""Seconds by which a lag may wander within a window (standard deviation)."""

_Z90: Final = 1.6449


class ResonanceState(Struct, frozen=True):
    """What is known by now. All but `state` is None while it is "not_enough".

    `score` 0..100 is the lag-corrected correlation, `low` and `high` its 90 % interval; `significant` says whether it
    beats the surrogates. `lag` in seconds, with `lag_low` and `lag_high`, is None where it isn't. `emotions` are the
    scores of the seven at that lag, in the order of EMOTIONS, None for one that hardly moved.
    """

    state: Literal["ok", "not_enough"] = "not_enough"
    score: float | None = None
    low: float | None = None
    high: float | None = None
    significant: bool = False
    lag: float | None = None
    lag_low: float | None = None
    lag_high: float | None = None
    emotions: tuple[float | None, ...] | None = None


class Resonance:
    """Fed once a second with both sides; an estimate every `EVERY` seconds, of a few milliseconds at most."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Know of nothing."""
        # One row for each second: both sides' seven, (2, 7), and for how many seconds both have been there.
        self._rows: deque[tuple[int, Floats, int]] = deque(maxlen=WINDOW)
        self._held = np.full((2, 7), np.nan)
        self._missing = [HOLD, HOLD]
        self._both = float("-inf")
        self._estimated = 0
        self._significant = False
        # How many estimates in a row were sure.
        self._sure = 0
        # What each estimate knew of the lag, with its second: what is older than a window shares no second with it.
        self._known: deque[tuple[int, Floats]] = deque(maxlen=WINDOW // EVERY + 1)
        self._state = ResonanceState()

    def add(self, time: float, streamer: Sequence[float] | None, crowd: Sequence[float] | None) -> None:
        """One second: the seven of each side, or None. A second that comes again, or from the past, is left out."""
        second = math.floor(time)
        if self._rows and second <= self._rows[-1][0]:
            if second < self._rows[-1][0] - 1:
                # The clock was set back: what was before it can't be joined to what comes.
                self.clear()
            else:
                return
        skipped = second - self._rows[-1][0] - 1 if self._rows else 0
        for late in range(min(skipped, HOLD + 1)):
            self._put(second - skipped + late, None, None)
        self._put(second, streamer, crowd)
        if second - self._estimated >= EVERY or second < self._estimated:
            self._estimated = second
            self._estimate(second)

    def state(self, now: float) -> ResonanceState:
        """What is known at `now`."""
        return self._state if now - self._both <= FRESH else ResonanceState()

    def _put(self, second: int, streamer: Sequence[float] | None, crowd: Sequence[float] | None) -> None:
        for side, shares in enumerate((streamer, crowd)):
            self._missing[side] = 0 if shares is not None else self._missing[side] + 1
            if shares is not None:
                self._held[side] = shares
            elif self._missing[side] > HOLD:
                self._held[side] = np.nan
        there = not bool(np.isnan(self._held).any())
        self._rows.append((second, self._held.copy(), self._rows[-1][2] + 1 if there and self._rows else int(there)))
        if streamer is not None and crowd is not None:
            self._both = second

    def _estimate(self, second: int) -> None:
        stretches = self._stretches(second)
        found = couple(stretches) if sum(len(first) for first, _ in stretches) >= FEWEST else None
        if found is None:
            self._significant, self._sure, self._state = False, 0, ResonanceState()
            return
        self._sure = self._sure + 1 if found.p <= SURE else 0
        self._significant = found.p <= DOUBTFUL if self._significant else self._sure >= HELD
        prior = self._prior(second)
        if self._significant:
            likelihood = -0.5 * found.pairs * np.log1p(-np.square(np.clip(found.correlations, 0.0, 0.999)))
            known = prior * np.exp(likelihood - likelihood.max())
            known = known / known.sum()
        else:
            # Without following there is no lag to learn of.
            known = prior
        self._known.append((second, known))
        self._state = _told(found, known, self._significant)

    def _stretches(self, second: int) -> list[tuple[Floats, Floats]]:
        """The parts of the window in which both sides are there, without the first seconds of each."""
        found: list[list[Floats]] = []
        before = 0
        for at, sides, run in self._rows:
            if at > second - WINDOW and run > SETTLE:
                if not found or run == SETTLE + 1 or run != before + 1:
                    found.append([])
                found[-1].append(sides)
            before = run
        whole = [np.stack(stretch) for stretch in found if len(stretch) >= STRETCH]
        return [(stretch[:, 0], stretch[:, 1]) for stretch in whole]

    def _prior(self, second: int) -> Floats:
        """What was known of the lag before this window's first second, (201,)."""
        before = [known for at, known in self._known if at <= second - WINDOW]
        flat = np.full(len(LAGS), 1.0 / len(LAGS))
        if not before:
            return flat
        return (1.0 - UNSETTLED) * np.convolve(before[-1], _KERNEL, "same") + UNSETTLED * flat


def _told(found: Coupling, known: Floats, significant: bool) -> ResonanceState:
    place = int(known.argmax()) if significant else int(found.correlations.argmax())
    correlation = float(found.correlations[place])
    low, high = _interval(correlation, found.pairs)
    lag = lag_low = lag_high = None
    if significant:
        below = np.cumsum(known)
        lag = float(LAGS[place])
        lag_low = min(lag, float(LAGS[np.searchsorted(below, 0.05)]))
        lag_high = max(lag, float(LAGS[min(int(np.searchsorted(below, 0.95)), len(LAGS) - 1)]))
    return ResonanceState(
        state="ok",
        score=_score(correlation),
        low=_score(low) if significant else 0.0,
        high=_score(high),
        significant=significant,
        lag=lag,
        lag_low=lag_low,
        lag_high=lag_high,
        emotions=tuple(None if math.isnan(each) else _score(each) for each in found.by_emotion[place].tolist()),
    )


def _interval(correlation: float, pairs: float) -> tuple[float, float]:
    middle = math.atanh(max(-0.999, min(correlation, 0.999)))
    reach = _Z90 / math.sqrt(max(pairs - 3.0, 1.0))
    return math.tanh(middle - reach), math.tanh(middle + reach)


def _score(correlation: float) -> float:
    return 100.0 * max(0.0, min(correlation, 1.0))


def _kernel() -> npt.NDArray[np.float64]:
    step = float(LAGS[1] - LAGS[0])
    reach = np.arange(-round(4 * BLUR / step), round(4 * BLUR / step) + 1) * step
    kernel = np.exp(-0.5 * np.square(reach / BLUR))
    return np.asarray(kernel / kernel.sum())


_KERNEL: Final = _kernel()
