"""WebSocket, the agent's end: `HubClient` stays joined to a `transport.hub.Hub` and brings it readings."""

import asyncio
import contextlib
import random
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import aiohttp
from aiohttp import WSMsgType
from yarl import URL

from lera.errors import LeraError
from transport.appearances import Appearing
from transport.identities import Linking
from transport.limits import Rate
from transport.link import netloc
from transport.newest import Newest
from transport.reading import (
    MAX_FRAME_BYTES,
    PROTOCOL_VERSION,
    UNREADABLE,
    AwayReason,
    Code,
    Dropped,
    Forget,
    Forgotten,
    Join,
    Leave,
    Linked,
    Pace,
    Post,
    Refused,
    Renewed,
    Shown,
    Welcome,
    encode,
    hub_decoder,
    sayable,
)
from transport.unreached import Elsewhere, why_unreached
from transport.way import Way, check_way, way_to

# What ends a connection without being anyone's mistake. UnicodeError: a host's name that can't be one, as a redirection
# may give it.
LOST = (aiohttp.ClientError, ConnectionError, OSError, TimeoutError, UnicodeError)

# What is kept, and shown to the hub again, can be no more than a token.
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,160}")

State = Literal["connecting", "joined", "offline"]


class HubClient:
    """The agent's end: stays joined by itself, and always sends the newest reading, never an old one.

    What is posted while the hub is away is not queued: only the newest survives, since a mood of a minute ago is
    worth nothing.
    """

    LONGEST_WAIT: Final = 30.0
    LET_IN: Final = 30.0
    """Seconds in which a hub must have let an agent in, from the first look for its host."""
    STEADY: Final = 5.0
    """Seconds after which a connection shows that the hub is well."""
    FRAMES: Final = (0.1, 100)
    """A hub may say ten frames a second, and a hundred at once; it has something to say now and then only."""

    def __init__(
        self,
        url: str,
        channel: str,
        token: str,
        viewer: str,
        on_state: Callable[[str], None] | None = None,
        session: aiohttp.ClientSession | None = None,
        *,
        given: str = "",
        on_given: Callable[[str], None] | None = None,
        insecure: bool = False,
    ) -> None:
        """`token` is the link's. `given` is one that the hub gave this viewer later, and comes first; `on_given` is
        called with each that it gives, to be kept, and with "" when the last one is good for nothing any more.

        `insecure` lets it join over the internet where the way isn't encrypted; on near networks it always may.
        """
        self.url = url
        # What the way to the hub is like, once it was tried.
        self.way: Way | None = None
        # Why the last try failed, where that is somebody's to mend.
        self.fault = ""
        self._insecure = insecure
        self.interval = 1.0
        self.heartbeat = 5.0
        self.minimum_viewers = 3
        self.state: State = "offline"
        self.linking = Linking()
        self.appearing = Appearing()
        self.readings_sent = 0
        self._newest = Newest()
        self._join = Join(PROTOCOL_VERSION, channel, given or token, viewer)
        self._link_token = token
        self._on_given = on_given
        self._on_state = on_state
        self._session = session
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._sequence = 0
        self._wake = asyncio.Event()
        self.linking.wake = self.appearing.wake = self._wake.set
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
        with contextlib.suppress(*LOST):
            await socket.send_str(encode(Forget()))
            async with asyncio.timeout(seconds):
                await self._forgotten.wait()
        return self._forgotten.is_set()

    async def close(self) -> None:
        """Say goodbye and stop `run`."""
        socket = self._socket
        self._closing.set()
        if socket is not None:
            with contextlib.suppress(*LOST):
                if self.state == "joined":
                    async with asyncio.timeout(1.0):
                        await socket.send_str(encode(Leave()))
                async with asyncio.timeout(2.0):
                    await socket.close()

    async def run(self) -> None:
        """Stay joined until `close`. Raises LeraError when the hub refuses for good."""
        tries, loop = Tries(), asyncio.get_running_loop()
        async with contextlib.AsyncExitStack() as stack:
            session = self._session
            if session is None:
                session = await stack.enter_async_context(aiohttp.ClientSession(trace_configs=[_staying()]))
            while not self._closing.is_set():
                self._become("connecting")
                self.fault, began = "", loop.time()
                try:
                    await self._connect(session)
                except LOST as error:
                    # What the hub has said itself, before it went on and on, says more.
                    self.fault = self.fault or why_unreached(error, "stream")
                finally:
                    self._socket = None
                    self.appearing.lost()
                if self._closing.is_set():
                    return
                attempt = tries.ended(self.state == "joined", loop.time() - began >= self.STEADY)
                self._become("offline")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(backoff(attempt, self.LONGEST_WAIT)):
                        await self._closing.wait()

    async def _connect(self, session: aiohttp.ClientSession) -> None:
        loop = asyncio.get_running_loop()
        async with (
            asyncio.timeout(self.LET_IN) as joining,
            asyncio.timeout(None) as ending,
            session.ws_connect(
                self.url, compress=0, heartbeat=20.0, max_msg_size=4 * MAX_FRAME_BYTES, timeout=CLOSE_TIMEOUT
            ) as socket,
        ):
            try:
                await self._talk(socket, joining)
            finally:
                # aiohttp's goodbye, which has two seconds, has as many again for each thing that a hub still says.
                ending.reschedule(loop.time() + 3.0)

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse, joining: asyncio.Timeout) -> None:
        # Before a word is said. Where a name or a redirection leads is seen only now.
        self._look_at_way(socket)
        self._socket = socket
        await socket.send_str(encode(self._join))
        loop, heard = asyncio.get_running_loop(), Rate(*self.FRAMES)
        sender: asyncio.Task[None] | None = None
        try:
            async for message in socket:
                if not heard.allow(loop.time()):
                    # It wants to keep this machine busy: it isn't well, so that each time it is waited for longer.
                    self._become("offline")
                    return
                if message.type is not WSMsgType.TEXT:
                    continue
                if not self._hear(message.data):
                    return
                if self.state == "joined" and sender is None:
                    joining.reschedule(None)
                    sender = asyncio.create_task(self._send_newest(socket))
        finally:
            if sender is not None:
                sender.cancel()
                # Not suppressing CancelledError: it may be ours, which must not be lost.
                await asyncio.gather(sender, return_exceptions=True)

    def _look_at_way(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        peer = socket.get_extra_info("peername")
        if peer is None:
            # Gone again already: nothing can be said of the way, and nobody is there to say it to.
            raise ConnectionResetError
        encrypted = socket.get_extra_info("ssl_object") is not None
        self.way = way_to(str(peer[0]), encrypted)
        place = netloc(self.url) or ""
        if self.url.startswith("wss:") and not encrypted:
            raise LeraError(f"{place} leads to a place whose way isn't encrypted; ask the streamer to mend that.")
        check_way(self.way, place, self._insecure)

    def _hear(self, text: str) -> bool:
        """Whether the connection goes on: a hub that refuses is not waited for, lest it keeps the agent hanging."""
        try:
            frame = hub_decoder.decode(text)
        except UNREADABLE:
            return True
        match frame:
            case Welcome():
                self._sequence = frame.sequence
                self.minimum_viewers = min(max(frame.minimum_viewers, 1), 1_000_000)
                self._pace(frame.interval, frame.heartbeat)
                # Before the viewer is told that they have joined, so that it can be said how they are shown.
                self.appearing.joined(frame)
                self._become("joined")
                self.linking.joined(frame)
                self._take_token(frame.token)
            case Pace():
                self._pace(frame.interval, frame.heartbeat)
            case Refused() if frame.link and self._join.token != self._link_token:
                # The next one comes by the link itself.
                self._join.token = self._link_token
                if self._on_given is not None:
                    self._on_given("")
                return False
            case Refused() if not frame.retry:
                raise LeraError(f"The stream's hub refused to let you in: {sayable(frame.reason)}.")
            case Forgotten():
                self._forgotten.set()
            case Linked():
                self.linking.hear(frame)
                self._take_token(frame.token)
            case Renewed():
                self._take_token(frame.token)
            case Code():
                self.linking.hear(frame)
            case Shown():
                self.appearing.hear(frame)
            case Refused():
                said = sayable(frame.reason)
                self.fault = f"The stream's hub says: {said}." if said else ""
                return False
            case Dropped():
                pass
        return True

    def _take_token(self, token: str) -> None:
        """The hub has given this viewer another token to come back with."""
        if _TOKEN.fullmatch(token) and token != self._join.token:
            self._join.token = token
            if self._on_given is not None:
                self._on_given(token)

    async def _send_newest(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        posted = float("-inf")
        while True:
            newest = self._newest.take()
            self._wake.clear()
            for asking in (self.appearing.due(), self.linking.due()):
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


def _staying() -> aiohttp.TraceConfig:
    """What keeps a connection at the host that the link names, which is the one that the viewer agreed to.

    A hub could else have any address asked for by this machine, those of this machine and its network among them.
    """

    async def stay(_session: aiohttp.ClientSession, _trace: Any, told: aiohttp.TraceRequestRedirectParams) -> None:
        headers = told.response.headers
        try:
            # In the order in which aiohttp looks for it; without a host it is the same one.
            host = URL(headers.get("Location") or headers.get("URI") or "").host
        except ValueError:
            host = ""
        if host is not None and host != told.response.url.host:
            told.response.close()
            raise Elsewhere

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(stay)
    return trace


CLOSE_TIMEOUT = aiohttp.ClientWSTimeout(ws_close=2.0)


class Tries:
    """Counts tries in a row, for `backoff`: an outage before it doesn't count against who was let in."""

    def __init__(self) -> None:
        self._brief = self._attempt = 0

    def ended(self, joined: bool, lasted: bool) -> int:
        """The number of the next try, when one has ended. Only a connection that lasted is a good one."""
        if joined:
            self._brief = 0 if lasted else self._brief + 1
            self._attempt = self._brief
        else:
            self._attempt += 1
        return self._attempt


def backoff(attempt: int, longest: float) -> float:
    """Seconds to wait before try number `attempt`: exponential with jitter, so that a crowd doesn't return as one.

    The jitter is over the upper three quarters of the wait; the first is never under a quarter of a second.
    """
    ceiling = min(longest, 1.0 * 2.0 ** min(attempt, 16))
    return random.uniform(ceiling / 4, ceiling)
