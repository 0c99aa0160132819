"""The terminal as a chat of one: a typed `!mood` is answered as in Twitch."""

import asyncio
import signal
import sys
import threading

from bot.commands import Asker
from bot.show import Show


async def chat_in_terminal(show: Show, asker: Asker) -> None:
    """Answer lines typed in the terminal until it is closed; returns at once where there is none."""
    if sys.stdin is None or sys.stdin.closed:
        return
    if sys.platform != "win32":
        # Started in the background, a read would stop the whole bot; ignored, it only fails, and the chat ends.
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue(maxsize=100)

    def read() -> None:
        # A thread, since Windows can't wait for a console in its event loop; a daemon, since it can't be interrupted.
        try:
            for line in sys.stdin:
                asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()
            asyncio.run_coroutine_threadsafe(lines.put(None), loop).result()
        except (RuntimeError, ValueError, OSError):
            return  # The loop or the terminal went away first.

    threading.Thread(target=read, name="terminal", daemon=True).start()
    while (line := await lines.get()) is not None:
        reply = show.answer(line, asker)
        if reply is not None:
            print(f"  LERA: {reply}", flush=True)
        elif line.strip():
            print(f"  (in chat only {show.settings.chat.prefix}mood is for me)", flush=True)
