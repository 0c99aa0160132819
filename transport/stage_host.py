"""The bot's end of the stage's line: `StageHost` takes in what the streamer's agent reads of the streamer.

Its route stands where the guard asks for the streamer's key. What comes is checked and limited all the same: a key on
another machine, or a broken agent, must not be able to harm the show.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol, cast

from aiohttp import WSCloseCode, WSMsgType, web

from transport.desk import OVERSIZED, Refusal
from transport.limits import Rate
from transport.reading import MAX_FRAME_BYTES, UNREADABLE, Reading, Refused, Source, sums_to_one
from transport.sockets import LOST, part, send, text_of
from transport.stage import (
    SOURCES,
    STAGE_VERSION,
    Feel,
    Modality,
    StageWelcome,
    encode_stage,
    stage_decoder,
    stage_join_decoder,
)

INTERVAL: Final = 0.25
"""Seconds between two readings of one modality."""
SILENT_SECONDS: Final = 20.0
"""An agent speaks at least every five seconds: after so many the other end has vanished."""
JOIN_SECONDS: Final = 10.0
MAX_CONNECTIONS: Final = 8
"""At once: one agent, and others that are about to take its place."""


class StageAudience(Protocol):
    """What a stage feeds. All calls come from the event loop and must not block."""

    def sense(self, reading: Reading) -> None:
        """A checked reading of the streamer; its `source` is one of `transport.stage.SOURCES`."""

    def lose(self, source: Source) -> None:
        """There is nothing to read any more of this."""

    def attend(self, present: bool) -> None:
        """The streamer's agent has come, or has gone with all that it read."""


class StageHost:
    """One show's stage, for one agent: a newer one takes an older one's place. Route `STAGE_PATH` to `handle`."""

    def __init__(self, channel: str, audience: StageAudience, now: Callable[[], float]) -> None:
        """`now` is the show's clock, in seconds."""
        self.counts: Counter[str] = Counter()
        self._channel = channel
        self._audience = audience
        self._now = now
        self._current: web.WebSocketResponse | None = None
        self._connections = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One agent's connection, from handshake to goodbye."""
        # The guard would take a browser's cookie, too; no page has any business here.
        if "Origin" in request.headers or "Authorization" not in request.headers:
            self.counts["refused: no program"] += 1
            raise web.HTTPForbidden(text="This is for the streamer's agent, with the key in its Authorization header.")
        if self._connections >= MAX_CONNECTIONS:
            self.counts["refused: full"] += 1
            raise web.HTTPServiceUnavailable(text="Too many agents at once.", headers={"Retry-After": "5"})
        self._connections += 1
        try:
            return await self._serve(request)
        finally:
            self._connections -= 1

    async def end(self, code: int = WSCloseCode.GOING_AWAY, why: str = "the bot is closing") -> None:
        """Send the agent away, if one is here."""
        if self._current is not None:
            await part(self._current, code, why)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(
            # As at the hub: past this it isn't even taken in, and pings count as the frames that they are.
            max_msg_size=4 * MAX_FRAME_BYTES, compress=False, timeout=2.0, autoping=False, decode_text=False,
        )  # fmt: skip
        try:
            await socket.prepare(request)
        except (ConnectionError, UnicodeEncodeError):
            # Vanished within the handshake, or shook hands in bytes that are no text.
            return web.Response(status=400)
        joined = False
        try:
            self._admit(text_of(await socket.receive(JOIN_SECONDS)))
            earlier, self._current, joined = self._current, socket, True
            self._audience.attend(True)
            self.counts["joined"] += 1
            await send(socket, encode_stage(StageWelcome(STAGE_VERSION, self._channel, INTERVAL)))
            if earlier is not None:
                await send(earlier, encode_stage(Refused(_REPLACED)))
                await part(earlier, WSCloseCode.POLICY_VIOLATION, "replaced")
            await self._take_frames(socket)
        except Refusal as refusal:
            self.counts[f"refused: {refusal.cause}"] += 1
            self._leave(socket)
            await send(socket, encode_stage(refusal.frame))
            await part(socket, WSCloseCode.POLICY_VIOLATION, refusal.frame.reason)
        except TimeoutError:
            self.counts["refused: silent or slow"] += 1
            self._leave(socket)
            await part(socket, WSCloseCode.POLICY_VIOLATION, "nothing heard or read for too long")
        except LOST:
            self.counts["connections lost"] += 1
        finally:
            if joined:
                self._leave(socket)
        return socket

    def _admit(self, text: bytes) -> None:
        try:
            join = stage_join_decoder.decode(text)
        except UNREADABLE:
            raise Refusal("first frame", "the first frame must say which version of the stage it speaks") from None
        if join.version != STAGE_VERSION:
            older = "the agent" if join.version < STAGE_VERSION else "the bot"
            raise Refusal("version", f"agent and bot are of different LERA versions: update {older}")

    def _leave(self, socket: web.WebSocketResponse) -> None:
        if self._current is socket:
            self._current = None
            self._audience.attend(False)

    async def _take_frames(self, socket: web.WebSocketResponse) -> None:
        # Four times what three modalities at the fastest pace come to; a stalled network may send some at once.
        frames = Rate(INTERVAL / 12, burst=60)
        # Of each modality, so that a busy one takes no other's place.
        paces = {modality: Rate(INTERVAL * 0.8, burst=3) for modality in SOURCES}
        while True:
            message = await socket.receive(SILENT_SECONDS)
            if self._current is not socket:
                raise Refusal("replaced", _REPLACED)
            if not frames.allow(self._now()):
                raise Refusal("flood", "far too many frames; update LERA")
            if message.type is WSMsgType.PING:
                async with asyncio.timeout(5.0):
                    await socket.pong(cast(bytes, message.data))
            elif message.type is not WSMsgType.PONG:
                self._take(text_of(message), paces)

    def _take(self, text: bytes, paces: dict[Modality, Rate]) -> None:
        if len(text) > MAX_FRAME_BYTES:
            raise Refusal("oversized", OVERSIZED)
        try:
            frame = stage_decoder.decode(text)
        except UNREADABLE as error:
            raise Refusal("malformed", f"that frame can't be read: {error}") from None
        source = SOURCES[frame.modality]
        if not isinstance(frame, Feel):
            self._audience.lose(source)
            return
        if not sums_to_one(frame.probabilities):
            raise Refusal("malformed", "the seven probabilities must add up to 1")
        now = self._now()
        if not paces[frame.modality].allow(now):
            self.counts["dropped: too fast"] += 1
            return
        self.counts["readings"] += 1
        self._audience.sense(Reading("", source, now, frame.probabilities, frame.quality, frame.captured))


_REPLACED: Final = "another agent of yours has taken over; this one stops"
