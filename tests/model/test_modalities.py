"""Face, voice and words as one answer: what is missing, unsure or contradicts, and that nothing ever breaks it."""

from itertools import permutations, product

import numpy as np
import pytest

from model.emotions import EMOTIONS
from model.modalities import MODALITIES, Modality, Rule, Sensed, disagreement, fuse, shipped_rule

EVEN = dict.fromkeys(MODALITIES, 1.0)
RULES = [
    shipped_rule(),
    *(
        Rule("linear" if linear else "log", EVEN, confidence, reinforcement, 0.5)
        for linear, confidence, reinforcement in product((True, False), (True, False), (0.0, 1.0))
    ),
]


def one_hot(emotion: str, share: float = 1.0) -> np.ndarray:
    """`share` for one emotion, the rest for the others alike."""
    row = np.full(7, (1 - share) / 6)
    row[EMOTIONS.index(emotion)] = share
    return row


def test_nothing_sensed_is_no_answer() -> None:
    assert fuse({}) is None
    assert fuse({name: Sensed(one_hot("fear", 0.8), 0.0) for name in MODALITIES}) is None


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", MODALITIES)
def test_one_alone_is_given_back_as_it_came(rule: Rule, name: Modality) -> None:
    row = np.array([0.4, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05])
    found = fuse({name: Sensed(row, 0.7)}, rule)
    assert found and found.parts == {name: 1.0}
    assert found.probabilities == pytest.approx(row, abs=1e-6)
    assert found.quality == pytest.approx(0.7)


@pytest.mark.parametrize("rule", RULES)
def test_a_missing_one_is_the_same_as_one_of_no_quality(rule: Rule) -> None:
    both: dict[Modality, Sensed] = {
        "face": Sensed(one_hot("happiness", 0.6), 0.9),
        "voice": Sensed(one_hot("anger", 0.5), 0.4),
    }
    without, silent = fuse(both, rule), fuse({**both, "words": Sensed(one_hot("fear"), 0.0)}, rule)
    assert without and silent and without.parts == silent.parts
    assert np.array_equal(without.probabilities, silent.probabilities) and without.quality == silent.quality


@pytest.mark.parametrize("rule", RULES)
def test_one_that_fades_out_leaves_without_a_jump(rule: Rule) -> None:
    face = Sensed(one_hot("happiness", 0.6), 0.9)
    faint = fuse({"face": face, "voice": Sensed(one_hot("anger", 0.9), 1e-6)}, rule)
    gone = fuse({"face": face}, rule)
    assert faint and gone
    assert faint.probabilities == pytest.approx(gone.probabilities, abs=1e-4)
    assert faint.quality == pytest.approx(gone.quality, abs=1e-3)


@pytest.mark.parametrize("rule", RULES)
def test_better_quality_gives_a_larger_part_and_pulls_further(rule: Rule) -> None:
    face = Sensed(one_hot("happiness", 0.7), 0.8)
    found = [
        fuse({"face": face, "voice": Sensed(one_hot("anger", 0.7), quality)}, rule) for quality in (0.1, 0.3, 0.6, 1)
    ]
    parts = [each.parts["voice"] for each in found if each]
    anger = [each.probabilities[EMOTIONS.index("anger")] for each in found if each]
    assert len(parts) == 4 and parts == sorted(set(parts)) and anger == sorted(set(anger))


@pytest.mark.parametrize("rule", RULES)
def test_the_answers_quality_grows_with_theirs_and_never_above_the_best(rule: Rule) -> None:
    row = one_hot("surprise", 0.6)
    qualities = []
    for quality in (0.1, 0.4, 0.7, 1.0):
        found = fuse({"face": Sensed(row, quality), "voice": Sensed(row, 0.3), "words": Sensed(row, 0.2)}, rule)
        assert found and found.quality <= max(quality, 0.3) + 1e-9
        qualities.append(found.quality)
    assert qualities == sorted(set(qualities))


@pytest.mark.parametrize("rule", RULES)
def test_disagreement_lowers_the_quality(rule: Rule) -> None:
    face = Sensed(one_hot("happiness", 0.9), 0.8)
    found = [fuse({"face": face, "voice": Sensed(one_hot(say, 0.9), 0.8)}, rule) for say in ("happiness", "anger")]
    assert found[0] and found[1] and found[0].quality == pytest.approx(0.8)
    assert 0 < found[1].quality < found[0].quality


def test_disagreement_is_all_when_two_equals_contradict_and_nothing_when_they_agree() -> None:
    parts = np.array([0.5, 0.5])
    assert disagreement(np.stack([one_hot("fear"), one_hot("anger")]), parts) == pytest.approx(1.0)
    assert disagreement(np.stack([one_hot("fear", 0.5)] * 2), parts) == pytest.approx(0.0, abs=1e-12)


def test_witnesses_that_agree_reinforce_each_other_in_a_product() -> None:
    said: dict[Modality, Sensed] = {name: Sensed(one_hot("sadness", 0.5), 1.0) for name in ("face", "voice")}
    alone, together = (fuse(said, Rule("log", EVEN, False, reinforcement, 0.5)) for reinforcement in (0.0, 1.0))
    assert alone and together
    assert alone.probabilities[1] == pytest.approx(0.5)
    assert together.probabilities[1] == pytest.approx(0.25 / (0.25 + 6 * (0.5 / 6) ** 2))


@pytest.mark.parametrize("rule", RULES)
def test_the_order_of_modalities_and_of_emotions_changes_nothing(rule: Rule) -> None:
    chance = np.random.default_rng(4)
    said = {name: Sensed(chance.dirichlet(np.ones(7)), chance.uniform()) for name in MODALITIES}
    expected = fuse(said, rule)
    assert expected
    for order in permutations(MODALITIES):
        found = fuse({name: said[name] for name in order}, rule)
        assert found and np.array_equal(found.probabilities, expected.probabilities)
    turned = chance.permutation(7)
    found = fuse({name: Sensed(each.probabilities[turned], each.quality) for name, each in said.items()}, rule)
    assert found and found.probabilities == pytest.approx(expected.probabilities[turned], abs=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_whatever_comes_the_answer_is_a_distribution_or_none(rule: Rule) -> None:
    chance = np.random.default_rng(8)
    rows = [
        *(one_hot(emotion) for emotion in EMOTIONS),
        np.full(7, 1 / 7),
        np.zeros(7),
        np.full(7, np.nan),
        np.array([np.inf, 0, 0, 0, 0, 0, 0]),
        np.array([-1.0, 2, 0, 0, 0, 0, 0]),
        np.ones(6),
        np.full(7, 1e-300),
    ]
    qualities = [0.0, 1e-300, 0.3, 1.0, 5.0, -1.0, float("nan"), float("inf")]
    answers = 0
    for _ in range(1500):
        said: dict[Modality, Sensed] = {
            name: Sensed(rows[chance.integers(len(rows))], qualities[chance.integers(len(qualities))])
            for name in MODALITIES
            if chance.uniform() < 0.7
        }
        found = fuse(said, rule)
        if found:
            answers += 1
            assert found.probabilities.shape == (7,) and found.probabilities.dtype == np.float32
            assert found.probabilities.min() >= 0 and found.probabilities.sum() == pytest.approx(1, abs=1e-5)
            assert 0 <= found.quality <= 1 and sum(found.parts.values()) == pytest.approx(1)
    assert answers > 500
