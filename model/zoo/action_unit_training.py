"""The action-unit classifier's training: `python -m model train-action-units`.

Reads the pack of RAVDESS videos (OpenFace's mean action units, with each actor's videos in one split only), fits as
scikit-learn's MLPClassifier does by default, which is what the paper used, and judges on actors it has not seen.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lera.errors import LeraError
from model.metrics import Metrics, confusion_matrix, metrics
from model.zoo.action_units import COLUMNS, ActionUnitClassifier, ActionUnitSizes
from model.zoo.checkpoint import save


@dataclass(frozen=True)
class Recordings:
    """Mean action units (N, 35), class numbers (N,), each video's split, and the names of the classes."""

    units: Tensor
    labels: Tensor
    splits: tuple[str, ...]
    classes: tuple[str, ...]

    def part(self, split: str) -> tuple[Tensor, Tensor]:
        """The units and labels of `train`, `val` or `test`. Raises LeraError when it has none."""
        chosen = torch.tensor([each == split for each in self.splits])
        if not bool(chosen.any()):
            raise LeraError(f"the recordings have no `{split}` split")
        return self.units[chosen], self.labels[chosen]


def read_recordings(path: Path) -> Recordings:
    """A Parquet pack with OpenFace's 35 columns, `orig_label` and `split`. Raises LeraError when it is none."""
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.read_table(path, columns=[*COLUMNS, "orig_label", "split"]).to_pydict()
        labels, splits = table["orig_label"], table["split"]
        units = np.stack([np.asarray(table[column], np.float32) for column in COLUMNS], axis=1)
    except (ArrowException, OSError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise LeraError(f"{path.name} is not a pack of action units: {reason}") from None
    classes = tuple(sorted(set(labels)))
    numbers = torch.tensor([classes.index(label) for label in labels])
    return Recordings(torch.from_numpy(units), numbers, tuple(splits), classes)


def fit(
    network: ActionUnitClassifier,
    units: Tensor,
    labels: Tensor,
    *,
    epochs: int = 200,
    batch: int = 200,
    rate: float = 1e-3,
    decay: float = 1e-4,
    seed: int = 0,
) -> list[float]:
    """Train on mean action units (N, 35) and class numbers (N,), as scikit-learn's MLPClassifier does by default.

    That is Adam on cross-entropy, in batches of 200, with an L2 penalty. Returns the loss of each epoch.
    """
    generator = torch.Generator().manual_seed(seed)
    for layer in (network.hidden, network.head):
        # Glorot's uniform start for weights and biases alike, drawn from our own generator so that runs repeat.
        bound = (6.0 / (layer.in_features + layer.out_features)) ** 0.5
        for values in (layer.weight, layer.bias):
            nn.init.uniform_(values, -bound, bound, generator=generator)
    network.mean.copy_(units.mean(dim=0))
    network.deviation.copy_(units.std(dim=0).clamp(min=1e-6))
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    network.train()
    losses = []
    for _ in range(epochs):
        total = 0.0
        for chosen in torch.split(torch.randperm(len(units), generator=generator), batch):
            loss = functional.cross_entropy(network(units[chosen]).logits, labels[chosen])
            penalty = network.hidden.weight.square().sum() + network.head.weight.square().sum()
            optimizer.zero_grad()
            torch.autograd.backward(loss + 0.5 * decay / len(chosen) * penalty)
            optimizer.step()
            total += float(loss.detach()) * len(chosen)
        losses.append(total / len(units))
    network.eval()
    return losses


def judge(network: ActionUnitClassifier, units: Tensor, labels: Tensor) -> Metrics:
    """How well a trained classifier knows videos (N, 35) of class numbers (N,)."""
    with torch.no_grad():
        answers = network(units).logits.argmax(dim=1)
    return metrics(confusion_matrix(labels.numpy(), answers.numpy(), network.head.out_features))


def main(argv: list[str] | None = None) -> int:
    """Train, judge and save. Raises LeraError."""
    parser = argparse.ArgumentParser(
        prog="python -m model train-action-units", description="Train the static action-unit classifier on RAVDESS."
    )
    parser.add_argument("pack", type=Path, help="the Parquet file of mean action units")
    parser.add_argument("--out", type=Path, default=Path("action_units.lera.pt"), help="where to write the network")
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    recordings = read_recordings(arguments.pack)
    network = ActionUnitClassifier(ActionUnitSizes(classes=len(recordings.classes)))
    fit(network, *recordings.part("train"), epochs=arguments.epochs, seed=arguments.seed)
    for split in ("train", "val", "test"):
        found = judge(network, *recordings.part(split))
        print(f"{split:<5} UAR {100 * found.uar:.1f}  WAR {100 * found.war:.1f}")
    save(arguments.out, "action_units", {"classes": len(recordings.classes)}, network.state_dict())
    print(f"Classes: {', '.join(recordings.classes)}. Written: {arguments.out}")
    return 0
