"""Ctrl-C and termination: one clean stop on every system, without a traceback."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from types import FrameType
from typing import Any

STOPPED_STATUS = 130


def run_until_stopped(main: Coroutine[Any, Any, int]) -> int:
    """Run `main`; the first Ctrl-C or SIGTERM cancels it, later ones are ignored while it tidies up.

    Returns its status, or `STOPPED_STATUS` when it was stopped and did not choose a status of its own.
    """
    return asyncio.run(_guarded(main))


async def _guarded(main: Coroutine[Any, Any, int]) -> int:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(main)
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if not stopped:
            stopped = True
            task.cancel()

    def handle(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop)

    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform == "win32":
        numbers.append(signal.SIGBREAK)
    before = {number: signal.signal(number, handle) for number in numbers}
    unblock_interrupts()
    try:
        return await task
    except asyncio.CancelledError:
        if not stopped:
            raise
        return STOPPED_STATUS
    finally:
        for number, handler in before.items():
            with contextlib.suppress(TypeError, ValueError):
                signal.signal(number, handler)


def unblock_interrupts() -> None:
    """Take Ctrl-C again. `run.py` blocks it while this process starts, when there is no one yet to handle it."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
