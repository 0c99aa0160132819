"""C3D, the report's oldest baseline: eight 3x3x3 convolutions, five pools and three linear layers.

Tran et al., "Learning spatiotemporal features with 3D convolutional networks" (ICCV 2015). The first pool
keeps the time; the last one pads, so that 7x7 becomes 4x4.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from model.zoo.importing import Reference, Renames
from model.zoo.outputs import Output
from model.zoo.residual import initialise_convolutions


@dataclass(frozen=True)
class C3dSizes:
    """78.0 M parameters, 38.6 G multiply-accumulates on 16 frames of 112x112."""

    classes: int = 7
    frames: int = 16
    image: int = 112
    widths: tuple[tuple[int, ...], ...] = ((64,), (128,), (256, 256), (512, 512), (512, 512))  # between the pools
    hidden: int = 4096
    dropout: float = 0.5

    @property
    def flat(self) -> int:
        """Numbers that the first linear layer reads: 512 * 1 * 4 * 4."""
        time, side = self.frames, self.image
        for index in range(len(self.widths)):
            last = index == len(self.widths) - 1
            time = time if index == 0 else time // 2
            side = side // 2 + 1 if last else side // 2
        return self.widths[-1][-1] * time * side * side


class C3d(nn.Module):
    """Convolutions, then a perceptron."""

    def __init__(self, sizes: C3dSizes) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for index, widths in enumerate(sizes.widths):
            for after in widths:
                layers += [nn.Conv3d(before, after, 3, 1, 1), nn.ReLU()]
                before = after
            time = 1 if index == 0 else 2
            layers.append(nn.MaxPool3d((time, 2, 2), padding=(0, 1, 1) if index == len(sizes.widths) - 1 else 0))
        self.convolutions = nn.Sequential(*layers)
        self.hidden = nn.Sequential(
            nn.Linear(sizes.flat, sizes.hidden),
            nn.ReLU(),
            nn.Dropout(sizes.dropout),
            nn.Linear(sizes.hidden, sizes.hidden),
            nn.ReLU(),
            nn.Dropout(sizes.dropout),
        )
        self.head = nn.Linear(sizes.hidden, sizes.classes)
        initialise_convolutions(self)

    def forward(self, clip: Tensor) -> Output:
        """A clip (B, 3, 16, 112, 112) -> logits (B, 7) and feature (B, 4096)."""
        feature = self.hidden(self.convolutions(clip).flatten(1))
        return Output(self.head(feature), feature)


# ---- the published files -------------------------------------------------------------------------------------------

# The paper's layer names, and where the layers stand in our row of convolutions, activations and pools.
LAYERS = {0: "conv1", 3: "conv2", 6: "conv3a", 8: "conv3b", 11: "conv4a", 13: "conv4b", 16: "conv5a", 18: "conv5b"}
NAMES: Renames = (
    *((rf"^convolutions\.{place}\.", f"{name}.") for place, name in LAYERS.items()),
    (r"^hidden\.0\.", "fc6."),
    (r"^hidden\.3\.", "fc7."),
    (r"^head\.", "fc8."),
)


def sizes_in(reference: Reference) -> dict[str, object]:
    """What a C3D file tells about its sizes."""
    reference.shape("conv1.weight", 5)
    return reference.classes("fc8.weight")
