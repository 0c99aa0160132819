"""Coordinated fakes steer no bar: the numbers of `python -m bench.steering`, of a smaller crowd."""

import pytest

from bench.steering import KINDS, bias, resting, steered


@pytest.mark.parametrize("kind", KINDS)
def test_thirty_percent_fakes_move_no_bar_by_five_points_when_the_rest_are_linked(kind: str) -> None:
    plain, (untrimmed, trimmed) = steered(60, 0.3, 1.0, KINDS[kind], trims=(0.0, 0.02))
    assert plain > 25, "they would, without the defence"
    assert untrimmed < 5 and trimmed < 5


def test_copies_steer_nothing_though_nobody_is_linked() -> None:
    plain, (moved,) = steered(60, 0.5, 0.0, KINDS["exact copies"], trims=(0.02,))
    assert plain > 35 and moved < 5


def test_an_honest_crowd_pays_little_for_it() -> None:
    assert bias(resting(40, 0.1), 0.0) == pytest.approx(0.0, abs=1e-9)
    assert 0 < bias(resting(1000, 0.1), 0.02) < 2
