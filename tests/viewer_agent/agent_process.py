"""The agent as `python -m viewer_agent` runs it, with stand-in weights, and with a list of all that it touched.

Run by tests. At its end it prints to stderr, line by line, what was opened for writing and what was connected to.
"""

import os
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
touched: list[str] = []


def note(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: Python calls it for every file and every connection."""
    if event == "open":
        path, mode, flags = arguments
        # A number is a file that is open already.
        if isinstance(path, int):
            return
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & WRITING):
            touched.append(f"WROTE {path}")
    elif event == "socket.connect":
        touched.append(f"CONNECTED {arguments[1]}")


def forbid(name: str) -> None:
    """OpenCV writes without Python's knowledge, so what could write a picture must not even be called."""

    def refuse(*_arguments: object) -> None:
        touched.append(f"CALLED cv2.{name}")
        raise AssertionError(f"cv2.{name} was called")

    setattr(cv2, name, refuse)


sys.addaudithook(note)
# The model is imported here, before the agent comes to cut it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import viewer_agent.camera  # noqa: E402, F401, I001 - sets OpenCV up before it is loaded
import cv2  # noqa: E402
from model import detector, face  # noqa: E402
from viewer_agent.__main__ import main  # noqa: E402

for forbidden in ("imwrite", "imwritemulti", "imencode", "VideoWriter"):
    forbid(forbidden)


class StandInReader(face.FaceReader):
    """Finds and cuts faces as the real one does; its numbers follow the light on three parts of the face."""

    def __init__(self) -> None:
        super().__init__(detector.Detector(), cast(Any, None), {})

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        scores = np.zeros((len(crops), 7), np.float32)
        for column, part in enumerate(np.split(crops[:, :63].astype(np.float32), 7, axis=1)):
            scores[:, column] = part.mean((1, 2, 3)) / 8
        scores = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(scores / scores.sum(1, keepdims=True), np.float32)


if __name__ == "__main__":
    face.load = StandInReader
    status = main(sys.argv[1:])
    modules = [
        name for name in ("torch", "bot", "viewer_agent.portrait", "viewer_agent.preview") if name in sys.modules
    ]
    for line in [*touched, *(f"IMPORTED {name}" for name in modules)]:
        if os.devnull not in line:
            print(line, file=sys.stderr)
    print("LEFT", *(path.relative_to(Path.cwd()) for path in Path.cwd().rglob("*")), file=sys.stderr)
    sys.exit(status)
