"""What teachers say of the training pictures, as targets that a student learns beside the annotators'.

Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", arXiv:1503.02531: a teacher's probabilities say
which mistakes are near. Several teachers answer with the mean of their logits. Each picture is answered once, in fair
weather; the student meets it in bad weather too and has to say the same ("consistent teaching" of Beyer et al.,
"Knowledge distillation: A good teacher is patient and consistent", CVPR 2022, for the framing's larger part only).
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
    """The teachers' mean logits (N, 7) of a pack's pictures, seen whole and through the detector's framing.

    They take minutes, so each teacher's are kept in the folder `kept`, under a name that tells checkpoint and pictures.
    """
    return torch.stack([_of_one(checkpoint, pack, kept) for checkpoint in checkpoints]).mean(0)


def _of_one(checkpoint: Path, pack: Pack, kept: Path) -> Tensor:
    told = hashlib.sha256(checkpoint.read_bytes())
    for array in (pack.pictures, pack.frames):  # all that a teacher sees
        told.update(array.tobytes())
    path = kept / f"answers-{told.hexdigest()[:16]}.npy"
    if path.exists():
        return torch.from_numpy(np.load(path))
    network, _ = network_of(checkpoint)
    rows = []
    for start in range(0, len(pack), PART):
        print(f"{checkpoint.parent.name} answers {start}/{len(pack)}", flush=True)
        part = packs.pick(pack, slice(start, start + PART))
        # The mirror image belongs to what the student has to know alike, so one of the two looks is at it.
        views = [logits_of(network, part, aligned, network.sizes.side, flipped=aligned) for aligned in (False, True)]
        rows.append(torch.stack(views).mean(0))
    answers = torch.cat(rows)
    part_file = path.with_suffix(".part.npy")
    np.save(part_file, answers.numpy())
    part_file.replace(path)
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
