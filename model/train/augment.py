"""Pictures as a webcam might have made them: what the network sees in training.

The framing jitter covers what our detector does between frames and what the packs differ in; the light and the lens
cover cheap cameras, video calls and rooms lit by a screen. Cutout: DeVries & Taylor, arXiv:1708.04552. Mixing two
pictures: Zhang, Cisse, Dauphin, Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Strength:
    """How far each change goes. Shifts and sizes are shares of the crop's side, angles are in degrees."""

    scale: float = 0.13
    shift: float = 0.06
    angle: float = 9.0
    stretch: float = 0.06
    gamma: float = 0.4
    light: float = 0.3
    blur: float = 0.25
    coarse: float = 0.3
    codec: float = 0.15
    bars: float = 0.08
    noise: float = 0.03
    cutout: float = 0.25
    cutout_side: float = 0.35


GENTLE: Final = Strength(
    scale=0.11,
    shift=0.05,
    angle=8.0,
    stretch=0.05,
    gamma=0.3,
    light=0.2,
    blur=0.15,
    coarse=0.2,
    noise=0.02,
    cutout=0.15,
    cutout_side=0.32,
)
"""For the second round."""


def sample(pictures: Tensor, frames: Tensor, side: int) -> Tensor:
    """Crops (B, 1, side, side), 0..1, of uint8 pictures (B, S, S) through framings (B, 2, 3) in pixels."""
    size = pictures.shape[-1]
    grid = functional.affine_grid(torch.eye(2, 3).repeat(len(pictures), 1, 1), [len(pictures), 1, side, side], False)
    places = torch.cat([(grid + 1) / 2, torch.ones_like(grid[..., :1])], -1)  # (B, side, side, 3)
    places = torch.einsum("bhwk,bck->bhwc", places, frames) * (2 / size) - 1
    light = pictures[:, None].float() / 255
    return functional.grid_sample(light, places, mode="bilinear", padding_mode="border", align_corners=False)


def jitter(frames: Tensor, strength: Strength, random: torch.Generator) -> Tensor:
    """Framings (B, 2, 3) moved, scaled, turned and mirrored a little about their own middle."""
    count = len(frames)

    def spread(size: float) -> Tensor:
        return (torch.rand(count, generator=random) * 2 - 1) * size

    angle = torch.deg2rad(spread(strength.angle))
    scale, stretch = torch.exp(spread(strength.scale)), torch.exp(spread(strength.stretch))
    mirror = torch.where(torch.rand(count, generator=random) < 0.5, -1.0, 1.0)
    cosine, sine = angle.cos() * scale, angle.sin() * scale
    turn = torch.stack([cosine * mirror * stretch, -sine, sine * mirror, cosine], -1).view(count, 2, 2)
    middle = torch.full((count, 2, 1), 0.5)
    move = torch.stack([spread(strength.shift), spread(strength.shift)], -1)[..., None]
    inner = torch.cat([turn, middle - turn @ middle + move], -1)  # (B, 2, 3), crop to crop
    linear = frames[:, :, :2] @ inner[:, :, :2]
    origin = frames[:, :, :2] @ inner[:, :, 2:] + frames[:, :, 2:]
    return torch.cat([linear, origin], -1)


