"""What a face costs: `python -m bench.face`. Milliseconds on one thread, and ratios to baselines of the same run.

Baselines: the same ONNX file with as many threads as onnxruntime likes, and the same network in torch eager on one
thread, where torch is installed. Medians of interleaved rounds, so that a busy machine slows all of them alike.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model.face import SIDE, WEIGHTS, FaceReader, load, open_session

ROUNDS: Final = 30
SECONDS: Final = 0.02
"""Each round repeats a call for about this long."""
PORTRAIT: Final = Path(__file__).parents[1] / "viewer_agent" / "portrait.jpg"


def webcam() -> NDArray[np.uint8]:
    """A frame (480, 640, 3) in RGB with the public-domain portrait in it."""
    portrait = np.asarray(cv2.imread(str(PORTRAIT)), np.uint8)[..., ::-1]
    frame = np.full((480, 640, 3), 90, np.uint8)
    height, width = portrait.shape[:2]
    frame[100 : 100 + height, 200 : 200 + width] = portrait
    return frame


def medians(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Milliseconds per call of each, measured in turns."""
    repeats = {}
    for name, call in calls.items():
        call()
        began = time.perf_counter()
        call()
        repeats[name] = max(1, int(SECONDS / max(time.perf_counter() - began, 1e-6)))
    rounds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            began = time.perf_counter()
            for _ in range(repeats[name]):
                call()
            rounds[name].append((time.perf_counter() - began) / repeats[name] * 1000)
    return {name: statistics.median(times) for name, times in rounds.items()}


def eager(batch: int) -> Callable[[], object] | None:
    """The network in torch on one thread, or None where torch is not installed. Its weights don't matter for speed."""
    try:
        import torch

        from model.train.network import FaceNetwork
    except ImportError:
        return None
    torch.set_num_threads(1)
    network, grey = FaceNetwork().eval(), torch.rand(batch, 1, SIDE, SIDE)

    def run() -> object:
        with torch.inference_mode():
            return torch.softmax(network(grey), 1)

    return run


def tasks(reader: FaceReader) -> tuple[dict[str, Callable[[], object]], dict[str, int]]:
    """What is measured, and how many faces each call reads."""
    frame = webcam()
    faces = reader.find(frame)
    if not faces:
        raise SystemExit("no face was found in the portrait, so there is nothing to measure")
    crop = reader.crop(frame, faces[0])
    calls: dict[str, Callable[[], object]] = {
        "find": lambda: reader.find(frame),
        "crop": lambda: reader.crop(frame, faces[0]),
    }
    count = {"find": 1, "crop": 1}
    threaded = open_session(WEIGHTS, threads=0)
    for batch in (1, 16):
        crops = np.stack([crop] * batch)
        grey = np.zeros((batch, 1, SIDE, SIDE), np.float32)
        several: dict[str, Callable[[], object] | None] = {
            f"probabilities, batch {batch}": lambda crops=crops: reader.probabilities(crops),  # type: ignore[misc]
            f"onnxruntime's own threads, batch {batch}": lambda grey=grey: threaded.run(None, {"grey": grey}),  # type: ignore[misc]
            f"torch eager, batch {batch}": eager(batch),
        }
        for name, call in several.items():
            if call is not None:
                calls[name], count[name] = call, batch
    return calls, count


def main() -> int:
    """Prints the table."""
    with load() as reader:
        calls, count = tasks(reader)
        times = medians(calls)
    print(f"{'':38} ms per face   ratio to ours")
    for name, milliseconds in times.items():
        ours = f"probabilities, batch {count[name]}"
        beside = "" if name in ("find", "crop") or name == ours else f"{milliseconds / times[ours]:13.2f}"
        print(f"{name:38} {milliseconds / count[name]:11.3f} {beside}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
