"""NATS, both ends' shell: `Bus` stays connected, brings frames there and back, and never queues what is old."""

import asyncio
import contextlib
import logging
import random
import re
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from transport.bus import BusFrame, Heard, decode_frame, encode_frame, subject_of_frame
from transport.bus_login import Login, Server, encrypted

logger = logging.getLogger(__name__)

_LOST: Final = (nats.errors.Error, OSError, TimeoutError, RuntimeError, ValueError)
"""What ends or prevents a connection without being a fault of ours."""
_DENIED: Final = re.compile(r'permissions violation for (publish|subscri)\w* to "?([^"\s]+)')


class Bus:
    """One connection to NATS, made anew as often as it must be.

    nats-py's own reconnecting would keep what was published meanwhile and send it later, as if it were true then. Here
    each connection starts empty, and what can't be sent within a second is dropped.
    """

    LONGEST_WAIT: Final = 0.5
    CONNECT_SECONDS: Final = 1.5
    PING_SECONDS: Final = 1.0
    MISSED_PINGS: Final = 2
    DENIED_SECONDS = 10.0
    """What NATS has refused is taken for mended, or tried anew, after so long."""
    SETTLED_SECONDS: Final = 5.0
    """By then what was missed before a connection has been asked for, and answered."""
    WAITING_FRAMES: Final = 4096
    WAITING_BYTES: Final = 16 * 1024 * 1024

    def __init__(
        self,
        servers: list[Server],
        login: Login,
        name: str,
        subjects: list[str],
        hear: Callable[[Heard], None],
        on_connected: Callable[[bool], None] | None = None,
        on_missed: Callable[[], None] | None = None,
    ) -> None:
        """`hear` gets each frame, in order. `on_connected` is told of both changes, `on_missed` of frames lost here."""
        self.servers = servers
        self.connected = False
        self.counts: Counter[str] = Counter()
        # Why there is no connection, or what NATS refuses this login, in words; empty while all is well.
        self.fault = "not connected yet"
        self._login = login
        self._name = name
        self._subjects = subjects
        self._hear = hear
        self._on_connected = on_connected or (lambda _connected: None)
        self._on_missed = on_missed or (lambda: None)
        self._outbox: deque[tuple[str, bytes]] = deque()
        self._filled = asyncio.Event()
        self._closing = False
        # What this connection may not do, in words, and when it last was told so.
        self._denied, self._denied_at = "", 0.0
        # Since when a subject that this end must hear is refused.
        self.deaf_since: float | None = None
        self._warned: set[str] = set()
        self._sent: deque[str] = deque(maxlen=256)

    def publish(self, channel: str, frame: BusFrame, to: str = "") -> bool:
        """Send a frame as soon as may be. False, and it is dropped, while there is no connection or it is jammed."""
        if not self.connected or len(self._outbox) >= self.WAITING_FRAMES:
            self.counts["unsent"] += 1
            return False
        self._outbox.append((subject_of_frame(channel, frame, to), encode_frame(frame)))
        self._filled.set()
        return True

    def made_up(self, seconds: float) -> bool:
        """Whether the last connection, which was there for so long, has brought what was missed before it."""
        return self.deaf_since is None and seconds >= self.SETTLED_SECONDS

    async def run(self) -> None:
        """Stay connected until cancelled. What is wrong is said once for each kind of fault."""
        told, attempt = "", 0
        # What asyncio says of each stream that ends under TLS, as nats-py uses them.
        logging.getLogger("asyncio").addFilter(_is_news)
        tls = encrypted(self.servers)
        while True:
            server = self.servers[attempt % len(self.servers)]
            try:
                await self._connection(server, tls)
                attempt = 0
            except _LOST as error:
                attempt += 1
                self.fault = _words(server, error)
            if self.fault not in ("", told, self._denied):
                logger.warning("%s LERA goes on, and keeps trying.", self.fault)
            told = self.fault
            ceiling = min(self.LONGEST_WAIT, 0.1 * 2.0 ** min(attempt, 8))
            await asyncio.sleep(random.uniform(ceiling / 4, ceiling))

    async def _connection(self, server: Server, tls: Any) -> None:
        """One connection, from its beginning to its end."""
        client = Client()
        ended = asyncio.Event()
        first: list[Exception] = []
        self._denied, self.deaf_since = "", None

        async def on_error(error: Exception) -> None:
            if denied := _DENIED.search(str(error).lower()):
                # The connection stays; raised while connecting, nats-py's reader would end in a traceback.
                self._deny("publish" if denied[1] == "publish" else "subscribe", denied[2])
                return
            if client._reading_task is None:
                # nats-py would try for ever within `connect`; whether, when and where to try is decided here. What its
                # reader tells mustn't be raised: that would end the reader, with a traceback.
                raise error
            if isinstance(error, nats.errors.SlowConsumerError):
                self.counts["lost"] += 1
                self._on_missed()
            elif not first:
                first.append(error)

        async def on_closed() -> None:
            ended.set()

        try:
            options = self._options(client, server, tls)
            await _within(self.CONNECT_SECONDS, self._open(client, server, on_error, on_closed, options))
            self._become(True)
            if not self._denied:
                logger.info("Connected to NATS at %s.", server.url)
            async with asyncio.TaskGroup() as tasks:
                watching = [tasks.create_task(self._send(client, ended)), tasks.create_task(self._ping(client, ended))]
                await ended.wait()
                for task in watching:
                    task.cancel()
            reason = first[0] if first else ConnectionError("the connection was lost")
            self.fault = self._denied or _words(server, reason)
        except asyncio.CancelledError:
            # The last words of who ends go out before the connection does.
            await self._flush(client)
            raise
        finally:
            self._become(False)
            await _close(client)

    async def _open(
        self, client: Client, server: Server, on_error: Callable[[Exception], Awaitable[None]],
        on_closed: Callable[[], Awaitable[None]], options: dict[str, Any],
    ) -> None:  # fmt: skip
        await client.connect(
            server.url, name=self._name, allow_reconnect=False, connect_timeout=2, no_echo=True, ping_interval=1,
            max_outstanding_pings=self.MISSED_PINGS, flush_timeout=1.0, error_cb=on_error, closed_cb=on_closed,
            **options,
        )  # fmt: skip
        if not client.is_connected:
            # Cut off before the last word of the handshake, which nats-py takes for its end.
            raise ConnectionError("the connection was lost")
        for subject in self._subjects:
            await client.subscribe(
                subject, cb=self._take, pending_msgs_limit=self.WAITING_FRAMES, pending_bytes_limit=self.WAITING_BYTES
            )
        # Only now the server has heard of all that is wanted: answers to what is asked next will come here.
        await _answered(client, 1.0)

    def _options(self, client: Client, server: Server, tls: Any) -> dict[str, Any]:
        options = dict(self._login.options)
        if server.tls:
            options["tls"] = tls
            options["tls_hostname"] = server.host

            def only_encrypted(value: Any) -> Callable[..., Any]:
                def shown(*given: Any) -> Any:
                    # nats-py encrypts when the server says so, and whoever sits in between may keep it from saying it.
                    if not client._server_info.get("tls_required"):
                        raise ConnectionError("the server offers no TLS")
                    return value(*given) if callable(value) else value

                return shown

            options = {
                key: only_encrypted(value) if key not in ("tls", "tls_hostname") else value
                for key, value in options.items()
            }
        return options

    async def _take(self, message: Msg) -> None:
        self.counts["frames"] += 1
        try:
            heard = decode_frame(message.subject, message.data)
        except ValueError as error:
            self.counts["refused"] += 1
            if self.counts["refused"] == 1:
                logger.warning("On NATS came what is no frame of LERA's (%s); it is counted and left out.", error)
            return
        try:
            self._hear(heard)
        except Exception:
            # Not thrown into nats-py, which would stop listening there.
            logger.exception("A frame from NATS could not be used.")

    async def _send(self, client: Client, ended: asyncio.Event) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            try:
                await _within(1.0, self._drain(client))
            except _LOST:
                ended.set()
                return

    async def _drain(self, client: Client) -> None:
        while self._outbox:
            subject, data = self._outbox.popleft()
            if len(data) > client.max_payload:
                # nats-py would raise, and the connection would end for it again and again.
                self.counts["too large"] += 1
                if self.counts["too large"] == 1:
                    logger.warning(
                        "%s has %d bytes, and this NATS takes %d: raise max_payload in its configuration.",
                        subject, len(data), client.max_payload,
                    )  # fmt: skip
                continue
            self._sent.append(subject)
            await client.publish(subject, data)
            self.counts["sent"] += 1
            self.counts["sent bytes"] += len(data)

    async def _ping(self, client: Client, ended: asyncio.Event) -> None:
        """nats-py's own pings can't end a connection whose buffer is full; these can."""
        while True:
            await asyncio.sleep(self.PING_SECONDS)
            try:
                await _answered(client, self.PING_SECONDS * self.MISSED_PINGS)
            except _LOST:
                ended.set()
                return
            now = asyncio.get_running_loop().time()
            if self.deaf_since is not None and now - self.deaf_since >= self.DENIED_SECONDS:
                # Permissions may have been mended, and what was missed meanwhile is asked for by a new connection.
                ended.set()
                return
            if self._denied and self.deaf_since is None and now - self._denied_at >= self.DENIED_SECONDS:
                self._denied = self.fault = ""

    def _deny(self, verb: str, subject: str) -> None:
        """NATS refuses this login a subject that LERA needs. Said once for each channel."""
        self.counts["denied"] += 1
        # nats-py tells subjects in small letters.
        subject = next((each for each in (*self._subjects, *self._sent) if each.lower() == subject), subject)
        self._denied = self.fault = _words_of_denial(verb, subject)
        self._denied_at = asyncio.get_running_loop().time()
        if verb == "subscribe" and self.deaf_since is None:
            self.deaf_since = self._denied_at
        if self._denied not in self._warned:
            self._warned.add(self._denied)
            logger.warning("%s LERA goes on, and keeps trying.", self._denied)

    async def _flush(self, client: Client) -> None:
        if self.connected:
            with contextlib.suppress(*_LOST):
                await _within(1.0, self._drain(client))
                await _answered(client, 1.0)

    def _become(self, connected: bool) -> None:
        if connected == self.connected:
            return
        self.connected = connected
        self._outbox.clear()
        if connected:
            self.fault = self._denied
            self.counts["connections"] += 1
        self._on_connected(connected)


