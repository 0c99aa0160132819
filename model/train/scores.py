"""How good answers are: the numbers that the model card reports."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model.emotions import EMOTIONS
from model.metrics import calibration_error as metrics_calibration_error
from model.metrics import confusion_matrix, metrics

BINS: Final = 15


def accuracy(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """Share of right answers, both (N,)."""
    return float((answers == labels).mean())


def recalls(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of each class that was found, (7,); NaN for a class that has no pictures."""
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    right = np.bincount(labels[answers == labels], minlength=len(EMOTIONS))
    return np.where(counts > 0, right / np.maximum(counts, 1), np.nan)


def mean_recall(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """Unweighted average recall (UAR) over the classes that have pictures."""
    return float(np.nanmean(recalls(answers, labels)))


def macro_f1(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """Mean of the classes' F1 over the classes that have pictures."""
    return metrics(confusion(answers, labels)).macro_f1


def calibration_error(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Expected calibration error of the top answer, 15 equal bins."""
    return metrics_calibration_error(probabilities, labels, BINS)


def confusion(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts (7, 7): row is the label, column the answer."""
    return confusion_matrix(labels, answers, len(EMOTIONS))


def report(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> dict[str, Any]:
    """Every number of the card for one set of pictures: `probabilities` (N, 7), `labels` (N,); rounded to 4 digits."""
    answers = probabilities.argmax(1).astype(np.int64)
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    found = recalls(answers, labels)
    return {
        "pictures": len(labels),
        "accuracy": round(accuracy(answers, labels), 4),
        "uar": round(mean_recall(answers, labels), 4),
        "macro_f1": round(macro_f1(answers, labels), 4),
        "calibration_error": round(calibration_error(probabilities, labels), 4),
        "classes": {
            emotion: {"pictures": int(counts[k]), "recall": round(float(found[k]), 4) if counts[k] else None}
            for k, emotion in enumerate(EMOTIONS)
        },
        "confusion": confusion(answers, labels).tolist(),
    }
