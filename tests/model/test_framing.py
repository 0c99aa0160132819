"""The framing that live crops and training pictures share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.framing import EYE_DISTANCE, EYE_HEIGHT, MOUTH_SHARE, frame_of

LEFT, RIGHT, MOUTH = np.array([100.0, 50.0]), np.array([140.0, 50.0]), np.array([120.0, 92.0])

angles = st.floats(-180, 180)
scales = st.floats(0.1, 20)
shifts = st.floats(-500, 500)


def moved(points: NDArray[np.float64], angle: float, scale: float, x: float, y: float) -> NDArray[np.float64]:
    """Points (..., 2) turned, scaled and shifted."""
    turn = np.deg2rad(angle)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return points @ matrix.T + [x, y]


def into_crop(matrix: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where a place of the picture falls in the crop."""
    return np.linalg.solve(matrix[:, :2], point - matrix[:, 2]).astype(np.float64)


@given(angles, scales, shifts, shifts)
def test_eyes_fall_at_the_same_place_however_the_face_is_turned(angle: float, scale: float, x: float, y: float) -> None:
    left, right, mouth = moved(np.stack([LEFT, RIGHT, MOUTH]), angle, scale, x, y)
    matrix = frame_of(left, right, mouth)
    assert into_crop(matrix, left) == pytest.approx([0.5 - EYE_DISTANCE / 2, EYE_HEIGHT], abs=1e-6)
    assert into_crop(matrix, right) == pytest.approx([0.5 + EYE_DISTANCE / 2, EYE_HEIGHT], abs=1e-6)
    assert into_crop(matrix, mouth)[1] > EYE_HEIGHT


def test_turned_head_is_not_blown_up() -> None:
    near = frame_of(LEFT, LEFT + np.array([5, 0]), MOUTH)
    assert np.linalg.norm(near[:, 0]) == pytest.approx(
        MOUTH_SHARE * np.linalg.norm(MOUTH - LEFT - np.array([2.5, 0])) / EYE_DISTANCE
    )


def test_profile_in_which_the_eyes_coincide_stays_upright() -> None:
    matrix = frame_of(LEFT, LEFT, LEFT + np.array([0, 40]))
    assert matrix[1, 0] == 0
    assert matrix[0, 0] > 0


def test_many_faces_at_once_are_framed_like_one() -> None:
    several = frame_of(np.stack([LEFT, LEFT + 1]), np.stack([RIGHT, RIGHT + 1]), np.stack([MOUTH, MOUTH + 1]))
    assert several.shape == (2, 2, 3)
    assert several[1] == pytest.approx(frame_of(LEFT + 1, RIGHT + 1, MOUTH + 1))


def test_points_without_extent_are_refused() -> None:
    with pytest.raises(ValueError, match="no size"):
        frame_of(LEFT, LEFT, LEFT)
