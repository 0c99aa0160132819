"""Renders `portrait.mp4`, the clip that stands in for a camera: `python -m viewer_agent.portrait [FILE]`.

The face is Colonel Eileen Collins of NASA, from her official portrait, which is in the public domain (see
`portrait.md`). One still picture is bent through rest, smile, surprise and sadness with thin-plate splines (Bookstein,
"Principal warps", IEEE PAMI 11, 1989) around points placed by hand. It is for the demo and for tests: nobody felt
anything while it was made, so it is no ground truth for any emotion.
"""

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lera.errors import LeraError

CLIP: Final = Path(__file__).with_name("portrait.mp4")
STILL: Final = Path(__file__).with_name("portrait.jpg")
FRAMES_PER_SECOND: Final = 15
SIDE: Final = 320

Points = NDArray[np.float64]
Frame = NDArray[np.uint8]

# Pixels of the still, (x, y). Left and right are the viewer's.
POINTS: Final[dict[str, tuple[float, float]]] = {
    "mouth_left": (87.5, 128),
    "mouth_right": (129, 129.5),
    "upper_lip_left": (97, 126.5),
    "upper_lip": (108, 128),
    "upper_lip_right": (119, 128),
    "upper_edge_left": (97, 130),
    "upper_edge": (108, 131),
    "upper_edge_right": (119, 131),
    "lower_edge_left": (97, 136),
    "lower_edge": (108, 138),
    "lower_edge_right": (119, 136.5),
    "lower_lip_left": (97, 140.5),
    "lower_lip": (108, 143.5),
    "lower_lip_right": (119, 141),
    "chin": (108, 160),
    "jaw_left": (76, 146),
    "jaw_right": (141, 148),
    "cheek_left": (77, 112),
    "cheek_right": (140, 114),
    "nose": (108, 116),
    "nostril_left": (98, 118),
    "nostril_right": (118, 119),
    "bridge": (108, 92),
    "brow_left_outer": (73, 78.5),
    "brow_left": (84, 77),
    "brow_left_inner": (97, 80),
    "brow_right_inner": (122, 81),
    "brow_right": (135, 80),
    "brow_right_outer": (147, 84),
    "fold_left": (86, 81.5),
    "fold_left_inner": (96, 84.5),
    "fold_right": (133, 83.5),
    "fold_right_inner": (122, 86),
    "lid_left": (87, 85),
    "lid_left_outer": (78.5, 87.5),
    "lid_left_inner": (95, 88),
    "below_left": (87, 93),
    "eye_left_outer": (76.5, 89.5),
    "eye_left_inner": (98, 91.5),
    "lid_right": (131, 87),
    "lid_right_inner": (123, 90),
    "lid_right_outer": (139, 89),
    "below_right": (131, 95.5),
    "eye_right_outer": (143.5, 92.5),
    "eye_right_inner": (120, 93.5),
    "hairline": (108, 66),
    "hair_top": (108, 8),
    "hair_left": (42, 70),
    "hair_right": (180, 78),
    "ear_left": (60, 115),
    "ear_right": (153, 118),
}
_STILL_SIDE: Final = 216
_EDGE: Final = [(x, y) for x in (0, 54, 108, 162, 215) for y in (0, 72, 144, 215) if x in (0, 215) or y in (0, 215)]
# The folds that her smile draws from the nose to the mouth's corners, in the same pixels.
_FOLDS: Final = (((93, 109), (86, 117), (80, 125)), ((121, 110), (128, 117), (134, 123), (135, 128)))
# The collar does not follow the head.
_COLLAR: Final = [(70, 195), (108, 200), (146, 195)]

Expression = dict[str, tuple[float, float]]
"""How far points are moved from where the still has them, in its pixels."""

