import os
import sqlite3
from pathlib import Path

import pytest

from bot.crowd import Mood, Part
from bot.disagreement import Disagreement
from bot.history import Dispute, History, StreamerSecond
from bot.history_schema import SCHEMA_VERSION
from bot.report.reader import reading
from lera.errors import LeraError
from transport.reading import Probabilities

SEVEN: Probabilities = (0.5, 0.25, 0.1, 0.06, 0.04, 0.03, 0.02)


def mood(time: float, viewers: int = 5) -> Mood:
    return Mood(time, viewers, 3, SEVEN if viewers >= 3 else None, None, 0.2 if viewers >= 3 else None, None)


def test_what_is_added_is_found_again_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history.sqlite3"
    history = History(path)
    session = history.begin("demo", 100.0)
    history.add(session, mood(101.0))
    history.add(session, mood(102.0, viewers=2))
    history.end(session, 103.0)
    history.close()
    history = History(path)
    first, second = history.rows(session)
    assert (first.time, first.viewers, first.shares, first.valence) == (101.0, 5, SEVEN, 0.2)
    assert (second.viewers, second.shares, second.valence) == (2, None, None)
    assert history.rows(session, since=102.0) == [second]
    assert [(found.channel, found.started, found.ended) for found in history.sessions()] == [("demo", 100.0, 103.0)]
    history.close()


def test_how_many_faces_and_chatters_there_were_is_kept() -> None:
    history = History(None)
    session = history.begin("demo", 0.0)
    history.add(session, Mood(1.0, 158, 3, SEVEN, faces=Part(38, 0.4, SEVEN), chat=Part(120, 0.6, SEVEN)))
    (row,) = history.rows(session)
    assert (row.viewers, row.faces, row.chatters, row.chat_part) == (158, 38, 120, 0.6)
    history.close()


