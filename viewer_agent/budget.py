"""How much processor time the agent may take. Pure: both clocks come in, in seconds."""

from typing import Final


class Budget:
    """A purse of processor time that fills by `share` of a core and is emptied by what the process really took.

    Work is begun only when the purse holds what the last such work cost, so that from the start to any later moment the
    process never took more than its share, but for the first estimate. It never holds more than `MOST` works: who was
    idle for an hour may not make up for it.
    """

    MOST: Final = 2.0

    def __init__(self, share: float, expected: float) -> None:
        """`expected` is what one piece of work will cost, until the first is measured."""
        self._share = share
        self._expected = expected
        self._purse = 0.0
        self._then: tuple[float, float] | None = None
        self._begun: float | None = None

    @property
    def expected(self) -> float:
        """What one piece of work costs."""
        return self._expected

    def affords(self, now: float, spent: float) -> bool:
        """Whether work may begin. `spent` is the processor time of the whole process since any fixed moment."""
        if self._then is not None:
            earned = max(0.0, now - self._then[0]) * self._share
            taken = max(0.0, spent - self._then[1])
            self._purse = min(self._purse + earned, self.MOST * self._expected) - taken
        self._then = now, spent
        return self._purse >= self._expected

    @property
    def wait(self) -> float:
        """Seconds from the last `affords` until work may begin, if the process does nothing else meanwhile."""
        return max(0.0, (self._expected - self._purse) / self._share)

    def begin(self, spent: float) -> None:
        """A piece of work begins."""
        self._begun = spent

    def end(self, spent: float) -> None:
        """It ended, and the next one will cost about as much: a slow rise is followed halfway, a fall, too."""
        if self._begun is not None:
            self._expected = (self._expected + max(0.0, spent - self._begun)) / 2
            self._begun = None

    def leave(self) -> None:
        """It was given up: what it cost says nothing of the next."""
        self._begun = None
