"""UAR and accuracy over seeds, with intervals from drawing people (or takes) anew. numpy only.

The bootstrap draws whole groups, as takes of one actor are alike (Davison & Hinkley, "Bootstrap methods and their
application", 1997, section 3.8). Every row of a table is judged on the same draws, so differences are paired.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model.emotions import EMOTIONS

DRAWS: Final = 4000
# Two-sided 95 % of Student's t, by degrees of freedom.
STUDENT: Final = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


@dataclass(frozen=True)
class Drawn:
    """One row's UAR and accuracy: of each seed (S,), and of each draw of groups (B,), a mean over seeds."""

    uar: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    uar_drawn: NDArray[np.float64]
    accuracy_drawn: NDArray[np.float64]


def drawn(answers: NDArray[np.floating], labels: NDArray[np.int64], groups: NDArray[np.int64]) -> Drawn:
    """Of answers (S, N, 7), labels (N,) and the group of each (N,). The same groups are drawn the same, always."""
    names, places = np.unique(groups, return_inverse=True)
    right = answers.argmax(2) == labels  # (S, N)
    cells = places * len(EMOTIONS) + labels
    shape = (len(names), len(EMOTIONS))
    counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(float)  # (G, 7)
    rights = np.stack([np.bincount(cells, each, shape[0] * shape[1]).reshape(shape) for each in right])  # (S, G, 7)
    chance = np.random.default_rng(len(names))
    picks = chance.multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWS).astype(float)  # (B, G)
    once = _scores(np.ones((1, len(names))), rights, counts)
    again = _scores(picks, rights, counts)
    return Drawn(once[0][0], once[1][0], again[0].mean(1), again[1].mean(1))


def _scores(picks: NDArray[Any], rights: NDArray[Any], counts: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """UAR and accuracy of each draw and seed, (B, S) each."""
    hits = np.einsum("bg,sgk->bsk", picks, rights)
    there = (picks @ counts)[:, None]  # (B, 1, 7)
    recalls = np.where(there > 0, hits / np.maximum(there, 1), np.nan)
    return np.nanmean(recalls, axis=2), hits.sum(2) / there.sum(2)


def summary(found: Drawn) -> dict[str, Any]:
    """For the card: mean and 95 % interval of each, and half the interval of the mean over seeds."""
    return {
        "uar": _line(found.uar.mean(), found.uar_drawn),
        "accuracy": _line(found.accuracy.mean(), found.accuracy_drawn),
        "uar_over_seeds": round(over_seeds(found.uar), 4),
    }


def difference(one: Drawn, other: Drawn) -> dict[str, Any]:
    """`one` minus `other` on the same draws: mean and 95 % interval."""
    return {
        "uar": _line((one.uar - other.uar).mean(), one.uar_drawn - other.uar_drawn),
        "accuracy": _line((one.accuracy - other.accuracy).mean(), one.accuracy_drawn - other.accuracy_drawn),
        "uar_over_seeds": round(over_seeds(one.uar - other.uar), 4),
    }


def over_seeds(values: NDArray[np.float64]) -> float:
    """Half the 95 % interval of the mean of values (S,): Student's t; 0 for one seed."""
    freedom = len(values) - 1
    return float(STUDENT.get(freedom, 2.0) * values.std(ddof=1) / np.sqrt(len(values))) if freedom else 0.0


def _line(mean: Any, draws: NDArray[np.float64]) -> list[float]:
    return [round(float(mean), 4), *(round(float(value), 4) for value in np.percentile(draws, (2.5, 97.5)))]
