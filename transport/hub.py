"""WebSocket, both ends: `Hub` takes readings in beside the bot, `HubClient` brings them from an agent."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from typing import Final, Literal, cast

import aiohttp
import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from lera.errors import LeraError
from transport.desk import OVERSIZED, Desk, Guest, Refusal
from transport.identities import Linking
from transport.limits import Addresses
from transport.link import netloc
from transport.newest import Newest
from transport.reading import (
    MAX_FRAME_BYTES,
    PROTOCOL_VERSION,
    AwayReason,
    Code,
    Dropped,
    Forget,
    Forgotten,
    HubFrame,
    Join,
    Leave,
    Linked,
    Pace,
    Post,
    Refused,
    Welcome,
    encode,
    hub_decoder,
)

# What ends a connection without being anyone's mistake.
_LOST = (aiohttp.ClientError, ConnectionError, OSError, TimeoutError)


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
            await asyncio.gather(*(_part(page, WSCloseCode.POLICY_VIOLATION, "nothing heard") for page in silent))

    def tell(self, viewer: str, frame: HubFrame) -> None:
        """Send one agent a frame that it did not ask for; nothing happens when it is not connected."""
        guest = self.desk.guests.get(viewer)
        socket = self._sockets.get(guest) if guest is not None else None
        if socket is not None:
            # Nobody waits for a slow agent; the task is kept, so that it isn't lost half-way.
            task = asyncio.create_task(_send(socket, frame))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def close(self) -> None:
        """Say goodbye to everyone, so that agents know at once and come back with jitter."""
        sockets = list(self._sockets.values())
        await asyncio.gather(*self._telling)
        await asyncio.gather(*(_part(socket, WSCloseCode.GOING_AWAY, "the bot is closing") for socket in sockets))

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
            guest, earlier, welcome = self.desk.join(_text(first), self._now())
            self._sockets[guest] = socket
            async with asyncio.timeout(5.0):
                await socket.send_str(encode(welcome))
            if earlier is not None:
                await self._replace(earlier)
            await self._take_frames(socket, guest)
        except Refusal as refusal:
            self.desk.counts[f"refused: {refusal.cause}"] += 1
            await _send(socket, refusal.frame)
            await _part(socket, WSCloseCode.POLICY_VIOLATION, refusal.frame.reason)
        except TimeoutError:
            self.desk.counts["refused: silent or slow"] += 1
            await _part(socket, WSCloseCode.POLICY_VIOLATION, "nothing heard or read for too long")
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
                _text(message)

    async def _replace(self, earlier: Guest) -> None:
        older = self._sockets.get(earlier)
        if older is not None:
            await _send(older, Refused("you joined again from another window; this one stops"))
            await _part(older, WSCloseCode.POLICY_VIOLATION, "joined again elsewhere")

    def _turn_away(self, status: int, cause: str, reason: str) -> web.Response:
        self.desk.counts[f"refused: {cause}"] += 1
        return web.Response(status=status, text=reason, headers={"Retry-After": "5", "Connection": "close"})

    def _address(self, request: web.Request) -> str:
        forwarded = request.headers.getall("X-Forwarded-For", []) if self.desk.settings.behind_proxy else []
        if forwarded:
            # The last entry of the last line is what our own proxy wrote; all before it are the stranger's words.
            return forwarded[-1].rsplit(",", 1)[-1].strip()[:64]
        return request.remote or "unknown"


def _text(message: aiohttp.WSMessage) -> bytes:
    if message.type is WSMsgType.TEXT:
        return cast(bytes, message.data)
    if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
        raise ConnectionResetError
    if isinstance(message.data, aiohttp.WebSocketError) and message.data.code == WSCloseCode.MESSAGE_TOO_BIG:
        raise Refusal("oversized", OVERSIZED)
    raise Refusal("malformed", "frames must be JSON text")


async def _send(socket: web.WebSocketResponse, frame: HubFrame) -> None:
    if not socket.closed:
        with contextlib.suppress(*_LOST):
            async with asyncio.timeout(2.0):
                await socket.send_str(encode(frame))


async def _part(socket: web.WebSocketResponse, code: WSCloseCode, why: str) -> None:
    with contextlib.suppress(*_LOST):
        async with asyncio.timeout(3.0):
            await socket.close(code=code, message=why.encode()[:120])


State = Literal["connecting", "joined", "offline"]


class HubClient:
    """The agent's end: stays joined by itself, and always sends the newest reading, never an old one.

    What is posted while the hub is away is not queued: only the newest survives, since a mood of a minute ago is
    worth nothing.
    """

    LONGEST_WAIT: Final = 30.0

    def __init__(
        self,
        url: str,
        channel: str,
        token: str,
        viewer: str,
        on_state: Callable[[str], None] | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self.url = url
        self.interval = 1.0
        self.heartbeat = 5.0
        self.minimum_viewers = 3
        self.state: State = "offline"
        self.linking = Linking()
        self.readings_sent = 0
        self._newest = Newest()
        self._join = Join(PROTOCOL_VERSION, channel, token, viewer)
        self._on_state = on_state
        self._session = session
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._sequence = 0
        self._wake = asyncio.Event()
        self.linking.wake = self._wake.set
        self._closing = asyncio.Event()
        self._forgotten = asyncio.Event()

    def post(self, probabilities: Sequence[float], quality: float = 1.0, captured: float = 0.0) -> None:
        """Send this reading as soon as the pace allows; a newer one takes its place. `captured`: wall-clock seconds."""
        self._newest.post(probabilities, quality, captured)
        self._wake.set()

    def confirm(self) -> None:
        """The newest reading still holds: the viewer was looked at again, and nothing worth sending has changed."""
        self._newest.confirm()

    def away(self, reason: AwayReason) -> None:
        """Say that there is nothing to read, and why: the vote is withdrawn."""
        self._newest.away(reason)
        self._wake.set()

    async def forget(self, seconds: float = 5.0) -> bool:
        """Ask the hub to erase what it keeps of this viewer. True when it said that it did."""
        self._newest.clear()
        socket = self._socket
        if socket is None or self.state != "joined":
            return False
        self._forgotten.clear()
        with contextlib.suppress(*_LOST):
            await socket.send_str(encode(Forget()))
            async with asyncio.timeout(seconds):
                await self._forgotten.wait()
        return self._forgotten.is_set()

    async def close(self) -> None:
        """Say goodbye and stop `run`."""
        socket = self._socket
        self._closing.set()
        if socket is not None:
            with contextlib.suppress(*_LOST):
                if self.state == "joined":
                    async with asyncio.timeout(1.0):
                        await socket.send_str(encode(Leave()))
                async with asyncio.timeout(2.0):
                    await socket.close()

    async def run(self) -> None:
        """Stay joined until `close`. Raises LeraError when the hub refuses for good."""
        attempt = 0
        async with contextlib.AsyncExitStack() as stack:
            session = self._session
            if session is None:
                session = await stack.enter_async_context(aiohttp.ClientSession())
            while not self._closing.is_set():
                self._become("connecting")
                try:
                    await self._connect(session)
                except _LOST:
                    pass
                finally:
                    self._socket = None
                if self._closing.is_set():
                    return
                # Only a connection that was let in shows that the hub is well again.
                attempt = 0 if self.state == "joined" else attempt + 1
                self._become("offline")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(backoff(attempt, self.LONGEST_WAIT)):
                        await self._closing.wait()

    async def _connect(self, session: aiohttp.ClientSession) -> None:
        async with session.ws_connect(
            self.url, compress=0, heartbeat=20.0, max_msg_size=4 * MAX_FRAME_BYTES, timeout=_CLOSE_TIMEOUT
        ) as socket:
            self._socket = socket
            await socket.send_str(encode(self._join))
            sender: asyncio.Task[None] | None = None
            try:
                async for message in socket:
                    if message.type is not WSMsgType.TEXT:
                        continue
                    self._hear(message.data)
                    if self.state == "joined" and sender is None:
                        sender = asyncio.create_task(self._send_newest(socket))
            finally:
                if sender is not None:
                    sender.cancel()
                    with contextlib.suppress(asyncio.CancelledError, *_LOST):
                        await sender

    def _hear(self, text: str) -> None:
        try:
            frame = hub_decoder.decode(text)
        except msgspec.DecodeError:
            return
        match frame:
            case Welcome():
                self._sequence = frame.sequence
                self.minimum_viewers = frame.minimum_viewers
                self._pace(frame.interval, frame.heartbeat)
                self._become("joined")
                self.linking.joined(frame)
            case Pace():
                self._pace(frame.interval, frame.heartbeat)
            case Refused() if not frame.retry:
                raise LeraError(f"The stream's hub refused to let you in: {frame.reason}.")
            case Forgotten():
                self._forgotten.set()
            case Code() | Linked():
                self.linking.hear(frame)
            case Refused() | Dropped():
                pass

    async def _send_newest(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        posted = float("-inf")
        while True:
            newest = self._newest.take()
            self._wake.clear()
            asking = self.linking.due()
            if asking is not None:
                await socket.send_str(encode(asking))
            if isinstance(newest, Post):
                early = posted + self.interval - loop.time()
                if early > 0:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(early):
                            await self._wake.wait()
                    continue
                self._sequence += 1
                newest.sequence = self._sequence
                await socket.send_str(encode(newest))
                posted = loop.time()
                self.readings_sent += 1
                # A heartbeat repeats the reading, and has no fresh frame whose lag could be measured.
                newest.captured = 0.0
            elif newest is not None:
                await socket.send_str(encode(newest))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.heartbeat):
                    await self._wake.wait()

    def _pace(self, interval: float, heartbeat: float) -> None:
        self.interval = min(max(interval, 0.2), 600.0)
        self.heartbeat = min(max(heartbeat, 1.0), 600.0)

    def _become(self, state: State) -> None:
        if state != self.state:
            self.state = state
            if self._on_state is not None:
                self._on_state(state)


_CLOSE_TIMEOUT = aiohttp.ClientWSTimeout(ws_close=2.0)


def backoff(attempt: int, longest: float) -> float:
    """Seconds to wait before try number `attempt`: exponential with jitter, so that a crowd doesn't return as one.

    The jitter is over the upper three quarters of the wait; the first is never under a quarter of a second.
    """
    ceiling = min(longest, 1.0 * 2.0 ** min(attempt, 16))
    return random.uniform(ceiling / 4, ceiling)
