"""The trained voice reader as one ONNX file.

Encoder, statistics, both answers and their temperatures (Guo et al., ICML 2017), fitted on validation clips as recorded
and in made-up sessions, are part of it.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch.nn import functional

from model.emotions import EMOTIONS
from model.mel import BANDS
from model.train.voice.answers import logits_of
from model.train.voice.encoder import STATISTICS, WIDTH, Encoder
from model.train.voice.features import Features
from model.train.voice.network import FARTHEST, Heads, VoiceNetwork
from model.train.voice.packs import Clips
from model.voice import open_session

CLOSE: Final = 1e-3
"""The file's probabilities may differ from torch's by this much, or it isn't written."""
OPSET: Final = 17


class Graph:
    """Nodes and constants as they are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[Any] | float) -> str:
        """Name of a constant, float32 unless it is of integers."""
        array = np.asarray(value)
        name = f"constant_{len(self.constants)}"
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def add(self, kind: str, *given: str, made: str = "", **attributes: Any) -> str:
        """Name of a new node's answer."""
        name = made or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, given, [name], **attributes))
        return name


def _gates(weights: torch.Tensor) -> NDArray[np.float32]:
    """torch's gates (input, forget, cell, output) in ONNX's order (input, output, forget, cell)."""
    first, forget, cell, output = weights.numpy().reshape(4, WIDTH, -1)
    return np.concatenate([first, output, forget, cell])


def _heads(graph: Graph, heads: Heads, standard: str) -> str:
    """Mean logits of all members, which side by side are one network."""
    width = heads.first.shape[1]
    first = heads.first.detach().permute(1, 0, 2).reshape(width, -1).numpy()
    second = heads.second.detach().reshape(-1, len(EMOTIONS)).numpy() / heads.sizes.members
    near = graph.add("Clip", standard, graph.constant(-FARTHEST), graph.constant(FARTHEST))
    hidden = graph.add("Gemm", near, graph.constant(first), graph.constant(heads.first_bias.detach().numpy().ravel()))
    bias = heads.second_bias.detach().mean(0)[0].numpy()
    return graph.add("Gemm", graph.add("Relu", hidden), graph.constant(second), graph.constant(bias))


def build(encoder: Encoder, network: VoiceNetwork, temperatures: tuple[float, float]) -> onnx.ModelProto:
    """The file. `temperatures` of the answer by the clip alone, and beside the speaker."""
    graph = Graph()
    found = graph.add("Transpose", "bands", perm=[1, 0, 2])
    for layer in encoder.layers:
        read, remembered = (_gates(layer.get_parameter(f"weight_{kind}_l0")) for kind in ("ih", "hh"))
        biases = np.concatenate([_gates(layer.get_parameter(f"bias_{kind}_l0"))[:, 0] for kind in ("ih", "hh")])
        given = [graph.constant(one[None]) for one in (read, remembered, biases)]
        found = graph.add("Squeeze", graph.add("LSTM", found, *given, hidden_size=WIDTH), graph.constant(np.array([1])))
    mean = graph.add("ReduceMean", found, axes=[0], keepdims=1)
    away = graph.add("Sub", found, mean)
    spread = graph.add("Sqrt", graph.add("ReduceMean", graph.add("Mul", away, away), axes=[0], keepdims=0))
    heard = graph.add("Concat", graph.add("Squeeze", mean, graph.constant(np.array([0]))), spread, "loudness", axis=1)
    centred = graph.add("Sub", heard, graph.constant(network.mean.numpy()))
    standard = graph.add("Div", centred, graph.constant(network.spread.numpy()), made="measured")
    ends = [graph.constant(np.array([end])) for end in (0, STATISTICS, 1)]
    clip = _heads(graph, network.clip, graph.add("Slice", standard, *ends))
    own = graph.add("Div", graph.add("Sub", standard, "mean"), "deviation")
    speaker = _heads(graph, network.speaker, own)
    # Both answers count alike where the speaker is known: clip + known * (speaker - clip) / 2.
    half = graph.add("Mul", "known", graph.constant(0.5))
    logits = graph.add("Add", clip, graph.add("Mul", graph.add("Sub", speaker, clip), half))
    rise = graph.add("Mul", "known", graph.constant(temperatures[1] - temperatures[0]))
    cooled = graph.add("Div", logits, graph.add("Add", rise, graph.constant(temperatures[0])))
    graph.add("Softmax", cooled, axis=1, made="probabilities")

    def told(name: str, shape: list[Any]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    width = STATISTICS + 1
    made = helper.make_graph(
        graph.nodes,
        "voice",
        [told("bands", ["batch", "frames", BANDS]), told("loudness", ["batch", 1]), told("mean", [width]),
         told("deviation", [width]), told("known", [1])],
        [told("probabilities", ["batch", len(EMOTIONS)]), told("measured", ["batch", width])],
        graph.constants,
    )  # fmt: skip
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def temperature_of(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """The likeliest temperature of logits (N, 7) with labels (N,)."""
    found, truth = torch.from_numpy(logits), torch.from_numpy(labels)
    tried = np.exp(np.linspace(np.log(0.4), np.log(4), 200)).tolist()
    return float(min(tried, key=lambda one: float(functional.cross_entropy(found / one, truth))))


def export(
    encoder: Encoder, network: VoiceNetwork, validation: tuple[Clips, list[Features]], path: Path
) -> dict[str, Any]:
    """Writes the file; returns what it found. Raises ValueError, and writes nothing, where it differs from torch."""
    clips, versions = validation
    labels = np.tile(clips.labels, len(versions))
    ways = (None, clips.speakers)
    temperatures = [temperature_of(np.concatenate([logits_of(network, one, who) for one in versions]), labels)
                    for who in ways]  # fmt: skip
    model = build(encoder, network, (temperatures[0], temperatures[1]))
    session = open_session(model.SerializeToString())
    random = np.random.default_rng(3)
    apart = 0.0
    for frames in (3, 100, 250):
        given = random.gamma(0.5, 0.02, (1, frames, BANDS)).astype(np.float32)
        loud = np.array([[-3.0]], np.float32)
        mean, deviation = random.normal(size=(2, STATISTICS + 1)).astype(np.float32)
        deviation = np.abs(deviation) + np.float32(0.5)
        with torch.no_grad():
            heard = torch.cat([encoder(torch.from_numpy(given), torch.tensor([frames])), torch.from_numpy(loud)], 1)
            standard = (heard - network.mean) / network.spread
            own = (standard - torch.from_numpy(mean)) / torch.from_numpy(deviation)
            both = [network.by_clip(heard).mean(0), network.speaker(own).mean(0)]
        for known in (0, 1):
            inputs = {"bands": given, "loudness": loud, "mean": mean, "deviation": deviation}
            answer = session.run(None, inputs | {"known": np.array([known], np.float32)})[0]
            logits = both[0] if not known else (both[0] + both[1]) / 2
            apart = max(apart, float(np.abs(answer - (logits / temperatures[known]).softmax(1).numpy()).max()))
    if apart > CLOSE:
        raise ValueError(f"the file's probabilities differ from torch's by {apart:.2g}, more than {CLOSE}")
    part = path.with_suffix(".part")
    onnx.save(model, part)
    part.replace(path)
    return {"temperature_clip": temperatures[0], "temperature_speaker": temperatures[1], "apart": apart}