def weather(crops: Tensor, strength: Strength, random: torch.Generator) -> Tensor:
    """Crops (B, 1, H, W) in other light, through a worse lens and codec, partly covered; values stay 0..1."""
    count, _, height, width = crops.shape

    def spread(size: float, *shape: int) -> Tensor:
        return (torch.rand(count, *(shape or (1, 1, 1)), generator=random) * 2 - 1) * size

    def chosen(share: float) -> Tensor:
        return torch.nonzero(torch.rand(count, generator=random) < share)[:, 0]

    soft = chosen(strength.blur)
    if len(soft):
        kernel = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
        blurred = functional.pad(crops[soft], (2, 2, 2, 2), mode="replicate")
        blurred = functional.conv2d(functional.conv2d(blurred, kernel.view(1, 1, 1, 5)), kernel.view(1, 1, 5, 1))
        crops = crops.index_copy(0, soft, blurred)
    few = chosen(strength.coarse)
    if len(few):
        small = int(torch.randint(20, 44, (1,), generator=random))
        coarse = functional.interpolate(crops[few], (small, small), mode="area")
        crops = crops.index_copy(0, few, functional.interpolate(coarse, (height, width), mode="bilinear"))
    across = torch.linspace(-1, 1, width).view(1, 1, 1, width)
    down = torch.linspace(-1, 1, height).view(1, 1, height, 1)
    ramp = 1 + spread(strength.light) * across + spread(strength.light) * down * 0.5
    crops = crops.clamp(1e-4, 1) ** torch.exp(spread(strength.gamma))
    crops = (crops * ramp * (1 + spread(0.25)) + spread(0.1)).clamp(0, 1)
    # Codecs leave grain at the pixel and at the block; both, each at its own strength.
    grain = torch.randn(crops.shape, generator=random)
    blocks = torch.randn(count, 1, (height + 7) // 8, (width + 7) // 8, generator=random)
    blocks = functional.interpolate(blocks, (height, width), mode="nearest")
    crops = crops + grain * spread(strength.noise).abs() + blocks * spread(strength.noise).abs() * 0.5
    covered = chosen(strength.cutout)
    if len(covered):
        middle = torch.rand(count, 2, 1, 1, 1, generator=random) * 2 - 1
        reach = torch.rand(count, 2, 1, 1, 1, generator=random) * strength.cutout_side
        hidden = ((across - middle[:, 0]).abs() < reach[:, 0]) & ((down - middle[:, 1]).abs() < reach[:, 1])
        shade = torch.rand(count, 1, 1, 1, generator=random)
        crops = crops.index_copy(0, covered, torch.where(hidden, shade, crops)[covered])
    crops = crops.clamp(0, 1)
    for row in chosen(strength.bars).tolist():
        glasses(crops[row, 0], torch.rand(6, generator=random).tolist())
    for row in chosen(strength.codec).tolist():
        quality = int(15 + 60 * torch.rand(1, generator=random))
        crops[row, 0] = torch.from_numpy(compressed((crops[row, 0].numpy() * 255).astype(np.uint8), quality))
    return crops


def partners(count: int, alpha: float, chance: np.random.Generator) -> tuple[Tensor, Tensor]:
    """For mixing a batch: the row that each row is mixed with, int64 (B,), and how much of its own stays, (B,), 0.5..1.

    The share comes from a Beta(`alpha`, `alpha`); the larger part is always the row's own, so that both orders of a
    pair, which say the same, are one.
    """
    own = chance.beta(alpha, alpha, count)
    kept = torch.from_numpy(np.maximum(own, 1 - own).astype(np.float32))
    return torch.from_numpy(chance.permutation(count)), kept


def mixed(rows: Tensor, other: Tensor, kept: Tensor) -> Tensor:
    """Rows (B, ...), each with its partner's mixed in, as `partners` says."""
    share = kept.view(-1, *[1] * (rows.ndim - 1))
    return share * rows + (1 - share) * rows[other]


def glasses(crop: Tensor, chance: list[float]) -> None:
    """Draws frames of glasses, or one bar such as a headband or a visor's rim, into a crop (H, W) where eyes are.

    `chance` are six numbers 0..1 that decide height, thickness, shade, kind, the lenses' height and their distance.
    """
    height, width = crop.shape
    top, thick = int((0.30 + 0.12 * chance[0]) * height), int((0.02 + 0.03 * chance[1]) * height) + 1
    shade = chance[2]
    if chance[3] < 0.5:
        crop[top : top + thick] = shade
        return
    bottom, reach = top + int((0.10 + 0.06 * chance[4]) * height), int((0.15 + 0.04 * chance[5]) * width)
    for middle in (int(0.3 * width), int(0.7 * width)):
        left, right = max(0, middle - reach), middle + reach
        for edge in (top, bottom):
            crop[edge : edge + thick, left : right + thick] = shade
        for edge in (left, right):
            crop[top : bottom + thick, edge : edge + thick] = shade


def compressed(crop: NDArray[np.uint8], quality: int) -> NDArray[np.float32]:
    """A crop (H, W) after JPEG of a quality 1..100, as values 0..1."""
    _, encoded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.float32) / np.float32(255)
