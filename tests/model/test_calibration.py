"""How much of the prior goes back, and what neutral gets besides."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("pyarrow", reason="training reads Parquet")

import torch

from model.emotions import EMOTIONS
from model.train.calibration import NEUTRAL, PRICE, Looks, Merit, balance, bias_of, merit

pytestmark = pytest.mark.torch

SADNESS, FEAR = EMOTIONS.index("sadness"), EMOTIONS.index("fear")


def looks_of(logits: torch.Tensor, labels: np.ndarray) -> Looks:
    """Of one pack, all of the same detail."""
    return Looks(logits, torch.zeros(len(labels), 1), labels, np.zeros(len(labels), np.int64))


def certain(labels: np.ndarray) -> torch.Tensor:
    """Logits that are right about each label."""
    return torch.eye(7)[torch.from_numpy(labels)] * 4


def test_a_restless_network_is_never_the_better_one() -> None:
    labels = np.arange(140) % 7
    few = certain(labels)
    few[np.flatnonzero(labels == NEUTRAL)[:4]] = certain(np.full(4, SADNESS))  # a fifth of the neutral faces
    dull = certain(labels)
    dull[labels == FEAR] = certain(np.full(20, SADNESS))
    restless, calm = merit(looks_of(few, labels), torch.zeros(7)), merit(looks_of(dull, labels), torch.zeros(7))
    assert not restless.calm
    assert calm.calm
    assert [restless.both, calm.accuracy, calm.uar] == pytest.approx([136 / 140, 6 / 7, 6 / 7])
    assert calm > restless
    assert merit(looks_of(certain(labels), labels), torch.zeros(7)) == Merit(True, 1.0, 1.0, 1.0) > calm


def test_neutral_gets_more_where_the_prior_would_silence_the_rare() -> None:
    """Neutral faces look a little sad; fear is rare and plain, but less so than its prior is low."""
    labels = np.array([NEUTRAL] * 200 + [FEAR] * 20 + [SADNESS] * 100 + [0, 3, 4, 5] * 20)
    logits = certain(labels)
    logits[labels == NEUTRAL] = torch.eye(7)[NEUTRAL] * 0.5 + torch.eye(7)[SADNESS]
    logits[labels == FEAR] = torch.eye(7)[FEAR] * 1.5
    log_prior = torch.full((7,), -2.0)
    log_prior[NEUTRAL], log_prior[SADNESS], log_prior[FEAR] = -1.0, -1.4, -4.0
    share, calm, found = balance(looks_of(logits, labels), log_prior)
    assert found == Merit(True, 1.0, 1.0, 1.0)
    assert share < 0.5 < share * 0.4 + calm + 0.01
    # The prior alone has to choose: neutral faces stay neutral, or fear is seen.
    alone = [merit(looks_of(logits, labels), bias_of(log_prior, step / 20, 0.0)) for step in range(25)]
    assert max(alone) < found


def test_rare_emotions_may_not_cost_more_accuracy_than_said() -> None:
    random = np.random.default_rng(0)
    labels = random.choice(7, 4000, p=[0.25, 0.15, 0.35, 0.08, 0.1, 0.03, 0.04])
    logits = torch.from_numpy(random.normal(size=(4000, 7)) + 2 * np.eye(7)[labels]).float()
    log_prior = torch.log(torch.tensor([0.25, 0.15, 0.35, 0.08, 0.1, 0.03, 0.04]))
    looks = looks_of(logits, labels)
    _, _, found = balance(looks, log_prior)
    every = [merit(looks, bias_of(log_prior, share / 20, calm / 20)) for share in range(25) for calm in range(21)]
    best = max(one.accuracy for one in every if one.calm)
    assert found.calm
    assert best - PRICE <= found.accuracy <= best
    assert found.both == max(one.both for one in every if one.calm and one.accuracy >= best - PRICE)


def test_only_neutral_gets_the_extra() -> None:
    prior = torch.arange(7.0)
    assert bias_of(prior, 0.5, 0.25).tolist() == [0.0, 0.5, 1.25, 1.5, 2.0, 2.5, 3.0]
    assert prior.tolist() == list(range(7))
