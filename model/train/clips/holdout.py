"""Which samples the checkpoint is chosen on: the official validation part or, where there is none, some of training.

The papers' own code chooses the epoch on the test part, so their figures are hopeful. We never open it here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lera.errors import LeraError
from model.emotions import EMOTIONS
from model.train.clips.layouts import Layout
from model.train.clips.samples import Sample

SHARE: Final = 0.1
SEED: Final = 2026
"""Of the split, not of the training: every run on a data set holds the same samples out."""


@dataclass(frozen=True)
class Split:
    """What is trained on, what the checkpoint is chosen on, and how they were parted."""

    training: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    notes: tuple[str, ...]


def training_split(layout: Layout, share: float = SHARE) -> Split:
    """Training and validation samples of a data set; its test part stays closed. Raises LeraError if one is empty."""
    training = layout.part("train")
    if "val" in layout.parts:
        validation = layout.part("val")
        note = f"chosen on {layout.title}'s own validation part, {len(validation.samples)} samples"
        split = Split(training.samples, validation.samples, (*training.notes, *validation.notes, note))
    else:
        kept, held = held_out(training.samples, layout.groups is not None, share)
        by = f"by {layout.groups}" if layout.groups else "sample by sample, since the source names no person or video"
        note = (
            f"{layout.title} has no validation part: {len(held)} of {len(training.samples)} training samples are held "
            f"out for it, {by}, always the same ones"
        )
        split = Split(kept, held, (*training.notes, note))
    if not split.training or not split.validation:
        raise LeraError(f"{layout.title} is too small to hold samples out for validation")
    return split


def held_out(
    samples: Sequence[Sample], by_group: bool, share: float = SHARE
) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """About `share` of the samples apart from the others: whole groups, or that share of each class.

    The choice depends on names only, not on their order on the disk.
    """
    chance = np.random.default_rng(SEED)
    ordered = sorted(samples, key=lambda sample: sample.name)
    if by_group:
        groups = sorted({sample.group for sample in ordered})
        target, chosen, held = share * len(ordered), set[str](), 0
        for group in (groups[place] for place in chance.permutation(len(groups))):
            if held >= target or len(chosen) + 1 >= len(groups):
                break
            chosen.add(group)
            held += sum(sample.group == group for sample in ordered)
        names = {sample.name for sample in ordered if sample.group in chosen}
    else:
        names = set[str]()
        for label in range(len(EMOTIONS)):
            mine = [sample.name for sample in ordered if sample.label == label]
            count = max(round(share * len(mine)), 1) if len(mine) > 1 else 0
            names |= {mine[place] for place in chance.permutation(len(mine))[:count]}
    kept = tuple(sample for sample in samples if sample.name not in names)
    return kept, tuple(sample for sample in samples if sample.name in names)
