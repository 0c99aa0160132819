"""The face network: a small residual network with squeeze-and-excitation, 64² grey in, seven logits out.

Residual blocks: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016.
Channel attention: Hu, Shen, Sun, "Squeeze-and-Excitation Networks", CVPR 2018.
Zero-initialised last scale of a block: Goyal et al., "Accurate, Large Minibatch SGD", arXiv:1706.02677.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Sizes:
    """What decides the shape of the network. `widths` and `depths` name the channels and blocks of each stage."""

    side: int = 64
    classes: int = 7
    widths: tuple[int, ...] = (32, 64, 128, 192)
    depths: tuple[int, ...] = (2, 2, 2, 2)
    squeeze: int = 8
    dropout: float = 0.3


class Attention(nn.Module):
    """Squeeze-and-excitation: weighs each channel by what the whole picture holds."""

    def __init__(self, width: int, squeeze: int) -> None:
        super().__init__()
        hidden = max(8, width // squeeze)
        self.down = nn.Conv2d(width, hidden, 1)
        self.up = nn.Conv2d(hidden, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        weight = x.mean((2, 3), keepdim=True)  # (B, C, 1, 1)
        weight = self.up(torch.relu(self.down(weight)))
        return x * torch.sigmoid(weight)  # (B, C, H, W)


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut; `stride` 2 halves height and width."""

    def __init__(self, before: int, width: int, stride: int, squeeze: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)
        self.attention = Attention(width, squeeze)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or before != width:
            # Averaging first, because a strided 1x1 convolution would throw three pixels of four away.
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride) if stride != 1 else nn.Identity(),
                nn.Conv2d(before, width, 1, bias=False),
                nn.BatchNorm2d(width),
            )
        nn.init.zeros_(self.second_norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.first_norm(self.first(x)))  # (B, C, H/s, W/s)
        y = self.attention(self.second_norm(self.second(y)))
        return torch.relu(y + self.shortcut(x))


class FaceNetwork(nn.Module):
    """Grey pictures (B, 1, 64, 64), values 0..1, to logits (B, 7) in the order of `model.emotions.EMOTIONS`."""

    def __init__(self, sizes: Sizes = Sizes()) -> None:
        super().__init__()
        self.sizes = sizes
        first = sizes.widths[0]
        self.stem = nn.Sequential(nn.Conv2d(1, first, 5, 2, 2, bias=False), nn.BatchNorm2d(first), nn.ReLU())
        stages: list[nn.Module] = []
        before = first
        for number, (width, depth) in enumerate(zip(sizes.widths, sizes.depths, strict=True)):
            for block in range(depth):
                stride = 2 if block == 0 and number > 0 else 1
                stages.append(Block(before, width, stride, sizes.squeeze))
                before = width
        self.stages = nn.Sequential(*stages)
        self.head = nn.Sequential(nn.Dropout(sizes.dropout), nn.Linear(before, sizes.classes))

    def forward(self, x: Tensor) -> Tensor:
        # Each picture is set to mean 0 and deviation 1, so that room light and camera gain do not matter.
        deviation, mean = torch.std_mean(x, (1, 2, 3), keepdim=True, correction=0)
        x = (x - mean) / (deviation + 0.02)  # (B, 1, H, W)
        x = self.stages(self.stem(x))  # (B, C, H/16, W/16)
        logits: Tensor = self.head(x.mean((2, 3)))  # (B, 7)
        return logits
