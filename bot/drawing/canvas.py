"""A picture that is drawn on in place: opaque (3 channels), or with alpha (4, colours times alpha)."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from bot.drawing.palette import Colour, Tint
from bot.drawing.shapes import Pixels

Mask = npt.NDArray[np.float32]
"""How far each pixel is covered, (H, W), 0..1."""
_FINENESS = 4


class Box(tuple[int, int, int, int]):
    """Left, top, right, bottom in pixels, as Pillow has it; `area` is the part of a picture under it."""

    __slots__ = ()

    def __new__(cls, left: float, top: float, right: float, bottom: float) -> "Box":
        """Rounded to whole pixels."""
        return super().__new__(cls, (round(left), round(top), round(right), round(bottom)))

    @property
    def area(self) -> tuple[slice, slice]:
        """As an index of (H, W, …)."""
        return slice(self[1], self[3]), slice(self[0], self[2])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self[2] - self[0], self[3] - self[1]


class Canvas:
    """`pixels` is (H, W, 3) or (H, W, 4), and always the same array."""

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels

    @classmethod
    def transparent(cls, width: int, height: int) -> "Canvas":
        """With nothing on it."""
        return cls(np.zeros((height, width, 4), np.uint8))

    @classmethod
    def over(cls, image: Image.Image) -> "Canvas":
        """On an opaque picture."""
        return cls(np.array(image.convert("RGB")))

    def ink(self, colour: Colour) -> tuple[int, ...]:
        """An opaque colour in this canvas's channels."""
        return colour if self.pixels.shape[2] == 3 else (*colour, 255)

    def fill(self, box: Box, mask: Mask, tint: Tint) -> None:
        """Lay a colour over the box where the mask is."""
        under = self.pixels[box.area]
        part = (mask * tint.alpha)[..., None]
        self.pixels[box.area] = np.rint(under + (np.array(self.ink(tint.colour), np.float32) - under) * part)

    def stamp(self, drawing: Pixels, left: float, top: float, opacity: float = 1.0) -> None:
        """Lay a small picture with alpha over this one; what hangs over the edge is cut off."""
        x, y = round(left), round(top)
        cut = drawing[max(0, -y) : self.pixels.shape[0] - y, max(0, -x) : self.pixels.shape[1] - x]
        if not cut.size:
            return
        place = self.pixels[max(0, y) :, max(0, x) :][: cut.shape[0], : cut.shape[1]]
        over = cut[..., : place.shape[2]] * np.float32(opacity)
        blended = place * (1 - cut[..., 3:] * np.float32(opacity / 255)) + over
        place[...] = np.rint(np.minimum(blended, 255))

    @contextmanager
    def pen(self, box: Box) -> Iterator[ImageDraw.ImageDraw]:
        """A pen for the box, with its own corner as zero."""
        part = Image.fromarray(np.ascontiguousarray(self.pixels[box.area]))
        yield ImageDraw.Draw(part)
        self.pixels[box.area] = np.asarray(part)

    def image(self) -> Image.Image:
        """A copy, with plain alpha where it has any."""
        if self.pixels.shape[2] == 3:
            return Image.fromarray(self.pixels)
        alpha = self.pixels[..., 3:]
        plain = np.divide(
            self.pixels[..., :3] * np.float32(255),
            alpha,
            where=alpha > 0,
            out=np.zeros_like(self.pixels[..., :3], np.float32),
        )
        return Image.fromarray(np.concatenate([np.rint(np.minimum(plain, 255)).astype(np.uint8), alpha], axis=2))


def rounded(width: int, height: int, radius: float, inset: float = 0.0) -> Mask:
    """A rectangle with round corners that fills (height, width), or leaves out `inset` pixels on all sides."""
    fine = Image.new("L", (width * _FINENESS, height * _FINENESS))
    ends = (inset * _FINENESS, inset * _FINENESS, (width - inset) * _FINENESS - 1, (height - inset) * _FINENESS - 1)
    corner = max(0.0, min(radius - inset, height / 2 - inset)) * _FINENESS
    ImageDraw.Draw(fine).rounded_rectangle(ends, corner, 255)
    return np.asarray(fine.reduce(_FINENESS)).astype(np.float32) / np.float32(255)
