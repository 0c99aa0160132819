"""Training end to end, on pictures that are easy to tell apart."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("pyarrow", reason="training reads Parquet")

import torch

from model.face import open_session
from model.train import learning, packs
from model.train.augment import Strength, compressed, glasses, jitter, sample, weather
from model.train.calibration import Calibration, calibrate, fineness, look, temperature
from model.train.export import Crops, agreement, export, quantise
from model.train.learning import Plan, groups_of, logits_of, loss_of, network_of, priors, rate_at
from model.train.network import FaceNetwork, Sizes
from model.train.packs import Pack

pytestmark = pytest.mark.torch

SIZES = Sizes(side=32, widths=(8, 16), dropout=0.0)
PLAN = Plan(epochs=6, rate=4e-3, drawn=420, batch=14, average=0.8, warm=0.5)
GENTLE = Strength(
    scale=0.03, shift=0.01, angle=2, stretch=0.01, gamma=0.1, light=0.1, blur=0.1, coarse=0.1, cutout=0, codec=0, bars=0
)


def stripes(count: int, seed: int) -> Pack:
    """Pictures whose pattern is the class: across, down, both or none, fine or coarse. A third is of another pack."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(count) % 7)
    pictures = random.integers(0, 60, (count, packs.SIDE, packs.SIDE), np.uint8)
    row, column = np.mgrid[: packs.SIDE, : packs.SIDE]
    for picture, label in zip(pictures, labels, strict=True):
        width = 8 if label % 2 else 24
        bright = [row // width % 2, column // width % 2, (row // width + column // width) % 2, row * 0]
        picture += (bright[label // 2] * 150).astype(np.uint8)
    targets = np.eye(7, dtype=np.float32)[labels] * 0.9 + np.float32(0.1 / 7)
    frames = np.repeat(packs.WHOLE[None], count, 0)
    return Pack(pictures, labels, targets, frames, np.zeros(count, bool), (np.arange(count) % 3 == 0).astype(np.int64))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Pictures this small are slower on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def weights(path: Path) -> dict[str, Any]:
    """The network of a last.pt."""
    network: dict[str, Any] = torch.load(path, weights_only=True)["network"]
    return network


def test_it_learns_resumes_exports_and_answers_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training, validation = stripes(210, 0), stripes(70, 1)
    best = learning.train(training, validation, tmp_path / "straight", PLAN, SIZES, GENTLE)

    judge: Callable[..., dict[str, float]] = learning.validate
    calls = 0

    def power_cut(*arguments: Any) -> dict[str, float]:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return judge(*arguments)

    monkeypatch.setattr(learning, "validate", power_cut)
    with pytest.raises(KeyboardInterrupt):
        learning.train(training, validation, tmp_path / "cut", PLAN, SIZES, GENTLE)
    learning.train(training, validation, tmp_path / "cut", PLAN, SIZES, GENTLE)
    straight, cut = weights(tmp_path / "straight" / "last.pt"), weights(tmp_path / "cut" / "last.pt")
    assert all(torch.allclose(straight[name], cut[name], atol=1e-5) for name in straight)
    assert len((tmp_path / "cut" / "log.csv").read_text().splitlines()) == 1 + PLAN.epochs

    network, epoch = network_of(best)
    assert 1 <= epoch <= PLAN.epochs
    logits = logits_of(network, validation, False, SIZES.side)
    assert (logits.argmax(1).numpy() == validation.labels).mean() > 0.9

    more = replace(PLAN, epochs=1, clean=0.5)
    again = learning.train(training, validation, tmp_path / "second", more, SIZES, GENTLE, start=best)
    answers = logits_of(network_of(again)[0], validation, False, SIZES.side).argmax(1).numpy()
    assert (answers == validation.labels).mean() > 0.9

    calibration = calibrate(look(network, validation), training.targets)
    assert math.isfinite(calibration.warmth) and math.isfinite(calibration.rise)
    path = tmp_path / "face.onnx"
    assert export(network, calibration, path) < 1e-4
    small = tmp_path / "face.int8.onnx"
    quantise(path, small, Crops(training, SIZES.side, 100))
    same, apart = agreement(path, small, validation, SIZES.side)
    assert same > 0.97
    assert 0 < apart < 0.02
    given = np.random.default_rng(0).random((5, 1, 32, 32), np.float32)
    seven = open_session(small).run(None, {"grey": given})[0]
    assert seven.sum(1) == pytest.approx(np.ones(5), abs=1e-5)


def test_a_network_that_exports_wrongly_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from model.train import export as module

    monkeypatch.setattr(module, "TOLERANCE", -1.0)
    with pytest.raises(ValueError, match="away from torch"):
        export(FaceNetwork(SIZES).eval(), Calibration(0.0, 0.0, 0.5, (0.0,) * 7), tmp_path / "face.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_picture_and_its_mirror_image_get_the_same_answer(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = FaceNetwork(SIZES).eval()
    torch.nn.init.normal_(network.head.weight)
    path = tmp_path / "face.onnx"
    assert export(network, Calibration(0.1, 0.4, 0.5, (0.0,) * 7), path) < 1e-4
    grey = np.random.default_rng(0).random((3, 1, 32, 32), np.float32)
    session = open_session(path)
    one, other = (session.run(None, {"grey": given})[0] for given in (grey, np.ascontiguousarray(grey[..., ::-1])))
    assert one == pytest.approx(other, abs=1e-5) and one.std() > 0.01


def test_the_temperature_follows_the_detail() -> None:
    sharp = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    blurred = torch.nn.functional.avg_pool2d(sharp, 5, 1, 2)
    flat = torch.full((1, 1, 32, 32), 0.5)
    assert (fineness(sharp) > fineness(blurred)).all()
    assert fineness(sharp) == pytest.approx(fineness(0.5 * sharp + 0.2), abs=1e-4)
    for warmth, rise in ((0.1, 0.4), (50.0, 0.0), (-50.0, 1.0)):
        for pictures in (sharp, blurred, flat):
            found = temperature(fineness(pictures), warmth, rise)
            assert ((found >= 0.59) & (found <= 2.01)).all()
    assert (temperature(fineness(sharp), 0.0, 0.2) > temperature(fineness(blurred), 0.0, 0.2)).all()


def test_the_rate_rises_and_sinks_to_zero() -> None:
    plan = Plan(epochs=10, rate=1.0, warm=1.0)
    rates = [rate_at(epoch, plan) for epoch in (0, 0.5, 5, 10)]
    assert rates == pytest.approx([0, 0.5 * 0.9938, 0.5, 0], abs=1e-4)
    assert max(rate_at(tenth / 10, plan) for tenth in range(100)) < 1


def test_the_layers_nearer_to_the_picture_move_less() -> None:
    network = FaceNetwork(SIZES)
    groups = groups_of(network, Plan(epochs=1, rate=1.0, early=0.3, head=3.0))
    shares = {name: group["share"] for (name, _), group in zip(network.named_parameters(), groups, strict=True)}
    assert shares["stem.weight"] < shares["blocks.0.first.weight"] < shares["blocks.1.second.bias"] == 1
    assert shares["head.weight"] == shares["norm.bias"] == 3
    assert all((tensor.ndim > 1) == (group["weight_decay"] > 0) for group in groups for tensor in group["params"])


def test_the_prior_in_the_loss_frees_the_logits_of_it() -> None:
    """With nothing to see, the best answer of the balanced logits is 'all alike'."""
    pack = stripes(40, 2)
    prior = priors(pack, np.full(40, 1 / 40))[torch.from_numpy(pack.source)]
    targets = torch.from_numpy(pack.targets)
    flat = loss_of(torch.zeros(40, 7), targets, prior)
    for emotion in range(7):
        tilted = torch.zeros(40, 7)
        tilted[:, emotion] = 0.5
        assert loss_of(tilted, targets, prior) > flat


def test_sampling_the_whole_picture_at_its_size_changes_nothing() -> None:
    pictures = torch.randint(0, 256, (2, packs.SIDE, packs.SIDE), dtype=torch.uint8)
    frames = torch.from_numpy(packs.WHOLE).float().repeat(2, 1, 1)
    crops = sample(pictures, frames, packs.SIDE)
    assert torch.allclose(crops[:, 0] * 255, pictures.float(), atol=0.01)


def test_augmentation_keeps_shape_range_and_chance() -> None:
    pictures = torch.randint(0, 256, (16, packs.SIDE, packs.SIDE), dtype=torch.uint8)
    frames = torch.from_numpy(packs.WHOLE).float().repeat(16, 1, 1)

    def once() -> Any:
        random = torch.Generator().manual_seed(5)
        return weather(sample(pictures, jitter(frames, Strength(), random), 64), Strength(), random)

    crops = once()
    assert crops.shape == (16, 1, 64, 64)
    assert crops.min() >= 0
    assert crops.max() <= 1
    assert torch.equal(crops, once())


def test_the_network_takes_any_number_of_pictures() -> None:
    network = FaceNetwork().eval()
    with torch.no_grad():
        assert network(torch.rand(3, 1, 64, 64)).shape == (3, 7)
        even = network(torch.zeros(1, 1, 64, 64))
    assert torch.isfinite(even).all()


def test_glasses_and_codec_change_a_crop_and_keep_its_range() -> None:
    even = torch.full((112, 112), 0.5)
    for kind in (0.2, 0.8):
        worn = even.clone()
        glasses(worn, [0.5, 0.5, 0.9, kind, 0.5, 0.5])
        changed = (worn != even).any(1).nonzero()[:, 0]
        assert 0.3 * 112 < int(changed.min()) < int(changed.max()) < 0.62 * 112
        assert sorted(np.unique(worn.numpy()).tolist()) == pytest.approx([0.5, 0.9])
    picture = np.random.default_rng(0).integers(0, 256, (112, 112), np.uint8)
    coarse, fine = (np.abs(compressed(picture, quality) * 255 - picture).mean() for quality in (15, 90))
    assert coarse > fine > 0
