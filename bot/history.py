"""The stream's memory: one row a second, in SQLite. Holds the crowd's and the streamer's moods, of no viewer any."""

import sqlite3
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from bot.crowd import Mood
from bot.disagreement import Disagreement
from bot.history_file import HistoryFile
from bot.history_schema import checksum, is_whole
from lera.errors import LeraError
from model.emotions import EMOTIONS
from transport.reading import Probabilities

NEAR = 10.0
"""Seconds around a moment in which a disagreement belongs to it."""
_NO_SHARES: Final = (None,) * len(EMOTIONS)
_SHARES: Final = ", ".join(EMOTIONS)
_MOOD: Final = f"session, time, viewers, {_SHARES}, valence, arousal, faces, chatters, chat_part"
_STAGE: Final = f"session, time, {_SHARES}, face, voice, words, score, low, high, lag"
_LAST: Final = [
    f"coalesce((SELECT max({last}) FROM {table} WHERE session = id), started)"
    for table, last in (("mood", "time"), ("stage", "time"), ("disagreement", "ended"))
]
_ENDED: Final = f"max(started, {', '.join(_LAST)})"
"""When a session ended that a crash left open."""


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


class Side(Struct, frozen=True):
    """One second beside the crowd's: the streamer's, if any is known, and the disagreements that are still seen."""

    second: StreamerSecond | None
    disputes: Sequence[Dispute] = ()


class History:
    """The database. Methods may be called from any thread; they raise LeraError when the disk fails.

    What a method has written when it returns stays, whatever happens to the process or the machine's power. A file
    that turns out to be damaged is set aside at any time; the sessions that run go on in a new one, under their number
    and with their last hour.
    """

    def __init__(self, path: Path | None, patient: bool = False) -> None:
        """Open or make the file at `path`; None keeps everything in memory.

        A `patient` one that can't be opened yet tries again with each use.
        """
        self._running: dict[int, Session] = {}
        self._recent: deque[tuple[int, Mood | Side]] = deque(maxlen=2 * 3600)
        self._file = HistoryFile(path, self._go_on)
        if not patient:
            self._file.run(lambda _database: None)

    @property
    def path(self) -> Path | None:
        """The file; None where everything is in memory."""
        return self._file.path

    def begin(self, channel: str, started: float, title: str = "", category: str = "") -> int:
        """Start a session and return its id. Sessions that a crash left open end at their last row."""

        def begin(database: sqlite3.Connection) -> int:
            database.execute(f"UPDATE session SET ended = {_ENDED} WHERE ended IS NULL")
            cursor = database.execute(
                "INSERT INTO session (channel, started, title, category) VALUES (?, ?, ?, ?)",
                (channel, started, title, category),
            )
            return int(cursor.lastrowid or 0)

        session = self._file.run(begin)
        self._running[session] = Session(session, channel, started, None, title, category)
        return session

    def describe(self, session: int, started: float, title: str, category: str) -> None:
        """Say what is known of a session by now."""
        values = (started, title, category, session)
        query = "UPDATE session SET started = ?, title = ?, category = ? WHERE id = ?"
        self._file.run(lambda database: database.execute(query, values))
        if session in self._running:
            known = self._running[session]
            self._running[session] = Session(session, known.channel, started, None, title, category)

    def add(self, session: int, mood: Mood) -> None:
        """Remember one second."""
        self.keep([(session, mood)])

    def add_stage(self, session: int, second: StreamerSecond | None, disputes: Sequence[Dispute]) -> None:
        """Remember one second of the streamer's side, and the disagreements that it still sees."""
        self.keep([(session, Side(second, disputes))])

    def keep(self, seconds: Iterable[tuple[int, Mood | Side]]) -> None:
        """Remember seconds of sessions: all of them, or, where it raises LeraError, none."""
        these = list(seconds)
        self._file.run(lambda database: _insert(database, these))
        self._recent.extend(each for each in these if each[0] in self._running)

    def end(self, session: int, now: float) -> None:
        """End a session."""
        query = "UPDATE session SET ended = max(started, ?) WHERE id = ?"
        self._file.run(lambda database: database.execute(query, (now, session)))
        self._running.pop(session, None)

    def delete_before(self, time: float) -> int:
        """Delete the sessions that ended before `time`, and damaged files from then. Returns how many sessions.

        Nothing of them stays on the disk that its file system doesn't keep.
        """
        query = f"DELETE FROM session WHERE coalesce(ended, {_ENDED}) < ?"
        deleted = self._file.run(lambda database: database.execute(query, (time,)).rowcount)
        # First: the next start finds files that stay, but not what it has to scrub.
        if deleted:
            self._file.scrub()
        try:
            self._file.delete_aside(time)
        except OSError as error:
            raise LeraError(
                f"Can't delete an old damaged history ({error}): let your user write to its folder, and start again."
            ) from None
        return deleted

    def rows(self, session: int, since: float = 0.0) -> list[Row]:
        """The rows of a session from `since` on, oldest first. Rows that changed on the disk are left out."""
        query = f"SELECT {_MOOD}, checksum FROM mood WHERE session = ? AND time >= ? ORDER BY time"
        return _rows(self._read(query, (session, since)))

    def scores(self, session: int, since: float = 0.0) -> list[tuple[float, float | None, float | None, float | None]]:
        """The resonance of a session's seconds from `since` on, oldest first: time, score, low, high."""
        query = f"SELECT {_STAGE}, checksum FROM stage WHERE session = ? AND time >= ? ORDER BY time"
        whole = (row for row in self._read(query, (session, since)) if is_whole(row[:-1], row[-1]))
        return [(row[1], *row[12:15]) for row in whole]

    def between(self, channel: str, begin: float, end: float, most: int) -> list[Row]:
        """At most so many rows of a channel's streams from `begin` on and before `end`, oldest first."""
        query = (
            f"SELECT {_MOOD}, checksum FROM mood JOIN session ON session.id = mood.session"
            " WHERE channel = ? AND time >= ? AND time < ? ORDER BY time LIMIT ?"
        )
        return _rows(self._read(query, (channel, begin, end, most)))

    def sessions(self) -> list[Session]:
        """All sessions, newest first."""
        found = self._read("SELECT id, channel, started, ended, title, category FROM session ORDER BY started DESC", ())
        return [Session(*row) for row in found]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        return self._file.run(lambda database: database.execute(query, values).fetchall())

    def _go_on(self, database: sqlite3.Connection, another: bool) -> None:
        """Let the sessions that run go on in another file than they began in."""
        if not another:
            return
        for known in self._running.values():
            same = (known.id, known.channel, known.started)
            database.execute(
                "INSERT OR IGNORE INTO session (id, channel, started, title, category) VALUES (?, ?, ?, ?, ?)",
                (*same, known.title, known.category),
            )
            if not database.execute("SELECT 1 FROM session WHERE (id, channel, started) = (?, ?, ?)", same).fetchone():
                raise LeraError(f"Another history was put in the place of {self.path}: put the old one back.")
        _insert(database, [each for each in self._recent if each[0] in self._running])


