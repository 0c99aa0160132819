from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from viewer_agent.clip import ClipReading
from viewer_agent.reporter import Gone, Reporter, Told, total_variation

CALM = np.array([0.1, 0.1, 0.6, 0.05, 0.05, 0.05, 0.05])
HAPPY = np.array([0.8, 0.02, 0.1, 0.02, 0.02, 0.02, 0.02])


def test_the_first_reading_is_told() -> None:
    told = Reporter(0.05).reading(ClipReading(CALM, 0.9), 123.0, 0.0, 1.0)
    assert told is not None
    assert (told.quality, told.captured) == (0.9, 123.0)


def test_says_nothing_that_it_has_said() -> None:
    reporter = Reporter(0.05)
    assert reporter.reading(ClipReading(CALM, 0.9), 0.0, 0.0, 1.0)
    assert reporter.reading(ClipReading(CALM, 0.9), 2.0, 2.0, 1.0) is None
    assert reporter.reading(ClipReading(HAPPY, 0.9), 3.0, 3.0, 1.0)


def test_a_change_of_quality_is_worth_telling() -> None:
    reporter = Reporter(0.05)
    reporter.reading(ClipReading(CALM, 0.9), 0.0, 0.0, 1.0)
    assert reporter.reading(ClipReading(CALM, 0.5), 2.0, 2.0, 1.0)


@given(st.lists(st.tuples(st.floats(0.01, 1.0), st.booleans()), max_size=100), st.floats(0.2, 5.0))
def test_never_more_than_one_reading_an_interval(steps: list[tuple[float, bool]], interval: float) -> None:
    reporter, now, told = Reporter(0.05), 0.0, []
    for wait, happy in steps:
        now += wait
        if reporter.reading(ClipReading(HAPPY if happy else CALM, 0.9), now, now, interval):
            told.append(now)
    assert all(later - earlier >= interval - 0.002 for earlier, later in pairwise(told))


def test_an_absence_is_told_once_and_the_return_always() -> None:
    reporter = Reporter(0.05)
    assert isinstance(reporter.reading(ClipReading(CALM, 0.9), 0.0, 0.0, 1.0), Told)
    assert reporter.away("no_face") == Gone("no_face")
    assert reporter.away("no_face") is None
    assert reporter.away("too_dark") == Gone("too_dark")
    assert isinstance(reporter.reading(ClipReading(CALM, 0.9), 5.0, 5.0, 1.0), Told)


def test_total_variation() -> None:
    assert total_variation(CALM, CALM) == 0.0
    assert total_variation(np.eye(7)[0], np.eye(7)[1]) == 1.0
