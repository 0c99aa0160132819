"""The numbers of the model card, on answers small enough to check by hand."""

import numpy as np
import pytest

from model.train.scores import accuracy, brief, mean_recall, report

LABELS = np.array([0, 0, 0, 1, 2, 2])
ANSWERS = np.array([0, 0, 1, 1, 2, 0])


def test_accuracy_counts_pictures_and_recall_counts_classes() -> None:
    assert accuracy(ANSWERS, LABELS) == pytest.approx(4 / 6)
    assert mean_recall(ANSWERS, LABELS) == pytest.approx((2 / 3 + 1 + 1 / 2) / 3)


def test_f1_is_the_mean_over_the_classes_that_occur() -> None:
    assert brief(np.eye(7)[ANSWERS], LABELS)["macro_f1"] == pytest.approx((4 / 6 + 2 / 3 + 2 / 3) / 3, abs=1e-4)


def test_neutral_faces_answered_as_an_emotion_are_counted() -> None:
    assert brief(np.eye(7)[ANSWERS], LABELS)["neutral_as_emotion"] == 0.5
    assert brief(np.eye(7)[ANSWERS[:4]], LABELS[:4])["neutral_as_emotion"] is None


def test_report_has_the_label_in_the_rows_and_names_classes_without_pictures() -> None:
    one = report(np.eye(7)[ANSWERS], LABELS)
    counts = np.array(one["confusion"])
    assert counts.sum() == one["pictures"] == 6
    assert (counts[2, 0], counts[0, 2]) == (1, 0)
    assert one["classes"]["happiness"] == {"pictures": 3, "recall": 0.6667}
    assert one["classes"]["fear"] == {"pictures": 0, "recall": None}
