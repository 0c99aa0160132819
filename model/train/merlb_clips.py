"""MERLB's published layout: a folder for each clip with `face.npy`, `game.npy` and `audio.npy`, and a table of labels.

`face.npy` (20, 64, 64, 3) and `game.npy` (20, 128, 128, 3) are BGR in 0..1, `audio.npy` (20, 5512, 1) raw sound of
deviation 1. The table has a column `File` and one column of 0 and 1 for each class; some names begin with a space. The
streamer of a clip is what its name has between the first two underscores.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lera.errors import LeraError
from model.zoo.merlb import MerlbSizes

HEADS: Final[dict[str, tuple[str, ...]]] = {
    "valence": ("Valence_Negative", "Valence_Neutral", "Valence_Positive"),
    "arousal": ("Arousal_Low", "Arousal_Neutral", "Arousal_High"),
    "behaviour": (
        "Routing",
        "Procurement",
        "Respawning",
        "Exploring",
        "Fighting",
        "Punching",
        "Defending",
        "Defeated",
    ),
}
"""Each head's classes, in the one order that labels, logits, weights and scores share."""
PARTS: Final = ("face", "game", "audio")
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """One row of the table: where its arrays lie, and its class in each head, in the order of HEADS."""

    folder: Path
    streamer: str
    labels: tuple[int, int, int]


def read_labels(table: Path, clips: Path) -> list[Clip]:
    """All rows of a table of labels. Raises LeraError that names the first row or column that is wrong."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, skipinitialspace=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LeraError(f"{table} can't be read as a table of labels: {error}") from None
    if not rows:
        raise LeraError(f"{table.name} has no rows")
    return [_clip(table, number, row, clips) for number, row in enumerate(rows, start=2)]


def _clip(table: Path, number: int, row: dict[str, str], clips: Path) -> Clip:
    told = {str(key).strip(): str(value).strip() for key, value in row.items()}
    missing = [name for name in ("File", *(each for head in HEADS.values() for each in head)) if name not in told]
    if missing:
        raise LeraError(f"{table.name} has no column {missing[0]}")
    name = Path(told["File"]).stem
    if not name or Path(told["File"]).name != told["File"]:
        raise LeraError(f"{table.name}, line {number}: `{told['File']}` is not the name of a clip")
    labels = []
    for head, classes in HEADS.items():
        marks = [told[each] for each in classes]
        try:
            values = [float(mark) for mark in marks]
        except ValueError:
            raise LeraError(f"{table.name}, line {number}: {head} must be 0 and 1, not {' '.join(marks)}") from None
        if sorted(values) != [0.0] * (len(classes) - 1) + [1.0]:
            raise LeraError(f"{table.name}, line {number}: exactly one {head} must be 1, not {' '.join(marks)}")
        labels.append(values.index(1.0))
    pieces = name.split("_")
    streamer = pieces[1] if len(pieces) > 2 else pieces[0]
    return Clip(clips / name, streamer, (labels[0], labels[1], labels[2]))


def read_clip(clip: Clip, sizes: MerlbSizes) -> tuple[Tensor, Tensor, Tensor]:
    """Face (T, 3, 64, 64) and screen (T, 3, 128, 128) in RGB, sound (T, 5512), float32.

    Raises LeraError for an array that is missing, of another shape, or holds what no picture or sound does.
    """
    shapes = {
        "face": (sizes.steps, sizes.face, sizes.face, 3),
        "game": (sizes.steps, sizes.screen, sizes.screen, 3),
        "audio": (sizes.steps, sizes.samples, 1),
    }
    face, screen, sound = (_array(clip.folder / f"{part}.npy", shapes[part], part != "audio") for part in PARTS)
    pictures = (torch.from_numpy(each[..., ::-1].copy()).permute(0, 3, 1, 2) for each in (face, screen))
    first, second = pictures
    return first, second, torch.from_numpy(sound[..., 0].copy())


def _array(path: Path, shape: tuple[int, ...], picture: bool) -> Floats:
    where = f"{path.parent.name}/{path.name}"
    try:
        values = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise LeraError(f"{where} is missing: a clip needs face.npy, game.npy and audio.npy") from None
    except (OSError, ValueError, EOFError):
        raise LeraError(f"{where} is not a .npy file of numbers, or it is damaged") from None
    if not isinstance(values, np.ndarray) or values.shape != shape:
        found = values.shape if isinstance(values, np.ndarray) else "an archive"
        raise LeraError(f"{where} has shape {found}, expected {shape}")
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        raise LeraError(f"{where} must hold finite floating-point numbers, not {values.dtype}")
    if picture and (values.min() < 0 or values.max() > 1):
        raise LeraError(f"{where} must lie in 0..1: divide its pixels by 255")
    return np.asarray(values, np.float32)


def class_weights(clips: list[Clip]) -> tuple[Tensor, Tensor, Tensor]:
    """For each head one weight a class, in HEADS' order: inverse to its frequency, with a mean of 1 over clips.

    A class without clips has weight 0.
    """
    found = []
    for index, classes in enumerate(HEADS.values()):
        counts = torch.bincount(torch.tensor([clip.labels[index] for clip in clips]), minlength=len(classes)).float()
        there = counts > 0
        found.append(torch.where(there, counts.sum() / there.sum() / counts.clamp(min=1), torch.zeros(())))
    return found[0], found[1], found[2]


def held_out(clips: list[Clip], share: float) -> tuple[list[Clip], list[Clip]]:
    """Training clips, and about a `share` of all clips by streamers who are in no training clip.

    Takes whole streamers, by name, until the share is there. Raises LeraError when there is only one streamer.
    """
    names = sorted({clip.streamer for clip in clips})
    if len(names) < 2:
        raise LeraError("all clips are of one streamer, so none can be held out: name a table with --judge")
    away: set[str] = set()
    for name in names[:-1]:
        if away and sum(clip.streamer in away for clip in clips) >= share * len(clips):
            break
        away.add(name)
    return [clip for clip in clips if clip.streamer not in away], [clip for clip in clips if clip.streamer in away]
