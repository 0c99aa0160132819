"""How good answers are: WAR, UAR, F1, the confusion matrix, the calibration error. numpy only.

WAR (weighted average recall) is plain accuracy; UAR (unweighted average recall) is the mean of the classes' recalls,
so that rare classes count as much as common ones. Both are what FERV39k and DFEW are compared by.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Metrics:
    """All shares, 0..1."""

    war: float
    uar: float
    macro_f1: float
    weighted_f1: float
    recalls: tuple[float, ...]  # of each class; 0 for a class without samples


def confusion_matrix(truth: Sequence[int] | Counts, answers: Sequence[int] | Counts, classes: int) -> Counts:
    """Class numbers (N,) twice -> (classes, classes): row the truth, column the answer."""
    places = np.asarray(truth, np.int64) * classes + np.asarray(answers, np.int64)
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes)


def metrics(confusion: ArrayLike) -> Metrics:
    """Of a confusion matrix. Classes that never occur count in neither mean. Raises ValueError when it is empty."""
    matrix = np.asarray(confusion, np.float64)
    occurred, answered, right = matrix.sum(axis=1), matrix.sum(axis=0), np.diag(matrix)
    if not occurred.sum():
        raise ValueError("an empty confusion matrix has no metrics")
    recalls = right / np.maximum(occurred, 1)
    # 2 right / (occurred + answered) is the harmonic mean of precision and recall, and 0 where nothing was right.
    f1 = 2 * right / np.maximum(occurred + answered, 1)
    seen = occurred > 0
    return Metrics(
        war=float(right.sum() / occurred.sum()),
        uar=float(recalls[seen].mean()),
        macro_f1=float(f1[seen].mean()),
        weighted_f1=float((f1 * occurred).sum() / occurred.sum()),
        recalls=tuple(recalls.tolist()),
    )


def calibration_error(probabilities: ArrayLike, truth: Sequence[int] | Counts, bins: int = 15) -> float:
    """Expected calibration error, 0..1: how far confidence is from accuracy, averaged over answers.

    Guo et al., "On calibration of modern neural networks" (ICML 2017), equation 3, with equal-width bins.
    `probabilities` (N, classes), `truth` (N,).
    """
    rows = np.asarray(probabilities, np.float64)
    confidence, right = rows.max(axis=1), rows.argmax(axis=1) == np.asarray(truth)
    places = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gaps = np.abs(np.bincount(places, weights=confidence - right, minlength=bins))
    return float(gaps.sum() / len(rows))
