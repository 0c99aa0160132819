"""The overlay's colours, read from its style sheets, so that they stand in one place alone."""

import functools
import re
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from model.emotions import EMOTIONS

OVERLAY: Final = Path(__file__).parents[2] / "overlay"

Theme = Literal["dark", "light"]
Colour = tuple[int, int, int]
"""Red, green and blue, 0..255."""

BLACK: Final[Colour] = (0, 0, 0)
WHITE: Final[Colour] = (255, 255, 255)
PUPIL: Final[Colour] = (20, 24, 38)


class Tint(Struct, frozen=True):
    """A colour that lets through what is behind it; `alpha` is 0..1."""

    colour: Colour
    alpha: float = 1.0


class Palette(Struct, frozen=True):
    """The colours of one theme, under the names of the style sheets."""

    emotions: dict[str, Colour]
    face_ink: Colour
    face_tongue: Colour
    plate: Tint
    plate_edge: Tint
    track: Tint
    text: Colour
    label: Colour
    quiet: Colour
    veil: Colour
    edge: Colour


@functools.cache
def palette(theme: Theme = "dark") -> Palette:
    """The theme's colours."""
    found: dict[str, str] = {}
    for sheet in ("palette.css", "overlay.css"):
        text = re.sub(r"/\*.*?\*/", "", (OVERLAY / sheet).read_text("utf-8"), flags=re.DOTALL)
        found |= _variables(text, ":root")
        if theme != "dark":
            found |= _variables(text, f':root[data-theme="{theme}"]')
    tints = {name: _tint(value) for name, value in found.items() if value.startswith(("#", "rgba("))}
    return Palette(
        emotions={name: tints[name].colour for name in EMOTIONS},
        face_ink=tints["face-ink"].colour,
        face_tongue=tints["face-tongue"].colour,
        plate=tints["plate"],
        plate_edge=tints["plate-edge"],
        track=tints["track"],
        text=tints["text"].colour,
        label=tints["label"].colour,
        quiet=tints["quiet"].colour,
        veil=tints["veil"].colour,
        edge=tints["edge"].colour,
    )


def colour(hexadecimal: str) -> Colour:
    """A colour of CSS, such as "#0b0e17" or "#fff". Raises ValueError."""
    if not re.fullmatch(r"#(?:[0-9a-fA-F]{3}){1,2}", hexadecimal):
        raise ValueError(f"{hexadecimal} is no colour such as #0b0e17")
    digits = hexadecimal[1:]
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue = bytes.fromhex(digits)
    return (red, green, blue)


def mixed(under: Colour, over: Colour, part: float) -> Colour:
    """`part` (0..1) of `over` laid on `under`."""
    red, green, blue = (round(below + (above - below) * part) for below, above in zip(under, over, strict=True))
    return (red, green, blue)


def grey(colour: Colour) -> Colour:
    """Without its hue, as CSS's `grayscale` filter does it."""
    luma = round(0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2])
    return (luma, luma, luma)


def _variables(text: str, selector: str) -> dict[str, str]:
    """The custom properties of all blocks with exactly this selector."""
    blocks = re.findall(rf"(?:^|\n){re.escape(selector)} \{{(.*?)\n\}}", text, flags=re.DOTALL)
    return {name: value.strip() for block in blocks for name, value in re.findall(r"--([a-z-]+):\s*([^;]+);", block)}


def _tint(value: str) -> Tint:
    if value.startswith("#"):
        return Tint(colour(value))
    red, green, blue, alpha = value.removeprefix("rgba(").removesuffix(")").split(",")
    return Tint((int(red), int(green), int(blue)), float(alpha))
