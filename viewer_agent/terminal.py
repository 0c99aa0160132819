"""Keys pressed in the terminal while the agent runs."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def listen_to_keys(on_key: Callable[[str], None]) -> Iterator[None]:
    """Call `on_key` in the running event loop for each key; outside Windows they arrive with Enter.

    Does nothing where there is no terminal. No thread is ever left waiting inside a read, which could hang the exit.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        yield
        return
    loop = asyncio.get_running_loop()
    with _listen(loop, on_key):
        yield


if sys.platform == "win32":
    import msvcrt

    @contextlib.contextmanager
    def _listen(loop: asyncio.AbstractEventLoop, on_key: Callable[[str], None]) -> Iterator[None]:
        closing = threading.Event()

        def poll() -> None:
            while not closing.wait(0.1):
                while msvcrt.kbhit():
                    key = msvcrt.getwch()
                    with contextlib.suppress(RuntimeError):
                        loop.call_soon_threadsafe(on_key, key)

        thread = threading.Thread(target=poll, name="keys", daemon=True)
        thread.start()
        try:
            yield
        finally:
            closing.set()
            thread.join(1.0)

else:

    @contextlib.contextmanager
    def _listen(loop: asyncio.AbstractEventLoop, on_key: Callable[[str], None]) -> Iterator[None]:
        number = sys.stdin.fileno()

        def read() -> None:
            text = b""
            # In the background the terminal belongs to someone else, and a read would stop the whole process.
            with contextlib.suppress(OSError):
                if os.tcgetpgrp(number) == os.getpgrp():
                    text = os.read(number, 1024)
            if not text:
                loop.remove_reader(number)
            for key in text.decode(errors="ignore").strip():
                on_key(key)

        loop.add_reader(number, read)
        try:
            yield
        finally:
            loop.remove_reader(number)
