"""What is built into the network behind its last layer: fitted on validation pictures, never on test pictures.

How much of the training world's prior goes back into the logits (training made them those of a world with equal
classes), what neutral gets besides, and a temperature (Guo et al., "On Calibration of Modern Neural Networks", ICML
2017) that follows how fine a picture's detail is.
"""

import math
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from model.emotions import EMOTIONS
from model.train import packs
from model.train.augment import sample
from model.train.learning import logits_of
from model.train.network import FaceNetwork
from model.train.packs import Pack
from model.train.scores import accuracy, mean_recall

NEUTRAL: Final = EMOTIONS.index("neutral")
RESTLESS: Final = 0.145
"""Less than 15 %, because the 8-bit form answers a few neutral faces otherwise."""
PRICE: Final = 0.003
"""How much accuracy the rare emotions' recall may cost."""
SHARES: Final = [step / 20 for step in range(25)]
"""Of the prior, that are tried."""
EXTRAS: Final = [step / 20 for step in range(21)]
"""For neutral, that are tried."""
BOUNDS: Final = (math.log(0.6), math.log(2.0))
"""Of the temperature's logarithm."""


@dataclass(frozen=True)
class Calibration:
    """What is done to logits z before softmax: (z + share * log prior) / t, where log t is `warmth` plus `rise` times
    the picture's `fineness`; neutral's logit gets `calm` more."""

    warmth: float
    rise: float
    share: float
    log_prior: tuple[float, ...]
    calm: float = 0.0


def bias_of(log_prior: Tensor, share: float, calm: float) -> Tensor:
    """What is added to the logits, (7,)."""
    bias = share * log_prior
    bias[NEUTRAL] += calm
    return bias


def fineness(grey: Tensor) -> Tensor:
    """Log of the finest detail's size beside that of all edges, (B, 1), of grey pictures (B, 1, H, W).

    Enlarged and blurred pictures have little of it, and packs differ in it more than in anything else that a picture
    says of how far its label can be trusted.
    """
    middle = grey[:, :, 1:-1, 1:-1]
    # Differences alone: of additions, the 8-bit form would make whole numbers.
    across = (grey[:, :, 1:-1, 2:] - middle) - (middle - grey[:, :, 1:-1, :-2])
    along = (grey[:, :, 2:, 1:-1] - middle) - (middle - grey[:, :, :-2, 1:-1])
    detail = (across - -along).square().mean((2, 3))
    edges = (grey[:, :, :, 1:] - grey[:, :, :, :-1]).square().mean((2, 3))
    return 0.5 * (torch.log(detail.clamp(min=1e-6)) - torch.log(edges.clamp(min=1e-6)))


def temperature(fineness: Tensor, warmth: float | Tensor, rise: float | Tensor) -> Tensor:
    """What the logits of pictures of this fineness are divided by; bounded, for pictures unlike any that it met."""
    return torch.exp((rise * fineness - -warmth).clamp(*BOUNDS))


@dataclass(frozen=True)
class Looks:
    """What a network says of validation pictures, each seen whole and through the detector's framing.

    Packs without pictures of some class are left out: what they lack would count as mistakes. `logits` (M, 7) and
    `fineness` (M, 1) of M looks; `labels` and `source`, (M,), as in `packs.Pack`.
    """

    logits: Tensor
    fineness: Tensor
    labels: NDArray[np.int64]
    source: NDArray[np.int64]


def look(network: FaceNetwork, validation: Pack) -> Looks:
    """Looks at all validation pictures and their mirror images; takes a minute."""
    full = [
        s for s in np.unique(validation.source) if len(set(validation.labels[validation.source == s])) == len(EMOTIONS)
    ]
    pack, side = packs.pick(validation, np.isin(validation.source, full)), network.sizes.side
    logits = torch.cat([logits_of(network, pack, aligned, side, mirrored=True) for aligned in (False, True)])
    detail = torch.cat([fineness_of(pack, aligned, side) for aligned in (False, True)])
    return Looks(logits, detail, np.concatenate([pack.labels] * 2), np.concatenate([pack.source] * 2))


