"""The approved pictures: for each theme one sheet, in which every cell is one screen, made small; and a sheet of what
all themes make of the streamer's own side.

Two screens are the same when no block of them differs much in its mean colour: glyphs that another version of FreeType
or Chromium draws a little differently leave that as it is; a bar, a word or a colour that is missing doesn't.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.overlay.moods import NAMES

FOLDER: Final = Path(__file__).with_name("approved")
# What a screen is drawn with: the language, the motion and the plate. Each plate occurs, and each pair of the others.
LOOKS: Final = {
    "en": "lang=en&plate=dark",
    "en-reduced": "lang=en&motion=reduced&plate=light",
    "zh-TW": "lang=zh-TW&plate=clear",
    "zh-TW-reduced": "lang=zh-TW&motion=reduced&plate=dark",
}
WIDTH: Final = 800
HEIGHT: Final = 600
SCALE: Final = 3
STEP: Final = 8
"""What colours are rounded to, so that the sheets are small."""
BLOCK: Final = 8
"""In pixels of a cell, so 24 of the screen: about a row of bars, or three letters."""
TOLERANCE: Final = 20.0
"""Of a block's mean colour, 0..255."""

Picture = npt.NDArray[np.uint8]


def small(png: bytes) -> Picture:
    """A screenshot as it is kept, (height, width, 3)."""
    with Image.open(io.BytesIO(png)) as image:
        size = (image.width // SCALE, image.height // SCALE)
        return np.asarray(image.convert("RGB").resize(size, Image.Resampling.BOX))


def difference(one: Picture, other: Picture) -> float:
    """By how much the mean colour of some block differs, at most; 0..255."""
    return float(np.abs(_blocks(one) - _blocks(other)).max())


def _blocks(picture: Picture) -> npt.NDArray[np.float64]:
    """The mean of each block, with blocks that overlap by half, so that nothing falls between two."""
    step = BLOCK // 2
    height, width = (size // step * step for size in picture.shape[:2])
    halves = picture[:height, :width].astype(np.float64)
    means = halves.reshape(height // step, step, width // step, step, 3).mean(axis=(1, 3))
    blocks: npt.NDArray[np.float64] = (means[:-1, :-1] + means[1:, :-1] + means[:-1, 1:] + means[1:, 1:]) / 4
    return blocks


def save(name: str, screens: Mapping[tuple[str, str], Picture], rows: Sequence[str], columns: Sequence[str]) -> Path:
    """Approve these screens of one size, by row and column."""
    high, wide = next(iter(screens.values())).shape[:2]
    sheet = Image.new("RGB", (wide * len(columns), high * len(rows)))
    for (row, column), picture in screens.items():
        sheet.paste(Image.fromarray(picture), (columns.index(column) * wide, rows.index(row) * high))
    path = FOLDER / f"{name}.png"
    FOLDER.mkdir(exist_ok=True)
    # A palette would lose the one yellow face on a sheet; rounding is off by half a step, at most.
    rounded = np.asarray(sheet) // STEP * STEP + STEP // 2
    Image.fromarray(rounded.astype(np.uint8)).save(path, optimize=True)
    return path


def load(name: str, rows: Sequence[str], columns: Sequence[str]) -> dict[tuple[str, str], Picture]:
    """The approved screens, by row and column. Raises FileNotFoundError where there are none."""
    with Image.open(FOLDER / f"{name}.png") as image:
        sheet = np.asarray(image.convert("RGB"))
    high, wide = sheet.shape[0] // len(rows), sheet.shape[1] // len(columns)
    return {
        (row, column): sheet[down * high : (down + 1) * high, right * wide : (right + 1) * wide]
        for down, row in enumerate(rows)
        for right, column in enumerate(columns)
    }


def save_theme(theme: str, screens: Mapping[tuple[str, str], Picture]) -> Path:
    """Approve a theme's screens, by look and mood."""
    return save(theme, screens, tuple(LOOKS), NAMES)


def load_theme(theme: str) -> dict[tuple[str, str], Picture]:
    """The approved screens of a theme, by look and mood."""
    return load(theme, tuple(LOOKS), NAMES)


def every_screen() -> Iterable[tuple[str, str]]:
    """Each look and mood."""
    return ((look, mood) for look in LOOKS for mood in NAMES)
