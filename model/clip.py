"""From the frames of a video to the clip that a network reads: which frames, how large, how scaled. No torch.

The samplers and the scaling are those of the networks' own test code (MAE-DFER, Former-DFER, IAL), because weights
are only as good as the input they are given.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION: Final = (0.229, 0.224, 0.225)
FRAMES: Final = 16
# Of 30 frames, about a second, the 16 that LERA-BFERT's app looked at.
APP_FRAMES: Final = (1, 3, 5, 7, 9, 11, 12, 14, 16, 18, 19, 21, 23, 25, 27, 29)


def resized(frames: Sequence[Pixels] | Pixels, side: int) -> Pixels:
    """RGB frames, each (H, W, 3), -> (T, side, side, 3), bilinear; the aspect ratio is not kept, as in training."""
    return np.stack(
        [np.asarray(Image.fromarray(frame).resize((side, side), Image.Resampling.BILINEAR)) for frame in frames]
    )


def normalised(frames: Pixels) -> Floats:
    """RGB frames (T, H, W, 3), 0..255, -> a clip (3, T, H, W) in ImageNet's mean and deviation."""
    scaled = scaled_to_one(frames)
    scaled -= np.array(IMAGENET_MEAN, np.float32)
    scaled /= np.array(IMAGENET_DEVIATION, np.float32)
    return np.ascontiguousarray(scaled.transpose(3, 0, 1, 2))


def frames_first(frames: Pixels) -> Floats:
    """RGB frames (T, H, W, 3), 0..255, -> (T, 3, H, W), 0..1: what Former-DFER and IAL read, nothing subtracted."""
    return np.ascontiguousarray(scaled_to_one(frames).transpose(0, 3, 1, 2))


def face_clip(faces: Sequence[Pixels] | Pixels, side: int = 160) -> Floats:
    """Cropped RGB faces of any sizes -> the clip (3, T, side, side) that MAE-DFER, LERA and VideoMAE read."""
    return normalised(resized(faces, side))


def motion_image(clip: Floats) -> Floats:
    """A normalised clip (3, T, H, W) -> (3, H, W): the mean frame minus the first one, which LERA's CA branch reads."""
    return np.asarray(clip.mean(axis=1, dtype=np.float64) - clip[:, 0], dtype=np.float32)


def scaled_to_one(frames: Pixels) -> Floats:
    """0..255 -> 0..1."""
    return frames.astype(np.float32) / np.float32(255)


def dense_views(count: int, stride: int, *, views: int = 2, frames: int = FRAMES) -> list[list[int]]:
    """The frames of each test view of MAE-DFER, in a video of `count` frames.

    Every `stride`-th frame is kept, the last one repeated when they are fewer than `frames`; the views are windows,
    the first at the start and the last at the end. FERV39k was trained with stride 1, DFEW and MAFW with 4.
    Its second spatial view is left out: in a square it is the same as the first. Raises ValueError without frames.
    """
    if count < 1:
        raise ValueError("a video without frames has no views")
    kept = list(range(0, count, stride))
    kept += kept[-1:] * (frames - len(kept))
    step = (len(kept) - frames) / max(views - 1, 1)
    return [kept[start : start + frames] for start in (int(step * view) for view in range(views))]


def segment_frames(count: int, *, segments: int, consecutive: int) -> list[int]:
    """The test frames of Former-DFER and IAL: from the middle of each segment, some consecutive frames.

    A video that has no more frames than `segments + consecutive - 1` is read from its first frame in every segment,
    as the published code does. Raises ValueError without frames.
    """
    if count < 1:
        raise ValueError("a video without frames has no segments")
    starts = [0] * segments
    if count > segments + consecutive - 1:
        tick = (count - consecutive + 1) / segments
        starts = [int(tick / 2 + tick * segment) for segment in range(segments)]
    return [min(start + step, count - 1) for start in starts for step in range(consecutive)]


def former_dfer_frames(count: int) -> list[int]:
    """8 segments of 2 consecutive frames."""
    return segment_frames(count, segments=8, consecutive=2)


def ial_frames(count: int) -> list[int]:
    """16 segments of 1 frame. The published lists hold no videos of fewer than 16 frames."""
    return segment_frames(count, segments=16, consecutive=1)


def over_views(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logits of each view (V, classes) -> probabilities (classes,): softmax of each, then their mean."""
    exponents = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    mean: NDArray[np.float64] = (exponents / exponents.sum(axis=1, keepdims=True)).mean(axis=0)
    return mean
