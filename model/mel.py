"""What the voice reader sees of sound: the power in 40 bands of the mel scale, a hundred times a second. Pure.

The bands are those that the speaker encoder which the reader is built on was trained with: 25 ms windows every 10 ms,
and Slaney's mel scale ("Auditory Toolbox", Interval report 1998-010), which is even up to 1 kHz and logarithmic above.
"""

import functools
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from model.speech import RATE

BANDS: Final = 40
HOP: Final = 160
"""Samples between looks."""
WINDOW: Final = 400
LEVEL: Final = 10 ** (-30 / 20)
"""Root mean square that each segment is brought to: -30 dB of full scale. How near a microphone is says nothing."""
SILENT: Final = 1e-5
"""Root mean square (-100 dB) below which there is nothing to bring to a level."""
STEP: Final = 200 / 3
"""Hertz a mel up to EVEN, where 27 more make it 6.4 times as much."""
EVEN: Final = 1000.0


def mel(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hertz to mel."""
    above = EVEN / STEP + 27 * np.log(np.maximum(frequency, EVEN) / EVEN) / np.log(6.4)
    return np.asarray(np.where(frequency < EVEN, frequency / STEP, above))


def hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mel to hertz."""
    above = EVEN * np.exp(np.log(6.4) * (np.maximum(mels, EVEN / STEP) - EVEN / STEP) / 27)
    return np.asarray(np.where(mels < EVEN / STEP, mels * STEP, above))


@functools.cache
def filters() -> NDArray[np.float32]:
    """(WINDOW // 2 + 1, BANDS): triangles from one band's neighbour to the other's, each of area 1 over hertz."""
    ends = hertz(np.linspace(0, mel(np.array(RATE / 2)), BANDS + 2))
    places = np.linspace(0, RATE / 2, WINDOW // 2 + 1)[:, None]
    rise = (places - ends[:-2]) / (ends[1:-1] - ends[:-2])
    fall = (ends[2:] - places) / (ends[2:] - ends[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rise, fall)) * 2 / (ends[2:] - ends[:-2]), np.float32)


@functools.cache
def _window() -> NDArray[np.float32]:
    return np.hanning(WINDOW + 1)[:-1].astype(np.float32)


def loudness(samples: NDArray[np.float32]) -> float:
    """Root mean square of sound (N,), 0 where there is none."""
    return float(np.sqrt(np.square(samples, dtype=np.float64).mean())) if len(samples) else 0.0


def bands(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sound (N,), 16 kHz, brought to LEVEL -> power float32 (T, BANDS), T = 1 + N // HOP, at least 3.

    Windows are centred on every HOP-th sample; at both ends the sound is mirrored. Silence stays silence.
    """
    if len(samples) < WINDOW:
        samples = np.pad(samples, (0, WINDOW - len(samples)))
    level = loudness(samples)
    sound = samples * np.float32(LEVEL / level if level > SILENT else 1.0)
    frames = sliding_window_view(np.pad(sound, WINDOW // 2, mode="reflect"), WINDOW)[::HOP] * _window()
    spectrum = np.fft.rfft(frames, WINDOW)
    power: NDArray[np.float32] = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ filters()
    return power
