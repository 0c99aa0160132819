"""What a network becomes before it is exported: the same answers with less work.

- The last block of LGI-Former leaves out what the classifier never reads (`trim`).
- Attention is one operator of onnxruntime (`com.microsoft.MultiHeadAttention`), which never writes the table of all
  pairs to memory. It is an operator of its own in torch, too, so that the exporter meets it whole.

The file has one input, `clip` (B, 3, T, H, W), and one output, `logits` (B, classes), for any B.
"""

import copy
import dataclasses
import warnings
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.zoo.mae_dfer import LgiFormer
from model.zoo.transformer import Attention

OPSET: Final = 17
BATCH: Final = "batch"
"""The name of the free first dimension; who reads one clip at a time fixes it, and all shapes become constants."""


@torch.library.custom_op("lera::attention", mutates_args=())
def whole_attention(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """(B, N, D), (B, M, D) and (B, M, D) -> (B, N, D)."""
    query, key, value = (each.reshape(*each.shape[:2], heads, -1).transpose(1, 2) for each in (query, key, value))
    return functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2).contiguous()


def whole_attention_node(graph: Any, query: Any, key: Any, value: Any, heads: Any) -> Any:
    """The same in ONNX."""
    count = int(heads.node().t("value"))
    node = graph.op("com.microsoft::MultiHeadAttention", query, key, value, num_heads_i=count)
    return node.setType(query.type())


class ServedAttention(nn.Module):
    """`Attention` with its weights, around the one operator."""

    def __init__(self, trained: Attention) -> None:
        super().__init__()
        self.heads = trained.heads
        self.query, self.key, self.value, self.output = trained.query, trained.key, trained.value, trained.output

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """(B, N, D) and perhaps (B, M, D) -> (B, N, D)."""
        context = x if context is None else context
        mixed = whole_attention(self.query(x), self.key(context), self.value(context), self.heads)
        out: Tensor = self.output(mixed)
        return out


class Served(nn.Module):
    """A network's logits alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, clip: Tensor) -> Tensor:
        """(B, 3, T, H, W) -> (B, classes)."""
        logits: Tensor = self.network(clip)[0]
        return logits


def served(network: nn.Module) -> Served:
    """A copy of `mae_dfer`, `lera` or `videomae` for export; the network itself stays as it is."""
    network = copy.deepcopy(network).eval()
    if hasattr(network, "spare"):
        del network.spare
    for module in list(network.modules()):
        if isinstance(module, LgiFormer):
            module.sizes = dataclasses.replace(module.sizes, trim=True)
        for name, child in list(module.named_children()):
            if isinstance(child, Attention):
                setattr(module, name, ServedAttention(child))
    return Served(network).eval()


def write_onnx(network: nn.Module, shape: tuple[int, ...], path: Path) -> None:
    """The network in its served form as an ONNX file; `shape` is one clip's, (3, T, H, W)."""
    register = cast(Any, torch.onnx).register_custom_op_symbolic
    register("lera::attention", whole_attention_node, OPSET)
    with warnings.catch_warnings():
        # The exporter that needs no further package says that it is the older one.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            served(network),
            (torch.zeros(1, *shape),),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=["clip"],
            output_names=["logits"],
            dynamic_axes={"clip": {0: BATCH}, "logits": {0: BATCH}},
            custom_opsets={"com.microsoft": 1},
        )
