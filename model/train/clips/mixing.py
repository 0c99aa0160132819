"""Two clips become one, and so do their labels.

Mixup: Zhang et al., ICLR 2018, equations 1 and 2. CutMix: Yun et al., ICCV 2019, equations 1 and 2, the same rectangle
in every frame. Label smoothing: Szegedy et al., CVPR 2016, section 7.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Mixing:
    """The published recipe: every batch is mixed, one half of them by mixup, the other half by cutmix."""

    mixup: float = 0.8  # of the beta distribution; 0 turns it off
    cutmix: float = 1.0
    switch: float = 0.5  # how often cutmix is taken where both are on
    smoothing: float = 0.1


def smoothed(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """Class numbers (B,) -> targets (B, classes) that sum to 1."""
    return functional.one_hot(labels, classes).float() * (1.0 - smoothing) + smoothing / classes


def mixed(
    inputs: Tensor, labels: Tensor, classes: int, how: Mixing, chance: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Inputs (B, …, H, W) and class numbers (B,) -> mixed inputs and targets (B, classes).

    Each is mixed with the one that stands opposite in the batch.
    """
    targets = smoothed(labels, classes, how.smoothing)
    cut = how.cutmix > 0 and (how.mixup <= 0 or chance.random() < how.switch)
    alpha = how.cutmix if cut else how.mixup
    if alpha <= 0 or len(inputs) < 2:
        return inputs, targets
    share = float(chance.beta(alpha, alpha))  # of a sample's own
    if cut:
        top, bottom, left, right = rectangle(inputs.shape[-2:], share, chance)
        inputs, others = inputs.clone(), inputs.flip(0)
        inputs[..., top:bottom, left:right] = others[..., top:bottom, left:right]
        # At the border the rectangle is cut off: what counts is what was really covered.
        share = 1.0 - (bottom - top) * (right - left) / (inputs.shape[-2] * inputs.shape[-1])
    else:
        inputs = inputs * share + inputs.flip(0) * (1.0 - share)
    return inputs, targets * share + targets.flip(0) * (1.0 - share)


def rectangle(size: torch.Size, share: float, chance: np.random.Generator) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of a rectangle anywhere that would leave `share` of the picture uncovered."""
    height, width = size
    down, across = round(height * (1.0 - share) ** 0.5), round(width * (1.0 - share) ** 0.5)
    middle, centre = int(chance.integers(height)), int(chance.integers(width))
    top, left = max(middle - down // 2, 0), max(centre - across // 2, 0)
    return top, min(middle + (down + 1) // 2, height), left, min(centre + (across + 1) // 2, width)
