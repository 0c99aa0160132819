"""One connection to OBS: requests with a time limit, events as they come, and errors that a person can mend.

obs-websocket 5 through obsws-python, which is synchronous, logs the password and a traceback for each failure, never
connects again, reads ./config.toml, and goes through a proxy. So requests have a thread of their own and events
another, the library's log is shut, the password hides from anything that prints it, and the socket is opened here.
After a time limit has passed the two ends may be out of step: then the connection is done with.
"""

import asyncio
import contextlib
import json
import logging
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from lera.errors import LeraError
from lera.obs.settings import ObsSettings
from lera.obs.worker import Worker
from lera.vault import keep_secret, secret

SUBSCRIPTIONS: Final = 1 | 4 | 64
"""General (OBS closes), Scenes, Outputs (replay buffer, recording)."""
WAITING: Final = 256
"""Events that may wait; of more, the oldest are dropped."""
MEND_PASSWORD: Final = (
    "Run `python run.py bot --obs-password` with the one that OBS shows under Tools, WebSocket Server Settings, "
    "Show Connect Info; then press Reconnect on the dashboard or start the bot again."
)
_SECRET: Final = "obs-password"

Data = dict[str, Any]


class ObsError(LeraError):
    """What OBS can't do, or that it can't be reached."""


class ObsAway(ObsError):
    """OBS is not there or has gone; trying again may help."""


class ObsRefused(ObsError):
    """OBS doesn't take the password; trying again doesn't help."""


class ObsSaysNo(ObsError):
    """OBS answered that it can't. `code` is obs-websocket's RequestStatus."""

    def __init__(self, request: str, code: int, comment: str) -> None:
        self.code = code
        self.comment = comment
        super().__init__(f"OBS refuses {request} (code {code}{': ' + comment if comment else ''}).")


class Password(str):
    """A password that nothing prints: not a log, not a format, not a traceback. Adding to it works as ever."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, _spec: str) -> str:
        return "***"


def keep_password(password: str | None) -> None:
    """Keep OBS's password in the keyring; None forgets it. Raises LeraError."""
    keep_secret(_SECRET, password)


def kept_password() -> Password:
    """OBS's password, "" where none is kept. Raises LeraError."""
    return Password(secret(_SECRET) or "")


class Connection:
    """Requests to OBS, and its events. Made by `connect`."""

    def __init__(self, requests: Any, events: Any, worker: Worker, timeout: float) -> None:
        self.version = ""
        self.events: asyncio.Queue[tuple[str, Data]] = asyncio.Queue(WAITING)
        self._requests = requests
        self._events = events
        self._worker = worker
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._gone = asyncio.Event()
        # A daemon: it waits for events in a call that only a broken socket ends.
        threading.Thread(target=self._listen, name="obs-events", daemon=True).start()

    @property
    def is_open(self) -> bool:
        """Whether OBS was there when last heard of."""
        return not self._gone.is_set()

    async def request(self, name: str, data: Data | None = None) -> Data:
        """One request and its answer. Raises ObsSaysNo, and ObsAway, after which this connection is closed."""
        if self._gone.is_set():
            raise ObsAway("OBS is away.")
        try:
            # The socket's own limit counts each part of an answer; this one counts them all.
            async with asyncio.timeout(2 * self._timeout):
                answer = await self._worker.run(_ask, self._requests, name, data)
        except ObsAway:
            self._break()
            raise
        except TimeoutError:
            self._break()
            raise ObsAway(f"OBS did not answer {name} in time.") from None
        status = answer["requestStatus"]
        if not status["result"]:
            raise ObsSaysNo(name, int(status["code"]), str(status.get("comment") or "")[:200])
        found = answer.get("responseData")
        return found if isinstance(found, dict) else {}

    async def gone(self) -> None:
        """Wait until OBS goes."""
        await self._gone.wait()

    async def close(self) -> None:
        """Let go of OBS; never takes longer than a moment."""
        self._break()
        self._worker.post(partial(_hang_up, self._requests))
        self._worker.end()

    def _break(self) -> None:
        self._gone.set()
        # Only woken up here; each thread closes its own socket, which nobody else can be using then.
        for client in (self._requests, self._events):
            with contextlib.suppress(OSError, AttributeError):
                client.ws.abort()

    def _listen(self) -> None:
        try:
            while True:
                text = self._events.ws.recv()
                if not text:
                    break
                event = json.loads(text)["d"]
                self._tell(self._take, str(event["eventType"]), event.get("eventData") or {})
        except Exception:  # However the line breaks, or whatever is no event: OBS counts as gone.
            pass
        _hang_up(self._events)
        self._tell(self._break)

    def _take(self, name: str, data: Data) -> None:
        if self.events.full():
            self.events.get_nowait()
        self.events.put_nowait((name, data))

    def _tell(self, work: Callable[..., None], *arguments: Any) -> None:
        # The loop may have ended before this thread.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(work, *arguments)


