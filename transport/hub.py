"""WebSocket, the hub's end: `Hub` takes in what each `transport.hub_client.HubClient` brings, for one desk or many."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Final, Literal, cast

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web

from transport.desk import REPLACED, Desk, Guest, HubSettings, Refusal
from transport.first_frame import channel_of
from transport.frames import FrameTap
from transport.limits import Addresses
from transport.link import netloc
from transport.load import RETRY_SECONDS, SAMPLE_SECONDS, Load
from transport.reading import MAX_FRAME_BYTES, HubFrame, Refused, encode
from transport.sockets import address_of, part, send, text_of

ANSWER_SECONDS: Final = 5.0
"""How long a guest may take to read an answer."""


class Hub:
    """An aiohttp shell of one `Desk`, or of one for each channel. Route `HUB_PATH` to `handle`."""

    def __init__(
        self, desks: Desk | Mapping[str, Desk], now: Callable[[], float], settings: HubSettings | None = None
    ) -> None:
        """Many desks are found by the channel that an agent's first frame names, and may come and go at any time.

        `settings` are the limits of all of them together; those of a single desk are its own.
        """
        self._only = desks if isinstance(desks, Desk) else None
        self._desks = {desks.channel: desks} if isinstance(desks, Desk) else desks
        self.settings = settings = settings or (self._only.settings if self._only else HubSettings())
        # Of those who came to no desk; where there is but one, all are counted there.
        self.counts: Counter[str] = self._only.counts if self._only else Counter()
        self.now = now
        self._addresses = Addresses(settings.joins_per_second, settings.join_burst, settings.connections_per_address)
        self._sockets: dict[Guest, web.WebSocketResponse] = {}
        self._connections = 0
        self._telling: set[asyncio.Task[None]] = set()
        self.load = Load()
        if self._only is not None:
            self._only.on_expel = self.expel

    @property
    def desks(self) -> Iterable[Desk]:
        """Those that are open now."""
        return self._desks.values()

    @property
    def closed(self) -> Literal["", "full", "overloaded"]:
        """Why no more viewers are let in now, in a word; empty while they are."""
        if self.load.level:
            return "overloaded"
        return "full" if sum(len(desk.guests) for desk in self.desks) >= self.settings.max_viewers else ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One agent's connection, from handshake to goodbye."""
        if "Origin" in request.headers and netloc(request.headers["Origin"]) != request.host:
            return self._turn_away(403, "origin", "a page of another site may not join")
        if self.load.level:
            why = "too many viewers for this machine right now; try again later"
            return self._turn_away(503, "overloaded", why, RETRY_SECONDS)
        # Room for those who are still joining, but not for a crowd that connects and never speaks.
        if self._connections >= self.settings.max_viewers + 256:
            return self._turn_away(503, "full", "the stream's hub is full; try again later")
        address = address_of(request, self.settings.behind_proxy)
        reason = self._addresses.enter(address, self.now())
        if reason is not None:
            return self._turn_away(429, "address", reason)
        self._connections += 1
        try:
            return await self._serve(request)
        finally:
            self._connections -= 1
            self._addresses.exit(address)

    async def watch(self) -> None:
        """Cut off those who fell silent, and shed what is too much, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._cut_off_silent())
            tasks.create_task(self._measure_lag())

    async def _measure_lag(self) -> None:
        loop, load = asyncio.get_running_loop(), self.load
        while True:
            due = loop.time() + SAMPLE_SECONDS
            await asyncio.sleep(SAMPLE_SECONDS)
            # A desk that came while the strain was on has to bear it as well.
            if load.note(loop.time() - due, loop.time()) or load.level:
                for desk in self._desks.values():
                    desk.bear(load.strain)

    async def _cut_off_silent(self) -> None:
        """Agents speak every heartbeat, so where nothing is heard the other end has vanished.

        One look at all of them every few seconds costs less than a ping timer for each, which every frame would reset.
        """
        while True:
            desks = list(self._desks.values())
            await asyncio.sleep(min((desk.heartbeat for desk in desks), default=self.settings.heartbeat))
            silent = []
            for desk in desks:
                found = [self._sockets[guest] for guest in desk.silent(self.now()) if guest in self._sockets]
                if found:
                    desk.counts["refused: silent or slow"] += len(found)
                    silent += found
            await asyncio.gather(*(part(page, WSCloseCode.POLICY_VIOLATION, "nothing heard") for page in silent))

    def tell(self, viewer: str, frame: HubFrame, channel: str = "") -> None:
        """Send one agent a frame that it did not ask for; nothing happens when it is not connected."""
        socket = self._socket_of(viewer, channel)
        if socket is not None:
            self.start(send(socket, encode(frame)))

    def dismiss(self, viewer: str, channel: str = "", again: bool = False) -> None:
        """End the connection of an agent that has joined again at another hub; `again`: it may come back."""
        guest = self._guest_of(viewer, channel)
        socket = self._sockets.get(guest) if guest is not None else None
        if guest is not None:
            # What is still on its way, or comes from who doesn't listen, would be a second vote.
            guest.ended = Refusal("replaced", "joined elsewhere" if again else REPLACED, retry=again)
        if socket is not None:
            self.start(part(socket, WSCloseCode.GOING_AWAY, "joined elsewhere") if again else _end_older(socket))

    def expel(self, guest: Guest, refusal: Refusal) -> None:
        """End a guest's connection, in words; every desk's `on_expel`."""
        socket = self._sockets.get(guest)
        if socket is not None:
            self.counts[f"refused: {refusal.cause}"] += 1
            self.start(_send_away(socket, refusal))

    def end(self, desk: Desk, why: str) -> None:
        """Say goodbye to everyone of a desk that is open no more; nobody waits for those who don't answer."""
        for guest in desk.guests.values():
            guest.ended = Refusal("ended", why, retry=True)
            socket = self._sockets.get(guest)
            if socket is not None:
                self.start(part(socket, WSCloseCode.GOING_AWAY, why))

    async def close(self, why: str = "the bot is closing", seconds: float = 0.0) -> None:
        """Say goodbye to everyone, so that agents know at once and come back with jitter.

        Spread over `seconds`, so that a crowd doesn't knock at the next hub all at once.
        """
        sockets = list(self._sockets.values())
        await asyncio.gather(*self._telling)
        await asyncio.gather(*(_part_within(socket, seconds, why) for socket in sockets))

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
        guest = desk = tap = None
        try:
            await socket.prepare(request)
        except ConnectionError:
            # Vanished within the handshake. The half-made socket would be a bug in aiohttp's eyes, and its log.
            return self._turn_away(400, "vanished", "")
        except UnicodeEncodeError:
            # aiohttp says what is wrong in the header's own words, also where they are no text.
            return self._turn_away(400, "malformed", "that is no WebSocket handshake")
        # They are on their way, and would stay in memory as long as the connection.
        socket.headers.clear()
        transport = request.transport
        if transport is not None:
            tap = FrameTap(cast(asyncio.Protocol, transport.get_protocol()), transport)
            transport.set_protocol(tap)
        try:
            first = text_of(await socket.receive(self.settings.join_timeout))
            desk = self._desk_of(first)
            guest, earlier, welcome = desk.join(first, self.now())
            self._sockets[guest] = socket
            async with asyncio.timeout(5.0):
                await socket.send_str(encode(welcome))
            if earlier is not None:
                await self._replace(earlier)
            if tap is not None and transport is not None:
                tap.take = _Intake(self, socket, transport, tap, desk, guest)
            await self._take_others(socket, desk, guest)
        except Refusal as refusal:
            if tap is not None:
                tap.refuse()
            self._counts(desk)[f"refused: {refusal.cause}"] += 1
            await _send_away(socket, refusal)
        except TimeoutError:
            self._counts(desk)["refused: silent or slow"] += 1
            await part(socket, WSCloseCode.POLICY_VIOLATION, "nothing heard or read for too long")
        except (ConnectionError, aiohttp.ClientConnectionResetError):
            self._counts(desk)["connections lost"] += 1
        finally:
            if tap is not None and not tap.refused and tap.end in ("flood", "unmasked"):
                self._counts(desk)["refused: flood" if tap.end == "flood" else "refused: malformed"] += 1
            if guest is not None and desk is not None:
                desk.gone(guest)
                self._sockets.pop(guest, None)
        return socket

    async def _take_others(self, socket: web.WebSocketResponse, desk: Desk, guest: Guest) -> None:
        """What isn't a text frame by itself, and what came before there was a tap, until the end. Raises Refusal."""
        while True:
            message = await socket.receive()
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
                return
            if message.type in (WSMsgType.PING, WSMsgType.PONG):
                desk.count_frame(guest, self.now())
                if message.type is WSMsgType.PING:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        await socket.pong(cast(bytes, message.data))
                continue
            answer = desk.take(guest, text_of(message), self.now())
            if answer is not None:
                await self.answer(socket, desk, answer)

    async def answer(self, socket: web.WebSocketResponse, desk: Desk, frame: HubFrame) -> None:
        """Tell a guest. One that doesn't read is cut off: the buffers of many would fill the memory."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await socket.send_str(encode(frame))
        except TimeoutError:
            desk.counts["refused: silent or slow"] += 1
            await part(socket, WSCloseCode.POLICY_VIOLATION, "nothing read for too long")
        except (ConnectionError, aiohttp.ClientConnectionResetError):
            pass  # Whoever reads its socket notices, too.

    def start(self, telling: Coroutine[None, None, None]) -> None:
        # Nobody waits for a slow agent; the task is kept, so that it isn't lost half-way.
        task = asyncio.create_task(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _replace(self, earlier: Guest) -> None:
        older = self._sockets.get(earlier)
        if older is not None:
            await _end_older(older)

    def _desk_of(self, first: bytes) -> Desk:
        """Raises Refusal."""
        if self._only is not None:
            return self._only
        desk = self._desks.get(channel_of(first))
        if desk is None:
            raise Refusal("channel", "this stream is not live here", retry=True)
        return desk

    def _counts(self, desk: Desk | None) -> Counter[str]:
        return self.counts if desk is None else desk.counts

    def _guest_of(self, viewer: str, channel: str) -> Guest | None:
        desk = self._desks.get(channel) if channel else self._only
        return desk.guests.get(viewer) if desk is not None else None

    def _socket_of(self, viewer: str, channel: str) -> web.WebSocketResponse | None:
        guest = self._guest_of(viewer, channel)
        return self._sockets.get(guest) if guest is not None else None

    def _turn_away(self, status: int, cause: str, reason: str, retry: int = 5) -> web.Response:
        self.counts[f"refused: {cause}"] += 1
        return web.Response(status=status, text=reason, headers={"Retry-After": str(retry), "Connection": "close"})


class _Intake:
    """Takes one guest's readings straight from the socket: nothing waits for them, and no coroutine wakes."""

    __slots__ = ("_desk", "_guest", "_hub", "_socket", "_tap", "_transport")

    def __init__(
        self, hub: Hub, socket: web.WebSocketResponse, transport: asyncio.Transport, tap: FrameTap, desk: Desk,
        guest: Guest,
    ) -> None:  # fmt: skip
        self._hub, self._socket, self._transport, self._tap = hub, socket, transport, tap
        self._desk, self._guest = desk, guest

    def __call__(self, text: bytes) -> None:
        hub = self._hub
        try:
            answer = self._desk.take(self._guest, text, hub.now())
        except Refusal as refusal:
            self._tap.refuse()
            self._desk.counts[f"refused: {refusal.cause}"] += 1
            hub.start(_send_away(self._socket, refusal))
            return
        if answer is not None:
            hub.start(hub.answer(self._socket, self._desk, answer))
        if hub.load.level and self._transport.is_reading():
            self._transport.pause_reading()
            # Not all at one time, or they would stay one burst for ever.
            rest = hub.load.strain.rest * random.uniform(0.5, 1.5)
            asyncio.get_running_loop().call_later(rest, self._transport.resume_reading)


async def _send_away(socket: web.WebSocketResponse, refusal: Refusal) -> None:
    await send(socket, encode(refusal.frame))
    await part(socket, WSCloseCode.POLICY_VIOLATION, refusal.frame.reason)


async def _end_older(socket: web.WebSocketResponse) -> None:
    await send(socket, encode(Refused(REPLACED)))
    await part(socket, WSCloseCode.POLICY_VIOLATION, "joined again elsewhere")


async def _part_within(socket: web.WebSocketResponse, seconds: float, why: str) -> None:
    if seconds:
        await asyncio.sleep(random.uniform(0.0, seconds))
    await part(socket, WSCloseCode.GOING_AWAY, why)
