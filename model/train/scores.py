"""The numbers of `model.metrics` as the face reader's card and its training want them."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model.emotions import EMOTIONS
from model.metrics import Metrics, calibration_error, confusion_matrix, metrics

NEUTRAL: Final = EMOTIONS.index("neutral")


def of_answers(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> Metrics:
    """Of class numbers, both (N,), N > 0."""
    return metrics(confusion_matrix(labels, answers, len(EMOTIONS)))


def accuracy(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """Share of right answers, both (N,)."""
    return of_answers(answers, labels).war


def mean_recall(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """Unweighted average recall (UAR) over the classes that have pictures."""
    return of_answers(answers, labels).uar


def brief(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> dict[str, Any]:
    """What one line of a table says of `probabilities` (N, 7) and `labels` (N,), N > 0; rounded to 4 digits.

    `neutral_as_emotion` is the share of neutral faces that are answered as something else, None without such faces.
    """
    answers = probabilities.argmax(1).astype(np.int64)
    found = of_answers(answers, labels)
    neutral = labels == NEUTRAL
    return {
        "pictures": len(labels),
        "accuracy": round(found.war, 4),
        "uar": round(found.uar, 4),
        "macro_f1": round(found.macro_f1, 4),
        "calibration_error": round(calibration_error(probabilities, labels), 4),
        "neutral_as_emotion": round(float((answers[neutral] != NEUTRAL).mean()), 4) if neutral.any() else None,
    }


def report(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> dict[str, Any]:
    """`brief`, and each class with its recall and pictures, and the confusion matrix (row label, column answer)."""
    answers = probabilities.argmax(1).astype(np.int64)
    confusion = confusion_matrix(labels, answers, len(EMOTIONS))
    counts, recalls = confusion.sum(1), metrics(confusion).recalls
    return brief(probabilities, labels) | {
        "classes": {
            emotion: {"pictures": int(counts[k]), "recall": round(recalls[k], 4) if counts[k] else None}
            for k, emotion in enumerate(EMOTIONS)
        },
        "confusion": confusion.tolist(),
    }
