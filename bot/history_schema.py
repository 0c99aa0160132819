"""The tables of the history, how older files come to them, and the checksum of a row."""

import math
import struct
import zlib
from collections.abc import Sequence
from typing import Any, Final

from model.emotions import EMOTIONS

SCHEMA_VERSION: Final = 5
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
# Since version 5: SQLite doesn't notice a number that changes on the disk.
_CHECKSUMS = """
ALTER TABLE mood ADD COLUMN checksum INTEGER;
ALTER TABLE stage ADD COLUMN checksum INTEGER;
"""
SCHEMA = f"""
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
{_CHECKSUMS}
PRAGMA user_version = {SCHEMA_VERSION};
"""
# From each older version to the next. Columns and tables are added and no row is touched: a year's file is ready at
# once.
MIGRATIONS = {
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
    4: f"{_CHECKSUMS} PRAGMA user_version = 5;",
}


def checksum(values: Sequence[float | None]) -> int:
    """CRC-32 of a row's numbers, in the order of the table's columns: session, time, …"""
    return zlib.crc32(struct.pack(f"<{len(values)}d", *(math.nan if value is None else value for value in values)))


def is_whole(values: Sequence[Any], kept: Any) -> bool:
    """Whether these are the numbers that were written; of rows older than version 5, whether they are numbers."""
    if kept is None:
        return all(value is None or isinstance(value, float | int) for value in values)
    try:
        return bool(checksum(values) == kept)
    except (struct.error, OverflowError):
        return False
