"""What face, voice and words of one person say, as one answer. Pure, numpy only.

Each modality comes as seven probabilities and a quality. The rule pools them (Genest & Zidek, "Combining probability
distributions: a critique and an annotated bibliography", Statistical Science 1(1), 1986), either as a weighted sum
("linear") or as a weighted product of experts ("log"; Hinton, Neural Computation 14(8), 2002):

    s_m = weight_m * quality_m [* certainty_m]       part_m = s_m / sum of s
    linear: p = sum of part_m p_m
    log:    p ~ prod of p_m ** (part_m * power)      power = 1 + reinforcement * (n - 1), n = (sum s)^2 / sum of s^2

n is how many modalities really take part (Kish's effective number), so nothing jumps when one fades in or out, and one
alone is given back as it came. Reinforcement 0 is the geometric mean; 1 is what independent witnesses deserve.

The rule stands in `weights/modalities.json`, which `python -m model evaluate fusion` writes from a comparison on
RAVDESS; how it was chosen is in the card beside it. No recordings with labels have words beside face and voice, so the
weight of words is a judgement, not a measurement; `WORDS` says which.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.emotions import EMOTIONS

Modality = Literal["face", "voice", "words"]
MODALITIES: Final[tuple[Modality, ...]] = ("face", "voice", "words")
CARD: Final = Path(__file__).parent / "weights" / "modalities.json"
WORDS: Final = 0.5
"""The weight of words, beside the lighter one of face and voice. On lines of a TV series, which are nearest to speech,
the chat reader's UAR is .38 with every word right; a recogniser gets many wrong, and most of what people say while they
play says nothing of how they feel. So words may tip a balance, and overrule neither face nor voice."""
FLOOR: Final = 1e-3
"""No probability counts as less, so that no modality alone can rule an emotion out."""
LEAST_CERTAIN: Final = 0.01
"""What an answer that tells nothing keeps of its weight, so that alone it is still an answer."""


class Sensed(NamedTuple):
    """One modality: `probabilities` (7,) in the order of EMOTIONS, summing to 1, and `quality` 0..1."""

    probabilities: NDArray[np.floating]
    quality: float


class Fused(NamedTuple):
    """All that was sensed: `probabilities` float32 (7,) summing to 1, `quality` 0..1, each modality's part of it."""

    probabilities: NDArray[np.float32]
    quality: float
    parts: dict[Modality, float]
    """Of those that counted; they sum to 1."""


class Rule(NamedTuple):
    """How they are pooled; the module's docstring has the formula."""

    pooling: Literal["linear", "log"]
    weights: dict[Modality, float]
    confidence: bool
    """Whether an unsure answer weighs less, beside its quality."""
    reinforcement: float
    """0..1, of the log pooling."""
    doubt: float
    """0..1: the share of the quality that is lost when they contradict each other outright."""


@cache
def shipped_rule() -> Rule:
    """The rule of `weights/modalities.json`."""
    return Rule(**json.loads(CARD.read_text(encoding="utf-8"))["rule"])


def fuse(sensed: Mapping[Modality, Sensed], rule: Rule | None = None) -> Fused | None:
    """One answer of up to three; None when none of them counts. The shipped rule, unless another is given.

    What is missing, of quality 0, or no distribution over the seven does not count. The quality is that of the best
    modality, lowered by how far they disagree (Jensen-Shannon divergence): it never grows by having more of them.
    """
    told = rule or shipped_rule()
    counted = {name: found for name in MODALITIES if name in sensed and (found := _checked(sensed[name]))}
    strengths = np.array([_strength(each, told.weights[name], told) for name, each in counted.items()])
    if not strengths.sum() > 0:
        return None
    rows = np.stack([each.probabilities for each in counted.values()])  # (n, 7)
    parts = strengths / strengths.sum()
    best = max(each.quality for each, part in zip(counted.values(), parts, strict=True) if part > 0)
    return Fused(
        pooled(rows, parts, told).astype(np.float32),
        best * (1 - told.doubt * disagreement(rows, parts)),
        {name: float(part) for name, part in zip(counted, parts, strict=True) if part > 0},
    )


def pooled(rows: NDArray[np.floating], parts: NDArray[np.floating], rule: Rule) -> NDArray[np.float64]:
    """Distributions (..., n, 7) with parts (..., n) that sum to 1 -> one of each n, (..., 7), by the rule's pooling."""
    weights = np.asarray(parts, np.float64)[..., None]
    if rule.pooling == "linear":
        return np.asarray((weights * rows).sum(-2))
    power = 1 + rule.reinforcement * (1 / np.square(weights).sum(-2) - 1)
    logs = power * (weights * np.log(np.maximum(rows, FLOOR))).sum(-2)
    powers = np.exp(logs - logs.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def certainty(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """How much distributions (..., 7) tell, (...): 1 minus their entropy's share of the highest, at least 0.01."""
    return np.asarray(np.maximum(1 - _entropy(rows) / np.log(len(EMOTIONS)), LEAST_CERTAIN))


def disagreement(rows: NDArray[np.floating], parts: NDArray[np.floating]) -> float:
    """How far distributions (n, 7) with parts (n,) are apart, 0..1: 1 when two equals contradict each other outright.

    Lin, "Divergence measures based on the Shannon entropy", IEEE Transactions on Information Theory 37(1), 1991.
    """
    apart = _entropy(np.asarray(parts @ rows)) - float(parts @ _entropy(rows))
    return float(np.clip(apart / np.log(2), 0.0, 1.0))


def _strength(sensed: Sensed, weight: float, rule: Rule) -> float:
    certain = float(certainty(sensed.probabilities)) if rule.confidence else 1.0
    return weight * sensed.quality * certain


def _checked(sensed: Sensed) -> Sensed | None:
    """With probabilities that sum to 1 and a quality in 0..1; None for what can't count."""
    row = np.asarray(sensed.probabilities, np.float64)
    if row.shape != (len(EMOTIONS),) or not np.isfinite(row).all() or row.min() < 0 or not row.sum() > 0:
        return None
    return Sensed(row / row.sum(), min(sensed.quality, 1.0)) if sensed.quality > 0 else None


def _entropy(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(-(rows * np.log(np.maximum(rows, 1e-12))).sum(-1))
