"""`python run.py report`."""

import json
import webbrowser
from pathlib import Path

import pytest

from bot.history import History
from bot.report.__main__ import main
from lera.cli import run_program
from lera.errors import LeraError
from tests.bot.report.streams import EVENING, keep


@pytest.fixture
def history(lera_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two streams in the user's folder, and a folder to write into."""
    path = lera_home / "history.sqlite3"
    keep(path, EVENING, 90.0, "First")
    keep(path, EVENING + 86_400, 90.0, "Second \x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return path


def test_the_newest_stream_is_told(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert history.exists() and main([]) == 0
    out = Path("lera-report-2.html").resolve()
    assert capsys.readouterr().out == f"The story of stream 2 is in {out}.\n"
    assert "<bdi>Second" in out.read_text("utf-8")


def test_a_stream_by_its_number_in_another_language(history: Path, tmp_path: Path) -> None:
    assert history.exists()
    assert main(["1", "--out", str(tmp_path / "one.html"), "--lang", "zh-TW"]) == 0
    assert '<html lang="zh-TW">' in (tmp_path / "one.html").read_text("utf-8")


def test_the_bot_may_run_meanwhile(history: Path) -> None:
    bot = History(history)
    bot.begin("nightfox", EVENING + 2 * 86_400)
    assert main([]) == 0 and Path("lera-report-2.html").exists(), "the running one has no second yet"
    bot.close()


def test_the_list_tells_of_each_and_controls_no_terminal(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert history.exists() and main(["--list"]) == 0
    newest, oldest = capsys.readouterr().out.splitlines()
    assert newest.split()[0] == "2" and oldest.split()[0] == "1" and "First" in oldest and "1:30" in oldest
    assert "\x1b" not in newest and "\N{RIGHT-TO-LEFT OVERRIDE}" not in newest


def test_exports_go_by_their_ending(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert history.exists()
    assert main(["1", "--export", "one.csv"]) == 0 and main(["1", "--export", "one.JSON"]) == 0
    lines = Path("one.csv").read_text("utf-8").splitlines()
    assert len(lines) == 1 + len(json.loads(Path("one.JSON").read_text("utf-8"))["seconds"]["time"])
    assert capsys.readouterr().out.startswith(f"Stream 1: {len(lines) - 1} seconds are in one.csv.\n")
    assert {path.name for path in Path().iterdir()} == {"one.csv", "one.JSON"}
    with pytest.raises(LeraError, match="should end in"):
        main(["--export", "one.xls"])


def test_both_at_once_and_opened(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def opens(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", opens)
    assert history.exists() and main(["--export", "two.csv", "--out", "two.html", "--open"]) == 0
    assert opened == [Path("two.html").resolve().as_uri()] and Path("two.csv").exists()


def test_no_history_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--list"], ["3"]):
        assert run_program(main, arguments) == 1
        told = capsys.readouterr().err
        assert told.startswith("LERA: There is no history yet") and told.count("\n") == 1


def test_a_history_without_streams_is_one_line(lera_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    History(lera_home / "history.sqlite3").close()
    for arguments in ([], ["--list"], ["3"]):
        assert run_program(main, arguments) == 1
        assert capsys.readouterr().err.count("\n") == 1


def test_no_such_stream_says_which_there_are(history: Path) -> None:
    assert history.exists()
    with pytest.raises(LeraError, match="There is no stream 7; there are 2, 1"):
        main(["7"])


def test_a_place_that_cannot_be_written_is_one_line_and_harms_nothing(history: Path, tmp_path: Path) -> None:
    assert history.exists()
    with pytest.raises(LeraError, match="can't be written"):
        main(["--out", str(tmp_path / "nowhere" / "story.html")])
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(LeraError, match="can't be written"):
        main(["--out", str(tmp_path / "folder.html")])
    assert not list(tmp_path.glob(".*.part"))
    for folder in (".", Path.cwd().anchor):
        with pytest.raises(LeraError, match="is a folder"):
            main(["--out", folder])


def test_the_folder_is_the_settings_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.toml").write_text(f"[history]\nfolder = {json.dumps(str(tmp_path / 'elsewhere'))}\n", "utf-8")
    keep(tmp_path / "elsewhere" / "history.sqlite3", EVENING, 60.0, "Elsewhere")
    assert main(["--config", str(tmp_path / "config.toml"), "--list"]) == 0
    assert "Elsewhere" in capsys.readouterr().out
