"""Programs that another one starts: they end with it."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable


def when_input_ends(call: Callable[[], None]) -> None:
    """Call `call` in the running event loop once stdin is closed: the program that started this one has gone."""
    loop = asyncio.get_running_loop()

    def wait() -> None:
        # Read from the descriptor: a daemon thread inside sys.stdin would hold its lock while the interpreter ends.
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(call)

    threading.Thread(target=wait, name="parent", daemon=True).start()
