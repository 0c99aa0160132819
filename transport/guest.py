"""One viewer who has joined a hub: whom the token says they are, and how often they may speak. Pure: time comes in."""

from typing import Final

from transport.refusal import Refusal
from transport.tokens import Admission

FRAME_INTERVAL: Final = 0.1
FRAMES_SLACK: Final = 4.9
"""Twice what an honest agent can come to at the fastest pace, and room for what a stalled network held back."""
_READINGS_SLACK: Final = 2
"""Intervals: who was held up by the network may be early once or twice; a flood is not."""
_NEVER: Final = float("-inf")


class Guest:
    """One joined connection. Both of its rates are as in `transport.limits.Rate`, without an object of their own."""

    __slots__ = (
        "_debt",
        "_frame_due",
        "_reading_due",
        "_spacing",
        "admission",
        "ended",
        "heard",
        "interval",
        "sequence",
        "told",
        "viewer",
    )

    def __init__(
        self, viewer: str, sequence: int, interval: float, now: float, admission: Admission, phase: float = 0.0
    ) -> None:
        """`phase`, 0..1, says when the first frame is shed, so that not all lose theirs at once."""
        self.admission = admission
        # Why the connection must end, once that is so.
        self.ended: Refusal | None = None
        self.heard = now
        self.viewer = viewer
        self.sequence = sequence
        self.told = self._frame_due = _NEVER
        self._debt = phase
        self.keep(interval)

    def keep(self, interval: float) -> None:
        """Hold the guest to one reading every `interval` seconds; 0: to nothing."""
        self.interval = interval
        self._spacing = interval * 0.8
        self._reading_due = _NEVER

    def frame_fits(self, now: float) -> bool:
        """Whether one more frame of any kind is no flood; counts it."""
        due = self._frame_due
        if due <= now:
            self._frame_due = now + FRAME_INTERVAL
        elif due - now > FRAMES_SLACK:
            return False
        else:
            self._frame_due = due + FRAME_INTERVAL
        return True

    def reading_fits(self, now: float) -> bool:
        """Whether one more reading keeps the pace; counts it when it does."""
        due, spacing = self._reading_due, self._spacing
        if due <= now:
            self._reading_due = now + spacing
        elif due - now > _READINGS_SLACK * spacing:
            return False
        else:
            self._reading_due = due + spacing
        return True

    def loses(self, part: float) -> bool:
        """Whether this reading is among the `part` (0..1) of a guest's that are shed: all lose alike."""
        self._debt += part
        if self._debt < 1.0:
            return False
        self._debt -= 1.0
        return True
