"""Logs: as people read them and as JSON, from one place, and without a secret in either."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lera.errors import LeraError
from lera.logs import JsonFormatter, TextFormatter, fields_of, tell_end
from lera.redaction import Redaction, hide
from tests.conftest import ROOT

KEY = "a-key-that-only-the-streamer-knows"
TOKEN = "cfabdegwdoklmawdzdo98xt2fo512y"


def record(message: str, *arguments: object, **fields: object) -> logging.LogRecord:
    """What a logger makes of a call, after the filter that all handlers have."""
    made = logging.getLogger("bot.show").makeRecord(
        "bot.show", logging.WARNING, __file__, 1, message, arguments, None, extra=fields
    )
    assert Redaction().filter(made)
    return made


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    line = JsonFormatter().format(made)
    assert "\n" not in line
    told: dict[str, Any] = json.loads(line)
    return told


def test_a_record_is_one_object_with_its_fields() -> None:
    told = as_json(record("%d nodes are away", 2, nodes=2, share=0.5, channel="demo", whole=None))
    assert told.pop("time").endswith("+00:00")
    assert told == {
        "level": "warning", "logger": "bot.show", "message": "2 nodes are away",
        "nodes": 2, "share": 0.5, "channel": "demo", "whole": None,
    }  # fmt: skip


def test_no_secret_is_in_either_form_wherever_it_stands() -> None:
    hide(KEY)
    made = record(f"joined with {KEY}", link=f"https://x.example/join/a#{KEY}", token="abc", why=f"oauth:{TOKEN}")
    for text in (JsonFormatter().format(made), TextFormatter().format(made)):
        assert KEY not in text and TOKEN not in text and "abc" not in text
        assert text.count("[hidden]") == 4


def test_nor_in_a_traceback() -> None:
    hide(KEY)
    try:
        raise ValueError(KEY)
    except ValueError:
        made = logging.getLogger("bot").makeRecord("bot", logging.ERROR, "", 1, "failed", (), sys.exc_info())
    assert "ValueError: [hidden]" in as_json(made)["error"]


@pytest.mark.parametrize("said", ["a\n20:15:07 forged", "a\r\x1b[2J", "a\x85b\u2028c", 'a"}{"level":"info'])
def test_whatever_strangers_say_is_one_line(said: str) -> None:
    text = TextFormatter().format(record("the hub said %s", said, reason=said))
    assert len(text.splitlines()) == 1 and "\x1b" not in text
    assert as_json(record("the hub said %s", said))["message"] == f"the hub said {said}"


@pytest.mark.parametrize("said", ["a\n20:15:07 forged", "a\r\x1b[2J", "a\x85b\u2028c", "a\x1b]0;b\x07c"])
def test_whatever_strangers_say_ends_a_program_with_one_line_as_well(
    said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_end(LeraError(f"The hub said {said}."))
    line = capsys.readouterr().err
    assert line.startswith("LERA: The hub said a") and len(line.splitlines()) == 1
    assert line.rstrip("\n").isprintable()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"\xff", ["x"], Path("x")])
def test_a_field_that_json_has_no_word_for_is_text(value: object) -> None:
    assert as_json(record("x", value=value))["value"] == str(value)


def test_a_field_never_stands_in_the_place_of_what_is_always_there() -> None:
    assert as_json(record("true", level="false", logger="false", time="false"))["level"] == "warning"
    assert "level" in fields_of(record("x", level=1))


def run_bot(folder: Path, log: str) -> subprocess.CompletedProcess[str]:
    """A bot that can't listen: what it logs and why it ends."""
    config = folder / "config.toml"
    config.write_text(f'[web]\nhost = "256.1.1.1"\n[history]\nfolder = "{(folder / "none" / "x").as_posix()}"\n{log}')
    (folder / "none").write_text("no folder")
    return subprocess.run(
        [sys.executable, "-m", "lera", "bot", "--config", str(config)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_program_writes_json_when_it_is_told_to(tmp_path: Path) -> None:
    done = run_bot(tmp_path, '[log]\nformat = "json"')
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["error", "error"], done.stderr
    assert "without a history" in lines[0]["message"] and "Can't listen" in lines[1]["message"]
    assert not done.stdout and done.returncode == 1


def test_and_text_for_people_otherwise(tmp_path: Path) -> None:
    done = run_bot(tmp_path, '[log]\nlevel = "error"')
    first, last = done.stderr.splitlines()
    assert first[2] == ":" and "without a history" in first
    assert last.startswith("LERA: Can't listen")
