"""The stream's strongest seconds, and the moments that make a good list under its video. Pure."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from bot.crowd import Interval, wilson_interval
from bot.report.series import Bucket, Seconds
from model.emotions import EMOTIONS
from transport.reading import Probabilities

RISE: Final = 0.10
"""By how much of the crowd a moment must stand above the stream's own mean."""
NEAR: Final = 0.03
"""A moment begins where its share first comes so near to its highest: a crowd that cheers on is one moment."""
APART: Final = 60.0
"""Seconds between two moments, and what a stretch may fall back for and still be one."""
MOST: Final = 12
EARLIEST: Final = 10.0
"""Video sites want ten seconds between the first chapter, which is the start, and the next."""
FULL_ENOUGH: Final = 5
"""Seconds with shares that ten seconds need, to be a moment and no flicker."""


class Peak(Struct, frozen=True):
    """The second in which an expression's share was largest."""

    emotion: str
    into: float
    share: float
    interval: Interval
    viewers: int


class Moment(Struct, frozen=True):
    """Where an expression began to stand out: the mean share of the ten seconds there, and its rise above the mean."""

    emotion: str
    into: float
    share: float
    rise: float


def peaks(seconds: Seconds) -> list[Peak]:
    """The peak of each of the seven, the first of equal ones; empty where nothing was shown."""
    shown = np.flatnonzero(seconds.counted)
    if not len(shown):
        return []
    found = []
    for place, emotion in enumerate(EMOTIONS):
        row = int(shown[np.argmax(seconds.shares[shown, place])])
        share = float(seconds.shares[row, place])
        interval = wilson_interval(share, float(seconds.voters[row]))
        found.append(Peak(emotion, float(seconds.into[row]), share, interval, int(seconds.viewers[row])))
    return found


def moments(tens: Sequence[Bucket], means: Probabilities | None) -> list[Moment]:
    """At most `MOST` moments in the order of the stream, from its units of ten seconds. The highest rises come first.

    Each stretch in which an expression stands out makes one. A neutral crowd is no moment.
    """
    if means is None:
        return []
    candidates = [
        _moment(emotion, stretch, means[place])
        for place, emotion in enumerate(EMOTIONS)
        if emotion != "neutral"
        for stretch in _stretches(tens, place, means[place])
    ]
    chosen: list[Moment] = []
    for candidate in sorted(candidates, key=lambda moment: (-moment.rise, moment.into)):
        if len(chosen) < MOST and all(abs(candidate.into - other.into) >= APART for other in chosen):
            chosen.append(candidate)
    return sorted(chosen, key=lambda moment: moment.into)


Point = tuple[float, float]
"""When, and how large the share is."""


def _stretches(tens: Sequence[Bucket], place: int, mean: float) -> list[list[Point]]:
    """The units that stand out, in runs without a longer break than `APART`."""
    found: list[list[Point]] = []
    for bucket in tens:
        if bucket.shares is None or bucket.counted < FULL_ENOUGH or bucket.begin < EARLIEST:
            continue
        if bucket.shares[place] - mean < RISE:
            continue
        if not found or bucket.begin - found[-1][-1][0] > APART:
            found.append([])
        found[-1].append((bucket.begin, bucket.shares[place]))
    return found


def _moment(emotion: str, stretch: list[Point], mean: float) -> Moment:
    highest = max(share for _, share in stretch)
    into, share = next((into, share) for into, share in stretch if share >= highest - NEAR)
    return Moment(emotion, into, share, share - mean)
