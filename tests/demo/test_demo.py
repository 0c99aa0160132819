"""The README's first command, as a newcomer runs it, and as an impatient one stops it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT

# As run.py starts it, which blocks Ctrl-C until the program can handle it.
START = (
    "import pathlib, run, sys; run.PYTHON = pathlib.Path(sys.executable); sys.exit(run.become('lera', *sys.argv[1:]))"
)
DEMO = [sys.executable, "-c", START, "demo", "--no-browser", "--viewers", "5", "--port", "0"]
LONG_ENOUGH = "45"
"""Seconds. The agent may need half of them to start on a busy machine, and must then have been measured."""
PATIENCE = 120
"""Seconds in which a demo must have ended; a test that passes never waits for it."""


def start(*more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*DEMO, *more],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=sys.platform != "win32",
    )


def children(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def read_until(process: "subprocess.Popen[str]", words: str) -> None:
    """Read what the demo says until it has said that."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"it ended and never said {words}")


@pytest.mark.slow
def test_the_demo_answers_mood_and_ends_with_what_it_measured() -> None:
    process = start("--seconds", LONG_ENOUGH)
    # Less than half of it is over by then.
    read_until(process, "BOSS FIGHT")
    assert process.stdin is not None
    family = children(process)
    process.stdin.write("!mood\nhello\n")
    process.stdin.flush()
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert "LERA: The crowd looks" in out
    for said in ("readings taken in:", "dropped or refused:", "chat: ", "camera to overlay:    p50", "% of one core"):
        assert said in out, out
    assert len(family) == 1
    assert psutil.wait_procs(family, timeout=PATIENCE)[1] == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl-C can't be sent to one process there")
@pytest.mark.parametrize("moment", ["at once", "while it opens", "in mid-show"])
def test_ctrl_c_leaves_no_process_no_folder_and_no_traceback(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = start()
    # For an instant of each start a process has no command line, so what counts is that the new one is there.
    while "lera" not in psutil.Process(process.pid).cmdline():
        time.sleep(0.001)
    if moment != "at once":
        read_until(process, "")
    if moment == "in mid-show":
        read_until(process, "Deep in the cave")
    family = children(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "Traceback" not in out + err
    assert psutil.wait_procs(family, timeout=PATIENCE)[1] == []
    assert list(tmp_path.glob("lera-demo-*")) == []


@pytest.mark.slow
def test_the_demo_runs_over_the_stand_in_for_google_sheets() -> None:
    process = start("--seconds", LONG_ENOUGH, "--transport", "sheet")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert "Link by the Sheet:   lera+sheet://127.0.0.1:" in out
    # The five simulated viewers and the real agent.
    assert "viewers that joined:  6" in out, out
    assert "camera to overlay:    p50" in out, out
