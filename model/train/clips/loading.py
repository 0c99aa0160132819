"""Samples in batches. What an epoch holds, and how each sample is varied in it, follows from seed and epoch alone."""

import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lera.errors import LeraError
from model.clip import Floats
from model.train.clips.augmentation import Augmentation, erased, multi_scale, varied
from model.train.clips.intake import Intake
from model.train.clips.samples import Sample

Key = tuple[int, int]
"""Epoch and place in the training part."""


@dataclass
class TrainingClips(Dataset[tuple[Floats, int]]):
    """Training samples as the network reads them. Without an augmentation, they get pre-training's crop only."""

    samples: Sequence[Sample]
    intake: Intake
    augmentation: Augmentation | None
    seed: int

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, key: Key) -> tuple[Floats, int]:
        epoch, place = key
        chance = np.random.default_rng((self.seed, epoch, place))
        sample = self.samples[place]
        shown = sample.frames.read(self.intake.training_frames(sample.frames.count(), chance))
        if self.augmentation is None:
            return self.intake.scaled(multi_scale(shown, self.intake.side, chance)), sample.label
        pictures = varied(shown, self.intake.side, self.augmentation, chance)
        return erased(self.intake.scaled(pictures), self.augmentation.erasing, chance), sample.label


@dataclass
class TestClips(Dataset[Floats]):
    """Samples as they are judged: every view of each, (V, …)."""

    samples: Sequence[Sample]
    intake: Intake
    temporal: int
    spatial: int

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, place: int) -> Floats:
        return self.intake.test_views(self.samples[place], self.temporal, self.spatial)


def order_of(labels: Sequence[int], batch: int, epoch: int, seed: int, balanced: bool = False) -> list[list[int]]:
    """The places of the samples in each batch of an epoch; what does not fill a batch waits for another epoch.

    `balanced` draws every class equally often, with replacement; so rare classes are seen again and again.
    """
    chance = np.random.default_rng((seed, epoch))
    count = len(labels)
    if balanced:
        numbers = np.bincount(labels)
        weights = 1.0 / numbers[np.asarray(labels)]
        places = chance.choice(count, count, p=weights / weights.sum())
    else:
        places = chance.permutation(count)
    batch = min(batch, count)
    return [places[start : start + batch].tolist() for start in range(0, count - batch + 1, batch)]


def training_batches(
    clips: TrainingClips, batches: Sequence[Sequence[int]], epoch: int, micro: int, workers: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs (B, …) and labels (B,) of these batches, each cut into pieces of at most `micro` samples."""
    pieces = [
        [(epoch, place) for place in batch[start : start + micro]]
        for batch in batches
        for start in range(0, len(batch), micro)
    ]
    yield from mendable(DataLoader(clips, batch_sampler=pieces, **workforce(workers)))


def test_batches(clips: TestClips, batch: int, workers: int) -> Iterator[tuple[Tensor, list[int]]]:
    """The views of some samples in one line, (sum of V, …), and how many belong to each."""
    yield from mendable(DataLoader(clips, batch, collate_fn=in_one_line, **workforce(workers)))


def mendable(batches: Iterable[Any]) -> Iterator[Any]:
    """These batches. What a worker says of a broken file comes back as the one line that it was."""
    try:
        yield from batches
    except LeraError as error:
        raise LeraError(str(error).strip().splitlines()[-1].removeprefix("lera.errors.LeraError: ")) from None


def in_one_line(views: list[Floats]) -> tuple[Tensor, list[int]]:
    """Samples have different numbers of views, which stand side by side in a batch."""
    return torch.from_numpy(np.concatenate(views)), [len(each) for each in views]


def workforce(workers: int) -> dict[str, Any]:
    """How a DataLoader reads: in this process, or in `workers` others that fetch ahead."""
    if not workers:
        return {"num_workers": 0}
    pinned = torch.cuda.is_available()
    return {"num_workers": workers, "prefetch_factor": 4, "pin_memory": pinned, "worker_init_fn": left_alone}


def left_alone(_: int) -> None:
    """A terminal's Ctrl-C reaches the workers, too: they must go on while the main process finishes its step."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
