import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.emotions import EMOTIONS
from model.rest import LIMIT
from viewer_agent.baseline import Baseline

SAD_AT_REST = np.array([0.02, 0.45, 0.40, 0.05, 0.02, 0.03, 0.03])
SMILE = np.array([0.85, 0.03, 0.08, 0.01, 0.01, 0.01, 0.01])


def rested() -> Baseline:
    baseline = Baseline(10.0)
    for second in range(11):
        assert (baseline.correct(SAD_AT_REST, float(second)) == SAD_AT_REST).all() or second == 10
    return baseline


def test_a_resting_face_reads_as_neutral_afterwards() -> None:
    baseline = rested()
    assert baseline.learnt
    corrected = baseline.correct(SAD_AT_REST, 11.0)
    assert EMOTIONS[int(corrected.argmax())] == "neutral"


def test_a_smile_still_reads_as_happiness() -> None:
    assert EMOTIONS[int(rested().correct(SMILE, 11.0).argmax())] == "happiness"


def test_a_moving_face_is_no_baseline() -> None:
    baseline = Baseline(10.0)
    for second in range(60):
        baseline.correct(SMILE if second % 5 == 0 else SAD_AT_REST, float(second))
    assert not baseline.learnt


def test_another_face_starts_again() -> None:
    baseline = rested()
    baseline.forget()
    assert (baseline.correct(SAD_AT_REST, 20.0) == SAD_AT_REST).all()


@given(st.lists(st.floats(0.001, 1), min_size=7, max_size=7), st.lists(st.floats(0.0, 1), min_size=7, max_size=7))
def test_the_correction_is_bounded(rest: list[float], reading: list[float]) -> None:
    baseline, resting = Baseline(10.0), np.array(rest) / sum(rest)
    now = np.array(reading) + 1e-6
    now /= now.sum()
    baseline.correct(resting, 0.0)
    baseline.correct(resting, 10.0)
    assert baseline.learnt
    corrected = baseline.correct(now, 11.0)
    assert corrected.sum() == pytest.approx(1)
    odds = np.log(corrected / now)
    assert odds.max() - odds.min() <= 2 * LIMIT + 1e-6
