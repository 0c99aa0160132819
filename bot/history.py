"""The stream's memory: one row a second, in SQLite. Holds the crowd's and the streamer's moods, of no viewer any."""

import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from bot.crowd import Mood
from bot.disagreement import Disagreement
from lera.errors import LeraError
from model.emotions import EMOTIONS
from transport.reading import Probabilities

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 4
NEAR = 10.0
"""Seconds around a moment in which a disagreement belongs to it."""
_SHARES = ", ".join(EMOTIONS)
# Since version 4: the streamer's side, one row a second while an agent reads it, and what was disputed.
_STAGE = f"""
CREATE TABLE stage (
    session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
    time REAL NOT NULL, {", ".join(f"{emotion} REAL" for emotion in EMOTIONS)},
    face REAL, voice REAL, words REAL, score REAL, low REAL, high REAL, lag REAL,
    PRIMARY KEY (session, time)
) WITHOUT ROWID;
CREATE TABLE disagreement (
    session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
    first TEXT NOT NULL, second TEXT NOT NULL, began REAL NOT NULL,
    first_says TEXT NOT NULL, second_says TEXT NOT NULL, ended REAL NOT NULL,
    PRIMARY KEY (session, began, first, second)
) WITHOUT ROWID;
"""
_SCHEMA = f"""
CREATE TABLE session (
    id INTEGER PRIMARY KEY, channel TEXT NOT NULL, started REAL NOT NULL, ended REAL,
    title TEXT NOT NULL DEFAULT '', category TEXT NOT NULL DEFAULT ''
);
CREATE TABLE mood (
    session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
    time REAL NOT NULL, viewers INTEGER NOT NULL,
    {", ".join(f"{emotion} REAL" for emotion in EMOTIONS)}, valence REAL, arousal REAL,
    faces INTEGER, chatters INTEGER NOT NULL DEFAULT 0, chat_part REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (session, time)
) WITHOUT ROWID;
{_STAGE}
PRAGMA user_version = {SCHEMA_VERSION};
"""
# From each older version to the next. Columns and tables are added and no row is touched: a year's file is ready at
# once.
_MIGRATIONS = {
    1: """
ALTER TABLE mood ADD COLUMN faces INTEGER;
ALTER TABLE mood ADD COLUMN chatters INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mood ADD COLUMN chat_part REAL NOT NULL DEFAULT 0;
PRAGMA user_version = 2;
""",
    2: """
ALTER TABLE session ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN category TEXT NOT NULL DEFAULT '';
PRAGMA user_version = 3;
""",
    3: f"{_STAGE} PRAGMA user_version = 4;",
}
_NO_SHARES = (None,) * len(EMOTIONS)
# In a row of version 1 every voter was a face.
_COLUMNS = f"time, viewers, {_SHARES}, valence, arousal, coalesce(faces, viewers), chatters, chat_part"


class Row(Struct, frozen=True):
    """One remembered second. `shares` is None where there were too few viewers to show them.

    `faces` and `chatters` are the voters of each source, `chat_part` is chat's part of the mood's weight (0..1).
    """

    time: float
    viewers: int
    shares: Probabilities | None
    valence: float | None
    arousal: float | None
    faces: int
    chatters: int
    chat_part: float


class Session(Struct, frozen=True):
    """One stream. `ended` is None while it runs; `title` and `category` are the last that it had, if any was known."""

    id: int
    channel: str
    started: float
    ended: float | None
    title: str = ""
    category: str = ""


class StreamerSecond(Struct, frozen=True):
    """One second of the streamer's side: their own mood, where it may be told, and how the crowd follows.

    `parts` are the weights of face, voice and words, 0 for one that is missing. All is None where nothing is known;
    `score`, `low`, `high` and `lag` are those of `bot.resonance.ResonanceState`.
    """

    time: float
    shares: Probabilities | None = None
    parts: tuple[float, float, float] | None = None
    score: float | None = None
    low: float | None = None
    high: float | None = None
    lag: float | None = None


class Dispute(Struct, frozen=True):
    """A disagreement, and when it was last seen."""

    disagreement: Disagreement
    ended: float


def dispute_at(disputes: Iterable[Dispute], time: float) -> Disagreement | None:
    """The first of them that was seen around this moment."""
    for each in disputes:
        if each.disagreement.since - NEAR <= time <= each.ended + NEAR:
            return each.disagreement
    return None


