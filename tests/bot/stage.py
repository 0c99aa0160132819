"""A running show for tests: real server, real sockets, a clock that the test may turn."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from bot.chat import Reader
from bot.command_settings import CommandSettings
from bot.controls import links
from bot.history import History
from bot.inbox import ChatMessage
from bot.keys import Keys
from bot.nodes import attach_nodes
from bot.privacy import PrivacySettings
from bot.server import serving
from bot.settings import ChannelSettings, ChatSettings, CrowdSettings, Settings, StreamerSettings, WebSettings
from bot.show import Show
from lera.errors import LeraError
from tests.bot.readers import WordReader
from transport.desk import HubSettings
from transport.hub_client import HubClient
from transport.link import parse_link
from transport.reading import Probabilities

HAPPY: Probabilities = (0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05)
STREAMER_KEY = "the-streamers-key-of-the-tests"
OVERLAY_KEY = "the-overlays-key-of-the-tests"
SAD: Probabilities = (0.05, 0.7, 0.05, 0.05, 0.05, 0.05, 0.05)
PATIENCE = 30.0
"""Seconds. Long, because a busy machine is slow; a test that passes never waits for it."""
EXPIRY = 45.0
"""Seconds that a vote lasts: longer than the patience, so that one that is withdrawn isn't taken for one that ended."""


async def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Until something holds that nothing announces."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def looking(clients: Iterable[HubClient]) -> None:
    """What cameras do as long as they run: an agent takes one that confirms nothing for half a minute for broken."""
    while True:
        for client in clients:
            client.confirm()
        await asyncio.sleep(1.0)


def with_key(key: str) -> dict[str, str]:
    """The header by which a program shows its key."""
    return {"Authorization": f"Bearer {key}"}


class Theatre:
    """A show, its address, and viewers for it."""

    def __init__(self, show: Show, address: str) -> None:
        self.show = show
        self.address = address
        self.session = aiohttp.ClientSession(base_url=address, headers=with_key(show.keys.streamer))
        self._clients: dict[HubClient, asyncio.Task[None]] = {}
        self._looking = asyncio.create_task(looking(self._clients))

    def join(self, number: int, feeling: Probabilities = HAPPY) -> HubClient:
        link = parse_link(links(self.show, self.address)["join"])
        client = self.come(HubClient(*link, f"{number:022}", session=self.session))
        client.post(feeling)
        return client

    def come(self, client: HubClient) -> HubClient:
        """Let a client run until the end of the show."""
        self._clients[client] = asyncio.create_task(client.run())
        return client

    def task_of(self, client: HubClient) -> "asyncio.Task[None]":
        """What ends when the client has given up."""
        return self._clients[client]

    def write(self, chatter: str, text: str, name: str = "") -> bool:
        """A message in chat."""
        return self.show.hear(ChatMessage("demo", chatter, text, self.show.now(), name))

    async def until(self, condition: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE) -> dict[str, Any]:
        """Wait on the live feed for a mood that fulfils the condition."""
        async with asyncio.timeout(seconds), self.session.ws_connect("/live") as page:
            async for message in page:
                frame: dict[str, Any] = message.json()
                if frame["type"] == "mood" and condition(frame):
                    return frame
        raise AssertionError("the feed ended")

    async def close(self) -> None:
        self._looking.cancel()
        for client, task in self._clients.items():
            await client.close()
            # Whoever was refused has said why.
            with contextlib.suppress(LeraError):
                await asyncio.wait_for(task, PATIENCE)
        await self.session.close()


@asynccontextmanager
async def theatre(
    history: History | None = None,
    now: Callable[[], float] = time.time,
    web: WebSettings | None = None,
    minimum_viewers: int = 3,
    port: int = 0,
    chat: ChatSettings | None = None,
    text_reader: Callable[[], Reader] = WordReader,
    commands: CommandSettings | None = None,
    streamer: StreamerSettings | None = None,
    privacy: PrivacySettings | None = None,
    **hub: Any,
) -> AsyncIterator[Theatre]:
    """A show that runs while the context lasts. Chat is read by a stand-in that knows a few words.

    Joins and leaves aren't masked, so that tests of other things can count on exact numbers; `privacy` changes that.
    """
    settings = Settings(
        channel=ChannelSettings("demo"),
        crowd=CrowdSettings(minimum_viewers, EXPIRY),
        hub=HubSettings(**{"interval": 0.2, **hub}),
        web=web or WebSettings(),
        chat=chat or ChatSettings(),
        commands=commands or CommandSettings(),
        streamer=streamer or StreamerSettings(),
        privacy=privacy or PrivacySettings(mask_changes=False),
    )
    show = Show(settings, Keys("secret", STREAMER_KEY, OVERLAY_KEY), history, now, text_reader)
    attach_nodes(show)
    async with serving(show, port) as address:
        running = asyncio.create_task(show.run())
        stage = Theatre(show, address)
        try:
            yield stage
        finally:
            await stage.close()
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
