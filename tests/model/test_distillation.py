"""A teacher's answers as targets, mixed pictures, and going on from what ships."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("pyarrow", reason="training reads Parquet")

import torch

from lera.errors import LeraError
from model.train import distillation, face, learning, packs, shipped
from model.train.augment import mixed, partners
from model.train.calibration import Calibration
from model.train.export import Crops, export, quantise
from model.train.learning import loss_of, priors
from model.train.network import FaceNetwork, Sizes
from model.train.provenance import _teaching
from tests.model.test_learning import GENTLE, PLAN, SIZES, one_thread, stripes

pytestmark = pytest.mark.torch
__all__ = ["one_thread"]


def checkpoint(path: Path, seed: int, sizes: Sizes = SIZES) -> Path:
    """A network with random weights, as a run keeps it."""
    torch.manual_seed(seed)
    network = FaceNetwork(sizes)
    torch.nn.init.normal_(network.head.weight)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"sizes": vars(sizes), "epoch": 1, "network": network.state_dict()}, path)
    return path


def test_targets_move_towards_the_teacher_by_its_share() -> None:
    pack = stripes(42, 0)
    even = np.full(42, 1 / 42)
    answers = torch.randn(42, 7, generator=torch.Generator().manual_seed(1)) * 3
    whole = distillation.taught(pack, answers, even, share=1.0).targets
    half = distillation.taught(pack, answers, even, share=0.5).targets
    assert whole.sum(1) == pytest.approx(np.ones(42), abs=1e-5)
    assert half == pytest.approx((whole + pack.targets) / 2, abs=1e-6)
    assert distillation.taught(pack, answers, even, share=0.0).targets == pytest.approx(pack.targets)
    softer = distillation.taught(pack, answers, even, share=1.0, softening=4.0).targets
    assert softer.max(1).mean() < whole.max(1).mean() - 0.1


def test_a_student_that_answers_as_its_teacher_has_nothing_left_to_learn() -> None:
    """The prior that goes into the targets is the one that the loss takes out."""
    pack = stripes(42, 0)
    # A pack in which one class is three times as common as the others.
    even = np.where(pack.labels == 2, 3.0, 1.0) / np.where(pack.labels == 2, 3.0, 1.0).sum()
    answers = torch.randn(42, 7, generator=torch.Generator().manual_seed(1))
    targets = torch.from_numpy(distillation.taught(pack, answers, even, share=1.0).targets)
    prior = priors(pack, even)[torch.from_numpy(pack.source)]
    logits = answers.clone().requires_grad_()
    loss_of(logits, targets, prior).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-6
    off = loss_of(answers + torch.eye(7)[0], targets, prior)
    assert off > loss_of(answers, targets, prior)


def test_teachers_answer_together_once_for_each_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = stripes(21, 0)
    small = checkpoint(tmp_path / "plain" / "best.pt", 1)
    large = checkpoint(tmp_path / "teacher" / "best.pt", 2, replace(SIZES, side=48))
    both = distillation.answers_of([small, large], pack, tmp_path)
    each = [distillation.answers_of([one], pack, tmp_path) for one in (small, large)]
    assert torch.allclose(both, (each[0] + each[1]) / 2)
    assert not torch.allclose(each[0], each[1], atol=0.01)

    monkeypatch.setattr(distillation, "logits_of", lambda *_, **__: pytest.fail("answered twice"))
    assert torch.equal(distillation.answers_of([small, large], pack, tmp_path), both)
    with pytest.raises(pytest.fail.Exception, match="answered twice"):
        distillation.answers_of([small], stripes(21, 5), tmp_path)


def test_a_mixed_picture_keeps_more_of_its_own() -> None:
    chance = np.random.default_rng(0)
    other, kept = partners(64, 0.3, chance)
    assert sorted(other.tolist()) == list(range(64))
    assert 0.5 <= kept.min() < 0.9 < kept.max() <= 1
    rows = torch.eye(64)
    made = mixed(rows, other, kept)
    assert made.sum(1) == pytest.approx(torch.ones(64), abs=1e-6)
    assert torch.allclose(made.diagonal(), torch.where(other == torch.arange(64), 1.0, kept))
    crops = torch.rand(64, 1, 8, 8)
    assert torch.allclose(mixed(crops, other, kept)[5], kept[5] * crops[5] + (1 - kept[5]) * crops[other[5]])


def test_a_network_learns_from_mixed_pictures(tmp_path: Path) -> None:
    training, validation = stripes(210, 0), stripes(70, 1)
    best = learning.train(training, validation, tmp_path, replace(PLAN, mixup=0.2), SIZES, GENTLE)
    answers = learning.logits_of(learning.network_of(best)[0], validation, False, SIZES.side).argmax(1).numpy()
    assert (answers == validation.labels).mean() > 0.9


def test_the_network_inside_a_file_is_the_one_that_was_exported(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = FaceNetwork(SIZES).eval()
    torch.nn.init.normal_(network.head.weight)
    exact, small = tmp_path / "exact.onnx", tmp_path / "small.onnx"
    export(network, Calibration(0.0, 0.0, 0.0, (0.0,) * 7), exact)
    quantise(exact, small, Crops(stripes(70, 0), SIZES.side, 50))
    crops = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted, same, near = (
            each(crops) for each in (network, shipped.network_in(exact, SIZES), shipped.network_in(small, SIZES))
        )
    assert torch.allclose(same, wanted, atol=1e-5)
    assert torch.allclose(near, wanted, atol=0.1 * float(wanted.std()))
    assert not torch.equal(near, wanted)
    with pytest.raises(LeraError, match="no tensor network"):
        shipped.network_in(exact, replace(SIZES, widths=(8, 8, 16)))
    (tmp_path / "text.onnx").write_bytes(b"not a network")
    with pytest.raises(LeraError, match="no ONNX file"):
        shipped.network_in(tmp_path / "text.onnx", SIZES)


def test_the_shipped_weights_are_kept_before_they_are_replaced(tmp_path: Path) -> None:
    path = face.kept_of_shipped(tmp_path)
    before = path.read_bytes()
    network, epoch = learning.network_of(path)
    assert epoch == 0
    assert network.sizes.side == Sizes().side
    assert face.kept_of_shipped(tmp_path).read_bytes() == before


def test_one_command_trains_teacher_and_student_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training, validation = stripes(105, 0), stripes(70, 1)
    plan = replace(PLAN, epochs=1, drawn=70)
    monkeypatch.setattr(face, "TEACHER", plan)
    monkeypatch.setattr(face, "STUDENT", replace(plan, mixup=0.2))
    monkeypatch.setattr(face, "TEACHER_SIDE", 48)
    monkeypatch.setattr(face, "GENTLE", GENTLE)
    monkeypatch.setattr(face, "Sizes", lambda **sizes: replace(SIZES, **sizes))
    plain = checkpoint(tmp_path / "second" / "best.pt", 1)
    student = face.distilled(training, validation, tmp_path, plain)
    assert learning.network_of(tmp_path / "teacher" / "best.pt")[0].sizes.side == 48
    assert learning.network_of(student)[0].sizes.side == SIZES.side
    before = student.read_bytes()
    monkeypatch.setattr(learning, "epoch_of", lambda *_: pytest.fail("trained again"))
    assert face.distilled(training, validation, tmp_path, plain).read_bytes() == before
    assert face.better(plain, plain, training, validation) == plain


def test_the_card_tells_of_a_teacher_only_where_there_was_one() -> None:
    assert _teaching(face.facts(taught=False)) == {}
    told = _teaching(face.facts(taught=True))
    assert f"{learning.TEACHER_SIDE} pixels" in told["teacher"]
    assert f"{distillation.SHARE:.0%}" in told["distillation"]


def test_some_of_a_pack_keep_what_belongs_to_them() -> None:
    pack = stripes(20, 0)
    some = packs.pick(pack, slice(5, 9))
    assert len(some) == 4
    assert np.array_equal(some.pictures, pack.pictures[5:9])
    assert np.array_equal(packs.pick(pack, pack.source == 1).labels, pack.labels[pack.source == 1])
    assert len(packs.join(some, pack)) == 24
