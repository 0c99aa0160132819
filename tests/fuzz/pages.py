"""Targets: what comes to the bot's ports: request lines, query strings, headers, bodies, raw WebSocket frames."""

import asyncio
import logging
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_from_bytes, urlsplit

from aiohttp.test_utils import make_mocked_request
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from bot.guard import Tries, is_private
from bot.history import History
from bot.settings import WebSettings
from tests.bot.stage import STREAMER_KEY, Theatre, theatre
from tests.fuzz.bus import FRAMES, JOIN, joins, raw
from tests.fuzz.strategies import encoded, numbers, text, values
from tests.fuzz.target import Target, holds
from transport.sockets import address_of

PATHS = [
    "/", "/overlay", "/overlay/", "/dashboard", "/dashboard/", "/live", "/api/stage", "/api/mood", "/api/history",
    "/api/status", "/api/virtual-camera", "/api/twitch", "/api/controls", "/api/health", "/api/links",
    "/api/join.svg", "/api/themes", "/api/session", "/api/tiles/hide", "/api/tiles/switch", "/report", "/report/",
    "/report/1", "/report/999999999999999", "/report/1.csv", "/report/1.html", "/healthz", "/join/demo", "/hub",
    "/overlay/overlay.js", "/overlay/themes/bars/theme.js", "/api/keys", "/api/twitch/login", "/api/obs",
]  # fmt: skip
NAMES = ["seconds", "lang", "page", "theme", "key", "", "a[]"]
HEADERS = [
    "Host", "Origin", "Cookie", "Forwarded", "X-Forwarded-For", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Content-Type",
    "Range", "If-None-Match", "If-Modified-Since", "If-Range", "Accept-Encoding", "Upgrade", "Connection", "Expect",
    "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Extensions", "Content-Encoding", "X-\u00e9",
]  # fmt: skip
VALUES = [
    "websocket", "gzip", "deflate", "bytes=0-", "bytes=-1", "bytes=9-2", "bytes=a", "null", "cross-site", "navigate",
    "lera-overlay-80=x", "application/json", "chunked", "100-continue", "*/*;q=", "\"", "[::1", "a:99999999", "//",
    "13",
    "Thu, 99 Foo 1970 99:99:99 GMT", "permessage-deflate; server_max_window_bits=99", "a\x0bb",
]  # fmt: skip


class Server:
    """A real show behind a real socket, in a thread of its own; what it logs as an error is a finding."""

    def __init__(self) -> None:
        self.address = ("", 0)
        self.faults: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._end = asyncio.Event()

    async def serve(self, history: History) -> None:
        self._loop.set_exception_handler(lambda _loop, context: self.faults.append(str(context)))
        limits: dict[str, Any] = {"joins_per_second": 1e5, "join_burst": 100_000, "join_timeout": 1.0}
        async with theatre(history, **limits) as stage:
            # However busy this machine is: a hub that sheds its load turns everybody away unheard.
            stage.show.hub.load.note = lambda *_: False  # type: ignore[method-assign]
            self._tell(stage)
            await self._end.wait()

    def _tell(self, stage: Theatre) -> None:
        parts = urlsplit(stage.address)
        self.address = (parts.hostname or "", parts.port or 0)
        self._ready.set()

    def run(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self._loop.run_until_complete(self.serve(History(Path(folder) / "history.sqlite")))
        self._loop.close()

    def start(self) -> None:
        if not self._ready.wait(60):
            raise RuntimeError("the server didn't start")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)

    def settle(self) -> None:
        """Let the bot notice that a line was closed, so that what it logs belongs to this input."""

        async def turns() -> None:
            for _ in range(10):
                await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(turns(), self._loop).result(60)

    def say(self, said: bytes, patience: float = 0.3) -> bytes:
        """The answer to some bytes, whose first word may take `patience` seconds: until the bot hangs up, or falls
        silent."""
        told = b""
        with socket.create_connection(self.address, timeout=60) as line:
            try:
                line.sendall(said)
                line.settimeout(patience)
                while len(told) < 1_000_000 and (more := line.recv(65536)):
                    told += more
                    line.settimeout(0.3)
            except (TimeoutError, ConnectionError):
                pass
        return told