async def connect(settings: ObsSettings, password: Password) -> Connection:
    """Connect to OBS and wait until it has loaded its scenes. Raises ObsAway and ObsRefused."""
    try:
        connection = await _join(settings, password)
    except ObsRefused:
        if not password:
            raise
        # An OBS that is just closing looks the same; it won't do so twice.
        await asyncio.sleep(0.5)
        connection = await _join(settings, password)
    try:
        connection.version = str((await connection.request("GetVersion")).get("obsVersion", "?"))
        await _until_loaded(connection, 10 * settings.timeout)
    except BaseException:
        await connection.close()
        raise
    return connection


def diagnosis(settings: ObsSettings) -> str:
    """What OBS says when it is asked once, for the doctor. Raises LeraError with the mend."""

    async def ask() -> str:
        obs = await connect(settings, kept_password())
        try:
            video = await obs.request("GetVideoSettings")
            return f"OBS {obs.version} answers, {video.get('baseWidth')}x{video.get('baseHeight')}"
        finally:
            await obs.close()

    return asyncio.run(ask())


async def _join(settings: ObsSettings, password: Password) -> Connection:
    worker = Worker("obs")
    clients: list[Any] = []
    try:
        async with asyncio.timeout(4 * settings.timeout):
            clients.append(await worker.run(_open, settings, password, 0, undo=_hang_up))
            clients.append(await worker.run(_open, settings, password, SUBSCRIPTIONS, undo=_hang_up))
        # What is listened to may be silent for hours.
        clients[1].ws.settimeout(None)
        return Connection(clients[0], clients[1], worker, settings.timeout)
    except BaseException as error:
        for client in clients:
            worker.post(partial(_hang_up, client))
        worker.end()
        if isinstance(error, TimeoutError):
            raise ObsAway(f"OBS at {settings.host}:{settings.port} does not answer.") from None
        raise


async def _until_loaded(connection: Connection, seconds: float) -> None:
    """A starting OBS answers before it has its scenes."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(ObsSaysNo):
                    if (await connection.request("GetSceneList")).get("currentProgramSceneName"):
                        return
                await asyncio.sleep(0.1)
    raise ObsAway("OBS is there and has no scene yet.")


def _open(settings: ObsSettings, password: Password, subscriptions: int) -> Any:
    """One authenticated client. Runs in the worker's thread."""
    # Imported here: without OBS nobody pays for it. Its log would hold the password, and a traceback for each fault.
    logging.getLogger("obsws_python").setLevel(logging.CRITICAL + 1)
    from obsws_python.baseclient import ObsClient
    from obsws_python.error import OBSSDKError
    from websocket import WebSocket, WebSocketException

    place = f"{settings.host}:{settings.port}"
    # Its own start would ask the proxy that the environment names for a program on this very machine, and log the
    # password; so what it does is done here. There is something to hang up, too, when that ends half-way.
    client: Any = ObsClient.__new__(ObsClient)
    client.logger, client.ws = logging.getLogger("obsws_python.baseclient"), WebSocket()
    client.password, client.subs = password, subscriptions
    try:
        wire = socket.create_connection((settings.host, settings.port), settings.timeout)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.ws.connect(f"ws://{place}", socket=wire, timeout=settings.timeout, redirect_limit=0)
        client.server_hello = json.loads(client.ws.recv())
        client.authenticate()
    except OBSSDKError:
        _hang_up(client)
        # The library has one error for a wrong password and for an OBS that hangs up, as one that closes does.
        if "authentication" not in client.server_hello["d"]:
            raise ObsAway(f"OBS at {place} hung up before it let LERA in. {_MEND_AWAY}") from None
        if not password:
            raise ObsRefused(f"OBS at {place} asks for a password and none is kept. {MEND_PASSWORD}") from None
        raise ObsRefused(f"OBS at {place} refuses the password. {MEND_PASSWORD}") from None
    except (OSError, WebSocketException) as error:
        _hang_up(client)
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ObsAway(f"OBS can't be reached at {place} ({reason}). {_MEND_AWAY}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        _hang_up(client)
        raise ObsAway(f"What listens at {place} is not OBS's WebSocket server. {_MEND_AWAY}") from None
    return client


_MEND_AWAY: Final = "Start OBS and switch on Tools, WebSocket Server Settings, Enable; [obs] host and port say where."


def _ask(client: Any, name: str, data: Data | None) -> Data:
    """One request's answer, as the library gives it. Runs in the worker's thread."""
    from obsws_python.error import OBSSDKError
    from websocket import WebSocketException

    try:
        answer: Data = client.req(name, data)
        if answer["requestType"] != name:
            raise KeyError(name)
        int(answer["requestStatus"]["code"]), answer["requestStatus"]["result"]
    except OBSSDKError:
        raise ObsAway(f"OBS did not answer {name} in time.") from None
    except (OSError, WebSocketException):
        raise ObsAway("OBS has gone.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ObsAway(f"OBS gave no answer to {name}.") from None
    return answer


def _hang_up(client: Any) -> None:
    """Close a client's socket at once. For the thread that uses it."""
    with contextlib.suppress(OSError, AttributeError):
        client.ws.abort()
        client.ws.shutdown()
