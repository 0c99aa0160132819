"""The seven colours can be told apart, also without red, green or blue cones, and stand out from their plate."""

import itertools
import re
from typing import Final

import pytest

from model.emotions import EMOTIONS
from tests.overlay.stage import PAGES

Colour = tuple[float, float, float]

# Machado, Oliveira & Fernandes, "A physiologically-based model for simulation of color vision deficiency" (2009),
# severity 1.0, on linear RGB.
VISIONS: Final[dict[str, tuple[Colour, Colour, Colour]]] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
# The plates of overlay.css over the worst that can be behind them: a white game under dark, a black one under light.
PLATES: Final = {"dark": "#272a34", "light": "#f0f0f0"}


def linear(hexadecimal: str) -> Colour:
    """A CSS colour as linear RGB, 0..1."""
    red, green, blue = (int(hexadecimal[at : at + 2], 16) / 255 for at in (1, 3, 5))

    def decode(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    return decode(red), decode(green), decode(blue)


def times(matrix: tuple[Colour, Colour, Colour], colour: Colour) -> Colour:
    first, second, third = (sum(a * b for a, b in zip(row, colour, strict=True)) for row in matrix)
    return first, second, third


def oklab(colour: Colour) -> Colour:
    """Ottosson, "A perceptual color space for image processing" (2020), times 100."""
    red, green, blue = (min(1.0, max(0.0, value)) for value in colour)
    cones = times(
        (
            (0.4122214708, 0.5363325363, 0.0514459929),
            (0.2119034982, 0.6806995451, 0.1073969566),
            (0.0883024619, 0.2817188376, 0.6299787005),
        ),
        (red, green, blue),
    )
    long, medium, short = (100 * value ** (1 / 3) for value in cones)
    return times(
        (
            (0.2104542553, 0.7936177850, -0.0040720468),
            (1.9779984951, -2.4285922050, 0.4505937099),
            (0.0259040371, 0.7827717662, -0.8086757660),
        ),
        (long, medium, short),
    )


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""
    darker, lighter = sorted(
        sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True)) for colour in (one, other)
    )
    return (lighter + 0.05) / (darker + 0.05)


def palette(theme: str) -> dict[str, str]:
    style = (PAGES / "palette.css").read_text(encoding="utf-8")
    start = style.index(':root[data-theme="light"]' if theme == "light" else ":root {")
    block = style[start : style.index("}", start)]
    return {name: re.findall(rf"--{name}: (#[0-9a-f]{{6}});", block)[0] for name in EMOTIONS}


@pytest.mark.parametrize("theme", PLATES)
@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_can_be_told_apart(theme: str, vision: str) -> None:
    seen = {name: oklab(times(VISIONS[vision], linear(colour))) for name, colour in palette(theme).items()}
    for (one, a), (other, b) in itertools.combinations(seen.items(), 2):
        distance = sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5
        assert distance >= 8, f"{one} and {other}"


@pytest.mark.parametrize("theme", PLATES)
def test_each_stands_out_from_its_plate(theme: str) -> None:
    for name, colour in palette(theme).items():
        assert contrast(colour, PLATES[theme]) >= 3, name
