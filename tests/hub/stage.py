"""A bot on a real NATS, nodes as programs, and viewers' agents that move between them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from bot.show import Show
from lera.errors import LeraError
from model.emotions import EMOTIONS
from tests.bot.stage import Theatre, theatre
from tests.nats import PATIENCE, NodeProgram
from transport.hub_client import HubClient
from transport.reading import one_hot


class Agents:
    """Seven viewers' agents, each of which feels another one of the seven; and who watches the crowd's mood."""

    def __init__(self, show: Show) -> None:
        self.show = show
        self.viewers = [f"viewer-{emotion:0>16}" for emotion in EMOTIONS]
        self._running: dict[str, tuple[HubClient, asyncio.Task[None]]] = {}

    async def join(self, number: int, url: str) -> HubClient:
        """A viewer's agent loses its hub without a word, and joins this one."""
        viewer = self.viewers[number]
        await self._drop(viewer)
        token = self.show.access.token(self.show.now())
        client = HubClient(url, "demo", token, viewer)
        client.post(one_hot(EMOTIONS[number]))
        self._running[viewer] = client, asyncio.create_task(client.run())
        return client

    def wrong(self) -> str:
        """What is counted that may not be: more votes than viewers, or more than one of anybody's. Else empty."""
        mood = self.show.mood
        if mood.faces.voters > 7:
            return f"{mood.faces.voters} votes"
        if mood.shares is not None:
            votes = [share * mood.faces.voters for share in mood.shares]
            if max(votes) > 1.001:
                return f"{votes}"
        return ""

    async def until(self, voters: int, seconds: float = PATIENCE) -> float:
        """Wait until so many votes are counted; says how long it took. Nobody may be counted twice meanwhile.

        Told in looks, of which there are ten a second: time in which this machine stood still isn't the hubs'.
        """
        looks = 0
        async with asyncio.timeout(seconds):
            while self.show.mood.faces.voters != voters:
                await self.watch(0.1)
                looks += 1
        return looks / 10

    async def watch(self, seconds: float) -> None:
        """Let time pass, and look ten times a second that nobody is counted twice."""
        for _ in range(max(1, round(seconds * 10))):
            wrong = self.wrong()
            assert not wrong, wrong
            # As their cameras do: an agent takes one that confirms nothing for half a minute for broken.
            for client, _ in self._running.values():
                client.confirm()
            await asyncio.sleep(0.1)

    async def _drop(self, viewer: str) -> None:
        client, task = self._running.pop(viewer, (None, None))
        if task is not None and client is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, LeraError):
                await task

    async def close(self) -> None:
        for viewer in list(self._running):
            await self._drop(viewer)


@asynccontextmanager
async def crowd(nats: str, *nodes: NodeProgram) -> AsyncIterator[tuple[Theatre, Agents]]:
    """A bot and these nodes, which have found each other, and agents that are nowhere yet."""
    for node in nodes:
        node.start()
    try:
        async with theatre(minimum_viewers=1, nats=nats) as stage:
            agents = Agents(stage.show)
            try:
                for node in nodes:
                    await until_well(node)
                yield stage, agents
            finally:
                await agents.close()
    finally:
        for node in nodes:
            node.end()


async def health(node: NodeProgram) -> tuple[int, dict[str, object]]:
    """What a node says of itself; 0 while nothing answers."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"http://{node.host}:{node.port}/healthz") as answer:
                return answer.status, await answer.json()
        except aiohttp.ClientError:
            return 0, {}


async def until_well(node: NodeProgram, channels: int = 1, status: int = 200) -> None:
    """Wait for a node that is on the bus (or, with status 503, is not), and knows of so many channels."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answered, told = await health(node)
            if answered == status and told["channels"] == channels:
                return
            await asyncio.sleep(0.1)
