"""The card of the fusion, the README's table and the rule that runs live say the same."""

import json
from typing import Any

import pytest

from model.emotions import EMOTIONS
from model.modalities import CARD, MODALITIES, WORDS, shipped_rule
from model.train.card import README, embedded
from model.train.modality_card import MARKDOWN, MARKERS, PROSE, ROWS, VIEWS, markdown, readme, verdict

CONTENT: dict[str, Any] = json.loads(CARD.read_text(encoding="utf-8"))


def test_card_for_people_is_made_from_the_one_for_machines() -> None:
    assert MARKDOWN.read_text(encoding="utf-8") == markdown(CONTENT)


def test_the_table_of_the_readme_is_made_from_the_card() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == embedded(text, readme(CONTENT), MARKERS)


def test_card_says_what_the_code_says() -> None:
    assert {name: CONTENT[name] for name in PROSE} == PROSE


def test_the_live_rule_is_the_cards() -> None:
    rule = shipped_rule()
    assert rule._asdict() == CONTENT["rule"]
    assert set(rule.weights) == set(MODALITIES) and min(rule.weights.values()) > 0
    assert rule.weights["words"] == pytest.approx(WORDS * min(rule.weights["face"], rule.weights["voice"]), abs=1e-3)
    assert 0 <= rule.doubt <= 1 and 0 <= rule.reinforcement <= 1


@pytest.mark.parametrize("view", VIEWS)
def test_every_row_has_its_interval_and_differences_fit(view: str) -> None:
    rows = CONTENT["results"][view]
    assert set(rows) == set(ROWS) and CONTENT["seeds"] >= 10
    for row in rows.values():
        for key in ("uar", "accuracy"):
            mean, low, high = row[key]
            assert 1 / len(EMOTIONS) < low < mean < high < 1
    for name, row in CONTENT["differences"][view].items():
        one, other = name.split(" - ")
        assert row["uar"][0] == pytest.approx(rows[one]["uar"][0] - rows[other]["uar"][0], abs=2e-4)


def test_fusion_beats_the_best_single_modality_on_actors_it_has_not_met() -> None:
    for name, row in CONTENT["differences"]["folds"].items():
        if name != "tensor_train - late":
            assert row["uar"][1] > 0, name
    assert " beats " in verdict(CONTENT)
