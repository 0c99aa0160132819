"""A stream's seconds in units of 10 s, 1 min, 10 min and 30 min, and where seconds are missing. Pure."""

from collections.abc import Sequence
from typing import Final, Literal, cast

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from bot.crowd import Interval, wilson_interval
from bot.history import Row
from transport.reading import Probabilities

Floats = npt.NDArray[np.float64]

UNITS: Final = (10, 60, 600, 1800)
"""Seconds in one point of the chart."""
GAP: Final = 5.0
"""Seconds without a share that are a gap; fewer are a busy machine's."""


class Seconds(Struct, frozen=True):
    """The rows of one stream as columns, (n,) and (n, 7). `into` counts from the stream's start, never down.

    `shares` are NaN where there were too few viewers. `voters` is how many equal votes a second was worth as far
    as the history tells: it keeps no reading's quality, so intervals from it are a little narrow where faces were dim.
    """

    into: Floats
    viewers: Floats
    voters: Floats
    shares: Floats
    chat: Floats

    @property
    def counted(self) -> npt.NDArray[np.bool_]:
        """Which seconds have shares, (n,)."""
        return ~np.isnan(self.shares[:, 0])


class Bucket(Struct, frozen=True):
    """One unit of time: seconds [begin, begin + unit) into the stream.

    `viewers` and `most` are of the `kept` seconds in it; `shares` and their 90 % `intervals` of the `counted` ones, and
    None without any.
    """

    begin: float
    kept: int
    counted: int
    viewers: float
    most: int
    shares: Probabilities | None
    intervals: tuple[Interval, ...] | None


class Gap(Struct, frozen=True):
    """A stretch without shares, in seconds into the stream: too `few` viewers, or `away` (rest, nobody, no bot)."""

    begin: float
    end: float
    reason: Literal["few", "away"]


def columns(rows: Sequence[Row], begin: float) -> Seconds:
    """The rows as columns; `begin` is the time at which the stream started."""
    nothing = (float("nan"),) * 7
    return Seconds(
        into=np.array([row.time - begin for row in rows], np.float64),
        viewers=np.array([row.viewers for row in rows], np.float64),
        voters=np.array([voters(row) for row in rows], np.float64),
        shares=np.array([row.shares or nothing for row in rows], np.float64).reshape(-1, 7),
        chat=np.array([row.chat_part for row in rows], np.float64),
    )


def voters(row: Row) -> float:
    """How many equal votes a second was worth at least: chatters' votes have a weight of their own, and fade."""
    if not row.faces or not 0.0 < row.chat_part < 1.0:
        return float(row.viewers)
    # Faces are 1 - chat_part of the weight, so all of it is worth so many faces.
    return min(row.faces / (1.0 - row.chat_part), float(row.viewers))


def buckets(seconds: Seconds, unit: int) -> list[Bucket]:
    """All units that hold a row, in order. A unit without any is a gap, and isn't there."""
    if not len(seconds.into):
        return []
    places = np.floor(seconds.into / unit)
    numbers, starts = np.unique(places, return_index=True)
    counted = seconds.counted
    kept = np.diff([*starts, len(places)])
    shown = np.add.reduceat(counted.astype(np.int64), starts)
    most = np.maximum.reduceat(seconds.viewers, starts)
    viewers = np.add.reduceat(seconds.viewers, starts) / kept
    some = np.maximum(shown, 1)
    votes = np.add.reduceat(np.where(counted, seconds.voters, 0.0), starts) / some
    shares = np.add.reduceat(np.where(counted[:, None], seconds.shares, 0.0), starts) / some[:, None]
    found = []
    for place in range(len(numbers)):
        seven = seven_of(shares[place]) if shown[place] else None
        found.append(
            Bucket(
                begin=float(numbers[place] * unit),
                kept=int(kept[place]),
                counted=int(shown[place]),
                viewers=float(viewers[place]),
                most=int(most[place]),
                shares=seven,
                intervals=seven and intervals_of(seven, float(votes[place])),
            )
        )
    return found


def gaps(seconds: Seconds, duration: float) -> list[Gap]:
    """All stretches of more than `GAP` seconds without shares, from the stream's start to its end."""
    counted = seconds.counted
    shown = seconds.into[counted]
    few = seconds.into[~counted]
    # A row stands for the second that ends with it.
    edges = np.concatenate([[0.0], shown, [duration + 1.0]])
    found = []
    for place in np.flatnonzero(np.diff(edges) > GAP + 1.0):
        begin, end = float(edges[place]), max(float(edges[place]), float(edges[place + 1]) - 1.0)
        between = np.searchsorted(few, begin) < np.searchsorted(few, end + 1.0)
        found.append(Gap(begin, end, "few" if between else "away"))
    return found


def intervals_of(shares: Probabilities, votes: float) -> tuple[Interval, ...]:
    """90 % intervals of seven shares. The seconds of a unit show the same people and make no more votes of them."""
    return tuple(wilson_interval(share, votes) for share in shares)


def seven_of(values: Floats) -> Probabilities:
    """An array of seven as the tuple that it is everywhere else."""
    return cast(Probabilities, tuple(values.tolist()))
