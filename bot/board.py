"""What moderators have set: whether the mood rests, whether the overlay is shown, and the line on it. Pure."""

from typing import Any


class Board:
    """The switches that hold until somebody turns them, and a line that goes by itself."""

    def __init__(self) -> None:
        self.paused = False
        self.overlay_shown = True
        self._line = ""
        self._until = float("-inf")

    def show_line(self, text: str, seconds: float, now: float) -> None:
        """Show a line for so long, in the place of an earlier one."""
        self._line, self._until = text, now + seconds

    def line(self, now: float) -> str | None:
        """The line that is shown now."""
        if now >= self._until:
            self._line = ""
        return self._line or None

    def frame(self, now: float) -> dict[str, Any]:
        """Its part of the overlay's frame."""
        return {"paused": self.paused, "overlay": self.overlay_shown, "said": self.line(now)}
