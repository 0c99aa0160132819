"""The whole stream as a river: seven bands that together are always the whole height; a gap where nothing is known."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from bot.drawing.canvas import Box, Canvas, Mask
from bot.drawing.palette import Colour, Palette, Tint, palette
from bot.history import Row
from model.emotions import EMOTIONS

Columns = npt.NDArray[np.float64]

GAP: Final = 12.0
"""Seconds between two rows that are no longer one stretch of water, as on the dashboard."""
_SEAM: Final = 1.5
# Columns over which the water is smoothed, so that a long stream is a river and no comb.
_SMOOTH: Final = 2.0


def columns(rows: Sequence[Row], begin: float, end: float, width: int) -> Columns:
    """The mean shares of each of `width` equal stretches of time, (width, 7); not a number where nothing is known."""
    known = [row for row in rows if row.shares is not None and begin <= row.time <= end]
    found = np.full((width, len(EMOTIONS)), np.nan)
    if not known:
        return found
    span = max(end - begin, 1e-6) / width
    times = np.array([row.time for row in known])
    shares = np.array([row.shares for row in known])
    places = np.minimum(((times - begin) / span).astype(np.intp), width - 1)
    counts = np.bincount(places, minlength=width)
    for emotion in range(len(EMOTIONS)):
        sums = np.bincount(places, shares[:, emotion], minlength=width)
        np.divide(sums, counts, where=counts > 0, out=found[:, emotion])
    # Where a column is shorter than the time between two rows, the water flows on between them.
    filled = np.flatnonzero(counts)
    for left, right in pairwise(filled):
        if 1 < right - left <= max(1.0, GAP / span):
            part = np.arange(1, right - left)[:, None] / (right - left)
            found[left + 1 : right] = found[left] * (1 - part) + found[right] * part
    return _smoothed(found)


def draw_river(
    canvas: Canvas, box: Box, mask: Mask, water: Columns, ground: Colour, colours: Palette | None = None
) -> None:
    """Draw the columns into the box; each band covers exactly its part of every pixel. `ground` is also the seams'."""
    emotions = (colours or palette()).emotions
    height = box.size[1]
    canvas.fill(box, mask, Tint(ground))
    dry = np.isnan(water[:, 0])
    bounds = np.zeros((len(water), len(EMOTIONS) + 1))
    bounds[:, 1:] = np.cumsum(np.nan_to_num(water), axis=1) * height
    rows = np.arange(height)[:, None]
    for emotion, name in enumerate(EMOTIONS):
        cover = _between(rows, bounds[:, emotion], bounds[:, emotion + 1])
        canvas.fill(box, (mask * cover * ~dry).astype(np.float32), Tint(emotions[name]))
    for bound in range(1, len(EMOTIONS)):
        # A seam in the ground's colour, so that neighbours are told apart without their colours; as thick on a slope.
        thick = _SEAM / 2 * np.hypot(1, np.gradient(bounds[:, bound]) if len(water) > 1 else 0)
        cover = _between(rows, bounds[:, bound] - thick, bounds[:, bound] + thick)
        canvas.fill(box, (mask * cover * ~dry).astype(np.float32), Tint(ground))


def _between(rows: npt.NDArray[np.intp], upper: npt.NDArray[np.float64], lower: npt.NDArray[np.float64]) -> Columns:
    """How much of each pixel (row, column) lies between two lines."""
    return np.asarray(np.clip(np.minimum(rows + 1, lower) - np.maximum(rows, upper), 0, 1))


def _smoothed(water: Columns) -> Columns:
    """A Gaussian over the columns, which takes nothing from where nothing is known."""
    reach = np.arange(-6, 7)
    weights = np.exp(-0.5 * (reach / _SMOOTH) ** 2)
    known = ~np.isnan(water[:, 0])
    wide = np.pad(np.nan_to_num(water), ((6, 6), (0, 0)))
    here = np.pad(known.astype(np.float64), 6)
    total = sum(weight * here[at : at + len(water)] for at, weight in enumerate(weights))
    mixed = sum(weight * wide[at : at + len(water)] for at, weight in enumerate(weights))
    smooth = mixed / np.maximum(np.asarray(total), 1e-9)[:, None]
    return np.where(known[:, None], smooth, np.nan)
