"""What was read, place by place, in numbers: columns, units, gaps, means, moments. Pure.

A place is a second of a clip or a recording, or a sentence of a text without times. Where nothing was to be read there
is no number.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final, Literal, cast

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from model.emotions import EMOTIONS
from model.modalities import MODALITIES, Fused, Modality, Sensed, fuse
from transport.reading import Probabilities

Floats = npt.NDArray[np.float64]
Kind = Literal["video", "sound", "text", "subtitles"]
Absence = Literal["no_stream", "left_out", "no_words", "nothing"]
"""Why a modality has no timeline: the file hasn't got it, its reading was switched off or there is no recogniser here,
or there was nothing in it that could be read."""

SECOND_UNITS: Final = (1, 10, 60, 600)
SENTENCE_UNITS: Final = (1, 5, 20, 100)
RISE: Final = 0.10
"""By how much a moment must stand above the file's own mean."""
APART: Final = 5
"""Seconds that two moments are at least apart: what one second tells comes from several before it."""
APART_SENTENCES: Final = 2
MOST_MOMENTS: Final = 12


class Track(Struct, frozen=True):
    """One modality, or all fused, place by place: `shares` (n, 7), NaN where nothing was to be read; `quality` (n,)."""

    shares: Floats
    quality: Floats

    @property
    def counted(self) -> npt.NDArray[np.bool_]:
        """Which places have numbers, (n,)."""
        return ~np.isnan(self.shares[:, 0])

    @property
    def known(self) -> int:
        """How many places have numbers."""
        return int(self.counted.sum())

    @property
    def means(self) -> Probabilities | None:
        """The mean of all that was read, each place counting the same; None without any."""
        return _seven(self.shares[self.counted].mean(axis=0)) if self.known else None


class Point(Struct, frozen=True):
    """One unit: places [begin, begin + unit). `shares` are the means of the `counted` ones, None without any."""

    begin: int
    kept: int
    counted: int
    shares: Probabilities | None


class Moment(Struct, frozen=True):
    """Where an expression stood out: the place, its share there, and its rise above the file's mean."""

    emotion: str
    into: int
    share: float
    rise: float


class Peak(Struct, frozen=True):
    """The place in which an expression's share was largest."""

    emotion: str
    into: int
    share: float


class Read(Struct, frozen=True):
    """All that was read of a file. `length` is in seconds, or in sentences where `counts` says that places are those.

    `tracks` has what was read of each modality, `absent` why the others aren't there. `parts` (n, 3) says how much each
    of MODALITIES counted in the fused mood. `lines` are the lines (from 1) of a text's sentences. `early` says that the
    file ended before the length that it claims (`claimed`, in seconds).
    """

    name: str
    kind: Kind
    length: float
    tracks: dict[Modality, Track]
    absent: dict[Modality, Absence]
    fused: Track
    parts: Floats
    lines: tuple[int, ...] = ()
    claimed: float | None = None

    @property
    def counts(self) -> bool:
        """Whether places are sentences, not seconds."""
        return self.kind == "text"

    @property
    def units(self) -> tuple[int, ...]:
        """Places in one point of the chart; what would be fewer than two points is left out."""
        first, *others = SENTENCE_UNITS if self.counts else SECOND_UNITS
        return (first, *(unit for unit in others if 2 * unit <= len(self.fused.quality)))

    @property
    def early(self) -> bool:
        """Whether it ended clearly before the length that it claims."""
        return self.claimed is not None and self.length < self.claimed - max(2.0, 0.02 * self.claimed)

    @property
    def mean_parts(self) -> dict[Modality, float]:
        """How much each modality counted, over all places with a fused mood; those that counted at all."""
        known = self.fused.counted
        if not known.any():
            return {}
        means = self.parts[known].mean(axis=0).tolist()
        return {modality: part for modality, part in zip(MODALITIES, means, strict=True) if part > 0}


def track(sensed: Sequence[Sensed | None]) -> Track:
    """A timeline of what was sensed at each place; what has no quality at all is nothing."""
    nothing = np.full(len(EMOTIONS), np.nan)
    told = [one if one is not None and one.quality > 0 else None for one in sensed]
    rows = [nothing if one is None else one.probabilities for one in told]
    return Track(
        np.array(rows, np.float64).reshape(-1, len(EMOTIONS)),
        np.array([0.0 if one is None else one.quality for one in told], np.float64),
    )


