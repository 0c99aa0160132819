"""The residual block of ResNet-18, in two or three dimensions.

He et al., "Deep residual learning for image recognition" (CVPR 2016), figure 5 left, with the projecting shortcut
(option B) where the shape changes.
"""

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from model.zoo.importing import Renames

Dimensions = Literal[2, 3]


class ResidualBlock(nn.Module):
    """relu(x + norm(conv(relu(norm(conv(x))))))."""

    def __init__(self, before: int, after: int, stride: int, dimensions: Dimensions = 2) -> None:
        super().__init__()
        self.residual = residual(before, after, stride, dimensions)
        self.shortcut = shortcut(before, after, stride, dimensions)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, …) -> (B, C', …), every side divided by the stride."""
        return functional.relu(self.residual(x) + self.shortcut(x))


def residual(before: int, after: int, stride: int, dimensions: Dimensions = 2) -> nn.Sequential:
    """Two convolutions, each with its norm, and a ReLU between."""
    convolution, norm = kinds(dimensions)
    return nn.Sequential(
        convolution(before, after, 3, stride, 1, bias=False),
        norm(after),
        nn.ReLU(),
        convolution(after, after, 3, 1, 1, bias=False),
        norm(after),
    )


def shortcut(before: int, after: int, stride: int, dimensions: Dimensions = 2) -> nn.Module:
    """The input itself, or projected where the shape changes."""
    if before == after and stride == 1:
        return nn.Identity()
    convolution, norm = kinds(dimensions)
    return nn.Sequential(convolution(before, after, 1, stride, bias=False), norm(after))


def kinds(dimensions: Dimensions) -> tuple[type[nn.Conv2d | nn.Conv3d], type[nn.BatchNorm2d | nn.BatchNorm3d]]:
    """Convolution and norm for pictures or for clips."""
    return (nn.Conv2d, nn.BatchNorm2d) if dimensions == 2 else (nn.Conv3d, nn.BatchNorm3d)


def stage(before: int, after: int, stride: int, depth: int, dimensions: Dimensions = 2) -> nn.Sequential:
    """`depth` blocks, of which the first changes the shape."""
    first = ResidualBlock(before, after, stride, dimensions)
    return nn.Sequential(first, *(ResidualBlock(after, after, 1, dimensions) for _ in range(depth - 1)))


def initialise_convolutions(module: nn.Module) -> None:
    """Fresh convolutions as ResNet starts: He et al.'s normal distribution, by fan-out."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Conv3d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")


# The block's parts in torchvision's naming, which all the papers' code has.
BLOCK_NAMES: Renames = (
    (r"\.residual\.0\.", ".conv1."),
    (r"\.residual\.1\.", ".bn1."),
    (r"\.residual\.3\.", ".conv2."),
    (r"\.residual\.4\.", ".bn2."),
    (r"\.shortcut\.", ".downsample."),
)
