"""The small networks that compare modalities and fusions, trained for many seeds at once.

Each has the same kind of towers, so that what differs is where face and voice meet: not at all, before the first layer
(early), side by side behind the towers (towers), or in the outer product of the towers' features (tensor_train).
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional

from model.emotions import EMOTIONS
from model.train.takes import Takes
from model.zoo.tensor_train import TensorFusion, TensorTrainSizes

Floats = NDArray[np.float64]
Rows = Sequence[NDArray[np.int64]]
Kind = Literal["face", "voice", "early", "towers", "tensor_train"]
WIDE: Final = 64
NARROW: Final = 32
"""Units of a tower: one, or each of two."""
DROPOUT: Final = 0.4
CLIP: Final = 5.0
"""Features count as at most this many deviations from the mean."""


@dataclass(frozen=True)
class Recipe:
    """One network: where the modalities meet, how long it learns, and how often it must do without one of them."""

    kind: Kind
    rank: int = 8  # of the tensor train
    missing: float = 0.0  # share of training takes without the face, and without the voice
    epochs: int = 30
    batch: int = 96
    rate: float = 3e-3
    decay: float = 1e-2
    smoothing: float = 0.1


class Modalities(nn.Module):
    """Face (B, 35) and voice (B, 214), standardised -> logits (B, 7)."""

    def __init__(self, recipe: Recipe, face: int, voice: int) -> None:
        super().__init__()
        self.kind = recipe.kind
        wide = {"face": face, "voice": voice, "early": face + voice}
        if recipe.kind in wide:
            self.tower = tower(wide[recipe.kind], WIDE)
            joined = WIDE
        else:
            self.face, self.voice = tower(face, NARROW), tower(voice, NARROW)
            joined = 2 * NARROW
        if recipe.kind == "tensor_train":
            train = TensorTrainSizes((NARROW + 1, NARROW + 1), (1, NARROW), (1, recipe.rank, 1))
            self.fusion = TensorFusion(train)
            joined = NARROW
        self.head = nn.Linear(joined, len(EMOTIONS))

    def forward(self, face: Tensor, voice: Tensor) -> Tensor:
        """Logits (B, 7)."""
        if self.kind in ("face", "voice", "early"):
            taken = {"face": face, "voice": voice}.get(self.kind)
            feature = self.tower(torch.cat((face, voice), dim=1) if taken is None else taken)  # (B, 64)
        elif self.kind == "towers":
            feature = torch.cat((self.face(face), self.voice(voice)), dim=1)  # (B, 64)
        else:
            feature = functional.relu(self.fusion(self.face(face), self.voice(voice)))  # (B, 32)
        logits: Tensor = self.head(feature)
        return logits


def tower(taken: int, units: int) -> nn.Sequential:
    """One hidden layer."""
    return nn.Sequential(nn.Linear(taken, units), nn.ReLU(), nn.Dropout(DROPOUT))


@dataclass(frozen=True)
class Fit:
    """S networks of one recipe, each with its own chance and its own training takes, and how each standardises."""

    network: nn.Module
    state: dict[str, Tensor]  # of all, stacked: (S, …)
    scales: tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]  # mean and deviation (S, 1, F) of face and of voice

    def probabilities(
        self, takes: Takes, rows: Rows, without: str | None = None, noise: str | None = None
    ) -> NDArray[np.float64]:
        """(S, N, 7) for all takes, filled at each network's own `rows` and 0 elsewhere.

        `without` sets a modality to its training mean, `noise` makes it chance.
        """
        longest = max(len(each) for each in rows)
        places = np.stack([np.resize(each, longest) for each in rows])  # (S, R), the shorter ones repeated
        chance = torch.Generator().manual_seed(len(takes))
        inputs = []
        for name, values, (mean, deviation) in zip(
            ("face", "voice"), (takes.face, takes.voice), self.scales, strict=True
        ):
            scaled = standard(values[places], mean, deviation)  # (S, R, F)
            if name == without:
                scaled = torch.zeros_like(scaled)
            elif name == noise:
                scaled = torch.randn(scaled.shape, generator=chance)
            inputs.append(scaled)
        with torch.no_grad():
            logits = vmap(lambda state, *each: functional_call(self.network, state, each))(self.state, *inputs)
        told = np.zeros((len(rows), len(takes), logits.shape[2]))
        told[np.arange(len(rows))[:, None], places] = logits.softmax(dim=2).numpy()
        return told


def fit(recipe: Recipe, takes: Takes, rows: Rows, first_seed: int = 0) -> Fit:
    """Networks that learnt `takes` at `rows`, one list of places for each; classes weigh alike.

    AdamW with a cosine, `recipe.epochs` times through the shortest list.
    """
    networks = []
    for index in range(len(rows)):
        torch.manual_seed(first_seed + index)
        networks.append(Modalities(recipe, takes.face.shape[1], takes.voice.shape[1]))
    base = deepcopy(networks[0]).to("meta")
    state, _ = stack_module_state(networks)
    scales = (scale(takes.face, rows), scale(takes.voice, rows))
    face, voice = (standard(values, *each) for values, each in zip((takes.face, takes.voice), scales, strict=True))
    labels = torch.from_numpy(takes.labels)
    counts = torch.stack([torch.bincount(labels[each], minlength=len(EMOTIONS)) for each in rows]).clamp(min=1)
    weights = counts.sum(1, keepdim=True) / counts / len(EMOTIONS)  # (S, 7)

    def loss(one: dict[str, Tensor], face: Tensor, voice: Tensor, told: Tensor, weight: Tensor) -> Tensor:
        logits = functional_call(base, one, (face, voice))
        return functional.cross_entropy(logits, told, weight=weight, label_smoothing=recipe.smoothing)

    losses = vmap(loss, randomness="different")
    optimizer = torch.optim.AdamW(state.values(), lr=recipe.rate, weight_decay=recipe.decay)
    shortest = min(len(each) for each in rows)
    batches = max(1, shortest // recipe.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs * batches)
    chance = np.random.default_rng(first_seed)
    every = torch.arange(len(rows))[:, None]
    base.train()
    for _ in range(recipe.epochs):
        orders = np.stack([chance.permutation(each)[:shortest] for each in rows])  # (S, shortest)
        for part in np.array_split(orders, batches, axis=1):
            chosen = torch.from_numpy(part)  # (S, B)
            seen, heard = face[every, chosen], voice[every, chosen]
            if recipe.missing:
                drawn = torch.from_numpy(chance.uniform(size=part.shape))[..., None]
                seen = seen * (drawn >= recipe.missing)
                heard = heard * (drawn < 1 - recipe.missing)
            optimizer.zero_grad()
            torch.autograd.backward(losses(state, seen, heard, labels[chosen], weights).sum())
            optimizer.step()
            schedule.step()
    base.eval()
    return Fit(base, {name: value.detach() for name, value in state.items()}, scales)


def scale(values: Floats, rows: Rows) -> tuple[Tensor, Tensor]:
    """Mean and deviation of features (N, F) at each list of rows, (S, 1, F)."""
    found = [(values[each].mean(0), values[each].std(0) + 1e-3) for each in rows]
    mean, deviation = (torch.from_numpy(np.stack(each)[:, None]).float() for each in zip(*found, strict=True))
    return mean, deviation


def standard(values: Floats, mean: Tensor, deviation: Tensor) -> Tensor:
    """Features (N, F) or (S, N, F) as every network sees them, (S, N, F)."""
    return ((torch.from_numpy(values).float() - mean) / deviation).clamp(-CLIP, CLIP)


def parameters(recipe: Recipe, takes: Takes) -> int:
    """How many one network of the recipe trains."""
    network = Modalities(recipe, takes.face.shape[1], takes.voice.shape[1])
    return sum(value.numel() for value in network.parameters())
