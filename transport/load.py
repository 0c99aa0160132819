"""Overload: what a hub leaves out while its process can't keep up, judged by how late its event loop is.

Pure: lags and time come in as arguments. As CoDel does with queues (Nichols and Jacobson, "Controlling queue delay",
ACM Queue, 2012), it goes by the least lag of a whole second: a pause now and then is no overload, a lag that never goes
away is. The overlay's feed is not in it: what is left out makes room for it.
"""

from typing import Final

from msgspec import Struct

TOO_LATE: Final = 0.2
"""Seconds. Moods are half as far apart, so that a loop that is later than this misses every other one."""
IN_TIME: Final = 0.05
SAMPLE_SECONDS: Final = 0.1
"""How often the lag is measured."""
_WINDOW: Final = 1.0
_SAMPLES: Final = 3
"""In a window at least; one or two may be late because the machine has slept, or one thing took long."""
RETRY_SECONDS: Final = 15
"""When those who are turned away may try again."""


class Strain(Struct, frozen=True):
    """What is asked of every viewer alike.

    `shed` is the part (0..1) of each one's readings that is not parsed, `rest` for how many seconds a connection isn't
    read after a frame (what comes meanwhile waits in the system's buffers and is read at once, which costs a fraction),
    and agents are asked to send `slowdown` times as seldom.
    """

    shed: float = 0.0
    rest: float = 0.0
    slowdown: float = 1.0


LEVELS: Final = (Strain(), Strain(0.5, 1.0, 2.0), Strain(0.75, 4.0, 4.0))


class Load:
    """How overloaded a process is. `note` each measured lag; `strain` is what follows from them."""

    PATIENCE: Final = 10.0
    LONGEST_PATIENCE: Final = 160.0
    """Seconds in time before it is tried with less strain; twice as long after each try that failed."""

    def __init__(self) -> None:
        self.level = 0
        # The least lag of the last whole window, in seconds.
        self.lag = 0.0
        self._least = float("inf")
        self._samples = 0
        self._window_ends = float("-inf")
        self._calm_since = self._eased = float("-inf")
        self._patience = self.PATIENCE

    @property
    def strain(self) -> Strain:
        """What is asked of every viewer now."""
        return LEVELS[self.level]

    def note(self, lag: float, now: float) -> bool:
        """Count one measured lag, in seconds. True when the strain has changed."""
        if self._window_ends - now > _WINDOW or not self._samples:
            # The first of a window; or the clock was set back.
            self._window_ends, self._samples, self._least = now + _WINDOW, 0, float("inf")
        self._samples += 1
        self._least = min(self._least, lag)
        if now < self._window_ends or self._samples < _SAMPLES:
            return False
        self._samples = 0
        self.lag = self._least
        return self._judge(now)

    def _judge(self, now: float) -> bool:
        if self.lag > IN_TIME or now < self._calm_since:
            self._calm_since = now
        if self.lag >= TOO_LATE and self.level < len(LEVELS) - 1:
            if now - self._eased < 2 * self._patience:
                # Less strain was too little: wait longer before the next try.
                self._patience = min(2 * self._patience, self.LONGEST_PATIENCE)
            self.level += 1
            return True
        if now - self._calm_since < self._patience:
            return False
        if not self.level:
            self._patience = self.PATIENCE
            return False
        self.level -= 1
        self._calm_since = self._eased = now
        return True
