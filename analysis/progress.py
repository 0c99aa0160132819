"""How far it is, as one line that stays where it is in a terminal, and as a line now and then in a log."""

from collections.abc import Callable
from typing import Final, TextIO

from bot.report.figures import clock

OFTEN: Final = 0.2
"""Seconds between two words in a terminal."""
SELDOM: Final = 15.0
"""Seconds between two lines in a log."""


class Progress:
    """Says how far it is. `counts` says that sentences are counted, not seconds."""

    def __init__(self, stream: TextIO, now: Callable[[], float], counts: bool = False) -> None:
        self._stream = stream
        self._now = now
        self._counts = counts
        self._stays = stream.isatty()
        self._next = now() + (0.0 if self._stays else SELDOM)
        self._width = 0

    def tell(self, done: float, whole: float | None) -> None:
        """So much of it is read; `whole` None is not known."""
        now = self._now()
        if now < self._next:
            return
        self._next = now + (OFTEN if self._stays else SELDOM)
        line = f"Read {self._said(done)}"
        if whole:
            line += f" of {self._said(whole)} ({min(100, int(100 * done / whole))} %)"
        if self._stays:
            self._stream.write(f"\r{line:<{self._width}}")
            self._width = len(line)
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def end(self) -> None:
        """Nothing more is told: the line in the terminal is taken away."""
        if self._width:
            self._stream.write(f"\r{'':<{self._width}}\r")
            self._stream.flush()
            self._width = 0

    def _said(self, value: float) -> str:
        return f"{value:.0f} sentences" if self._counts else clock(value)
