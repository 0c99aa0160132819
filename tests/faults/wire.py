"""A TCP connection that goes wrong on demand, in the eight ways of Shopify's toxiproxy."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Literal

Toxic = Literal["latency", "down", "bandwidth", "slow_close", "timeout", "reset", "slicer", "limit"]
TOXICS: Final[tuple[Toxic, ...]] = (
    "latency", "down", "bandwidth", "slow_close", "timeout", "reset", "slicer", "limit",
)  # fmt: skip

Target = Callable[[], tuple[str, int]]


class Wire:
    """Listens in a target's place. `toxic` and `amount` say how it is ill; both may change at any time.

    `latency`: `amount` seconds each way. `down`: nothing gets through, and who connects is thrown out. `bandwidth`:
    `amount` bytes a second. `slow_close`: an end is told `amount` seconds late. `timeout`: data vanishes, and the
    connection stays (half-open). `reset`: connections break at their next word. `slicer`: a few bytes at a time.
    `limit`: connections break after `amount` bytes.
    """

    def __init__(self, target: Target) -> None:
        """`target` says where it leads, asked anew for each connection; OSError for nowhere."""
        self.target = target
        self.port = 0
        self.toxic: Toxic | None = None
        self.amount = 0.0
        self.connections = 0
        # Both ends of each connection, and to which port it leads.
        self._ends: dict[asyncio.StreamWriter, int] = {}

    def poison(self, toxic: Toxic, amount: float = 0.0) -> None:
        """Be ill from now on."""
        self.toxic, self.amount = toxic, amount
        if toxic == "down":
            self.cut()

    def heal(self) -> None:
        """Be well from now on; connections in which something was lost break."""
        if self.toxic in ("timeout", "down", "limit"):
            self.cut()
        self.toxic = None

    def cut(self, port: int = 0) -> None:
        """Break every connection now (to this port), without a goodbye."""
        for end, there in list(self._ends.items()):
            if port in (0, there):
                end.transport.abort()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self._ends[writer] = 0
        self.connections += 1
        there: asyncio.StreamWriter | None = None
        try:
            if self.toxic == "down":
                return
            host, port = self.target()
            answers, there = await asyncio.open_connection(host, port)
            self._ends |= {writer: port, there: port}
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._carry(reader, there))
                tasks.create_task(self._carry(answers, writer))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.connections -= 1
            for end in (writer, there):
                if end is not None:
                    self._ends.pop(end, None)
                    end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carried = 0
        while data := await reader.read(65_536):
            toxic, amount = self.toxic, self.amount
            if toxic == "timeout":
                continue
            if toxic in ("reset", "down"):
                raise ConnectionResetError
            if toxic == "latency":
                await asyncio.sleep(amount)
            elif toxic == "bandwidth":
                await asyncio.sleep(len(data) / amount)
            elif toxic == "slicer":
                for start in range(0, len(data), 7):
                    writer.write(data[start : start + 7])
                    await asyncio.sleep(0.01)
                continue
            carried += len(data)
            if toxic == "limit" and carried > amount:
                writer.write(data[: len(data) // 2])
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()
        if self.toxic == "slow_close":
            await asyncio.sleep(self.amount)
        # The other end hears of it, and may finish what it has to say.
        with contextlib.suppress(OSError):
            writer.write_eof()


@asynccontextmanager
async def wire(target: Target) -> AsyncIterator[Wire]:
    """A wire on a free port, healthy at first."""
    made = Wire(target)
    tasks: set[asyncio.Task[None]] = set()

    def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(made.take(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(taken, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
