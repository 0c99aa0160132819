"""The torch network inside an exported file, its 8-bit weights as the real numbers that they stand for.

Training can so go on from what ships when its checkpoints are gone.
"""

from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from lera.errors import LeraError
from model.train.network import FaceNetwork, Sizes

PREFIX: Final = "network."
"""Of the network's own tensors in the file; `export.Answers` holds it under this name."""


def network_in(path: Path, sizes: Sizes) -> FaceNetwork:
    """The network of an ONNX file that `model.train.export` wrote, 8-bit or not, ready to answer.

    Raises LeraError when the file can't be read or lacks a tensor of a network of these sizes.
    """
    try:
        stored = {one.name: numpy_helper.to_array(one) for one in onnx.load(path).graph.initializer}
    except Exception as error:  # onnx raises what protobuf does
        raise LeraError(f"{path} is no ONNX file that can be read: {error}") from error
    network = FaceNetwork(sizes)
    found = {}
    for name, tensor in network.state_dict().items():
        values = _real(stored, PREFIX + name)
        if values is None or values.shape != tuple(tensor.shape):
            raise LeraError(f"{path} has no tensor {PREFIX}{name} of the shape {tuple(tensor.shape)}.")
        found[name] = torch.from_numpy(values.copy())
    network.load_state_dict(found)
    return network.eval()


def _real(stored: dict[str, NDArray[np.generic]], name: str) -> NDArray[np.float32] | None:
    """A tensor as float32: as it is stored, or its integers times the scale of their first axis."""
    if name in stored:
        return np.asarray(stored[name], np.float32)
    if f"{name}_quantized" not in stored:
        return None
    integers = np.asarray(stored[f"{name}_quantized"], np.float32)
    # Weights and offsets have their own scale names, and zero points of 0 alone, as quantize_static writes them.
    scale = stored.get(f"{name}_scale", stored.get(f"{name}_quantized_scale"))
    if scale is None:
        return None
    across = np.asarray(scale, np.float32).reshape(-1, *[1] * (integers.ndim - 1))
    return np.asarray(integers * across, np.float32)
