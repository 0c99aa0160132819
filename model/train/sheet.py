"""A contact sheet of failures, for a person to look at. The packs' faces may not be passed on."""

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from model.emotions import EMOTIONS
from model.train.readings import Readings

TILE: Final = 96
CAPTION: Final = 14
COLUMNS: Final = 16


def sheet(sets: dict[str, Readings]) -> Image.Image:
    """For each set and class a row of its COLUMNS worst aligned failures, the surest of a wrong answer first."""
    rows = [(name, one, k) for name, one in sets.items() for k in range(len(EMOTIONS)) if (one.labels == k).any()]
    page = Image.new("L", (COLUMNS * TILE, len(rows) * (TILE + CAPTION)), 255)
    pen = ImageDraw.Draw(page)
    for line, (_, one, k) in enumerate(rows):
        top, answers = one.aligned.max(1), one.aligned.argmax(1)
        wrong = np.flatnonzero((one.labels == k) & (answers != k))
        for column, row in enumerate(wrong[np.argsort(-top[wrong], kind="stable")][:COLUMNS]):
            corner = (column * TILE, line * (TILE + CAPTION))
            page.paste(Image.fromarray(one.crops[row]).resize((TILE - 2, TILE - 2)), corner)
            # A star: the detector found no face, so this is the whole picture.
            caption = f"{EMOTIONS[k][:4]}>{EMOTIONS[answers[row]][:4]} {top[row]:.2f}{'' if one.found[row] else '*'}"
            pen.text((corner[0] + 2, corner[1] + TILE - 1), caption, fill=0)
    return page


def save(sets: dict[str, Readings], path: Path) -> None:
    """Writes `sheet` as a picture; the kind is read off the name."""
    sheet(sets).save(path)
