"""Where the expression network looks: the one framing that live crops and training pictures share.

A framing is a similarity transform found from three points that BlazeFace gives: both eyes and the mouth. It is written
as a 2x3 matrix that takes a place in the crop, (x, y) from (0, 0) top left to (1, 1) bottom right, to a place in the
picture, in pixels.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

EYE_DISTANCE: Final = 0.40
"""Between the eyes, as a share of the crop's side. FER+ pictures have 0.36 (median), RAF-DB pictures 0.43."""
EYE_HEIGHT: Final = 0.36
"""From the crop's top to the middle of the eyes, as a share of the side. FER+ has 0.40, RAF-DB 0.34."""
MOUTH_SHARE: Final = 0.85
"""A turned head brings the eyes together but not eyes and mouth, so the longer of the eyes' distance and this share of
the distance from eyes to mouth decides the scale. Facing the camera the eyes decide (the median ratio is 0.93)."""


def frame_of(
    left_eye: NDArray[np.floating], right_eye: NDArray[np.floating], mouth: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The (..., 2, 3) matrix from crop to picture, for points (..., 2) in pixels; left and right are the viewer's.

    Raises ValueError when eyes and mouth fall together, so that no scale can be found.
    """
    left, right, lips = (np.asarray(point, np.float64) for point in (left_eye, right_eye, mouth))
    middle = (left + right) / 2
    across = right - left
    apart = np.linalg.norm(across, axis=-1)
    unit = np.maximum(apart, MOUTH_SHARE * np.linalg.norm(lips - middle, axis=-1))
    if not np.all(unit > 1e-6):
        raise ValueError("eyes and mouth are at one point, so the face has no size")
    # In a full profile the eyes may coincide; the picture's own horizontal is then the best guess.
    level = np.where((apart > 0.05 * unit)[..., None], across / np.maximum(apart, 1e-9)[..., None], [1.0, 0.0])
    side = unit / EYE_DISTANCE
    x_axis = level * side[..., None]
    y_axis = np.stack([-x_axis[..., 1], x_axis[..., 0]], -1)
    origin = middle - 0.5 * x_axis - EYE_HEIGHT * y_axis
    return np.stack([x_axis, y_axis, origin], -1)
