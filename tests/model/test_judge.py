"""What judges the face reader, on answers and pictures whose outcome is known."""

import importlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lera.errors import LeraError
from model import __main__ as commands
from model.certainty import CERTAIN, certainty
from model.detector import Face
from model.emotions import EMOTIONS
from model.face import SIDE
from model.train import card, certainties
from model.train.card import embedded
from model.train.notes import note
from tests.viewer_agent.helpers import face

pytest.importorskip("pyarrow", reason="judging reads Parquet")
pytest.importorskip("torch", reason="judging fits a linear reader")

import torch

from model.train import evaluate, eyes, learning, linear, odd_looks, provenance, readings, resting, sheet
from model.train.groups import FEWEST, groups
from model.train.network import FaceNetwork, Sizes
from model.train.readings import Readings

pytestmark = pytest.mark.torch

NEUTRAL = EMOTIONS.index("neutral")


class Stub:
    """Reads a crop as one of the seven by its brightness, surely; finds a face in every picture but dark ones."""

    def find(self, frame: NDArray[np.uint8]) -> list[Face]:
        return [face(60, 60, 130)] if frame.mean() > 20 else []

    def crop(self, _frame: NDArray[np.uint8], _face: Face) -> NDArray[np.uint8]:
        return np.full((SIDE, SIDE, 3), _frame.mean(), np.uint8)

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        kinds = np.minimum(crops.mean((1, 2, 3)) // 36, 6).astype(np.int64)
        return np.asarray(np.eye(7)[kinds] * 0.79 + 0.03, np.float32)


def answered(labels: NDArray[np.int64], seed: int = 0) -> NDArray[np.float32]:
    """Calibrated answers (N, 7): right as often as their top probability says, which is anything above .3."""
    random = np.random.default_rng(seed)
    tops = random.uniform(0.3, 1, len(labels))
    answers = np.where(random.uniform(size=len(labels)) < tops, labels, (labels + random.integers(1, 7)) % 7)
    rows = np.repeat((1 - tops)[:, None] / 6, 7, 1)
    rows[np.arange(len(labels)), answers] = tops
    return rows.astype(np.float32)


def some_readings(count: int = 70) -> Readings:
    light = np.arange(count) % 7 * 36 + 20
    pictures = np.repeat(np.repeat(light[:, None, None], 48, 1), 48, 2).astype(np.uint8)
    return readings.read(Stub(), pictures, np.arange(count) % 7)  # type: ignore[arg-type]


def test_pictures_are_read_whole_and_aligned() -> None:
    one = some_readings()
    assert one.found.sum() == 60  # the darkest of the seven is not found
    assert (one.view("whole").argmax(1) == one.labels).all()
    assert (one.aligned[~one.found] == one.whole[~one.found]).all()
    # Eyes .4 of a face of 130 pixels apart, in a picture that was enlarged from 48 to 160.
    assert one.apart[one.found] == pytest.approx(0.4 * 130 * 48 / 160)
    assert np.isnan(one.apart[~one.found]).all()
    assert one.tilt[one.found] == pytest.approx(0, abs=1e-9)


def test_groups_part_the_pictures_that_were_found() -> None:
    one = some_readings(7 * FEWEST)
    found = groups(one)
    assert sum(group["pictures"] for group in found["brightness"].values()) == one.found.sum()
    assert {name: group["pictures"] for name, group in found["our detector"].items()} == {
        "found it": 6 * FEWEST,
        "did not": FEWEST,
    }


def test_the_surest_answers_are_right_more_often() -> None:
    labels = np.arange(7000) % 7
    kept = certainties.kept(answered(labels), labels)
    shares = [one["accuracy"] for one in kept]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0.65, abs=0.03)
    for step, above in zip(certainties.steps(answered(labels), labels)[1:-1], certainties.EDGES[3:], strict=False):
        assert step["from"] - 0.1 < step["accuracy"] < above + 0.1


def test_crowds_of_honest_readers_are_near_their_truth() -> None:
    labels = np.arange(700) % 7
    found = certainties.crowds(np.eye(7)[labels], labels)
    assert all(one == {"distance": 0.0, "leader": 1.0} for one in found.values())
    noisy = certainties.crowds(answered(labels), labels)
    assert noisy["the agent's ramp"]["distance"] < noisy["every answer alike"]["distance"]


def test_certainty_is_a_ramp() -> None:
    low, high = CERTAIN
    tops = np.array([low - 0.1, low, (low + high) / 2, high, 0.99])
    rows = np.column_stack([tops, np.repeat((1 - tops)[:, None] / 6, 6, 1)])
    assert certainty(rows) == pytest.approx([0, 0, 0.5, 1, 1])
    assert float(certainty(rows[2])) == pytest.approx(0.5)


def test_odd_looks_turn_the_mean_before_the_median() -> None:
    found = odd_looks.measured(Stub(), [some_readings(140)], seed=1)  # type: ignore[arg-type]
    assert found["clips"] == 120
    for kind in found["flipped"].values():
        assert all(median <= mean for mean, median in zip(kind["mean"], kind["median"], strict=True))
    assert found["flipped"]["another expression"]["median"][:3] == [0.0] * 3
    assert found["weight_of_newest"][0] == pytest.approx((1 - np.exp(-1 / 8)) / (1 - np.exp(-2)), abs=1e-4)


def test_looks_are_jittered_and_spoilt_ones_are_half_covered() -> None:
    random = np.random.default_rng(0)
    crop = random.integers(0, 256, (SIDE, SIDE), np.uint8)
    made = odd_looks.looks(crop, random)
    assert made.shape == (odd_looks.LOOKS, SIDE, SIDE) and made.dtype == np.uint8
    assert len({look.tobytes() for look in made}) == odd_looks.LOOKS
    assert odd_looks.spoilt(crop, random)[-1].std() == 0


