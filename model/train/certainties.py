"""What an answer's certainty is worth, on validation pictures: coverage against accuracy, and crowds weighed by it."""

from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model.certainty import CERTAIN, certainty
from model.emotions import EMOTIONS

EDGES: Final = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
COVERAGES: Final = (1.0, 0.9, 0.8, 0.7, 0.5, 0.3)
RAMPS: Final[dict[str, tuple[float, float] | None]] = {
    "every answer alike": None,
    "the agent's ramp": CERTAIN,
    "0.3 to 0.7": (0.3, 0.7),
    "0.4 to 0.8": (0.4, 0.8),
    "0.5 to 0.9": (0.5, 0.9),
}
CROWDS: Final = 2000
VIEWERS: Final = 20
MIXTURE: Final = np.array([3, 1, 4, 1, 1, 0.5, 0.5]) * 0.3
"""Dirichlet parameters of a crowd's true shares, in the order of EMOTIONS: mostly neutral or happy, seldom mixed."""
LEAST: Final = 0.02
"""The least weight of an answer, so that a crowd of nothing but unsure viewers has shares, too."""


def steps(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> list[dict[str, float]]:
    """How often answers are right between each of EDGES and the next: what the ends of the ramp were chosen by."""
    top, right = probabilities.max(1), probabilities.argmax(1) == labels
    rows = []
    for low, high in pairwise((*EDGES, np.inf)):
        mine = (top >= low) & (top < high)
        if mine.any():
            share = round(float(right[mine].mean()), 4)
            rows.append({"from": low, "pictures": int(mine.sum()), "accuracy": share})
    return rows


def kept(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> list[dict[str, float]]:
    """How often the surest answers are right, when only a share of the pictures is answered (risk and coverage).

    El-Yaniv & Wiener, "On the foundations of noise-free selective classification", JMLR 11 (2010).
    """
    top = probabilities.max(1)
    order = np.argsort(-top, kind="stable")
    right = (probabilities.argmax(1) == labels)[order]
    rows = []
    for share in COVERAGES:
        count = max(1, round(share * len(labels)))
        rows.append(
            {
                "coverage": share,
                "top_probability": round(float(top[order[count - 1]]), 4),
                "accuracy": round(float(right[:count].mean()), 4),
            }
        )
    return rows


def crowds(
    probabilities: NDArray[np.floating], labels: NDArray[np.int64], seed: int = 0
) -> dict[str, dict[str, float]]:
    """Simulated crowds under each of RAMPS: how far their shares are from the true ones, and how often the leader is.

    `distance` is the mean total variation, 0..1; `leader` the share of crowds whose leading emotion is the true one.
    Every crowd draws its true shares, then for each viewer an emotion and one of its pictures.
    """
    random = np.random.default_rng(seed)
    present = np.bincount(labels, minlength=len(EMOTIONS)) > 0
    mixture = MIXTURE[present]
    places = [np.flatnonzero(labels == k) for k in np.flatnonzero(present)]
    drawn = np.array(
        [
            [places[k][random.integers(len(places[k]))] for k in random.choice(len(places), VIEWERS, p=shares)]
            for shares in random.dirichlet(mixture, CROWDS)
        ]
    )  # (CROWDS, VIEWERS)
    votes = probabilities[drawn].astype(np.float64)  # (CROWDS, VIEWERS, 7)
    truth = np.eye(len(EMOTIONS))[labels[drawn]].mean(1)
    found = {}
    for name, ends in RAMPS.items():
        weights = np.ones(votes.shape[:2]) if ends is None else np.maximum(certainty(votes, ends), LEAST)
        shares = (weights[..., None] * votes).sum(1) / weights.sum(1, keepdims=True)
        found[name] = {
            "distance": round(float(np.abs(shares - truth).sum(1).mean() / 2), 4),
            "leader": round(float((shares.argmax(1) == truth.argmax(1)).mean()), 4),
        }
    return found


def measured(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> dict[str, Any]:
    """The card's `certainty`."""
    found = {"steps": steps(probabilities, labels), "kept": kept(probabilities, labels)}
    return {"ends": list(CERTAIN), **found, "crowds": crowds(probabilities, labels)}
