"""The terminal as a chat: a typed `!mood` is answered as in Twitch, and `ann: what a win!` is read as ann's chat."""

import asyncio
import re
import signal
import sys
import threading

from bot.commands import Asker
from bot.inbox import ChatMessage
from bot.show import Show

# "ann: KEKW"; a link is no name.
_SPOKEN = re.compile(r"\s*(?P<name>\w{1,25}):(?!//)\s*(?P<text>\S.*)", re.DOTALL)


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
        said = await answer_to(show, line, asker)
        if said:
            print(f"  {said}", flush=True)


async def answer_to(show: Show, line: str, asker: Asker) -> str:
    """What the terminal says to a typed line: `asker` typed it, unless it starts with the name of another."""
    spoken = _SPOKEN.fullmatch(line)
    text = line
    if spoken is not None:
        text, asker = spoken["text"].rstrip(), Asker(spoken["name"], id=f"terminal-{spoken['name'].lower()}")
    reply = await show.respond(text, asker)
    if reply is not None:
        return f"LERA: {reply}"
    prefix = show.settings.chat.prefix
    if spoken is None:
        hint = f"(only {prefix}mood is for me; `ann: what a win!` is read as ann's chat)"
        return hint if line.strip() else ""
    name = asker.name.lower()
    heard = show.hear(ChatMessage(show.settings.channel.name, asker.id, text, show.now(), name))
    return "" if heard else "(that line is not read)"
