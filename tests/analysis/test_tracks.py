"""Columns, units, gaps, means and moments, by numbers."""

import numpy as np
import pytest

from analysis.tracks import APART, MOST_MOMENTS, Read, fused, gaps, moments, peaks, points, spread, track
from model.emotions import EMOTIONS
from model.modalities import Sensed, fuse
from tests.analysis.seeing import evening, leading


def happy(share: float, quality: float = 1.0) -> Sensed:
    return Sensed(leading("happiness", share), quality)


def test_what_has_no_quality_is_a_gap_and_no_number() -> None:
    timeline = track([happy(0.4), None, happy(0.8, 0.0), happy(0.6)])
    assert timeline.counted.tolist() == [True, False, False, True] and timeline.known == 2
    assert timeline.means is not None and timeline.means[0] == pytest.approx(0.5), "of what was read alone"
    assert sum(timeline.means) == pytest.approx(1.0)
    assert track([]).means is None and track([None]).means is None


def test_units_are_means_of_what_was_read_in_them() -> None:
    timeline = track([happy(0.4), None, happy(0.8), None, None, None, happy(1.0)])
    found = points(timeline, 3)
    assert [(point.begin, point.kept, point.counted) for point in found] == [(0, 3, 2), (3, 3, 0), (6, 1, 1)]
    assert found[0].shares is not None and found[0].shares[0] == pytest.approx(0.6) and found[1].shares is None


def test_gaps_go_from_the_begin_to_the_end() -> None:
    assert gaps(track([None, None, happy(0.5), None, happy(0.5), None]), 5.4) == [(0, 2), (3, 4), (5, 5.4)]
    assert gaps(track([happy(0.5)]), 1.0) == [] and gaps(track([None, None]), 1.5) == [(0, 1.5)]


def test_the_fused_mood_is_the_rules_of_what_is_there() -> None:
    face, voice = track([happy(0.9), happy(0.9), None]), track([None, Sensed(leading("anger"), 0.5), None])
    mood, parts = fused({"face": face, "voice": voice}, 3)
    both = fuse({"face": happy(0.9), "voice": Sensed(leading("anger"), 0.5)})
    assert both is not None and mood.shares[1] == pytest.approx(both.probabilities, abs=1e-6)
    assert mood.shares[0] == pytest.approx(leading("happiness", 0.9), abs=1e-6), "one alone is what it is"
    assert mood.counted.tolist() == [True, True, False]
    assert parts[0].tolist() == [1, 0, 0] and parts[1].sum() == pytest.approx(1) and parts[2].tolist() == [0, 0, 0]


def test_peaks_are_the_first_of_the_highest() -> None:
    found = {peak.emotion: peak for peak in peaks(track([None, happy(0.5), happy(0.9), happy(0.9)]))}
    assert found["happiness"].into == 2 and found["happiness"].share == pytest.approx(0.9) and len(found) == 7
    assert found["anger"].into == 1 and peaks(track([None])) == []


def test_a_moment_stands_out_and_neutral_is_none() -> None:
    read = evening(length=40)
    (moment,) = moments(read)
    assert (moment.emotion, moment.into) == ("happiness", 20)
    means = read.fused.means
    assert means is not None and moment.rise == pytest.approx(moment.share - means[EMOTIONS.index("happiness")])
    calm = Read("a", "video", 3.0, {}, {}, track([happy(0.5), happy(0.55)]), np.zeros((2, 3)))
    assert moments(calm) == [], "five points are nothing"
    assert moments(Read("a", "video", 1.0, {}, {}, track([None]), np.zeros((1, 3)))) == []


@pytest.mark.parametrize("length", [60, 600, 4000])
def test_moments_are_few_apart_and_in_order(length: int) -> None:
    chance = np.random.default_rng(length)
    timeline = track([Sensed(chance.dirichlet(np.full(7, 0.3)), 1.0) for _ in range(length)])
    found = moments(Read("a", "sound", float(length), {}, {}, timeline, np.zeros((length, 3))))
    places = [moment.into for moment in found]
    assert 3 < len(places) <= MOST_MOMENTS and places == sorted(places)
    assert min(np.diff(places)) >= max(APART, length / (2 * MOST_MOMENTS))


def test_units_that_would_be_one_point_are_left_out() -> None:
    assert evening(length=40).units == (1, 10) and evening(length=8).units == (1,)
    assert evening(length=1300).units == (1, 10, 60, 600) and evening(length=40, kind="text").units == (1, 5, 20)


def test_cues_are_spread_over_their_seconds_by_quality_and_time() -> None:
    sad = Sensed(leading("sadness"), 1.0)
    found = spread([(0.5, 2.0, happy(0.7)), (1.5, 2.0, sad), (4.0, 5.0, happy(0.7, 0.5))], 6)
    assert [one is not None for one in found] == [True, True, False, False, True, False]
    mixed = found[1]
    assert mixed is not None
    assert mixed.probabilities == pytest.approx((2 * leading("happiness") + leading("sadness")) / 3)
    assert found[4] is not None and found[4].quality == 0.5


def test_a_file_that_ends_early_is_known() -> None:
    read = evening(length=40)
    assert not read.early
    for claimed, early in ((40.4, False), (41.5, False), (60.0, True)):
        told = Read("a", "video", 40.0, {}, {}, read.fused, read.parts, (), claimed)
        assert told.early is early
