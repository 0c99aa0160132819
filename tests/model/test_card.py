"""The weights and their cards say the same."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest

from model.certainty import CERTAIN
from model.emotions import EMOTIONS
from model.face import CARD, SIDE, WEIGHTS, FaceReader, open_session
from model.framing import EYE_DISTANCE, EYE_HEIGHT
from model.train.card import MARKDOWN, MARKERS, README, embedded, markdown
from model.train.statements import LIMITS, SUMMARY, TRIED, USE
from model.train.tables import readme

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
CARDS = json.loads(CARD.read_text(encoding="utf-8"))


def test_card_for_people_is_made_from_the_one_for_machines() -> None:
    assert MARKDOWN.read_text(encoding="utf-8") == markdown(CARDS)


def test_the_table_of_the_readme_is_made_from_the_card() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == embedded(text, readme(CARDS), MARKERS)


def test_card_says_what_the_code_says() -> None:
    assert (CARDS["summary"], CARDS["intended_use"]) == (SUMMARY, USE)
    assert (CARDS["limits"], CARDS["tried"]) == (LIMITS, TRIED)
    assert tuple(CARDS["certainty"]["ends"]) == CERTAIN


def test_the_reader_beats_the_simplest_ones_everywhere() -> None:
    for which, views in CARDS["results"].items():
        for view, one in views.items():
            for baseline in CARDS["baselines"].values():
                assert one["accuracy"] > baseline[which][view]["accuracy"]
                assert one["uar"] > baseline[which][view]["uar"]


def test_card_names_these_weights() -> None:
    content = WEIGHTS.read_bytes()
    assert hashlib.sha256(content).hexdigest() == CARDS["sha256"]
    assert len(content) == CARDS["bytes"] <= 10_000_000


def test_card_describes_what_the_code_does() -> None:
    assert CARDS["emotions"] == list(EMOTIONS)
    assert CARDS["input"]["shape"][2:] == [SIDE, SIDE]
    assert (CARDS["framing"]["eye_distance"], CARDS["framing"]["eye_height"]) == (EYE_DISTANCE, EYE_HEIGHT)
    (taken,) = open_session(WEIGHTS).get_inputs()
    assert taken.name == CARDS["input"]["name"]


@pytest.mark.parametrize("which", ["ferplus_val", "ferplus_test", "rafdb_val"])
@pytest.mark.parametrize("view", ["whole", "aligned"])
def test_numbers_of_the_card_agree_with_each_other(which: str, view: str) -> None:
    one = CARDS["results"][which][view]
    counts = np.array(one["confusion"])
    assert counts.sum() == one["pictures"] == sum(kind["pictures"] for kind in one["classes"].values())
    assert counts.trace() / counts.sum() == pytest.approx(one["accuracy"], abs=1e-4)
    assert np.mean(counts.diagonal() / counts.sum(1)) == pytest.approx(one["uar"], abs=1e-4)


@pytest.mark.slow
def test_shipped_weights_are_as_good_as_the_card_says(reader: FaceReader) -> None:
    """On a sample of the test pictures: within three standard errors of the card's accuracy."""
    if not (DATA / "face" / "face_ferplus.parquet").exists():
        pytest.skip("the face packs are not here (../shared/data)")
    packs = pytest.importorskip("model.train.packs", reason="pyarrow reads the packs")
    from model.train.eyes import framed
    from model.train.scores import accuracy

    encoded = packs.images(DATA, "ferplus", "test")
    labels, _ = packs.opinions(DATA, "ferplus", "test")
    rows = np.random.default_rng(3).permutation(len(labels))[:600]
    whole, aligned = [], []
    for row in rows:
        grey = packs.grey(encoded[row])
        whole.append(reader.probabilities(np.repeat(grey[None, ..., None], 3, 3))[0].argmax())
        frame = framed(grey)
        faces = reader.find(frame)
        crop = reader.crop(frame, faces[0]) if faces else None
        aligned.append(whole[-1] if crop is None else reader.probabilities(crop[None])[0].argmax())
    for view, answers in (("whole", whole), ("aligned", aligned)):
        expected = CARDS["results"]["ferplus_test"][view]["accuracy"]
        allowed = 3 * math.sqrt(expected * (1 - expected) / len(rows))
        assert accuracy(np.array(answers), labels[rows]) == pytest.approx(expected, abs=allowed)
