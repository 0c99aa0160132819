"""`python -m bench.virtual_camera`: what the virtual camera costs, against drawing every frame anew.

Each kind runs in a process of its own, one after the other: a lively crowd whose bars glide all the time, a still one,
and the lively one drawn whole for every frame, which is the baseline. The device is a stand-in that does what a real
one does with a frame: it turns it into YUV 4:2:0 and writes it away.
"""

import argparse
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import msgspec
import numpy as np
from numpy.typing import NDArray

from bot.drawing.look import MoodFrame, Signal, look_of
from bot.drawing.words import LANGUAGES
from bot.virtual_camera.broadcast import Broadcast
from bot.virtual_camera.picture import plate_of
from bot.virtual_camera.settings import VirtualCameraSettings
from demo.story import Character
from model.emotions import EMOTIONS

FEED_INTERVAL = 0.1
VIEWERS = 40


class Sink:
    """A device that takes every frame at once."""

    device = "nowhere"

    def __init__(self) -> None:
        self._file = open(os.devnull, "wb", buffering=0)  # noqa: SIM115 - it stays open until `close`

    def send(self, frame: NDArray[np.uint8]) -> None:
        """Convert and write away."""
        import cv2

        self._file.write(cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).data)

    def close(self) -> None:
        """Let go."""
        self._file.close()


def main() -> None:
    """Print the share of one core of each kind, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement (default 10)")
    parser.add_argument("--width", type=int, default=1280, help="of the picture (default 1280)")
    parser.add_argument("--height", type=int, default=720, help="of the picture (default 720)")
    parser.add_argument("--rate", type=float, default=30.0, help="frames a second (default 30)")
    arguments = parser.parse_args()
    rate = arguments.rate
    settings = VirtualCameraSettings(width=arguments.width, height=arguments.height, frames_per_second=rate)
    print(f"{settings.width} x {settings.height} at {rate:g} frames a second, {VIEWERS} viewers:")
    shares = {}
    for kind, name in (
        ("anew", "every frame drawn anew (baseline)"),
        ("lively", "lively crowd"),
        ("still", "still crowd"),
    ):
        shares[kind], sent, drawn = measure(kind, settings, arguments.seconds)
        print(f"  {name:34} {shares[kind]:6.1%} of a core, {drawn} of {sent} frames drawn", flush=True)
    print(f"  lively crowd to baseline           {shares['lively'] / shares['anew']:6.3f}")


def measure(kind: str, settings: VirtualCameraSettings, seconds: float) -> tuple[float, int, int]:
    """The share of one core that a process of this kind takes at the set rate, and its frames sent and drawn."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=run, args=(kind, settings, seconds, there))
    process.start()
    there.close()
    spent, sent, drawn = here.recv()
    process.join()
    return spent / sent * settings.frames_per_second, sent, drawn


def run(kind: str, settings: VirtualCameraSettings, seconds: float, pipe: Connection) -> None:
    """Send frames for so long; tells the processor time that they cost, without the start, and how many they were."""
    pace = 0.0 if kind == "still" else FEED_INTERVAL
    frames = [crowd(pace * step) for step in range(int(seconds / FEED_INTERVAL) + 20)]
    began = time.monotonic()

    def newest() -> tuple[MoodFrame, Signal]:
        return frames[min(len(frames) - 1, int((time.monotonic() - began) / FEED_INTERVAL))], "live"

    sink = Sink()
    # Fonts and faces are drawn once, at the start, and kept by both.
    plate = plate_of(settings)
    plate.draw(look_of(frames[0], "live", LANGUAGES[settings.language]))
    if kind == "anew":
        pipe.send(_anew(settings, sink, newest, round(seconds * settings.frames_per_second)))
        return
    broadcast = Broadcast(sink, plate, newest, settings.frames_per_second, settings.language)
    thread = threading.Thread(target=broadcast.run)
    thread.start()
    time.sleep(1.0)
    spent, sent, drawn = time.process_time(), broadcast.sent, broadcast.drawn
    time.sleep(seconds)
    pipe.send((time.process_time() - spent, broadcast.sent - sent, broadcast.drawn - drawn))
    broadcast.stop()
    thread.join()


def _anew(
    settings: VirtualCameraSettings, sink: Sink, newest: Callable[[], tuple[MoodFrame, Signal]], count: int
) -> tuple[float, int, int]:
    """The baseline: the whole plate for each of so many frames, one after the other."""
    spent = time.process_time()
    for _ in range(count):
        plate = plate_of(settings)
        plate.draw(look_of(*newest(), LANGUAGES[settings.language]))
        sink.send(plate.canvas.pixels)
    return time.process_time() - spent, count, count


def crowd(moment: float) -> MoodFrame:
    """The mood of all viewers at this moment of the story."""
    felt = np.mean([Character(number).feel(7 * moment, 60.0) for number in range(VIEWERS)], axis=0)
    shares = {name: float(share) for name, share in zip(EMOTIONS, felt, strict=True)}
    return msgspec.convert(
        {
            "type": "mood",
            "viewers": VIEWERS,
            "minimum_viewers": 3,
            "enough": True,
            "shares": shares,
            "intervals": {name: (max(0.0, share - 0.1), min(1.0, share + 0.1)) for name, share in shares.items()},
            "top": max(shares, key=lambda name: shares[name]),
            "trend": dict.fromkeys(EMOTIONS, 0.05),
        },
        MoodFrame,
    )


if __name__ == "__main__":
    main()
