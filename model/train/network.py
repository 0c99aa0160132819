"""The face network: a residual network that has learnt to tell faces apart, read at four of its depths. 112² grey in.

The trunk is dlib's face recognition network (`trunk.py`). What tells people apart at its end was trained to ignore
expressions, so the head reads earlier stages too; each is averaged over the picture, all are set to one scale (Ba,
Kiros, Hinton, "Layer Normalization", arXiv:1607.06450), and one linear layer answers.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.train import trunk

DEVIATION: Final = 0.22
"""Of grey faces with values 0..1, as the trunk met them."""


@dataclass(frozen=True)
class Sizes:
    """What decides the shape of the network: `widths` are the channels of each block; the trunk's fit its weights."""

    side: int = 112
    classes: int = 7
    widths: tuple[int, ...] = trunk.WIDTHS
    dropout: float = 0.3


class FaceNetwork(nn.Module):
    """Grey pictures (B, 1, 112, 112), values 0..1, to logits (B, 7) in the order of `model.emotions.EMOTIONS`."""

    def __init__(self, sizes: Sizes = Sizes()) -> None:
        super().__init__()
        self.sizes = sizes
        self.stem = nn.Conv2d(1, sizes.widths[0], 7, 2, 3)
        self.trunk = trunk.blocks(sizes.widths)
        self.blocks = nn.ModuleList(self.trunk)
        # The last block of each width, but for the first one, and the last of all.
        ends = [place for place, (one, next_) in enumerate(pairwise(sizes.widths)) if one != next_][1:]
        self.read = sorted({*ends, len(sizes.widths) - 2, len(sizes.widths) - 1} - {-1})
        width = sum(sizes.widths[place] for place in self.read)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(sizes.dropout)
        self.head = nn.Linear(width, sizes.classes)
        nn.init.zeros_(self.head.weight)

    def forward(self, x: Tensor) -> Tensor:
        # Each picture is set to one mean and deviation, so that room light and camera gain do not matter.
        deviation, mean = torch.std_mean(x, (1, 2, 3), keepdim=True, correction=0)
        x = (x - mean) / (deviation + 0.02) * DEVIATION  # (B, 1, H, W)
        x = functional.relu(self.stem(x))  # (B, 32, H/2, W/2)
        x = functional.max_pool2d(functional.pad(x, (0, 1, 0, 1)), 3, 2)  # (B, 32, H/4, W/4)
        seen = []
        for place, block in enumerate(self.blocks):
            x = block(x)
            if place in self.read:
                seen.append(x.mean((2, 3)))  # (B, C)
        logits: Tensor = self.head(self.dropout(self.norm(torch.cat(seen, 1).float())))
        return logits  # (B, 7)
