"""MMNet: two branches that tell a micro-expression from its onset and its apex frame.

Li et al., "MMNet: Muscle motion-guided network for micro-expression recognition" (IJCAI 2022). The main branch
reads the motion, apex minus onset, through blocks with continuous attention (CA): the map of one block, pooled, is the
prior of the next,

    A_k = pool(A_(k-1)) * sigmoid(norm(conv([mean over channels of F_k; maximum over channels of F_k]))),   F_k *= A_k.

The sub-branch calibrates positions (PC): a small transformer over the onset, 14x14 pixels as tokens. Their sum is
classified. LERA's fusion network borrows the CA branch, and perhaps the PC one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.zoo.importing import Reference, Renames
from model.zoo.outputs import AttentionOutput, Output
from model.zoo.residual import initialise_convolutions, shortcut
from model.zoo.spare import Spare
from model.zoo.transformer import Block, initialise


@dataclass(frozen=True)
class CaSizes:
    """The CA branch alone, with its classifier, at the paper's 112x112 map: 3,025,429 parameters."""

    classes: int = 5
    stem: int = 180  # channels of the motion map that it reads
    widths: tuple[int, ...] = (128, 128, 256, 512)
    side: int = 112  # of the motion map; each block after the first halves it


@dataclass(frozen=True)
class PcSizes:
    """The PC branch alone: 6,411,782 parameters at depth 2 and ratio 4."""

    dim: int = 512
    depth: int = 2
    heads: int = 4
    mlp_ratio: float = 4.0
    positions: int = 196
    spare: bool = True  # keep the parameters that the published module has and never reads


@dataclass(frozen=True)
class MmNetSizes:
    """The published network for CASME II, 5 classes: 9,970,947 parameters, 7.21 G multiply-accumulates."""

    classes: int = 5
    image: int = 224
    stem: int = 180
    widths: tuple[int, ...] = (128, 128, 256, 512)
    depth: int = 2
    heads: int = 4
    mlp_ratio: float = 4.0
    # torchvision resized tensors without antialiasing before 0.17, with it since; the published code is older.
    antialias: bool = False
    spare: bool = True

    @property
    def side(self) -> int:
        """Of the last map, in pixels."""
        return -(-self.image >> len(self.widths))  # every halving rounds up


class ContinuousAttentionBlock(nn.Module):
    """A residual block whose output is weighted by one attention map, which the map before it scales."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut = shortcut(before, after, stride)
        self.gate = nn.Sequential(nn.Conv2d(2, 1, 1, bias=False), nn.BatchNorm2d(1), nn.Sigmoid())

    def forward(self, x: Tensor, prior: Tensor | None) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) and the map before, (B, 1, H, W), -> (B, C', H', W') and its map, (B, 1, H', W')."""
        x = functional.relu(self.residual(x) + self.shortcut(x))
        attention = self.gate(torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), dim=1))
        if prior is not None:
            if prior.shape[-1] != attention.shape[-1]:
                prior = functional.max_pool2d(prior, 3, 2, 1)
            attention = prior * attention
        return x * attention, attention


