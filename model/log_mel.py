"""What the voice reader sees of sound: the loudness of 80 bands of the mel scale, a hundred times a second. Pure.

The mel scale is that of O'Shaughnessy, "Speech Communication" (1987). The window is 40 ms, longer than recognisers of
words take it, since single harmonics of a voice, which carry its melody, come apart only then.
"""

import functools
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from model.speech import RATE

BANDS: Final = 80
HOP: Final = 160
"""Samples between looks: 10 ms."""
WINDOW: Final = 640
FFT: Final = 1024
LOW: Final = 60.0
HIGH: Final = 7600.0
FLOOR: Final = 10**-5.5
"""Of the loud frames' power, added to every band: how silent a room is tells recordings apart, not feelings."""
QUIET: Final = 1e-12
"""Added to every band whatever the loudness is, so that silence has a logarithm."""
SPOKEN: Final = 0.1
"""Of the loud frames' root power: a frame with less (20 dB below) is a pause, which says nothing of the speaker."""


def mel(frequency: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Hertz to mel."""
    return np.asarray(2595 * np.log10(1 + np.asarray(frequency) / 700))


@functools.cache
def filters() -> NDArray[np.float32]:
    """(FFT // 2 + 1, BANDS): triangles of height 1, evenly wide in mel, each from its neighbour's top to the next's."""
    tops = np.linspace(mel(LOW), mel(HIGH), BANDS + 2)
    places = mel(np.arange(FFT // 2 + 1) * RATE / FFT)[:, None]
    rise = (places - tops[:-2]) / (tops[1:-1] - tops[:-2])
    fall = (tops[2:] - places) / (tops[2:] - tops[1:-1])
    return np.maximum(0, np.minimum(rise, fall)).astype(np.float32)


@functools.cache
def _window() -> NDArray[np.float32]:
    return np.hanning(WINDOW + 1)[:-1].astype(np.float32)


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sound (N,), 16 kHz, -1..1 -> float32 (T, BANDS), natural logarithms of power; T = 1 + (N - WINDOW) // HOP.

    Less than a window is filled up with silence, so T is at least 1.
    """
    if len(samples) < WINDOW:
        samples = np.pad(samples, (0, WINDOW - len(samples)))
    frames = sliding_window_view(samples, WINDOW)[::HOP] * _window()
    spectrum = np.fft.rfft(frames, FFT)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ filters() / np.float32(WINDOW)
    loud = np.quantile(power.mean(1), 0.95)
    return np.log(power + np.float32(FLOOR * loud + QUIET))


def spoken(bands: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which frames of `log_mel`'s (T, BANDS) are no pauses, (T,). At least one is."""
    level = np.log(np.exp(np.asarray(bands, np.float64)).mean(1))
    return np.asarray(level >= np.quantile(level, 0.95) + 2 * np.log(SPOKEN), np.bool_)
