"""The text network as one ONNX file, put together node by node: 8-bit products, onnxruntime's own attention and norms.

An exporter would write some four hundred nodes for what onnxruntime does in sixty, and the small ones cost more than
the products at ten pieces a message. What the products read has one range a tensor, fixed beforehand from training
texts, so that a message's answer doesn't depend on which others it is read with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from model.train.text.encoder import Layer, TextNetwork

OPSET: Final = 17
OURS: Final = "com.microsoft"
EPSILON: Final = 1e-12


@dataclass(frozen=True)
class Range:
    """What a product reads: the `scale` and `zero` of its bytes, of the input minus `centre` over `spread` (width,).

    Some channels lie far from the others; without being brought nearer they would leave the others a few steps each
    (Xiao et al., "SmoothQuant", ICML 2023).
    """

    scale: float
    zero: int
    centre: NDArray[np.float32] | None = None
    spread: NDArray[np.float32] | None = None


class Graph:
    """Nodes and constants as they are added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def constant(self, name: str, value: Any) -> str:
        """A constant of the graph; returns its name."""
        self.constants[name] = numpy_helper.from_array(np.array(value, order="C"), name)
        return name

    def node(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        """A node with one output, which is also its name; returns it."""
        self.nodes.append(helper.make_node(kind, inputs, [output], output, domain=domain, **attributes))
        return output

    def product(self, name: str, source: str, weight: torch.Tensor, bias: torch.Tensor, limits: Range | None) -> str:
        """`source` times a torch weight (out, in), plus bias; in 8 bits when there are limits for what it reads."""
        matrix, told = weight.detach().numpy().T, bias.detach().numpy()
        if limits is None:
            summed = self.node("MatMul", [source, self.constant(f"{name}.weight", matrix)], f"{name}.product")
            return self.node("Add", [summed, self.constant(f"{name}.bias", told)], name)
        if limits.centre is not None and limits.spread is not None:
            near = self.node("Sub", [source, self.constant(f"{name}.centre", limits.centre)], f"{name}.near")
            narrow = self.constant(f"{name}.narrow", 1 / limits.spread)
            source = self.node("Mul", [near, narrow], f"{name}.even")
            told = told + limits.centre @ matrix
            matrix = matrix * limits.spread[:, None]
        steps = np.maximum(np.abs(matrix).max(0), 1e-12).astype(np.float32) / np.float32(127)
        scale = self.constant(f"{name}.in.scale", np.float32(limits.scale))
        zero = self.constant(f"{name}.in.zero", np.uint8(limits.zero))
        parts = [
            self.node("QuantizeLinear", [source, scale, zero], f"{name}.read"),
            self.constant(f"{name}.weight", np.rint(matrix / steps).astype(np.int8)),
            scale,
            self.constant(f"{name}.scale", steps),
            zero,
            self.constant(f"{name}.zero", np.zeros(len(steps), np.int8)),
            self.constant(f"{name}.bias", told),
        ]
        return self.node("MatMulIntegerToFloat", parts, name, OURS)

    def norm(self, name: str, source: str, skipped: str, norm: torch.nn.LayerNorm) -> str:
        """The normalised sum of two tensors. In two nodes: onnxruntime's fused one is many times slower on a CPU."""
        told = [self.constant(f"{name}.{kind}", getattr(norm, kind).detach().numpy()) for kind in ("weight", "bias")]
        both = self.node("Add", [source, skipped], f"{name}.sum")
        return self.node("LayerNormalization", [both, *told], name, epsilon=EPSILON, axis=-1)


def build(network: TextNetwork, ranges: Mapping[str, Range] | None, bias: NDArray[Any], temperature: float) -> Any:
    """pieces int64 (batch, length), 0 where there is none, to probabilities float32 (batch, 7).

    `ranges` say what each product reads, by the name of its module in torch; None leaves all in fp32.
    `bias` (7,) is added to the logits before they are divided by `temperature`.
    """
    graph = Graph()
    graph.constant("none", np.int64(0))
    absent = graph.node("Equal", ["pieces", "none"], "absent")
    mask = graph.node("Cast", [graph.node("Not", [absent], "present")], "mask", to=TensorProto.INT32)
    x = _embedded(graph, network, ranges is not None)
    for number, layer in enumerate(network.layers):
        assert isinstance(layer, Layer)
        x = _layer(graph, f"layers.{number}", layer, x, mask, ranges)
    weighed = graph.node("Cast", ["present"], "weights", to=TensorProto.FLOAT)
    graph.constant("last", np.array([2], np.int64))
    graph.constant("second", np.array([1], np.int64))
    column = graph.node("Unsqueeze", [weighed, "last"], "column")
    total = graph.node("ReduceSum", [graph.node("Mul", [x, column], "kept"), "second"], "total", keepdims=0)
    count = graph.node("ReduceSum", [column, "second"], "count", keepdims=0)
    meaning = graph.node("Div", [total, count], "meaning")
    shift = torch.from_numpy(np.asarray(bias, np.float32))
    answer = network.answer
    logits = graph.product(
        "answer", meaning, answer.weight / temperature, (answer.bias + shift) / temperature, None
    )  # fmt: skip
    graph.node("Softmax", [logits], "probabilities", axis=1)
    given = helper.make_tensor_value_info("pieces", TensorProto.INT64, ["batch", "length"])
    taken = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 7])
    made = helper.make_graph(graph.nodes, "text", [given], [taken], list(graph.constants.values()))
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(OURS, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


def _embedded(graph: Graph, network: TextNetwork, small: bool) -> str:
    """What stands for each piece at its place; the table of the pieces in 8 bits, with a scale for each piece."""
    table = network.pieces.weight.detach().numpy()
    if small:
        scale = np.maximum(np.abs(table).max(1, keepdims=True), 1e-12).astype(np.float32) / np.float32(127)
        graph.constant("pieces.table", np.rint(table / scale).astype(np.int8))
        graph.constant("pieces.scale", scale)
        rows = graph.node("Cast", [graph.node("Gather", ["pieces.table", "pieces"], "rows.int8")], "rows.float", to=1)
        rows = graph.node("Mul", [rows, graph.node("Gather", ["pieces.scale", "pieces"], "rows.scale")], "rows")
    else:
        rows = graph.node("Gather", [graph.constant("pieces.table", table), "pieces"], "rows")
    graph.constant("zero", np.array([0], np.int64))
    graph.constant("one", np.array([1], np.int64))
    graph.constant("places.table", network.places.weight.detach().numpy()[:64])
    length = graph.node("Slice", [graph.node("Shape", ["pieces"], "shape"), "one", "two", "zero"], "length")
    graph.constant("two", np.array([2], np.int64))
    places = graph.node("Slice", ["places.table", "zero", length, "zero"], "places")
    placed = graph.node("Add", [rows, places], "placed")
    told = [graph.constant(f"norm.{kind}", getattr(network.norm, kind).detach().numpy()) for kind in ("weight", "bias")]
    return graph.node("LayerNormalization", [placed, *told], "norm", epsilon=EPSILON, axis=-1)


def _layer(graph: Graph, name: str, layer: Layer, x: str, mask: str, ranges: Mapping[str, Range] | None) -> str:
    """One layer; query, key and value are one product."""

    def limits(part: str) -> Range | None:
        return None if ranges is None else ranges[f"{name}.{part}"]

    parts = (layer.query, layer.key, layer.value)
    weight, bias = torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])
    three = graph.product(f"{name}.three", x, weight, bias, limits("query"))
    split = [f"{name}.{part}" for part in ("queries", "keys", "values")]
    graph.nodes.append(helper.make_node("Split", [three], split, f"{name}.split", axis=-1))
    attended = graph.node("MultiHeadAttention", [*split, "", mask], f"{name}.attended", OURS, num_heads=layer.heads)
    mixed = graph.product(f"{name}.mixed", attended, layer.mixed.weight, layer.mixed.bias, limits("mixed"))
    x = graph.norm(f"{name}.mixed_norm", mixed, x, layer.mixed_norm)
    wide = graph.product(f"{name}.wide", x, layer.wide.weight, layer.wide.bias, limits("wide"))
    bent = graph.node("Gelu", [wide], f"{name}.bent", OURS)
    narrow = graph.product(f"{name}.narrow", bent, layer.narrow.weight, layer.narrow.bias, limits("narrow"))
    return graph.norm(f"{name}.narrow_norm", narrow, x, layer.narrow_norm)


def check(model: Any) -> None:
    """Raises onnx.checker.ValidationError for a broken graph."""
    onnx.checker.check_model(model)
