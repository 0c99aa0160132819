"""Choosing the rule by which answers are pooled (`model.modalities`), on takes that judged nothing. numpy only."""

from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model.modalities import WORDS, Modality, Rule, certainty, pooled

Floats = NDArray[np.float64]
SHARES: Final = tuple(round(0.1 * step, 1) for step in range(1, 10))
"""Of the face, tried; the voice has the rest."""
REINFORCEMENTS: Final = (0.0, 0.5, 1.0)
LIMITS: Final[dict[str, dict[str, Any]]] = {
    "weights, pooling, confidence and reinforcement chosen": {},
    "confidence does not count": {"confidence": False},
    "confidence always counts": {"confidence": True},
    "equal weights": {"share": 0.5},
    "weighted sum": {"pooling": "linear"},
    "weighted product, no reinforcement": {"pooling": "log", "reinforcement": 0.0},
    "product of independent witnesses": {
        "pooling": "log",
        "reinforcement": 1.0,
        "share": 0.5,
        "confidence": False,
    },
}
"""What of the rule is fixed in each row of the ablation."""


def rule_of(share: float, pooling: Any, confidence: bool, reinforcement: float, doubt: float = 0.0) -> Rule:
    """A rule with weights that sum to 2 for face and voice; words have their part of the lighter one."""
    weights: dict[Modality, float] = {"face": round(2 * share, 3), "voice": round(2 * (1 - share), 3)}
    return Rule(
        pooling, {**weights, "words": round(WORDS * min(weights.values()), 3)}, confidence, reinforcement, doubt
    )


def rules(limits: dict[str, Any]) -> list[Rule]:
    """All that are tried within `limits`."""
    found = []
    for pooling, confidence, share in product(("linear", "log"), (False, True), SHARES):
        for reinforcement in REINFORCEMENTS if pooling == "log" else (0.0,):
            tried: dict[str, Any] = {
                "share": share,
                "pooling": pooling,
                "confidence": confidence,
                "reinforcement": reinforcement,
            }
            if all(tried[key] == value for key, value in limits.items()):
                found.append(rule_of(**tried))
    return found


def together(rule: Rule, face: Floats, voice: Floats) -> tuple[Floats, Floats]:
    """Answers (…, 7) of both, all of quality 1 -> as one (…, 7), and the parts (…, 2) that they had."""
    rows = np.stack((face, voice), axis=-2)  # (…, 2, 7)
    strengths = np.array([rule.weights["face"], rule.weights["voice"]]) * (certainty(rows) if rule.confidence else 1.0)
    parts = np.broadcast_to(strengths, rows.shape[:-1])
    parts = parts / parts.sum(-1, keepdims=True)
    return pooled(rows, parts, rule), parts


def chosen(face: Floats, voice: Floats, labels: NDArray[np.int64], limits: dict[str, Any]) -> Rule:
    """The rule with the least mean log loss on answers (N, 7) of both and labels (N,)."""
    places = np.arange(len(labels))

    def loss(rule: Rule) -> float:
        return -float(np.log(np.maximum(together(rule, face, voice)[0][places, labels], 1e-9)).mean())

    return min(rules(limits), key=loss)


def doubt(answers: Floats, apart: Floats, labels: NDArray[np.int64]) -> float:
    """How far disagreement 0..1 (N,) lowers the chance that an answer (N, 7) is right: the k in right ~ a (1 - k d).

    By least squares, 0..1.
    """
    right = (answers.argmax(-1) == labels).astype(np.float64)
    slope, base = np.polyfit(apart, right, 1)
    return float(np.clip(-slope / max(base, 1e-9), 0.0, 1.0))