def fused(tracks: Mapping[Modality, Track], length: int) -> tuple[Track, Floats]:
    """All modalities together at each place, and how much each counted, (n, 3) in the order of MODALITIES."""
    found: list[Fused | None] = []
    for place in range(length):
        there = {
            modality: Sensed(one.shares[place], float(one.quality[place]))
            for modality, one in tracks.items()
            if one.counted[place]
        }
        found.append(fuse(there) if there else None)
    parts = [[0.0 if one is None else one.parts.get(name, 0.0) for name in MODALITIES] for one in found]
    mood = track([None if one is None else Sensed(one.probabilities, one.quality) for one in found])
    return mood, np.array(parts, np.float64).reshape(-1, len(MODALITIES))


def points(timeline: Track, unit: int) -> list[Point]:
    """The timeline in units of so many places, all of them in order."""
    made = []
    for begin in range(0, len(timeline.shares), unit):
        part = timeline.shares[begin : begin + unit]
        known = part[~np.isnan(part[:, 0])]
        made.append(Point(begin, len(part), len(known), _seven(known.mean(axis=0)) if len(known) else None))
    return made


def gaps(timeline: Track, length: float) -> list[tuple[float, float]]:
    """All stretches without numbers, from 0 to the file's end."""
    counted = np.concatenate([[True], timeline.counted, [True]])
    edges = np.flatnonzero(np.diff(counted.astype(np.int8)))
    return [(float(begin), min(float(end), length)) for begin, end in edges.reshape(-1, 2).tolist()]


def peaks(timeline: Track) -> list[Peak]:
    """Where each of the seven was largest, the first of equal ones; empty where nothing was read."""
    known = np.flatnonzero(timeline.counted)
    if not len(known):
        return []
    best = [int(known[np.argmax(timeline.shares[known, place])]) for place in range(len(EMOTIONS))]
    return [
        Peak(emotion, into, float(timeline.shares[into, place]))
        for place, (emotion, into) in enumerate(zip(EMOTIONS, best, strict=True))
    ]


def moments(read: Read) -> list[Moment]:
    """At most MOST_MOMENTS, in order: where an expression other than neutral stood highest above the file's mean.

    Each is the highest place within the time that two moments are apart, which grows with the file.
    """
    timeline, means = read.fused, read.fused.means
    if means is None:
        return []
    least = APART_SENTENCES if read.counts else APART
    apart = max(least, math.ceil(len(timeline.shares) / (2 * MOST_MOMENTS)))
    rises = np.nan_to_num(timeline.shares - np.array(means), nan=-1.0)
    rises[:, EMOTIONS.index("neutral")] = -1.0
    found: list[Moment] = []
    # The highest first, and the earliest of equal ones.
    for place in np.argsort(-rises.max(axis=1), kind="stable").tolist():
        emotion = int(np.argmax(rises[place]))
        if rises[place, emotion] < RISE or len(found) == MOST_MOMENTS:
            break
        if all(abs(place - other.into) >= apart for other in found):
            share, rise = float(timeline.shares[place, emotion]), float(rises[place, emotion])
            found.append(Moment(EMOTIONS[emotion], place, share, rise))
    return sorted(found, key=lambda moment: moment.into)


def spread(cues: Sequence[tuple[float, float, Sensed]], length: int) -> list[Sensed | None]:
    """What was said from one second to another, as one answer for each second: the mean of all that overlap it,
    weighted by quality and by how long they do. `cues` are (begin, end, what it felt like)."""
    weights = np.zeros(length)
    most = np.zeros(length)
    sums = np.zeros((length, len(EMOTIONS)))
    for begin, end, sensed in cues:
        for second in range(max(0, int(begin)), min(length, math.ceil(end))):
            there = min(end, second + 1.0) - max(begin, float(second))
            weight = max(there, 0.0) * sensed.quality
            weights[second] += weight
            sums[second] += weight * np.asarray(sensed.probabilities, np.float64)
            most[second] = max(most[second], sensed.quality if weight > 0 else 0.0)
    return [
        Sensed(sums[second] / weights[second], float(most[second])) if weights[second] > 0 else None
        for second in range(length)
    ]


def _seven(values: Floats) -> Probabilities:
    return cast(Probabilities, tuple(values.tolist()))
