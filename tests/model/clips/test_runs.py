"""A run that stops and goes on, keeps its hands off the test part, and says what it did."""

import csv
import json
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")

import torch
from PIL import Image

from lera.errors import LeraError
from model.train.clips import finetuning, judging, layouts
from model.train.clips.confusion import draw
from model.train.clips.intake import intake_of
from model.train.clips.judging import Answers, judged, opened
from model.train.clips.layouts import Part
from model.train.clips.run import Run, machine
from model.train.clips.starting import start_from
from model.zoo import create
from model.zoo.checkpoint import load, save
from tests.model.clips.trees import ferv39k, motions, moving, plain
from tests.model.zoo.conftest import published_state, shaken

pytestmark = pytest.mark.torch

SIZES = {"frames": 4, "image": 32, "dim": 64, "depth": 1, "heads": 1, "region": (1, 2, 2), "stem": 4, "widths": (8, 8)}


def command(data: Path, run: Path, *more: str, epochs: int = 3, network: str = "lera") -> list[str]:
    """The smallest fine-tuning, with all of the published recipe."""
    given = {key: value for key, value in SIZES.items() if network == "lera" or key not in ("stem", "widths")}
    sizes = [word for key, value in given.items() for word in ("--size", f"{key}={value}")]
    pace = ["--epochs", str(epochs), "--batch", "8", "--micro", "4", "--warm", "1", "--device", "cpu"]
    return [network, "--data", str(data), "--layout", "ferv39k", "--run", str(run), *pace, *sizes, *more]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    chance = np.random.default_rng(0)
    made = [(place % 4, moving(place % 4, chance, 5, 24, 6)) for place in range(32)]
    return ferv39k(tmp_path / "data", {"train": made, "test": made[:6]})


def weights(path: Path) -> dict[str, Any]:
    network: dict[str, Any] = torch.load(path, weights_only=True)["network"]
    return network


def stopping_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """Ctrl-C while that step is at work."""
    whole, count = Run.step, 0

    def step(self: Run, *arguments: Any) -> float:
        nonlocal count
        count += 1
        if count == steps:
            signal.raise_signal(signal.SIGINT)
        return whole(self, *arguments)

    monkeypatch.setattr(Run, "step", step)


@pytest.mark.parametrize("steps", [3, 5], ids=["at the end of an epoch", "within an epoch"])
def test_a_run_that_was_stopped_ends_with_the_same_weights(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], steps: int
) -> None:
    assert finetuning.main(command(data, tmp_path / "straight")) == 0
    with monkeypatch.context() as context:
        stopping_after(context, steps)
        with pytest.raises(KeyboardInterrupt):
            finetuning.main(command(data, tmp_path / "cut"))
    assert "the same command goes on from here" in capsys.readouterr().out
    torch.manual_seed(99)  # whatever happened in between
    assert finetuning.main(command(data, tmp_path / "cut")) == 0
    assert "Going on after epoch" in capsys.readouterr().out
    straight, cut = weights(tmp_path / "straight" / "last.pt"), weights(tmp_path / "cut" / "last.pt")
    assert all(torch.equal(straight[key], cut[key]) for key in straight)
    logs = [list(csv.DictReader((tmp_path / run / "log.csv").read_text().splitlines())) for run in ("straight", "cut")]
    assert [[row["epoch"], row["loss"], row["war"]] for row in logs[0]] == [
        [row["epoch"], row["loss"], row["war"]] for row in logs[1]
    ]
    assert [row["epoch"] for row in logs[1]] == ["1", "2", "3"]


def test_a_run_with_other_settings_is_not_gone_on_with(data: Path, tmp_path: Path) -> None:
    finetuning.main(command(data, tmp_path / "run", epochs=1))
    with pytest.raises(LeraError, match=r"run was begun with recipe .*take another --run folder"):
        finetuning.main(command(data, tmp_path / "run", epochs=2))


def test_a_small_batch_at_once_gives_the_same_step(data: Path, tmp_path: Path) -> None:
    """Gradients add up: without mixing and batch norms, how a step is cut makes no difference."""
    for micro in ("8", "2"):
        more = ("--plain", "--micro", micro, "--size", "drop_path=0.0")
        finetuning.main(command(data, tmp_path / micro, *more, epochs=1, network="mae_dfer"))
    one, other = weights(tmp_path / "8" / "last.pt"), weights(tmp_path / "2" / "last.pt")
    assert all(torch.allclose(one[key], other[key], atol=2e-5) for key in one)


