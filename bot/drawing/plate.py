"""The overlay's plate as a picture: a head, seven bars with faces, words and numbers, a notice. Redraws changes."""

from typing import Final

import numpy as np
from PIL import Image

from bot.drawing import layout
from bot.drawing.bar import BarStrip
from bot.drawing.canvas import Box, Canvas, rounded
from bot.drawing.fonts import Typeface, typeface
from bot.drawing.layout import Layout, pixels
from bot.drawing.look import Bar, Look
from bot.drawing.palette import Theme, grey, mixed, palette
from bot.drawing.shapes import face, sign
from bot.drawing.words import LANGUAGES, Language
from model.emotions import EMOTIONS

_OPACITY: Final = {"live": 1.0, "connecting": 0.45, "gathering": 0.45, "resting": 0.24, "stale": 0.4}
"""How far rows that are not live step back."""
_TURN: Final = {"rising": 45, "falling": -45, "steady": 0}


class Plate:
    """A plate over a background. `canvas` is the picture, in one array for good; `draw` brings it up to date."""

    def __init__(
        self, background: Canvas, left: float, top: float, em: float, language: Language = "en", theme: Theme = "dark"
    ) -> None:
        """`em` is the size of its letters in pixels; the plate is `layout.WIDTH` by `layout.HEIGHT` of them."""
        self.canvas = Canvas(background.pixels.copy())
        self.layout = Layout(left, top, em, language)
        self._background = background
        self._base = Canvas(background.pixels.copy())
        self._palette = palette(theme)
        self._words = LANGUAGES[language]
        self._tiny = typeface(pixels(layout.NOTICE * em))
        self._small = typeface(pixels(layout.SMALL * em), bold=True)
        self._plain = typeface(pixels(em))
        self._bold = typeface(pixels(em), bold=True)
        self._large = typeface(pixels(layout.HEADLINE * em), bold=True)
        self._strips: list[BarStrip] = []
        # What is on the picture, part by part.
        self._state = ""
        self._head: tuple[str, ...] = ()
        self._rows: list[tuple[bool | None, str | None, Bar | None]] = []

    def draw(self, look: Look) -> bool:
        """Show this look. False when the picture showed it already."""
        changed = look.state != self._state
        if look.state == "hidden":
            if changed:
                self._state = look.state
                self.canvas.pixels[...] = self._background.pixels
            return changed
        if changed:
            self._lay(look)
        head = (look.portrait, look.title, look.headline, look.viewers, look.trend)
        if head != self._head:
            self._head, changed = head, True
            self._draw_head(look)
        for row, name in enumerate(EMOTIONS):
            leads, number, bar = look.top == name, look.numbers[row], look.bars[row]
            led, counted, drawn = self._rows[row]
            if leads != led:
                word = self._words.expressions[name]
                self._write(self.layout.labels[row], word, self._plain, leads, look.state, "left")
            if number != counted:
                self._write(self.layout.numbers[row], number, self._bold, True, look.state, "right")
            if drawn is None or self._differ(bar, drawn):
                track = self.canvas.pixels[self.layout.tracks[row].area]
                self._strips[row].draw(bar, look.state == "live", track)
                drawn = bar
            # A bar keeps what was drawn, not what was asked for: many steps too small to see must add up.
            changed |= (leads, number, drawn) != self._rows[row]
            self._rows[row] = (leads, number, drawn)
        return changed

    def _lay(self, look: Look) -> None:
        """What stands still while the state does: the plate, the faces, and what is behind the bars."""
        base, colours, place = self._base, self._palette, self.layout
        base.pixels[...] = self._background.pixels
        width, height = place.plate.size
        radius = layout.RADIUS * place.em
        whole = rounded(width, height, radius)
        inside = rounded(width, height, radius, max(1.0, layout.EDGE * place.em))
        base.fill(place.plate, whole, colours.plate)
        base.fill(place.plate, np.clip(whole - inside, 0, 1), colours.plate_edge)
        opacity, size = _OPACITY[look.state], pixels(layout.ROW * place.em)
        self._strips = []
        for name, middle, track in zip(EMOTIONS, place.middles, place.tracks, strict=True):
            is_grey = look.state == "stale"
            colour = grey(colours.emotions[name]) if is_grey else colours.emotions[name]
            base.stamp(face(name, size, colours, is_grey), place.icons, middle - size / 2, opacity)
            mask = rounded(*track.size, radius=track.size[1] / 2)
            mark = max(1.0, layout.MARK * place.em)
            self._strips.append(BarStrip(base, base.pixels[track.area], mask, colour, colours, mark, opacity))
        with base.pen(place.notice) as pen:
            baseline = _baseline(self._tiny, place.notice.size[1] / 2)
            notice = self._tiny.fitting(self._words.notice, place.notice.size[0])
            self._tiny.write(pen, 0, baseline, notice, base.ink(colours.quiet))
        self.canvas.pixels[...] = base.pixels
        self._state, self._head, self._rows = look.state, (), [(None, None, None)] * len(EMOTIONS)

    def _draw_head(self, look: Look) -> None:
        place, colours, box = self.layout, self._palette, self.layout.head
        em, width, quiet, live = place.em, box.size[0], self._palette.quiet, look.state == "live"
        self._clear(box)
        size = pixels(layout.PORTRAIT * em)
        portrait = face(look.portrait, size, colours) if live else sign(look.portrait, size, quiet)
        self.canvas.stamp(portrait, box[0], box[1] + place.portrait)
        letters = self._large if live else self._plain
        room = width - place.words
        viewers = self._small.width(look.viewers)
        title = self._small.fitting(look.title, room - viewers - 0.8 * em)
        arrow = 0.82 * em
        trend = self._small.width(look.trend) + arrow + 1.1 * em if look.trend else 0.0
        headline = letters.fitting(look.headline, room - trend)
        after = place.words + letters.width(headline) + 0.8 * em
        ink = self.canvas.ink(quiet)
        with self.canvas.pen(box) as pen:
            self._small.write(pen, place.words, _baseline(self._small, place.over), title, ink)
            self._small.write(pen, width - 1, _baseline(self._small, place.over), look.viewers, ink, "right")
            text = self.canvas.ink(colours.text)
            letters.write(pen, place.words, _baseline(letters, place.under), headline, text)
            baseline = _baseline(self._small, place.trend)
            self._small.write(pen, after + arrow + 0.3 * em, baseline, look.trend, ink)
        if look.way:
            drawn = sign("arrow", pixels(arrow), quiet, 4.0, _TURN[look.way])
            self.canvas.stamp(drawn, box[0] + after, box[1] + place.trend - arrow / 2)

    def _write(self, box: Box, text: str, letters: Typeface, strong: bool, state: str, align: str) -> None:
        self._clear(box)
        colours = self._palette
        # The plate is all but opaque, so that its colour stands for what is behind the words.
        colour = mixed(colours.plate.colour, colours.text if strong else colours.label, _OPACITY[state])
        width, height = box.size
        x = 0.0 if align == "left" else width - 1.0
        with self.canvas.pen(box) as pen:
            fitting = letters.fitting(text, width)
            letters.write(pen, x, _baseline(letters, height / 2), fitting, self.canvas.ink(colour), align)

    def _clear(self, box: Box) -> None:
        self.canvas.pixels[box.area] = self._base.pixels[box.area]

    def _differ(self, one: Bar, other: Bar) -> bool:
        """Whether two bars differ by what an eye could see: a sixteenth of a pixel."""
        least = 1 / (16 * self.layout.tracks[0].size[0])
        return any(abs(a - b) >= least for a, b in zip(one, other, strict=True))


def draw_plate(
    look: Look,
    em: float = 20.0,
    language: Language = "en",
    theme: Theme = "dark",
    background: Image.Image | None = None,
) -> Image.Image:
    """One picture of a plate: alone with alpha around it, or in the middle of an opaque background."""
    width, height = pixels(layout.WIDTH * em), pixels(layout.HEIGHT * em)
    left, top = 0.0, 0.0
    canvas = Canvas.transparent(width, height)
    if background is not None:
        canvas = Canvas.over(background)
        left, top = (background.width - width) / 2, (background.height - height) / 2
    plate = Plate(canvas, left, top, em, language, theme)
    plate.draw(look)
    return plate.canvas.image()


def _baseline(letters: Typeface, middle: float) -> float:
    """Where a line of letters stands whose box has its middle there, as browsers place it."""
    ascent, descent = letters.latin.getmetrics()
    return middle + (ascent - descent) / 2
