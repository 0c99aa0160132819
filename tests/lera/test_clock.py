"""The clock that never jumps: what is done to the wall's clock leaves it alone, and a sleep doesn't."""

import time
from collections.abc import Callable

import pytest

from lera.clock import steady_clock


def test_it_tells_the_walls_time_and_goes_on() -> None:
    now = steady_clock()
    first = now()
    assert abs(first - time.time()) < 60
    assert now() >= first


def test_setting_the_walls_clock_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    now = steady_clock()
    before = now()
    for jump in (-86_400.0, 3600.0):
        wall = time.time() + jump
        monkeypatch.setattr(time, "time", lambda wall=wall: wall)
        assert 0 <= now() - before < 60


@pytest.mark.parametrize("name", ["CLOCK_BOOTTIME"])
def test_time_in_which_the_machine_slept_passes(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Python's own monotonic clock stands still meanwhile, and nobody's vote would grow old."""
    since_boot = [1000.0]
    real: Callable[[int], float] = getattr(time, "clock_gettime", lambda _clock: 0.0)
    monkeypatch.setattr(time, name, 99, raising=False)
    monkeypatch.setattr(
        time, "clock_gettime", lambda clock: since_boot[0] if clock == 99 else real(clock), raising=False
    )
    now = steady_clock()
    before = now()
    since_boot[0] += 28_800.0
    assert now() - before == pytest.approx(28_800.0)


def test_without_such_clocks_pythons_own_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLOCK_BOOTTIME", "clock_gettime"):
        monkeypatch.delattr(time, name, raising=False)
    assert abs(steady_clock()() - time.time()) < 60
