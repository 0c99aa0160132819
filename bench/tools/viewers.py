"""A crowd of viewers in a process of its own, as cheap as can be: raw asyncio protocols that write ready-made frames.

A generator that costs more than the server would measure itself. Frames are masked with zeros, which is a mask like
any other to the server, and each is put together from ready parts.
"""

import asyncio
import heapq
import random
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Final

import msgspec
import psutil

from bench.tools.processes import spawned
from transport.link import HUB_PATH
from transport.listening import open_files_as_allowed
from transport.reading import PROTOCOL_VERSION, Join, encode

_TICK: Final = 0.002
_AT_ONCE: Final = 64
"""Connections that are opening at one time: less than any backlog."""
MOST_TRIES: Final = 20_000
"""Refusals after which a crowd gives up."""
_UPGRADE: Final = (
    f"GET {HUB_PATH} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
).encode()


class Target(msgspec.Struct, frozen=True):
    """The server that the viewers join."""

    port: int
    channel: str = "bench"
    token: str = "bench"
    host: str = "127.0.0.1"


class Load:
    """The parent's end of a crowd: tell it what to do and ask how it is."""

    def __init__(self, pipe: Connection, process: psutil.Process) -> None:
        self._pipe = pipe
        self._process = process

    def joined(self) -> Iterator[int]:
        """How many have joined so far, about once a second, until all have. Raises RuntimeError when some can't."""
        while True:
            count, wanted, refused = self._pipe.recv()
            if refused:
                raise RuntimeError(f"{refused} viewers were refused or lost")
            yield count
            if count == wanted:
                return

    def send_every(self, interval: float) -> None:
        """From now on each viewer sends a reading every so many seconds, spread evenly; 0: none do."""
        self._pipe.send(interval)

    def counts(self) -> Counter[str]:
        """What has happened so far: `sent`, and each type of frame that came back; `lost` connections."""
        self._pipe.send("counts")
        answer: Counter[str] = self._pipe.recv()
        return answer

    def cpu(self) -> float:
        """Seconds of processor time that the crowd has cost so far."""
        return float(sum(self._process.cpu_times()[:2]))


@contextmanager
def viewers(
    target: Target, count: int, first: int = 0, address: str = "127.0.0.1", heed: bool = False
) -> Iterator[Load]:
    """`count` viewers, numbered from `first`, that come from `address`. With `heed` they keep the pace they're told."""
    with spawned(_run, target, count, first, address, heed) as (pipe, process):
        yield Load(pipe, process)


def _run(pipe: Connection, target: Target, count: int, first: int, address: str, heed: bool) -> None:
    open_files_as_allowed()
    asyncio.run(_Crowd(pipe, target, address, heed).run(first, count))


class _Viewer(asyncio.Protocol):
    __slots__ = ("crowd", "feelings", "interval", "name", "state", "transport")

    def __init__(self, crowd: "_Crowd", name: str) -> None:
        self.crowd, self.name = crowd, name
        self.feelings = _feelings(random.Random(name))
        self.state = "connecting"
        # What the server has asked for.
        self.interval = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(_UPGRADE)

    def data_received(self, data: bytes) -> None:
        # Answers of one write come in one piece on this machine; each is far shorter than a packet.
        if self.state == "connecting":
            if b" 101 " not in data:
                self.transport.close()
                return
            self.state = "joining"
            crowd = self.crowd
            join = Join(PROTOCOL_VERSION, crowd.target.channel, crowd.target.token, self.name)
            self.transport.write(masked(encode(join).encode()))
            if crowd.bare:
                self.crowd.has_joined(self)
        elif self.state == "joining" and b'"welcome"' in data:
            self.crowd.has_joined(self)
        else:
            self.crowd.hear(self, data)

    def connection_lost(self, _error: Exception | None) -> None:
        if self.state == "joined":
            self.crowd.counts["lost"] += 1
        else:
            self.crowd.was_refused(self)


