"""The language network, in torch: six layers of BERT, and the seven answers on top of their mean.

Devlin et al., "BERT" (NAACL 2019); Wang et al., "MiniLM" (NeurIPS 2020) for the size. Each layer adds and then
normalises (post-norm); GELU is the exact one.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.emotions import EMOTIONS


@dataclass(frozen=True)
class Shape:
    """How large a network is. `longest` counts pieces."""

    layers: int = 6
    width: int = 384
    heads: int = 12
    inner: int = 1536
    vocabulary: int = 30_522
    longest: int = 512
    dropout: float = 0.1


class Layer(nn.Module):
    """Attention, then two dense layers; each is added to what came in. (B, T, width) -> the same shape."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.dropout = shape.heads, shape.dropout
        self.query = nn.Linear(shape.width, shape.width)
        self.key = nn.Linear(shape.width, shape.width)
        self.value = nn.Linear(shape.width, shape.width)
        self.mixed = nn.Linear(shape.width, shape.width)
        self.mixed_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.wide = nn.Linear(shape.width, shape.inner)
        self.narrow = nn.Linear(shape.inner, shape.width)
        self.narrow_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.drop = nn.Dropout(shape.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, pieces, width = x.shape
        # (B, T, width) -> (B, heads, T, width / heads)
        query, key, value = (
            part(x).view(batch, pieces, self.heads, width // self.heads).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        likeness = query @ key.transpose(2, 3) * (width // self.heads) ** -0.5 + mask
        attended = (self.drop(likeness.softmax(3)) @ value).transpose(1, 2).reshape(batch, pieces, width)
        x = self.mixed_norm(x + self.drop(self.mixed(attended)))
        return self.narrow_norm(x + self.drop(self.narrow(functional.gelu(self.wide(x)))))  # type: ignore[no-any-return]


class TextNetwork(nn.Module):
    """Numbers of pieces (B, T), 0 where there is none, to logits (B, 7) in the order of EMOTIONS."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.pieces = nn.Embedding(shape.vocabulary, shape.width)
        self.places = nn.Embedding(shape.longest, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.drop = nn.Dropout(shape.dropout)
        self.answer = nn.Linear(shape.width, len(EMOTIONS))

    def meaning(self, numbers: Tensor) -> Tensor:
        """The mean of what the last layer says at the pieces that are there, (B, width)."""
        there = numbers != 0
        mask = torch.where(there, 0.0, -1e4)[:, None, None, :]
        x = self.pieces(numbers) + self.places.weight[: numbers.shape[1]]
        x = self.drop(self.norm(x))
        for layer in self.layers:
            x = layer(x, mask)
        counted = there[..., None].to(x.dtype)
        mean: Tensor = (x * counted).sum(1) / counted.sum(1)
        return mean

    def forward(self, numbers: Tensor) -> Tensor:
        logits: Tensor = self.answer(self.drop(self.meaning(numbers)))
        return logits
