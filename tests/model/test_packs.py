"""Reading the face packs, and what is refused in them."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from model.emotions import EMOTIONS

pytest.importorskip("pyarrow", reason="pyarrow reads the packs")

import pyarrow
import pyarrow.parquet as parquet

from model.train import packs


def picture(shade: int, side: int) -> bytes:
    """An even picture as the packs hold them."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((side, side), shade, np.uint8)).save(buffer, "webp", lossless=True)
    return buffer.getvalue()


def write(folder: Path, name: str, **columns: list[Any]) -> Path:
    """A pack with these columns; returns the data folder."""
    (folder / "face").mkdir(exist_ok=True)
    parquet.write_table(pyarrow.table(columns), folder / "face" / packs.FILES[name])
    return folder


def votes(*rows: tuple[int, ...]) -> dict[str, list[int]]:
    """FER+ vote columns from rows in the order of EMOTIONS."""
    return {f"v_{emotion}": [row[k] for row in rows] for k, emotion in enumerate(EMOTIONS)}


def test_ferplus_targets_are_shares_of_votes(tmp_path: Path) -> None:
    data = write(
        tmp_path,
        "ferplus",
        image=[picture(10, 48), picture(20, 48), picture(30, 48)],
        label=["neutral", "fear", "anger"],
        split=["train", "val", "train"],
        **votes((0, 1, 3, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 9), (0, 0, 0, 5, 0, 5, 0)),
    )
    pack = packs.load(data, "ferplus", "train")
    assert pack.pictures.shape == (2, packs.SIDE, packs.SIDE)
    assert pack.pictures[:, 0, 0].tolist() == [10, 30]
    assert [EMOTIONS[k] for k in pack.labels] == ["neutral", "anger"]
    assert pack.targets == pytest.approx(np.array([[0, 0.25, 0.75, 0, 0, 0, 0], [0, 0, 0, 0.5, 0, 0.5, 0]]))
    assert not pack.found.any()


def test_rafdb_labels_are_smoothed_and_faces_framed(tmp_path: Path) -> None:
    data = write(tmp_path, "rafdb", image=[picture(5, 100)] * 2, label=["disgust", "fear"], split=["val"] * 2)
    seen = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.8]], np.float32)
    points = np.stack([seen, np.full((3, 2), np.nan, np.float32)])
    pack = packs.load(data, "rafdb", "val", points)
    assert pack.targets.sum(1) == pytest.approx([1, 1])
    assert pack.targets[0].argmax() == EMOTIONS.index("disgust")
    assert pack.targets[0].min() == pytest.approx(packs.SMOOTHING / 7)
    assert pack.found.tolist() == [True, False]
    assert (pack.frames[1] == packs.WHOLE).all()
    assert (pack.frames[0] != packs.WHOLE).any()
    assert len(packs.join(pack, pack)) == 4


def test_points_must_fit_the_pictures(tmp_path: Path) -> None:
    data = write(tmp_path, "rafdb", image=[picture(5, 100)], label=["fear"], split=["val"])
    with pytest.raises(ValueError, match="points must be"):
        packs.load(data, "rafdb", "val", np.zeros((2, 3, 2), np.float32))


def test_unknown_labels_are_refused(tmp_path: Path) -> None:
    data = write(tmp_path, "rafdb", image=[picture(5, 100)], label=["contempt"], split=["val"])
    with pytest.raises(ValueError, match="contempt"):
        packs.opinions(data, "rafdb", "val")


def test_rows_without_votes_are_refused(tmp_path: Path) -> None:
    data = write(
        tmp_path, "ferplus", image=[picture(5, 48)], label=["fear"], split=["val"], **votes((0, 0, 0, 0, 0, 0, 0))
    )
    with pytest.raises(ValueError, match="without a vote"):
        packs.opinions(data, "ferplus", "val")


def test_a_missing_pack_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="--data"):
        packs.images(tmp_path, "ferplus", "train")


def test_doubtful_labels_of_muxspace_are_not_trained_on(tmp_path: Path) -> None:
    chances = [0.19, 0.21, 0.34, 0.36, 0.01]
    write(
        tmp_path,
        "muxspace",
        image=[picture(shade, 96) for shade in range(5)],
        label=["neutral", "happiness", "anger", "sadness", "surprise"],
        split=["train"] * 4 + ["test"],
        audit_p=chances,
    )
    kept = packs.load(tmp_path, "muxspace", "train")
    assert [EMOTIONS[k] for k in kept.labels] == ["happiness", "sadness"]
    assert kept.pictures[:, 0, 0].tolist() == [1, 3]
    assert len(packs.load(tmp_path, "muxspace", "test")) == 1


def test_rare_classes_are_drawn_more_often_but_not_without_end(tmp_path: Path) -> None:
    labels = ["happiness"] * 100 + ["fear"] * 10 + ["disgust"]
    data = write(tmp_path, "rafdb", image=[picture(5, 8)] * 111, label=labels, split=["train"] * 111)
    drawn = packs.frequencies(packs.load(data, "rafdb", "train"), 0.5)
    assert drawn.sum() == pytest.approx(1)
    assert drawn[100] / drawn[0] == pytest.approx(10**0.5)
    assert drawn[110] / drawn[0] == pytest.approx(4)
