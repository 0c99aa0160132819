"""A thread for what is slow: jobs wait in a short row, and where it is full the newest push out the oldest."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final


class Recognition:
    """Does one job after the other. A slow recogniser delays nobody: what it can't keep up with is dropped unread."""

    WAITING: Final = 3
    """Jobs that may wait; speech older than that says little of the present."""

    def __init__(self) -> None:
        self.dropped = 0
        """How many jobs were pushed out."""
        self._jobs: deque[Callable[[], None]] = deque()
        self._change = threading.Condition()
        self._closing = False
        # A daemon: a recogniser that hangs must not keep the program from ending.
        self._thread = threading.Thread(target=self._work, name="recognition", daemon=True)
        self._thread.start()

    def put(self, job: Callable[[], None]) -> None:
        """Do this as soon as there is time. Never waits."""
        with self._change:
            if self._closing:
                return
            if len(self._jobs) >= self.WAITING:
                self._jobs.popleft()
                self.dropped += 1
            self._jobs.append(job)
            self._change.notify()

    def clear(self) -> None:
        """Forget all that waits: the speaker has paused."""
        with self._change:
            self._jobs.clear()

    def close(self, seconds: float = 2.0) -> None:
        """Forget all that waits, and wait a moment for what is being done."""
        with self._change:
            self._closing = True
            self._jobs.clear()
            self._change.notify()
        self._thread.join(seconds)

    def _work(self) -> None:
        while True:
            with self._change:
                while not self._jobs and not self._closing:
                    self._change.wait()
                if self._closing:
                    return
                job = self._jobs.popleft()
            job()
            # Its sound goes with it, not with the next job's arrival.
            del job
