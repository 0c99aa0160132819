"""The parts of the published recipe: layer-wise rates, mixing, augmentation, which frames, which batches."""

import math
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")

import torch

from lera.errors import LeraError
from model.clip import dense_views, face_clip
from model.train.clips.augmentation import NONE, Augmentation, erased, multi_scale, varied
from model.train.clips.finetuning import cross_entropy, sizes_of
from model.train.clips.intake import Intake, intake_of
from model.train.clips.loading import order_of
from model.train.clips.mixing import Mixing, mixed, smoothed
from model.train.clips.optimizing import adamw, depth_of, layer_of, parameter_groups, rate_at, set_rate
from model.train.clips.samples import FrameFolder, Sample
from model.zoo import create
from tests.model.clips.trees import frames
from tests.model.zoo.conftest import TINY

pytestmark = pytest.mark.torch


def test_every_layer_learns_at_its_own_rate() -> None:
    network = create("lera", **TINY["lera"])
    groups = parameter_groups(network, 0.05, 0.75)
    scales = {name: group["scale"] for group in groups for name in group["names"]}
    assert scales["trunk.patches.weight"] == pytest.approx(0.75**3)
    assert scales["trunk.blocks.0.mlp.up.weight"] == pytest.approx(0.75**2)
    assert scales["trunk.blocks.1.mlp.up.weight"] == pytest.approx(0.75)
    for last in (
        "head.weight",
        "trunk.norm.weight",
        "trunk.region_tokens",
        "motion.attention.blocks.0.residual.0.weight",
    ):
        assert scales[last] == 1.0
    assert set(scales) == {name for name, _ in network.named_parameters() if not name.startswith("spare.")}


def test_biases_norms_and_tokens_have_no_weight_decay() -> None:
    network = create("mae_dfer", **TINY["mae_dfer"])
    decay = {name: group["weight_decay"] for group in parameter_groups(network, 0.05, 0.75) for name in group["names"]}
    for name in ("head.bias", "trunk.norm.weight", "trunk.region_tokens", "trunk.blocks.0.intra.query.bias"):
        assert decay[name] == 0.0
    assert decay["head.weight"] == decay["trunk.patches.weight"] == 0.05


def test_the_published_network_has_18_layers() -> None:
    with torch.device("meta"):
        names = [name for name, _ in create("mae_dfer").named_parameters()]
    assert depth_of(names) == 16
    assert layer_of("trunk.blocks.15.mlp.up.weight", 16) == 16 and layer_of("head.weight", 16) == 17
    assert len({layer_of(name, 16) for name in names}) == 18


def test_a_network_without_numbered_blocks_learns_all_alike() -> None:
    assert {group["scale"] for group in parameter_groups(create("c3d", **TINY["c3d"]), 0.05, 0.75)} == {1.0}


def test_the_rate_rises_then_falls_by_half_a_cosine() -> None:
    rates = [rate_at(step, 110, 10, 1.0, 0.1) for step in (0, 5, 10, 60, 110)]
    assert rates == pytest.approx([0.1, 0.55, 1.0, 0.55, 0.1])
    optimizer = adamw(create("mae_dfer", **TINY["mae_dfer"]), 1.0, (0.9, 0.999), 0.05, 0.75)
    set_rate(optimizer, 0.4)
    assert {round(group["lr"], 6) for group in optimizer.param_groups} == {0.4, 0.3, 0.225, 0.16875}


def test_mixup_mixes_pictures_and_labels_alike() -> None:
    inputs, labels = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 8, 8).clone(), torch.tensor([0, 1, 2, 3])
    out, targets = mixed(inputs, labels, 7, Mixing(0.8, 0.0, smoothing=0.0), np.random.default_rng(3))
    share = float(targets[0, 0])
    assert 0 < share < 1
    assert targets[0].tolist() == pytest.approx([share, 0, 0, 1 - share, 0, 0, 0])
    assert float(out[0, 0, 0, 0]) == pytest.approx(3 * (1 - share), abs=1e-6)
    assert torch.allclose(targets.sum(1), torch.ones(4))


def test_cutmix_labels_are_the_areas_in_every_frame() -> None:
    inputs, labels = torch.arange(2.0).view(2, 1, 1, 1, 1).expand(2, 3, 4, 20, 20).clone(), torch.tensor([5, 6])
    for seed in range(20):
        out, targets = mixed(inputs, labels, 7, Mixing(0.0, 1.0, smoothing=0.0), np.random.default_rng(seed))
        assert torch.equal(out[:, :, 0], out[:, :, 3])
        assert float(targets[0, 6]) == pytest.approx(float(out[0].mean()), abs=1e-6)
        assert float(targets[1, 6]) == pytest.approx(float(out[1].mean()), abs=1e-6)


def test_both_are_taken_half_of_the_time_and_smoothing_leaves_a_tenth() -> None:
    inputs = torch.stack([torch.zeros(1, 16, 16), torch.ones(1, 16, 16)])
    cut = sum(
        bool(((out := mixed(inputs, torch.tensor([0, 1]), 7, Mixing(), np.random.default_rng(seed))[0]) == 0).any())
        or bool((out == 1).any())
        for seed in range(200)
    )
    assert 70 < cut < 130
    assert smoothed(torch.tensor([2]), 7, 0.1)[0].tolist() == pytest.approx(
        [0.1 / 7] * 2 + [0.9 + 0.1 / 7] + [0.1 / 7] * 4
    )
    same, _ = mixed(inputs[:1], torch.tensor([0]), 7, Mixing(), np.random.default_rng(0))
    assert torch.equal(same, inputs[:1])


