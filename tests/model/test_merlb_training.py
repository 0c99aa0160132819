"""MERLB on made-up clips in its published layout: what is refused, what is learnt, and that it goes on after a stop."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lera.errors import LeraError

torch = pytest.importorskip("torch", reason="torch is in requirements-dev.txt")
merlb = pytest.importorskip("model.train.merlb")
clips = pytest.importorskip("model.train.merlb_clips")
zoo = pytest.importorskip("model.zoo")

pytestmark = pytest.mark.torch

SIZES: dict[str, Any] = {
    "steps": 2,
    "face": 16,
    "screen": 32,
    "samples": 900,
    "stem": 4,
    "face_widths": (8, 16),
    "screen_widths": (8, 16),
    "sound": 4,
    "feature": 16,
    "units": 5,
    "modes": (6, 6, 6),
    "outputs": (2, 3, 2),
    "ranks": (1, 3, 3, 1),
    "dropout": 0.0,
    "hidden": 16,
}
COLUMNS = ["File", *(name for head in clips.HEADS.values() for name in head)]


def row(name: str, valence: int, arousal: int, behaviour: int) -> dict[str, Any]:
    """One line of the table; as published, most names begin with a space."""
    told: dict[str, Any] = dict.fromkeys(COLUMNS, 0) | {"File": f"{name}.mp4"}
    for head, value in zip(clips.HEADS.values(), (valence, arousal, behaviour), strict=True):
        told[head[value]] = 1
    return {key if key.startswith(("File", "Valence")) else f" {key}": value for key, value in told.items()}


def write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_clip(folder: Path, valence: int, arousal: int, behaviour: int, chance: np.random.Generator) -> None:
    """Valence is how bright the face is, arousal how the voice swings, behaviour the screen's colour."""
    folder.mkdir()
    face = np.clip(0.2 + 0.3 * valence + chance.normal(0, 0.03, (2, 16, 16, 3)), 0, 1)
    game = np.zeros((2, 32, 32, 3))
    game[..., behaviour % 3] = (behaviour + 1) / 8
    wave = np.sin(np.arange(900) * (0.05 + 0.4 * arousal))[None, :, None] + chance.normal(0, 0.1, (2, 900, 1))
    for name, values in (("face", face), ("game", game), ("audio", wave)):
        np.save(folder / f"{name}.npy", values.astype(np.float32))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """36 clips of four streamers."""
    folder = tmp_path / "data"
    folder.mkdir()
    chance = np.random.default_rng(2)
    rows = []
    for number in range(36):
        labels = (number % 3, number // 3 % 3, number % 8)
        name = f"lol_streamer{number % 4}_{number}"
        write_clip(folder / name, *labels, chance)
        rows.append(row(name, *labels))
    write_table(folder / "trainingdata.csv", rows)
    return folder


def test_labels_are_read_in_one_order_with_their_streamers(data: Path) -> None:
    found = clips.read_labels(data / "trainingdata.csv", data)
    assert [clip.labels for clip in found[:4]] == [(0, 0, 0), (1, 0, 1), (2, 0, 2), (0, 1, 3)]
    assert found[5].streamer == "streamer1" and found[5].folder == data / "lol_streamer1_5"


def test_streamers_who_judge_are_in_no_training_clip(data: Path) -> None:
    train, judge = clips.held_out(clips.read_labels(data / "trainingdata.csv", data), 0.2)
    assert len(train) + len(judge) == 36 and len(judge) == 9
    assert not {clip.streamer for clip in train} & {clip.streamer for clip in judge}
    with pytest.raises(LeraError, match="one streamer"):
        clips.held_out(judge, 0.2)


def test_class_weights_are_inverse_to_frequency_in_the_order_of_the_labels(data: Path) -> None:
    found = clips.read_labels(data / "trainingdata.csv", data)
    fights = clips.HEADS["behaviour"].index("Fighting")
    some = [clip for clip in found if clip.labels[2] != fights] + [clip for clip in found if clip.labels[2] == 0]
    weights = clips.class_weights(some)[2]
    counts = np.bincount([clip.labels[2] for clip in some], minlength=8)
    assert weights[fights] == 0 and counts[fights] == 0
    shares = weights.numpy() * counts
    assert shares[counts > 0] == pytest.approx(len(some) / 7)  # every class that is there counts alike


def test_pictures_come_as_rgb_with_channels_first(data: Path) -> None:
    clip = clips.read_labels(data / "trainingdata.csv", data)[0]  # behaviour 0: the first of BGR, so blue
    face, screen, sound = clips.read_clip(clip, merlb.MerlbSizes(**SIZES))
    assert face.shape == (2, 3, 16, 16) and screen.shape == (2, 3, 32, 32) and sound.shape == (2, 900)
    assert screen[:, 2].min() > 0 and not screen[:, :2].any()


@pytest.mark.parametrize(
    ("part", "values", "message"),
    [
        (
            "face",
            np.zeros((2, 16, 16, 4), np.float32),
            r"face.npy has shape \(2, 16, 16, 4\), expected \(2, 16, 16, 3\)",
        ),
        ("face", np.full((2, 16, 16, 3), 200.0, np.float32), r"face.npy must lie in 0..1"),
        ("game", np.zeros((2, 32, 32, 3), np.uint8), "game.npy must hold finite floating-point numbers"),
        ("audio", np.full((2, 900, 1), np.nan, np.float32), "audio.npy must hold finite"),
        ("audio", np.array([{}], dtype=object), "audio.npy is not a .npy file of numbers"),
        ("audio", None, "audio.npy is missing"),
    ],
)
def test_arrays_that_are_none_are_refused(data: Path, part: str, values: Any, message: str) -> None:
    clip = clips.read_labels(data / "trainingdata.csv", data)[0]
    (clip.folder / f"{part}.npy").unlink()
    if values is not None:
        np.save(clip.folder / f"{part}.npy", values, allow_pickle=True)
    with pytest.raises(LeraError, match=message) as refused:
        clips.read_clip(clip, merlb.MerlbSizes(**SIZES))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Valence_Negative": 1}, "line 2: exactly one valence must be 1, not 1 1 0"),
        ({" Fighting": 1}, "line 2: exactly one behaviour must be 1"),
        ({"Valence_Neutral": "yes"}, "line 2: valence must be 0 and 1, not 0 yes 0"),
        ({"File": "../elsewhere/clip.mp4"}, "is not the name of a clip"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    write_table(tmp_path / "labels.csv", [row("lol_someone_1", 1, 1, 1) | change])
    with pytest.raises(LeraError, match=message):
        clips.read_labels(tmp_path / "labels.csv", tmp_path)


def test_a_table_without_a_column_or_rows_is_refused(tmp_path: Path) -> None:
    whole = row("lol_someone_1", 1, 1, 1)
    del whole[" Defending"]
    write_table(tmp_path / "labels.csv", [whole])
    with pytest.raises(LeraError, match="no column Defending"):
        clips.read_labels(tmp_path / "labels.csv", tmp_path)
    (tmp_path / "labels.csv").write_text("File\n", encoding="utf-8")
    with pytest.raises(LeraError, match="no rows"):
        clips.read_labels(tmp_path / "labels.csv", tmp_path)
    with pytest.raises(LeraError, match="can't be read"):
        clips.read_labels(tmp_path / "absent.csv", tmp_path)


def training(data: Path, folder: Path, fusion: str = "tensor_train", **settings: Any) -> Any:
    train, judge = clips.held_out(clips.read_labels(data / "trainingdata.csv", data), 0.2)
    told = {"epochs": 3, "batch": 9, "rate": 5e-3} | settings
    return merlb.Training(folder, SIZES | {"fusion": fusion}, merlb.Settings(**told), train, judge)


@pytest.mark.slow
@pytest.mark.parametrize("fusion", ["early", "late", "tensor_train"])
def test_it_learns_what_streamers_show_whom_it_has_not_met(data: Path, tmp_path: Path, fusion: str) -> None:
    run = training(data, tmp_path / "run", fusion, epochs=40, rate=2e-3, heads=("valence", "arousal"))
    run.run()
    # The mean of two heads, of which chance knows a third: the face tells one, the voice the other.
    assert run.best > 0.8
    name, network = pytest.importorskip("model.zoo.checkpoint").load(tmp_path / "run" / "best.pt")
    assert name == "merlb" and network.sizes.fusion == fusion


def test_each_head_is_judged_by_its_own_answers(data: Path, tmp_path: Path) -> None:
    run = training(data, tmp_path / "run")
    output = {"valence": 1, "arousal": 2, "behaviour": 5}

    class Fixed:
        def eval(self) -> None:
            pass

        def __call__(self, face: Any, *_: Any) -> Any:
            told = [torch.eye(len(each))[output[head]].repeat(len(face), 1) for head, each in clips.HEADS.items()]
            return merlb.MerlbOutput(*told, face)

    run.network = Fixed()
    for index, (head, found) in enumerate(run.judged().items()):
        share = np.mean([clip.labels[index] == output[head] for clip in run.judge_clips])
        assert found.war == pytest.approx(share)
        there = any(clip.labels[index] == output[head] for clip in run.judge_clips)
        assert found.recalls[output[head]] == float(there)


def test_a_run_that_was_stopped_ends_where_it_would_have(data: Path, tmp_path: Path) -> None:
    whole = training(data, tmp_path / "whole")
    whole.run()
    training(data, tmp_path / "parts", epochs=1).run()
    rest = training(data, tmp_path / "parts")
    rest.run()
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, rest.network.state_dict()[name]), name
    with pytest.raises(LeraError, match=r"was begun with rate 0\.005, not 0\.1"):
        training(data, tmp_path / "parts", rate=0.1).run()


def test_settings_that_make_no_run_are_refused(data: Path, tmp_path: Path) -> None:
    for wrong in ({"epochs": 0}, {"batch": 0}, {"rate": 0.0}, {"heads": ("mood",)}):
        with pytest.raises(LeraError):
            training(data, tmp_path / "run", **wrong)
    with pytest.raises(LeraError, match="clips to judge by"):
        merlb.Training(tmp_path, SIZES, merlb.Settings(), [], [])


def test_a_clip_cannot_train_and_judge(data: Path) -> None:
    table = str(data / "trainingdata.csv")
    with pytest.raises(LeraError, match="is to train and to judge"):
        merlb.main(["--data", str(data), "--judge", table])
