"""The face packs as arrays: pictures, what the annotators said, and where our own detector sees eyes and mouth.

FER+: Barsoum, Zhang, Canton Ferrer, Zhang, "Training Deep Networks for Facial Expression Recognition with
Crowd-Sourced Label Distribution", ICMI 2016. RAF-DB: Li, Deng, Du, "Reliable Crowdsourcing and Deep
Locality-Preserving Learning for Expression Recognition in the Wild", CVPR 2017.
"""

import io
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as parquet
from numpy.typing import NDArray
from PIL import Image

from model.emotions import EMOTIONS
from model.framing import frame_of

FILES: Final = {
    "ferplus": "face_ferplus.parquet",
    "rafdb": "face_rafdb_train.parquet",
    "muxspace": "face_muxspace_subset.parquet",
    "ck": "face_ck48.parquet",
}
WEIGHTS: Final = {"ferplus": 1.0, "rafdb": 1.7, "muxspace": 0.5, "ck": 3.0}
"""How often a picture is drawn, before classes are balanced: muxspace is mostly easy and CK+ is small."""
DOUBT: Final = {"happiness": 0.2, "neutral": 0.2}
DOUBT_OF_THE_REST: Final = 0.35
"""muxspace's labels are one student's. A training picture whose label an independent reader gave less than this
probability (`audit_p`) is left out; the pack's README calls the rarer classes weak, so they must convince more."""
SIDE: Final = 96
"""Pictures are kept at 96x96: between FER+'s 48 and RAF-DB's 100, and enough for crops of 112."""
SMOOTHING: Final = 0.1
"""Where a pack gives one label, this much of it is spread over all seven: Szegedy et al., CVPR 2016."""
WHOLE: Final = np.array([[SIDE, 0.0, 0.0], [0.0, SIDE, 0.0]])
"""The framing that is the whole picture."""


@dataclass(frozen=True)
class Pack:
    """One split of one or more packs, N pictures.

    `pictures` uint8 (N, 96, 96) grey; `labels` int64 (N,) into EMOTIONS; `targets` float32 (N, 7), rows sum to 1;
    `frames` float64 (N, 2, 3), the detector's framing in pixels of the 96x96 picture, or the whole picture where it
    found no face (`found` bool (N,) False); `source` int64 (N,) into the keys of FILES.
    """

    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]
    targets: NDArray[np.float32]
    frames: NDArray[np.float64]
    found: NDArray[np.bool_]
    source: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


def join(*packs: Pack) -> Pack:
    """All pictures of several packs, in order."""
    return Pack(*(np.concatenate([getattr(pack, field.name) for pack in packs]) for field in fields(Pack)))


def pick(pack: Pack, rows: slice | NDArray[np.integer] | NDArray[np.bool_]) -> Pack:
    """Some of a pack's pictures."""
    return Pack(*(getattr(pack, field.name)[rows] for field in fields(pack)))


def file_of(data: Path, name: str) -> Path:
    """The Parquet file of a pack; FileNotFoundError says which folder was looked into."""
    path = data / "face" / FILES[name]
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; --data must name the folder that holds face/{FILES[name]}")
    return path


def rows(data: Path, name: str, split: str, columns: list[str]) -> Any:
    """Columns of one split's rows, without the training rows whose label is doubtful."""
    doubted = name == "muxspace" and split == "train"
    more = ["label", "audit_p"] if doubted else []
    table = parquet.read_table(
        file_of(data, name), columns=list(dict.fromkeys(columns + more)), filters=[("split", "==", split)]
    )
    if not doubted:
        return table
    pairs = zip(table["label"].to_pylist(), table["audit_p"].to_pylist(), strict=True)
    return table.filter([chance >= DOUBT.get(label, DOUBT_OF_THE_REST) for label, chance in pairs])


def images(data: Path, name: str, split: str) -> list[bytes]:
    """The encoded pictures of one split, as the pack holds them."""
    encoded: list[bytes] = rows(data, name, split, ["image"])["image"].to_pylist()
    return encoded


def grey(encoded: bytes, side: int | None = None) -> NDArray[np.uint8]:
    """One picture as (H, W) grey, at its own size or resampled to `side` x `side`."""
    picture = Image.open(io.BytesIO(encoded)).convert("L")
    if side is not None and picture.size != (side, side):
        picture = picture.resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(picture)


def opinions(data: Path, name: str, split: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Labels (N,) and target distributions (N, 7) of one split, in the order of EMOTIONS.

    FER+ targets are the shares of the votes among the seven; the others' are the smoothed label. Raises ValueError
    for a label that is not one of the seven, or votes that are empty.
    """
    columns = ["label"] + ([f"v_{emotion}" for emotion in EMOTIONS] if name == "ferplus" else [])
    table = rows(data, name, split, columns)
    words = table["label"].to_pylist()
    unknown = set(words) - set(EMOTIONS)
    if unknown:
        raise ValueError(f"{FILES[name]} has labels that are not among the seven: {sorted(map(str, unknown))}")
    labels = np.array([EMOTIONS.index(word) for word in words], np.int64)
    if name == "ferplus":
        votes = np.stack([table[f"v_{emotion}"].to_numpy() for emotion in EMOTIONS], 1).astype(np.float32)
        if not (votes.min(initial=0) >= 0 and np.all(votes.sum(1) > 0)):
            raise ValueError(f"{FILES[name]} has rows without a vote for any of the seven")
        return labels, votes / votes.sum(1, keepdims=True)
    return labels, np.eye(len(EMOTIONS), dtype=np.float32)[labels] * (1 - SMOOTHING) + np.float32(
        SMOOTHING / len(EMOTIONS)
    )


def load(data: Path, name: str, split: str, points: NDArray[np.float32] | None = None) -> Pack:
    """One split of one pack. `points` (N, 3, 2): left eye, right eye, mouth in shares of the side, NaN if not found."""
    pictures = np.stack([grey(encoded, SIDE) for encoded in images(data, name, split)])
    labels, targets = opinions(data, name, split)
    frames = np.repeat(WHOLE[None], len(labels), 0)
    found: NDArray[np.bool_] = np.zeros(len(labels), bool)
    if points is not None:
        if points.shape != (len(labels), 3, 2):
            raise ValueError(f"points must be ({len(labels)}, 3, 2) for {name} {split}, not {points.shape}")
        found = np.asarray(np.isfinite(points).all((1, 2)))
        frames[found] = frame_of(*(points[found] * SIDE).transpose(1, 0, 2))
    source = np.full(len(labels), list(FILES).index(name), np.int64)
    return Pack(pictures, labels, targets, frames, found, source)


def frequencies(pack: Pack, power: float) -> NDArray[np.float64]:
    """How often each picture is drawn, (N,), sums to 1: rare classes of a pack more often, at most four times as often.

    A class with one tenth of the pictures of its pack's largest is drawn 10**power times as often a picture.
    """
    drawn: NDArray[np.float64] = np.zeros(len(pack))
    for source, name in enumerate(FILES):
        mine = pack.source == source
        counts = np.bincount(pack.labels[mine], minlength=len(EMOTIONS))
        rarity = (counts.max(initial=0) / np.maximum(counts, 1)) ** power
        drawn[mine] = WEIGHTS[name] * np.minimum(rarity, 4.0)[pack.labels[mine]]
    drawn /= drawn.sum()
    return drawn
