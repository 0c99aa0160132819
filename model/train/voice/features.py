"""What the network learns from, made once and kept in the run's folder: each clip's bands, as recorded and in other
sessions, with the sums that speakers are normalised by."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.log_mel import BANDS, log_mel, spoken
from model.train.voice import rooms
from model.train.voice.packs import Clips

VERSIONS: Final = 6
"""Of each training clip: one as it was recorded, the others in sessions made up."""
SESSION: Final = 40
"""Clips of a speaker that share a made-up session: about a minute and a half."""


@dataclass(frozen=True)
class Features:
    """N clips of one version: `bands` float16 (frames of all clips, BANDS), `starts` int64 (N + 1,) into it,
    `sums` float64 (N, 2, BANDS) of values and of squares over spoken frames, `counts` (N,) of those, and `sessions`
    int64 (N,): clips with the same number were recorded in one go."""

    bands: NDArray[np.float16]
    starts: NDArray[np.int64]
    sums: NDArray[np.float64]
    counts: NDArray[np.int64]
    sessions: NDArray[np.int64]

    def clip(self, row: int) -> NDArray[np.float16]:
        """One clip's bands (T, BANDS)."""
        return self.bands[self.starts[row] : self.starts[row + 1]]


def sessions_of(speakers: Sequence[str], size: int, random: np.random.Generator) -> NDArray[np.int64]:
    """A number for each clip; those of a speaker are dealt out by chance to groups of about `size`."""
    found, made = np.zeros(len(speakers), np.int64), 0
    names = np.array(speakers)
    for name in dict.fromkeys(speakers):
        rows = random.permutation(np.flatnonzero(names == name))
        groups = max(1, round(len(rows) / size))
        for group in np.array_split(rows, groups):
            found[group] = made
            made += 1
    return found


def features(clips: Clips, version: int) -> Features:
    """Version 0 is as recorded; others are made up, always the same for the same number."""
    random = np.random.default_rng([17, version])
    sessions = sessions_of(clips.speakers, SESSION if version else len(clips), random)
    where = [rooms.session(random, clips.sounds) for _ in range(int(sessions.max()) + 1)] if version else []
    parts, sums, counts = [], [], []
    for sound, number in zip(clips.sounds, sessions.tolist(), strict=True):
        bands = log_mel(rooms.heard(sound, where[number], random) if version else sound)
        loud = bands[spoken(bands)].astype(np.float64)
        parts.append(bands.astype(np.float16))
        sums.append([loud.sum(0), np.square(loud).sum(0)])
        counts.append(len(loud))
    starts = np.cumsum([0, *map(len, parts)])
    return Features(np.concatenate(parts), starts, np.array(sums), np.array(counts), sessions)


def kept(clips: Clips, version: int, name: str, run: Path) -> Features:
    """`features`, from the run's folder where they are there already."""
    path = run / f"{name}-{version}.npz"
    if not path.exists():
        run.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.stem}.part.npz")
        np.savez(part, **vars(features(clips, version)))
        part.replace(path)
        print(f"{path.name}: {len(clips)} clips", flush=True)
    with np.load(path) as file:
        return Features(**{key: file[key] for key in Features.__dataclass_fields__})


def normal(sums: NDArray[np.float64], counts: NDArray[np.int64] | int) -> tuple[NDArray[np.float32], ...]:
    """Mean and deviation (…, BANDS) of sums (…, 2, BANDS) over `counts` (…) frames."""
    count = np.maximum(np.asarray(counts, np.float64), 1)[..., None]
    mean = sums[..., 0, :] / count
    spread = np.sqrt(np.maximum(sums[..., 1, :] / count - mean**2, 0.0)) + SOFT
    return mean.astype(np.float32), spread.astype(np.float32)


SOFT: Final = 0.5
"""Added to deviations, so that a band that nothing happens in isn't blown up."""
assert BANDS
