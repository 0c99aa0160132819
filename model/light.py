"""How bright and how sharp a picture is, for the agent's trust in a look and for judging readers by group. Pure."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
"""Shares of red, green and blue in grey: ITU-R BT.601."""
SIDE: Final = 64
"""Sharpness is measured at this side, so that it is a property of the picture and not of the network's input."""


def brightness(picture: NDArray[np.uint8]) -> float:
    """Mean luma of an RGB picture (H, W, 3), 0 (black) to 1 (white). Looks at every fourth pixel each way."""
    return float((picture[::4, ::4].astype(np.float32) @ LUMA).mean()) / 255.0


def sharpness(crop: NDArray[np.uint8]) -> float:
    """How much of the contrast of an RGB crop lies in its finest detail: 0 when blurred away, about 0.1 when crisp.

    The variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing", ICPR 2000) over the variance of the luma,
    so that it does not depend on the light. The finest detail is that of a 64x64 crop: larger ones are averaged down to
    it; smaller ones (H, W < 64) are taken as they are, because enlarging would make their grain look like blur.
    """
    luma = crop.astype(np.float32) @ LUMA
    if min(luma.shape) > SIDE:
        luma = np.asarray(cv2.resize(luma, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.float32)
    spread = float(luma.var())
    if min(luma.shape) < 3 or spread < 1.0:
        return 0.0
    middle = luma[1:-1, 1:-1]
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * middle
    return float(laplacian.var()) / spread
