"""How the picture follows the feed: bars glide, words and numbers change at a pace that can be read. Pure."""

from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from bot.drawing.look import Look

Bars = npt.NDArray[np.float64]


class Motion:
    """What is on the picture between one look and the next. Paces and glide are the overlay's; times are in seconds."""

    GLIDE: Final = 0.25
    MOVE_EVERY: Final = 0.17
    """Not above three changes to and fro in a second: WCAG 2.3.1, three flashes."""
    COUNT_EVERY: Final = 0.25
    LEAD_EVERY: Final = 1.0

    def __init__(self, look: Look, now: float) -> None:
        """Starts with this look on the picture."""
        self._shown = look
        self._from = self._to = np.array(look.bars)
        self._is_gliding = False
        self._moved = self._counted = self._led = now

    def at(self, look: Look, now: float) -> Look:
        """The picture at `now`, on its way to `look`; the very same object while nothing changes."""
        if look.state != self._shown.state:
            self._moved = self._counted = self._led = now
            self._glide_to(look, now)
            self._shown = replace(look, bars=self._shown.bars)
            return self._shown
        shown = self._shown
        if now - self._moved >= self.MOVE_EVERY and not np.array_equal(self._to, look.bars):
            self._glide_to(look, now)
            self._moved = now
        if now - self._counted >= self.COUNT_EVERY and _counts(look) != _counts(shown):
            self._counted = now
            shown = replace(shown, numbers=look.numbers, viewers=look.viewers)
            if look.state != "live":
                shown = replace(shown, headline=look.headline)
        if now - self._led >= self.LEAD_EVERY and _leads(look) != _leads(shown):
            self._led = now
            shown = replace(look, bars=shown.bars, numbers=shown.numbers, viewers=shown.viewers)
        if self._is_gliding:
            shown = replace(shown, bars=tuple((s, low, high) for s, low, high in self._bars(now).tolist()))
            self._is_gliding = now - self._began < self.GLIDE
        self._shown = shown
        return shown

    def _glide_to(self, look: Look, now: float) -> None:
        self._from = self._bars(now) if self._is_gliding else np.array(self._shown.bars)
        self._to = np.array(look.bars)
        self._began = now
        self._is_gliding = True

    def _bars(self, now: float) -> Bars:
        part = min(1.0, max(0.0, (now - self._began) / self.GLIDE))
        # Fast at first and soft at the end, near to CSS's ease-out; at the end exactly what was aimed at.
        eased = 1 - (1 - part) ** 2
        return np.asarray(self._to if part >= 1 else self._from + (self._to - self._from) * eased)


def _counts(look: Look) -> tuple[object, ...]:
    return look.numbers, look.viewers, look.headline if look.state != "live" else ""


def _leads(look: Look) -> tuple[object, ...]:
    return look.title, look.headline, look.portrait, look.top, look.way, look.trend