class ContinuousAttention(nn.Module):
    """The CA branch: from the motion map to the map that is classified."""

    def __init__(self, stem: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.entry = nn.Sequential(
            nn.Conv2d(stem, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        pairs = [(widths[0], widths[0], 1), *((before, after, 2) for before, after in pairwise(widths))]
        self.blocks = nn.ModuleList(ContinuousAttentionBlock(*pair) for pair in pairs)
        initialise_convolutions(self)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 180, 112, 112) -> (B, 512, 14, 14) and the first block's attention (B, 1, 112, 112)."""
        x = self.entry(x)
        attention: Tensor | None = None
        first: Tensor | None = None
        for block in self.blocks:
            x, attention = block(x, attention)
            first = attention if first is None else first
        assert first is not None
        return x, first


class PositionCalibration(nn.Module):
    """The PC branch: every pixel of a small onset frame becomes a token that has seen the others."""

    def __init__(self, sizes: PcSizes) -> None:
        super().__init__()
        self.pixels = nn.Conv2d(3, sizes.dim, 1)
        self.positions = nn.Parameter(torch.zeros(1, sizes.positions, sizes.dim))
        hidden = int(sizes.dim * sizes.mlp_ratio)
        self.blocks = nn.Sequential(*(Block(sizes.dim, sizes.heads, hidden) for _ in range(sizes.depth)))
        self.norm = nn.LayerNorm(sizes.dim, eps=1e-6)
        initialise(self)
        nn.init.trunc_normal_(self.positions, std=0.02)
        if sizes.spare:
            self.spare = Spare(pc_spares(sizes.dim))

    def forward(self, onset: Tensor) -> Tensor:
        """(B, 3, 14, 14) -> (B, 196, 512)."""
        x = self.pixels(onset).flatten(2).transpose(1, 2) + self.positions
        out: Tensor = self.norm(self.blocks(x))
        return out


class CaModule(nn.Module):
    """The CA branch with its classifier, as it stands alone in the paper's ablation."""

    def __init__(self, sizes: CaSizes) -> None:
        super().__init__()
        self.attention = ContinuousAttention(sizes.stem, sizes.widths)
        last = -(-sizes.side >> (len(sizes.widths) - 1))
        self.head = nn.Linear(sizes.widths[-1] * last * last, sizes.classes)

    def forward(self, motion: Tensor, position: Tensor | None = None) -> AttentionOutput:
        """(B, 180, 112, 112) and positions (B, 512, 14, 14), none meaning 0, -> logits (B, 5), map (B, 12544)."""
        x, attention = self.attention(motion)
        x = x if position is None else x + position
        return AttentionOutput(self.head(x.flatten(1)), attention.flatten(1))


class MmNet(nn.Module):
    """Both branches and the classifier of their sum."""

    def __init__(self, sizes: MmNetSizes) -> None:
        super().__init__()
        self.sizes = sizes
        dim, side = sizes.widths[-1], sizes.side
        self.stem = motion_stem(sizes.stem)
        self.attention = ContinuousAttention(sizes.stem, sizes.widths)
        pc = PcSizes(dim, sizes.depth, sizes.heads, sizes.mlp_ratio, side * side, spare=False)
        self.position = PositionCalibration(pc)
        self.head = nn.Linear(dim * side * side, sizes.classes)
        if sizes.spare:
            self.spare = Spare(
                {
                    "timeembed": (1, 4, 111, 111),
                    "pos.0.weight": (512, 3, 1, 1),
                    "pos.1.weight": (512,),
                    "pos.1.bias": (512,),
                    "head.1.weight": (38, 12544),
                }
                | {f"vit_pos.{name}": shape for name, shape in pc_spares(dim).items()}
            )

    def forward(self, onset: Tensor, apex: Tensor) -> Output:
        """Two frames (B, 3, 224, 224) -> logits (B, 5) and the flattened map (B, 100352)."""
        x, _ = self.attention(self.stem(apex - onset))  # (B, 512, 14, 14)
        small = resized(onset, self.sizes.side, self.sizes.antialias)  # (B, 3, 14, 14)
        x = x + self.position(small).transpose(1, 2).unflatten(2, x.shape[2:])
        feature = x.flatten(1)
        return Output(self.head(feature), feature)


def motion_stem(channels: int) -> nn.Sequential:
    """The first look at the motion image: (B, 3, H, W) -> (B, channels, H/2, W/2)."""
    stem = nn.Sequential(nn.Conv2d(3, channels, 3, 2, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU())
    initialise_convolutions(stem)
    return stem


def resized(image: Tensor, side: int, antialias: bool) -> Tensor:
    """(B, C, H, W) -> (B, C, side, side), bilinear."""
    return functional.interpolate(image, (side, side), mode="bilinear", align_corners=False, antialias=antialias)


def pc_spares(dim: int) -> dict[str, tuple[int, ...]]:
    """What the published PC module has from its ViT and never calls."""
    return {
        "cls_token": (1, 1, dim),
        "head.weight": (5, dim),
        "head.bias": (5,),
        "to_Mask.0.weight": (1, dim),
        "to_Mask.0.bias": (1,),
    }


# ---- the published files -------------------------------------------------------------------------------------------

# Where the CA branch's parts lie in the published module; `.blocks.0.` is its `layer1.0.`.
CA_NAMES: Renames = (
    (r"\.entry\.0\.", ".conv1."),
    (r"\.entry\.1\.", ".bn1."),
    *((rf"\.blocks\.{index}\.(residual|shortcut|gate)\.", rf".layer{index + 1}.0.\1.") for index in range(8)),
    (r"(\.layer\d\.0)\.residual\.0\.", r"\1.conv1."),
    (r"(\.layer\d\.0)\.residual\.1\.", r"\1.bn1."),
    (r"(\.layer\d\.0)\.residual\.3\.", r"\1.conv2."),
    (r"(\.layer\d\.0)\.residual\.4\.", r"\1.bn2."),
    (r"(\.layer\d\.0)\.shortcut\.", r"\1.downsample."),
    (r"(\.layer\d\.0)\.gate\.", r"\1.attn."),
)
PC_NAMES: Renames = (
    (r"(^|\.)positions$", r"\1pos_embed"),
    (r"(^|\.)pixels\.", r"\1patch_embed.proj."),
    (r"\.attention_norm\.", ".norm1."),
    (r"\.mlp_norm\.", ".norm2."),
    (r"\.attention\.(query|key|value)\.(weight|bias)$", r".attn.qkv.\2"),
    (r"\.attention\.output\.", ".attn.proj."),
    (r"\.mlp\.up\.", ".mlp.fc1."),
    (r"\.mlp\.down\.", ".mlp.fc2."),
)
CA_MODULE_NAMES: Renames = (
    (r"^head\.", "fc."),
    (r"^attention\.", "."),
    *CA_NAMES,
    (r"^\.", ""),
)
MMNET_NAMES: Renames = (
    (r"^head\.", "main_branch.fc."),
    (r"^stem\.", "conv_act."),
    (r"^attention\.", "main_branch."),
    *CA_NAMES,
    (r"^position\.", "vit_pos."),
    *PC_NAMES,
)

PC_UNREAD = r"(cls_token$|head\.|to_Mask\.)"
MMNET_UNREAD = rf"(timeembed$|pos\.|head\.|vit_pos\.{PC_UNREAD})"


def ca_sizes_in(reference: Reference, prefix: str = "") -> dict[str, object]:
    """The widths of a published CA branch."""
    depth = reference.count(prefix.replace(".", r"\.") + r"layer(\d)\.")
    widths = tuple(reference.shape(f"{prefix}layer{index + 1}.0.conv1.weight", 4)[0] for index in range(depth))
    return {"stem": reference.shape(f"{prefix}conv1.weight", 4)[1], "widths": widths}


def ca_module_sizes_in(reference: Reference) -> dict[str, object]:
    """What a published CA module tells about its sizes."""
    found = ca_sizes_in(reference)
    classes, flat = reference.shape("fc.weight", 2)
    return found | {"classes": classes, "side": map_side(reference, flat, found["widths"], 1)}


def pc_sizes_in(reference: Reference, prefix: str = "") -> dict[str, object]:
    """The depth and the ratio of a published PC branch (it has 4 heads)."""
    dim = reference.shape(f"{prefix}pos_embed", 3)[2]
    return {
        "depth": reference.count(prefix.replace(".", r"\.") + r"blocks\.(\d+)\."),
        "mlp_ratio": reference.shape(f"{prefix}blocks.0.mlp.fc1.weight", 2)[0] / dim,
    }


def pc_module_sizes_in(reference: Reference) -> dict[str, object]:
    """What a published PC module tells about its sizes."""
    _, positions, dim = reference.shape("pos_embed", 3)
    return pc_sizes_in(reference) | {"dim": dim, "positions": positions}


def mmnet_sizes_in(reference: Reference) -> dict[str, object]:
    """What a published MMNet file tells about its sizes."""
    found = ca_sizes_in(reference, "main_branch.")
    classes, flat = reference.shape("main_branch.fc.weight", 2)
    image = map_side(reference, flat, found["widths"], 2)
    return found | pc_sizes_in(reference, "vit_pos.") | {"classes": classes, "image": image}


def map_side(reference: Reference, flat: int, widths: object, scale: int) -> int:
    """The side of the map that became `flat` numbers, times what the branch and `scale` shrank it by."""
    assert isinstance(widths, tuple)
    if not widths:
        raise reference.missing("layer1.0.conv1.weight")
    return math.isqrt(flat // int(widths[-1])) * scale << (len(widths) - 1)
