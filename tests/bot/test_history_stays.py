"""A damaged history that can't be set aside: its disk is read-only, or, on Windows, another program has it open."""

import os
import sqlite3
import sys
from pathlib import Path

import pytest

from bot.history import History
from bot.history_file import HistoryFile
from lera.errors import LeraError
from tests.bot.stage import eventually
from tests.bot.test_history_faults import as_row, mood, remount, replace_by_nonsense, running, small_disk


class Refusal:
    """While it is on, nobody may rename the file of this name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.on = False
        replace = Path.replace

        def refuse(place: Path, target: str | Path) -> Path:
            if self.on and place.name == name:
                raise PermissionError(13, "Permission denied", str(place))
            return replace(place, target)

        monkeypatch.setattr(Path, "replace", refuse)


async def test_a_damaged_file_on_a_disk_that_is_read_only(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "history.sqlite3"
        path.write_bytes(b"no database" * 1000)
        remount(disk, "ro")
        history = History(path, patient=True)
        async with running(history) as sessions:
            sessions.add(mood(1))
            assert "is damaged" in (sessions.fault or "") and "let your user write" in (sessions.fault or "")
            remount(disk, "rw")
            sessions.add(mood(2))
            await eventually(lambda: not sessions.waiting)
            assert history.rows(1) == [as_row(mood(1)), as_row(mood(2))] and sessions.fault is None
        history.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody move a file that is open")
async def test_the_show_goes_on_and_all_rows_are_there_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, refusal = tmp_path / "history.sqlite3", Refusal(monkeypatch, "history.sqlite3")
    history = History(path)
    async with running(history) as sessions:
        sessions.add(mood(1))
        await eventually(lambda: not sessions.waiting)
        replace_by_nonsense(path)
        refusal.on = True
        sessions.add(mood(2))
        await eventually(lambda: sessions.fault is not None)
        assert "can't be set aside" in (sessions.fault or "") and "\n" not in (sessions.fault or "")
        sessions.add(mood(3))
        refusal.on = False
        await eventually(lambda: not sessions.waiting)
        assert history.rows(1) == [as_row(mood(number)) for number in (1, 2, 3)] and sessions.fault is None
        assert (tmp_path / "history.broken").exists()
    history.close()


def test_a_file_that_stays_keeps_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, it would be opened as an older one."""
    path, refusal = tmp_path / "history.sqlite3", Refusal(monkeypatch, "history.sqlite3")
    file = HistoryFile(path, lambda _database, _another: None)
    file.run(lambda database: database.execute("INSERT INTO session (channel, started) VALUES ('demo', 1)"))
    # While another program reads, SQLite leaves the log beside its file.
    other = sqlite3.connect(path)
    other.execute("SELECT * FROM session").fetchall()

    def broken(_database: sqlite3.Connection) -> None:
        raise sqlite3.DatabaseError("a page that is none")

    refusal.on = True
    with pytest.raises(LeraError, match="close other programs"):
        file.run(broken)
    assert Path(f"{path}-wal").exists() and not list(tmp_path.glob("*.broken*"))
    assert len(file.run(lambda database: database.execute("SELECT * FROM session").fetchall())) == 1
    other.close()
    file.close()


def test_an_old_damaged_file_that_cannot_be_deleted_keeps_nothing_else_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, aside = tmp_path / "history.sqlite3", tmp_path / "history.broken"
    aside.write_bytes(b"damaged")
    os.utime(aside, (500.0, 500.0))
    history = History(path)
    session = history.begin("demo", 1000.0)
    history.add(session, mood(1))
    history.end(session, 1002.0)

    def refuse(place: Path, **_options: bool) -> None:
        raise PermissionError(13, "Permission denied", str(place))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(LeraError, match="let your user write to its folder"):
        history.delete_before(2000.0)
    assert not Path(f"{path}-wal").stat().st_size, "what was deleted is scrubbed, and its log is empty"
    monkeypatch.undo()
    assert history.delete_before(2000.0) == 0 and not aside.exists()
    history.close()
