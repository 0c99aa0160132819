"""Where a channel's links and bans are kept: a file in the user's own folder, written whole or not at all."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from bot.access import Access, Kept
from bot.keys import Keys
from lera.errors import LeraError
from lera.files import set_aside, write_private
from lera.folders import data_folder
from transport.reading import UNREADABLE

logger = logging.getLogger(__name__)

UNKNOWN: Final = (
    "Nobody is banned any more, and links that you had taken back work again: start with --new-link to end them all, "
    "or put the file back from a backup."
)


def access_file(channel: str) -> Path:
    """The file of one channel."""
    return data_folder() / f"access-{channel}.json"


def kept_access(channel: str, keys: Keys, days: int, now: float) -> Access:
    """The channel's links and bans, as they were. Raises LeraError when the file can't be read.

    A damaged file is set aside. That is said, and that there is none any more: what was taken back is then unknown.
    Bans of before the keys were lost are dropped, which is said as well.
    """
    path = access_file(channel)
    kept = None
    try:
        kept = read_kept(channel)
        if kept is None and keys.used:
            logger.warning("The list of your links and bans is gone (%s). %s", path, UNKNOWN)
    except UNREADABLE:
        aside = set_aside(path)
        logger.warning("The list of your links and bans was damaged; it is now %s. %s", aside.name, UNKNOWN)
    keeper = Keeper(path)
    access = Access(channel, keys, days, now, kept, keeper.keep)
    keeper.on_written, access.settled = access.written, keeper.settled
    if kept is not None and not keys.used:
        bans = len(access.bans)
        lost = f" {bans} of your bans can't be recognised any more and have ended: ban again." if bans else ""
        logger.warning("The keys of your links were gone, and there are new ones: give viewers the new links.%s", lost)
        # They are hashes under a key that is gone: they match nobody, and would only seem to hold.
        access.lift(None, now)
    return access


class Keeper:
    """Writes the file: in a thread while an event loop runs, since a disk may take its time; in order, newest last."""

    def __init__(self, path: Path) -> None:
        # Called on the loop after each write, with what went wrong.
        self.on_written: Callable[[LeraError | None], None] = lambda _error: None
        self._path = path
        self._lock = threading.Lock()
        # What is to be written next; older ones that were not begun are left out.
        self._newest: bytes | None = None
        self._busy = False
        self._running: asyncio.Future[None] | None = None

    def keep(self, kept: Kept) -> bool:
        """Write this. False where that happens later; without a loop it is on the disk, or LeraError is raised."""
        data = msgspec.json.encode(kept)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            _write(self._path, data)
            return True
        with self._lock:
            self._newest = data
            if self._busy:
                return False
            self._busy = True
        # asyncio.run waits for this thread at its end.
        self._running = loop.run_in_executor(None, self._write_all, loop)
        return False

    async def settled(self) -> None:
        """Wait until all that was kept until now is on the disk, or was refused."""
        while self._running is not None and not self._running.done():
            await asyncio.shield(self._running)

    def _write_all(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            with self._lock:
                data, self._newest = self._newest, None
                if data is None:
                    self._busy = False
                    return
            error = None
            try:
                _write(self._path, data)
            except LeraError as raised:
                error = raised
            # At the very end there may be nobody left to tell.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self.on_written, error)


def read_kept(channel: str) -> Kept | None:
    """What is kept of a channel, None when that is nothing yet. Raises LeraError, and what UNREADABLE names."""
    path = access_file(channel)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LeraError(f"Can't read {path} ({error.strerror}): let your user read it.") from error


def _write(path: Path, data: bytes) -> None:
    write_private(path, msgspec.json.format(data, indent=2))
