"""The overlay's drawings (seven faces and a few signs) as small pictures, from the same shapes: `overlay/shapes.js`."""

import functools
import json
import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from bot.drawing.palette import OVERLAY, PUPIL, WHITE, Colour, Palette, grey

Pixels = npt.NDArray[np.uint8]
Point = tuple[float, float]

GRID: Final = 32
# Widths of lines on the grid, as palette.css has them.
_INK: Final = 2.1
_RIM: Final = 1.4
_LINE: Final = 2.8
# Samples along each side of a pixel; more can't be seen.
_FINENESS: Final = 6
_CURVE_STEPS: Final = 16
_ARC_STEPS: Final = 48
# How many control points a command takes.
_POINTS: Final = {"M": 1, "L": 1, "Q": 2, "T": 1, "C": 3, "S": 2}


@functools.cache
def drawing(
    name: str, size: int, body: Colour, ink: Colour, tongue: Colour, line: float = _LINE, turn: float = 0.0
) -> Pixels:
    """One drawing, (size, size, 4): red, green and blue times alpha, and alpha. `body` is also a sign's colour.

    `turn` is in degrees, counterclockwise.
    """
    scale = size * _FINENESS / GRID
    fine = Image.new("RGBA", (size * _FINENESS, size * _FINENESS))
    pen = ImageDraw.Draw(fine)
    fills = {"body": body, "dot": ink, "white": WHITE, "pupil": PUPIL, "tongue": tongue, "spot": body}
    strokes = {"ink": (ink, _INK), "rim": (ink, _RIM), "line": (body, line)}
    for tag, part, attributes in _shapes()[name]:
        for points in _outlines(tag, attributes):
            # Pillow counts from the middles of pixels.
            placed = [(x * scale - 0.5, y * scale - 0.5) for x, y in points]
            for word in part.split():
                if word in fills:
                    pen.polygon(placed, (*fills[word], 255))
                else:
                    colour, width = strokes[word]
                    _stroke(pen, placed, width * scale, (*colour, 255))
    # Times alpha before the samples are averaged: what isn't drawn has no colour to add.
    whole = fine.rotate(turn, Image.Resampling.BICUBIC) if turn else fine
    return np.array(whole.convert("RGBa").reduce(_FINENESS))


def face(emotion: str, size: int, palette: Palette, is_grey: bool = False) -> Pixels:
    """The face of one of the seven, in its own colours or in grey."""
    body, tongue = palette.emotions[emotion], palette.face_tongue
    if is_grey:
        body, tongue = grey(body), grey(tongue)
    return drawing(emotion, size, body, palette.face_ink, tongue)


def sign(name: str, size: int, colour: Colour, line: float = _LINE, turn: float = 0.0) -> Pixels:
    """One of the signs that are no faces, such as `crowd`, `silence` or `arrow`."""
    return drawing(name, size, colour, colour, colour, line, turn)


@functools.cache
def _shapes() -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    text = (OVERLAY / "shapes.js").read_text("utf-8")
    shapes: dict[str, list[tuple[str, str, dict[str, Any]]]] = json.loads(text[text.index("{") : text.rindex(";")])
    return shapes


def _outlines(tag: str, attributes: dict[str, Any]) -> Iterator[list[Point]]:
    """The lines of one shape, as many short straight ones."""
    if tag == "path":
        yield from _path(attributes["d"])
    elif tag == "rect":
        x, y, radius = attributes["x"], attributes["y"], attributes["rx"]
        right, bottom = x + attributes["width"] - radius, y + attributes["height"] - radius
        corners = ((right, y + radius), (right, bottom), (x + radius, bottom), (x + radius, y + radius))
        yield [
            point
            for quarter, centre in enumerate(corners)
            for point in _arc(centre, radius, radius, (quarter - 1) * math.pi / 2, quarter * math.pi / 2)
        ]
    else:
        radii = attributes if tag == "ellipse" else {"rx": attributes["r"], "ry": attributes["r"]}
        yield _arc((attributes["cx"], attributes["cy"]), radii["rx"], radii["ry"], 0.0, 2 * math.pi)


