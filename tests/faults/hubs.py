"""Nodes beside the bot's own hub, each on a wire of its own to NATS."""

import asyncio
import contextlib
import random
from collections.abc import Callable

from hub.node import Node
from tests.faults.wire import Wire
from tests.ports import free_port
from transport.bus_login import Login, parse_servers
from transport.desk import HubSettings
from transport.listening import listen, site


class RestartableNode:
    """A node that is started, killed and started again at its port, with a clock of its own."""

    def __init__(self, number: int, wire: Wire, now: Callable[[], float], chance: random.Random) -> None:
        """`wire` leads to NATS; `now` is the world's time, and this node's clock is off by some seconds."""
        self.name = f"node {number}"
        self.wire = wire
        self.asleep = chance.uniform(-30.0, 30.0)
        # The same after each start, as its viewers' addresses are.
        self.port = free_port()
        self.node: Node | None = None
        self.failure: BaseException | None = None
        self._world_now = now
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    def now(self) -> float:
        """This node's clock."""
        return self._world_now() + self.asleep

    @property
    def running(self) -> bool:
        return self._task is not None

    async def start(self) -> None:
        """Start it, and wait until it takes viewers in."""
        if self._task is None:
            self._listening.clear()
            self._task = asyncio.create_task(self._run())
            await self._listening.wait()

    async def kill(self, lines: list[Wire]) -> None:
        """kill -9: neither NATS nor a viewer (on one of these wires) hears a last word."""
        if self._task is None:
            return
        sick, self.wire.toxic = self.wire.toxic, "down"
        self.wire.cut()
        for line in lines:
            line.cut(self.port)
        await self.stop()
        self.wire.toxic = sick

    async def stop(self) -> None:
        """Ctrl-C: everybody is told goodbye."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.node = None

    async def _run(self) -> None:
        servers = parse_servers(f"nats://127.0.0.1:{self.wire.port}")
        self.node = Node(servers, Login({}), HubSettings(), self.now, self.name)
        try:
            with contextlib.closing(listen("127.0.0.1", self.port, "port")) as listener:
                async with site(listener, self.node.application(), 10.0):
                    self._listening.set()
                    await self.node.run()
        except Exception as error:
            self.failure = error
            self._listening.set()
