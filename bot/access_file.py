"""Where a channel's links and bans are kept: a file in the user's own folder, written whole or not at all."""

import asyncio
import functools
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
    So is one of before the keys were lost, since it means nothing without them.
    """
    path = access_file(channel)
    kept = None
    try:
        kept = read_kept(channel)
        if kept is None and keys.used:
            logger.warning("The list of your links and bans is gone (%s). %s", path, UNKNOWN)
        if kept is not None and not keys.used:
            # Its bans are hashes under a key that is gone: they match nobody, and would only seem to hold.
            aside, bans, kept = set_aside(path), len(kept.bans), None
            logger.warning(
                "The keys of your links and bans are gone, so that all links and %d bans have ended: give viewers the "
                "new link, and ban again. The list is now %s; with the old keys put back, it would hold again.",
                bans,
                aside.name,
            )
    except UNREADABLE:
        aside = set_aside(path)
        logger.warning("The list of your links and bans was damaged; it is now %s. %s", aside.name, UNKNOWN)
    keeper = Keeper(path)
    access = Access(channel, keys, days, now, kept, keeper.keep)
    keeper.on_written, access.settled, access.close = access.written, keeper.settled, keeper.close
    return access


class Keeper:
    """Writes the file: in a thread while an event loop runs, since a disk may take its time; in order, newest last.

    What the disk refuses is tried again every few seconds, and once more at the end.
    """

    AGAIN: float = 5.0

    def __init__(self, path: Path) -> None:
        # Called on the loop after each write, with what went wrong.
        self.on_written: Callable[[LeraError | None], None] = lambda _error: None
        self._path = path
        # What was kept last, by number; older ones that were not begun are left out.
        self._newest = (0, b"")
        self._written = self._tried = 0
        # One writes at a time, in a thread or at the end.
        self._writing = threading.Lock()
        # Set when the write that runs has ended.
        self._ended: asyncio.Event | None = None
        self._again: asyncio.TimerHandle | None = None

    def keep(self, kept: Kept) -> bool:
        """Write this. False where that happens later; without a loop it is on the disk, or LeraError is raised."""
        self._newest = (self._newest[0] + 1, msgspec.json.encode(kept))
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            _, error = self._write()
            if error is not None:
                raise error from None
            return True
        self._begin(loop)
        return False

    async def settled(self) -> None:
        """Wait until what was kept until now is on the disk, or was refused once. What comes later isn't waited for."""
        number = self._newest[0]
        while self._tried < number and self._ended is not None:
            await self._ended.wait()

    def close(self) -> None:
        """Write what is not on the disk yet, at the end of the bot; nothing is tried again after this."""
        if self._again is not None:
            self._again.cancel()
        _, error = self._write()
        if error is not None:
            logger.error("%s The newest links and bans end with the show.", error)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None
        # While a write runs, the newer one begins after it.
        if self._ended is None:
            self._ended = asyncio.Event()
            loop.run_in_executor(None, self._write).add_done_callback(functools.partial(self._go_on, loop, self._ended))

    def _go_on(
        self, loop: asyncio.AbstractEventLoop, ended: asyncio.Event, write: asyncio.Future[tuple[int, LeraError | None]]
    ) -> None:
        ended.set()
        self._ended = None
        self._tried, error = write.result()
        self.on_written(error)
        if self._tried < self._newest[0]:
            self._begin(loop)
        elif error is not None:
            self._again = loop.call_later(self.AGAIN, self._begin, loop)

    def _write(self) -> tuple[int, LeraError | None]:
        """Write the newest, unless it is on the disk. Which that was, and why it couldn't be."""
        with self._writing:
            number, data = self._newest
            try:
                if self._written < number:
                    write_private(self._path, msgspec.json.format(data, indent=2))
            except LeraError as error:
                return number, error
            self._written = number
            return number, None


def read_kept(channel: str) -> Kept | None:
    """What is kept of a channel, None when that is nothing yet. Raises LeraError, and what UNREADABLE names."""
    path = access_file(channel)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LeraError(f"Can't read {path} ({error.strerror}): let your user read it.") from error