# What the first version made, word for word.
FIRST_SCHEMA = """
CREATE TABLE session (id INTEGER PRIMARY KEY, channel TEXT NOT NULL, started REAL NOT NULL, ended REAL);
CREATE TABLE mood (
    session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
    time REAL NOT NULL, viewers INTEGER NOT NULL,
    happiness REAL, sadness REAL, neutral REAL, anger REAL, surprise REAL, disgust REAL, fear REAL,
    valence REAL, arousal REAL,
    PRIMARY KEY (session, time)
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


@pytest.mark.parametrize("ended", [103.0, None])
def test_a_file_of_the_first_version_is_read_and_written_on(tmp_path: Path, ended: float | None) -> None:
    path = tmp_path / "history.sqlite3"
    old = sqlite3.connect(path)
    old.executescript(FIRST_SCHEMA)
    old.execute("INSERT INTO session VALUES (1, 'demo', 100.0, ?)", (ended,))
    old.execute("INSERT INTO mood VALUES (1, 101.0, 5, 0.5, 0.25, 0.1, 0.06, 0.04, 0.03, 0.02, 0.2, 0.1)")
    old.execute("INSERT INTO mood VALUES (1, 102.0, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")
    old.commit()
    old.close()
    for _ in range(2):
        history = History(path)
        first, second = history.rows(1)
        assert (first.viewers, first.shares, first.valence, first.arousal) == (5, SEVEN, 0.2, 0.1)
        assert (first.faces, first.chatters, first.chat_part) == (5, 0, 0.0), "every voter was a face then"
        assert (second.shares, second.faces, second.chatters) == (None, 2, 0)
        session = history.begin("demo", 200.0)
        history.add(session, Mood(201.0, 6, 3, SEVEN, faces=Part(2), chat=Part(6, 1.0, SEVEN)))
        (row,) = history.rows(session)
        assert (row.shares, row.faces, row.chatters, row.chat_part) == (SEVEN, 2, 6, 1.0)
        history.close()
    file = sqlite3.connect(path)
    assert file.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    file.close()


def test_a_file_of_the_second_version_gets_titles(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    old = sqlite3.connect(path)
    columns = "ADD COLUMN faces INTEGER", "ADD COLUMN chatters INTEGER NOT NULL DEFAULT 0"
    old.executescript(FIRST_SCHEMA + "".join(f"ALTER TABLE mood {column};" for column in columns))
    old.executescript("ALTER TABLE mood ADD COLUMN chat_part REAL NOT NULL DEFAULT 0; PRAGMA user_version = 2;")
    old.execute("INSERT INTO session VALUES (1, 'demo', 100.0, 103.0)")
    old.execute("INSERT INTO mood VALUES (1, 101.0, 6, 0.5, 0.25, 0.1, 0.06, 0.04, 0.03, 0.02, 0.2, 0.1, 2, 4, 0.5)")
    old.commit()
    old.close()
    for _ in range(2):
        history = History(path)
        found = history.sessions()[-1]
        assert (found.id, found.started, found.ended, found.title, found.category) == (1, 100.0, 103.0, "", "")
        (row,) = history.rows(1)
        assert (row.shares, row.faces, row.chatters, row.chat_part) == (SEVEN, 2, 4, 0.5)
        history.end(history.begin("demo", 200.0, "Boss night", "Games"), 300.0)
        assert (history.sessions()[0].title, history.sessions()[0].category) == ("Boss night", "Games")
        history.close()


def test_a_session_can_be_described_later() -> None:
    history = History(None)
    first, second = history.begin("demo", 100.0), history.begin("demo", 200.0)
    history.describe(second, 150.0, "Boss night", "Games")
    assert [(each.id, each.started, each.title) for each in history.sessions()] == [
        (second, 150.0, "Boss night"), (first, 100.0, ""),
    ]  # fmt: skip
    history.close()


def test_a_session_that_a_crash_left_open_ends_at_its_last_row(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    crashed = history.begin("demo", 100.0)
    history.add(crashed, mood(150.0))
    history.begin("demo", 900.0)
    assert [found.ended for found in history.sessions()] == [None, 150.0]
    history.close()


def test_rows_survive_without_a_close(tmp_path: Path) -> None:
    """What add has returned from is in the file, whatever happens to the process then."""
    history = History(tmp_path / "history.sqlite3")
    session = history.begin("demo", 0.0)
    history.add(session, mood(1.0))
    other = sqlite3.connect(tmp_path / "history.sqlite3")
    assert other.execute("SELECT count(*) FROM mood").fetchone() == (1,)
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()
    history.close()


def test_a_broken_file_is_set_aside_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "history.sqlite3"
    path.write_bytes(b"this is no database, but long enough to look at" * 100)
    history = History(path)
    assert history.begin("demo", 0.0) == 1
    assert "set aside" in caplog.text or "kept as" in caplog.text
    assert path.with_suffix(".broken").read_bytes().startswith(b"this is no database")
    history.close()


def test_a_place_that_cannot_hold_it_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LeraError, match=r"\[history\] folder"):
        History(tmp_path / "file" / "history.sqlite3")


def test_another_versions_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(LeraError, match="another LERA version"):
        History(path)


def test_a_file_that_a_crash_left_damaged_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    history = History(path)
    session = history.begin("demo", 0.0)
    for second in range(2000):
        history.add(session, mood(float(second)))
    history.close()
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    history = History(path)
    assert history.sessions() == [] and path.with_suffix(".broken").exists()
    history.close()


def test_a_locked_file_says_who_to_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, **{**options, "timeout": 0.05}))
    history = History(tmp_path / "history.sqlite3")
    other = connect(tmp_path / "history.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LeraError, match="close the other program"):
        history.begin("demo", 0.0)
    other.close()
    history.close()


def test_old_sessions_are_really_deleted(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    for start in (100.0, 5000.0):
        session = history.begin("demo", start)
        history.add(session, mood(start + 1))
        history.end(session, start + 2)
    assert history.delete_before(1000.0) == 1
    assert [found.started for found in history.sessions()] == [5000.0]
    assert history.rows(1) == []
    history.close()


def test_old_sessions_that_a_crash_left_open_are_deleted_too_and_one_that_went_on_is_not(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    for start, last in ((100.0, 101.0), (200.0, 5000.0)):
        killed = History(path)
        killed.add(killed.begin("demo", start), mood(last))
        killed.close()
        with sqlite3.connect(path) as database:
            database.execute("UPDATE session SET ended = NULL")
        database.close()
    history = History(path)
    assert history.delete_before(1000.0) == 1
    assert [found.started for found in history.sessions()] == [200.0]
    history.close()


def test_a_session_that_a_crash_left_open_is_as_young_as_its_last_row_of_any_kind(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    killed = History(path)
    killed.add_stage(killed.begin("demo", 100.0), StreamerSecond(5000.0), ())
    killed.close()
    history = History(path)
    assert history.delete_before(1000.0) == 0
    history.begin("demo", 6000.0)
    assert [found.ended for found in history.sessions()] == [None, 5000.0]
    history.close()


OLD_TITLE, NEW_TITLE = "A title that must not be found again", "The title of a younger stream"


def bytes_in(folder: Path) -> bytes:
    """All that any file of a folder holds."""
    return b"".join(place.read_bytes() for place in sorted(folder.rglob("*")) if place.is_file())


def two_streams(history: History) -> None:
    """One long ago and one not so long ago, both of several pages."""
    for start, title in ((100.0, OLD_TITLE), (50_000.0, NEW_TITLE)):
        session = history.begin("demo", start, title)
        for second in range(300):
            history.add(session, mood(start + second))
        history.end(session, start + 300)


def test_of_an_old_session_no_byte_is_left_in_any_file(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    two_streams(history)
    assert OLD_TITLE.encode() in bytes_in(tmp_path)
    history.delete_before(1000.0)
    # While it is open, as it is while the show runs: no page, no free page and no log holds it.
    assert OLD_TITLE.encode() not in bytes_in(tmp_path) and NEW_TITLE.encode() in bytes_in(tmp_path)
    assert len(history.rows(2)) == 300
    history.close()


def test_what_an_earlier_version_only_unlinked_is_overwritten_too(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    history = History(path)
    two_streams(history)
    history.close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("INSERT INTO session (channel, started, ended, title) VALUES ('demo', 0, 1, 'x')")
        database.execute("DELETE FROM session WHERE title = ?", (OLD_TITLE,))
    database.close()
    assert OLD_TITLE.encode() in bytes_in(tmp_path), "that is what there is to mend"
    history = History(path)
    assert history.delete_before(1000.0) == 1
    assert OLD_TITLE.encode() not in bytes_in(tmp_path)
    history.close()


def test_a_title_that_was_changed_is_gone(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    two_streams(history)
    history.describe(2, 50_000.0, "Another", "")
    history.delete_before(1000.0)
    assert NEW_TITLE.encode() not in bytes_in(tmp_path)
    history.close()


def test_damaged_files_that_were_set_aside_go_with_their_time(tmp_path: Path) -> None:
    for name in ("history.broken", "history.broken-wal", "history.2.broken", "history-of-mine.txt"):
        (tmp_path / name).write_bytes(OLD_TITLE.encode())
        os.utime(tmp_path / name, (100.0, 100.0))
    (tmp_path / "history.3.broken").write_bytes(b"young")
    history = History(tmp_path / "history.sqlite3")
    history.delete_before(1000.0)
    history.close()
    left = {place.name for place in tmp_path.iterdir()}
    assert left == {"history.sqlite3", "history-of-mine.txt", "history.3.broken"}


SECOND = StreamerSecond(101.0, SEVEN, (0.6, 0.4, 0.0), 62.0, 48.0, 71.0, 6.1)
UNKNOWN = StreamerSecond(102.0)
DISAGREEMENT = Disagreement(("faces", "chat"), ("happiness", "sadness"), 101.0)


def test_the_streamers_side_is_kept_and_goes_with_its_session(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    history = History(path)
    session, other = history.begin("demo", 100.0), history.begin("demo", 150.0)
    history.add_stage(session, SECOND, [Dispute(DISAGREEMENT, 107.0)])
    history.add_stage(session, UNKNOWN, [Dispute(DISAGREEMENT, 108.0)])
    history.add_stage(session, None, [])
    history.add_stage(other, SECOND, [])
    told = [(each.time, each.score, each.low, each.high) for each in (SECOND, UNKNOWN)]
    assert history.scores(session) == sorted(told)
    assert history.scores(session, max(each.time for each in (SECOND, UNKNOWN)) + 1) == []
    with reading(path) as reader:
        assert reader.streamer_seconds(session) == [SECOND, UNKNOWN]
        assert reader.disputes(session) == [Dispute(DISAGREEMENT, 108.0)], "one row, that grows as long as it lasts"
        assert reader.disputes(other) == []
    history.end(session, 120.0)
    history.end(other, 200.0)
    assert history.delete_before(150.0) == 1
    with reading(path) as reader:
        assert reader.streamer_seconds(session) == [] and reader.disputes(session) == []
        assert reader.streamer_seconds(other) == [SECOND]
    history.close()


def test_a_file_of_the_third_version_gets_the_streamers_side(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    history = History(path)
    session = history.begin("demo", 100.0)
    history.add(session, mood(101.0))
    history.end(session, 110.0)
    history.close()
    old = sqlite3.connect(path)
    old.executescript(
        "DROP TABLE stage; DROP TABLE disagreement; ALTER TABLE mood DROP COLUMN checksum; PRAGMA user_version = 3;"
    )
    old.close()
    with reading(path) as reader:
        assert reader.streamer_seconds(session) == [] and reader.disputes(session) == []
    for _ in range(2):
        history = History(path)
        assert len(history.rows(session)) == 1
        history.add_stage(session, SECOND, [Dispute(DISAGREEMENT, 107.0)])
        history.close()
        with reading(path) as reader:
            assert reader.streamer_seconds(session) == [SECOND]
            assert reader.disputes(session) == [Dispute(DISAGREEMENT, 107.0)]


def test_a_new_file_and_one_that_was_migrated_are_the_same(tmp_path: Path) -> None:
    def tables(path: Path) -> set[tuple[str, str]]:
        file = sqlite3.connect(path)
        found = {(name, row[1]) for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                 for row in file.execute(f"PRAGMA table_info({name})")}  # fmt: skip
        file.close()
        return found

    old = sqlite3.connect(tmp_path / "old.sqlite3")
    old.executescript(FIRST_SCHEMA)
    old.close()
    for name in ("old", "new"):
        History(tmp_path / f"{name}.sqlite3").close()
    assert tables(tmp_path / "old.sqlite3") == tables(tmp_path / "new.sqlite3")
