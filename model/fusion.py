"""Clips of a face in, seven probabilities out: runs what `python -m model export` wrote. No torch.

`ClipReader(path).probabilities(clips)` takes 16 crops of 16 different frames, each cut as the training data were: the
face finder's box as it is, squeezed to a square. How the face moves reaches the network inside the clip.
"""

from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from lera.errors import LeraError
from model.clip import Pixels, normalised, resized
from model.emotions import EMOTIONS

FRAME_RATE: Final = 25.0
"""Frames a second of the films that the training clips come from."""
KNOWN: Final = "lera.network"


class ClipReader:
    """A fusion network, on one CPU thread that never spins."""

    def __init__(self, path: Path) -> None:
        """Raises LeraError when the file is missing or is not one of LERA's."""
        self._session = open_clip_session(path)
        told = self._session.get_modelmeta().custom_metadata_map
        given = self._session.get_inputs()[0]
        if KNOWN not in told or len(given.shape) != 5:
            raise LeraError(f"{path} is not a network for clips: `python -m model export` writes one.")
        classes = told.get("lera.classes", "").split(",")
        missing = [name for name in EMOTIONS if name not in classes]
        if missing:
            raise LeraError(f"{path} does not tell {missing[0]}, so its answers can't be read: export it again.")
        self._columns = [classes.index(name) for name in EMOTIONS]
        self.network = told[KNOWN]
        """Its name in the zoo."""
        self.precision = told.get("lera.precision", "fp32")
        self.frames = int(given.shape[2])
        """Frames of a clip: 16."""
        self.side = int(given.shape[3])
        """A crop is `side` x `side`: 160."""
        self.spacing = float(told.get("lera.stride", "1")) / FRAME_RATE
        """Seconds between two frames of a clip, as in training."""

    def probabilities(self, clips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The seven probabilities of each clip, (N, 7) in the order of EMOTIONS; rows sum to 1.

        `clips` are RGB, uint8 (N, 16, H, W, 3), of any H and W. Classes beside the seven are left out. Raises
        ValueError for any other array.
        """
        if not isinstance(clips, np.ndarray) or clips.dtype != np.uint8 or clips.ndim != 5 or clips.shape[4] != 3:
            raise ValueError("clips must be a uint8 array (N, frames, height, width, 3) in RGB")
        if clips.shape[1] != self.frames or clips[:1].size == 0 < len(clips):
            raise ValueError(f"clips must have {self.frames} frames with pixels, not {clips.shape}")
        rows = np.zeros((len(clips), len(EMOTIONS)), np.float32)
        for row, clip in zip(rows, clips, strict=True):
            given = {"clip": normalised(resized(clip, self.side))[None]}
            logits = self._session.run(None, given)[0][0].astype(np.float64)[self._columns]
            exponents = np.exp(logits - logits.max())
            row[:] = exponents / exponents.sum()
        return rows


def open_clip_session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    """An exported network, ready to read one clip at a time. Raises LeraError in one line."""
    if not path.is_file():
        raise LeraError(f"There is no file {path}: name what `python -m model export` wrote in [model] weights.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A thread that spins while it waits takes a core from the game beside it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.add_free_dimension_override_by_name("batch", 1)
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no narrower class
        raise LeraError(f"{path} is not an ONNX file that onnxruntime can run: export it again.") from error


def box_crop(frame: Pixels, box: tuple[float, float, float, float], side: int) -> Pixels:
    """The part of an RGB frame inside a box (left, top, right, bottom, in pixels), squeezed to (side, side, 3).

    No margin and no turning, as the published networks were trained. What leaves the frame is cut off; at least one
    pixel stays.
    """
    height, width = frame.shape[:2]
    left, top = min(max(int(box[0]), 0), width - 1), min(max(int(box[1]), 0), height - 1)
    right, bottom = min(max(int(box[2]), left + 1), width), min(max(int(box[3]), top + 1), height)
    part = Image.fromarray(np.ascontiguousarray(frame[top:bottom, left:right]))
    return np.asarray(part.resize((side, side), Image.Resampling.BILINEAR), np.uint8)
