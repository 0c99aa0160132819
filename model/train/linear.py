"""The simplest readers that learn: a linear layer and softmax (multinomial logistic regression), fitted in-run.

On pictures it sees 24x24 grey pixels and histograms of gradients (Dalal & Triggs, "Histograms of oriented gradients for
human detection", CVPR 2005, without their overlapping blocks). Whatever a network adds must show beside this.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from model.train import packs

PIXELS: Final = 24
SIDE: Final = 48
CELL: Final = 8
ANGLES: Final = 8
PACKS: Final = ("ferplus", "rafdb")
Features = NDArray[np.float32]


@dataclass(frozen=True)
class Linear:
    """Features (N, F) are brought to `mean` 0 and `deviation` 1 (F,), then `weights` (F + 1, 7) give the logits."""

    mean: Features
    deviation: Features
    weights: Features

    def probabilities(self, features: Features) -> Features:
        """(N, 7); rows sum to 1."""
        logits = (features - self.mean) / self.deviation @ self.weights[:-1] + self.weights[-1]
        powers = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True), np.float32)


def fit(features: Features, targets: Features, decay: float, rounds: int = 60) -> Linear:
    """The layer with the least mean cross-entropy to `targets` (N, 7) plus `decay` times half its squared weights."""
    mean, deviation = features.mean(0), features.std(0) + 1e-4
    x = torch.from_numpy((features - mean) / deviation)
    y = torch.from_numpy(targets)
    weights = torch.zeros(features.shape[1] + 1, targets.shape[1], requires_grad=True)
    search = torch.optim.LBFGS([weights], max_iter=rounds, history_size=10, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        logs = functional.log_softmax(x @ weights[:-1] + weights[-1], 1)
        value = -(y * logs).sum(1).mean() + decay / 2 * weights[:-1].square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    search.step(loss)  # type: ignore[no-untyped-call]
    return Linear(mean, deviation, weights.detach().numpy().copy())


def gradients(picture: NDArray[np.uint8]) -> Features:
    """Pixels and gradient histograms of one grey picture (H, W), H, W >= 2, free of its brightness and contrast."""
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    small = (small - small.mean()) / (small.std() + 1.0)
    pixels = cv2.resize(small, (PIXELS, PIXELS), interpolation=cv2.INTER_AREA)
    down, across = np.gradient(small)
    strength = np.hypot(down, across)
    angle = np.minimum((np.arctan2(down, across) % np.pi) / np.pi * ANGLES, ANGLES - 1).astype(np.int64)
    row, column = np.mgrid[:SIDE, :SIDE] // CELL
    cells = SIDE // CELL
    places = (row * cells + column) * ANGLES + angle
    counts = np.bincount(places.ravel(), strength.ravel(), cells * cells * ANGLES).reshape(-1, ANGLES)
    counts = counts / (np.linalg.norm(counts, axis=1, keepdims=True) + 1.0)
    return np.concatenate([pixels.ravel(), counts.ravel()]).astype(np.float32)


def features_of(pictures: NDArray[np.uint8] | list[NDArray[np.uint8]]) -> Features:
    """`gradients` of N grey pictures, (N, F)."""
    return np.stack([gradients(picture) for picture in pictures])


def trained(data: Path, decay: float = 1e-3) -> Linear:
    """The linear reader of PACKS' training pictures, as the packs hold them; no test or validation picture is read."""
    features, targets = [], []
    for name in PACKS:
        features.append(features_of([packs.grey(encoded) for encoded in packs.images(data, name, "train")]))
        targets.append(packs.opinions(data, name, "train")[1])
    return fit(np.concatenate(features), np.concatenate(targets), decay)
