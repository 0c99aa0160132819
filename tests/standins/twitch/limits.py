"""Twitch's two ways of counting: a bucket that refills evenly (Helix), and a window that slides (chat)."""

from collections import deque
from dataclasses import dataclass, field


@dataclass
class Bucket:
    """`size` points, refilled evenly within `seconds`."""

    size: int
    seconds: float
    points: float = -1.0
    filled: float = 0.0

    def take(self, now: float) -> bool:
        if self.points < 0:
            self.points = self.size
        else:
            self.points = min(self.size, self.points + (now - self.filled) * self.size / self.seconds)
        self.filled = now
        if self.points < 1:
            return False
        self.points -= 1
        return True

    def full_at(self) -> float:
        return self.filled + (self.size - self.points) * self.seconds / self.size


@dataclass
class Window:
    """At most so many within any `seconds`."""

    seconds: float
    times: deque[float] = field(default_factory=deque)

    def take(self, now: float, most: int) -> bool:
        while self.times and self.times[0] <= now - self.seconds:
            self.times.popleft()
        if len(self.times) >= most:
            return False
        self.times.append(now)
        return True
