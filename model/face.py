"""Pixels in, seven probabilities out: finds faces, cuts them out the way the network was taught, reads them.

`with load() as reader:` find the faces of a frame, `crop` each, and hand the crops to `probabilities`.
"""

import hashlib
import json
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from lera.errors import LeraError
from model.certainty import certainty
from model.detector import Detector, Face, check_frame, describe
from model.emotions import EMOTIONS

__all__ = ["SIDE", "WEIGHTS", "Face", "FaceReader", "certainty", "load", "open_session"]

SIDE: Final = 112
"""Crops are SIDE x SIDE, which is what the network reads."""
WEIGHTS: Final = Path(__file__).with_name("weights") / "face.onnx"
CARD: Final = WEIGHTS.with_suffix(".json")
BATCH: Final = 256
"""More crops than this go through the network in several batches, so that memory stays bounded."""
# Shares of red, green and blue in grey, as ITU-R BT.601 has them and Pillow, which made the training pictures grey.
LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)


class FaceReader:
    """Finds faces and reads their expression, on one CPU thread. Made by `load`; close it or use it in `with`."""

    def __init__(self, detector: Detector, session: onnxruntime.InferenceSession, card: dict[str, Any]) -> None:
        self._detector = detector
        self._session = session
        self.card = card
        """The model card, as in `model/weights/face.json`."""

    def find(self, frame: NDArray[np.uint8]) -> list[Face]:
        """The faces in an RGB frame, uint8 (H, W, 3), the surest first. Raises ValueError for any other array."""
        return self._detector.find(frame)

    def crop(self, frame: NDArray[np.uint8], face: Face) -> NDArray[np.uint8]:
        """The face as uint8 (112, 112, 3): eyes level, at the place and scale that the network was taught.

        Where the face leaves the frame, the frame's edge goes on. Raises ValueError for a frame that is not one.
        """
        check_frame(frame)
        matrix = face.frame()
        frame, matrix = _shrunk(frame, matrix)
        # From the crop's pixel centres to the picture's: cv2 counts both from the middle of the first pixel.
        linear = matrix[:, :2] / SIDE
        places = np.column_stack([linear, matrix[:, 2] + linear @ [0.5, 0.5] - 0.5])
        turned = cv2.warpAffine(
            frame,
            places,
            (SIDE, SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(turned, np.uint8)

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The seven probabilities of each crop, float32 (N, 7) in the order of EMOTIONS; rows sum to 1.

        `crops` are RGB, uint8 (N, H, W, 3), of any size and number, also none. Raises ValueError for any other array.
        """
        if not isinstance(crops, np.ndarray) or crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[3] != 3:
            raise ValueError(f"crops must be a uint8 array (N, height, width, 3) in RGB, not {describe(crops)}")
        if not len(crops):
            return np.zeros((0, len(EMOTIONS)), np.float32)
        if crops.size == 0:
            raise ValueError(f"crops must have at least one pixel each, not {describe(crops)}")
        parts = [self._read(crops[start : start + BATCH]) for start in range(0, len(crops), BATCH)]
        return np.concatenate(parts)

    def _read(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        grey = crops @ LUMA  # (N, H, W), 0..255
        if grey.shape[1:] != (SIDE, SIDE):
            grey = np.stack([_resized(picture) for picture in grey])
        given = self._session.run(None, {"grey": grey[:, None] / np.float32(255)})[0]
        seven: NDArray[np.float32] = given / given.sum(1, keepdims=True)
        return seven

    def close(self) -> None:
        """Frees the detector; a second call does nothing."""
        self._detector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def load() -> FaceReader:
    """A reader with the shipped weights. Raises LeraError when the weights or the detector can't be had."""
    try:
        card = json.loads(CARD.read_text(encoding="utf-8"))
        content = WEIGHTS.read_bytes()
    except (OSError, ValueError) as error:
        raise LeraError(f"The face reader's weights or card are missing in {WEIGHTS.parent}: get LERA anew.") from error
    if hashlib.sha256(content).hexdigest() != card["sha256"]:
        raise LeraError(f"The face reader's weights in {WEIGHTS} are not those of their card: get LERA anew.")
    return FaceReader(Detector(), open_session(content), card)


def open_session(weights: Path | bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """The network of an ONNX file or its content, ready to run; `threads` 0 leaves the choice to onnxruntime.

    One thread is the default because viewers play games beside the agent: a pool that spins takes a core from them.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    if threads == 1:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])


def _resized(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) as (SIDE, SIDE); Pillow's bilinear filter widens when it shrinks, so nothing flickers."""
    return np.asarray(Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def _shrunk(frame: NDArray[np.uint8], matrix: NDArray[np.float64]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of the frame that the crop shows, brought near the crop's scale, and the matrix that fits it.

    Sampling a large face at 112x112 points would skip most of its pixels; averaging them first is what a small camera
    would have done.
    """
    height, width = frame.shape[:2]
    corners = matrix @ np.array([[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]])
    # Two pixels more on each side, so that sampling between pixels never meets the cut.
    low = np.floor(corners.min(1)).astype(int) - 2
    high = np.ceil(corners.max(1)).astype(int) + 2
    left, top = np.clip(low, 0, [width - 1, height - 1])
    right, bottom = np.clip(high, [left + 1, top + 1], [width, height])
    part = frame[top:bottom, left:right]
    matrix = matrix - [[0, 0, left], [0, 0, top]]
    scale = float(np.hypot(*matrix[:, 0])) / SIDE
    if scale <= 1:
        return np.ascontiguousarray(part), matrix
    size = (max(1, round(part.shape[1] / scale)), max(1, round(part.shape[0] / scale)))
    small = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    ratio = np.array([[size[0] / part.shape[1]], [size[1] / part.shape[0]]])
    return small, matrix * ratio
