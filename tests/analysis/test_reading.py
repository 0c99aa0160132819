"""A file through all of it, with senses that say what they are told to."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.reading import kind_of, read
from analysis.tracks import Read
from lera.errors import LeraError
from tests.analysis.files import clip
from tests.analysis.seeing import TestSenses


def told(path: Path, senses: TestSenses | None = None) -> Read:
    return read(path, senses or TestSenses(), lambda _done, _whole: None)


def test_a_video_is_read_second_by_second(tmp_path: Path) -> None:
    # Its greys begin black (no face), pass dim (sad) into bright (happy), and begin again after 32 pictures.
    senses = TestSenses()
    done: list[tuple[float, float | None]] = []
    found = read(clip(tmp_path / "a.mp4", 6.0, rate=5, late=0.0), senses, lambda *told: done.append(told))
    assert found.kind == "video" and found.length == pytest.approx(6.0, abs=0.3)
    face = found.tracks["face"]
    assert len(face.quality) == 6 and not face.counted[0], "two seconds of a face make the first reading"
    assert face.shares[-1][0] == pytest.approx(0.7, abs=0.05), "bright at its end"
    assert found.tracks["voice"].counted.all() and found.tracks["words"].means is not None
    assert found.parts[-1].sum() == pytest.approx(1) and (found.parts[-1] > 0).all()
    assert senses.ears.times == sorted(senses.ears.times) and senses.ears.flushed
    assert [now for now, _ in done] == sorted(now for now, _ in done) and done[-1][0] == pytest.approx(6.0, abs=0.3)
    assert done[-1][1] == pytest.approx(6.0, abs=0.2)


def test_the_same_file_gives_the_same_numbers(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 5.0)
    one, other = told(path), told(path)
    for modality in one.tracks:
        np.testing.assert_array_equal(one.tracks[modality].shares, other.tracks[modality].shares)
    np.testing.assert_array_equal(one.fused.shares, other.fused.shares)


def test_only_sound_and_only_pictures_say_what_is_absent(tmp_path: Path) -> None:
    sound = told(clip(tmp_path / "a.wav", 3.0, pictures=False, codecs=("", "pcm_s16le")))
    assert sound.kind == "sound" and sound.absent == {"face": "no_stream"} and set(sound.tracks) == {"voice", "words"}
    seen = told(clip(tmp_path / "a.mp4", 5.0, sound=False))
    assert seen.kind == "video" and seen.absent == {"voice": "no_stream", "words": "no_stream"}
    assert set(seen.tracks) == {"face"}


def test_what_is_left_out_is_not_read(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 5.0)
    found = told(path, TestSenses({"voice", "words"}))
    assert found.absent == {"voice": "left_out", "words": "left_out"} and set(found.tracks) == {"face"}
    with pytest.raises(LeraError, match="left to read"):
        told(path, TestSenses({"face", "voice", "words"}))


def test_one_picture_is_no_reading(tmp_path: Path) -> None:
    found = told(clip(tmp_path / "a.mp4", 0.1, sound=False))
    assert found.absent["face"] == "nothing" and not found.tracks and found.fused.known == 0


def test_a_face_that_has_gone_leaves_a_gap(tmp_path: Path) -> None:
    # 32 pictures at 4 a second: seconds 0 and 8 begin black.
    face = told(clip(tmp_path / "a.mp4", 14.0, rate=4, sound=False)).tracks["face"]
    assert face.counted[5:8].all() and not face.counted[8] and face.counted[13]


def test_a_text_is_read_sentence_by_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("I am happy. So sad!\n\nHm.\nhappy happy", "utf-8")
    found = told(path)
    assert found.counts and found.length == 4 and found.lines == (1, 1, 3, 4)
    assert found.absent == {"face": "no_stream", "voice": "no_stream"}
    words = found.tracks["words"]
    assert words.counted.tolist() == [True, True, False, True]
    assert words.shares[:2].argmax(1).tolist() == [0, 1] and (found.fused.shares[0] == pytest.approx(words.shares[0]))


def test_subtitles_keep_their_times(tmp_path: Path) -> None:
    path = tmp_path / "a.SRT"
    path.write_text("1\n00:00:02,000 --> 00:00:04,000\nI am happy\n\n2\n00:00:06,000 --> 00:00:06,500\nsad\n", "utf-8")
    found = told(path)
    assert not found.counts and found.length == 6.5
    assert found.tracks["words"].counted.tolist() == [False, False, True, True, False, False, True]


def test_a_text_that_says_nothing_is_no_number(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Hm. Hm.", "utf-8")
    found = told(tmp_path / "a.txt")
    assert found.absent["words"] == "nothing" and found.fused.known == 0


def test_what_is_no_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    for path, said in (
        (tmp_path, "is a folder"),
        (tmp_path / "none.mp4", "There is no file"),
        (tmp_path / "empty.mp4", "is empty"),
        (tmp_path / ("a" * 50 + "\x1b[31m.mp4"), "There is no file"),
    ):
        with pytest.raises(LeraError, match=said) as caught:
            kind_of(path)
        assert str(caught.value).isprintable()

    class Pipe(type(tmp_path)):  # type: ignore[misc]
        def is_file(self, **_: Any) -> bool:
            return False

    with pytest.raises(LeraError, match="no ordinary file"):
        kind_of(Pipe(tmp_path / "empty.mp4"))
