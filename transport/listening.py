"""Listening: ports that stay usable when strangers open many connections and say nothing."""

import asyncio
import contextlib
import errno
import logging
import socket
import sys
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from lera.errors import LeraError

logger = logging.getLogger(__name__)

BACKLOG: Final = 128
_ANY: Final = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}


@contextlib.asynccontextmanager
async def site(listener: socket.socket, app: web.Application, patience: float) -> AsyncIterator[None]:
    """Serve `app` while the context lasts; connections that say nothing for `patience` seconds are closed."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0, keepalive_timeout=15.0)
    await runner.setup()
    assert runner.server is not None
    closing = asyncio.create_task(_close_silent(runner.server, patience))
    try:
        await web.SockSite(runner, listener, backlog=BACKLOG).start()
        yield
    finally:
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        await runner.cleanup()


async def _close_silent(server: web.Server, patience: float) -> None:
    """Close connections on which no request has come for `patience` seconds: they cost a file each."""
    seen: dict[Any, float] = {}
    while True:
        await asyncio.sleep(patience / 4)
        now = time.monotonic()
        waiting = [connection for connection in server.connections if connection._current_request is None]
        seen = {connection: seen.get(connection, now) for connection in waiting}
        for connection, since in seen.items():
            if now - since >= patience:
                connection.force_close()


def listen(host: str, port: int, where: str = "config.toml under [web]") -> socket.socket:
    """A listening socket; port 0 is any free one. `where` says where host and port are set. Raises LeraError."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        if host:
            # Asked first, since a name that is no address and a port that is taken fail alike afterwards.
            socket.getaddrinfo(host, port, family)
        # Not `reuse_port`: a second bot on one port would take half of the viewers in silence.
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (socket.gaierror, UnicodeError, OverflowError) as error:
        raise LeraError(f"Can't listen on {host} port {port} ({error}): mend host and port in {where}.") from None
    except OSError as error:
        # Neither an address that this machine doesn't have nor a port that is the system's own is taken by anybody.
        taken = error.errno == errno.EADDRINUSE
        mend = "is another LERA running? Close it, or set another port" if taken else "mend host and port"
        raise LeraError(f"Can't listen on {host} port {port} ({error.strerror or error}): {mend} in {where}.") from None


def url_of(host: str, listener: socket.socket) -> str:
    """The address by which this machine itself reaches a listening socket."""
    here = _ANY.get(host, host)
    return f"http://{f'[{here}]' if ':' in here else here}:{listener.getsockname()[1]}"


def open_files_as_allowed() -> int | None:
    """Let this process open as many connections as the system allows it; gives that number where there is a limit."""
    if sys.platform == "win32":
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # macOS calls its limit infinite and then refuses more than this.
        wanted = min(hard, 10_240) if sys.platform == "darwin" else hard
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def keep_quiet(loop: asyncio.AbstractEventLoop) -> None:
    """What strangers do to the listening ports is at most one line in a while, never a page of traceback."""
    told = float("-inf")

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal told
        if "accept" not in str(context.get("message")):
            loop.default_exception_handler(context)
        elif loop.time() - told >= 10:
            told = loop.time()
            logger.error("Out of connections: raise this system's limit of open files, or lower [hub] max_viewers.")

    loop.set_exception_handler(handle)
    logging.getLogger("aiohttp.server").addFilter(_is_our_fault)


_THEIRS: Final = (HttpProcessingError, web.RequestPayloadError)
"""Requests that are none, and bodies that aren't packed as they claim."""


def _is_our_fault(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], _THEIRS))
