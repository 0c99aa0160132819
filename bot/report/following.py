"""How far the crowd followed the streamer through a stream: its score over time, the lag, its best stretch. Pure."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from bot.coupling import LAGS, couple
from bot.disagreement import Side
from bot.history import Dispute, Row, StreamerSecond
from bot.report.series import UNITS, Floats, seven_of
from bot.resonance import FEWEST, STRETCH, WINDOW
from model.emotions import EMOTIONS
from transport.reading import Probabilities

Scores = tuple[float | None, ...]


class OwnBucket(Struct, frozen=True):
    """One unit of time: the means of the seconds in it that have a score (`scored`), and of those with shares."""

    begin: float
    scored: int
    score: float | None
    low: float | None
    high: float | None
    shares: Probabilities | None


class Stretch(Struct, frozen=True):
    """The seconds that the highest score was taken from, into the stream; its lag in seconds."""

    begin: float
    end: float
    score: float
    lag: float


class Disputed(Struct, frozen=True):
    """A disagreement, in seconds into the stream."""

    between: tuple[Side, Side]
    says: tuple[str, str]
    begin: float
    end: float


class Following(Struct, frozen=True):
    """The streamer's side of a story. `scored` seconds have a score, `clear` of them are more than chance would be.

    `score`, `low` and `high` are means of the scored seconds, `lag` of the clear ones; `best` is of the clear ones.
    `emotions` are the scores of the seven, of the windows with a clear second; None where the streamer's own mood
    wasn't kept. `shares` is that mood's mean. `series` has the buckets of each of UNITS.
    """

    scored: int
    clear: int
    score: float | None
    low: float | None
    high: float | None
    lag: float | None
    best: Stretch | None
    emotions: Scores | None
    shares: Probabilities | None
    disputes: list[Disputed]
    series: dict[int, list[OwnBucket]]


def follow(
    rows: Sequence[Row], seconds: Sequence[StreamerSecond], disputes: Sequence[Dispute], begin: float
) -> Following | None:
    """The streamer's side of a stream that began at `begin`; None where there was none."""
    if not seconds and not disputes:
        return None
    scored = [each for each in seconds if each.score is not None]
    clear = [each for each in scored if each.lag is not None]
    shown = [each.shares for each in seconds if each.shares is not None]
    return Following(
        scored=len(scored),
        clear=len(clear),
        score=_mean(each.score for each in scored),
        low=_mean(each.low for each in scored),
        high=_mean(each.high for each in scored),
        lag=_mean(each.lag for each in clear),
        best=_best(clear, begin),
        emotions=_by_emotion(rows, seconds, begin),
        shares=seven_of(np.array(shown, np.float64).mean(axis=0)) if shown else None,
        disputes=[
            Disputed(found.between, found.says, max(0.0, found.since - begin), max(0.0, each.ended - begin))
            for each in disputes
            for found in (each.disagreement,)
        ],
        series={unit: _buckets(seconds, begin, unit) for unit in UNITS},
    )


def disputed_at(disputes: Sequence[Disputed], begin: float, end: float) -> Disputed | None:
    """The first that was on at any time between two moments, in seconds into the stream."""
    return next((each for each in disputes if each.begin < end and each.end >= begin), None)


def nearest(seconds: Sequence[StreamerSecond], times: Sequence[float]) -> list[StreamerSecond | None]:
    """The streamer's second of each time: the nearest one, at most `NEAR` away. Both are in order."""
    if not seconds:
        return [None] * len(times)
    known = np.array([each.time for each in seconds])
    wanted = np.asarray(times, np.float64)
    right = np.clip(np.searchsorted(known, wanted), 1, max(1, len(known) - 1))
    before, after = known[right - 1], known[np.minimum(right, len(known) - 1)]
    places = np.where(np.abs(wanted - before) <= np.abs(after - wanted), right - 1, np.minimum(right, len(known) - 1))
    return [
        seconds[place] if abs(seconds[place].time - time) <= NEAR else None
        for place, time in zip(places.tolist(), times, strict=True)
    ]


NEAR: Final = 0.6
"""Seconds between a row of the crowd's and its second of the streamer's: both are kept once a second."""


def _best(clear: Sequence[StreamerSecond], begin: float) -> Stretch | None:
    highest = max(clear, key=lambda each: each.score or 0.0, default=None)
    if highest is None or highest.score is None or highest.lag is None:
        return None
    end = max(0.0, highest.time - begin)
    return Stretch(max(0.0, end - WINDOW), end, highest.score, highest.lag)


def _buckets(seconds: Sequence[StreamerSecond], begin: float, unit: int) -> list[OwnBucket]:
    sorted_in: dict[int, list[StreamerSecond]] = {}
    for each in seconds:
        sorted_in.setdefault(math.floor(max(0.0, each.time - begin) / unit), []).append(each)
    found = []
    for number, members in sorted_in.items():
        shown = [each.shares for each in members if each.shares is not None]
        found.append(
            OwnBucket(
                begin=float(number * unit),
                scored=sum(each.score is not None for each in members),
                score=_mean(each.score for each in members),
                low=_mean(each.low for each in members),
                high=_mean(each.high for each in members),
                shares=seven_of(np.array(shown, np.float64).mean(axis=0)) if shown else None,
            )
        )
    return found


def _by_emotion(rows: Sequence[Row], seconds: Sequence[StreamerSecond], begin: float) -> Scores | None:
    """As the bot told them live, of windows that don't overlap, at the lag that was known at each one's end."""
    own = nearest(seconds, [row.time for row in rows])
    windows: dict[int, list[tuple[Row, StreamerSecond]]] = {}
    for row, each in zip(rows, own, strict=True):
        if each is not None and row.shares is not None and each.shares is not None:
            windows.setdefault(math.floor((row.time - begin) / WINDOW), []).append((row, each))
    told = []
    for members in windows.values():
        lag = next((each.lag for _, each in reversed(members) if each.lag is not None), None)
        stretches = _stretches(members)
        if lag is None or sum(len(streamer) for streamer, _ in stretches) < FEWEST:
            continue
        found = couple(stretches)
        if found is not None:
            told.append(found.by_emotion[int(np.abs(LAGS - lag).argmin())])
    if not told:
        return None
    table = np.array(told)
    return tuple(_scored(table[:, place]) for place in range(len(EMOTIONS)))


def _stretches(members: Sequence[tuple[Row, StreamerSecond]]) -> list[tuple[Floats, Floats]]:
    """Both sides' shares, (n, 7) each, apart where seconds are missing; stretches too short for a lag are left out."""
    found: list[list[tuple[Row, StreamerSecond]]] = []
    last = -math.inf
    for row, each in members:
        if row.time - last > 1.0 + NEAR:
            found.append([])
        found[-1].append((row, each))
        last = row.time
    return [
        (np.array([each.shares for _, each in part], np.float64), np.array([row.shares for row, _ in part], np.float64))
        for part in found
        if len(part) >= STRETCH
    ]


def _scored(correlations: Floats) -> float | None:
    known = correlations[~np.isnan(correlations)]
    return 100.0 * max(0.0, min(float(known.mean()), 1.0)) if len(known) else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None