class _Crowd:
    def __init__(self, pipe: Connection, target: Target, address: str, heed: bool) -> None:
        self.pipe, self.target, self.address, self.heed = pipe, target, address, heed
        self.bare = not target.token
        self.counts: Counter[str] = Counter()
        self.names: deque[str] = deque()
        self.seats = asyncio.Semaphore(_AT_ONCE)
        self.members: list[_Viewer] = []
        self.interval = 0.0
        self._changed = asyncio.Event()

    def has_joined(self, viewer: _Viewer) -> None:
        viewer.state = "joined"
        self.members.append(viewer)
        self.seats.release()

    def was_refused(self, viewer: _Viewer) -> None:
        """As an agent would, come back later; a server that is busy with others says so."""
        self.counts["tries"] += 1
        self.counts["refused"] += self.counts["tries"] > MOST_TRIES
        asyncio.get_running_loop().call_later(1.0, self.names.append, viewer.name)
        self.seats.release()

    def hear(self, viewer: _Viewer, data: bytes) -> None:
        start = data.find(b'{"type":"')
        kind = data[start + 9 : data.find(b'"', start + 9)].decode() if start >= 0 else "other"
        self.counts[kind] += 1
        if kind == "pace" and self.heed:
            viewer.interval = float(msgspec.json.decode(data[start:])["interval"])

    async def run(self, first: int, count: int) -> None:
        loop = asyncio.get_running_loop()
        telling = asyncio.create_task(self._tell_joined(count))
        self.names.extend(f"{number:022}" for number in range(first, first + count))
        while not telling.done():
            if not self.names:
                await asyncio.sleep(0.01)
                continue
            await self.seats.acquire()
            viewer = _Viewer(self, self.names.popleft())
            await loop.create_connection(
                lambda viewer=viewer: viewer,  # type: ignore[misc]
                self.target.host, self.target.port, local_addr=(self.address, 0),
            )  # fmt: skip
        sending = asyncio.create_task(self._send())
        while (wanted := await asyncio.to_thread(self.pipe.recv)) != "end":
            if wanted == "counts":
                self.pipe.send(self.counts)
            else:
                self.interval = wanted
                self._changed.set()
        sending.cancel()

    async def _tell_joined(self, wanted: int) -> None:
        while True:
            await asyncio.sleep(0.5)
            count, refused = len(self.members), self.counts["refused"]
            self.pipe.send((count, wanted, refused))
            if count == wanted or refused:
                return

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        rng = random.Random(7)
        while True:
            await self._changed.wait()
            self._changed.clear()
            begun, interval = loop.time(), self.interval
            if not interval:
                continue
            step = interval / len(self.members)
            due = [(begun + step * number, number) for number in range(len(self.members))]
            while not self._changed.is_set():
                now, wall = loop.time(), time.time()
                # Grows from one reading to the next, and is one number for all.
                sequence = int(wall * 1000)
                while due[0][0] <= now:
                    when, number = due[0]
                    member = self.members[number]
                    # Who was held up goes on from here, and doesn't catch up with a burst.
                    heapq.heapreplace(due, (max(when, now - 0.5) + max(interval, member.interval), number))
                    if member.transport.is_closing():
                        continue
                    member.transport.write(reading(sequence, rng.choice(member.feelings), wall))
                    self.counts["sent"] += 1
                await asyncio.sleep(max(_TICK, due[0][0] - loop.time()))


def masked(text: bytes) -> bytes:
    """A text frame as a client sends it (RFC 6455, 5.2), masked with zeros."""
    if len(text) < 126:
        return b"\x81" + bytes([0x80 | len(text)]) + bytes(4) + text
    return b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text


def reading(sequence: int, probabilities: bytes, captured: float) -> bytes:
    """A Post as a frame, of probabilities that are JSON already."""
    return masked(
        b'{"type":"reading","sequence":%d,"probabilities":%b,"quality":0.9,"captured":%.3f}'
        % (sequence, probabilities, captured)
    )


def _feelings(rng: random.Random) -> list[bytes]:
    """Some feelings of one viewer, as JSON: everybody has a face of their own, and moves about it."""
    face = _feeling(rng)
    return [msgspec.json.encode(_rounded(map(sum, zip(face, _feeling(rng), strict=True)))) for _ in range(6)]


def _feeling(rng: random.Random) -> list[float]:
    return [rng.expovariate(1.0) for _ in range(7)]


def _rounded(parts: Iterable[float]) -> list[float]:
    parts = list(parts)
    shares = [round(part / sum(parts), 4) for part in parts]
    return [max(0.0, round(1.0 - sum(shares[1:]), 4)), *shares[1:]]
