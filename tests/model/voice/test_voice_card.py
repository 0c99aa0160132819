"""The voice reader's cards and the README say the same, and what `evaluate voice` measures."""

import json
from pathlib import Path

import numpy as np
import pytest

from model import voice
from model.emotions import EMOTIONS

card = pytest.importorskip("model.train.voice.card")
DATA = Path(__file__).parents[4] / "shared" / "data"
CARDS = json.loads(voice.CARD.read_text(encoding="utf-8"))


def test_card_for_people_is_made_from_the_one_for_machines() -> None:
    assert card.MARKDOWN.read_text(encoding="utf-8") == card.markdown(CARDS)


def test_the_table_of_the_readme_is_made_from_the_card() -> None:
    text = card.README.read_text(encoding="utf-8")
    assert text == card.embedded(text, card.readme(CARDS), card.MARKERS)


@pytest.mark.parametrize("which", card.SETS)
def test_numbers_of_the_card_agree_with_each_other(which: str) -> None:
    for one in CARDS["results"][which].values():
        counts = np.array(one["confusion"])
        assert counts.sum() == one["clips"] == sum(kind["clips"] for kind in one["classes"].values())
        assert counts.trace() / counts.sum() == pytest.approx(one["war"], abs=1e-4)
        there = counts.sum(1) > 0
        assert np.mean(counts.diagonal()[there] / counts.sum(1)[there]) == pytest.approx(one["uar"], abs=1e-4)
        assert one["uar_95"][0] <= one["uar"] <= one["uar_95"][1]
    assert CARDS["emotions"] == list(EMOTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("which", ["ravdess_test", "nemo_test"])
def test_shipped_weights_are_as_good_as_the_card_says(which: str) -> None:
    if not (DATA / "voice" / "ravdess.parquet").exists():
        pytest.skip("the voice packs are not here (../shared/data)")
    packs = pytest.importorskip("model.train.voice.packs", reason="pyarrow reads the packs")
    pack, _, split = which.partition("_")
    part = packs.load(DATA, split, [pack])
    answers = voice.load().probabilities(part.sounds).argmax(1)
    expected = CARDS["results"][which][card.ALONE]["war"]
    assert (answers == part.labels).mean() == pytest.approx(expected, abs=0.01)


def test_judging_is_a_command_of_two_words(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="judging needs torch (requirements-dev.txt)")
    from model.__main__ import main

    with pytest.raises(SystemExit) as stop:
        main(["evaluate", "voice", "--help"])
    assert stop.value.code == 0 and "--write" in capsys.readouterr().out
