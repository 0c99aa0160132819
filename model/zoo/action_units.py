"""The static classifier of MMEmotionRecognition: the mean action units of a video, through one hidden layer.

Luna-Jiménez et al., "A proposal for multimodal emotion recognition using aural transformers and action units on
RAVDESS dataset" (Applied Sciences 12(1), 2022), section 3.2.1. OpenFace gives 17 intensities (0..5) and 18 presences
(0 or 1) for every frame; their means over the video go into a perceptron of 80 ReLU units. The report found it too
weak for viewers who only watch; here it stands for comparison.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from lera.errors import LeraError
from model.zoo.importing import Reference
from model.zoo.outputs import Output

INTENSITIES: Final = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
PRESENCES: Final = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45)
COLUMNS: Final = (*(f"AU{unit:02}_r" for unit in INTENSITIES), *(f"AU{unit:02}_c" for unit in PRESENCES))


@dataclass(frozen=True)
class ActionUnitSizes:
    """3,528 parameters."""

    classes: int = 8  # of RAVDESS: the seven and calm
    units: int = len(COLUMNS)
    hidden: int = 80


class ActionUnitClassifier(nn.Module):
    """Standardise, hidden layer, classify."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, sizes: ActionUnitSizes) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(sizes.units))
        self.register_buffer("deviation", torch.ones(sizes.units))
        self.hidden = nn.Linear(sizes.units, sizes.hidden)
        self.head = nn.Linear(sizes.hidden, sizes.classes)

    def forward(self, units: Tensor) -> Output:
        """Mean action units (B, 35), in the order of COLUMNS, -> logits (B, 8) and feature (B, 80)."""
        feature = functional.relu(self.hidden((units - self.mean) / self.deviation))
        return Output(self.head(feature), feature)


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
            total += float(loss) * len(chosen)
        losses.append(total / len(units))
    network.eval()
    return losses


def mean_units(frames: Sequence[Sequence[float]]) -> Tensor:
    """The action units of a video's frames (T, 35) -> their means (35,). Raises LeraError when there are none."""
    if not frames:
        raise LeraError("there are no action units to average: OpenFace saw no face")
    return torch.tensor(frames, dtype=torch.float32).mean(dim=0)


def sizes_in(reference: Reference) -> dict[str, object]:
    """What a saved classifier tells about its sizes (scikit-learn's files are pickles, which LERA does not read)."""
    hidden, units = reference.shape("hidden.weight", 2)
    return {"hidden": hidden, "units": units} | reference.classes("head.weight")
