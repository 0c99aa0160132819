"""The history's SQLite file: opened, brought to this version, and set aside for a new one when it is damaged.

What SQLite promises (https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_synchronous): with a
write-ahead log and synchronous = FULL, what was committed outlives the process and the machine's power.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from bot.history_schema import MIGRATIONS, SCHEMA, SCHEMA_VERSION
from lera.errors import LeraError
from lera.files import free_aside

logger = logging.getLogger(__name__)

MOST_SET_ASIDE: Final = 5
"""Broken files that one run leaves behind; a disk that breaks more of them is no place for a history."""
_CODES: Final = {
    "full": (sqlite3.SQLITE_FULL,),
    "locked": (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
    "refused": (sqlite3.SQLITE_CONSTRAINT,),
    # An error in our own words to it means tables that aren't ours; one without a code, a text that is none.
    "damaged": (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, 0),
    "readonly": (sqlite3.SQLITE_READONLY,),
    "disk": (sqlite3.SQLITE_IOERR,),
}
_MENDS: Final = {
    "full": "free some disk space",
    "locked": "close the other program that has it open",
    "readonly": "let your user write to its folder",
    "disk": "look whether its disk is connected and well",
    "other": "set [history] folder elsewhere",
}

T = TypeVar("T")


class Unkeepable(LeraError):
    """The file is well, and what was to be written can't be: its session was deleted, say."""


