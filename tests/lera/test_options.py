"""A file that can't be written is told at the start of a run, not at its end."""

import os
import sys
from pathlib import Path

import pytest

from lera.errors import LeraError
from lera.options import check_statistics_file
from streamer_agent.__main__ import main as streamer
from tests.viewer_agent.helpers import PORTRAIT
from viewer_agent import camera
from viewer_agent.__main__ import main as viewer
from viewer_agent.channels import joined_channels

LINK = "http://127.0.0.1:1/join/demo#token"


def broken_places(folder: Path) -> list[Path]:
    """Where nothing can be written, whoever tries it."""
    (folder / "file").write_bytes(b"kept")
    return [folder, folder / "none" / "statistics.json", folder / "file" / "below"]


def test_where_nothing_can_be_written_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    for place in broken_places(tmp_path):
        with pytest.raises(LeraError, match=r"Can't write .* \(.+\): name another --stats-file"):
            check_statistics_file(place)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_can_be_written_is_neither_made_nor_emptied(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_bytes(b"kept")
    for place in (None, old, tmp_path / "new.json", Path(os.devnull)):
        check_statistics_file(place)
    assert old.read_bytes() == b"kept" and list(tmp_path.iterdir()) == [old]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows links and modes are other things")
def test_a_link_is_where_it_leads_and_what_others_own_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, to in (("good", tmp_path / "new"), ("bad", tmp_path / "none" / "new"), ("loop", tmp_path / "loop")):
        (tmp_path / name).symlink_to(to)
    check_statistics_file(tmp_path / "good")
    for name in ("bad", "loop"):
        with pytest.raises(LeraError, match="Can't write"):
            check_statistics_file(tmp_path / name)
    monkeypatch.setattr(os, "access", lambda *_: False)
    for name in ("good", "other"):
        with pytest.raises(LeraError, match="Permission denied"):
            check_statistics_file(tmp_path / name)


def test_the_agents_say_it_before_anything_is_joined_or_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(camera, "open_capture", opened.append)
    monkeypatch.chdir(tmp_path)
    seconds = ["--camera", str(PORTRAIT), "--seconds", "1"]
    for place in broken_places(tmp_path):
        for main, arguments in ((viewer, [LINK]), (streamer, ["--no-microphone"])):
            assert main([*arguments, *seconds, "--stats-file", str(place)]) == 1
            told = capsys.readouterr()
            assert "Can't write" in told.err and len(told.err.splitlines()) == 1 and not told.out
    assert not opened and joined_channels() == []