class History:
    """The database. Methods may be called from any thread, one at a time; all raise LeraError when the disk fails."""

    def __init__(self, path: Path | None) -> None:
        """Open or make the file at `path`; None keeps everything in memory. A broken file is set aside, and said."""
        self._path = path
        self._lock = threading.Lock()
        try:
            self._database = self._open()
        except (sqlite3.OperationalError, OSError) as error:
            raise LeraError(f"Can't open the history {path}: {error}. Set [history] folder elsewhere.") from None
        except sqlite3.DatabaseError:
            if path is None:
                raise
            aside = path.with_suffix(".broken")
            path.replace(aside)
            for leftover in ("-wal", "-shm"):
                Path(f"{path}{leftover}").unlink(missing_ok=True)
            logger.warning("The history was broken; it is kept as %s and a new one was started.", aside)
            self._database = self._open()

    def _open(self) -> sqlite3.Connection:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path or ":memory:", check_same_thread=False, timeout=5.0)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA foreign_keys = ON")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version == 0:
                database.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            elif version != SCHEMA_VERSION and version not in _MIGRATIONS:
                raise LeraError(f"The history {self._path} is of another LERA version; move it away and start again.")
            elif database.execute("SELECT 1 FROM session WHERE ended IS NULL").fetchone():
                # The last show ended without a goodbye: look whether the file is whole before building on it.
                (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
                if found != "ok":
                    raise sqlite3.DatabaseError(found)
            for older in range(version or SCHEMA_VERSION, SCHEMA_VERSION):
                database.executescript(f"BEGIN IMMEDIATE; {_MIGRATIONS[older]} COMMIT;")
        except BaseException:
            database.close()
            raise
        return database

    @property
    def path(self) -> Path | None:
        """The file; None where everything is in memory."""
        return self._path

    def begin(self, channel: str, started: float, title: str = "", category: str = "") -> int:
        """Start a session and return its id. Sessions that a crash left open end at their last row."""
        with self._transaction() as database:
            database.execute(
                "UPDATE session SET ended = coalesce((SELECT max(time) FROM mood WHERE session = id), started)"
                " WHERE ended IS NULL"
            )
            cursor = database.execute(
                "INSERT INTO session (channel, started, title, category) VALUES (?, ?, ?, ?)",
                (channel, started, title, category),
            )
            return int(cursor.lastrowid or 0)

    def describe(self, session: int, started: float, title: str, category: str) -> None:
        """Say what is known of a session by now."""
        with self._transaction() as database:
            values = (started, title, category, session)
            database.execute("UPDATE session SET started = ?, title = ?, category = ? WHERE id = ?", values)

    def add(self, session: int, mood: Mood) -> None:
        """Remember one second."""
        shares = mood.shares or _NO_SHARES
        sources = (mood.faces.voters, mood.chat.voters, mood.chat.part)
        values = (session, mood.time, mood.viewers, *shares, mood.valence, mood.arousal, *sources)
        with self._transaction() as database:
            database.execute(f"INSERT OR REPLACE INTO mood VALUES ({', '.join('?' * len(values))})", values)

    def add_stage(self, session: int, second: StreamerSecond | None, disputes: Sequence[Dispute]) -> None:
        """Remember one second of the streamer's side, and the disagreements that it still sees."""
        with self._transaction() as database:
            if second is not None:
                known = (second.score, second.low, second.high, second.lag)
                values = (session, second.time, *(second.shares or _NO_SHARES), *(second.parts or (None,) * 3), *known)
                database.execute(f"INSERT OR REPLACE INTO stage VALUES ({', '.join('?' * len(values))})", values)
            for each in disputes:
                found = each.disagreement
                row = (session, *found.between, found.since, *found.says, each.ended)
                database.execute("INSERT OR REPLACE INTO disagreement VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def end(self, session: int, now: float) -> None:
        """End a session."""
        with self._transaction() as database:
            database.execute("UPDATE session SET ended = ? WHERE id = ?", (now, session))

    def delete_before(self, time: float) -> int:
        """Delete the sessions that ended before `time`. Returns how many."""
        with self._transaction() as database:
            return database.execute("DELETE FROM session WHERE ended < ?", (time,)).rowcount

    def rows(self, session: int, since: float = 0.0) -> list[Row]:
        """The rows of a session from `since` on, oldest first."""
        query = f"SELECT {_COLUMNS} FROM mood WHERE session = ? AND time >= ? ORDER BY time"
        return [Row(row[0], row[1], _shares(row[2:9]), *row[9:]) for row in self._read(query, (session, since))]

    def scores(self, session: int, since: float = 0.0) -> list[tuple[float, float | None, float | None, float | None]]:
        """The resonance of a session's seconds from `since` on, oldest first: time, score, low, high."""
        query = "SELECT time, score, low, high FROM stage WHERE session = ? AND time >= ? ORDER BY time"
        return [(row[0], row[1], row[2], row[3]) for row in self._read(query, (session, since))]

    def between(self, channel: str, begin: float, end: float, most: int) -> list[Row]:
        """At most so many rows of a channel's streams from `begin` on and before `end`, oldest first."""
        query = (
            f"SELECT {_COLUMNS} FROM mood JOIN session ON session.id = mood.session"
            " WHERE channel = ? AND time >= ? AND time < ? ORDER BY time LIMIT ?"
        )
        found = self._read(query, (channel, begin, end, most))
        return [Row(row[0], row[1], _shares(row[2:9]), *row[9:]) for row in found]

    def sessions(self) -> list[Session]:
        """All sessions, newest first."""
        found = self._read("SELECT id, channel, started, ended, title, category FROM session ORDER BY started DESC", ())
        return [Session(*row) for row in found]

    def close(self) -> None:
        """Close the file."""
        with self._lock, suppress(sqlite3.Error):
            self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                with self._database:
                    yield self._database
            except sqlite3.Error as error:
                raise LeraError(f"The history can't be used ({error}): {self._mend(error)}.") from None

    def _mend(self, error: sqlite3.Error) -> str:
        said = str(error)
        if "full" in said:
            return "free some disk space"
        if "locked" in said:
            return "close the other program that has it open"
        if "readonly" in said:
            return "let your user write to its folder"
        return f"move {self._path} away; a new one will be made"

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        with self._transaction() as database:
            return database.execute(query, values).fetchall()


def _shares(values: tuple[Any, ...]) -> Probabilities | None:
    if values[0] is None:
        return None
    happiness, sadness, neutral, anger, surprise, disgust, fear = map(float, values)
    return (happiness, sadness, neutral, anger, surprise, disgust, fear)