def test_training_never_opens_the_test_part(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = layouts.rows

    def guarded(path: Path, expected: int) -> list[list[str]]:
        assert "test" not in path.name, "the test list was opened"
        return rows(path, expected)

    monkeypatch.setattr(layouts, "rows", guarded)
    seen: list[str] = []
    found_samples = layouts.found_samples

    def watched(*arguments: Any) -> Part:
        part = found_samples(*arguments)
        seen.extend(sample.name for sample in part.samples)
        return part

    monkeypatch.setattr(layouts, "found_samples", watched)
    assert finetuning.main(command(data, tmp_path / "run", epochs=1)) == 0
    assert len(seen) == 32
    # And the guard does guard: judging on the test part is what opens it.
    with pytest.raises(AssertionError, match="test list was opened"):
        judging.main(["lera", str(tmp_path / "run" / "best.pt"), "--data", str(data), "--layout", "ferv39k"])


def test_training_needs_no_test_part_at_all(data: Path, tmp_path: Path) -> None:
    (data / "4_setups" / "All_scenes" / "test_All.csv").unlink()
    assert finetuning.main(command(data, tmp_path / "run", epochs=1)) == 0


def test_the_best_of_validation_is_kept(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([0.2, 0.9, 0.5])
    kept: list[dict[str, Any]] = []
    monkeypatch.setattr(
        Answers, "report", lambda _: dict.fromkeys(("war", "uar", "macro_f1", "calibration_error"), next(scores))
    )

    def noting(path: Path, name: str, sizes: Any, state: dict[str, Any]) -> None:
        kept.append({key: value.clone() for key, value in state.items()})
        save(path, name, sizes, state)

    monkeypatch.setattr(finetuning, "save", noting)
    finetuning.main(command(data, tmp_path / "run"))
    assert len(kept) == 2
    _, best = load(tmp_path / "run" / "best.pt")
    assert all(torch.equal(value, kept[1][key]) for key, value in best.state_dict().items())


def test_a_judgement_has_every_figure(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finetuning.main(command(data, tmp_path / "run", epochs=1))
    best = str(tmp_path / "run" / "best.pt")
    out = tmp_path / "out"
    judging.main(["lera", best, "--data", str(data), "--layout", "ferv39k", "--out", str(out), "--device", "cpu"])
    report = json.loads((out / "report.json").read_text())
    assert report["samples"] == 6 and report["views"]["temporal"] == 2
    assert [one["samples"] for one in report["classes"].values()] == [2, 2, 1, 1, 0, 0, 0]
    assert report["classes"]["fear"]["recall"] is None
    assert np.sum(report["confusion"]) == 6
    assert 0 <= report["calibration_error"] <= 1 and 0 <= report["macro_f1"] <= 1
    with Image.open(out / "confusion.png") as picture:
        assert picture.size > (500, 500)
    assert "WAR" in capsys.readouterr().out
    with pytest.raises(LeraError, match="is a lera, not a videomae"):
        opened("videomae", Path(best))


def test_known_answers_give_known_figures() -> None:
    answers = Answers(np.eye(7)[[0, 0, 1, 2]], np.array([0, 1, 1, 2]))
    report = answers.report()
    assert (report["war"], report["uar"]) == (0.75, pytest.approx(2.5 / 3))
    assert report["calibration_error"] == pytest.approx(0.25)
    assert report["classes"]["sadness"] == {"samples": 2, "recall": 0.5}
    assert draw(answers.confusion(), "x").getpixel((170, 130)) == (20, 62, 122)


def test_answers_are_the_mean_of_the_views(data: Path) -> None:
    torch.manual_seed(0)
    network = shaken(create("lera", **SIZES)).train()
    samples = layouts.ferv39k(data).part("test").samples
    intake = intake_of("lera", SIZES)
    answers = judged(network, samples, intake, machine("cpu"), batch=4)
    assert network.training
    network.eval()
    for sample, row in zip(samples, answers.probabilities, strict=True):
        with torch.no_grad():
            logits = network(torch.from_numpy(intake.test_views(sample))).logits
        assert row == pytest.approx(logits.softmax(1).mean(0).numpy(), abs=1e-5)


@pytest.mark.parametrize("file", ["lera", "mae_dfer", "encoder"])
def test_fine_tuning_starts_from_published_files(tmp_path: Path, file: str) -> None:
    """As the papers' code writes them: LERA's own, MAE-DFER fine-tuned, MAE-DFER pre-trained."""
    sizes = SIZES if file == "lera" else {key: value for key, value in SIZES.items() if key not in ("stem", "widths")}
    name = "lera" if file == "lera" else "mae_dfer"
    state = published_state(name, shaken(create(name, **sizes)))
    if file == "encoder":
        state = {f"encoder.{key}": value for key, value in state.items() if not key.startswith(("head", "fc_norm"))}
        state |= {
            "encoder.norm.weight": torch.ones(64),
            "decoder.head.weight": torch.ones(1),
            "mask_token": torch.ones(1),
        }
    torch.save({"model": state}, tmp_path / "checkpoint.pth")
    network = create("lera", **SIZES)
    before = network.state_dict()["motion.project.weight"].clone()
    told = start_from(tmp_path / "checkpoint.pth", "lera", network)
    assert told[0].startswith("started from checkpoint.pth")
    after = network.state_dict()
    prefix = "encoder." if file == "encoder" else ""
    assert torch.equal(after["trunk.patches.weight"], state[f"{prefix}patch_embed.proj.weight"])
    assert torch.equal(after["motion.project.weight"], before) == (file != "lera")


def test_still_pictures_train_an_image_network(tmp_path: Path) -> None:
    """POSTER V2 has its own pyramid; C3D on frames that stand still is enough to see that one frame is a clip, too."""
    data = ferv39k(tmp_path / "data", {"train": [(k % 2, plain(1, 100 * (k % 2), 20)) for k in range(24)]})
    sizes = ["--size", "frames=16", "--size", "image=32", "--size", "hidden=16"]
    pace = ["--epochs", "1", "--batch", "8", "--device", "cpu", "--bf16", "--balanced", "--no-mirror"]
    run = tmp_path / "run"
    arguments = ["c3d", "--data", str(data), "--layout", "ferv39k", "--run", str(run), *sizes, *pace]
    assert finetuning.main(arguments) == 0
    assert (run / "best.pt").exists()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_workers_bring_the_same_batches(data: Path, tmp_path: Path) -> None:
    for workers in ("0", "1"):
        finetuning.main(command(data, tmp_path / workers, "--workers", workers, epochs=1))
    one, other = weights(tmp_path / "0" / "last.pt"), weights(tmp_path / "1" / "last.pt")
    assert all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_broken_frame_is_one_line(data: Path, tmp_path: Path, workers: str) -> None:
    for path in (data / "2_ClipsforFaceCrop").rglob("*.png"):
        path.write_text("no picture")
    with pytest.raises(LeraError, match=r"can't be read") as refusal:
        finetuning.main(command(data, tmp_path / "run", "--workers", workers))
    assert "\n" not in str(refusal.value)


def motion_accuracy(tmp_path: Path, data: Path, *more: str) -> float:
    """Train the smallest LERA on clips whose label is their motion; its accuracy on the held-out test part."""
    sizes = {"frames": 8, "image": 48, "dim": 64, "depth": 1, "heads": 1, "region": (2, 3, 3), "stem": 8,
             "widths": (16, 16, 32), "drop_path": 0.0}  # fmt: skip
    words: Sequence[str] = [word for key, value in sizes.items() for word in ("--size", f"{key}={value}")]
    pace = ["--epochs", "12", "--batch", "32", "--micro", "32", "--warm", "1", "--rate", "0.016", "--device", "cpu"]
    where = ["--data", str(data), "--layout", "ferv39k"]
    assert finetuning.main(["lera", *where, "--run", str(tmp_path), "--plain", *pace, *words, *more]) == 0
    return judged_accuracy(tmp_path / "best.pt", data)


def judged_accuracy(weights: Path, data: Path) -> float:
    """What `evaluate-clips` says of weights."""
    where = ["--data", str(data), "--layout", "ferv39k", "--device", "cpu", "--batch", "32"]
    judging.main(["lera", str(weights), *where])
    accuracy: float = json.loads((weights.parent / "report.json").read_text())["war"]
    return accuracy


@pytest.mark.slow
def test_the_motion_branch_reads_motion_and_nothing_else_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four directions, so chance is 25 %. In shuffled frames the axis is still to be seen: 50 % is all there is."""
    ordered = motions(tmp_path / "ordered", 768, 200)
    shuffled = motions(tmp_path / "shuffled", 768, 200, shuffled=True)
    on = motion_accuracy(tmp_path / "on", ordered)
    off = motion_accuracy(tmp_path / "off", ordered, "--size", "motion=False")
    mixed_up = motion_accuracy(tmp_path / "mixed-up", shuffled)
    scrambled = judged_accuracy(tmp_path / "on" / "best.pt", shuffled)
    with capsys.disabled():
        print(f"\nmotion on {on:.1%}, off {off:.1%}; trained on shuffled frames {mixed_up:.1%}, only judged on them "
              f"{scrambled:.1%}")  # fmt: skip
    assert on >= 0.96
    assert off <= 0.35
    assert mixed_up <= 0.62
    assert scrambled <= 0.62
