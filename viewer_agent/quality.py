"""How far one look at a face can be trusted: light, size, sharpness, and the finder's own score. Pure."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.light import brightness, sharpness

Picture = NDArray[np.uint8]
"""H x W x 3, RGB."""

# A look scores 0 at the first number and 1 from the second on, linearly between.
_SCORE: Final = (0.4, 0.8)
_LIGHT: Final = (1.0, 2.0)  # times the least brightness that is read
_SIZE: Final = (0.75, 2.0)  # times the least width that is read
_SHARPNESS: Final = (0.0, 0.06)


class Darkness:
    """Whether it is too dark, with some inertia so that a flickering lamp does not switch the agent on and off."""

    RECOVERY: Final = 1.25

    def __init__(self, least: float) -> None:
        self._least = least
        self._dark = False

    def judge(self, brightness: float) -> bool:
        """Dark under `least`, and then until it is a quarter brighter than that. Luma 0..1."""
        self._dark = brightness < self._least * (self.RECOVERY if self._dark else 1.0)
        return self._dark


def quality(crop: Picture, score: float, width: float, least_brightness: float, least_width: float) -> float:
    """0..1 for one look: the product of four ramps, so one bad condition is enough to distrust it.

    `score` is the face finder's (0..1), `width` the face's in pixels of the frame.
    """
    return (
        _ramp(score, *_SCORE)
        * _ramp(width / least_width, *_SIZE)
        * _ramp(sharpness(crop), *_SHARPNESS)
        * (_ramp(brightness(crop) / least_brightness, *_LIGHT) if least_brightness else 1.0)
    )


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))
