"""A real nats-server, nodes as programs of their own, a bot, and a wire between them that can be cut."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import ROOT
from tests.ports import free_port

PATIENCE: Final = 30.0
"""Seconds. Long, because a busy machine is slow; a test that passes never waits for it."""
SERVER: Final = shutil.which("nats-server") or "/usr/sbin/nats-server"

needs_nats = pytest.mark.skipif(
    not Path(SERVER).exists() and "CI" not in os.environ, reason="no nats-server on this machine"
)


class NatsServer:
    """One that can be killed and started again at its place."""

    def __init__(self, folder: Path, settings: str = "", host: str = "127.0.0.1", prefix: tuple[str, ...] = ()) -> None:
        self.host, self.port = host, free_port(host)
        self.url = f"nats://{'127.0.0.1' if host == '0.0.0.0' else host}:{self.port}"
        self._command = [*prefix, SERVER, "-c", str(folder / "nats.conf")]
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "nats.conf").write_text(f'listen: "{host}:{self.port}"\n{settings}\n')

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def nats_server(folder: Path, settings: str = "", host: str = "127.0.0.1") -> Iterator[NatsServer]:
    server = NatsServer(folder, settings, host)
    server.start()
    try:
        yield server
    finally:
        server.kill()


class NodeProgram:
    """`python -m lera hub` as a program of its own."""

    def __init__(
        self, nats: str, host: str = "127.0.0.1", port: int = 0, options: tuple[str, ...] = (),
        prefix: tuple[str, ...] = (), environment: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.host, self.port = host, port or free_port()
        self.url = f"ws://{self.host}:{self.port}/hub"
        self._command = [
            *prefix, sys.executable, "-m", "lera", "hub", "--nats", nats, "--host", host, "--port", str(self.port),
            *options,
        ]  # fmt: skip
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.said = ""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._output = tempfile.NamedTemporaryFile()  # noqa: SIM115 (it lives as long as the program)
        self._process = subprocess.Popen(
            self._command, env=self._environment, cwd=ROOT, stdout=self._output, stderr=subprocess.STDOUT
        )

    def saying(self) -> str:
        """What the program has said so far."""
        # By a handle of our own: the program writes where its own stands.
        return Path(self._output.name).read_text("utf-8")

    async def until_says(self, words: str) -> None:
        """Wait for these words of the program's."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if words in self.saying():
                    return
                await asyncio.sleep(0.05)

    def end(self, number: int = signal.SIGKILL) -> str:
        """Send a signal, wait, and give all that the program has said."""
        if self._process is None:
            return self.said
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
        self._process.wait(PATIENCE)
        self._process = None
        self.said += self.saying()
        self._output.close()
        return self.said


class Wire:
    """A proxy that carries bytes to a place, and while it is cut keeps them: what was sent comes late, as by TCP."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._whole = asyncio.Event()
        self._whole.set()
        self.port = 0
        self._carrying: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def cut(self) -> None:
        self._whole.clear()

    def heal(self) -> None:
        self._whole.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._whole.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._carry(reader, far_writer))
                tasks.create_task(self._carry(far_reader, writer))
        except* OSError:
            pass
        finally:
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def wire(port: int) -> AsyncIterator[Wire]:
    """A wire to this port for as long as the context lasts."""
    made = Wire(port)
    server = await asyncio.start_server(made._connect, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.heal()
        server.close()