def _arc(centre: Point, rx: float, ry: float, begin: float, end: float) -> list[Point]:
    steps = max(2, round(48 * (end - begin) / math.pi))
    angles = [begin + (end - begin) * step / steps for step in range(steps + 1)]
    return [(centre[0] + rx * math.cos(angle), centre[1] + ry * math.sin(angle)) for angle in angles]


def _path(data: str) -> Iterator[list[Point]]:
    """The lines of an SVG path with the commands that our drawings use: M L H V Q T C S A Z, also relative ones.

    Arcs are parts of circles.
    """
    points: list[Point] = []
    control: Point | None = None
    for command, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", data):
        values = [float(number) for number in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", numbers)]
        upper = command.upper()
        if upper == "Z":
            points.append(points[0])
            continue
        if upper in "HV":
            for value in values:
                points.append((value, points[-1][1]) if upper == "H" else (points[-1][0], value))
            continue
        if upper == "A":
            for radius, _, _, large, sweep, x, y in zip(*[iter(values)] * 7, strict=True):
                points.extend(_circle_to((x, y), points[-1], radius, bool(large), bool(sweep)))
            continue
        count = 2 * _POINTS[upper]
        for start in range(0, len(values), count):
            here = points[-1] if points else (0.0, 0.0)
            base = here if command.islower() else (0.0, 0.0)
            places = zip(values[start : start + count : 2], values[start + 1 : start + count : 2], strict=True)
            given = [(base[0] + x, base[1] + y) for x, y in places]
            if upper == "M":
                if points:
                    yield points
                points = given
                continue
            if upper in "TS":
                # The control point that is left out mirrors the one before.
                last = control or here
                given.insert(0, (2 * here[0] - last[0], 2 * here[1] - last[1]))
            control = given[-2] if upper in "QTCS" else None
            points.extend(_curve([here, *given]) if upper != "L" else given)
    yield points


def _circle_to(end: Point, start: Point, radius: float, large: bool, sweep: bool) -> list[Point]:
    """An arc of a circle between two points (SVG 1.1, appendix F.6.5), without its first point."""
    across, down = (end[0] - start[0]) / 2, (end[1] - start[1]) / 2
    half = math.hypot(across, down)
    away = math.sqrt(max(radius * radius - half * half, 0.0)) / half * (-1 if large == sweep else 1)
    centre = (start[0] + across - away * down, start[1] + down + away * across)
    begin = math.atan2(start[1] - centre[1], start[0] - centre[0])
    turn = math.atan2(end[1] - centre[1], end[0] - centre[0]) - begin
    turn = turn % (2 * math.pi) if sweep else -(-turn % (2 * math.pi))
    angles = [begin + turn * step / _ARC_STEPS for step in range(1, _ARC_STEPS + 1)]
    return [(centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)) for angle in angles]


def _curve(controls: list[Point]) -> Iterator[Point]:
    """A Bézier curve of any degree, without its first point (de Casteljau)."""
    for step in range(1, _CURVE_STEPS + 1):
        part = step / _CURVE_STEPS
        points = controls
        while len(points) > 1:
            points = [(x + (right - x) * part, y + (below - y) * part) for (x, y), (right, below) in pairwise(points)]
        yield points[0]


def _stroke(pen: ImageDraw.ImageDraw, points: list[Point], width: float, colour: tuple[int, int, int, int]) -> None:
    """A line with round ends and joints."""
    radius = width / 2
    for (x, y), (right, below) in pairwise(points):
        length = math.hypot(right - x, below - y)
        if length:
            across, down = (y - below) / length * radius, (right - x) / length * radius
            corners = [(x + across, y + down), (right + across, below + down)]
            pen.polygon([*corners, (right - across, below - down), (x - across, y - down)], colour)
    for x, y in points:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), colour)
