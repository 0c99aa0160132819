"""How old readings are when an overlay has them. Pure: times come in."""

from collections import deque
from typing import Final


class Lag:
    """Seconds from a frame's capture to the overlay's socket, of agents on this very machine."""

    MOST: Final = 10_000

    def __init__(self) -> None:
        self.seconds: deque[float] = deque(maxlen=self.MOST)
        self._captured: list[float] = []

    def taken(self, captured: float) -> None:
        """A reading has come in whose frame was captured then, in seconds since 1970; 0 where that is unknown."""
        if captured:
            self._captured.append(captured)

    def published(self, waited: bool) -> None:
        """A mood is out. What changes nothing on screen is already delivered; with no page open, nothing ever is."""
        if not waited or len(self._captured) > self.MOST:
            self._captured.clear()

    def delivered(self, now: float) -> None:
        """A page's socket has taken the newest mood at `now`, in seconds since 1970."""
        self.seconds.extend(now - captured for captured in self._captured)
        self._captured.clear()
