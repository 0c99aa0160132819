"""Reading a history without touching it."""

import hashlib
import sqlite3
from pathlib import Path

import pytest

from bot.crowd import Mood, Part
from bot.history import History
from bot.history_schema import SCHEMA_VERSION
from bot.report.reader import reading
from lera.errors import LeraError
from model.emotions import EMOTIONS

HAPPY = (0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05)


def old_history(path: Path, version: int) -> None:
    """A file as LERA made it before the history knew sources (1) and titles (2)."""
    columns = ", ".join(f"{emotion} REAL" for emotion in EMOTIONS)
    sources = ", faces INTEGER, chatters INTEGER NOT NULL DEFAULT 0, chat_part REAL NOT NULL DEFAULT 0"
    database = sqlite3.connect(path)
    database.executescript(
        f"""
        PRAGMA journal_mode = WAL;
        CREATE TABLE session (id INTEGER PRIMARY KEY, channel TEXT NOT NULL, started REAL NOT NULL, ended REAL);
        CREATE TABLE mood (session INTEGER NOT NULL, time REAL NOT NULL, viewers INTEGER NOT NULL, {columns},
            valence REAL, arousal REAL{sources if version > 1 else ""}, PRIMARY KEY (session, time)) WITHOUT ROWID;
        PRAGMA user_version = {version};
        INSERT INTO session VALUES (1, 'nightfox', 100.0, 200.0);
        """
    )
    shares = ", ".join(map(str, HAPPY))
    extra = ", 4, 3, 0.25" if version > 1 else ""
    database.execute(f"INSERT INTO mood VALUES (1, 101.0, 7, {shares}, 0.5, 0.4{extra})")
    database.commit()
    database.close()


@pytest.mark.parametrize(("version", "sources"), [(1, (7, 0, 0.0)), (2, (4, 3, 0.25))])
def test_an_older_file_is_read_and_stays_as_it_is(
    tmp_path: Path, version: int, sources: tuple[int, int, float]
) -> None:
    path = tmp_path / "history.sqlite3"
    old_history(path, version)
    before = hashlib.sha256(path.read_bytes()).digest()
    with reading(path) as reader:
        (session,) = reader.sessions()
        (row,) = reader.rows(1)
        (averages,) = reader.averages([1, 2])
    assert (session.channel, session.title, session.category) == ("nightfox", "", "")
    assert (row.shares, row.valence, row.arousal) == (HAPPY, 0.5, 0.4)
    assert (row.faces, row.chatters, row.chat_part) == sources
    assert (averages.session, averages.kept, averages.counted, averages.viewers) == (1, 1, 1, 7.0)
    assert averages.shares == HAPPY
    assert hashlib.sha256(path.read_bytes()).digest() == before


def test_rows_are_those_of_the_history_itself(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    history = History(path)
    session = history.begin("nightfox", 100.0, "A title", "Chess")
    history.add(session, Mood(101.0, 9, 3, HAPPY, valence=0.1, arousal=0.2, faces=Part(5), chat=Part(4, 0.3)))
    history.add(session, Mood(102.0, 2, 3, faces=Part(2)))
    with reading(path) as reader:
        assert reader.rows(session) == history.rows(session)
        assert reader.sessions() == history.sessions()
        assert reader.has_rows(session) and not reader.has_rows(77)
        (averages,) = reader.averages([session])
        assert (averages.kept, averages.counted, averages.viewers, averages.most) == (2, 1, 5.5, 9)
    history.close()


def test_the_bot_writes_on_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    history = History(path)
    session = history.begin("nightfox", 100.0)
    history.add(session, Mood(101.0, 9, 3, HAPPY, faces=Part(9)))
    with reading(path) as reader:
        seen = reader.rows(session)
        history.add(session, Mood(102.0, 9, 3, HAPPY, faces=Part(9)))
        assert reader.rows(session) == seen, "one picture of it all"
    with reading(path) as reader:
        assert len(reader.rows(session)) == 2
    history.close()


def test_nothing_can_be_written_through_it(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    History(path).close()
    with reading(path) as reader, pytest.raises(LeraError, match="readonly"):
        reader._all("DELETE FROM session")


def test_no_history_is_said_and_none_is_made(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    with pytest.raises(LeraError, match="no history yet"), reading(path):
        pass
    assert not path.exists()


def test_an_empty_file_has_no_sessions(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    path.touch()
    with reading(path) as reader:
        assert reader.sessions() == []


def test_what_is_no_history_is_said_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    path.write_bytes(b"this is no database, though it is long enough to be taken for one" * 99)
    before = path.read_bytes()
    with pytest.raises(LeraError, match="can't be read"), reading(path) as reader:
        reader.sessions()
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_a_newer_file_is_left_to_the_newer_lera(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    History(path).close()
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()
    with pytest.raises(LeraError, match="newer LERA"), reading(path):
        pass
