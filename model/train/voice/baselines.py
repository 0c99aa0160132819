"""What a good voice reader must beat, in the same run: the commonest class, and a linear reader of the bands' means and
deviations over time, in logarithms, with and without knowing the speaker."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from model.emotions import EMOTIONS
from model.speaker import usual
from model.train.voice.answers import minutes
from model.train.voice.features import Features
from model.train.voice.learning import priors, weights
from model.train.voice.packs import Clips

STEPS: Final = 300
DECAY: Final = 0.003


def standard(bands: NDArray[np.float32], speakers: list[str] | None) -> NDArray[np.float32]:
    """The bands' statistics (N, 80) of N clips, of which each speaker's minute is taken off where speakers are told."""
    if speakers is None:
        return bands
    mean, deviation = minutes(bands, speakers, usual(bands, np.zeros(bands.shape[1]))[1])
    return np.asarray((bands - mean) / deviation, np.float32)


class Linear:
    """Logistic regression (L2), learnt from the training clips as they were recorded."""

    def __init__(self, clips: Clips, features: Features, beside: bool) -> None:
        self._beside = beside
        read = standard(features.simple, clips.speakers if beside else None)
        self._mean, self._spread = read.mean(0), read.std(0) + 1e-6
        given = torch.from_numpy((read - self._mean) / self._spread)
        truth, prior = torch.from_numpy(clips.labels), priors(clips)[torch.from_numpy(clips.source)]
        drawn = torch.from_numpy(weights(clips)).float()
        self._weight = torch.zeros(given.shape[1], len(EMOTIONS), requires_grad=True)
        self._bias = torch.zeros(len(EMOTIONS), requires_grad=True)
        optimizer = torch.optim.Adam([self._weight, self._bias], lr=0.03)
        for _ in range(STEPS):
            logits = given @ self._weight + self._bias + prior
            loss = (functional.cross_entropy(logits, truth, reduction="none") * drawn).sum()
            loss = loss + DECAY * self._weight.square().sum()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    @torch.no_grad()
    def probabilities(self, bands: NDArray[np.float32], speakers: list[str]) -> NDArray[np.float32]:
        """(N, 7) of N clips' `features.simple`."""
        read = standard(bands, speakers if self._beside else None)
        given = torch.from_numpy((read - self._mean) / self._spread)
        return np.asarray((given @ self._weight + self._bias).softmax(1).numpy(), np.float32)


def commonest(clips: Clips, source: int, count: int) -> NDArray[np.float32]:
    """A pack's training shares of the seven, (count, 7): the same answer always."""
    shares = np.bincount(clips.labels[clips.source == source], minlength=len(EMOTIONS)).astype(np.float32)
    return np.tile(shares / shares.sum(), (count, 1))
