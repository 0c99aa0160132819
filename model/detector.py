"""Finds faces: BlazeFace through mediapipe's Tasks API, one picture at a time."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from lera.errors import LeraError
from model import blazeface
from model.framing import frame_of
from model.telemetry import cut_mediapipe

Point = tuple[float, float]

POINTS: Final = ("left_eye", "right_eye", "nose", "mouth", "left_ear", "right_ear")
"""The key points, in order. Left and right are the viewer's: `left_eye` has the smaller x in an upright face."""


@dataclass(frozen=True)
class Face:
    """A face in a frame. Everything is finite and in pixels of the frame, and may lie beyond the frame's edge.

    `box` is left, top, right, bottom; `score` 0..1 is how sure the detector is; `points` are (x, y) in order of POINTS.
    """

    box: tuple[float, float, float, float]
    score: float
    points: tuple[Point, Point, Point, Point, Point, Point]

    @property
    def left_eye(self) -> Point:
        """The eye on the left of the picture."""
        return self.points[0]

    @property
    def right_eye(self) -> Point:
        """The eye on the right of the picture."""
        return self.points[1]

    @property
    def mouth(self) -> Point:
        """The middle of the mouth."""
        return self.points[3]

    def frame(self) -> NDArray[np.float64]:
        """The (2, 3) matrix from the aligned crop, 0..1, to the picture, in pixels: see `model.framing`."""
        return frame_of(np.array(self.left_eye), np.array(self.right_eye), np.array(self.mouth))


class Detector:
    """BlazeFace, short range: faces up to about two metres away, whatever the frame's size.

    Close it (or use it in `with`): mediapipe complains at the interpreter's end about detectors left open.
    """

    def __init__(self, confidence: float = 0.5) -> None:
        """`confidence` 0..1: faces with a lower score are left out.

        Raises LeraError when BlazeFace can't be had or mediapipe does not load on this machine.
        """
        # In this order: fetching BlazeFace may need the proxy that is cut next.
        content = blazeface.DETECTOR.ensure().read_bytes()
        cut_mediapipe()
        # It imports matplotlib, which tells at its first start of all how it has listed the fonts.
        logging.getLogger("matplotlib").setLevel(logging.WARNING)
        try:
            # Importing mediapipe takes half a second, and only those who look for faces need it.
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision

            self._image = mediapipe.Image
            self._format = mediapipe.ImageFormat.SRGB
            options = vision.FaceDetectorOptions(
                base_options=BaseOptions(model_asset_buffer=content),
                running_mode=vision.RunningMode.IMAGE,
                min_detection_confidence=confidence,
            )
            with _quiet():
                self._detector: Any = vision.FaceDetector.create_from_options(options)
                # The first picture makes it log once more.
                self.find(np.zeros((8, 8, 3), np.uint8))
        except (ImportError, OSError) as error:
            raise LeraError(
                f"mediapipe, which finds the faces, does not load ({error}): install LERA's requirements again; on "
                "Linux it also needs the system's libEGL and libGLESv2 (on Debian and Ubuntu: libegl1 and libgles2)."
            ) from error

    def find(self, frame: NDArray[np.uint8]) -> list[Face]:
        """The faces in an RGB frame, uint8 (H, W, 3), the surest first. Raises ValueError for anything else."""
        if self._detector is None:
            raise ValueError("this detector is closed")
        check_frame(frame)
        height, width = frame.shape[:2]
        found = self._detector.detect(self._image(self._format, np.ascontiguousarray(frame)))
        faces = [face for one in found.detections if (face := _face(one, width, height)) is not None]
        return sorted(faces, key=lambda face: -face.score)

    def close(self) -> None:
        """Frees mediapipe's graph; a second call does nothing."""
        detector, self._detector = self._detector, None
        if detector is not None:
            with _quiet():
                detector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_frame(frame: NDArray[np.uint8]) -> None:
    """Raises ValueError unless `frame` is a picture: uint8 (H, W, 3), not empty."""
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise ValueError(f"a frame must be a uint8 array (height, width, 3) in RGB, not {describe(frame)}")
    if frame.size == 0:
        raise ValueError(f"a frame must have at least one pixel, not {describe(frame)}")


def describe(value: object) -> str:
    """What a caller handed in, for an error message."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return type(value).__name__


def _face(found: Any, width: int, height: int) -> Face | None:
    """mediapipe's detection as ours; None where it can't be used because it has no size."""
    box = found.bounding_box
    edges = (box.origin_x, box.origin_y, box.origin_x + box.width, box.origin_y + box.height)
    points = [(float(point.x * width), float(point.y * height)) for point in found.keypoints]
    score = float(found.categories[0].score)
    if len(points) != len(POINTS) or not np.isfinite([*edges, *np.ravel(points), score]).all():
        return None
    left, top, right, bottom = map(float, edges)
    face = Face((left, top, right, bottom), score, (points[0], points[1], points[2], points[3], points[4], points[5]))
    try:
        face.frame()
    except ValueError:
        return None
    return face if right > left and bottom > top else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences what mediapipe's C++ writes to stderr; it heeds no setting. Errors still come as exceptions.

    Where there is no stderr (a windowed program) or it can't be moved, nothing is done.
    """
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, ValueError):
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
        finally:
            os.close(nowhere)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
