"""The static classifier of MMEmotionRecognition: the mean action units of a video, through one hidden layer.

Luna-Jiménez et al., "A proposal for multimodal emotion recognition using aural transformers and action units on
RAVDESS dataset" (Applied Sciences 12(1), 327, 2022). OpenFace gives 17 intensities (0..5) and 18 presences
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


def mean_units(frames: Sequence[Sequence[float]]) -> Tensor:
    """The action units of a video's frames (T, 35) -> their means (35,). Raises LeraError when there are none."""
    if not frames:
        raise LeraError("there are no action units to average: OpenFace saw no face")
    return torch.tensor(frames, dtype=torch.float32).mean(dim=0)


def sizes_in(reference: Reference) -> dict[str, object]:
    """What a saved classifier tells about its sizes (scikit-learn's files are pickles, which LERA does not read)."""
    hidden, units = reference.shape("hidden.weight", 2)
    return {"hidden": hidden, "units": units} | reference.classes("head.weight")
