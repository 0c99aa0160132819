"""The centre of distributions that a minority can't drag away."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.median import geometric_median

seeds = st.integers(0, 2**32 - 1)


def distributions(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Of all kinds, from nearly sure to nearly even."""
    return random.dirichlet(np.full(7, random.choice([0.05, 0.5, 5.0])), count)


@given(seeds, st.integers(1, 16))
def test_it_is_a_distribution_between_the_rows(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    rows, weights = distributions(random, count), random.uniform(0.01, 1, count)
    centre = geometric_median(rows, weights)
    assert centre.sum() == pytest.approx(1)
    assert (centre >= rows.min(0) - 1e-9).all() and (centre <= rows.max(0) + 1e-9).all()


@given(seeds, st.integers(2, 16))
@example(20907, 3)
def test_no_other_point_is_nearer_to_the_rows(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    rows, weights = distributions(random, count), random.uniform(0.01, 1, count)

    def cost(point: NDArray[np.float64]) -> float:
        return float(weights @ np.linalg.norm(rows - point, axis=1) / weights.sum())

    least = cost(geometric_median(rows, weights))
    for other in [*rows, weights @ rows / weights.sum(), *distributions(random, 10)]:
        assert least <= cost(other) + 1e-6


@given(seeds, st.integers(1, 16))
def test_looks_that_agree_give_what_they_say(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    row = distributions(random, 1)[0]
    assert geometric_median(np.tile(row, (count, 1)), random.uniform(0.01, 1, count)) == pytest.approx(row)


@given(seeds, st.integers(1, 16))
def test_the_order_of_equal_moments_changes_nothing(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    rows, order = distributions(random, count), random.permutation(count)
    same = geometric_median(rows, np.ones(count))
    assert geometric_median(rows[order], np.ones(count)) == pytest.approx(same, abs=1e-5)


@given(seeds, st.integers(1, 15))
def test_odd_looks_with_a_third_of_the_weight_leave_the_label(seed: int, odd: int) -> None:
    """The bound of the docstring: looks within r of a point, holding two thirds, keep the centre within 4 r of it."""
    random = np.random.default_rng(seed)
    label, margin, good = int(random.integers(7)), random.uniform(0.1, 0.9), 16 - odd
    centre = np.full(7, (1 - margin) / 7)
    centre[label] += margin
    # Two probabilities that both move by a vector of length d come nearer to each other by at most sqrt(2) d.
    radius = margin / (4 * np.sqrt(2)) * 0.99
    noise = random.normal(size=(good, 7))
    noise -= noise.mean(1, keepdims=True)
    near = centre + radius * random.uniform(0, 1, (good, 1)) * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    rows = np.concatenate([near, distributions(random, odd)])
    share = random.dirichlet(np.ones(good)), random.dirichlet(np.ones(odd))
    weights = np.concatenate([share[0] * 0.67, share[1] * 0.33])
    assert geometric_median(rows, weights).argmax() == label
    # What the mean does is the reason for all this: one sure look with a third of the weight may decide.


def test_a_majority_at_one_point_decides_alone() -> None:
    smile, shock = np.eye(7)[0] * 0.3 + 0.1, np.eye(7)[4]
    rows = np.array([smile] * 9 + [shock] * 7)
    assert geometric_median(rows, np.ones(16)) == pytest.approx(smile)
    assert (rows.mean(0)).argmax() == 4
