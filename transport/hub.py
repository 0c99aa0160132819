"""WebSocket, the bot's end: `Hub` takes in beside the bot what each `transport.hub_client.HubClient` brings."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import cast

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web

from transport.desk import Desk, Guest, Refusal
from transport.limits import Addresses
from transport.link import netloc
from transport.reading import MAX_FRAME_BYTES, HubFrame, Refused, encode
from transport.sockets import part, send, text_of


class Hub:
    """The bot's end: an aiohttp shell of a `Desk`. Route `HUB_PATH` to `handle`."""

    def __init__(self, desk: Desk, now: Callable[[], float]) -> None:
        settings = desk.settings
        self.desk = desk
        self._now = now
        self._addresses = Addresses(settings.joins_per_second, settings.join_burst, settings.connections_per_address)
        self._sockets: dict[Guest, web.WebSocketResponse] = {}
        self._connections = 0
        self._telling: set[asyncio.Task[None]] = set()
        desk.on_expel = self._expel

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One agent's connection, from handshake to goodbye."""
        if "Origin" in request.headers and netloc(request.headers["Origin"]) != request.host:
            return self._turn_away(403, "origin", "a page of another site may not join")
        # Room for those who are still joining, but not for a crowd that connects and never speaks.
        if self._connections >= self.desk.settings.max_viewers + 256:
            return self._turn_away(503, "full", "the stream's hub is full; try again later")
        address = self._address(request)
        reason = self._addresses.enter(address, self._now())
        if reason is not None:
            return self._turn_away(429, "address", reason)
        self._connections += 1
        try:
            return await self._serve(request)
        finally:
            self._connections -= 1
            self._addresses.exit(address)

    async def watch(self) -> None:
        """Cut off those who fell silent, until cancelled: agents speak every heartbeat, so the other end has vanished.

        One look at all of them every few seconds costs less than a ping timer for each, which every frame would reset.
        """
        while True:
            await asyncio.sleep(self.desk.heartbeat)
            silent = [self._sockets[guest] for guest in self.desk.silent(self._now()) if guest in self._sockets]
            if silent:
                self.desk.counts["refused: silent or slow"] += len(silent)
            await asyncio.gather(*(part(page, WSCloseCode.POLICY_VIOLATION, "nothing heard") for page in silent))

    def tell(self, viewer: str, frame: HubFrame) -> None:
        """Send one agent a frame that it did not ask for; nothing happens when it is not connected."""
        guest = self.desk.guests.get(viewer)
        socket = self._sockets.get(guest) if guest is not None else None
        if socket is not None:
            self._start(send(socket, encode(frame)))

    async def close(self) -> None:
        """Say goodbye to everyone, so that agents know at once and come back with jitter."""
        sockets = list(self._sockets.values())
        await asyncio.gather(*self._telling)
        await asyncio.gather(*(part(socket, WSCloseCode.GOING_AWAY, "the bot is closing") for socket in sockets))

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(
            # Past four times the limit the frame isn't even taken in; up to there the answer can say why.
            max_msg_size=4 * MAX_FRAME_BYTES,
            compress=False,
            timeout=2.0,
            # A ping is a frame like any other: many of them are a flood, and answers that nobody reads fill buffers.
            autoping=False,
            decode_text=False,
        )
        guest = None
        try:
            await socket.prepare(request)
        except ConnectionError:
            # Vanished within the handshake. The half-made socket would be a bug in aiohttp's eyes, and its log.
            return self._turn_away(400, "vanished", "")
        try:
            first = await socket.receive(self.desk.settings.join_timeout)
            guest, earlier, welcome = self.desk.join(text_of(first), self._now())
            self._sockets[guest] = socket
            async with asyncio.timeout(5.0):
                await socket.send_str(encode(welcome))
            if earlier is not None:
                await self._replace(earlier)
            await self._take_frames(socket, guest)
        except Refusal as refusal:
            self.desk.counts[f"refused: {refusal.cause}"] += 1
            await self._send_away(socket, refusal)
        except TimeoutError:
            self.desk.counts["refused: silent or slow"] += 1
            await part(socket, WSCloseCode.POLICY_VIOLATION, "nothing heard or read for too long")
        except (ConnectionError, aiohttp.ClientConnectionResetError):
            self.desk.counts["connections lost"] += 1
        finally:
            if guest is not None:
                self.desk.gone(guest)
                self._sockets.pop(guest, None)
        return socket

    async def _take_frames(self, socket: web.WebSocketResponse, guest: Guest) -> None:
        take, receive, now = self.desk.take, socket.receive, self._now
        while True:
            message = await receive()
            if message.type is WSMsgType.TEXT:
                answer = take(guest, cast(bytes, message.data), now())
                if answer is not None:
                    # A guest that doesn't read its answers is cut off: the buffers of many would fill the memory.
                    async with asyncio.timeout(5.0):
                        await socket.send_str(encode(answer))
            elif message.type is WSMsgType.PING:
                self.desk.count_frame(guest, now())
                async with asyncio.timeout(5.0):
                    await socket.pong(cast(bytes, message.data))
            elif message.type is WSMsgType.PONG:
                self.desk.count_frame(guest, now())
            elif message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
                return
            else:
                text_of(message)

    def _expel(self, guest: Guest, refusal: Refusal) -> None:
        socket = self._sockets.get(guest)
        if socket is not None:
            self.desk.counts[f"refused: {refusal.cause}"] += 1
            self._start(self._send_away(socket, refusal))

    def _start(self, telling: Coroutine[None, None, None]) -> None:
        # Nobody waits for a slow agent; the task is kept, so that it isn't lost half-way.
        task = asyncio.create_task(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _send_away(self, socket: web.WebSocketResponse, refusal: Refusal) -> None:
        await send(socket, encode(refusal.frame))
        await part(socket, WSCloseCode.POLICY_VIOLATION, refusal.frame.reason)

    async def _replace(self, earlier: Guest) -> None:
        older = self._sockets.get(earlier)
        if older is not None:
            await send(older, encode(Refused("you joined again from another window; this one stops")))
            await part(older, WSCloseCode.POLICY_VIOLATION, "joined again elsewhere")

    def _turn_away(self, status: int, cause: str, reason: str) -> web.Response:
        self.desk.counts[f"refused: {cause}"] += 1
        return web.Response(status=status, text=reason, headers={"Retry-After": "5", "Connection": "close"})

    def _address(self, request: web.Request) -> str:
        forwarded = request.headers.getall("X-Forwarded-For", []) if self.desk.settings.behind_proxy else []
        if forwarded:
            # The last entry of the last line is what our own proxy wrote; all before it are the stranger's words.
            return forwarded[-1].rsplit(",", 1)[-1].strip()[:64]
        return request.remote or "unknown"
