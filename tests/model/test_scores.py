"""The numbers of the model card, on answers small enough to check by hand."""

import numpy as np
import pytest

from model.train.scores import accuracy, calibration_error, confusion, macro_f1, mean_recall, recalls, report

LABELS = np.array([0, 0, 0, 1, 2, 2])
ANSWERS = np.array([0, 0, 1, 1, 2, 0])


def test_accuracy_counts_pictures_and_recall_counts_classes() -> None:
    assert accuracy(ANSWERS, LABELS) == pytest.approx(4 / 6)
    assert recalls(ANSWERS, LABELS)[:3] == pytest.approx([2 / 3, 1, 1 / 2])
    assert np.isnan(recalls(ANSWERS, LABELS)[3:]).all()
    assert mean_recall(ANSWERS, LABELS) == pytest.approx((2 / 3 + 1 + 1 / 2) / 3)


def test_f1_is_the_mean_over_the_classes_that_occur() -> None:
    assert macro_f1(ANSWERS, LABELS) == pytest.approx((4 / 6 + 2 / 3 + 2 / 3) / 3)


def test_confusion_has_the_label_in_its_rows() -> None:
    counts = confusion(ANSWERS, LABELS)
    assert counts.sum() == 6
    assert counts[2, 0] == 1
    assert counts[0, 2] == 0


def test_honest_probabilities_have_no_calibration_error() -> None:
    seven = np.tile([0.75, 0.25, 0, 0, 0, 0, 0], (4, 1))
    assert calibration_error(seven, np.array([0, 0, 0, 1])) == pytest.approx(0)
    assert calibration_error(seven, np.array([1, 1, 1, 1])) == pytest.approx(0.75)
    assert calibration_error(np.eye(7)[[0, 1]], np.array([0, 1])) == pytest.approx(0)


def test_report_names_classes_without_pictures() -> None:
    one = report(np.eye(7)[ANSWERS], LABELS)
    assert one["pictures"] == 6
    assert one["classes"]["happiness"] == {"pictures": 3, "recall": 0.6667}
    assert one["classes"]["fear"] == {"pictures": 0, "recall": None}