def log_prior_of(targets: NDArray[np.float32]) -> Tensor:
    """Log of the mean (7,) of targets (N, 7)."""
    return torch.from_numpy(np.log(targets.mean(0) + 1e-6).astype(np.float32))


@dataclass(frozen=True, order=True)
class Merit:
    """How well a network answers, in the order of what counts. Two compare as what ships should.

    `calm`: at most RESTLESS of each pack's neutral faces are answered as an emotion, because a crowd that only looks on
    must not look sad. `accuracy` and `uar` are means over packs; `both` is the mean of the two.
    """

    calm: bool
    both: float
    accuracy: float
    uar: float


def merit(looks: Looks, bias: Tensor) -> Merit:
    """Of the answers after `bias` (7,) was added to the logits."""
    answers = (looks.logits + bias).argmax(1).numpy()
    parts = [(answers[looks.source == s], looks.labels[looks.source == s]) for s in np.unique(looks.source)]
    calm = all((told[label == NEUTRAL] != NEUTRAL).mean() <= RESTLESS for told, label in parts)
    right, recall = (float(np.mean([score(*part) for part in parts])) for score in (accuracy, mean_recall))
    return Merit(calm, (right + recall) / 2, right, recall)


def balance(looks: Looks, log_prior: Tensor) -> tuple[float, float, Merit]:
    """Share of the prior, neutral's extra, and what they come to.

    The prior alone would have to make every emotion rarer until enough neutral faces stay neutral; with an extra for
    neutral, rare emotions need not pay for that. Of the pairs that are calm and cost at most PRICE of the best accuracy
    of such a pair, it is the one with the best mean of accuracy and UAR.
    """
    pairs = product(SHARES, EXTRAS)
    tried = [(share, calm, merit(looks, bias_of(log_prior, share, calm))) for share, calm in pairs]
    quiet = [one for one in tried if one[2].calm] or tried
    enough = max(found.accuracy for _, _, found in quiet) - PRICE
    return max((one for one in quiet if one[2].accuracy >= enough), key=lambda one: one[2])


def calibrate(looks: Looks, training_targets: NDArray[np.float32]) -> Calibration:
    """Fits `balance`, then the temperature: that with the best likelihood of the labels, where each pack counts as much
    as another."""
    log_prior = log_prior_of(training_targets)
    share, calm, _ = balance(looks, log_prior)
    bias = bias_of(log_prior, share, calm)
    weights = torch.from_numpy(
        sum((looks.source == s) / (looks.source == s).mean() for s in np.unique(looks.source)).astype(np.float32)
    )
    labels = torch.from_numpy(looks.labels)
    numbers = torch.zeros(2, requires_grad=True)
    search = torch.optim.LBFGS([numbers], max_iter=200, line_search_fn="strong_wolfe")

    def surprise() -> Tensor:
        search.zero_grad()
        shifted = (looks.logits + bias) / temperature(looks.fineness, numbers[0], numbers[1])
        loss = (weights * functional.cross_entropy(shifted, labels, reduction="none")).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    search.step(surprise)  # type: ignore[no-untyped-call]
    warmth, rise = numbers.detach().tolist()
    return Calibration(warmth, rise, share, tuple(log_prior.tolist()), calm)


def fineness_of(pack: Pack, aligned: bool, side: int) -> Tensor:
    """The fineness (N, 1) of a pack's crops, through the detector's framing or of the whole pictures."""
    frames = pack.frames if aligned else np.repeat(packs.WHOLE[None], len(pack), 0)
    parts = [slice(start, start + 256) for start in range(0, len(pack), 256)]
    given = ((torch.from_numpy(pack.pictures[part]), torch.from_numpy(frames[part]).float()) for part in parts)
    return torch.cat([fineness(sample(pictures, framing, side)) for pictures, framing in given])
