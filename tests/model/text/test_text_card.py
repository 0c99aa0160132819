"""The text reader's weights and cards say the same."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from model import text
from model.emotions import EMOTIONS

card = pytest.importorskip("model.train.text.card")
DATA = Path(__file__).parents[4] / "shared" / "data"
CARDS = json.loads(text.CARD.read_text(encoding="utf-8"))


def test_card_for_people_is_made_from_the_one_for_machines() -> None:
    assert card.MARKDOWN.read_text(encoding="utf-8") == card.markdown(CARDS)


def test_the_table_of_the_readme_is_made_from_the_card() -> None:
    text = card.README.read_text(encoding="utf-8")
    assert text == card.embedded(text, card.readme(CARDS), card.MARKERS)


def test_card_names_these_weights() -> None:
    content = text.WEIGHTS.read_bytes()
    assert hashlib.sha256(content).hexdigest() == CARDS["sha256"] and len(content) == CARDS["bytes"]
    shipped = sum(path.stat().st_size for path in (text.WEIGHTS, text.LEXICON, text.VOCABULARY))
    assert shipped == CARDS["bytes_with_words"] <= 25_000_000
    assert CARDS["emotions"] == list(EMOTIONS)


@pytest.mark.parametrize("which", card.SETS)
def test_numbers_of_the_card_agree_with_each_other(which: str) -> None:
    for one in CARDS["results"][which].values():
        counts = np.array(one["confusion"])
        assert counts.sum() == one["texts"] == sum(kind["texts"] for kind in one["classes"].values())
        assert counts.trace() / counts.sum() == pytest.approx(one["war"], abs=1e-4)
        assert np.mean(counts.diagonal() / counts.sum(1)) == pytest.approx(one["uar"], abs=1e-4)


def test_lexicon_is_what_its_command_makes() -> None:
    lexicon = pytest.importorskip("model.train.text.lexicon", reason="making it needs torch's neighbours")
    pieces = text.VOCABULARY.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    made, shipped = lexicon.build(pieces), json.loads(text.LEXICON.read_text(encoding="utf-8"))
    assert {part: made[part] for part in ("exact", "loose", "slang")} == {
        part: shipped[part] for part in ("exact", "loose", "slang")
    }
    # Another Python may know more of Unicode's names, but no other ones.
    assert all(made["emoji"][face] == words for face, words in shipped["emoji"].items() if face in made["emoji"])


@pytest.mark.slow
def test_shipped_weights_are_as_good_as_the_card_says() -> None:
    if not (DATA / "text" / "goemotions_ekman7.parquet").exists():
        pytest.skip("the text packs are not here (../shared/data)")
    packs = pytest.importorskip("model.train.text.packs", reason="pyarrow reads the packs")
    part = packs.load(DATA, "goemotions", "test").single()
    answers = text.load().probabilities(part.texts).argmax(1)
    expected = CARDS["results"]["goemotions_test"]["LERA"]["war"]
    assert (answers == part.labels).mean() == pytest.approx(expected, abs=0.005)


def test_judging_is_a_command_of_two_words(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="judging needs torch (requirements-dev.txt)")
    from model.__main__ import main

    with pytest.raises(SystemExit) as stop:
        main(["evaluate", "text", "--help"])
    assert stop.value.code == 0 and "--write" in capsys.readouterr().out
    assert main(["evaluate", "nothing"]) == 2
