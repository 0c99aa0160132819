"""Looks for tests, and what a picture shows, measured in its pixels."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.drawing.canvas import Box
from bot.drawing.look import Look, MoodFrame, Signal, look_of, read_frame
from bot.drawing.palette import Colour
from bot.drawing.words import LANGUAGES, Language
from tests.overlay.stage import mood

SHARES = (0.62, 0.03, 0.07, 0.03, 0.17, 0.04, 0.04)
OTHERS = (0.05, 0.45, 0.2, 0.1, 0.1, 0.05, 0.05)

Pixels = NDArray[np.uint8]


def frame(shares: Sequence[float] | None = SHARES, **options: Any) -> MoodFrame:
    """A mood as it comes over the wire."""
    read = read_frame(json.dumps(mood(shares, **options)))
    assert isinstance(read, MoodFrame)
    return read


def look(
    shares: Sequence[float] | None = SHARES, language: Language = "en", signal: Signal = "live", **options: Any
) -> Look:
    return look_of(frame(shares, **options), signal, LANGUAGES[language])


def is_near(pixels: Pixels, colour: Colour, tolerance: int = 30) -> NDArray[np.bool_]:
    """Which pixels are of about this colour."""
    return np.asarray(np.abs(pixels[..., :3].astype(int) - np.array(colour)).max(axis=-1) <= tolerance)


def share_in(pixels: Pixels, track: Box, edge: Colour = (255, 255, 255)) -> float:
    """The share that a live bar tells: where the right side of its white mark is on the track."""
    row = pixels[(track[1] + track[3]) // 2, track[0] : track[2]]
    marked = np.flatnonzero(is_near(row, edge, 90))
    assert marked.size, "no mark on this bar"
    return float((marked[-1] + 1) / len(row))


def fill_in(pixels: Pixels, track: Box, colour: Colour, tolerance: int = 30) -> float:
    """How far a bar without a mark is filled, along its lower part, which no light falls on."""
    row = pixels[track[1] + round(0.7 * track.size[1]), track[0] : track[2]]
    filled = np.flatnonzero(is_near(row, colour, tolerance))
    return float((filled[-1] + 1) / len(row)) if filled.size else 0.0
