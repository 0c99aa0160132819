"""How long to wait, and what a fault becomes."""

from bot.twitch.connection import backoff, fault_of
from bot.twitch.faults import LoginNeeded, Unreachable


def test_waits_grow_are_capped_and_fully_jittered() -> None:
    for tries, ceiling in ((0, 1.0), (3, 8.0), (20, 60.0)):
        waits = [backoff(tries, 1.0, 60.0) for _ in range(2000)]
        assert 0.0 <= min(waits) < 0.05 * ceiling and 0.95 * ceiling < max(waits) <= ceiling


def test_a_fault_of_our_own_is_told_by_its_kind_and_tried_again() -> None:
    login = LoginNeeded("log in")
    assert fault_of(login) is login
    fault = fault_of(ValueError("what somebody wrote"))
    assert isinstance(fault, Unreachable) and "ValueError" in str(fault) and "somebody" not in str(fault)
