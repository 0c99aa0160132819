"""Voice packs read, and what is kept of them."""

import io
import wave
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch (requirements-dev.txt)")
pyarrow = pytest.importorskip("pyarrow", reason="pyarrow reads the packs")
parquet = pytest.importorskip("pyarrow.parquet")

from model.emotions import EMOTIONS  # noqa: E402
from model.speech import RATE  # noqa: E402
from model.train.voice import features, packs  # noqa: E402
from model.train.voice.encoder import Encoder  # noqa: E402

pytestmark = pytest.mark.torch
DATA = Path(__file__).parents[4] / "shared" / "data"


def file_of(tone: float, rate: int = 48_000) -> bytes:
    """One second of a tone as a wave file."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        sound = 0.3 * np.sin(2 * np.pi * tone * np.arange(rate) / rate)
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    return made.getvalue()


def pack_in(folder: Path) -> Path:
    (folder / "voice").mkdir()
    for name in packs.PACKS:
        rows = {
            "audio": [file_of(200 + 100 * k) for k in range(7)],
            "label": list(EMOTIONS),
            "speaker": [f"{name}:a"] * 4 + [f"{name}:b"] * 3,
            "text_id": ["one"] * 7,
            "split": ["train"] * 6 + ["test"],
        }
        parquet.write_table(pyarrow.table(rows), folder / "voice" / f"{name}.parquet")
    return folder


def test_sound_of_any_rate_comes_as_16_khz() -> None:
    sound = packs.decode(file_of(440))
    assert len(sound) == pytest.approx(RATE, abs=60) and sound.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(sound[:RATE]))
    assert spectrum.argmax() * RATE / len(sound[:RATE]) == pytest.approx(440, abs=3)


def test_only_the_split_that_is_asked_for_is_read(tmp_path: Path) -> None:
    data = pack_in(tmp_path)
    clips = packs.load(data, "train")
    assert len(clips) == 24 and len(clips.sounds) == 24 and set(clips.source.tolist()) == {0, 1, 2, 3}
    assert len(packs.load(data, "test", ["nemo"], sound=False).sounds) == 0
    with pytest.raises(FileNotFoundError, match="--data"):
        packs.load(tmp_path / "elsewhere", "train")


def test_features_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, run = pack_in(tmp_path), tmp_path / "run"
    monkeypatch.setattr(features, "Encoder", lambda: Encoder(pretrained=False))
    clips, first = features.kept(data, "train", 2, run)
    assert len(first) == 2 and first[0].statistics.shape[0] == len(clips) == 24 and not clips.sounds
    assert len(set(first[0].sessions.tolist())) == 8

    def never(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(packs, "decode", never)
    again = features.kept(data, "train", 2, run)[1]
    assert all(np.array_equal(a.statistics, b.statistics) for a, b in zip(first, again, strict=True))


def test_speakers_of_the_real_packs_are_in_one_split_only() -> None:
    if not (DATA / "voice" / "ravdess.parquet").exists():
        pytest.skip("the voice packs are not here (../shared/data)")
    speakers = {
        split: set(packs.load(DATA, split, packs.PACKS[:3], sound=False).speakers) for split in ("train", "val")
    }
    assert speakers["train"].isdisjoint(speakers["val"])
