"""Servers to be measured, each in a process of its own: a bare aiohttp WebSocket loop, and LERA's whole show."""

import asyncio
import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Literal

import psutil
from aiohttp import web

from bench.tools.processes import spawned
from bench.tools.viewers import Target
from bot.history import History
from bot.server import serving
from bot.settings import ChannelSettings, Settings
from bot.show import Show
from transport.desk import HubSettings
from transport.link import HUB_PATH
from transport.listening import open_files_as_allowed

Kind = Literal["bare", "hub"]
OPEN_TO_ALL: Final = {
    "max_viewers": 19_000,
    "readings_per_second": 1_000_000.0,
    "joins_per_second": 100_000.0,
    "join_burst": 100_000,
    "connections_per_address": 19_000,
    "heartbeat": 60.0,
}
"""Settings of a hub that a bench doesn't run into. By the heartbeat, who joins early may wait for the last."""


class Look:
    """What a server had done at one moment: frames taken, seconds of processor time, bytes of memory of its own."""

    def __init__(self, frames: int, cpu: float, memory: int, counts: Counter[str], lags: list[float]) -> None:
        self.frames, self.cpu, self.memory, self.counts, self.lags = frames, cpu, memory, counts, lags


class Server:
    """The parent's end of a server: where viewers join it, and of a show the address and key of the overlay's feed."""

    def __init__(self, pipe: Connection, process: psutil.Process) -> None:
        self._pipe = pipe
        self._process = process
        self.target: Target
        self.live: str
        self.key: str
        self.target, self.live, self.key = self._pipe.recv()

    def look(self, memory: bool = False) -> Look:
        """How it is now. Seconds from reading to mood in `lags` are those since the last look."""
        self._pipe.send("look")
        # By the server's own count of its processor time, which is finer than what others see of it.
        frames, cpu, counts, lags = self._pipe.recv()
        return Look(frames, cpu, self._process.memory_full_info().uss if memory else 0, counts, lags)


@contextmanager
def server(kind: Kind, **limits: Any) -> Iterator[Server]:
    """A server of this kind; `limits` are its `[hub]` settings, besides those of `OPEN_TO_ALL`."""
    with spawned(_run, kind, HubSettings(**(OPEN_TO_ALL | limits))) as (pipe, process):
        yield Server(pipe, process)


def _run(pipe: Connection, kind: Kind, limits: HubSettings) -> None:
    open_files_as_allowed()
    asyncio.run(_bare(pipe) if kind == "bare" else _show(limits, pipe))


async def _bare(pipe: Connection) -> None:
    received = 0

    async def handle(request: web.Request) -> web.WebSocketResponse:
        nonlocal received
        page = web.WebSocketResponse(max_msg_size=4096, compress=False)
        await page.prepare(request)
        async for _ in page:
            received += 1
        return page

    app = web.Application()
    app.router.add_get(HUB_PATH, handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    pipe.send((Target(runner.addresses[0][1], token=""), "", ""))
    while await asyncio.to_thread(pipe.recv) != "end":
        pipe.send((received, time.process_time(), Counter(), []))
    await runner.cleanup()


async def _show(limits: HubSettings, pipe: Connection) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(History(Path(folder) / "bench.sqlite3")) as history,
    ):
        show = Show(Settings(ChannelSettings("bench"), hub=limits), "bench", history, time.time)
        async with serving(show, 0) as address, asyncio.TaskGroup() as tasks:
            running = tasks.create_task(show.run())
            port = int(address.rsplit(":", 1)[1])
            pipe.send((Target(port, token=show.access.token(show.now())), f"{address}/live", show.keys.overlay))
            lags: list[float] = []
            collecting = tasks.create_task(_collect(show, lags))
            while await asyncio.to_thread(pipe.recv) != "end":
                pipe.send(
                    (show.desk.counts["readings"], time.process_time(), show.desk.counts, [*lags, *show.lag.seconds])
                )
                lags.clear()
                show.lag.seconds.clear()
            running.cancel()
            collecting.cancel()


async def _collect(show: Show, lags: list[float]) -> None:
    """Take the lags out twice a second, since the show keeps only the last of them."""
    while True:
        await asyncio.sleep(0.5)
        lags.extend(show.lag.seconds)
        show.lag.seconds.clear()
