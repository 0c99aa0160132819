"""The same numbers by group: how large, sharp, bright and level the faces are, and whether our detector found them."""

from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model.train.readings import Readings
from model.train.scores import brief

EDGES: Final = {
    "eyes apart, pixels": ("apart", (14.0, 18.0, 30.0, 40.0)),
    "sharpness": ("sharp", (0.06, 0.10, 0.15)),
    "brightness": ("bright", (0.35, 0.50, 0.65)),
    "tilt, degrees": ("tilt", (5.0, 10.0, 20.0)),
}
"""What is grouped by, and the edges between the groups. Sharpness and brightness are as in `model.light`."""
FEWEST: Final = 20
"""Smaller groups say nothing."""


def groups(readings: Readings) -> dict[str, dict[str, Any]]:
    """For each kind of group and each group with at least FEWEST pictures: `brief` of the aligned answers."""
    found: dict[str, dict[str, Any]] = {}
    for kind, (name, edges) in EDGES.items():
        values: NDArray[np.float64] = getattr(readings, name)
        ends = (-np.inf, *edges, np.inf)
        # A face that was not found has no eyes to measure; its crop is the whole picture, and says nothing of it.
        rows = {_range(low, high): readings.found & (values >= low) & (values < high) for low, high in pairwise(ends)}
        found[kind] = _each(readings, rows)
    found["our detector"] = _each(readings, {"found it": readings.found, "did not": ~readings.found})
    return found


def _range(low: float, high: float) -> str:
    if not np.isfinite(low):
        return f"under {high:g}"
    return f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} and more"


def _each(readings: Readings, rows: dict[str, NDArray[np.bool_]]) -> dict[str, Any]:
    return {
        name: brief(readings.aligned[mine], readings.labels[mine])
        for name, mine in rows.items()
        if mine.sum() >= FEWEST
    }
