"""Sets of labelled pictures, read as the agent reads: whole, and as the faces that our detector finds in them.

The only place that opens test pictures, on behalf of `model.train.evaluate`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model.face import SIDE, FaceReader
from model.light import brightness, sharpness
from model.train import eyes, packs

SETS: Final = {
    "ferplus_test": ("ferplus", "test"),
    "ferplus_val": ("ferplus", "val"),
    "rafdb_val": ("rafdb", "val"),
    "muxspace_test": ("muxspace", "test"),
    "muxspace_val": ("muxspace", "val"),
    "ck_val": ("ck", "val"),
}
"""Each set's pack and split."""


@dataclass(frozen=True)
class Readings:
    """One set of N pictures and what the reader says of them; what has no value is NaN.

    `labels` int64 (N,); `pictures` uint8 (N, H, W) grey, as the pack holds them; `crops` uint8 (N, SIDE, SIDE) grey,
    what the reader saw when aligned (the whole picture where no face was found: `found` bool (N,) False);
    `whole`, `aligned` float32 (N, 7) probabilities. Of each face, (N,): `apart`, pixels of the picture between the
    eyes; `tilt`, degrees that the eyes are off the level; `sharp` and `bright`, of the crop, as in `model.light`.
    """

    labels: NDArray[np.int64]
    pictures: NDArray[np.uint8]
    crops: NDArray[np.uint8]
    whole: NDArray[np.float32]
    aligned: NDArray[np.float32]
    found: NDArray[np.bool_]
    apart: NDArray[np.float64]
    tilt: NDArray[np.float64]
    sharp: NDArray[np.float64]
    bright: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    def view(self, name: str) -> NDArray[np.float32]:
        """The probabilities of "whole" or "aligned"."""
        return self.aligned if name == "aligned" else self.whole


def colour(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey (..., H, W) as RGB (..., H, W, 3), which is what readers take."""
    return np.repeat(grey[..., None], 3, -1)


def read(reader: FaceReader, pictures: NDArray[np.uint8], labels: NDArray[np.int64]) -> Readings:
    """Reads grey pictures (N, H, W), whole and aligned."""
    crops = np.zeros((len(pictures), SIDE, SIDE), np.uint8)
    points = np.full((len(pictures), 3, 2), np.nan)
    for row, picture in enumerate(pictures):
        frame = eyes.framed(picture)
        faces = reader.find(frame)
        if faces:
            points[row] = eyes.share(faces[0])
            crops[row] = reader.crop(frame, faces[0])[..., 0]
        else:
            crops[row] = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    found = np.isfinite(points).all((1, 2))
    across = (points[:, 1] - points[:, 0]) * pictures.shape[2]
    whole = reader.probabilities(colour(pictures))
    aligned = np.where(found[:, None], reader.probabilities(colour(crops)), whole)
    return Readings(
        labels,
        pictures,
        crops,
        whole,
        aligned,
        np.asarray(found),
        np.hypot(*across.T),
        np.abs(np.degrees(np.arctan2(across[:, 1], across[:, 0]))),
        np.array([sharpness(colour(crop)) for crop in crops]),
        np.array([brightness(colour(crop)) for crop in crops]),
    )


def load(reader: FaceReader, data: Path, name: str) -> Readings:
    """Reads one of SETS."""
    which = SETS[name]
    pictures = np.stack([packs.grey(encoded) for encoded in packs.images(data, *which)])
    return read(reader, pictures, packs.opinions(data, *which)[0])
