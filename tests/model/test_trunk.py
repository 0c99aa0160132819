"""Reading the network that training starts from."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")

import torch

from model.train import trunk
from model.train.network import FaceNetwork, Sizes

pytestmark = pytest.mark.torch


def layer(name: bytes, *values: float) -> bytes:
    """A layer as dlib writes it: a name, version 2, four lengths, float32 values, and something more."""
    count = len(values)
    lengths = bytes([2, count & 255, count >> 8]) if count > 255 else bytes([1, count])
    return name + bytes([1, 2]) + lengths + bytes([1, 1] * 3) + struct.pack(f"<{count}f", *values) + b"\x01\x07rest"


def test_tensors_are_read_in_order_and_other_versions_left_out() -> None:
    content = (
        b"head" + layer(b"con_4", 1, 2, 3) + b"con_4\x01\x03" + layer(b"affine_", 9) + layer(b"con_4", *range(300))
    )
    found = trunk.tensors(content, trunk.CONVOLUTION)
    assert [len(one) for one in found] == [3, 300]
    assert found[0].tolist() == [1, 2, 3]
    assert trunk.tensors(content, trunk.AFFINE)[0].tolist() == [9]


class File:
    """Stands in for the recognition network."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ensure(self) -> Path:
        """Where it is."""
        return self.path


def test_a_start_folds_scales_in_and_adds_the_colours_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    network = FaceNetwork(Sizes(side=32, widths=(4, 8)))
    layers = trunk.convolutions(network.stem, network.trunk)
    content, colours = b"", 3
    kept: list[tuple[Any, ...]] = []
    for one in layers:
        shape = (one.out_channels, colours, *one.kernel_size)
        kernel, bias = random.normal(size=shape), random.normal(size=one.out_channels)
        scale, offset = random.normal(size=one.out_channels), random.normal(size=one.out_channels)
        content += layer(trunk.CONVOLUTION, *kernel.ravel(), *bias) + layer(trunk.AFFINE, *scale, *offset)
        kept.append((kernel, bias, scale, offset))
        colours = one.out_channels
    (tmp_path / "network.dat").write_bytes(content)
    monkeypatch.setattr(trunk, "RECOGNITION", File(tmp_path / "network.dat"))
    trunk.start(network.stem, network.trunk)
    for place, (one, (kernel, bias, scale, offset)) in enumerate(zip(layers, kept, strict=True)):
        wanted = kernel.sum(1, keepdims=True) if place == 0 else kernel
        assert one.weight.detach().numpy() == pytest.approx(wanted * scale[:, None, None, None], rel=1e-5, abs=1e-6)
        assert one.bias is not None
        assert one.bias.detach().numpy() == pytest.approx(bias * scale + offset, rel=1e-5, abs=1e-6)


def test_a_file_with_other_layers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "network.dat").write_bytes(layer(trunk.CONVOLUTION, 1.0))
    monkeypatch.setattr(trunk, "RECOGNITION", File(tmp_path / "network.dat"))
    network = FaceNetwork(Sizes(side=32, widths=(4, 8)))
    with pytest.raises(ValueError, match="5 convolutions can't take 1 kernels"):
        trunk.start(network.stem, network.trunk)


@pytest.mark.parametrize("side", [64, 96, 112, 150])
def test_a_block_that_halves_keeps_every_pixel_of_an_even_picture(side: int) -> None:
    network = FaceNetwork(Sizes(widths=(4, 4, 8, 16, 16))).eval()
    with torch.no_grad():
        assert network(torch.rand(1, 1, side, side)).shape == (1, 7)
    block = trunk.Block(4, 8, halves=True)
    assert block(torch.rand(1, 4, 6, 6)).shape == (1, 8, 3, 3)
    assert block(torch.rand(1, 4, 7, 7)).shape == (1, 8, 4, 4)
