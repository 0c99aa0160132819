"""The published confusion matrices give the published scores."""

import json
import re

import numpy as np
import pytest

from model.metrics import calibration_error, confusion_matrix, metrics
from tests.conftest import SHARED

PREPROC = SHARED / "parity" / "preproc.json"


@pytest.mark.parametrize("name", ["reported_confusion_ferv39k", "reported_confusion_dfew_fd1"])
def test_reported_confusion_gives_the_reported_scores(name: str) -> None:
    if not PREPROC.exists():
        pytest.skip(f"the reported matrices are not at {PREPROC}")
    told = json.loads(PREPROC.read_text("utf-8"))[name]
    uar, war, weighted, macro = map(
        float, re.findall(r"UAR ([\d.]+) WAR ([\d.]+) weightedF1 ([\d.]+) macroF1 ([\d.]+)", told["source"])[0]
    )
    found = metrics(told["matrix"])
    assert 100 * found.uar == pytest.approx(uar, abs=0.005)
    assert 100 * found.war == pytest.approx(war, abs=0.005)
    assert found.weighted_f1 == pytest.approx(weighted, abs=0.00005)
    assert found.macro_f1 == pytest.approx(macro, abs=0.00005)


# Table 5 of LERA-BFERT's report: recalls in percent, and the UAR and WAR that its Tables 4 and 6 give for them.
@pytest.mark.parametrize(
    ("recalls", "uar", "war"),
    [
        ((72.51, 53.41, 61.18, 50.44, 26.18, 15.63, 15.31), 42.09, 51.82),
        ((75.42, 55.06, 60.37, 50.84, 27.43, 13.49, 13.46), 42.30, 52.40),
        ((75.22, 54.56, 61.44, 48.42, 26.80, 15.20, 12.53), 42.02, 52.08),
        ((78.07, 56.71, 49.34, 47.00, 28.84, 13.49, 12.76), 40.89, 49.79),
    ],
)
def test_the_reports_own_recalls_give_its_scores(recalls: tuple[float, ...], uar: float, war: float) -> None:
    counts = np.array([1473, 1393, 1958, 1487, 638, 467, 431])  # of FERV39k's test clips
    right = np.round(counts * np.array(recalls) / 100).astype(int)
    matrix = np.diag(right)
    matrix[range(7), [1, 2, 3, 4, 5, 6, 0]] += counts - right
    found = metrics(matrix)
    assert 100 * found.uar == pytest.approx(uar, abs=0.006)
    assert 100 * found.war == pytest.approx(war, abs=0.006)


def test_a_confusion_matrix_has_the_truth_in_its_rows() -> None:
    assert confusion_matrix([0, 0, 2], [0, 1, 2], 3).tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_a_class_that_never_occurs_counts_in_no_mean() -> None:
    found = metrics([[1, 1, 0], [0, 0, 0], [0, 0, 1]])
    assert found.uar == pytest.approx((0.5 + 1) / 2)
    assert found.war == pytest.approx(2 / 3)
    assert found.recalls == (0.5, 0.0, 1.0)
    with pytest.raises(ValueError, match="empty"):
        metrics(np.zeros((7, 7)))


def test_calibration_is_the_gap_between_confidence_and_accuracy() -> None:
    assert calibration_error([[0.8, 0.2]] * 10, [0] * 8 + [1] * 2) == pytest.approx(0.0)
    assert calibration_error([[1.0, 0.0]] * 4, [0, 0, 1, 1]) == pytest.approx(0.5)
