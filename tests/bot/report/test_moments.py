"""Peaks and moments."""

from itertools import pairwise

from bot.history import Row
from bot.report.moments import MOST, moments, peaks
from bot.report.series import Bucket, buckets, columns
from transport.reading import Probabilities

CALM: Probabilities = (0.1, 0.1, 0.5, 0.1, 0.1, 0.05, 0.05)
JOY: Probabilities = (0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05)
SHOCK: Probabilities = (0.05, 0.05, 0.05, 0.05, 0.7, 0.05, 0.05)


def stream(*parts: tuple[int, Probabilities | None]) -> tuple[list[Bucket], Probabilities]:
    """Units of ten seconds of a crowd that shows each of these for so many seconds; and the calm as its mean."""
    felt = [shares for seconds, shares in parts for _ in range(seconds)]
    rows = [Row(float(second), 10, shares, None, None, 10, 0, 0.0) for second, shares in enumerate(felt)]
    return buckets(columns(rows, 0.0), 10), CALM


def test_a_cheer_is_one_moment_where_it_begins() -> None:
    (found,) = moments(*stream((60, CALM), (300, JOY), (60, CALM)))
    assert (found.emotion, found.into, found.share) == ("happiness", 60.0, 0.7)


def test_a_crowd_that_falls_back_for_a_while_is_still_one_moment() -> None:
    assert len(moments(*stream((60, CALM), (30, JOY), (40, CALM), (30, JOY), (60, CALM)))) == 1
    assert len(moments(*stream((60, CALM), (30, JOY), (90, CALM), (30, JOY), (60, CALM)))) == 2


def test_each_expression_has_moments_of_its_own() -> None:
    found = moments(*stream((60, CALM), (60, SHOCK), (60, JOY), (60, CALM)))
    assert [(moment.emotion, moment.into) for moment in found] == [("surprise", 60.0), ("happiness", 120.0)]


def test_a_calm_crowd_has_none() -> None:
    assert moments(*stream((600, CALM))) == []
    assert moments([], None) == []


def test_two_chapters_are_never_too_near_nor_too_many() -> None:
    found = moments(*stream(*[(70, JOY), (70, SHOCK), (100, CALM)] * 12))
    times = [moment.into for moment in found]
    assert len(found) == MOST and times == sorted(times)
    assert min(later - sooner for sooner, later in pairwise(times)) >= 60
    assert min(times) >= 10


def test_a_flicker_is_no_moment() -> None:
    assert moments(*stream((60, CALM), (4, None), (2, JOY), (4, None), (60, CALM))) == []


def test_the_first_of_equal_peaks_counts() -> None:
    rows = [Row(float(second), 10, shares, None, None, 10, 0, 0.0) for second, shares in enumerate([CALM, JOY, JOY])]
    found = {peak.emotion: peak.into for peak in peaks(columns(rows, 0.0))}
    assert found["happiness"] == 1.0 and found["neutral"] == 0.0
    assert peaks(columns([], 0.0)) == []
