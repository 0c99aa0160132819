"""Sound as it comes from a microphone or a file, and how it becomes 16 kHz mono."""

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

import av
import numpy as np
from numpy.typing import NDArray

from model.speech import RATE

State = Literal["opening", "open", "lost", "ended"]


class Sound(NamedTuple):
    """A piece of sound: `samples` float32 (N,), mono, 16 kHz, -1..1. Of its last sample: `captured` is the wall clock,
    `moment` a steady clock, both in seconds."""

    samples: NDArray[np.float32]
    captured: float
    moment: float


class SoundSource(Protocol):
    """A microphone, or a file in its place. `viewer_agent.camera.Camera` has the same surface."""

    @property
    def state(self) -> State: ...
    def open(self, *, patient: bool = False) -> None:
        """Start. Raises LeraError when there is none; `patient` waits for it instead."""

    def take(self) -> list[Sound]:
        """What has come since it was last asked, the oldest first."""

    def close(self) -> None:
        """Close the device, and forget what was not taken."""


class Resampler:
    """Any rate and number of channels to 16 kHz mono, one piece after the other without a seam."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._resampler = av.AudioResampler("flt", "mono", RATE)
        self._place = 0

    def convert(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """`frames` (N, channels), -1..1, to (M,). Channels are averaged. M differs a little from call to call."""
        mono = np.ascontiguousarray(frames.mean(axis=1, dtype=np.float32))
        if self._rate == RATE or not len(mono):
            return mono
        frame = av.AudioFrame.from_ndarray(mono[None], format="flt", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self._place
        self._place += len(mono)
        return joined([part.to_ndarray()[0] for part in self._resampler.resample(frame)])


def joined(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Pieces of samples as one."""
    return np.concatenate(parts).astype(np.float32, copy=False) if parts else np.empty(0, np.float32)


MakeSource = Callable[[Callable[[], None]], SoundSource]
"""Makes a source. The callback is called in the source's thread whenever there is sound or a new `state`."""
