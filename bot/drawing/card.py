"""The card to share: a stream's mood in one picture of 1200 x 630, as link previews have it."""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np
from msgspec import Struct

from bot.drawing.bar import BarStrip
from bot.drawing.canvas import Box, Canvas, rounded
from bot.drawing.fonts import drawable, typeface
from bot.drawing.look import percent
from bot.drawing.palette import Colour, Tint, mixed, palette
from bot.drawing.river import columns, draw_river
from bot.drawing.shapes import Pixels, face, sign
from bot.drawing.words import LANGUAGES, Language, Words
from bot.history import Row
from bot.peaks import Peak
from model.emotions import EMOTIONS
from transport.reading import Probabilities

WIDTH: Final = 1200
HEIGHT: Final = 630
PEAKS: Final = 3

LEFT: Final = 56
RIGHT: Final = WIDTH - 56
TRACKS: Final = (222, 430)
"""From the upper edge of the first bar's track to the lower edge of the last's."""
TRACK_END: Final = 596
RIVER: Final = Box(LEFT, 466, RIGHT, 562)
_TRACK: Final = 16
_LETTERS: Final = 23
_GROUND: Final[tuple[Colour, Colour]] = ((16, 20, 34), (9, 11, 19))
_WATERLESS: Final[Colour] = (20, 25, 40)
# How far the leading expression colours the ground around its face.
_GLOW: Final = 0.15


class StreamMood(Struct, frozen=True):
    """A stream so far. Times are in seconds by the show's clock, `date` is when it began where the streamer lives.

    Without `rows` (no history is kept) the bars show `shares`, those of right now.
    """

    channel: str
    date: datetime
    started: float
    now: float
    rows: Sequence[Row] = ()
    peaks: Sequence[Peak] = ()
    viewers: int = 0
    shares: Probabilities | None = None
    title: str = ""

    def mean(self) -> Probabilities | None:
        """The stream's shares: the mean of all its seconds with enough viewers."""
        known = [row.shares for row in self.rows if row.shares is not None]
        if not known:
            return self.shares
        a, b, c, d, e, f, g = np.mean(known, axis=0).tolist()
        return (a, b, c, d, e, f, g)

    def most_viewers(self) -> int:
        """The most viewers that counted at once."""
        return max((row.viewers for row in self.rows), default=self.viewers)


def render_card(stream: StreamMood, language: Language = "en") -> bytes:
    """The card as a PNG. In English where Chinese can't be drawn (`fonts.NO_CHINESE` says why)."""
    words = LANGUAGES[drawable(language)]
    shares = stream.mean()
    top = None if shares is None else EMOTIONS[max(range(len(EMOTIONS)), key=shares.__getitem__)]
    canvas = Canvas(_ground(top))
    _draw_head(canvas, stream, top, words)
    _draw_bars(canvas, shares, words)
    _draw_peaks(canvas, stream, words)
    _draw_river(canvas, stream, words)
    file = io.BytesIO()
    canvas.image().save(file, "PNG", compress_level=6)
    return file.getvalue()


def _ground(top: str | None) -> Pixels:
    """Night, a little lighter above, with the glow of the leading expression around its face."""
    down = np.linspace(0, 1, HEIGHT)[:, None, None]
    ground = np.array(_GROUND[0]) * (1 - down) + np.array(_GROUND[1]) * down + np.zeros((1, WIDTH, 1))
    if top is not None:
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        glow = _GLOW * np.exp(-(((x - 120) / 420) ** 2) - ((y - 110) / 240) ** 2)[..., None]
        ground += (np.array(palette().emotions[top]) - ground) * glow
    # Ordered dither (Bayer, 1973): without it, such soft colours come in visible steps; noise would double the file.
    order = np.zeros((1, 1))
    for _ in range(3):
        order = np.block([[4 * order, 4 * order + 2], [4 * order + 3, 4 * order + 1]])
    places = np.arange(HEIGHT)[:, None] % 8, np.arange(WIDTH) % 8
    threshold = (order[places] + 0.5) / 64
    return np.clip(np.floor(ground + threshold[..., None]), 0, 255).astype(np.uint8)


def _draw_head(canvas: Canvas, stream: StreamMood, top: str | None, words: Words) -> None:
    colours = palette()
    size = 132
    portrait = sign("crowd", size, colours.quiet) if top is None else face(top, size, colours)
    canvas.stamp(portrait, LEFT, 46)
    small, large, plain = typeface(25, bold=True), typeface(58, bold=True), typeface(23)
    headline = words.too_few if top is None else words.leading.format(expression=words.expressions[top])
    date = words.date(stream.date)
    told = [words.length(stream.now - stream.started)]
    if stream.most_viewers():
        told.append(words.most_viewers.format(viewers=words.number(stream.most_viewers())))
    facts = " · ".join(told)
    with canvas.pen(Box(0, 0, WIDTH, 200)) as pen:
        right = max(plain.width(date), plain.width(facts))
        title = stream.title or words.card_title.format(channel=stream.channel)
        room = RIGHT - 220 - right - 40
        small.write(pen, 220, 88, small.fitting(title, room), colours.quiet)
        if large.width(headline) > RIGHT - 220:
            large = typeface(44, bold=True)
        large.write(pen, 218, 156, large.fitting(headline, RIGHT - 218), colours.text)
        plain.write(pen, RIGHT, 88, date, colours.label, "right")
        if large.width(headline) < room:
            plain.write(pen, RIGHT, 122, facts, colours.label, "right")


