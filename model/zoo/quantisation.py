"""An exported network with its matrix products in 8-bit integers.

Weights become signed, symmetric, with a scale for each output (unsigned ones are more than twice as slow on CPUs with
VNNI). What the products read becomes unsigned with one scale and zero for each tensor, from the least to the greatest
that it held while the network read some clips: looking for the range at run time would cost another pass over every
tensor. (Cutting outliers off for the sake of the squared error was tried, and changed more answers.)

Three things keep the answers. What rounding the weights changes for the mean of what a product reads, its bias takes
back (Nagel et al., "Data-free quantization through weight equalization and bias correction", 2019, section 4.2).
Products of few rows, those of LGI-Former's region tokens, read floating point: all that the classifier hears passes
through them, and they cost next to nothing. And so does the first attention, since whatever it rounds is rounded for
all that follow. Rounding no more than their weights to bytes doubled the error, so these and all other matrices have 16
bits in the file, which onnxruntime spreads out once, when it opens it. (Taking the columns' means off before rounding
gained nothing.) Norms, GELU, softmax, convolutions and the classifier were never in question.

x86 processors without VNNI (before about 2019) multiply unsigned by signed bytes with an instruction that adds two
products in 16 bits, and cuts off what doesn't fit: 2 * 255 * 127 does not. With `seven_bits` weights are at most 64,
and 2 * 255 * 64 fits: right on every processor, at twice the rounding error of the weights.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from model.clip import Floats

FEWEST_OUTPUTS: Final = 64
"""A narrower product is the classifier: it costs nothing and decides everything."""
FIRST: Final = 4
"""The first attention's products, which stay in floating point."""
FEW_ROWS: Final = 16
"""A product of so few rows costs what reading its weights does, ..."""
FEW_WEIGHTS: Final = 1 << 20
"""... which is little up to here."""
MOST: Final = {False: 127, True: 64}
"""The largest weight, of eight bits and of seven."""


class Held(NamedTuple):
    """What a tensor held: its range, its mean in each column, and how many rows one clip gives it."""

    low: float
    high: float
    mean: NDArray[np.float32]
    rows: int


def quantise(path: Path, target: Path, clips: Iterable[Floats], *, seven_bits: bool = False) -> int:
    """Write the int8 form of an exported file; `clips`, each (3, T, H, W), show what its tensors hold.

    `seven_bits` is for processors without VNNI. Returns how many products became integer ones.
    """
    model = onnx.load(path)
    graph = model.graph
    constants = {each.name: each for each in graph.initializer}
    before = list(graph.node)  # held, or each look at the graph would make new objects
    wide = [node for node in before if is_wide_product(node, constants)]
    held = held_by(path, sorted({node.input[0] for node in wide}), clips)
    chosen = {id(node) for node in wide[FIRST:] if is_worth_it(held[node.input[0]], constants[node.input[1]])}
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
        bias, output = bias_of(node, users, constants, absorbed)
        weights = numpy_helper.to_array(constants[node.input[1]])
        weights = weights.T if is_turned(node) else weights
        given = numpy_helper.to_array(constants[bias]) if bias else np.float32(0)
        added += rounded(node.input[1], weights, held[source].mean, given, MOST[seven_bits])
        if source not in ready:
            ready.add(source)
            scale, zero = scale_and_zero(held[source].low, held[source].high)
            added += [constant(np.float32(scale), f"{source}.scale"), constant(np.uint8(zero), f"{source}.zero")]
            names = [source, f"{source}.scale", f"{source}.zero"]
            nodes.append(helper.make_node("QuantizeLinear", names, [f"{source}.int8"]))
        nodes.append(integer_product(node, output))
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend({each.name: each for each in added}.values())
    used = {name for node in nodes for name in node.input}
    kept = [each for each in graph.initializer if each.name in used]
    large = [each for each in kept if each.data_type == onnx.TensorProto.FLOAT and len(each.dims) > 1]
    for place, each in enumerate(large):
        node, half = spread(each)
        graph.node.insert(place, node)
        kept.remove(each)
        kept.append(half)
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


def is_worth_it(held: Held, weights: Any) -> bool:
    """Whether integers make a product so much faster that its rounding is worth it."""
    return held.rows > FEW_ROWS or int(np.prod(weights.dims)) > FEW_WEIGHTS


def is_turned(node: Any) -> bool:
    """Whether the weights have a row, not a column, for each output."""
    return any(each.name == "transB" and each.i for each in node.attribute)


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


def rounded(name: str, weights: NDArray[np.float32], mean: NDArray[np.float32], bias: Any, most: int) -> list[Any]:
    """The constants of a product: bytes up to `most`, the scale and zero of each output, and the corrected bias."""
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-12).astype(np.float32) / np.float32(most)
    integers = np.ascontiguousarray(np.rint(weights / scale).astype(np.int8))
    return [
        constant(integers, f"{name}.int8"),
        constant(scale, f"{name}.scale"),
        constant(np.zeros(len(scale), np.int8), f"{name}.zero"),
        constant((bias + mean @ (weights - integers * scale)).astype(np.float32), f"{name}.bias"),
    ]


def integer_product(node: Any, output: str) -> Any:
    """The node that multiplies integers and answers in floating point."""
    source, name = node.input[:2]
    inputs = [f"{one}.{part}" for part in ("int8", "scale", "zero") for one in (source, name)]
    return helper.make_node("MatMulIntegerToFloat", [*inputs, f"{name}.bias"], [output], domain="com.microsoft")


def spread(each: Any) -> tuple[Any, Any]:
    """The node that makes a constant of 16 bits the one of 32 that it stands for, and that constant."""
    half = constant(numpy_helper.to_array(each).astype(np.float16), f"{each.name}.half")
    return helper.make_node("Cast", [half.name], [each.name], to=onnx.TensorProto.FLOAT), half


def constant(value: Any, name: str) -> Any:
    """A named constant of the graph."""
    return numpy_helper.from_array(np.asarray(value), name)


def held_by(path: Path, tensors: list[str], clips: Iterable[Floats]) -> dict[str, Held]:
    """What each tensor holds while the network reads the clips."""
    model = onnx.load(path)
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in tensors)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    held: dict[str, Held] = {}
    for count, clip in enumerate(clips):
        for name, value in zip(tensors, session.run(tensors, {"clip": clip[None]}), strict=True):
            rows = value.reshape(-1, value.shape[-1])
            # Zero must lie inside, or padding and ReLU would not be exact.
            before = held.get(name, Held(0.0, 0.0, np.zeros(rows.shape[1], np.float32), len(rows)))
            low, high = min(before.low, float(rows.min())), max(before.high, float(rows.max()))
            held[name] = Held(low, high, before.mean + (rows.mean(0) - before.mean) / (count + 1), len(rows))
    return held


def scale_and_zero(low: float, high: float) -> tuple[float, int]:
    """Of the unsigned bytes that cover a range."""
    scale = max((high - low) / 255, 1e-12)
    return scale, int(np.clip(round(-low / scale), 0, 255))
