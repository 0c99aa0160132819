"""The bot's side of the virtual camera: its program is started, and started again when it ends before the bot does."""

import asyncio
import contextlib
import importlib.util
import logging
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

from bot.virtual_camera.device import PACKAGE_MISSING, READY
from bot.virtual_camera.settings import KEY_VARIABLE

logger = logging.getLogger(__name__)

_LONGEST_LINE: Final = 4096


class VirtualCamera:
    """Keeps `python -m bot.virtual_camera` running beside the show. `fault` is its last trouble, in one line."""

    FIRST_RETRY: Final = 2.0
    LONGEST_RETRY: Final = 120.0
    """A camera that can't be opened costs a start of Python each time."""
    STEADY: Final = 60.0
    """Who ran this long has had a good start, and is started again at once."""

    def __init__(
        self,
        address: str,
        key: Callable[[], str],
        program: Sequence[str] = ("-m", "bot.virtual_camera"),
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`address` is the bot's own, `key` gives the overlay's key as it is now.

        `program` are Python's arguments, and `jitter` chooses between two waits.
        """
        self.fault: str | None = None
        self._address = address
        self._key = key
        self._program = program
        self._jitter = jitter

    async def run(self) -> None:
        """Run until cancelled; the program ends with it."""
        attempt = 0
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            fault = PACKAGE_MISSING
            # Looked for and not loaded: that is the program's own.
            if importlib.util.find_spec("pyvirtualcam") is not None:
                fault = await self._run_once()
            if fault != self.fault:
                # Said once: a device that isn't there stays away for a while.
                logger.warning("%s. The show goes on without it, and it is tried again.", fault.rstrip("."))
            self.fault = fault
            attempt = 0 if loop.time() - began >= self.STEADY else attempt + 1
            await asyncio.sleep(self._jitter(0, min(self.LONGEST_RETRY, self.FIRST_RETRY * 2 ** min(attempt, 10))))

    async def _run_once(self) -> str:
        """Start the program and wait for its end; gives why it ended."""
        # Its own group: Ctrl-C in the terminal is the bot's to handle. The pipe tells it when the bot is gone.
        own_group: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            own_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *self._program, self._address, "--stop-with-parent",
                stdin=pipe, stdout=pipe, stderr=pipe, env=os.environ | {KEY_VARIABLE: self._key()}, **own_group,
            )  # fmt: skip
        except OSError as error:
            return f"The virtual camera's program can't be started ({error.strerror or error})."
        assert process.stdout is not None and process.stderr is not None
        telling = asyncio.create_task(self._tell(process.stdout))
        complaining = asyncio.create_task(_last_line(process.stderr))
        try:
            status = await process.wait()
            await telling
            last = await complaining
        finally:
            await _end(process)
            telling.cancel()
            complaining.cancel()
            await asyncio.gather(telling, complaining, return_exceptions=True)
        return last.removeprefix("LERA: ") or f"The virtual camera ended by itself with status {status}."

    async def _tell(self, output: asyncio.StreamReader) -> None:
        async for line in _lines(output):
            if line.startswith(READY):
                self.fault = None
            logger.info("%s", line)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    # The closed pipe is the polite request; the others are for a program that doesn't hear it.
    for insist in (process.terminate, process.kill):
        try:
            async with asyncio.timeout(4.0):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                insist()
        else:
            return
    await process.wait()


async def _last_line(output: asyncio.StreamReader) -> str:
    last = ""
    async for line in _lines(output):
        last = line
    return last


async def _lines(output: asyncio.StreamReader) -> AsyncIterator[str]:
    """Lines that aren't empty; what is longer than any line of ours is cut."""
    rest = b""
    while chunk := await output.read(_LONGEST_LINE):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield line.decode(errors="replace").strip()
        rest = rest[-_LONGEST_LINE:]
    if rest.strip():
        yield rest.decode(errors="replace").strip()
