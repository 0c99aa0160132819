"""Files for tests, made here: clips with pictures and sound of which every number is known."""

import fractions
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from model.speech import RATE


def clip(
    path: Path,
    seconds: float = 3.0,
    *,
    rate: int = 10,
    size: tuple[int, int] = (64, 48),
    pictures: bool = True,
    sound: bool = True,
    codecs: tuple[str, str] = ("mpeg4", "aac"),
    sound_rate: int = 44_100,
    late: float = 0.0,
) -> Path:
    """A file whose picture number n is grey of 8 n (mod 256), with a tone of 440 Hz that begins `late` seconds."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream(codecs[0], rate=rate) if pictures else None
        if video is not None:
            video.width, video.height = size
            video.pix_fmt = "yuv420p"
        audio: Any = container.add_stream(codecs[1], rate=sound_rate) if sound else None
        if video is not None:
            for number in range(round(seconds * rate)):
                grey = np.full((size[1], size[0], 3), 8 * number % 256, np.uint8)
                frame = av.VideoFrame.from_ndarray(grey, "rgb24")
                frame.pts, frame.time_base = number, fractions.Fraction(1, rate)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        if audio is not None:
            whole = tone(seconds - late, sound_rate)
            for start in range(0, len(whole), 1024):
                piece = av.AudioFrame.from_ndarray(whole[None, start : start + 1024], "flt", "mono")
                piece.sample_rate = sound_rate
                piece.pts = start + round(late * sound_rate)
                piece.time_base = fractions.Fraction(1, sound_rate)
                container.mux(audio.encode(piece))
            container.mux(audio.encode(None))
    return path


def tone(seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """440 Hz at half of full volume."""
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)