def test_the_loss_is_cross_entropy_with_soft_targets() -> None:
    targets = torch.tensor([[0.25, 0.75]])
    assert float(cross_entropy(torch.tensor([[0.0, 0.0]]), targets)) == pytest.approx(math.log(2))
    exact = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert float(cross_entropy(targets.log(), targets)) == pytest.approx(exact, abs=1e-6)


def test_all_frames_are_varied_alike_and_nothing_is_nothing() -> None:
    chance = np.random.default_rng(0)
    frame = chance.integers(0, 256, (40, 30, 3), np.uint8)
    different = 0
    for seed in range(40):
        out = varied([frame, frame], 24, Augmentation(), np.random.default_rng(seed))
        assert out.shape == (2, 24, 24, 3) and np.array_equal(out[0], out[1])
        assert np.array_equal(out, varied([frame, frame], 24, Augmentation(), np.random.default_rng(seed)))
        different += not np.array_equal(out[0], varied([frame], 24, NONE, chance)[0])
    assert different == 40
    square = frame[:30]
    assert np.array_equal(varied([square], 30, NONE, chance)[0], square)
    assert multi_scale([frame], 24, chance).shape == (1, 24, 24, 3)


def test_erasing_covers_one_place_in_a_quarter_of_the_clips() -> None:
    clip = np.zeros((3, 4, 20, 20), np.float32)
    count = 0
    for seed in range(200):
        out = erased(clip, 0.25, np.random.default_rng(seed))
        covered = out != 0
        count += bool(covered.any())
        assert np.array_equal(covered.all(axis=(0, 1)), covered.any(axis=(0, 1)))
    assert 30 < count < 70


def test_an_epoch_is_a_permutation_that_seed_and_number_decide() -> None:
    labels = [0] * 20
    first = order_of(labels, 6, 0, 0)
    assert [len(batch) for batch in first] == [6, 6, 6]
    assert len({place for batch in first for place in batch}) == 18
    assert first == order_of(labels, 6, 0, 0) != order_of(labels, 6, 1, 0)
    assert [len(batch) for batch in order_of(labels, 50, 0, 0)] == [20]


def test_balanced_batches_show_every_class_as_often() -> None:
    labels = [0] * 900 + [1] * 100
    drawn = [labels[place] for batch in order_of(labels, 100, 0, 0, balanced=True) for place in batch]
    assert 0.4 < np.mean(drawn) < 0.6


def test_training_windows_keep_their_step_and_stay_inside() -> None:
    intake = Intake("clip", 4, 8, stride=3)
    chance = np.random.default_rng(0)
    starts = set()
    for _ in range(100):
        window = intake.training_frames(14, chance)
        assert np.diff(window).tolist() == [3, 3, 3] and window[-1] < 14
        starts.add(window[0])
    assert starts == {0, 1, 2, 3, 4}
    assert intake.training_frames(5, chance) == [0, 3, 4, 4]
    segments = Intake("frames", 4, 8).training_frames(40, chance)
    assert [number // 10 for number in segments] == [0, 1, 2, 3]
    assert Intake("picture", 1, 8).training_frames(1, chance) == [0]


def test_the_two_by_two_views(tmp_path: Path) -> None:
    shown = [np.random.default_rng(k).integers(0, 256, (30, 50, 3), np.uint8) for k in range(7)]
    frames(tmp_path / "clip", shown)
    sample = Sample("clip", 0, "clip", FrameFolder(tmp_path / "clip"))
    squeezed = Intake("clip", 4, 16).test_views(sample)
    # The published code's two spatial views are the same square; both windows in time are different.
    assert squeezed.shape == (2, 3, 4, 16, 16)
    for view, numbers in zip(squeezed, dense_views(7, 1, views=2, frames=4), strict=True):
        assert np.array_equal(view, face_clip([shown[number] for number in numbers], 16))
    cut = Intake("clip", 4, 16, squeeze=False).test_views(sample)
    assert cut.shape == (4, 3, 4, 16, 16) and not np.array_equal(cut[0], cut[1])
    assert Intake("frames", 4, 16).test_views(sample).shape == (1, 4, 3, 16, 16)
    assert Intake("picture", 1, 16).test_views(sample).shape == (1, 3, 16, 16)


def test_what_each_network_reads() -> None:
    assert intake_of("lera", {}) == Intake("clip", 16, 160)
    assert intake_of("former_dfer", {}) == Intake("frames", 16, 112)
    assert intake_of("poster_v2", {}) == Intake("picture", 1, 224)
    with pytest.raises(LeraError, match="reads an onset and an apex frame"):
        intake_of("mmnet", {})
    with pytest.raises(LeraError, match="a part of a network"):
        intake_of("mmnet_ca_module", {})


def test_sizes_from_the_command_line() -> None:
    assert sizes_of("lera", ["region=(1, 2, 4)", "fusion=concat"], None) == {
        "drop_path": 0.1, "region": (1, 2, 4), "fusion": "concat",
    }  # fmt: skip
    with pytest.raises(LeraError, match="--size colour=1: `lera` has the sizes"):
        sizes_of("lera", ["colour=1"], None)