def _draw_bars(canvas: Canvas, shares: Probabilities | None, words: Words) -> None:
    colours, label, number = palette(), typeface(_LETTERS), typeface(_LETTERS, bold=True)
    step = (TRACKS[1] - TRACKS[0] - _TRACK) / (len(EMOTIONS) - 1)
    left = track_start(words)
    mask = rounded(TRACK_END - left, _TRACK, _TRACK / 2)
    top = None if shares is None else max(shares)
    for row, name in enumerate(EMOTIONS):
        upper = TRACKS[0] + row * step
        box = Box(left, upper, TRACK_END, round(upper) + _TRACK)
        share = 0.0 if shares is None else shares[row]
        strip = BarStrip(canvas, canvas.pixels[box.area], mask, colours.emotions[name], colours, 0.0, 1.0)
        strip.draw((share, share, share), live=False, into=canvas.pixels[box.area])
        canvas.stamp(face(name, 28, colours), LEFT, upper + _TRACK / 2 - 14)
        line = Box(0, upper - 12, 700, upper + _TRACK + 12)
        ink = colours.text if shares is not None and share == top else colours.label
        with canvas.pen(line) as pen:
            label.write(pen, LEFT + 42, 12 + _TRACK / 2 + 8, words.expressions[name], ink)
            told = percent(share) if shares is not None else "\N{EN DASH}"
            number.write(pen, TRACK_END + 76, 12 + _TRACK / 2 + 8, told, ink, "right")


def track_start(words: Words) -> int:
    """Where the tracks begin: behind the widest word."""
    return round(LEFT + 42 + max(typeface(_LETTERS).width(word) for word in words.expressions.values()) + 16)


def _draw_peaks(canvas: Canvas, stream: StreamMood, words: Words) -> None:
    peaks = _strongest(stream.peaks)
    if not peaks:
        return
    colours = palette()
    heading, name, small = typeface(20, bold=True), typeface(25, bold=True), typeface(23)
    left = 760
    with canvas.pen(Box(0, 200, WIDTH, 260)) as pen:
        heading.write(pen, left, 36, words.peaks, colours.quiet)
    for row, peak in enumerate(peaks):
        middle = 280 + 60 * row
        canvas.stamp(face(peak.emotion, 46, colours), left, middle - 23)
        with canvas.pen(Box(left, middle - 30, RIGHT + 1, middle + 30)) as pen:
            name.write(pen, 64, 39, f"{words.expressions[peak.emotion]} {percent(peak.share)}", colours.text)
            small.write(pen, RIGHT - left, 38, clock(peak.time - stream.started), colours.label, "right")


def _draw_river(canvas: Canvas, stream: StreamMood, words: Words) -> None:
    colours, small = palette(), typeface(17)
    begin, end = stream.started, max(stream.now, stream.started + 1)
    width, height = RIVER.size
    draw_river(canvas, RIVER, rounded(width, height, 14), columns(stream.rows, begin, end, width), _WATERLESS)
    quiet = colours.quiet
    for peak in reversed(_strongest(stream.peaks) if stream.rows else []):
        x = round(LEFT + min(1.0, max(0.0, (peak.time - begin) / (end - begin))) * width)
        # On a round of ground, so that a face is seen in water of its own colour.
        canvas.fill(Box(x - 20, RIVER[1] - 29, x + 20, RIVER[1] + 11), rounded(40, 40, 20), Tint(_GROUND[1]))
        canvas.stamp(face(peak.emotion, 32, colours), x - 16, RIVER[1] - 25)
    with canvas.pen(Box(0, RIVER[3], WIDTH, HEIGHT)) as pen:
        small.write(pen, LEFT, 24, "0:00", quiet)
        small.write(pen, WIDTH / 2, 24, clock((end - begin) / 2), quiet, "middle")
        small.write(pen, RIGHT, 24, clock(end - begin), quiet, "right")
        faint = mixed(_GROUND[1], quiet, 0.72)
        small.write(pen, LEFT, 52, small.fitting(words.footer, RIGHT - LEFT - 80), faint)
        typeface(17, bold=True).write(pen, RIGHT, 52, "LERA", faint, "right")


def _strongest(peaks: Sequence[Peak]) -> list[Peak]:
    """The highest few that are not neutral: a calm start is no moment."""
    felt = [peak for peak in peaks if peak.emotion != "neutral"]
    return sorted(felt, key=lambda peak: peak.share, reverse=True)[:PEAKS]


def clock(seconds: float) -> str:
    """A time into the stream, such as 4:05 or 1:04:05."""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"
