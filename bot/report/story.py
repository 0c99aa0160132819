"""One stream in numbers, from its rows and those of the streams before it. Pure.

Means are of seconds, each counting the same however many shared in it: that is how the stream looked, not how much was
shared.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from bot.crowd import Interval
from bot.history import Dispute, Row, Session, StreamerSecond
from bot.report.following import Following, follow
from bot.report.moments import Moment, Peak, moments, peaks
from bot.report.reader import Averages
from bot.report.series import UNITS, Bucket, Floats, Gap, buckets, columns, gaps, intervals_of, seven_of
from model.emotions import EMOTIONS
from transport.reading import Probabilities

FEWEST_STREAMS: Final = 3
"""Earlier streams that make a usual."""
MOST_STREAMS: Final = 20
LONG_ENOUGH: Final = 600
"""Seconds with shares that make an earlier stream count: a test of two minutes is not what a channel is like."""


class Usual(Struct, frozen=True):
    """What the channel's earlier streams were like. Each counts the same; ranges go from smallest to largest mean."""

    streams: int
    viewers: float
    shares: Probabilities
    ranges: tuple[Interval, ...]


class Story(Struct, frozen=True):
    """One stream. Times inside it are seconds into it; `begin` is since 1970.

    `kept` are the seconds with a viewer, `counted` those of them with enough for shares. `viewers` and `most` are of
    the kept seconds, `shares`, `intervals` and `chat_part` (chat's part of the weight, 0..1) of the counted ones.
    `series` has the buckets of each of UNITS. `earlier` says how many streams there were to compare with; `usual` is
    None where those are fewer than FEWEST_STREAMS. `following` is the streamer's side; None where there was none.
    """

    session: Session
    begin: float
    duration: float
    running: bool
    kept: int
    counted: int
    viewers: float
    most: int
    chat_part: float
    shares: Probabilities | None
    intervals: tuple[Interval, ...] | None
    peaks: list[Peak]
    moments: list[Moment]
    gaps: list[Gap]
    series: dict[int, list[Bucket]]
    earlier: int
    usual: Usual | None
    following: Following | None = None

    @property
    def top(self) -> str | None:
        """The expression with the largest mean share."""
        return None if self.shares is None else EMOTIONS[self.shares.index(max(self.shares))]


def tell(
    session: Session,
    rows: Sequence[Row],
    earlier: Sequence[Averages] = (),
    own: Sequence[StreamerSecond] = (),
    disputes: Sequence[Dispute] = (),
) -> Story:
    """The story of one session, of its rows in order; `earlier` are the streams to compare with, newest first.

    `own` and `disputes` are the streamer's side of it, in order.
    """
    # The clock may have been set between a stream's start and the first row of it.
    begin = min([session.started, *(row.time for row in rows[:1])])
    end = max([begin, *(row.time for row in rows[-1:]), *([] if session.ended is None else [session.ended])])
    seconds = columns(rows, begin)
    counted = seconds.counted
    shown = int(counted.sum())
    shares = seven_of(seconds.shares[counted].mean(axis=0)) if shown else None
    series = {unit: buckets(seconds, unit) for unit in UNITS}
    compared = [stream for stream in earlier if stream.counted >= LONG_ENOUGH][:MOST_STREAMS]
    return Story(
        session=session,
        begin=begin,
        duration=end - begin,
        running=session.ended is None,
        kept=len(rows),
        counted=shown,
        viewers=float(seconds.viewers.mean()) if rows else 0.0,
        most=int(seconds.viewers.max()) if rows else 0,
        chat_part=_mean(seconds.chat[counted]),
        shares=shares,
        intervals=shares and intervals_of(shares, _mean(seconds.voters[counted])),
        peaks=peaks(seconds),
        moments=moments(series[UNITS[0]], shares),
        gaps=gaps(seconds, end - begin),
        series=series,
        earlier=len(compared),
        usual=usual_of(compared) if len(compared) >= FEWEST_STREAMS else None,
        following=follow(rows, own, disputes, begin),
    )


def usual_of(streams: Sequence[Averages]) -> Usual:
    """What these streams, of which each has shares, have in common."""
    known = [stream.shares for stream in streams if stream.shares is not None]
    table = np.array(known)
    return Usual(
        streams=len(known),
        viewers=math.fsum(stream.viewers for stream in streams) / len(streams),
        shares=seven_of(table.mean(axis=0)),
        ranges=tuple(zip(table.min(axis=0).tolist(), table.max(axis=0).tolist(), strict=True)),
    )


def before(session: Session, sessions: Sequence[Session]) -> list[Session]:
    """The streams of the same channel that began before this one, newest first."""
    others = [other for other in sessions if other.channel == session.channel and other.started < session.started]
    return sorted(others, key=lambda other: other.started, reverse=True)


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else 0.0
