"""IAL: expressions of low intensity, met with global convolution attention and with a loss that knows its rival.

Li et al., "Intensity-aware loss for dynamic facial expression recognition in the wild" (AAAI 2023). Blocks with
global convolution attention (GCA) weigh each channel c of frame t by the geometric mean of two looks at it,

    sqrt(w[t, c] * mean over t of w[t, c]),   w = 2 sigmoid(W2 relu(W1 g)),   g: one number per channel, by convolution.

Then two branches meet: differences of neighbouring frames through convolutions, and the frames themselves through a
small transformer over 4x4 places. A temporal transformer reads the 15 sums; their mean is classified.
The loss is equations 9 and 10, which LERA-BFERT's report quotes. Input: RGB divided by 255, nothing subtracted.
"""

from dataclasses import dataclass

import torch
from einops import rearrange, reduce
from torch import Tensor, nn
from torch.nn import functional

from model.zoo.former_dfer import VIT_NAMES
from model.zoo.importing import Reference, Renames
from model.zoo.outputs import IntensityOutput
from model.zoo.residual import BLOCK_NAMES, initialise_convolutions, residual, shortcut, stage
from model.zoo.spare import Spare
from model.zoo.transformer import Block


@dataclass(frozen=True)
class IalSizes:
    """The published network: 19,083,527 parameters, 5.9 G multiply-accumulates."""

    classes: int = 7
    frames: int = 16
    image: int = 112
    widths: tuple[int, int, int] = (64, 128, 256)
    motion_depth: int = 3  # residual blocks over the differences of frames
    heads: int = 4
    head_dim: int = 32
    static_depth: int = 2
    temporal_depth: int = 2
    temporal_hidden: int = 512
    spare: bool = True

    @property
    def side(self) -> int:
        """Of the last map, in places: 4."""
        return -(-self.image // 32)


class GcaBlock(nn.Module):
    """A residual block whose residual's channels are weighed by what a frame and its whole clip show."""

    def __init__(self, before: int, after: int, side: int, sizes: IalSizes) -> None:
        super().__init__()
        self.frames = sizes.frames
        self.residual = residual(before, after, 2)
        self.shortcut = shortcut(before, after, 2)
        self.overview = nn.Conv2d(after, after, side, groups=after, bias=False)  # one number for a channel
        self.squeeze = nn.Conv2d(after, after // 16, 1, bias=False)
        self.excite = nn.Conv2d(after // 16, after, 1, bias=False)
        self.classify = nn.Sequential(
            nn.Linear(after, 2 * after, bias=False), nn.Linear(2 * after, sizes.classes, bias=False)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B * T, C, H, W) -> (B * T, C', H/2, W/2) and the auxiliary logits (B, classes)."""
        found = self.residual(x)
        seen = self.overview(found)  # (B T, C', 1, 1)
        weight = 2 * torch.sigmoid(self.excite(functional.relu(self.squeeze(seen))))
        of_clip = reduce(weight, "(b t) c 1 1 -> b c 1 1", "mean", t=self.frames)
        of_clip = of_clip.repeat_interleave(self.frames, dim=0)  # (B T, C', 1, 1)
        x = functional.relu(found * torch.sqrt(weight * of_clip + 1e-5) + self.shortcut(x))
        return x, self.classify(reduce(seen, "(b t) c 1 1 -> b c", "mean", t=self.frames))


class Ial(nn.Module):
    """The GCA network, its two branches, its temporal transformer and its three classifiers."""

    def __init__(self, sizes: IalSizes) -> None:
        super().__init__()
        self.sizes = sizes
        first, second, third = sizes.widths
        self.stem = nn.Sequential(
            nn.Conv2d(3, first, 3, 2, 1, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(),
            nn.Conv2d(first, first, 3, 1, 1, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )
        self.plain = stage(first, first, 1, 1)
        self.attentive2 = GcaBlock(first, second, -(-sizes.image // 8), sizes)
        self.attentive3 = GcaBlock(second, third, -(-sizes.image // 16), sizes)
        self.motion = stage(third, third, 2, sizes.motion_depth)
        self.embed = nn.Sequential(nn.Conv2d(third, third, 3, 2, 1, bias=False), nn.BatchNorm2d(third), nn.ReLU())
        self.place_positions = nn.Parameter(torch.randn(1, sizes.side**2, third))
        self.static = self.transformer(third, third, sizes.static_depth)
        flat = third * sizes.side**2
        # One row for every frame, though only 15 differences come in: the last row is never read.
        self.time_positions = nn.Parameter(torch.randn(1, sizes.frames, flat))
        self.temporal = self.transformer(flat, sizes.temporal_hidden, sizes.temporal_depth)
        self.head = nn.Linear(flat, sizes.classes)
        initialise_convolutions(self)
        if sizes.spare:
            self.spare = Spare(spares(sizes))

    def transformer(self, dim: int, hidden: int, depth: int) -> nn.Sequential:
        """Blocks as in Former-DFER, with heads of a fixed width."""
        heads, head_dim = self.sizes.heads, self.sizes.head_dim
        blocks = (Block(dim, heads, hidden, biases="", head_dim=head_dim, eps=1e-5, tanh=True) for _ in range(depth))
        return nn.Sequential(*blocks)

    def forward(self, clip: Tensor) -> IntensityOutput:
        """A clip, frames first (B, 16, 3, 112, 112), -> logits (B, 7), two auxiliary ones and the feature (B, 4096)."""
        x = self.plain(self.stem(clip.flatten(0, 1)))  # (B T, 64, 28, 28)
        x, auxiliary2 = self.attentive2(x)  # (B T, 128, 14, 14)
        x, auxiliary3 = self.attentive3(x)  # (B T, 256, 7, 7)
        x = rearrange(x, "(b t) c h w -> b t c h w", t=self.sizes.frames)
        moving = self.motion((x[:, 1:] - x[:, :-1]).flatten(0, 1))  # (B 15, 256, 4, 4)
        still = self.embed(x[:, :-1].flatten(0, 1)).flatten(2).transpose(1, 2) + self.place_positions
        still = self.static(still).transpose(1, 2).unflatten(2, moving.shape[2:])  # (B 15, 256, 4, 4)
        steps = (still + moving).flatten(1).reshape(-1, self.sizes.frames - 1, self.head.in_features)  # (B, 15, 4096)
        feature = self.temporal(steps + self.time_positions[:, : steps.shape[1]]).mean(dim=1)
        return IntensityOutput(self.head(feature), auxiliary2, auxiliary3, feature)


def intensity_aware_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Equations 9 and 10: -log of the target's share against its strongest rival alone; a mean over the batch.

    `logits` (B, classes), `target` (B,) class numbers.
    """
    own = logits.gather(1, target[:, None])[:, 0]
    others = logits.scatter(1, target[:, None], float("-inf"))
    return functional.softplus(others.amax(dim=1) - own).mean()


def ial_loss(output: IntensityOutput, target: Tensor, *, weight: float = 0.1, auxiliary: float = 0.05) -> Tensor:
    """What IAL is trained on: cross-entropy, the intensity-aware loss, and the second stage's auxiliary classifier.

    The third stage's classifier has weight 0 in the published code, so it is left out.
    """
    loss = functional.cross_entropy(output.logits, target)
    loss = loss + weight * intensity_aware_loss(output.logits, target)
    return loss + auxiliary * functional.cross_entropy(output.auxiliary2, target)


def spares(sizes: IalSizes) -> dict[str, tuple[int, ...]]:
    """What the published network has and never calls: biases, a 1x1 convolution, and the first stage's attention."""
    found: dict[str, tuple[int, ...]] = {"s_former.bias": (1, sizes.widths[0], 1, 1)}
    for index, width in enumerate(sizes.widths, start=1):
        layer = f"s_former.layer{index}.0"
        found |= {f"{layer}.{name}": (1, width, 1, 1) for name in ("bias1", "bias2")}
        found[f"{layer}.glb.weight"] = (width, width, 1, 1)
    width, side = sizes.widths[0], -(-sizes.image // 4)
    return found | {
        "s_former.layer1.0.AUX_fc.0.weight": (2 * width, width),
        "s_former.layer1.0.AUX_fc.1.weight": (sizes.classes, 2 * width),
        "s_former.layer1.0.gc.0.weight": (width, 1, side, side),
        "s_former.layer1.0.fc1.0.weight": (width // 16, width, 1, 1),
        "s_former.layer1.0.fc2.0.weight": (width, width // 16, 1, 1),
    }


# ---- the published files -------------------------------------------------------------------------------------------

UNREAD = r"s_former\.(bias$|layer\d\.0\.(bias[12]$|glb\.)|layer1\.0\.(AUX_fc|gc|fc1|fc2)\.)"
NAMES: Renames = (
    (r"^head\.", "fc_f."),
    (r"^stem\.([013])\.", r"s_former.conv1.\1."),
    (r"^stem\.4\.", "s_former.bn1."),
    (r"^plain\.", "s_former.layer1."),
    (r"^attentive([23])\.", r"s_former.layer\1.0."),
    (r"^motion\.", "s_former.layer4."),
    (r"^embed\.", "s_former.patch_embedding."),
    (r"^place_positions$", "s_former.pos_embedding_pos"),
    (r"^time_positions$", "s_former.pos_embedding"),
    (r"^static\.", "s_former.pos_transformer.layers."),
    (r"^temporal\.", "s_former.temporal_transformer.layers."),
    (r"\.overview\.", ".gc.0."),
    (r"\.squeeze\.", ".fc1.0."),
    (r"\.excite\.", ".fc2.0."),
    (r"\.classify\.", ".AUX_fc."),
    *BLOCK_NAMES,
    *VIT_NAMES,
)


def sizes_in(reference: Reference) -> dict[str, object]:
    """What a published IAL file tells about its sizes (a head is 32 wide)."""
    return {
        "frames": reference.shape("s_former.pos_embedding", 3)[1],
        "image": reference.shape("s_former.layer2.0.gc.0.weight", 4)[2] * 8,
        "heads": max(reference.shape("s_former.pos_transformer.layers.0.0.fn.fn.to_qkv.weight", 2)[0] // 96, 1),
        "static_depth": reference.count(r"s_former\.pos_transformer\.layers\.(\d+)\."),
        "temporal_depth": reference.count(r"s_former\.temporal_transformer\.layers\.(\d+)\."),
        "temporal_hidden": reference.shape("s_former.temporal_transformer.layers.0.1.fn.fn.net.0.weight", 2)[0],
        "motion_depth": reference.count(r"s_former\.layer4\.(\d+)\."),
    } | reference.classes("fc_f.weight")
