"""3D ResNet-18, the report's baseline: ResNet-18 with every convolution stretched in time.

Hara et al., "Can spatiotemporal 3D CNNs retrace the history of 2D CNNs and ImageNet?" (CVPR 2018). Not
torchvision's `r3d_18`, which lacks the 7x7x7 stem's depth and the max-pool and costs five times as much.
"""

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

from model.zoo.importing import Reference, Renames
from model.zoo.outputs import Output
from model.zoo.residual import BLOCK_NAMES, initialise_convolutions, stage


@dataclass(frozen=True)
class ResNet3dSizes:
    """33.2 M parameters, 8.3 G multiply-accumulates on 16 frames of 112x112."""

    classes: int = 7
    frames: int = 16
    image: int = 112
    widths: tuple[int, ...] = (64, 128, 256, 512)
    depth: int = 2  # blocks of a stage


class ResNet3d18(nn.Module):
    """Stem, four stages, mean over time and space, classifier."""

    def __init__(self, sizes: ResNet3dSizes) -> None:
        super().__init__()
        first = sizes.widths[0]
        self.stem = nn.Sequential(
            nn.Conv3d(3, first, 7, (1, 2, 2), 3, bias=False),
            nn.BatchNorm3d(first),
            nn.ReLU(),
            nn.MaxPool3d(3, 2, 1),
        )
        self.stages = nn.Sequential(
            stage(first, first, 1, sizes.depth, 3),
            *(stage(before, after, 2, sizes.depth, 3) for before, after in pairwise(sizes.widths)),
        )
        self.head = nn.Linear(sizes.widths[-1], sizes.classes)
        initialise_convolutions(self)

    def forward(self, clip: Tensor) -> Output:
        """A clip (B, 3, 16, 112, 112) -> logits (B, 7) and feature (B, 512)."""
        feature = self.stages(self.stem(clip)).mean(dim=(2, 3, 4))
        return Output(self.head(feature), feature)


# ---- the published files -------------------------------------------------------------------------------------------

NAMES: Renames = (
    (r"^stem\.0\.", "conv1."),
    (r"^stem\.1\.", "bn1."),
    (r"^head\.", "fc."),
    *((rf"^stages\.{index}\.", f"layer{index + 1}.") for index in range(4)),
    *BLOCK_NAMES,
)


def sizes_in(reference: Reference) -> dict[str, object]:
    """What a published 3D ResNet tells about its sizes."""
    reference.shape("conv1.weight", 5)
    return {"depth": reference.count(r"layer1\.(\d+)\.")} | reference.classes("fc.weight")
