"""An event loop for long nights: when nothing can happen before the next timer, its time jumps there.

Everything that runs on it (clients, stand-ins, their sockets between each other) sees hours pass in seconds, and a slow
machine can't make anything late: computing takes no time.
"""

import asyncio
import contextlib
import functools
import selectors
import socket
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, Final, ParamSpec, TypeVar, TypeVarTuple, Unpack

ON_ITS_WAY: Final = 0.0005
"""Real seconds in which an opened or closed connection is noticed at its other end."""
OVERDUE: Final = 0.1
"""Real seconds after which what was written to a socket, and not read from another, is taken for lost."""
PASSES: Final = 1000
"""Passes of the loop without a pause, after which each takes a nanosecond."""
THREAD: Final = 10.0
"""Real seconds that a thread may take before the night goes on without it."""

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class NightLoop(asyncio.SelectorEventLoop):
    """Time begins at 0 and goes on only in sleep. Both ends of every connection must be on the loop."""

    def __init__(self) -> None:
        self.now = 0.0
        self.threads = 0
        self.under_way = 0  # bytes between two ends on this loop that were written and are not yet read
        self.ports: set[int] = set()  # of all ends on this loop; the other end of a line may be a thread's
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> "asyncio.Future[T]":
        self.threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._back)
        return future

    def _back(self, _: object) -> None:
        self.threads -= 1

    def _make_socket_transport(self, sock: socket.socket, *args: Any, **options: Any) -> Any:
        counted = _Socket(sock.family, sock.type, sock.proto, sock.detach())
        counted.setblocking(False)
        counted.loop = self
        self.ports.add(_port(counted.getsockname()))
        with contextlib.suppress(OSError):
            counted.far = _port(counted.getpeername())
        return super()._make_socket_transport(counted, *args, **options)  # type: ignore[misc]

    def _start_serving(self, factory: Any, sock: socket.socket, *args: Any) -> None:
        self.ports.add(_port(sock.getsockname()))
        super()._start_serving(factory, sock, *args)  # type: ignore[misc]


def _port(name: Any) -> int:
    return int(name[1]) if isinstance(name, tuple) else 0


class _Socket(socket.socket):
    """Tells the loop how much it sends and receives."""

    loop: NightLoop

    far = 0

    def send(self, *args: Any) -> int:
        return self._count(super().send(*args))

    def sendmsg(self, *args: Any) -> int:
        return self._count(super().sendmsg(*args))

    def recv(self, *args: Any) -> bytes:
        data = super().recv(*args)
        self._count(-len(data))
        return data

    def recv_into(self, *args: Any) -> int:
        return -self._count(-super().recv_into(*args))

    def _count(self, sent: int) -> int:
        if self.far in self.loop.ports:
            self.loop.under_way += sent
        return sent


class _Selector(selectors.DefaultSelector):
    """Looks at the sockets, and lets the loop's time jump when there is nothing to see."""

    def __init__(self, loop: NightLoop) -> None:
        super().__init__()
        self._loop = loop
        self._passes = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        loop = self._loop
        if timeout is not None and timeout <= 0:
            self._passes += 1
            if self._passes > PASSES:
                # Timers come a moment early, within the loop's resolution, and who waits for its rest would for ever.
                loop.now += 1e-9
            return super().select(0)
        self._passes = 0
        found = super().select(
            THREAD if loop.threads or timeout is None else OVERDUE if loop.under_way > 0 else ON_ITS_WAY
        )
        if not found:
            # The machine may have stood still for the whole of it, and things have come meanwhile.
            found = super().select(0)
        if not found and timeout is not None:
            loop.now += timeout
            loop.under_way = 0
        return found


def through_the_night(main: Coroutine[Any, Any, T]) -> T:
    """Run it to its end on a NightLoop."""
    with asyncio.Runner(loop_factory=NightLoop) as runner:
        return runner.run(main)


def by_night(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """A test that runs on a NightLoop: no machine is so slow that its waits and paces come out otherwise."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        through_the_night(test(*args, **kwargs))

    return run
