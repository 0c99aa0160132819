"""Resonance: how far, and how long after, the crowd follows the streamer. Pure: time comes in."""

from typing import Final, Literal

from msgspec import Struct

LONGEST_LAG: Final = 20.0
"""Seconds: a stream's delay and a crowd's reaction."""


class ResonanceState(Struct, frozen=True):
    """What is known by now. All but `state` is None while it is "not_enough".

    `score` 0..100 is the lag-corrected correlation, `low` and `high` its 90 % interval; `significant` says whether it
    beats the surrogates. `lag` in seconds, with `lag_low` and `lag_high`. `emotions` are the scores of the seven, in
    the order of EMOTIONS, None for one that never moved.
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
