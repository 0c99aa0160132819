"""How training clips are varied: the published fine-tuning recipe, the same change for all frames of a clip.

RandAugment: Cubuk et al., NeurIPS 2020 (4 changes of magnitude 7 out of 10, its deviation 0.5, each made half of the
time). Random resized crops: Szegedy et al., CVPR 2015. Random erasing: Zhong et al., AAAI 2020.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageOps

from model.clip import Floats, Pixels

Chance = np.random.Generator
Change = Callable[[Image.Image, float], Image.Image]
GREY: Final = (124, 116, 104)
"""ImageNet's mean: what fills the corners of a turned picture."""


@dataclass(frozen=True)
class Augmentation:
    """How much is varied; the defaults are MAE-DFER's fine-tuning."""

    changes: int = 4
    magnitude: float = 7.0  # of 10
    deviation: float = 0.5  # of the magnitude
    share: float = 0.5  # how often each change is made
    smallest: float = 0.08  # random crop: least share of the area
    stretch: float = 4 / 3  # random crop: highest ratio of the sides
    mirror: float = 0.5
    erasing: float = 0.25


NONE: Final = Augmentation(changes=0, smallest=1.0, stretch=1.0, mirror=0.0, erasing=0.0)
SCALES: Final = (1.0, 0.875, 0.75, 0.66)
"""Sides of the multi-scale crop, as shares of the shorter side: Wang et al., "Temporal segment networks", ECCV 2016."""


def turned(picture: Image.Image, degrees: float) -> Image.Image:
    return picture.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=GREY)


def moved(picture: Image.Image, matrix: tuple[float, ...]) -> Image.Image:
    return picture.transform(picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=GREY)


def brightened(picture: Image.Image, level: float) -> Image.Image:
    """Adds to the darker half of the tones, as `SolarizeAdd` does."""
    return picture.point([min(tone + int(110 * abs(level)), 255) if tone < 128 else tone for tone in range(256)] * 3)


# Each takes a level of -1..1, whose sign is chance; strength rises with the level, as in the increasing variant.
CHANGES: Final[tuple[Change, ...]] = (
    lambda picture, _: ImageOps.autocontrast(picture),
    lambda picture, _: ImageOps.equalize(picture),
    lambda picture, _: ImageChops.invert(picture),
    lambda picture, level: turned(picture, 30 * level),
    lambda picture, level: ImageOps.posterize(picture, max(4 - int(4 * abs(level)), 1)),
    lambda picture, level: ImageOps.solarize(picture, 256 - int(256 * abs(level))),
    brightened,
    lambda picture, level: ImageEnhance.Color(picture).enhance(1 + 0.9 * level),
    lambda picture, level: ImageEnhance.Contrast(picture).enhance(1 + 0.9 * level),
    lambda picture, level: ImageEnhance.Brightness(picture).enhance(1 + 0.9 * level),
    lambda picture, level: ImageEnhance.Sharpness(picture).enhance(1 + 0.9 * level),
    lambda picture, level: moved(picture, (1, 0.3 * level, 0, 0, 1, 0)),
    lambda picture, level: moved(picture, (1, 0, 0, 0.3 * level, 1, 0)),
    lambda picture, level: moved(picture, (1, 0, 0.45 * level * picture.width, 0, 1, 0)),
    lambda picture, level: moved(picture, (1, 0, 0, 0, 1, 0.45 * level * picture.height)),
)


def varied(frames: list[Pixels], side: int, how: Augmentation, chance: Chance) -> Pixels:
    """Frames of one size (H, W, 3) -> (T, side, side, 3), changed, cut and mirrored alike."""
    pictures = [Image.fromarray(frame) for frame in frames]
    for _ in range(how.changes):
        change = CHANGES[int(chance.integers(len(CHANGES)))]
        level = float(np.clip(chance.normal(how.magnitude, how.deviation) / 10, 0, 1)) * chance.choice([-1.0, 1.0])
        if chance.random() < how.share:
            pictures = [change(picture, level) for picture in pictures]
    box = window(pictures[0].size, how, chance)
    pictures = [picture.resize((side, side), Image.Resampling.BILINEAR, box) for picture in pictures]
    if chance.random() < how.mirror:
        pictures = [ImageOps.mirror(picture) for picture in pictures]
    return np.stack([np.asarray(picture) for picture in pictures])


def window(size: tuple[int, int], how: Augmentation, chance: Chance) -> tuple[float, float, float, float]:
    """A random part of a picture: left, top, right, bottom in pixels; all of it where none of ten tries fits."""
    width, height = size
    if how.smallest >= 1.0 and how.stretch == 1.0:
        return 0, 0, width, height
    for _ in range(10):
        area = width * height * chance.uniform(how.smallest, 1.0)
        ratio = np.exp(chance.uniform(-np.log(how.stretch), np.log(how.stretch)))
        across, down = float(np.sqrt(area * ratio)), float(np.sqrt(area / ratio))
        if across <= width and down <= height:
            left, top = float(chance.uniform(0, width - across)), float(chance.uniform(0, height - down))
            return left, top, left + across, top + down
    return 0, 0, width, height


def multi_scale(frames: list[Pixels], side: int, chance: Chance) -> Pixels:
    """Pre-training's crop: a rectangle of two neighbouring scales somewhere in the picture, (T, side, side, 3)."""
    height, width = frames[0].shape[:2]
    first = int(chance.integers(len(SCALES)))
    second = int(np.clip(first + chance.integers(-1, 2), 0, len(SCALES) - 1))
    across, down = (min(width, height) * SCALES[place] for place in (first, second))
    left, top = chance.uniform(0, width - across), chance.uniform(0, height - down)
    box = (float(left), float(top), float(left + across), float(top + down))
    pictures = [Image.fromarray(frame).resize((side, side), Image.Resampling.BILINEAR, box) for frame in frames]
    return np.stack([np.asarray(picture) for picture in pictures])


def erased(values: Floats, share: float, chance: Chance) -> Floats:
    """A scaled clip (…, H, W) with, `share` of the time, one rectangle of it under noise, the same place all along."""
    if chance.random() >= share:
        return values
    height, width = values.shape[-2:]
    for _ in range(10):
        area = height * width * chance.uniform(0.02, 1 / 3)
        ratio = np.exp(chance.uniform(np.log(0.3), np.log(1 / 0.3)))
        down, across = round(float(np.sqrt(area * ratio))), round(float(np.sqrt(area / ratio)))
        if 0 < down < height and 0 < across < width:
            top, left = int(chance.integers(height - down + 1)), int(chance.integers(width - across + 1))
            noise = chance.standard_normal((*values.shape[:-2], down, across), np.float32)
            values = values.copy()
            values[..., top : top + down, left : left + across] = noise
            return values
    return values
