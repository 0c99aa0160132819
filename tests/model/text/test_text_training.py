"""How the text network learns, starts and is exported; on a handful of texts."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch (requirements-dev.txt)")
pytest.importorskip("pyarrow", reason="pyarrow reads the packs")

from model.text import load_words, open_session  # noqa: E402
from model.train.text import baselines, export, graph, learning, packs, pretrained  # noqa: E402
from model.train.text.encoder import Shape, TextNetwork  # noqa: E402
from model.train.text.export import best_range  # noqa: E402
from model.train.text.learning import Plan  # noqa: E402
from model.train.text.reading import read  # noqa: E402

pytestmark = pytest.mark.torch
SMALL = Shape(layers=2, width=24, heads=2, inner=32, vocabulary=30_522, longest=64, dropout=0.0)
TEXTS = ["i love it", "so sad today", "what the hell", "gross", "he is there", "wow really", "i am scared of you"]
TABLE = [[101, 2000, 2001, 102, 0, 0], [101, 2002, 2003, 2004, 2005, 102]]


def pack_of(texts: list[str]) -> packs.Pack:
    marks = np.zeros((len(texts), 7), np.float32)
    marks[np.arange(len(texts)), np.arange(len(texts)) % 7] = 1
    return packs.emotional("few", texts, marks)


def small() -> TextNetwork:
    torch.manual_seed(1)
    return TextNetwork(SMALL).eval()


def test_padding_changes_no_answer() -> None:
    network, table = small(), torch.tensor(TABLE)
    alone = network(table[:1, :4])
    assert torch.allclose(network(table)[:1], alone, atol=1e-5)


@pytest.mark.parametrize("eight_bits", [False, True])
def test_the_graph_answers_as_torch_does(eight_bits: bool) -> None:
    network, bias = small(), np.linspace(-0.1, 0.1, 7).astype(np.float32)
    ranges = export.ranges_of(network, TABLE) if eight_bits else None
    session = open_session(graph.build(network, ranges, bias, 1.5).SerializeToString())
    answered = session.run(None, {"pieces": np.array(TABLE)})[0]
    with torch.no_grad():
        expected = ((network(torch.tensor(TABLE)) + torch.from_numpy(bias)) / 1.5).softmax(1).numpy()
    assert np.allclose(answered, expected, atol=0.02 if eight_bits else 1e-5)


def test_sentiment_is_a_sum_of_the_seven() -> None:
    assert np.allclose(packs.SUMS.sum(0), 1)
    logits = torch.tensor([[9.0, 0, 0, 0, 0, 0, 0]])
    nothing = torch.zeros(1, 7)
    good, bad = torch.tensor([[0.0, 0, 1]]), torch.tensor([[1.0, 0, 0]])
    assert learning.loss_of(logits, nothing, good).item() < 0.01 < learning.loss_of(logits, nothing, bad).item()
    assert learning.loss_of(logits, nothing, torch.zeros(1, 3)).item() == 0


def test_batches_hold_every_row_once_and_like_lengths() -> None:
    lengths = [3, 9, 4, 8, 3, 9]
    plain = learning.batches(lengths, 2)
    assert sorted(np.concatenate(plain)) == list(range(6)) and {lengths[k] for k in plain[-1]} == {9}
    mixed = learning.batches(lengths, 2, np.random.default_rng(1))
    assert sorted(np.concatenate(mixed)) == list(range(6))


def test_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    words, pieces = load_words()
    pack = pack_of(TEXTS)
    reading = read(pack, words, pieces)
    validation = {"goemotions": (pack, reading)}
    plan = Plan(epochs=2, batch=4, warm=1, rate=1e-3)
    whole = learning.train(small(), pack, reading, validation, tmp_path / "whole", plan)
    kept = torch.load(tmp_path / "whole" / "last.pt", weights_only=True)
    assert kept["epoch"] == 2 and (tmp_path / "whole" / "best.pt").exists()
    again = learning.train(small(), pack, reading, validation, tmp_path / "whole", plan)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), again.parameters(), strict=True))
    network, epoch = whole, torch.load(tmp_path / "whole" / "best.pt", weights_only=True)["epoch"]
    assert epoch in (1, 2) and torch.isfinite(network(torch.tensor(TABLE))).all()


def test_a_student_starts_with_some_of_the_teachers_layers() -> None:
    teacher = TextNetwork(SMALL)
    student = pretrained.smaller(teacher, (1,))
    assert student.shape.layers == 1
    ours, theirs = student.state_dict(), teacher.state_dict()
    assert torch.equal(ours["layers.0.wide.weight"], theirs["layers.1.wide.weight"])
    assert torch.equal(student.pieces.weight, teacher.pieces.weight)


def test_safetensors_are_read_by_their_header() -> None:
    numbers = np.arange(6, dtype=np.float32)
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
            "ids": {"dtype": "I64", "shape": [1], "data_offsets": [24, 32]},
        }
    ).encode()
    found = pretrained.tensors(struct.pack("<Q", len(header)) + header + numbers.tobytes() + bytes(8))
    assert list(found) == ["a"] and found["a"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_calibration_lifts_what_is_rare_and_cools_what_is_too_sure() -> None:
    random = np.random.default_rng(2)
    labels = random.choice(7, 600, p=[0.5, 0.1, 0.2, 0.1, 0.05, 0.03, 0.02]).astype(np.int64)
    prior = (np.bincount(labels, minlength=7) / len(labels)).astype(np.float32)
    logits = torch.from_numpy((8 * np.eye(7)[labels] + random.normal(0, 6, (600, 7))).astype(np.float32))
    found = export.calibrate(logits, labels, prior)
    assert found.temperature > 1.2 and 0 <= found.lift <= 0.5
    assert abs(found.bias.mean()) < 1e-5


def test_baselines_learn_and_guess() -> None:
    texts = [f"{word} number {k}" for k in range(30) for word in ("good", "bad")]
    labels = np.tile([2, 0], 30)
    pack = packs.sentimental("few", texts, np.eye(3, dtype=np.float32)[labels])
    assert np.array_equal(baselines.regression(pack, ["good", "bad"], 3).argmax(1), [2, 0])
    assert baselines.majority(pack, 4, 3).shape == (4, 3)


def test_packs_are_read_as_their_readme_says() -> None:
    data = learning.DATA
    if not (data / "text").is_dir():
        pytest.skip("the text packs are not here (../shared/data)")
    train, chat = packs.load(data, "goemotions", "train"), packs.load(data, "twitch", "train")
    assert len(train) == 43_410 - 408 and np.allclose(train.emotions.sum(1), 1)
    assert (len(train.single()) < len(train)) and set(np.unique(chat.labels)) == {0, 1, 2}
    assert 0.05 < packs.held_out(chat).mean() < 0.15
    assert all(np.allclose(p.emotions.sum(1) + p.sentiments.sum(1), 1, atol=1e-4) for p in packs.lexicons(data))


def test_a_missing_pack_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="goemotions_ekman7"):
        packs.load(tmp_path, "goemotions", "train")


def test_a_range_may_cut_an_outlier_and_holds_zero() -> None:
    values = np.random.default_rng(2).normal(0, 1, 1_000_000).astype(np.float32)
    values[0] = 40.0
    scale, zero = best_range(values, float(values.min()), 40.0)
    assert 0 <= zero <= 255
    assert scale * 255 < 40.0
