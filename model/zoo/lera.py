"""LERA's fusion: LGI-Former reads the face, MMNet's continuous attention reads how it moves, and both decide together.

The report of LERA-BFERT, section 3, figures 7 and 8, and Tables 3 and 4. The motion image is what is left of a clip
when its first frame is taken from all frames and the rest is averaged. The CA branch turns it into a map, a linear
layer with ReLU into one feature, which joins LGI-Former's by addition (Table 3's better one) or side by side:

    logits = head(LGI(clip) + relu(W CA(mean over t of clip[t] - clip[0]))).

The PC
branch, which the report tried and left out, adds the first frame's positions to the CA branch's map.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lera.errors import LeraError
from model.zoo import mae_dfer
from model.zoo.importing import Reference, Renames
from model.zoo.mae_dfer import LgiFormer, MaeDferSizes, new_head
from model.zoo.mmnet import (
    CA_NAMES,
    PC_NAMES,
    ContinuousAttention,
    PcSizes,
    PositionCalibration,
    ca_sizes_in,
    motion_stem,
    pc_sizes_in,
    resized,
)
from model.zoo.outputs import FusionOutput
from model.zoo.spare import Spare


@dataclass(frozen=True)
class LeraSizes(MaeDferSizes):
    """The published fusion by default: 114,324,610 parameters, 52.7 G multiply-accumulates."""

    fusion: Literal["add", "concat"] = "add"
    motion: bool = True  # the CA branch
    position: bool = False  # the PC branch; 119.98 M parameters, the report's 119
    stem: int = 180  # channels of the motion map
    widths: tuple[int, ...] = (128, 128, 256, 512)  # of the CA blocks
    position_depth: int = 2
    position_heads: int = 4
    position_mlp_ratio: float = 4.0
    antialias: bool = False  # of the resized first frame that PC reads
    # The CA branch's own classifier, which the published file carries and nothing calls; by default only without PC,
    # whose file was never published.
    spare: bool | None = None

    @property
    def side(self) -> int:
        """Of the CA branch's last map: 10."""
        return -(-self.image >> len(self.widths))  # every halving rounds up

    @property
    def has_spare(self) -> bool:
        """Whether the dead classifier is kept."""
        return self.motion and (not self.position if self.spare is None else self.spare)


class MotionBranch(nn.Module):
    """From a clip to the feature of its motion."""

    def __init__(self, sizes: LeraSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.stem = motion_stem(sizes.stem)
        self.attention = ContinuousAttention(sizes.stem, sizes.widths)
        if sizes.position:
            pc = PcSizes(
                sizes.widths[-1],
                sizes.position_depth,
                sizes.position_heads,
                sizes.position_mlp_ratio,
                sizes.side**2,
                spare=False,
            )
            self.position = PositionCalibration(pc)
        self.project = nn.Linear(sizes.widths[-1] * sizes.side**2, sizes.dim)

    def forward(self, clip: Tensor) -> Tensor:
        """(B, 3, T, H, W) -> (B, D)."""
        x, _ = self.attention(self.stem(motion_image(clip)))  # (B, 512, 10, 10)
        if self.sizes.position:
            onset = resized(clip[:, :, 0], self.sizes.side, self.sizes.antialias)  # (B, 3, 10, 10)
            x = x + self.position(onset).transpose(1, 2).unflatten(2, x.shape[2:])
        return functional.relu(self.project(x.flatten(1)))


class Lera(nn.Module):
    """Both branches and the classifier of what they join to."""

    def __init__(self, sizes: LeraSizes) -> None:
        super().__init__()
        if sizes.fusion not in ("add", "concat"):
            raise LeraError(f"there is no fusion `{sizes.fusion}`; known are add and concat")
        if sizes.position and not sizes.motion:
            raise LeraError("the PC branch calibrates the CA branch's map: position=True needs motion=True")
        self.sizes = sizes
        self.trunk = LgiFormer(sizes)
        if sizes.motion:
            self.motion = MotionBranch(sizes)
        joined = sizes.dim * (2 if sizes.motion and sizes.fusion == "concat" else 1)
        self.head = new_head(joined, sizes.classes)
        if sizes.has_spare:
            flat = sizes.widths[-1] * 14 * 14  # of MMNet's own 224x224 input
            self.spare = Spare({"cablock.fc.weight": (7, flat), "cablock.fc.bias": (7,)})

    def forward(self, clip: Tensor) -> FusionOutput:
        """A clip (B, 3, 16, 160, 160) -> logits (B, 7), feature (B, 512) and motion feature (B, 512)."""
        feature = self.trunk(clip)
        if not self.sizes.motion:
            return FusionOutput(self.head(feature), feature, None)
        moved = self.motion(clip)
        joined = feature + moved if self.sizes.fusion == "add" else torch.cat((feature, moved), dim=1)
        return FusionOutput(self.head(joined), feature, moved)


def motion_image(clip: Tensor) -> Tensor:
    """(B, 3, T, H, W) -> (B, 3, H, W): the mean frame minus the first one."""
    return clip.mean(dim=2) - clip[:, :, 0]


# ---- the published files -------------------------------------------------------------------------------------------

NAMES: Renames = (
    (r"^motion\.stem\.", "conv_act."),
    (r"^motion\.project\.", "fc1."),
    (r"^motion\.attention\.", "cablock."),
    *CA_NAMES,
    (r"^motion\.position\.", "vit_pos."),
    *PC_NAMES,
    *mae_dfer.TRUNK_NAMES,
)
UNREAD = r"cablock\.fc\."


def sizes_in(reference: Reference) -> dict[str, object]:
    """What a published LERA file tells about its sizes and switches."""
    found = mae_dfer.sizes_in(reference)
    position = "vit_pos.pos_embed" in reference
    found["position"] = position
    # A file without the branch is MAE-DFER's, and refused unless the caller asks for `motion=False`.
    if "fc1.weight" in reference:
        dim, flat = reference.shape("fc1.weight", 2)
        ca = ca_sizes_in(reference, "cablock.")
        found |= ca
        widths = ca["widths"]
        assert isinstance(widths, tuple)
        if not widths:
            raise reference.missing("cablock.layer1.0.conv1.weight")
        found["image"] = math.isqrt(flat // widths[-1]) << len(widths)
        if "head.weight" in reference:
            found["fusion"] = "concat" if reference.shape("head.weight", 2)[1] == 2 * dim else "add"
    if position:
        pc = pc_sizes_in(reference, "vit_pos.")
        found |= {"position_depth": pc["depth"], "position_mlp_ratio": pc["mlp_ratio"]}
    return found
