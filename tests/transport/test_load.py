"""When a hub sheds, how much, and when it stops; by a simulated clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.load import IN_TIME, LEVELS, SAMPLE_SECONDS, TOO_LATE, Load


def run(load: Load, lag: float, seconds: float, now: float) -> float:
    """A loop that is this late at every sample; returns the time afterwards."""
    end = now + seconds
    while now < end:
        now += SAMPLE_SECONDS + lag
        load.note(lag, now)
    return now


def test_a_loop_that_is_always_late_sheds_step_by_step_and_one_in_time_recovers() -> None:
    load = Load()
    assert load.strain == LEVELS[0] and not load.strain.shed
    now = run(load, 0.3, 2.0, 0.0)
    assert load.level == 1 and load.lag == 0.3
    now = run(load, 0.3, 2.0, now)
    assert load.level == 2 and load.strain.shed == 0.75
    now = run(load, 0.3, 60.0, now)
    assert load.level == len(LEVELS) - 1
    now = run(load, 0.001, load.PATIENCE - 2, now)
    assert load.level == 2, "not before it has been in time for a while"
    now = run(load, 0.001, 4.0, now)
    assert load.level == 1
    run(load, 0.001, load.PATIENCE + 2, now)
    assert load.level == 0


@pytest.mark.parametrize("lag", [0.2, 1.0, 5.0])
def test_the_later_the_loop_the_less_often_it_looks_and_it_sheds_all_the_same(lag: float) -> None:
    load = Load()
    run(load, lag, 20.0, 0.0)
    assert load.level >= 1


def test_a_pause_now_and_then_is_no_overload() -> None:
    load = Load()
    now = 0.0
    for _ in range(100):
        now = run(load, 0.001, 0.7, now) + 0.4
        load.note(0.4, now)
        assert load.level == 0


def test_a_machine_that_slept_is_not_overloaded() -> None:
    load = Load()
    now = run(load, 0.001, 5.0, 0.0) + 3600.0
    load.note(3600.0, now)
    assert load.level == 0
    run(load, 0.001, 5.0, now)
    assert load.level == 0


def test_between_the_limits_nothing_changes() -> None:
    load = Load()
    now = run(load, 0.3, 2.0, 0.0)
    run(load, (IN_TIME + TOO_LATE) / 2, 300.0, now)
    assert load.level == 1


def test_who_eases_too_soon_waits_longer_each_time() -> None:
    """A demand that only fits while it is shed: the strain must not come and go every few seconds."""
    load = Load()
    now, changes = 0.0, []
    while now < 1200.0:
        lag = 0.001 if load.level else 0.3
        now += SAMPLE_SECONDS + lag
        if load.note(lag, now):
            changes.append(now)
    eased = changes[1::2]
    waits = [later - sooner for sooner, later in zip(changes[0::2], eased, strict=False)]
    assert waits[0] < 15 and waits[-1] > 100
    assert len(changes) < 30


@given(st.lists(st.tuples(st.floats(-5, 50), st.floats(0, 5)), max_size=200))
def test_whatever_clock_and_lags_do_the_strain_is_one_of_the_levels(steps: list[tuple[float, float]]) -> None:
    load, now = Load(), 100.0
    for step, lag in steps:
        before = load.strain
        now += step
        assert load.note(lag, now) == (load.strain != before)
        assert load.strain in LEVELS


@pytest.mark.parametrize("level", range(len(LEVELS)))
def test_each_level_sheds_no_less_than_the_one_before(level: int) -> None:
    strain, before = LEVELS[level], LEVELS[max(0, level - 1)]
    assert 0 <= before.shed <= strain.shed < 1
    assert before.rest <= strain.rest and 1 <= before.slowdown <= strain.slowdown
