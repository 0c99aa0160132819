"""Ten seconds of the crowd in one row, as the Sheet's `History` keeps them: from SQLite, and from memory beside it."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, cast

from bot.crowd import Mood
from bot.history import History
from lera.errors import LeraError
from model.emotions import EMOTIONS
from transport.reading import Probabilities
from transport.sheet_layout import Moment

SPAN: Final = 10.0
"""Seconds in one row."""


class Second(NamedTuple):
    """One second of the crowd. `shares` is None where there were too few viewers to show them."""

    time: float
    viewers: int
    shares: Probabilities | None


class Archive:
    """What is to be archived. Rows follow from the seconds alone, so that after a restart the same come out again."""

    MARGIN: Final = 2.0
    """Seconds after which the last second of a row has surely been remembered."""

    MOST: Final = 36_000
    """Seconds read at once: ten hours."""

    def __init__(self, history: History | None, channel: str, now: Callable[[], float]) -> None:
        """Without a history nothing outlives a restart."""
        self._history = history
        self._channel = channel
        self._now = now
        # What the disk refused is here for an hour.
        self._recent: deque[Second] = deque(maxlen=3600)

    def add(self, mood: Mood) -> None:
        """Remember one second; those without a viewer are not kept."""
        if mood.viewers:
            self._recent.append(Second(mood.time, mood.viewers, mood.shares))

    async def moments(self, after: float) -> list[Moment]:
        """The finished rows that begin later than `after`, oldest first; of very many only the first."""
        begin, end = start_of(after) + SPAN, start_of(self._now() - self.MARGIN)
        if end <= begin:
            return []
        seconds = {second.time: second for second in self._recent if begin <= second.time < end}
        try:
            kept = await asyncio.to_thread(self._kept, begin, end)
        except LeraError:
            kept = []  # The show says what is wrong with its disk.
        if len(kept) == self.MOST:
            # The last row may be cut in two; it comes with the next call.
            end = start_of(kept[-1].time)
        seconds |= {second.time: second for second in kept}
        return moments_of(second for second in seconds.values() if second.time < end)

    def _kept(self, begin: float, end: float) -> list[Second]:
        if self._history is None:
            return []
        rows = self._history.between(self._channel, begin, end, self.MOST)
        return [Second(row.time, row.viewers, row.shares) for row in rows]


def moments_of(seconds: Iterable[Second]) -> list[Moment]:
    """One row for each ten seconds that hold any: mean viewers, and the mean number of each emotion where it was shown.

    The numbers of a second add up to its viewers, so a share of 0.25 of 8 viewers counts as 2.
    """
    spans: dict[float, list[Second]] = {}
    for second in seconds:
        spans.setdefault(start_of(second.time), []).append(second)
    return [
        Moment(time, math.fsum(second.viewers for second in span) / len(span), _counts(span))
        for time, span in sorted(spans.items())
    ]


def start_of(time: float) -> float:
    """When the row that holds this time begins."""
    return math.floor(time / SPAN) * SPAN


def _counts(span: list[Second]) -> Probabilities | None:
    shown = [(second.viewers, second.shares) for second in span if second.shares is not None]
    if not shown:
        return None
    means = (math.fsum(viewers * shares[place] for viewers, shares in shown) for place in range(len(EMOTIONS)))
    return cast(Probabilities, tuple(mean / len(shown) for mean in means))
