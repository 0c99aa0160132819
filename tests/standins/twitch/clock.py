"""A clock that can run faster than the wall's and be moved on by hand, so that nobody waits for limits and expiries."""

import asyncio
import contextlib
import datetime
import time


class Clock:
    """Seconds since the stand-in began. `speed` of them pass in each second of the event loop's."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._time = asyncio.get_running_loop().time
        self._began = self._time()
        self._added = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        return (self._time() - self._began) * self.speed + self._added

    def advance(self, seconds: float) -> None:
        """Move on at once; whoever sleeps past the new time wakes."""
        self._added += seconds
        self.nudge()

    def stand_still(self) -> None:
        """From here on only `advance` moves it: however busy the machine is, nothing is refilled or ends meanwhile."""
        now = self.now()
        self._time = lambda: self._began
        self._added = now

    def nudge(self) -> None:
        """Let everyone who waits look again at what they wait for."""
        self._moved.set()
        self._moved = asyncio.Event()

    async def pause(self, until: float) -> None:
        """Wait for the moment, or for a nudge before it."""
        if (left := until - self.now()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), left / self.speed)

    def epoch(self, moment: float) -> float:
        """The moment as the wall clock of a client tells it, in seconds since 1970."""
        return time.time() + (moment - self.now()) / self.speed

    def timestamp(self, moment: float | None = None) -> str:
        """RFC 3339 with nanoseconds, as Twitch writes it."""
        at = datetime.datetime.fromtimestamp(self.epoch(self.now() if moment is None else moment), datetime.UTC)
        return at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
