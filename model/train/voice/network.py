"""The network of the voice reader: convolutions over bands and time, recurrence both ways, and attentive statistics.

Squeeze and excitation: Hu et al. (CVPR 2018). GRU: Cho et al. (EMNLP 2014). Attentive statistics pooling: Okabe et al.
(Interspeech 2018), after which the answer depends on the most telling moments and not on how long a clip is.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.emotions import EMOTIONS
from model.log_mel import BANDS


@dataclass(frozen=True)
class Sizes:
    """Channels of the three stages of convolutions, then of what recurrence reads and remembers."""

    widths: tuple[int, int, int] = (24, 32, 48)
    read: int = 128
    remembered: int = 96
    hidden: int = 128
    dropout: float = 0.3


class Residual(nn.Module):
    """Two convolutions with squeeze and excitation beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)
        self.squeeze = nn.Linear(width, max(8, width // 4))
        self.excite = nn.Linear(max(8, width // 4), width)

    def forward(self, given: Tensor) -> Tensor:
        """(B, C, T, F) -> the same shape."""
        found = torch.relu(self.first_norm(self.first(given)))
        found = self.second_norm(self.second(found))
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(found.mean((2, 3))))))
        return torch.relu(given + found * gate[:, :, None, None])


class VoiceNetwork(nn.Module):
    """Normalised bands (B, T, BANDS) and whether they were normalised for the speaker (B,) -> logits (B, 7)."""

    def __init__(self, sizes: Sizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or Sizes()
        first, second, third = sizes.widths

        def smaller(given: int, made: int, stride: tuple[int, int]) -> list[nn.Module]:
            norm = nn.BatchNorm2d(made)
            return [nn.Conv2d(given, made, 3, stride=stride, padding=1, bias=False), norm, nn.ReLU()]

        self.stages = nn.Sequential(
            *smaller(1, first, (2, 2)),
            *smaller(first, second, (2, 2)),
            Residual(second),
            *smaller(second, third, (1, 2)),
            Residual(third),
        )
        self.flat = nn.Linear(third * BANDS // 8, sizes.read)
        self.flat_norm = nn.LayerNorm(sizes.read)
        self.drop = nn.Dropout(sizes.dropout)
        self.recurrence = nn.GRU(sizes.read, sizes.remembered, batch_first=True, bidirectional=True)
        width = 2 * sizes.remembered
        self.look = nn.Linear(width, 64)
        self.attend = nn.Linear(64, width)
        self.pooled_norm = nn.LayerNorm(2 * width)
        self.hidden = nn.Linear(2 * width + 1, sizes.hidden)
        self.answer = nn.Linear(sizes.hidden, len(EMOTIONS))

    def forward(self, bands: Tensor, known: Tensor) -> Tensor:
        """Logits (B, 7)."""
        found = self.stages(bands[:, None])
        found = found.permute(0, 2, 1, 3).flatten(2)
        found = self.drop(torch.relu(self.flat_norm(self.flat(found))))
        found, _ = self.recurrence(found)
        weights = torch.softmax(self.attend(torch.tanh(self.look(found))).float(), 1)
        mean = (weights * found).sum(1)
        spread = ((weights * found.square()).sum(1) - mean.square()).clamp_min(1e-5).sqrt()
        pooled = self.pooled_norm(torch.cat([mean, spread], 1))
        pooled = self.drop(torch.cat([pooled, known[:, None]], 1))
        logits: Tensor = self.answer(self.drop(torch.relu(self.hidden(pooled))))
        return logits
