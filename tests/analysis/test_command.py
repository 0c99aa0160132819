"""`python run.py analyse`: options, what is written, and what never is."""

import json
import os
import subprocess
import sys
import webbrowser
from pathlib import Path
from typing import Any

import pytest

from analysis import __main__ as command
from analysis.__main__ import main
from analysis.reading import read
from analysis.tracks import Read
from lera.cli import run_program
from lera.errors import LeraError
from tests.analysis.files import clip
from tests.analysis.seeing import TestSenses
from tests.conftest import ROOT


class Loaded(TestSenses):
    """As `analysis.senses.LoadedSenses` is made and used."""

    trouble: LeraError | None = None

    def __init__(self, _settings: Any, without: Any, *, written: bool = False) -> None:
        super().__init__(set() if written else without)

    def __enter__(self) -> "Loaded":
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, and senses that need no loading."""
    monkeypatch.setattr(command, "LoadedSenses", Loaded)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def test_a_clip_becomes_a_page_here(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip(here / "my clip.mp4", 5.0)
    assert main(["my clip.mp4"]) == 0
    out = here / "lera-analysis-my-clip.html"
    said = capsys.readouterr()
    assert said.out == f"What my clip.mp4 shows is in {out.resolve()}.\n"
    assert said.err == "Reading my clip.mp4: on this machine, nothing of it leaves; words are scored and dropped.\n"
    text = out.read_text("utf-8")
    assert "<bdi>my clip.mp4</bdi>" in text and str(here) not in text, "its name, not where it is"


def test_language_place_and_browser_are_chosen(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def opens(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", opens)
    clip(here / "a.mp4", 5.0)
    assert main(["a.mp4", "--out", "b.html", "--lang", "zh-TW", "--open"]) == 0
    assert '<html lang="zh-TW">' in Path("b.html").read_text("utf-8")
    assert opened == [(here / "b.html").resolve().as_uri()]


def test_numbers_instead_of_a_page_or_beside_it(here: Path) -> None:
    clip(here / "a.mp4", 5.0)
    assert main(["a.mp4", "--export", "a.csv"]) == 0 and main(["a.mp4", "--export", "a.JSON", "--out", "c.html"]) == 0
    assert {path.name for path in here.iterdir()} == {"a.mp4", "a.csv", "a.JSON", "c.html"}
    places = json.loads(Path("a.JSON").read_text("utf-8"))["places"]
    assert len(Path("a.csv").read_text("utf-8").splitlines()) == 1 + len(places["second"])
    with pytest.raises(LeraError, match=r"\.csv or \.json"):
        main(["a.mp4", "--export", "a.xls"])


def test_the_same_file_gives_the_same_files(here: Path) -> None:
    clip(here / "a.mp4", 5.0)
    for name in ("1", "2"):
        assert main(["a.mp4", "--export", f"{name}.json", "--out", f"{name}.html"]) == 0
    for ending in ("json", "html"):
        assert Path(f"1.{ending}").read_bytes() == Path(f"2.{ending}").read_bytes()


def test_a_broken_history_is_said_and_stops_nothing(
    here: Path, lera_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lera_home.mkdir(parents=True, exist_ok=True)
    (lera_home / "history.sqlite3").write_bytes(b"no database" * 99)
    clip(here / "a.mp4", 5.0)
    assert main(["a.mp4"]) == 0 and (here / "lera-analysis-a.html").exists()
    assert "Nothing is compared: The history" in capsys.readouterr().err


def test_modalities_are_left_out(here: Path) -> None:
    clip(here / "a.mp4", 5.0)
    assert main(["a.mp4", "--no-voice", "--no-words", "--export", "a.json"]) == 0
    told = json.loads(Path("a.json").read_text("utf-8"))
    assert told["absent"] == {"voice": "left_out", "words": "left_out"} and list(told["means"]) == ["fused", "face"]


def test_no_word_of_a_script_is_on_its_page_or_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "a.txt").write_text("I am happy about zanzibar.\nSo sad, zanzibar!\n", "utf-8")
    assert main(["a.txt", "--export", "a.json", "--out", "a.html"]) == 0
    said = capsys.readouterr()
    for text in (Path("a.json").read_text("utf-8"), Path("a.html").read_text("utf-8"), said.out, said.err):
        assert "zanzibar" not in text


def test_the_file_itself_is_never_written_over(here: Path) -> None:
    (here / "a.csv.txt").write_text("happy", "utf-8")
    clip(here / "a.mp4", 5.0)
    content = (here / "a.mp4").read_bytes()
    (here / "a.html").hardlink_to(here / "a.mp4")
    with pytest.raises(LeraError, match="is the file that is read"):
        main(["a.mp4", "--out", "a.html"])
    assert (here / "a.mp4").read_bytes() == content


@pytest.mark.parametrize(
    ("option", "said"),
    [("--out=nowhere/a.html", "no such folder"), ("--out=.", "is a folder"), ("--export=nowhere/a.csv", "no such")],
)
def test_a_place_that_cant_be_written_is_said_before_anything_is_read(
    option: str, said: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "read", lambda *_: pytest.fail("read first"))
    (here / "a.txt").write_text("happy", "utf-8")
    with pytest.raises(LeraError, match=said):
        main(["a.txt", option])


def test_a_text_without_its_words_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("happy", "utf-8")
    with pytest.raises(LeraError, match="take back a --no-"):
        read(tmp_path / "a.txt", TestSenses({"words"}), lambda *_: None)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are of letters there")
def test_a_name_that_is_no_text_does_no_harm(here: Path) -> None:
    path = here / os.fsdecode(b"\xff\xfe.txt")
    path.write_text("I am so happy.", "utf-8")
    assert main([str(path), "--out", "a.html"]) == 0 and Path("a.html").exists()


def test_ctrl_c_leaves_no_half_page(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip(here / "a.mp4", 5.0)

    def stopped(path: Path, senses: Any, _tell: Any) -> Read:
        def tell(done: float, _whole: float | None) -> None:
            if done > 2:
                raise KeyboardInterrupt

        return read(path, senses, tell)

    monkeypatch.setattr(command, "read", stopped)
    assert run_program(main, ["a.mp4"]) == 130
    assert [path.name for path in here.iterdir()] == ["a.mp4"]


def test_bad_files_are_one_line_and_leave_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "empty.mp4").touch()
    (here / "noise.mp4").write_bytes(bytes(range(256)) * 99)
    (here / "noise.txt").write_bytes(bytes(range(256)) * 9)
    (here / "none.srt").write_text("no times", "utf-8")
    (here / "\x1b[31mred.mp4").write_bytes(b"no")
    names = [*(path.name for path in here.iterdir()), "nowhere.mp4", ".", "a" * 400 + ".wav"]
    before = set(here.iterdir())
    for name in names:
        assert run_program(main, [name]) == 1, name
        last = capsys.readouterr().err.splitlines()[-1]
        assert last.startswith("LERA: ") and last.isprintable(), last
    assert set(here.iterdir()) == before


@pytest.mark.slow
def test_the_shipped_readers_read_a_script(tmp_path: Path) -> None:
    said = [
        "I am so happy to see you all tonight!",
        "I am scared, something is in the dark.",
        "Ugh, that is disgusting.",
    ]
    (tmp_path / "a.txt").write_text("\n".join(said), "utf-8")
    subprocess.run(
        [sys.executable, "-m", "lera", "analyse", str(tmp_path / "a.txt"), "--export", str(tmp_path / "a.json")],
        cwd=ROOT, check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    places = json.loads((tmp_path / "a.json").read_text("utf-8"))["places"]
    assert places["words_happiness"][0] > 0.5 and places["words_fear"][1] > 0.5 and places["words_disgust"][2] > 0.5
