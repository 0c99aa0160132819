"""A clock that starts at the wall clock's time and never jumps."""

import sys
import time
from collections.abc import Callable


def steady_clock() -> Callable[[], float]:
    """Seconds since 1970 that a summer-time change, NTP or the user can't set back or forth.

    Time in which the machine slept passes, so that moods of before and after are as far apart as they were.
    """
    since_boot = _since_boot()
    start = time.time() - since_boot()
    return lambda: start + since_boot()


def _since_boot() -> Callable[[], float]:
    # Python's monotonic clock stands still while Linux and macOS sleep; these don't. Windows' never stands still.
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    if clock is None and sys.platform == "darwin":
        clock = time.CLOCK_MONOTONIC
    if clock is None or not hasattr(time, "clock_gettime"):
        return time.monotonic
    return lambda: time.clock_gettime(clock)
