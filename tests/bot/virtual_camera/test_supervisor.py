"""The bot keeps the camera's program running, says each trouble once, and takes it along when it ends."""

import asyncio
import contextlib
import importlib.util
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from bot.virtual_camera.device import PACKAGE_MISSING
from bot.virtual_camera.supervisor import VirtualCamera
from tests.bot.stage import eventually
from tests.conftest import ROOT
from tests.test_architecture import MAY_IMPORT, imports, sources

KEY = "the-overlays-key"
RUNS = """
import os, sys
open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
print("The virtual camera is on:", sys.argv[2], flush=True)
"""
WAITS = RUNS + "sys.stdin.read()"
FAILS = RUNS + 'print("LERA: No virtual camera could be opened. Do this.", file=sys.stderr); sys.exit(1)'
CRASHES = RUNS + "print('x' * 300_000); raise ValueError('from nowhere')"
DEAF = RUNS + "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


@asynccontextmanager
async def supervised(code: str, notes: Path) -> AsyncIterator[VirtualCamera]:
    camera = VirtualCamera("http://bot", lambda: KEY, ("-c", code, str(notes)), jitter=lambda _low, _high: 0.0)
    task = asyncio.create_task(camera.run())
    try:
        yield camera
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def starts(notes: Path) -> list[int]:
    return [int(line) for line in notes.read_text().split()] if notes.exists() else []


async def test_it_ends_with_the_bot(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    notes = tmp_path / "notes"
    async with supervised(WAITS, notes) as camera:
        await eventually(lambda: "The virtual camera is on: http://bot" in caplog.text)
        (number,) = starts(notes)
        assert psutil.pid_exists(number) and camera.fault is None
    assert not psutil.pid_exists(number)
    assert len(starts(notes)) == 1


@pytest.mark.slow
async def test_a_program_that_hears_nothing_is_ended_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    notes = tmp_path / "notes"
    async with supervised(DEAF, notes):
        await eventually(lambda: "is on" in caplog.text)
    (number,) = starts(notes)
    assert not psutil.pid_exists(number)


@pytest.mark.parametrize(
    ("code", "fault"),
    [(FAILS, "No virtual camera could be opened. Do this."), (CRASHES, "ValueError: from nowhere")],
)
async def test_it_is_started_again_and_the_same_trouble_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, code: str, fault: str
) -> None:
    notes = tmp_path / "notes"
    async with supervised(code.replace('print("The', '0 and print("The'), notes) as camera:
        await eventually(lambda: len(starts(notes)) >= 3)
        assert camera.fault == fault
    assert caplog.text.count(fault) == 1
    assert "Traceback" not in caplog.text


async def test_it_ends_with_the_bot_even_as_the_program_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = asyncio.Event()
    waiting = asyncio.Event()

    class Program:
        stdin = None
        stdout = stderr = asyncio.StreamReader()

        async def wait(self) -> int:
            # The first wait is for its end; the second is the one that tidies up after it.
            if waiting.is_set():
                await ended.wait()
            waiting.set()
            return 1

        def terminate(self) -> None:
            raise AssertionError("it ended by itself")

        kill = terminate

    async def start(*_arguments: object, **_options: object) -> Program:
        return Program()

    Program.stdout.feed_eof()
    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    task = asyncio.create_task(VirtualCamera("http://bot", lambda: KEY, jitter=lambda _low, _high: 0.0).run())
    await eventually(lambda: bool(ended._waiters))
    ended.set()
    task.cancel()
    await asyncio.wait([task], timeout=20)
    stopped = task.cancelled()
    task.cancel()
    assert stopped


def test_the_camera_library_is_asked_for_in_one_place_alone() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for package in (*MAY_IMPORT, "bench")
        for path in sources(package)
        if any(name.split(".")[0] == "pyvirtualcam" for name in imports(path))
    }
    assert found == {"bot/virtual_camera/device.py"}


async def test_a_system_that_starts_no_program_costs_the_camera_and_not_the_show(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refuse)
    async with supervised(WAITS, tmp_path / "notes") as camera:
        await eventually(lambda: camera.fault is not None)
        assert camera.fault == "The virtual camera's program can't be started (Resource temporarily unavailable)."


async def test_waits_grow_up_to_a_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    asked: list[tuple[float, float]] = []
    enough = asyncio.Event()

    def jitter(low: float, high: float) -> float:
        asked.append((low, high))
        if len(asked) == 12:
            enough.set()
        return 0.0

    camera = VirtualCamera("http://bot", lambda: KEY, jitter=jitter)
    task = asyncio.create_task(camera.run())
    await asyncio.wait_for(enough.wait(), 20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert camera.fault == PACKAGE_MISSING
    longest = [high for _, high in asked[:12]]
    assert longest == sorted(longest) and longest[0] <= 5 and longest[-1] == VirtualCamera.LONGEST_RETRY
    assert {low for low, _ in asked} == {0}