_SMILE: Final[Expression] = {
    "mouth_left": (-1.5, -1.5),
    "mouth_right": (1.5, -1.5),
    "cheek_left": (0, -1.5),
    "cheek_right": (0, -1.5),
    "lower_edge": (0, 0.8),
}
_REST: Final[Expression] = {
    "mouth_left": (7, 6.6),
    "mouth_right": (-7, 5.6),
    "upper_lip_left": (3, 4),
    "upper_lip": (0, 2.5),
    "upper_lip_right": (-3, 3),
    "upper_edge_left": (3, 4.1),
    "upper_edge": (0, 2.9),
    "upper_edge_right": (-3, 3.4),
    "lower_edge_left": (3, -1.5),
    "lower_edge": (0, -3.7),
    "lower_edge_right": (-3, -1.8),
    "lower_lip_left": (1.5, -1.5),
    "lower_lip": (0, -3),
    "lower_lip_right": (-1.5, -1.5),
    "chin": (0, -1),
    "cheek_left": (0, 1.5),
    "cheek_right": (0, 1.5),
}
_SURPRISE: Final[Expression] = {
    **_REST,
    "mouth_left": (8.5, 10),
    "mouth_right": (-8.5, 10),
    "upper_lip_left": (3, 1.5),
    "upper_lip": (0, 0),
    "upper_lip_right": (-3, 1.2),
    "upper_edge_left": (3, 1),
    "upper_edge": (0, -0.5),
    "upper_edge_right": (-3, 0.8),
    "lower_edge_left": (3.5, 9),
    "lower_edge": (0, 11),
    "lower_edge_right": (-3.5, 9),
    "lower_lip_left": (3.5, 9),
    "lower_lip": (0, 10.5),
    "lower_lip_right": (-3.5, 9),
    "chin": (0, 9),
    "jaw_left": (1, 5),
    "jaw_right": (-1, 5),
    "brow_left_outer": (0, -3.5),
    "brow_left": (0, -5.5),
    "brow_left_inner": (0, -4.5),
    "brow_right_inner": (0, -4.5),
    "brow_right": (0, -5.5),
    "brow_right_outer": (0, -3.5),
    "fold_left": (0, -3.5),
    "fold_left_inner": (0, -2.5),
    "fold_right": (0, -3.5),
    "fold_right_inner": (0, -2.5),
    "lid_left": (0, -2),
    "lid_left_outer": (0, -1.2),
    "lid_left_inner": (0, -1.2),
    "below_left": (0, 0.8),
    "lid_right": (0, -2),
    "lid_right_inner": (0, -1.2),
    "lid_right_outer": (0, -1.2),
    "below_right": (0, 0.8),
}
_SAD: Final[Expression] = {
    **_REST,
    "mouth_left": (5, 9.5),
    "mouth_right": (-5, 9.5),
    "upper_lip_left": (1.5, 4.6),
    "upper_lip_right": (-1.5, 3.8),
    "upper_edge_left": (1.5, 5),
    "upper_edge_right": (-1.5, 4.4),
    "lower_edge_left": (1.5, -0.7),
    "lower_edge": (0, -4),
    "lower_edge_right": (-1.5, -0.7),
    "lower_lip": (0, -4),
    "chin": (0, -3),
    "brow_left_outer": (0, 2.5),
    "brow_left": (1, -0.5),
    "brow_left_inner": (2, -4.5),
    "brow_right_inner": (-2, -4.5),
    "brow_right": (-1, -0.5),
    "brow_right_outer": (0, 2.5),
    "fold_left": (0.5, 0.8),
    "fold_left_inner": (1, -1.8),
    "fold_right": (-0.5, 0.8),
    "fold_right_inner": (-1, -1.8),
    "lid_left": (0, 1.8),
    "lid_left_outer": (0, 1.6),
    "lid_left_inner": (0, 0.4),
    "lid_right": (0, 1.8),
    "lid_right_inner": (0, 0.4),
    "lid_right_outer": (0, 1.6),
}
_BLINK: Final[Expression] = {
    "fold_left": (0, 2.6),
    "fold_left_inner": (0, 1.6),
    "fold_right": (0, 2.6),
    "fold_right_inner": (0, 1.6),
    "lid_left": (0, 5.4),
    "lid_left_outer": (0, 2.6),
    "lid_left_inner": (0, 2.8),
    "below_left": (0, -1.2),
    "lid_right": (0, 5.6),
    "lid_right_inner": (0, 2.6),
    "lid_right_outer": (0, 4.0),
    "below_right": (0, -1.2),
}

