"""The whole of being shown, at a real terminal: the question, the name on the live feed, the key that takes it off."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bot.stage import eventually, theatre
from tests.viewer_agent.helpers import PORTRAIT, ROOT
from viewer_agent.channels import joined_channels

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="a terminal of its own can't be made there"),
]


# A new session has no terminal until it takes one; keys go to whoever has it.
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, sys.argv[1:])"
)


class Terminal:
    """A terminal of its own, with a Python program in it."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.text = ""
        self._arguments = [sys.executable, "-c", TAKE_TERMINAL, sys.executable, *arguments]
        self._environment = {**os.environ, **environment}

    def __enter__(self) -> "Terminal":
        self._number, inner = os.openpty()
        self._process = subprocess.Popen(
            self._arguments, stdin=inner, stdout=inner, stderr=inner, env=self._environment, start_new_session=True
        )
        os.close(inner)
        asyncio.get_running_loop().add_reader(self._number, self._read)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._number)
        self._process.kill()
        self._process.wait(30)
        os.close(self._number)

    def type(self, text: str) -> None:
        os.write(self._number, text.encode())

    async def until(self, ready: Callable[[str], bool]) -> None:
        await eventually(lambda: ready(self.text), 120.0)

    def _read(self) -> None:
        try:
            self.text += os.read(self._number, 4096).decode(errors="replace")
        except OSError:
            # The program has ended.
            asyncio.get_running_loop().remove_reader(self._number)


async def test_asked_shown_and_taken_off_with_one_key(lera_home: Path) -> None:
    async with theatre() as stage:

        def tiles() -> list[str]:
            return [tile["name"] for tile in stage.show.roster.feed.frame["tiles"]]

        link = f"{stage.address}/join/demo#{stage.show.access.token(stage.show.now())}"
        command = ["-m", "viewer_agent", link, "--camera", str(PORTRAIT), "--loop"]
        command += ["--show-me", "name", "--name", "<b>Ann</b>"]
        with Terminal(*command, LERA_HOME=str(lera_home), PYTHONPATH=str(ROOT)) as terminal:
            await terminal.until(lambda text: "to be shown like this? [y/N]" in text)
            assert "The name <b>Ann</b>" in terminal.text and "may be\r\n" in terminal.text
            assert len(stage.show.desk.guests) == 0, "nothing is sent before the answer"
            terminal.type("y\n")
            await terminal.until(lambda text: "Shown on the stream as <b>Ann</b>." in text)
            await eventually(lambda: tiles() == ["<b>Ann</b>"], 120.0)
            terminal.type("s\n")
            await terminal.until(lambda text: "Not shown on the stream. s shows you again" in text)
            assert tiles() == []
            kept = joined_channels()[0].showing
            assert kept is not None and not kept.on, "and so it is the next time"
