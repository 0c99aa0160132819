"""What an agent has to say at this moment: one reading or one absence, never a queue."""

from collections.abc import Callable, Sequence
from typing import Final, cast

from lera.clock import steady_clock
from transport.reading import Away, AwayReason, Post, Probabilities


class Newest:
    """The newest word of a viewer. Older ones are worth nothing, so a new one takes the place of the last."""

    # A reading that is neither renewed nor confirmed for so long comes from a camera or a program that hangs.
    STALE_SECONDS: Final = 30.0

    def __init__(self, now: Callable[[], float] | None = None) -> None:
        """`now`: seconds of a clock that counts the machine's sleep; `steady_clock` where none is given."""
        self._now = now or steady_clock()
        self._word: Post | Away | None = None
        self._confirmed = 0.0

    def post(self, probabilities: Sequence[float], quality: float, captured: float) -> None:
        """A reading, rounded to what travels. `captured`: wall-clock seconds."""
        rounded = cast(Probabilities, tuple(round(float(p), 4) for p in probabilities))
        self._word = Post(1, rounded, round(float(quality), 3), round(captured, 3))
        self.confirm()

    def confirm(self) -> None:
        """The reading still holds."""
        self._confirmed = self._now()

    def away(self, reason: AwayReason) -> None:
        """There is nothing to read, and why."""
        self._word = Away(reason)

    def clear(self) -> None:
        """There is nothing to say at all."""
        self._word = None

    def take(self) -> Post | Away | None:
        """The word to send now; a reading that nobody has renewed for long is an absence until somebody does."""
        if isinstance(self._word, Post) and self._now() - self._confirmed > self.STALE_SECONDS:
            # Not kept: who says only what is new will confirm the reading, and never say it again.
            return Away("no_camera")
        return self._word
