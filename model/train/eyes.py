"""Where our own detector sees eyes and mouth in the training pictures, so that they can be framed as live faces are."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.detector import Detector, Face
from model.train import packs

SIDE: Final = 160
MARGIN: Final = 48
"""The packs' pictures are filled by the face, but BlazeFace expects something around it: pictures are brought to
160x160 and their edge goes on for 48 more pixels."""
CONFIDENCE: Final = 0.3
"""Less than live, because every picture is known to hold a face."""


def framed(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A grey picture (H, W) as the RGB frame (256, 256, 3) that the detector gets."""
    picture = np.asarray(Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    return np.repeat(np.pad(picture, MARGIN, mode="edge")[..., None], 3, 2)


def share(face: Face) -> NDArray[np.float32]:
    """Left eye, right eye and mouth (3, 2) of a face found in a `framed` picture, as shares of the picture's side."""
    points = np.array([face.left_eye, face.right_eye, face.mouth])
    return ((points - MARGIN) / SIDE).astype(np.float32)


def points_of(data: Path, name: str, split: str, run: Path) -> NDArray[np.float32]:
    """Left eye, right eye, mouth of each picture of a split, (N, 3, 2) in shares, NaN where no face is found.

    Kept in `run`, because it takes a minute or two.
    """
    kept = run / f"points-{name}-{split}.npy"
    if kept.exists():
        found: NDArray[np.float32] = np.load(kept)
        return found
    encoded = packs.images(data, name, split)
    points = np.full((len(encoded), 3, 2), np.nan, np.float32)
    with Detector(CONFIDENCE) as detector:
        for row, picture in enumerate(encoded):
            faces = detector.find(framed(packs.grey(picture)))
            if faces:
                points[row] = share(faces[0])
    run.mkdir(parents=True, exist_ok=True)
    np.save(kept, points)
    return points


def framing_of(points: NDArray[np.float32]) -> dict[str, float]:
    """How a pack frames its faces: medians over the pictures in which a face was found, in shares of the side."""
    seen = points[np.isfinite(points).all((1, 2))].astype(np.float64)
    middle = (seen[:, 0] + seen[:, 1]) / 2
    across = seen[:, 1] - seen[:, 0]
    return {
        "found": len(seen) / max(1, len(points)),
        "eye_distance": float(np.median(np.hypot(*across.T))),
        "eye_height": float(np.median(middle[:, 1])),
        "eyes_to_mouth": float(np.median(np.hypot(*(seen[:, 2] - middle).T))),
        "tilt_degrees_90_percent": float(np.quantile(np.abs(np.degrees(np.arctan2(across[:, 1], across[:, 0]))), 0.9)),
    }
