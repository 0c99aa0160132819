"""One bar: track, fill, 90 % interval and edge, composed as the overlay's style sheet has them."""

from typing import Final

import numpy as np
import numpy.typing as npt

from bot.drawing.canvas import Canvas, Mask
from bot.drawing.look import Bar
from bot.drawing.palette import Colour, Palette, mixed
from bot.drawing.shapes import Pixels

Line = npt.NDArray[np.float32]

# From overlay.css: how strong veil and glow are, and the light on a bar's upper half.
VEIL: Final = 0.34
GLOW: Final = 0.6
_LIGHT: Final = 0.28
_LIGHT_ENDS: Final = 0.55


class BarStrip:
    """Draws one bar over what is behind it. Made once; `draw` then costs a few operations on a small array.

    Everything that moves differs along the bar alone, so a frame is (what is behind) times one line of weights, plus
    (the fill) times another, plus a line of colours.
    """

    def __init__(
        self, canvas: Canvas, under: Pixels, mask: Mask, colour: Colour, palette: Palette, edge: float, opacity: float
    ) -> None:
        """`under` is (height, width, channels); `edge` the mark's width in pixels; `opacity` that of the whole bar."""
        height, width = mask.shape
        behind = under.astype(np.float32)
        shown = (mask * opacity)[..., None]
        track = np.array(canvas.ink(palette.track.colour), np.float32)
        light = _LIGHT * np.clip(1 - (np.arange(height) + 0.5) / height / _LIGHT_ENDS, 0, 1)
        fill = np.array([canvas.ink(mixed(colour, (255, 255, 255), part)) for part in light], np.float32)
        self._shown = shown.astype(np.float32)
        self._around = behind * (1 - shown)
        self._track = (behind + (track - behind) * palette.track.alpha) * shown
        self._fill = fill[:, None]
        self._left = np.arange(width, dtype=np.float32)
        self._edge = edge
        self._drawn: Line | None = None
        self._ink = {
            "veil": np.array(canvas.ink(palette.veil), np.float32),
            "glow": np.array(canvas.ink(colour), np.float32),
            "edge": np.array(canvas.ink(palette.edge), np.float32),
        }

    def draw(self, bar: Bar, live: bool, into: Pixels) -> None:
        """Draw the bar into its place, (height, width, channels), always the same: only columns that changed.

        Interval and edge are shown of what is live.
        """
        share, low, high = (part * len(self._left) for part in bar)
        filled = self._covered(0.0, share)
        behind, fill = 1 - filled, filled
        colours = np.zeros((len(self._left), self._track.shape[2]), np.float32)
        if live:
            middle = self._left + 0.5
            for name, weight in (
                ("veil", VEIL * self._covered(low, share) * _ramp(middle, low, share)),
                ("glow", GLOW * self._covered(share, high) * (1 - _ramp(middle, share, high))),
                ("edge", self._covered(share - self._edge, share)),
            ):
                behind, fill = behind * (1 - weight), fill * (1 - weight)
                colours = colours * (1 - weight)[:, None] + weight[:, None] * self._ink[name]
        lines = np.column_stack([behind, fill, colours])
        changed = np.flatnonzero((lines != self._drawn).any(axis=1)) if self._drawn is not None else self._left
        self._drawn = lines
        if not len(changed):
            return
        part = slice(int(changed[0]), int(changed[-1]) + 1)
        drawn = self._track[:, part] * lines[part, :1]
        drawn += self._fill * lines[part, 1:2] * self._shown[:, part]
        drawn += self._shown[:, part] * lines[part, 2:]
        drawn += self._around[:, part]
        into[:, part] = np.rint(drawn, out=drawn)

    def _covered(self, start: float, end: float) -> Line:
        """How much of each column lies between two places."""
        return np.asarray(np.clip(np.minimum(self._left + 1, end) - np.maximum(self._left, start), 0, 1))


def _ramp(places: Line, start: float, end: float) -> Line:
    """From 0 at the start to 1 at the end."""
    return np.asarray(np.clip((places - start) / max(end - start, 1e-6), 0, 1))