def _is_news(record: logging.LogRecord) -> bool:
    return "eof_received" not in str(record.msg)


async def _within(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    """Await something of nats-py's for so long. Raises TimeoutError, and whatever it raises.

    In a task of its own, since nats-py swallows cancellations here and there, and ours must not be lost.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    if not done:
        raise TimeoutError
    task.result()


async def _answered(client: Client, seconds: float) -> None:
    """Wait until the server has answered all that was sent. Raises TimeoutError, and whatever nats-py raises.

    Who stops waiting leaves the flush as it is: where an answer comes to one that was cancelled, nats-py stops reading
    and prints a traceback.
    """
    task = asyncio.ensure_future(client.flush(10))
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        raise TimeoutError
    task.result()
    if client._reading_task is None or client._reading_task.done():
        # nats-py waits for no answer then, and says that all is well.
        raise ConnectionError("nothing is read from it any more")


async def _close(client: Client) -> None:
    """Close within a second, whatever the network does."""
    transport = client._transport
    with contextlib.suppress(*_LOST):
        await _within(0.5, client.close())
    writer = getattr(transport, "_io_writer", None)
    if writer is not None:
        # What lies in its buffer is old by the time that it could go out.
        writer.transport.abort()


def _words(server: Server, error: BaseException) -> str:
    """What happened and what to do, in one line."""
    text = str(error).removeprefix("nats: ").strip("'\" ") or type(error).__name__
    if "uthorization" in text or "uthentication" in text:
        return f"NATS at {server.url} refuses the login: keep the right one with `python run.py hub --nats-login`."
    if isinstance(error, TimeoutError):
        text = "no answer"
    if isinstance(error, ConnectionRefusedError):
        text = "nothing listens there"
    return f"NATS at {server.url} is away ({text[:120]}): start nats-server there, or change [hub] nats."


def _words_of_denial(verb: str, subject: str) -> str:
    """What is refused and what to do, in one line: the same for all subjects of a channel."""
    channel = subject.partition(".")[2].partition(".")[0]
    mend = "put the channel's name into its permissions in nats.conf, or keep the right login"
    if channel == "*":
        mend = "it is no hub's; keep the hubs' login"
    return f"NATS doesn't let this login {verb} to lera.{channel}.…: {mend} with `python run.py hub --nats-login`."
