"""A local Twitch, and a plain HTTP client at it that has nothing of a Twitch library in it."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.standins.twitch import BOT, CLIENT_ID, STREAMER, Twitch, standin

BOT_SCOPES = ("user:read:chat", "user:write:chat", "user:bot", "clips:edit", "moderator:manage:announcements")
STREAMER_SCOPES = ("channel:bot", "channel:manage:broadcast")


@pytest.fixture
async def twitch() -> AsyncIterator[Twitch]:
    async with standin() as running:
        running.clock.stand_still()
        yield running


class Plain:
    """Requests with a token of the bot's (or whose you like), and sockets."""

    def __init__(self, twitch: Twitch, session: aiohttp.ClientSession) -> None:
        self.twitch, self.session = twitch, session
        self.bot = twitch.tokens(BOT, BOT_SCOPES)["access_token"]
        self.streamer = twitch.tokens(STREAMER, STREAMER_SCOPES)["access_token"]

    async def helix(
        self, method: str, path: str, *, token: str | None = None, client_id: str = CLIENT_ID, **options: Any
    ) -> tuple[int, Any]:
        """Status and body."""
        headers = {"Authorization": f"Bearer {token or self.bot}", "Client-Id": client_id}
        url = self.twitch.helix_url + path
        async with self.session.request(method, url, headers=headers, **options) as response:
            return response.status, await response.json() if response.status != 204 else None

    async def identity(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self.session.request(method, self.twitch.id_url + path, **options) as response:
            return response.status, await response.json(content_type=None)

    async def say(self, text: str, **more: str) -> tuple[int, Any]:
        body = {"broadcaster_id": self.twitch.streamer.id, "sender_id": self.twitch.bot.id, "message": text, **more}
        return await self.helix("POST", "chat/messages", json=body)

    async def connect(self, url: str = "", **query: str) -> "Line":
        socket = await self.session.ws_connect(url or self.twitch.socket_url, params=query)
        return Line(socket)

    async def listening(self) -> "Line":
        """A connection with a chat subscription."""
        line = await self.connect()
        line.id = (await line.next())["payload"]["session"]["id"]
        status, _ = await self.subscribe(line.id)
        assert status == 202
        return line

    async def subscribe(
        self, session_id: str, kind: str = "channel.chat.message", token: str | None = None, **condition: str
    ) -> tuple[int, Any]:
        if not condition:
            condition = {"broadcaster_user_id": self.twitch.streamer.id}
            if kind.startswith("channel.chat."):
                condition["user_id"] = self.twitch.bot.id
        body = {
            "type": kind,
            "version": "2" if kind == "channel.update" else "1",
            "condition": condition,
            "transport": {"method": "websocket", "session_id": session_id},
        }
        return await self.helix("POST", "eventsub/subscriptions", token=token, json=body)


class Line:
    """One WebSocket, message by message."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.id = ""

    async def next(self) -> Any:
        """The next message; a closed line is a failure."""
        return await self.socket.receive_json(timeout=10)

    async def end(self) -> int | None:
        """Read until it is closed; gives the close code."""
        while not self.socket.closed:
            await self.socket.receive(timeout=10)
        return self.socket.close_code


@contextlib.asynccontextmanager
async def plain_client(twitch: Twitch) -> AsyncIterator[Plain]:
    async with aiohttp.ClientSession() as session:
        yield Plain(twitch, session)


@pytest.fixture
async def plain(twitch: Twitch) -> AsyncIterator[Plain]:
    async with plain_client(twitch) as client:
        yield client
