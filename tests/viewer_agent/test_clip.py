import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from viewer_agent.clip import Clip, Look

CROP = np.zeros((4, 4, 3), np.uint8)


def look(number: int, rate: float = 8.0, quality: float = 1.0) -> Look:
    return Look(number, number / rate, CROP + np.uint8(number % 256), quality)


def one_hot(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Crops with an even value are pure happiness, odd ones pure sadness."""
    rows = np.zeros((len(crops), 7), np.float32)
    rows[np.arange(len(crops)), crops[:, 0, 0, 0] % 2] = 1.0
    return rows


@given(st.lists(st.integers(0, 40), max_size=80))
def test_sixteen_looks_come_from_sixteen_different_frames(numbers: list[int]) -> None:
    clip = Clip(16, 1.0)
    for number in numbers:
        clip.add(look(number), track=1)
        assert len(set(clip.frames)) == len(clip.frames) <= 16
        assert clip.frames == sorted(clip.frames)
        assert clip.full == (len(clip.frames) == 16)


def test_the_same_frame_again_is_refused() -> None:
    clip = Clip(16, 1.0)
    assert clip.add(look(7), track=1)
    for _ in range(30):
        assert not clip.add(look(7), track=1)
    assert not clip.full


def test_another_track_empties_it() -> None:
    clip = Clip(4, 1.0)
    for number in range(4):
        clip.add(look(number), track=1)
    assert clip.full
    clip.add(look(9), track=2)
    assert clip.frames == [9]


def test_each_crop_is_classified_once() -> None:
    clip, sizes = Clip(4, 1.0), []

    def classify(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        sizes.append(len(crops))
        return one_hot(crops)

    for number in range(4):
        clip.add(look(number), track=1)
    clip.read(classify)
    clip.read(classify)
    clip.add(look(4), track=1)
    clip.read(classify)
    assert sizes == [4, 1]


def test_newer_looks_weigh_more() -> None:
    clip = Clip(2, smoothing_seconds=0.125)
    clip.add(look(0, quality=0.0), track=1)
    clip.add(look(1, quality=1.0), track=1)
    reading = clip.read(one_hot)
    assert reading.probabilities[1] == pytest.approx(1)
    assert reading.quality == pytest.approx(1 / (1 + np.exp(-1)))


def test_better_looks_weigh_more() -> None:
    clip = Clip(4, smoothing_seconds=10.0)
    for number, quality in enumerate([1.0, 0.2, 0.9, 0.2]):
        clip.add(look(number, quality=quality), track=1)
    assert clip.read(one_hot).probabilities.argmax() == 0


def test_looks_without_any_quality_still_have_a_centre() -> None:
    clip = Clip(3, 1.0)
    for number in (0, 2, 4):
        clip.add(look(number, quality=0.0), track=1)
    reading = clip.read(one_hot)
    assert reading.probabilities[0] == pytest.approx(1)
    assert reading.quality == 0.0


@pytest.mark.parametrize("odd", [1, 2, 3, 4])
def test_odd_looks_do_not_flip_the_label(odd: int) -> None:
    """The newest four of sixteen weigh 46 % at the default rate; the mean would follow them, sure as they are."""
    clip = Clip(16, 1.0)
    for number in range(16):
        clip.add(look(2 * number + (number >= 16 - odd), rate=16.0), track=1)

    steady, shocked = np.array([0.4, *[0.1] * 6]), np.eye(7)[1]

    def classify(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.where(one_hot(crops)[:, :1] > 0, steady, shocked).astype(np.float32)

    assert clip.read(classify).probabilities.argmax() == 0
    # What the mean would say, from two odd looks on.
    weights = np.exp(np.arange(16) / 8.0)
    mean = weights @ np.array([steady] * (16 - odd) + [shocked] * odd)
    assert mean.argmax() == (1 if odd >= 2 else 0)


@given(st.lists(st.lists(st.floats(0.001, 1), min_size=7, max_size=7), min_size=3, max_size=3), st.floats(0.1, 10))
def test_a_reading_is_a_distribution_between_its_looks(rows: list[list[float]], smoothing: float) -> None:
    table = np.array(rows)
    table /= table.sum(1, keepdims=True)
    clip = Clip(3, smoothing)
    for number in range(3):
        clip.add(look(number), track=1)
    reading = clip.read(lambda _crops: table.astype(np.float32))
    assert reading.probabilities.sum() == pytest.approx(1)
    assert (reading.probabilities <= table.max(0) + 1e-6).all()
    assert (reading.probabilities >= table.min(0) - 1e-6).all()
