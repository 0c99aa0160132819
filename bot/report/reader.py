"""The history, read only: beside a running bot, of any older version, and without changing a byte of it."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

from msgspec import Struct

from bot.disagreement import Disagreement
from bot.history import Dispute, Row, Session, StreamerSecond, shares_of
from bot.history_schema import SCHEMA_VERSION, is_whole
from lera.errors import LeraError
from model.emotions import EMOTIONS
from transport.reading import Probabilities

_SHARES = ", ".join(EMOTIONS)
_MEANS = ", ".join(f"avg({emotion})" for emotion in EMOTIONS)


class Averages(Struct, frozen=True):
    """One session in a few numbers. `counted` is its seconds with shares; `shares` their means (None without any).

    `viewers` and `most` are the mean and the largest number of viewers of all seconds that were kept.
    """

    session: int
    kept: int
    counted: int
    viewers: float
    most: int
    shares: Probabilities | None


class StageAverages(Struct, frozen=True):
    """The streamer's own mood in one session: means of its `counted` seconds with one, and of the three parts that
    face, voice and words had in it."""

    session: int
    counted: int
    shares: Probabilities
    parts: tuple[float, float, float]


class Reader:
    """A history that is open for reading. Methods raise LeraError when it can't be read."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        """Use `reading` instead."""
        self._database = database
        self._path = path
        (version,) = self._all("PRAGMA user_version")[0]
        if version > SCHEMA_VERSION:
            raise LeraError(f"The history {path} is of a newer LERA; read it with that one.")
        # Columns that an older version didn't have; in its rows every voter was a face.
        mood, session = ({row[1] for row in self._all(f"PRAGMA table_info({table})")} for table in ("mood", "session"))
        self._sources = ", ".join(
            [
                "coalesce(faces, viewers)" if "faces" in mood else "viewers",
                *(column if column in mood else "0" for column in ("chatters", "chat_part")),
            ]
        )
        self._names = ", ".join(column if column in session else "''" for column in ("title", "category"))
        self._empty = not session
        stage = {row[1] for row in self._all("PRAGMA table_info(stage)")}
        self._stage = bool(stage)
        # Rows that changed on the disk since they were written are left out; older versions' have no checksum.
        self._mood_whole = (
            f"is_whole(checksum, session, time, viewers, {_SHARES}, valence, arousal, faces, chatters, chat_part)"
            if "checksum" in mood
            else "1"
        )
        self._stage_whole = (
            f"is_whole(checksum, session, time, {_SHARES}, face, voice, words, score, low, high, lag)"
            if "checksum" in stage
            else "1"
        )
        database.create_function("is_whole", -1, lambda kept, *values: is_whole(values, kept), deterministic=True)

    def sessions(self) -> list[Session]:
        """All sessions, newest first."""
        if self._empty:
            return []
        query = f"SELECT id, channel, started, ended, {self._names} FROM session ORDER BY started DESC, id DESC"
        return [Session(*row) for row in self._all(query)]

    def rows(self, session: int) -> list[Row]:
        """The rows of a session, oldest first."""
        query = (
            f"SELECT time, viewers, valence, arousal, {self._sources}, {_SHARES}"
            f" FROM mood WHERE session = ? AND {self._mood_whole} ORDER BY time"
        )
        return [Row(row[0], row[1], shares_of(row[7:]), *row[2:7]) for row in self._all(query, session)]

    def streamer_seconds(self, session: int) -> list[StreamerSecond]:
        """What was kept of the streamer's side, oldest first; empty in a history older than that."""
        if not self._stage:
            return []
        query = (
            f"SELECT time, face, voice, words, score, low, high, lag, {_SHARES}"
            f" FROM stage WHERE session = ? AND {self._stage_whole} ORDER BY time"
        )
        return [
            StreamerSecond(row[0], shares_of(row[8:]), None if row[1] is None else (row[1], row[2], row[3]), *row[4:8])
            for row in self._all(query, session)
        ]

    def disputes(self, session: int) -> list[Dispute]:
        """The disagreements of a session, oldest first."""
        if not self._stage:
            return []
        query = (
            "SELECT first, second, first_says, second_says, began, ended"
            " FROM disagreement WHERE session = ? ORDER BY began, first, second"
        )
        return [Dispute(Disagreement(row[:2], row[2:4], row[4]), row[5]) for row in self._all(query, session)]

    def averages(self, sessions: Sequence[int]) -> list[Averages]:
        """The sessions that have any row, in a few numbers each, in this order."""
        columns = f"count(*), count({EMOTIONS[0]}), avg(viewers), max(viewers), {_MEANS}"
        query = f"SELECT {columns} FROM mood WHERE session = ? AND {self._mood_whole}"

        found = ((session, self._all(query, session)[0]) for session in sessions)
        return [
            Averages(session, row[0], row[1], row[2], row[3], shares_of(row[4:])) for session, row in found if row[0]
        ]

    def stage_averages(self, sessions: Sequence[int]) -> list[StageAverages]:
        """The sessions that have any second of the streamer's own mood, in a few numbers each, in this order."""
        if not self._stage:
            return []
        parts = ", ".join(f"avg(coalesce({modality}, 0))" for modality in ("face", "voice", "words"))
        query = (
            f"SELECT count(*), {_MEANS}, {parts} FROM stage"
            f" WHERE session = ? AND {EMOTIONS[0]} IS NOT NULL AND {self._stage_whole}"
        )
        found = ((session, self._all(query, session)[0]) for session in sessions)
        return [
            StageAverages(session, row[0], cast(Probabilities, row[1:8]), row[8:11]) for session, row in found if row[0]
        ]

    def has_rows(self, session: int) -> bool:
        """Whether anything was kept of it."""
        return bool(self._all("SELECT 1 FROM mood WHERE session = ? LIMIT 1", session))

    def _all(self, query: str, *values: Any) -> list[Any]:
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise LeraError(f"The history {self._path} can't be read: {error}.") from None


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Open the history for a while; what the bot writes meanwhile is not seen. Raises LeraError."""
    if not path.exists():
        raise LeraError(f"There is no history yet ({path}): run the bot, and let viewers share for a while.")
    try:
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0, isolation_level=None)
    except sqlite3.Error as error:
        raise LeraError(f"The history {path} can't be opened ({error}): let your user read and write there.") from None
    with closing(database):
        try:
            # One picture of it all, however many questions are asked.
            database.execute("BEGIN")
        except sqlite3.Error as error:
            raise LeraError(f"The history {path} can't be read: {error}.") from None
        yield Reader(database, path)
