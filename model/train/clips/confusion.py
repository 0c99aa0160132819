"""A confusion matrix as a picture, with Pillow alone."""

from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from model.emotions import EMOTIONS
from model.metrics import Counts, metrics

CELL: Final = 84
LEFT: Final = 150
TOP: Final = 110
PALE: Final = np.array([247, 249, 252])
DEEP: Final = np.array([20, 62, 122])


def draw(confusion: Counts, title: str) -> Image.Image:
    """Rows are the truth, columns the answers; each cell shows its share of the row and the count, (H, W) in pixels."""
    side = CELL * len(EMOTIONS)
    picture = Image.new("RGB", (LEFT + side + 20, TOP + side + 50), "white")
    canvas = ImageDraw.Draw(picture)
    large, small = ImageFont.load_default(18), ImageFont.load_default(13)
    found = metrics(confusion)
    canvas.text((20, 14), title, "black", large)
    canvas.text((20, 42), f"WAR {100 * found.war:.2f} %   UAR {100 * found.uar:.2f} %", "black", small)
    canvas.text((LEFT + side / 2, TOP + side + 28), "answer", "black", small, anchor="mm")
    for row, emotion in enumerate(EMOTIONS):
        middle = TOP + CELL * row + CELL / 2
        total = int(confusion[row].sum())
        canvas.text((LEFT - 12, middle - 9), emotion, "black", small, anchor="rm")
        canvas.text((LEFT - 12, middle + 9), f"{total}", "gray", small, anchor="rm")
        canvas.text((LEFT + CELL * row + CELL / 2, TOP - 14), emotion, "black", small, anchor="mm")
        for column in range(len(EMOTIONS)):
            share = float(confusion[row, column]) / max(total, 1)
            corner = (LEFT + CELL * column, TOP + CELL * row)
            tone = tuple(np.round(PALE + (DEEP - PALE) * share).astype(int).tolist())
            canvas.rectangle((*corner, corner[0] + CELL - 2, corner[1] + CELL - 2), tone)
            ink = "white" if share > 0.45 else "black"
            canvas.text((corner[0] + CELL / 2, middle - 9), f"{100 * share:.1f} %", ink, small, anchor="mm")
            canvas.text((corner[0] + CELL / 2, middle + 10), f"{confusion[row, column]}", ink, small, anchor="mm")
    return picture