class _Errors(logging.Handler):
    def __init__(self, faults: list[str]) -> None:
        super().__init__(logging.ERROR)
        self.faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        self.faults.append(logging.Formatter().format(record))


_SERVERS: list[Server] = []


@contextmanager
def served() -> Iterator[None]:
    """A show for a target's checks, that lets any number of wrong keys be tried."""
    server = Server()
    listening, burst = _Errors(server.faults), Tries.BURST
    thread = threading.Thread(target=server.run)
    logging.getLogger().addHandler(listening)
    Tries.BURST = 10**9  # type: ignore[misc]
    thread.start()
    try:
        server.start()
        _SERVERS.append(server)
        yield
    finally:
        Tries.BURST = burst  # type: ignore[misc]
        logging.getLogger().removeHandler(listening)
        server.stop()
        thread.join(30)
        if server in _SERVERS:
            _SERVERS.remove(server)


def _wire(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass").replace(b"\r", b"").replace(b"\n", b"")


def check_request(request: list[Any]) -> None:
    """Any request: an answer that is no 500, headers of ours only, and nothing in the log."""
    server = _SERVERS[-1]
    method, path, query, headers, body = request
    line = b"%s %s%s HTTP/1.1\r\n" % (
        method.encode(),
        _wire(path).replace(b" ", b"%20"),
        _wire(query).replace(b" ", b"+"),
    )
    told = [b"Host: 127.0.0.1:%d" % server.address[1]] if "Host" not in [name for name, _ in headers] else []
    told += [_wire(name) + b": " + _wire(value) for name, value in headers]
    told += [b"Authorization: Bearer " + STREAMER_KEY.encode(), b"Content-Length: %d" % len(body)]
    if method == "POST" and "Content-Type" not in [name for name, _ in headers]:
        told.append(b"Content-Type: application/json")
    if "Connection" not in [name for name, _ in headers]:
        told.append(b"Connection: close")
    answer = server.say(line + b"\r\n".join(told) + b"\r\n\r\n" + body)
    head = answer.partition(b"\r\n\r\n")[0].lower()
    holds(not head or (head.startswith(b"http/1.") and b" 500 " not in head[:16]), head[:200])
    holds(b"\r\nset-cookie: a=b" not in head and b"\r\nx-evil" not in head, "a header was split", head)
    _no_fault(server)


def requests() -> st.SearchStrategy[list[Any]]:
    path = st.one_of(
        st.sampled_from(PATHS), st.sampled_from(PATHS),
        text(60).map(lambda said: "/" + quote(said, errors="replace")),
        st.builds(
            lambda a, b: a + quote_from_bytes(b),
            st.sampled_from(["/overlay/", "/report/", "/join/", "/"]), st.binary(max_size=20),
        ),
    )  # fmt: skip
    value = st.one_of(numbers().map(str), text(60)).map(lambda said: quote(said[:300], errors="replace"))
    raw = st.binary(max_size=20).map(quote_from_bytes)
    pair = st.builds("{}={}".format, st.sampled_from(NAMES), st.one_of(value, raw, st.just("%0d%0aX-Evil:%201")))
    query = st.lists(pair, max_size=3).map(lambda pairs: "?" + "&".join(pairs) if pairs else "")
    said = st.one_of(st.sampled_from(VALUES), st.sampled_from(VALUES), text(60))
    headers = st.lists(st.tuples(st.sampled_from(HEADERS), said), max_size=4)
    key = st.fixed_dictionaries({"key": text(220)})
    title = st.fixed_dictionaries({"title": text(150)})
    seat = st.fixed_dictionaries({"seat": text(12)})
    body = st.one_of(st.just(b""), encoded(st.one_of(key, title, seat, values())))
    return st.tuples(st.sampled_from(["GET", "GET", "GET", "POST", "HEAD", "PUT"]), path, query, headers, body).map(
        list
    )


def check_socket(frames: list[Any]) -> None:
    """A WebSocket of the hub's that says anything, in frames of any kind: it is answered or closed, and not logged."""
    server = _SERVERS[-1]
    shake = (
        b"GET /hub HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    said = b"".join(_frame(first, body) for first, body in frames) + _frame(0x88, b"\x03\xe8")
    # It always answers, and a busy machine may take its time.
    answer = server.say(shake + said, 60.0)
    holds(answer.startswith(b"HTTP/1.1 101"), answer[:100])
    for first, body in _told(answer.partition(b"\r\n\r\n")[2]):
        # Browsers hang up on a close frame whose reason is no UTF-8, and show nobody why.
        (body[2:] if first == 0x88 else body if first == 0x81 else b"").decode("utf-8")
    _no_fault(server)


def _told(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """The bot's frames: first byte and content."""
    while len(stream) >= 2:
        size, start = stream[1], 2
        if size == 126:
            size, start = int.from_bytes(stream[2:4], "big"), 4
        yield stream[0], stream[start : start + size]
        stream = stream[start + size :]


def _frame(first: int, body: bytes) -> bytes:
    """A client's frame with this first byte; the mask of zeros changes nothing."""
    size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + len(body).to_bytes(2, "big")
    return bytes([first]) + size + bytes(4) + body


def sockets() -> st.SearchStrategy[list[Any]]:
    kind = st.one_of(st.just(0x81), st.just(0x81), st.just(0x81), st.integers(0, 255))
    some = st.lists(st.tuples(kind, st.one_of(FRAMES, FRAMES, st.binary(max_size=140))), max_size=6)
    join = encoded(joins()).map(lambda frame: [(0x81, frame)])
    return st.builds(lambda a, b: [*a, *b], st.one_of(join, join, st.just([])), some)


def _no_fault(server: Server) -> None:
    server.settle()
    if server.faults:
        fault = "\n".join(server.faults)
        server.faults.clear()
        raise AssertionError(fault)


def check_guard(headers: list[Any]) -> None:
    """Headers as aiohttp hands them on: never an error, no way in by a name, and an address of a bounded length."""
    # As aiohttp reads bytes that are no UTF-8.
    told = {name: raw(value).decode("utf-8", "surrogateescape") for name, value in headers}
    request = _request(told)
    private = is_private(request, WebSettings(trusted_addresses=("10.0.0.7",)))
    if any(name in told for name in ("Forwarded", "X-Forwarded-For", "Via", "X-Real-IP")):
        holds(not private, told)
    for proxied in (False, True):
        holds(len(address_of(request, proxied)) <= 64, "a long address")


def _request(headers: dict[str, str]) -> Any:
    request = make_mocked_request("GET", "/api/mood")
    request._message = request._message._replace(headers=CIMultiDictProxy(CIMultiDict(headers)))
    request._headers = request._message.headers
    return request


def guarded() -> st.SearchStrategy[list[Any]]:
    name = st.sampled_from(["Host", "Origin", "X-Forwarded-For", "Sec-Fetch-Site", "Via", "Forwarded", "Cookie"])
    place = st.one_of(
        st.sampled_from(["127.0.0.1:8765", "[::1]", "localhost", "10.0.0.7", "http://[", "null", "a, b,,"]), text(100)
    )
    return st.lists(st.tuples(name, place), max_size=4)


def _with_text(said: str) -> list[Any]:
    asked = quote(said[:200].encode("utf-8", "surrogatepass"))
    return [
        "POST",
        f"/join/{asked}",
        f"?seconds={asked}&lang={asked}",
        [("Cookie", said), ("Origin", said)],
        raw(said)[:900],
    ]


TARGETS = [
    Target("guard", guarded(), check_guard, 150, with_text=lambda said: [("Host", said), ("Origin", said)]),
    Target("requests", requests(), check_request, 60, served, _with_text),
    Target("hub_socket", sockets(), check_socket, 50, served, lambda said: [(0x81, JOIN), (0x81, raw(said)[:4000])]),
]
