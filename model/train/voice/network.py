"""What is trained: several small networks side by side on the encoder's statistics, whose answers are averaged."""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.emotions import EMOTIONS
from model.train.voice.encoder import STATISTICS

FARTHEST: Final = 5.0
"""Deviations beyond which a statistic counts as just so far: odd microphones must not shout."""


@dataclass(frozen=True)
class Sizes:
    """`members` networks, each with `hidden` units; shares dropped of what they read and of their units."""

    members: int = 5
    hidden: int = 192
    drop_read: float = 0.2
    drop_hidden: float = 0.4


class Heads(nn.Module):
    """Members with one hidden layer each, on the same input (B, N), standardised."""

    def __init__(self, sizes: Sizes, width: int) -> None:
        super().__init__()
        self.sizes = sizes
        kinds = len(EMOTIONS)
        self.first = nn.Parameter(torch.randn(sizes.members, width, sizes.hidden) / width**0.5)
        self.first_bias = nn.Parameter(torch.zeros(sizes.members, 1, sizes.hidden))
        self.second = nn.Parameter(torch.randn(sizes.members, sizes.hidden, kinds) * 0.3 / sizes.hidden**0.5)
        self.second_bias = nn.Parameter(torch.zeros(sizes.members, 1, kinds))

    def forward(self, read: Tensor) -> Tensor:
        """(B, N) -> logits of each member (members, B, 7)."""
        read = read.clamp(-FARTHEST, FARTHEST)[None].expand(self.sizes.members, -1, -1)
        read = functional.dropout(read, self.sizes.drop_read, self.training)
        hidden = torch.relu(torch.baddbmm(self.first_bias, read, self.first))
        hidden = functional.dropout(hidden, self.sizes.drop_hidden, self.training)
        return torch.baddbmm(self.second_bias, hidden, self.second)


class VoiceNetwork(nn.Module):
    """Two answers: by the clip alone, and by how it differs from the speaker's other speech."""

    def __init__(self, sizes: Sizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes or Sizes()
        self.clip = Heads(self.sizes, STATISTICS)
        self.speaker = Heads(self.sizes, STATISTICS + 1)
        # Of all training clips: what the statistics are standardised by. Loudness says nothing by itself.
        self.register_buffer("mean", torch.zeros(STATISTICS + 1))
        self.register_buffer("spread", torch.ones(STATISTICS + 1))
        self.mean: Tensor
        self.spread: Tensor

    def by_clip(self, statistics: Tensor) -> Tensor:
        """Statistics (B, STATISTICS + 1), as they are -> logits (members, B, 7)."""
        standard = (statistics - self.mean) / self.spread
        found: Tensor = self.clip(standard[:, :STATISTICS])
        return found

    def by_speaker(self, statistics: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
        """The same beside the speaker's own (…, STATISTICS + 1)."""
        found: Tensor = self.speaker((statistics - mean) / spread)
        return found
