"""What is learnt from, made once and kept in the run's folder: the encoder's statistics of each clip, as it was
recorded and as other microphones, rooms and noises would have made it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.mel import bands, loudness
from model.speech import RATE
from model.train.voice import rooms
from model.train.voice.encoder import Encoder, statistics
from model.train.voice.packs import Clips, load
from model.voice import QUIETEST

VERSIONS: Final = 8
"""Of each clip: one as it was recorded, the others in sessions made up."""
SESSION: Final = 40
"""Clips of a speaker that share a made-up session: about a minute and a half."""
CROP: Final = (1.0, 2.6)
"""Seconds that are left of a clip in a made-up session."""
FLOOR: Final = 1e-5
"""Added to bands before their logarithm: 40 dB below speech."""
JUDGED: Final = 3
"""Versions of the validation clips."""


@dataclass(frozen=True)
class Features:
    """N clips of one version: `statistics` float32 (N, STATISTICS + 1), the last of them the logarithm of how loud the
    clip is, `sessions` int64 (N,): clips with the same number were recorded in one go, and `simple` float32
    (N, 2 BANDS), which only the baselines read."""

    statistics: NDArray[np.float32]
    sessions: NDArray[np.int64]
    simple: NDArray[np.float32]


def sessions_of(speakers: Sequence[str], size: int, random: np.random.Generator) -> NDArray[np.int64]:
    """A number for each clip; those of a speaker are dealt out by chance to groups of about `size`."""
    found, made = np.zeros(len(speakers), np.int64), 0
    names = np.array(speakers)
    for name in dict.fromkeys(speakers):
        rows = random.permutation(np.flatnonzero(names == name))
        for group in np.array_split(rows, max(1, round(len(rows) / size))):
            found[group] = made
            made += 1
    return found


def described(encoder: Encoder, sounds: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Statistics and loudness (N, STATISTICS + 1) of segments."""
    loud = np.log(np.array([[loudness(one)] for one in sounds]) + QUIETEST).astype(np.float32)
    return np.concatenate([statistics(encoder, [bands(one) for one in sounds]), loud], 1)


def simple(sounds: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Mean and deviation over time of each band's logarithm, (N, 2 BANDS)."""
    logs = [np.log(bands(one) + np.float32(FLOOR)) for one in sounds]
    return np.array([np.concatenate([one.mean(0), one.std(0)]) for one in logs], np.float32)


def heard(clips: Clips, version: int) -> tuple[list[NDArray[np.float32]], NDArray[np.int64]]:
    """What is heard of N clips, and the number of the session (N,) that each was recorded in.

    Version 0 is as recorded; others are made up, always the same for the same number.
    """
    random = np.random.default_rng([17, version])
    sessions = sessions_of(clips.speakers, SESSION if version else len(clips), random)
    if version == 0:
        return clips.sounds, sessions
    where = [rooms.session(random, clips.sounds) for _ in range(int(sessions.max()) + 1)]
    sounds = []
    for sound, number in zip(clips.sounds, sessions.tolist(), strict=True):
        count = round(RATE * random.uniform(*CROP))
        start = int(random.integers(max(1, len(sound) - count)))
        sounds.append(rooms.heard(sound[start : start + count], where[number], random))
    return sounds, sessions


def path_of(run: Path, split: str, version: int) -> Path:
    """Where features are kept."""
    return run / f"{split}-{version}.npz"


def kept(data: Path, split: str, versions: int, run: Path) -> tuple[Clips, list[Features]]:
    """A split's clips without their sound, and their features in that many versions, which `run` keeps."""
    missing = [k for k in range(versions) if not path_of(run, split, k).exists()]
    clips = load(data, split, sound=bool(missing))
    encoder = Encoder() if missing else None
    for version in missing:
        assert encoder is not None
        run.mkdir(parents=True, exist_ok=True)
        sounds, sessions = heard(clips, version)
        path = path_of(run, split, version)
        part = path.with_name(f"{path.stem}.part.npz")
        np.savez(part, statistics=described(encoder, sounds), sessions=sessions, simple=simple(sounds))
        part.replace(path)
        print(f"{path.name}: {len(clips)} clips", flush=True)
    found = []
    for version in range(versions):
        with np.load(path_of(run, split, version)) as file:
            found.append(Features(file["statistics"], file["sessions"], file["simple"]))
    return replace(clips, sounds=[]), found
