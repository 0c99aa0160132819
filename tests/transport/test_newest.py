"""What an agent has to say: a reading holds while somebody confirms it, and counts again as soon as somebody does."""

import time

import pytest

from transport.newest import Newest
from transport.reading import Away, Post

HAPPY = (0.1, 0.1, 0.4, 0.1, 0.1, 0.1, 0.1)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_reading_that_nobody_confirms_is_an_absence_and_counts_again_once_it_is_confirmed() -> None:
    clock = Clock()
    newest = Newest(clock)
    newest.post(HAPPY, 0.9, 5.0)
    clock.now += Newest.STALE_SECONDS
    assert isinstance(newest.take(), Post)
    clock.now += 0.1
    assert newest.take() == Away("no_camera")
    # Whoever looks again sees the same face and says nothing new of it.
    newest.confirm()
    assert newest.take() == Post(1, HAPPY, 0.9, 5.0)
    newest.away("paused")
    newest.confirm()
    assert newest.take() == Away("paused")


def test_time_in_which_the_machine_slept_makes_a_reading_old(monkeypatch: pytest.MonkeyPatch) -> None:
    boot = [500.0]
    monkeypatch.setattr("lera.clock._since_boot", lambda: lambda: boot[0])
    newest = Newest()
    newest.post(HAPPY, 0.9, time.time())
    # Python's monotonic clock has stood still meanwhile.
    boot[0] += 3600
    assert newest.take() == Away("no_camera")
