"""The crowd's state, and the Mood that it is in. Pure: no I/O, and time comes in as an argument.

Votes may be lost, late, doubled or stale, and the clock may jump; the shares still sum to 1 and nobody counts twice.
"""

import math
from collections import deque
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from model.emotions import AROUSAL, EMOTIONS, VALENCE
from transport.reading import Probabilities, Reading

Interval = tuple[float, float]

# 90 % two-sided, standard normal.
Z90: Final = 1.6449


class Mood(Struct, frozen=True):
    """The crowd at one moment. All that would tell of single viewers is None below `minimum_viewers`.

    `shares` and `intervals` are in the order of EMOTIONS; shares sum to 1; intervals are 90 % Wilson intervals.
    `valence` and `arousal` are -1..1. `trend` is the change of each share since `Crowd.TREND_SECONDS` ago.
    """

    time: float
    viewers: int
    minimum_viewers: int
    shares: Probabilities | None = None
    intervals: tuple[Interval, ...] | None = None
    valence: float | None = None
    arousal: float | None = None
    trend: Probabilities | None = None

    @property
    def enough(self) -> bool:
        """Whether there are enough viewers to show the split."""
        return self.shares is not None

    @property
    def top(self) -> str | None:
        """The emotion with the largest share."""
        return None if self.shares is None else EMOTIONS[max(range(len(EMOTIONS)), key=self.shares.__getitem__)]


class Crowd:
    """The last reading of each viewer. One viewer, one vote, weighed by its quality (0..1), gone after `expiry`."""

    TREND_SECONDS: Final = 30.0
    MINIMUM_QUALITY: Final = 0.05

    def __init__(self, minimum_viewers: int = 3, expiry: float = 15.0) -> None:
        self.minimum_viewers = minimum_viewers
        self.expiry = expiry
        # One row for each viewer, without gaps, so that a mood of thousands is a few array operations.
        self._rows: dict[str, int] = {}
        self._viewers: list[str] = []
        self._times = np.zeros(64)
        self._weights = np.zeros(64)
        self._votes = np.zeros((64, len(EMOTIONS)))
        self._now = float("-inf")
        # (time, shares) about once a second, for the trend.
        self._past: deque[tuple[float, Probabilities | None]] = deque()

    def take(self, reading: Reading, now: float) -> bool:
        """Count a reading. False when it changes nothing: older than the viewer's last, expired, or without quality."""
        self._advance(now)
        # The bot's clock decides: a reading can't come from the future, and can't buy itself a longer life there.
        time = min(reading.time, now)
        row = self._rows.get(reading.viewer)
        if time <= now - self.expiry or (row is not None and time < self._times[row]):
            return False
        if reading.quality < self.MINIMUM_QUALITY:
            self.leave(reading.viewer)
            return False
        if row is None:
            row = self._new_row(reading.viewer)
        self._times[row] = time
        self._weights[row] = min(reading.quality, 1.0)
        self._votes[row] = reading.probabilities
        return True

    def leave(self, viewer: str) -> bool:
        """Withdraw a viewer's vote. True when there was one."""
        row = self._rows.pop(viewer, None)
        if row is None:
            return False
        # The last row moves into the gap.
        last = self._viewers.pop()
        if last != viewer:
            end = len(self._viewers)
            self._rows[last] = row
            self._viewers[row] = last
            self._times[row], self._weights[row], self._votes[row] = (
                self._times[end],
                self._weights[end],
                self._votes[end],
            )
        return True

    def reading_of(self, viewer: str, now: float) -> Probabilities | None:
        """The viewer's own counted vote, for that viewer alone."""
        self._advance(now)
        row = self._rows.get(viewer)
        if row is None or self._times[row] <= now - self.expiry:
            return None
        return _normalized(self._votes[row])

    def mood(self, now: float) -> Mood:
        """The crowd's mood at `now`."""
        self._advance(now)
        self._expire(now)
        viewers = len(self._viewers)
        if viewers < self.minimum_viewers:
            self._remember(now, None)
            return Mood(now, viewers, self.minimum_viewers)
        votes, weights = self._votes[:viewers], self._weights[:viewers]
        # Each row is divided by its sum, which may be a little off 1: no one gets two hundredths of a vote extra.
        shares = _normalized((weights / votes.sum(axis=1)) @ votes)
        voters = float(weights.sum() ** 2 / (weights @ weights))
        self._remember(now, shares)
        return Mood(
            time=now,
            viewers=viewers,
            minimum_viewers=self.minimum_viewers,
            shares=shares,
            intervals=tuple(wilson_interval(share, voters) for share in shares),
            valence=math.fsum(map(float.__mul__, shares, VALENCE)),
            arousal=math.fsum(map(float.__mul__, shares, AROUSAL)),
            trend=self._trend(now, shares),
        )

    def _advance(self, now: float) -> None:
        # After a clock that was set back, every age stays what it was; else votes would live as long as the jump.
        if now < self._now:
            jump = self._now - now
            self._times -= jump
            self._past = deque((time - jump, shares) for time, shares in self._past)
        self._now = now

    def _expire(self, now: float) -> None:
        old = self._times[: len(self._viewers)] <= now - self.expiry
        for viewer in [self._viewers[row] for row in np.flatnonzero(old)]:
            self.leave(viewer)

    def _new_row(self, viewer: str) -> int:
        row = len(self._viewers)
        if row == len(self._times):
            self._times = np.concatenate([self._times, np.zeros_like(self._times)])
            self._weights = np.concatenate([self._weights, np.zeros_like(self._weights)])
            self._votes = np.concatenate([self._votes, np.zeros_like(self._votes)])
        self._viewers.append(viewer)
        self._rows[viewer] = row
        return row

    def _remember(self, now: float, shares: Probabilities | None) -> None:
        if not self._past or now - self._past[-1][0] >= 1.0:
            self._past.append((now, shares))
        # The last one that is old enough stays: it is what the trend compares with.
        while len(self._past) > 1 and self._past[1][0] <= now - self.TREND_SECONDS:
            self._past.popleft()

    def _trend(self, now: float, shares: Probabilities) -> Probabilities | None:
        if not self._past:
            return None
        time, then = self._past[0]
        age = now - time
        if then is None or not self.TREND_SECONDS <= age < 2 * self.TREND_SECONDS:
            return None
        return _seven(share - earlier for share, earlier in zip(shares, then, strict=True))


def wilson_interval(share: float, voters: float) -> Interval:
    """90 % interval of a proportion (Wilson, JASA 22, 1927), for `voters` effective votes.

    The viewers who take part are read as a sample of the whole audience. Votes here are graded, not yes or no, and
    graded votes vary less, so that the interval errs on the wide side.
    """
    z2 = Z90 * Z90
    middle = share + z2 / (2 * voters)
    reach = Z90 * math.sqrt(max(share * (1 - share), 0.0) / voters + z2 / (4 * voters * voters))
    scale = 1 + z2 / voters
    # At share 0 and 1 the bounds touch the share; rounding must not push them past it.
    low, high = (middle - reach) / scale, (middle + reach) / scale
    return max(0.0, min(low, share)), min(1.0, max(high, share))


def _normalized(values: npt.NDArray[np.float64]) -> Probabilities:
    return _seven((values / values.sum()).tolist())


def _seven(values: Iterable[float]) -> Probabilities:
    happiness, sadness, neutral, anger, surprise, disgust, fear = values
    return (happiness, sadness, neutral, anger, surprise, disgust, fear)
