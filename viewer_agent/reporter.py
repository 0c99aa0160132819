"""What is worth telling the hub, and when. Pure: time comes in, in seconds of any steady clock."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from transport.reading import AwayReason
from viewer_agent.clip import ClipReading, Distribution

Reason = AwayReason


# Compared by identity: comparing arrays gives arrays.
@dataclass(frozen=True, eq=False)
class Told:
    """A reading to post: probabilities sum to 1, quality 0..1, `captured` the wall clock of its newest frame."""

    probabilities: Distribution
    quality: float
    captured: float


@dataclass(frozen=True)
class Gone:
    """There is nothing to read, and why."""

    reason: Reason


class Reporter:
    """At most one reading every interval, and only when it differs from the last one; each absence once.

    The client repeats the last word as its heartbeat, so silence here costs nothing there.
    """

    QUALITY_STEP: Final = 0.25
    """A reading that says the same is sent again when its quality has moved by this much."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._posted = float("-inf")
        self._last: Told | Gone | None = None

    def due(self, now: float, interval: float) -> bool:
        """Whether a reading would be allowed now."""
        # Frames come at steps of their own; without the slack a reading would slip by a whole frame each time.
        return now >= self.due_at(interval) - 1e-3

    def due_at(self, interval: float) -> float:
        """The moment of the next reading that would be allowed."""
        return self._posted + interval

    def reading(self, reading: ClipReading, captured: float, now: float, interval: float) -> Told | None:
        """The reading to post, or None when it comes too early or says nothing new."""
        if not self.due(now, interval):
            return None
        if isinstance(self._last, Told):
            moved = total_variation(reading.probabilities, self._last.probabilities)
            trusted = abs(reading.quality - self._last.quality)
            if moved <= self._threshold and trusted < self.QUALITY_STEP:
                return None
        self._posted = now
        self._last = Told(reading.probabilities, reading.quality, captured)
        return self._last

    def away(self, reason: Reason) -> Gone | None:
        """The absence to tell, or None when it was told already."""
        if isinstance(self._last, Gone) and self._last.reason == reason:
            return None
        self._last = Gone(reason)
        return self._last


def total_variation(one: Distribution, other: Distribution) -> float:
    """Share of probability that would have to move to turn one distribution into the other, 0..1."""
    return float(np.abs(one - other).sum() / 2)