class HistoryFile:
    """The file, used by one thread at a time. After a fault of the disk it is opened anew with the next use."""

    def __init__(self, path: Path | None, on_open: Callable[[sqlite3.Connection, bool], None]) -> None:
        """None for `path` keeps everything in memory. Nothing is opened yet.

        `on_open` is called, within a transaction, each time that the file was opened; True: another one than before.
        """
        self.path = path
        self._on_open = on_open
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        # Which file on the disk is open; another one under its name is noticed.
        self._identity: tuple[int, int] | None = None
        self._doubted = self._another = self._closed = False
        self._set_aside = 0

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do this in one transaction, and return what it does; when that has returned, it is on the disk.

        Raises LeraError, and then nothing of it was done. A file that shows its damage now is set aside, and a new one
        begins.
        """
        with self._lock:
            if self._closed:
                raise LeraError("The history is closed.")
            for attempt in (1, 2):
                try:
                    database = self._ready()
                    with database:
                        return work(database)
                except (sqlite3.Error, UnicodeDecodeError) as error:
                    kind = _kind(error)
                    if kind == "refused":
                        raise Unkeepable(f"The history refused what was to be kept ({error}).") from None
                    if self.path is not None and kind not in ("full", "locked"):
                        # A connection remembers a disk that was away or read-only: the next use begins with a new one.
                        self._doubted = self._doubted or kind == "disk"
                        self._let_go()
                    if kind == "damaged" and attempt == 1 and self.path is not None:
                        self._put_aside(str(error))
                        continue
                    mend = _MENDS.get(kind, _MENDS["other"])
                    raise LeraError(f"The history {self.path} can't be used ({error}): {mend}.") from None
                except OSError as error:
                    raise LeraError(f"Can't open the history ({error}): {_MENDS['other']}.") from None
        raise AssertionError("unreachable")

    def scrub(self) -> None:
        """Leave nothing of what was deleted on the disk: not in free pages, nor in the write-ahead log. Takes a while.

        A version before this one may have left it there, so the whole file is written anew. Raises LeraError.
        """
        self.run(lambda _database: None)
        with self._lock:
            try:
                if self._database is not None:
                    self._database.execute("VACUUM")
                    self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                mend = _MENDS.get(_kind(error), _MENDS["other"])
                raise LeraError(f"What was deleted is still in {self.path} ({error}): {mend}.") from None

    def delete_aside(self, time: float) -> int:
        """Delete the damaged files that were set aside before `time`, in seconds since 1970. Returns how many."""
        found = [] if self.path is None else [*self.path.parent.glob(f"{self.path.stem}*.broken*")]
        old = [place for place in found if place.stat().st_mtime < time]
        for place in old:
            place.unlink(missing_ok=True)
        return len(old)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._closed = True
            self._let_go()

    def _ready(self) -> sqlite3.Connection:
        if self._database is not None and self._identity != self._on_disk():
            logger.warning("The history %s was moved away while it was in use; another one begins there.", self.path)
            self._let_go()
        if self._database is None:
            # A new file may get the number of the one before it, so that one which was set aside is noted besides.
            self._another = self._another or self._identity not in (None, self._on_disk())
            self._database = self._open()
            self._identity = self._on_disk()
            self._doubted = False
            try:
                with self._database:
                    self._on_open(self._database, self._another)
            except BaseException:
                self._let_go()
                raise
            self._another = False
        return self._database

    def _on_disk(self) -> tuple[int, int] | None:
        if self.path is None:
            return None
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _let_go(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            with suppress(sqlite3.Error):
                database.close()

    def _open(self) -> sqlite3.Connection:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.path or ":memory:", check_same_thread=False, timeout=5.0)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            # NORMAL would be enough against kill -9; after a power cut it loses minutes.
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA foreign_keys = ON")
            # What is deleted or changed is overwritten with zeros, in free pages too.
            database.execute("PRAGMA secure_delete = ON")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version == 0:
                database.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
            elif version != SCHEMA_VERSION and version not in MIGRATIONS:
                raise LeraError(f"The history {self.path} is of another LERA version; move it away and start again.")
            elif self._doubted or database.execute("SELECT 1 FROM session WHERE ended IS NULL").fetchone():
                # The last show ended without a goodbye: look whether the file is whole before building on it.
                (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
                if found != "ok":
                    raise sqlite3.DatabaseError(str(found).replace("\n", " "))
            for older in range(version or SCHEMA_VERSION, SCHEMA_VERSION):
                database.executescript(f"BEGIN IMMEDIATE; {MIGRATIONS[older]} COMMIT;")
        except BaseException:
            database.close()
            raise
        return database

    def _put_aside(self, why: str) -> None:
        """Rename the damaged file and its log, which keep what is in them for whoever can read it yet."""
        assert self.path is not None
        if not self.path.exists():
            return
        if self._set_aside == MOST_SET_ASIDE:
            raise LeraError(
                f"The history {self.path} was damaged again ({why}), as {MOST_SET_ASIDE} before it: "
                "its disk seems to be broken; set [history] folder elsewhere."
            )
        aside = free_aside(self.path, "")
        log, log_aside = Path(f"{self.path}-wal"), Path(f"{aside}-wal")
        try:
            Path(f"{self.path}-shm").unlink(missing_ok=True)
            # The log goes first: alone it is nothing, and a stop in between leaves a file that can be read without it.
            if log.exists():
                log.replace(log_aside)
            self.path.replace(aside)
        except OSError as error:
            # A file that has to stay keeps its log: without it, it would be opened as an older one.
            with suppress(OSError):
                if log_aside.exists():
                    log_aside.replace(log)
            raise LeraError(
                f"The history {self.path} is damaged ({why}) and can't be set aside ({error}): "
                "let your user write to its folder, and close other programs that have it open."
            ) from None
        self._set_aside += 1
        self._another = True
        logger.warning("The history was damaged (%s); it is kept as %s and a new one was started.", why, aside)


def _kind(error: sqlite3.Error | UnicodeDecodeError) -> str:
    """A damaged file can make SQLite say why in no known letters: Python then raises the other one."""
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return "refused"
    # The lowest byte of SQLite's extended codes is the error's kind.
    code = getattr(error, "sqlite_errorcode", 0)
    if code in (sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS):
        return "damaged"
    return next((kind for kind, codes in _CODES.items() if code & 0xFF in codes), "other")