# (second, expression): between two entries the face moves smoothly from one to the other.
TIMELINE: Final[Sequence[tuple[float, Expression]]] = (
    (0.0, _REST),
    (2.0, _REST),
    (2.6, _SMILE),
    (5.0, _SMILE),
    (5.6, _REST),
    (6.4, _REST),
    (6.8, _SURPRISE),
    (8.6, _SURPRISE),
    (9.3, _REST),
    (9.9, _REST),
    (10.7, _SAD),
    (12.8, _SAD),
    (13.6, _REST),
    (14.0, _REST),
)
_BLINKS: Final = (1.1, 3.9, 6.1, 9.6, 11.8)
SECONDS: Final = TIMELINE[-1][0]


def picture(second: float) -> Frame:
    """The frame at `second` of the clip: uint8 SIDE x SIDE x 3, BGR. The last second leads into the first."""
    still = _still(1.0 - _share_of_smile(second))
    moved = {name: np.add(place, _offset(second, name)) for name, place in POINTS.items()}
    # The head sways while shoulders and background stay, except for a slow breath of the whole picture.
    turn = 2 * np.pi * second / SECONDS
    sway = np.array([4.0 * np.sin(turn), 1.8 * np.sin(2 * turn + 1.0)])
    tilt = 0.035 * np.sin(turn + 0.7)
    centre = np.array([108.0, 110.0])
    spin = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    moved = {name: centre + spin @ (place - centre) + sway for name, place in moved.items()}
    fixed = np.array(_EDGE + _COLLAR, float)
    source = np.vstack([np.array(list(POINTS.values()), float), fixed])
    target = np.vstack([np.array(list(moved.values())), fixed])
    zoom = 1.09 + 0.05 * np.sin(turn - 0.5)
    back = _ThinPlate(target, source)
    # The spline is smooth: one value for every third pixel is plenty.
    steps = (np.linspace(0.5, SIDE - 0.5, SIDE // 3) - SIDE / 2) * (_STILL_SIDE / SIDE / zoom) + _STILL_SIDE / 2
    grid = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    where = cv2.resize(back(grid).reshape(len(steps), len(steps), 2).astype(np.float32), (SIDE, SIDE))
    frame = cv2.remap(still, where[..., 0], where[..., 1], cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT_101)
    return _paint_mouth(np.asarray(frame, np.uint8), moved, zoom)


def render(path: Path) -> None:
    """Write the whole clip to `path`. Raises LeraError when this OpenCV can't encode it."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FRAMES_PER_SECOND, (SIDE, SIDE))
    if not writer.isOpened():
        raise LeraError(f"This OpenCV can't write {path}: name a file that ends in .mp4, in a folder you may write to.")
    try:
        for index in range(round(SECONDS * FRAMES_PER_SECOND)):
            writer.write(picture(index / FRAMES_PER_SECOND))
    finally:
        writer.release()


def _still(smoothed: float) -> Frame:
    """The picture with the folds of the smile taken out, from not at all (0) to wholly (1)."""
    still = cv2.imread(str(STILL))
    if still is None:
        raise LeraError(f"{STILL} is missing: install LERA again.")
    folds = np.zeros(still.shape[:2], np.uint8)
    for fold in _FOLDS:
        cv2.polylines(folds, [np.array(fold, np.int32)], False, 255, 7)
    skin = cv2.GaussianBlur(cv2.inpaint(still, folds, 5, cv2.INPAINT_TELEA), (0, 0), 1.5)
    soft = np.asarray(cv2.GaussianBlur(folds, (0, 0), 2.0), np.float64)[..., None] / 255 * smoothed
    return np.asarray(still * (1 - soft) + skin * soft, np.uint8)


def _share_of_smile(second: float) -> float:
    """1 where the smile is fully there, 0 where it is not at all."""
    return float(1.0 - _offset(second, "upper_edge")[1] / _REST["upper_edge"][1]) if 2.0 < second < 5.6 else 0.0


def _offset(second: float, name: str) -> Points:
    for (start, before), (end, after) in itertools.pairwise(TIMELINE):
        if second <= end:
            part = (second - start) / (end - start)
            part = part * part * (3 - 2 * part)
            here, there = np.array(before.get(name, (0, 0))), np.array(after.get(name, (0, 0)))
            offset = here + part * (there - here)
            break
    else:
        offset = np.array(TIMELINE[-1][1].get(name, (0.0, 0.0)))
    closed = max(0.0, 1.0 - min(abs(second - blink) for blink in _BLINKS) / 0.15)
    if name not in _BLINK:
        return np.asarray(offset)
    # A blink replaces what the lid was doing.
    return np.asarray(offset * (1 - closed) + np.array(_BLINK[name]) * closed)


class _ThinPlate:
    """The smoothest map of the plane that takes each row of `source` to the same row of `target`."""

    def __init__(self, source: Points, target: Points) -> None:
        count = len(source)
        self._source = source
        system = np.zeros((count + 3, count + 3))
        # The diagonal lets two lips that meet disagree a little instead of folding the picture.
        system[:count, :count] = self._kernel(source) + 0.5 * np.eye(count)
        system[:count, count:] = self._affine(source)
        system[count:, :count] = self._affine(source).T
        self._weights = np.linalg.solve(system, np.vstack([target, np.zeros((3, 2))]))

    def __call__(self, points: Points) -> Points:
        count = len(self._source)
        return np.asarray(self._kernel(points) @ self._weights[:count] + self._affine(points) @ self._weights[count:])

    def _kernel(self, points: Points) -> Points:
        squared = ((points[:, None] - self._source[None]) ** 2).sum(-1)
        return np.asarray(0.5 * squared * np.log(np.maximum(squared, 1e-9)))

    def _affine(self, points: Points) -> Points:
        return np.hstack([np.ones((len(points), 1)), points])


def _paint_mouth(frame: Frame, moved: dict[str, Points], zoom: float) -> Frame:
    """Lips over the teeth of a closed mouth, dark below the upper teeth of an open one: the still always has teeth."""
    opened = float(moved["lower_edge"][1] - moved["upper_edge"][1])
    upper = [moved[f"upper_edge{side}"] for side in ("_left", "", "_right")]
    lower = [moved[f"lower_edge{side}"] for side in ("_right", "", "_left")]
    left, right = moved["mouth_left"], moved["mouth_right"]
    if opened > 8.5:
        teeth = [0.66 * top + 0.34 * bottom for top, bottom in zip(upper, lower[::-1], strict=True)]
        outline = [0.7 * left + 0.3 * lower[2], *teeth, 0.7 * right + 0.3 * lower[0], *lower]
        colour, strength, blur = (24.0, 20.0, 52.0), min(0.94, (opened - 8.5) / 3), 2.2
    elif opened < 5.0:
        margin = (0.0, 0.6)
        outline = [
            left,
            *(np.subtract(top, margin) for top in upper),
            right,
            *(np.add(bottom, margin) for bottom in lower),
        ]
        colour, strength, blur = (92.0, 84.0, 150.0), min(0.9, (5.0 - opened) / 3), 1.4
    else:
        return frame
    pixels = ((np.array(outline) - _STILL_SIDE / 2) * (SIDE / _STILL_SIDE * zoom) + SIDE / 2).round().astype(np.int32)
    mask = np.zeros((SIDE, SIDE), np.float32)
    cv2.fillPoly(mask, [pixels], strength)
    soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), blur))[..., None]
    return np.asarray(frame * (1 - soft) + np.array(colour) * soft, np.uint8)


if __name__ == "__main__":
    try:
        render(Path(sys.argv[1]) if len(sys.argv) > 1 else CLIP)
    except LeraError as error:
        sys.exit(str(error))