def _insert(database: sqlite3.Connection, seconds: Iterable[tuple[int, Mood | Side]]) -> None:
    moods, sides, disputes = [], [], []
    for session, each in seconds:
        if isinstance(each, Mood):
            moods.append(_mood_row(session, each))
            continue
        if each.second is not None:
            sides.append(_stage_row(session, each.second))
        for dispute in each.disputes:
            found = dispute.disagreement
            disputes.append((session, *found.between, found.since, *found.says, dispute.ended))
    for table, columns, rows in (("mood", _MOOD, moods), ("stage", _STAGE, sides)):
        if rows:
            query = f"INSERT OR REPLACE INTO {table} ({columns}, checksum) VALUES ({', '.join('?' * len(rows[0]))})"
            database.executemany(query, rows)
    database.executemany("INSERT OR REPLACE INTO disagreement VALUES (?, ?, ?, ?, ?, ?, ?)", disputes)


def _mood_row(session: int, mood: Mood) -> tuple[float | None, ...]:
    sources = (mood.faces.voters, mood.chat.voters, mood.chat.part)
    row = (session, mood.time, mood.viewers, *(mood.shares or _NO_SHARES), mood.valence, mood.arousal, *sources)
    return *row, checksum(row)


def _stage_row(session: int, second: StreamerSecond) -> tuple[float | None, ...]:
    known = (second.score, second.low, second.high, second.lag)
    row = (session, second.time, *(second.shares or _NO_SHARES), *(second.parts or (None,) * 3), *known)
    return *row, checksum(row)


def _rows(found: Iterable[tuple[Any, ...]]) -> list[Row]:
    whole = (row for row in found if is_whole(row[:-1], row[-1]))
    # In a row of version 1 every voter was a face.
    return [
        Row(row[1], row[2], shares_of(row[3:10]), row[10], row[11], row[2] if row[12] is None else row[12], *row[13:15])
        for row in whole
    ]


def shares_of(values: tuple[Any, ...]) -> Probabilities | None:
    """The seven of a row; None where they weren't shown."""
    if values[0] is None:
        return None
    happiness, sadness, neutral, anger, surprise, disgust, fear = map(float, values)
    return (happiness, sadness, neutral, anger, surprise, disgust, fear)
