"""Former-DFER: a ResNet-18 with a transformer inside looks at each frame, a second transformer over the frames.

Zhao & Liu, "Former-DFER: Dynamic facial expression recognition transformer" (ACM Multimedia 2021). The
convolutional spatial transformer (CS-Former) lets the 7x7 places of the third stage attend to each other; the
temporal transformer (T-Former) reads a class token and 16 frames. Input: RGB divided by 255, nothing subtracted.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.zoo.importing import Reference, Renames
from model.zoo.outputs import Output
from model.zoo.residual import BLOCK_NAMES, initialise_convolutions, stage
from model.zoo.transformer import Block


@dataclass(frozen=True)
class FormerDferSizes:
    """The published network: 18,031,943 parameters, 8.3 G multiply-accumulates."""

    classes: int = 7
    frames: int = 16
    image: int = 112
    widths: tuple[int, int, int, int] = (64, 128, 256, 512)
    depth: int = 2  # residual blocks of a stage
    heads: int = 8
    spatial_depth: int = 1
    temporal_depth: int = 3

    @property
    def places(self) -> int:
        """Of the third stage's map: 7 * 7."""
        return (-(-self.image // 16)) ** 2


class SpatialFormer(nn.Module):
    """One frame becomes one feature."""

    def __init__(self, sizes: FormerDferSizes) -> None:
        super().__init__()
        first, second, third, fourth = sizes.widths
        self.stem = nn.Sequential(
            nn.Conv2d(3, first, 7, 2, 3, bias=False), nn.BatchNorm2d(first), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        self.stages = nn.ModuleList(
            (
                stage(first, first, 1, sizes.depth),
                stage(first, second, 2, sizes.depth),
                stage(second, third, 2, sizes.depth),
                stage(third, fourth, 2, sizes.depth),
            )
        )
        self.positions = nn.Parameter(torch.randn(1, sizes.places, third))
        self.blocks = transformer(third, sizes.heads, sizes.spatial_depth)
        initialise_convolutions(self)

    def forward(self, frames: Tensor) -> Tensor:
        """(N, 3, 112, 112) -> (N, 512)."""
        x = self.stem(frames)  # (N, 64, 28, 28)
        for each in self.stages[:3]:
            x = each(x)  # in the end (N, 256, 7, 7)
        tokens = self.blocks(x.flatten(2).transpose(1, 2) + self.positions)  # (N, 49, 256)
        out: Tensor = self.stages[3](tokens.transpose(1, 2).unflatten(2, x.shape[2:])).mean(dim=(2, 3))
        return out


class TemporalFormer(nn.Module):
    """The frames of a clip become its feature."""

    def __init__(self, sizes: FormerDferSizes) -> None:
        super().__init__()
        dim = sizes.widths[3]
        self.class_token = nn.Parameter(torch.randn(1, 1, dim))
        self.positions = nn.Parameter(torch.randn(1, sizes.frames + 1, dim))
        self.blocks = transformer(dim, sizes.heads, sizes.temporal_depth)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, 512) -> (B, 512)."""
        x = torch.cat((self.class_token.expand_as(x[:, :1]), x), dim=1)
        out: Tensor = self.blocks(x + self.positions)[:, 0]
        return out


class FormerDfer(nn.Module):
    """Frames, then time, then the classifier."""

    def __init__(self, sizes: FormerDferSizes) -> None:
        super().__init__()
        self.frames = sizes.frames
        self.space = SpatialFormer(sizes)
        self.time = TemporalFormer(sizes)
        self.head = nn.Linear(sizes.widths[3], sizes.classes)

    def forward(self, clip: Tensor) -> Output:
        """A clip, frames first (B, 16, 3, 112, 112), -> logits (B, 7) and feature (B, 512)."""
        frames = self.space(clip.flatten(0, 1))
        feature = self.time(frames.reshape(-1, self.frames, self.head.in_features))
        return Output(self.head(feature), feature)


def transformer(dim: int, heads: int, depth: int) -> nn.Sequential:
    """Blocks without projection biases, hidden layer twice as wide, tanh GELU, LayerNorm's default epsilon."""
    blocks = (Block(dim, heads, 2 * dim, biases="", eps=1e-5, tanh=True) for _ in range(depth))
    return nn.Sequential(*blocks)


# ---- the published files -------------------------------------------------------------------------------------------

# A transformer block as lucidrains' ViT names it, which Former-DFER and IAL have built on.
VIT_NAMES: Renames = (
    (r"\.attention_norm\.", ".0.fn.norm."),
    (r"\.attention\.(query|key|value)\.weight$", ".0.fn.fn.to_qkv.weight"),
    (r"\.attention\.output\.", ".0.fn.fn.to_out.0."),
    (r"\.mlp_norm\.", ".1.fn.norm."),
    (r"\.mlp\.up\.", ".1.fn.fn.net.0."),
    (r"\.mlp\.down\.", ".1.fn.fn.net.3."),
)
NAMES: Renames = (
    (r"^head\.", "fc."),
    (r"^space\.stem\.0\.", "s_former.conv1."),
    (r"^space\.stem\.1\.", "s_former.bn1."),
    *((rf"^space\.stages\.{index}\.", f"s_former.layer{index + 1}.") for index in range(4)),
    (r"^space\.", "s_former."),
    (r"^time\.", "t_former."),
    (r"\.class_token$", ".cls_token"),
    (r"\.positions$", ".pos_embedding"),
    (r"\.blocks\.", ".spatial_transformer.layers."),
    *BLOCK_NAMES,
    *VIT_NAMES,
)


def sizes_in(reference: Reference) -> dict[str, object]:
    """What a published Former-DFER file tells about its sizes (a head is 32 wide in space, 64 in time)."""
    _, places, third = reference.shape("s_former.pos_embedding", 3)
    return {
        "frames": reference.shape("t_former.pos_embedding", 3)[1] - 1,
        "image": math.isqrt(places) * 16,
        "heads": max(third // 32, 1),
        "spatial_depth": reference.count(r"s_former\.spatial_transformer\.layers\.(\d+)\."),
        "temporal_depth": reference.count(r"t_former\.spatial_transformer\.layers\.(\d+)\."),
        "depth": reference.count(r"s_former\.layer1\.(\d+)\."),
    } | reference.classes("fc.weight")
