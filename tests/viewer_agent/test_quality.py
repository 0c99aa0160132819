import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.light import brightness, sharpness
from viewer_agent.portrait import picture
from viewer_agent.quality import Darkness, quality

FACE = np.ascontiguousarray(picture(4.0)[90:250, 80:240, ::-1])
SMALL = np.asarray(cv2.resize(FACE, (64, 64), interpolation=cv2.INTER_AREA), np.uint8)


def test_brightness_is_luma() -> None:
    assert brightness(np.full((8, 8, 3), 255, np.uint8)) == 1.0
    assert brightness(np.zeros((8, 8, 3), np.uint8)) == 0.0
    green = np.zeros((8, 8, 3), np.uint8)
    green[..., 1] = 255
    assert abs(brightness(green) - 0.587) < 1e-3


def test_blur_costs_sharpness_and_light_does_not() -> None:
    blurred = np.asarray(cv2.GaussianBlur(SMALL, (0, 0), 4), np.uint8)
    assert sharpness(blurred) < 0.2 * sharpness(SMALL)
    assert abs(sharpness((SMALL * 0.5).astype(np.uint8)) / sharpness(SMALL) - 1) < 0.2


@pytest.mark.parametrize("side", [96, 112, 128, 160])
@pytest.mark.parametrize("blur", [0.0, 0.02, 0.04])
def test_sharpness_is_that_of_the_picture_whatever_the_side_of_the_crop(side: int, blur: float) -> None:
    face = cv2.GaussianBlur(FACE, (0, 0), blur * len(FACE)) if blur else FACE
    small, large = (np.asarray(cv2.resize(face, (s, s), interpolation=cv2.INTER_AREA), np.uint8) for s in (64, side))
    assert sharpness(large) == pytest.approx(sharpness(small), rel=0.25, abs=0.003)


def test_a_good_look_and_bad_ones() -> None:
    good = quality(SMALL, 0.95, 200, 0.12, 40)
    assert good > 0.9
    assert quality(SMALL, 0.5, 200, 0.12, 40) < 0.5 * good
    assert quality(SMALL, 0.95, 45, 0.12, 40) < 0.5 * good
    assert quality((SMALL * 0.25).astype(np.uint8), 0.95, 200, 0.12, 40) < 0.5 * good
    assert quality(np.asarray(cv2.GaussianBlur(SMALL, (0, 0), 6), np.uint8), 0.95, 200, 0.12, 40) < 0.5 * good


@given(st.integers(0, 255), st.floats(0, 1), st.floats(0, 2000), st.floats(0, 1), st.integers(16, 1024))
def test_quality_stays_between_0_and_1(value: int, score: float, width: float, dark: float, least: int) -> None:
    assert 0.0 <= quality(np.full((16, 16, 3), value, np.uint8), score, width, dark, least) <= 1.0


def test_a_flickering_lamp_does_not_flip_the_darkness() -> None:
    darkness = Darkness(0.12)
    assert [darkness.judge(light) for light in (0.2, 0.11, 0.13, 0.11, 0.14, 0.16, 0.13)] == [
        False,
        True,
        True,
        True,
        True,
        False,
        False,
    ]
