"""Where the parts of a plate stand: the measures of `overlay/overlay.css` and of its theme `bars`, in pixels."""

from typing import Final

from bot.drawing.canvas import Box
from bot.drawing.words import Language
from model.emotions import EMOTIONS

# In em.
WIDTH: Final = 23.4
HEIGHT: Final = 18.97
PORTRAIT: Final = 3.05
ROW: Final = 1.38
SMALL: Final = 0.82
HEADLINE: Final = 1.6
NOTICE: Final = 0.66
RADIUS: Final = 1.05
EDGE: Final = 0.06
MARK: Final = 0.12
_SIDE: Final = 1.16
_TOP: Final = 1.06
_COLUMN: Final = 0.75
_OVER: Final = 1.025
_UNDER: Final = 2.1
_HEAD_GAP: Final = 0.75
_STEP: Final = 1.72
_GAP: Final = 0.5
_LABEL: Final[dict[Language, float]] = {"en": 5.1, "zh-TW": 2.6}
_NUMBER: Final = 2.75
_TRACK: Final = 0.78
_NOTICE_LINE: Final = 0.86
_BOTTOM: Final = 0.995


class Layout:
    """The boxes of one plate. Rows are in the order of EMOTIONS; what belongs to the head is relative to its box."""

    def __init__(self, left: float, top: float, em: float, language: Language) -> None:
        """`em` is the size of the plate's letters in pixels."""
        self.em = em
        self.plate = Box(left, top, left + WIDTH * em, top + HEIGHT * em)
        inner, outer = left + _SIDE * em, left + (WIDTH - _SIDE) * em
        head = top + _TOP * em
        self.head = Box(inner, head, outer + 1, head + (_OVER + _UNDER) * em)
        foot = top + (HEIGHT - _BOTTOM) * em
        self.notice = Box(inner, foot - _NOTICE_LINE * em, outer + 1, foot)
        self.portrait = (_OVER + _UNDER - PORTRAIT) / 2 * em
        self.words = (PORTRAIT + _COLUMN) * em
        self.over, self.under = _OVER / 2 * em, (_OVER + _UNDER / 2) * em
        # The trend stands a little lower than the headline's middle, beside its smaller letters.
        self.trend = self.under + 0.15 * em
        first = head + (_OVER + _UNDER + _HEAD_GAP + ROW / 2) * em
        self.middles = [first + row * _STEP * em for row in range(len(EMOTIONS))]
        label = inner + (ROW + _GAP) * em
        track = label + (_LABEL[language] + _GAP) * em
        number = outer - _NUMBER * em
        half, thick = ROW / 2 * em, max(2, round(_TRACK * em))
        self.icons = inner
        self.labels = [Box(label, middle - half, track - 1, middle + half) for middle in self.middles]
        self.numbers = [Box(number, middle - half, outer + 1, middle + half) for middle in self.middles]
        upper = [round(middle - thick / 2) for middle in self.middles]
        self.tracks = [Box(track, y, number - _GAP * em, y + thick) for y in upper]


def pixels(length: float) -> int:
    """A length as a whole number of pixels."""
    return max(1, round(length))
