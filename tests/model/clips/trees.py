"""Tiny data sets in the official layouts, and clips whose label is their motion."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
FERV39K_WORDS = ("Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear")
DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0))
"""Right, left, down, up: the motions of the first four classes."""


def frames(folder: Path, shown: Iterable[Pixels]) -> None:
    """A folder of numbered frames."""
    folder.mkdir(parents=True)
    for number, frame in enumerate(shown):
        Image.fromarray(frame).save(folder / f"{number}.png", compress_level=1)


def plain(count: int, shade: int, side: int = 12) -> list[Pixels]:
    """Even frames, each a little brighter than the one before."""
    return [np.full((side, side, 3), shade + number, np.uint8) for number in range(count)]


def moving(label: int, chance: np.random.Generator, length: int = 8, side: int = 48, patch: int = 12) -> Pixels:
    """(T, S, S, 3): a random texture that moves 2 pixels a frame over grey. No single frame tells where to."""
    down, right = DIRECTIONS[label]
    texture = chance.integers(0, 256, (patch // 3, patch // 3, 3), np.uint8).repeat(3, 0).repeat(3, 1)
    path = np.arange(length) * 2
    room = [side - patch - path[-1] * abs(step) for step in (down, right)]
    top, left = (
        int(chance.integers(space + 1)) + (path[-1] if step < 0 else 0)
        for space, step in zip(room, (down, right), strict=True)
    )
    clip = np.full((length, side, side, 3), 128, np.uint8)
    for frame, passed in zip(clip, path, strict=True):
        y, x = top + down * passed, left + right * passed
        frame[y : y + patch, x : x + patch] = texture
    return clip


def drifting(place: int, chance: np.random.Generator, length: int = 8, side: int = 48) -> Pixels:
    """(T, S, S, 3): a ramp of light to one of four sides that grows brighter; what is hidden follows from the rest."""
    down, right = DIRECTIONS[place % 4]
    row, column = np.mgrid[:side, :side] / side - 0.5
    light = 110 + 120 * (row * down + column * right) + 5 * np.arange(length)[:, None, None]
    grain = chance.normal(0, 2, (length, side, side, 3))
    clip: Pixels = np.clip(light[..., None] + grain, 0, 255).astype(np.uint8)
    return clip


def ferv39k(root: Path, clips: Mapping[str, Sequence[tuple[int, Iterable[Pixels]]]]) -> Path:
    """FERV39k's folders with these clips (label, frames) in each part."""
    lists = root / "4_setups" / "All_scenes"
    lists.mkdir(parents=True)
    number = 0
    for part, mine in clips.items():
        lines = []
        for label, shown in mine:
            name = f"Action/{FERV39K_WORDS[label]}/{number:04d}"
            frames(root / "2_ClipsforFaceCrop" / name, shown)
            lines.append(f"{name} {FERV39K_WORDS[label]}\n")
            number += 1
        (lists / f"{part}_All.csv").write_text("".join(lines))
    return root


def motions(root: Path, training: int, test: int, shuffled: bool = False) -> Path:
    """FERV39k's layout with clips whose label is their motion; `shuffled` puts the frames of each in another order."""
    chance, order = np.random.default_rng(0), np.random.default_rng(1)

    def made(count: int) -> list[tuple[int, Pixels]]:
        clips = [(place % 4, moving(place % 4, chance)) for place in range(count)]
        return [(label, order.permutation(clip) if shuffled else clip) for label, clip in clips]

    return ferv39k(root, {"train": made(training), "test": made(test)})
