"""An exported network with its matrix products in 8-bit integers.

Weights become signed, symmetric, with a scale for each output (unsigned ones are more than twice as slow on CPUs with
VNNI). What the products read becomes unsigned with one scale and zero for each tensor, fixed beforehand from clips:
looking for the range at run time would cost another pass over every tensor. The range is the one with the least
squared error, which may cut outliers off (Krishnamoorthi, "Quantizing deep convolutional networks for efficient
inference", 2018, sections 2 and 3). Norms, GELU, softmax, convolutions and the classifier stay in floating point.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from model.clip import Floats

SAMPLES: Final = 20_000
"""Values kept of each tensor and clip; enough for a range."""
CUTS: Final = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
"""Shares of the full range that are tried."""
FEWEST_OUTPUTS: Final = 64
"""A narrower product is the classifier: it costs nothing and decides everything."""


def quantise(path: Path, target: Path, clips: Iterable[Floats]) -> int:
    """Write the int8 form of an exported file; `clips`, each (3, T, H, W), show what its tensors hold.

    Returns how many products became integer ones.
    """
    model = onnx.load(path)
    graph = model.graph
    constants = {each.name: each for each in graph.initializer}
    before = list(graph.node)  # held, or each look at the graph would make new objects
    chosen = {id(node) for node in before if is_wide_product(node, constants)}
    read = sorted({node.input[0] for node in before if id(node) in chosen})
    ranges = ranges_of(path, read, clips)
    users: dict[str, list[Any]] = {}
    for node in before:
        for name in node.input:
            users.setdefault(name, []).append(node)
    nodes: list[Any] = []
    added: list[Any] = []
    absorbed: set[int] = set()
    ready: set[str] = set()
    for node in before:
        if id(node) not in chosen:
            if id(node) not in absorbed:
                nodes.append(node)
            continue
        source = node.input[0]
        if source not in ready:
            ready.add(source)
            scale, zero = ranges[source]
            added += [constant(np.float32(scale), f"{source}.scale"), constant(np.uint8(zero), f"{source}.zero")]
            names = [source, f"{source}.scale", f"{source}.zero"]
            nodes.append(helper.make_node("QuantizeLinear", names, [f"{source}.int8"]))
        bias, output = bias_of(node, users, constants, absorbed)
        nodes.append(integer_product(node, numpy_helper.to_array(constants[node.input[1]]), bias, output, added))
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend({each.name: each for each in added}.values())
    used = {name for node in nodes for name in node.input}
    kept = [each for each in graph.initializer if each.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    onnx.save(model, target)
    return len(chosen)


def is_wide_product(node: Any, constants: dict[str, Any]) -> bool:
    """Whether a node multiplies by a constant matrix with enough outputs."""
    if node.op_type not in ("MatMul", "Gemm") or node.input[1] not in constants:
        return False
    shape = constants[node.input[1]].dims
    return len(shape) == 2 and min(shape) >= FEWEST_OUTPUTS


def bias_of(node: Any, users: dict[str, list[Any]], constants: dict[str, Any], absorbed: set[int]) -> tuple[str, str]:
    """The bias that a product's node, or the addition behind it, adds ("" for none), and what the result is called.

    An addition that is taken over joins `absorbed`.
    """
    output = node.output[0]
    if node.op_type == "Gemm":
        return node.input[2], output
    behind = users.get(output, [])
    if len(behind) == 1 and behind[0].op_type == "Add":
        for name in behind[0].input:
            if name in constants and len(constants[name].dims) == 1:
                absorbed.add(id(behind[0]))
                return name, behind[0].output[0]
    return "", output


def integer_product(node: Any, weights: NDArray[np.float32], bias: str, output: str, added: list[Any]) -> Any:
    """The node that multiplies integers and answers in floating point; its constants join `added`."""
    if any(each.name == "transB" and each.i for each in node.attribute):
        weights = weights.T
    name = node.input[1]
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-12).astype(np.float32) / np.float32(127)
    integers = np.ascontiguousarray(np.rint(weights / scale).astype(np.int8))
    added += [
        constant(integers, f"{name}.int8"),
        constant(scale, f"{name}.scale"),
        constant(np.zeros(len(scale), np.int8), f"{name}.zero"),
    ]
    source = node.input[0]
    inputs = [f"{one}.{part}" for part in ("int8", "scale", "zero") for one in (source, name)]
    return helper.make_node("MatMulIntegerToFloat", [*inputs, bias], [output], domain="com.microsoft")


def constant(value: Any, name: str) -> Any:
    """A named constant of the graph."""
    return numpy_helper.from_array(np.asarray(value), name)


def ranges_of(path: Path, tensors: list[str], clips: Iterable[Floats]) -> dict[str, tuple[float, int]]:
    """Scale and zero point of each tensor, from what it holds while the network reads the clips."""
    model = onnx.load(path)
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in tensors)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    samples: dict[str, list[NDArray[np.float32]]] = {name: [] for name in tensors}
    ends: dict[str, tuple[float, float]] = dict.fromkeys(tensors, (0.0, 0.0))
    for clip in clips:
        for name, value in zip(tensors, session.run(tensors, {"clip": clip[None]}), strict=True):
            flat = value.reshape(-1)
            # Zero must lie inside, or padding and ReLU would not be exact.
            ends[name] = min(ends[name][0], float(flat.min())), max(ends[name][1], float(flat.max()))
            # A step that shares no factor with the rows, so that every column is met.
            samples[name].append(flat[:: max(1, flat.size // SAMPLES) | 1])
    return {name: best_range(np.concatenate(samples[name]), *ends[name]) for name in tensors}


def best_range(values: NDArray[np.float32], low: float, high: float) -> tuple[float, int]:
    """Scale and zero point with the least squared error, among shares of the range from `low` to `high`."""

    def error(cut: float) -> float:
        scale, zero = scale_and_zero(low * cut, high * cut)
        back = (np.clip(np.rint(values / scale) + zero, 0, 255) - zero) * scale
        return float(np.square(back - values).mean())

    best = min(CUTS, key=error)
    return scale_and_zero(low * best, high * best)


def scale_and_zero(low: float, high: float) -> tuple[float, int]:
    """Of the unsigned bytes that cover a range."""
    scale = max((high - low) / 255, 1e-12)
    return scale, int(np.clip(round(-low / scale), 0, 255))
