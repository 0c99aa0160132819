"""A real video with speech through all of it: the shipped readers, the recogniser, the page."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from model import voice
from model.modalities import MODALITIES
from tests.conftest import ROOT
from tests.talk import make_talk, needs_espeak, needs_face, needs_voices, say, write_wav

pytestmark = pytest.mark.slow
needs_reader = pytest.mark.skipif(not voice.WEIGHTS.exists(), reason="the voice reader's weights are not here")


def analysed(path: Path, *options: str) -> tuple[dict[str, object], str, str]:
    """The numbers, the page, and all that was said."""
    numbers, page = path.with_suffix(".json"), path.with_suffix(".html")
    told = subprocess.run(
        [sys.executable, "-m", "lera", "analyse", str(path), "--export", str(numbers), "--out", str(page), *options],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    return json.loads(numbers.read_text("utf-8")), page.read_text("utf-8"), told.stdout + told.stderr


@needs_voices
@needs_face
@needs_reader
def test_a_face_that_speaks_is_seen_heard_and_fused(tmp_path: Path) -> None:
    found, page, said = analysed(make_talk(tmp_path / "talk.mp4", "happiness", 12.0))
    assert found["kind"] == "video" and found["length"] == pytest.approx(12.0, abs=0.5)
    places = found["places"]
    means = found["means"]
    assert isinstance(places, dict) and isinstance(means, dict)
    assert set(means) >= {"fused", "face", "voice"}, "words are a guess that the recogniser need not make"
    parts = [sum(places.get(f"{one}_part", [0] * 12)[second] for one in MODALITIES) for second in range(12)]
    assert sum(part == pytest.approx(1, abs=1e-3) for part in parts) >= 9, "most seconds have a mood"
    assert page.count("<canvas") == len(means)
    for word in ("kids", "talking", "dogs", "sitting"):
        assert word not in page and word not in said and word not in json.dumps(found)


@needs_espeak
def test_spoken_words_are_recognised_scored_and_dropped(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "said.wav", say("I am so happy. This is a wonderful day. I love it."))
    found, page, said = analysed(path, "--no-voice")
    assert found["absent"] in ({"face": "no_stream", "voice": "left_out"}, {
        "face": "no_stream", "voice": "left_out", "words": "nothing"})  # fmt: skip
    for word in ("wonderful", "happy"):
        assert word not in page and word not in said and word not in json.dumps(found)


@needs_face
def test_the_same_clip_gives_the_same_numbers(tmp_path: Path) -> None:
    import shutil

    from tests.talk import FACE

    found = []
    for name in ("one", "two"):
        shutil.copy(FACE, tmp_path / f"{name}.mp4")
        found.append(analysed(tmp_path / f"{name}.mp4", "--no-voice", "--no-words")[0])
    assert found[0] == found[1]
    means = found[0]["means"]
    assert isinstance(means, dict) and sum(means["face"]) == pytest.approx(1)
