"""The bot's clock: starts at the wall clock's time and never jumps."""

import time
from collections.abc import Callable


def steady_clock() -> Callable[[], float]:
    """Seconds since 1970 that a summer-time change, NTP or the user can't set back or forth."""
    start = time.time() - time.monotonic()
    return lambda: start + time.monotonic()
