"""A thread that does one thing after the other, and that never keeps the program from ending."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Worker:
    """Owns what only one thread may touch. A pool's threads would be waited for at exit, as long as OBS is silent."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    async def run(self, work: Callable[..., T], *arguments: Any, undo: Callable[[T], None] | None = None) -> T:
        """What `work` returns or raises. When its caller no longer waits for that, it is handed to `undo`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def deliver(result: T) -> None:
            if not future.done():
                future.set_result(result)
            elif undo is not None:
                undo(result)

        def fail(error: BaseException) -> None:
            if not future.done():
                future.set_exception(error)

        def job() -> None:
            try:
                result = work(*arguments)
            except BaseException as error:
                _tell(loop, fail, error)
                return
            if not _tell(loop, deliver, result) and undo is not None:
                undo(result)

        self._jobs.put(job)
        return await future

    def post(self, work: Callable[[], None]) -> None:
        """Do this when all before it is done; nobody waits for it."""
        self._jobs.put(work)

    def end(self) -> None:
        """The thread ends after what it has been given."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


def _tell(loop: asyncio.AbstractEventLoop, work: Callable[..., None], *arguments: Any) -> bool:
    """From a thread; False when the loop has ended before it."""
    try:
        loop.call_soon_threadsafe(work, *arguments)
    except RuntimeError:
        return False
    return True
