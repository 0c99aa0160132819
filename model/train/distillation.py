"""What teachers say of the training pictures, as targets that a student learns beside the annotators'.

Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", arXiv:1503.02531: a teacher's probabilities say
which mistakes are near. Several teachers answer with the mean of their logits. Each picture is answered once, in fair
weather; the student meets it moved, turned, and in bad weather too, and has to say the same.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.train import packs
from model.train.learning import logits_of, network_of, priors
from model.train.packs import Pack

SHARE: Final = 0.5
"""Of the targets that are the teachers', the rest is the annotators'."""
SOFTENING: Final = 1.0
"""The temperature of the teachers' answers. They learnt shares of votes and smoothed labels, so they are soft as they
are; more would only add doubt."""
PART: Final = 2048
"""Pictures between two notes of progress."""


def answers_of(checkpoints: Sequence[Path], pack: Pack, kept: Path) -> Tensor:
    """The teachers' mean logits (N, 7) of a pack's pictures, in fair weather.

    They take turns in how they see them: the first whole, the second through the detector's framing, and so on. That
    takes minutes, so each teacher's are kept in the folder `kept`, under a name that tells checkpoint, view, pictures.
    """
    return torch.stack([_of_one(path, pack, bool(turn % 2), kept) for turn, path in enumerate(checkpoints)]).mean(0)


def _of_one(checkpoint: Path, pack: Pack, aligned: bool, kept: Path) -> Tensor:
    told = hashlib.sha256(checkpoint.read_bytes() + bytes([aligned]))
    for array in (pack.pictures, pack.frames):
        told.update(array.tobytes())
    path = kept / f"answers-{told.hexdigest()[:16]}.npy"
    if path.exists():
        return torch.from_numpy(np.load(path))
    network, _ = network_of(checkpoint)
    rows = []
    for start in range(0, len(pack), PART):
        print(f"{checkpoint.parent.name} answers {start}/{len(pack)}", flush=True)
        rows.append(logits_of(network, packs.pick(pack, slice(start, start + PART)), aligned, network.sizes.side))
    answers = torch.cat(rows)
    part = path.with_suffix(".part.npy")
    np.save(part, answers.numpy())
    part.replace(path)
    return answers


def taught(
    pack: Pack, answers: Tensor, drawn: NDArray[np.float64], share: float = SHARE, softening: float = SOFTENING
) -> Pack:
    """The pack with `share` of its targets replaced by the teachers' probabilities; rows still sum to 1.

    `answers` (N, 7) are logits of a world with equal classes, as training makes them, so each source's prior goes back
    in: that of the annotators' targets as they are `drawn` (N,). The student's loss takes it out again.
    """
    prior = priors(pack, drawn)[torch.from_numpy(pack.source)]
    probabilities = torch.softmax((answers + prior) / softening, 1).numpy()
    targets = (1 - share) * pack.targets + np.float32(share) * probabilities
    return replace(pack, targets=targets.astype(np.float32))
