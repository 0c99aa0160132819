"""Does a personal resting baseline (`model.rest`) help? Measured on people whom nothing was trained on.

- muxspace has at most one neutral picture of a person, so it shows only what the correction costs: learnt from that
  picture, tried on the person's other ones, all of which show an emotion.
- RAVDESS (Livingstone & Russo, PLoS ONE 13, 2018) has neutral takes of every actor, but no pictures, only action units.
  A linear reader of those, trained on the other actors, stands in for the network: learnt from two neutral takes, tried
  on all others of the actor.

Both are so small that the people decide, so intervals are bootstrapped over people.
"""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from model.emotions import EMOTIONS
from model.rest import shift, shifted
from model.train import linear, packs
from model.train.readings import SETS, Readings
from model.train.scores import NEUTRAL

RAVDESS: Final = "au_ravdess_openface_video_mean.parquet"
DECAY: Final = 1e-2
ROUNDS: Final = 2000


class Trial(NamedTuple):
    """One person's pictures: probabilities (N, 7) without and with the correction, and labels (N,)."""

    plain: NDArray[np.floating]
    corrected: NDArray[np.float64]
    labels: NDArray[np.int64]


def trial(rest: Sequence[NDArray[np.floating]], rows: NDArray[np.floating], labels: NDArray[np.int64]) -> Trial:
    """Learns the resting face from `rest`, each (7,), and corrects `rows` (N, 7)."""
    return Trial(rows, shifted(rows, shift(np.mean(rest, axis=0))), labels)


def muxspace(data: Path, read: dict[str, Readings]) -> list[list[Trial]]:
    """One trial for each held-out person with a neutral picture and others."""
    people = []
    for name in ("muxspace_val", "muxspace_test"):
        one = read[name]
        subjects = np.array(packs.rows(data, *SETS[name], ["subject"])["subject"].to_pylist())
        for subject in np.unique(subjects):
            mine = subjects == subject
            rest, others = mine & (one.labels == NEUTRAL), mine & (one.labels != NEUTRAL)
            if rest.any() and others.any():
                people.append([trial(list(one.aligned[rest]), one.aligned[others], one.labels[others])])
    return people


def ravdess(data: Path) -> list[list[Trial]]:
    """For each actor one trial for every pair of neutral takes."""
    table = parquet.read_table(data / "face" / RAVDESS)
    units = [name for name in table.column_names if name.startswith("AU") and name.endswith("_r")]
    features = np.stack([table[name].to_numpy() for name in units], 1).astype(np.float32)
    labels = np.array([EMOTIONS.index(word) for word in table["label"].to_pylist()], np.int64)
    resting = np.array(table["orig_label"].to_pylist()) == "neutral"
    actors = table["actor"].to_numpy()
    targets = np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    people = []
    for actor in np.unique(actors):
        mine = actors == actor
        rows = linear.fit(features[~mine], targets[~mine], DECAY).probabilities(features)
        trials = []
        for pair in combinations(np.flatnonzero(mine & resting), 2):
            others = mine.copy()
            others[list(pair)] = False
            trials.append(trial(list(rows[list(pair)]), rows[others], labels[others]))
        people.append(trials)
    return people


def measured(people: list[list[Trial]], seed: int = 0) -> dict[str, Any]:
    """Accuracy, and neutral faces answered as an emotion, without and with; the gain with its 90 % interval.

    Each person is the mean of their trials, so that those with many pictures count no more than others.
    """
    found: dict[str, Any] = {"people": len(people), "pictures": sum(len(trials[0].labels) for trials in people)}
    for name, share in (("accuracy", _right), ("neutral_as_emotion", _alarmed)):
        both = np.array([np.mean([share(one) for one in trials], axis=0) for trials in people])  # (people, 2)
        both = both[np.isfinite(both).all(1)]
        if not len(both):
            continue
        gains = both[:, 1] - both[:, 0]
        drawn = np.random.default_rng(seed).integers(0, len(gains), (ROUNDS, len(gains)))
        low, high = np.quantile(gains[drawn].mean(1), [0.05, 0.95])
        found[name] = {
            "without": round(float(both[:, 0].mean()), 4),
            "with": round(float(both[:, 1].mean()), 4),
            "change": [round(float(gains.mean()), 4), round(float(low), 4), round(float(high), 4)],
        }
    return found


def _right(one: Trial) -> tuple[float, float]:
    plain, corrected = ((rows.argmax(1) == one.labels).mean() for rows in (one.plain, one.corrected))
    return float(plain), float(corrected)


def _alarmed(one: Trial) -> tuple[float, float]:
    neutral = one.labels == NEUTRAL
    if not neutral.any():
        return float("nan"), float("nan")
    plain, corrected = ((rows[neutral].argmax(1) != NEUTRAL).mean() for rows in (one.plain, one.corrected))
    return float(plain), float(corrected)