def test_a_baseline_that_mends_resting_faces_shows_as_such() -> None:
    sad_at_rest = np.array([0.02, 0.45, 0.40, 0.05, 0.02, 0.03, 0.03])
    smile = np.array([0.85, 0.03, 0.08, 0.01, 0.01, 0.01, 0.01])
    labels = np.array([NEUTRAL, 0])
    people = [[resting.trial([sad_at_rest], np.stack([sad_at_rest, smile]), labels)] for _ in range(5)]
    found = resting.measured(people)
    assert found["people"] == 5 and found["pictures"] == 10
    assert found["accuracy"] == {"without": 0.5, "with": 1.0, "change": [0.5, 0.5, 0.5]}
    assert found["neutral_as_emotion"] == {"without": 1.0, "with": 0.0, "change": [-1.0, -1.0, -1.0]}
    # People without a further neutral picture have no false alarms to count.
    cost = resting.measured([[resting.trial([sad_at_rest], smile[None], np.array([0]))]])
    assert cost["accuracy"]["with"] == 1.0 and "neutral_as_emotion" not in cost


def test_the_linear_reader_learns_what_is_linear() -> None:
    random = np.random.default_rng(0)
    labels = np.arange(140) % 7
    # Stripes whose direction and width are the class.
    row, column = np.mgrid[:48, :48]
    waves = [np.sin(row * np.cos(k * np.pi / 7) / 3 + column * np.sin(k * np.pi / 7) / 3) for k in labels]
    pictures = np.stack([100 + 60 * wave + random.normal(0, 10, wave.shape) for wave in waves]).astype(np.uint8)
    features = linear.features_of(pictures)
    assert np.abs(linear.gradients(pictures[0] // 2) - features[0]).mean() < 0.05  # the light does not matter
    made = linear.fit(features[:105], np.eye(7, dtype=np.float32)[labels[:105]], 1e-3)
    answers = made.probabilities(features[105:])
    assert answers.sum(1) == pytest.approx(np.ones(35), abs=1e-5)
    assert (answers.argmax(1) == labels[105:]).mean() > 0.9


def test_the_contact_sheet_shows_failures_only() -> None:
    one = some_readings()
    assert np.asarray(sheet.sheet({"all right": one})).min() == 255
    wrong = Readings(**(vars(one) | {"aligned": np.roll(one.aligned, 1, 1)}))
    assert np.asarray(sheet.sheet({"all wrong": wrong})).min() < 255


def test_a_card_of_other_weights_is_not_taken_for_these(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = evaluate.origin(tmp_path, tmp_path)
    assert kept["training"] == json.loads(card.JSON.read_text(encoding="utf-8"))["training"]
    other = tmp_path / "other.onnx"
    other.write_bytes(b"other weights")
    monkeypatch.setattr(evaluate, "WEIGHTS", other)
    with pytest.raises(LeraError, match="other weights"):
        evaluate.origin(tmp_path, tmp_path)
    monkeypatch.setattr(provenance, "told", lambda _run, _data: {"training": {"start": "anew"}})
    (tmp_path / "best.pt").touch()
    told = evaluate.origin(tmp_path, tmp_path)
    assert told["training"] == {"start": "anew"} and told["bytes"] == len(b"other weights")


def test_a_run_tells_all_that_its_card_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = Sizes(side=32, widths=(8, 16))
    kept = {"sizes": asdict(sizes), "epoch": 3, "network": FaceNetwork(sizes).state_dict()}
    torch.save(kept, tmp_path / "best.pt")
    plans = [asdict(learning.FIRST), asdict(learning.SECOND)]
    note(tmp_path, plans=plans, warmth=0.1, rise=0.4, prior_share=0.4, calm=0.1, integers={"same_answer": 0.98})
    points = np.full((4, 3, 2), [[0.3, 0.4], [0.7, 0.4], [0.5, 0.8]], np.float32)
    monkeypatch.setattr(eyes, "points_of", lambda *_: points)
    monkeypatch.setattr(provenance, "packs_used", lambda _data: [])
    told = json.loads(json.dumps(provenance.told(tmp_path, tmp_path)))
    old = json.loads(card.JSON.read_text(encoding="utf-8"))
    assert set(old) - set(told) <= {
        *("summary", "intended_use", "limits", "tried", "bytes", "sha256"),
        *("results", "baselines", "groups", "clip", "certainty", "resting"),
    }
    text = card.markdown(old | told)
    assert (
        f"- round 2: epochs {learning.SECOND.epochs}," in text and "98.00%" in text and "Warmth 0.1, rise 0.4" in text
    )


def test_a_table_goes_between_its_markers() -> None:
    assert embedded("a <x>\nold\n<y> b", "new", ("<x>\n", "<y>")) == "a <x>\nnew\n<y> b"
    with pytest.raises(ValueError, match="has no"):
        embedded("a <y> b", "new", ("<x>\n", "<y>"))


def test_a_command_is_one_word_or_two(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Module:
        @staticmethod
        def main(argv: list[str]) -> int:
            called.append(argv)
            return 0

    def load(name: str) -> type[Module]:
        called.append(name)
        return Module

    called: list[Any] = []
    monkeypatch.setattr(importlib, "import_module", load)
    assert commands.main(["evaluate", "face", "--data", "x"]) == 0
    assert commands.main(["table"]) == 0
    assert called == ["model.train.evaluate", ["--data", "x"], "model.zoo.table", []]
    assert commands.main(["evaluate", "nobody"]) == 2
    assert commands.main(["--help"]) == 0
    assert "evaluate face" in capsys.readouterr().out
