"""The history on a disk that breaks it, fills up, goes and comes back: no row is invented, and the show goes on."""

import asyncio
import contextlib
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.__main__ import open_history
from bot.crowd import Mood, Part
from bot.history import History, Row, StreamerSecond
from bot.history_file import MOST_SET_ASIDE
from bot.report.reader import reading
from bot.sessions import MOST_WAITING, Sessions
from bot.settings import ChannelSettings, HistorySettings, Settings
from lera.errors import LeraError
from tests.bot.stage import eventually
from tests.conftest import ROOT
from transport.reading import Probabilities


def seven(number: int) -> Probabilities:
    """Shares that belong to this second and to no other."""
    chance = random.Random(number)
    parts = [chance.random() + 0.01 for _ in range(7)]
    a, b, c, d, e, f, g = (part / sum(parts) for part in parts)
    return (a, b, c, d, e, f, g)


def mood(number: int) -> Mood:
    return Mood(1000.0 + number, 3 + number % 50, 3, seven(number), None, 0.25, -0.5, faces=Part(3 + number % 50))


def as_row(mood: Mood) -> Row:
    """How it must be read back."""
    return Row(mood.time, mood.viewers, mood.shares, mood.valence, mood.arousal, mood.viewers, 0, 0.0)


def are_true(rows: list[Row], numbers: range) -> bool:
    """Whether each is one of those seconds, as it was shown, in order and once."""
    wanted = {each.time: as_row(each) for each in map(mood, numbers)}
    times = [row.time for row in rows]
    return times == sorted(set(times)) and all(row == wanted.get(row.time) for row in rows)


def damage(path: Path, chance: random.Random) -> None:
    """Random bytes in random places of the file or its log, or an end that is missing."""
    places = [place for place in (path, Path(f"{path}-wal")) if place.exists() and place.stat().st_size]
    for place in chance.sample(places, chance.randint(1, len(places))):
        size = place.stat().st_size
        with place.open("r+b") as file:
            if chance.random() < 0.2:
                file.truncate(chance.randrange(size))
                continue
            for _ in range(chance.choice((1, 3, 30))):
                file.seek(chance.randrange(size))
                file.write(chance.randbytes(chance.choice((1, 8, 512))))


def replace_by_nonsense(path: Path) -> None:
    nonsense = path.with_name("nonsense")
    nonsense.write_bytes(b"no database" * 1000)
    nonsense.replace(path)
    Path(f"{path}-wal").unlink(missing_ok=True)


@pytest.mark.parametrize("seed", range(40))
def test_a_file_that_was_damaged_while_it_was_closed(tmp_path: Path, seed: int) -> None:
    path, chance = tmp_path / "history.sqlite3", random.Random(seed)
    history = History(path)
    session = history.begin("demo", 1000.0)
    history.keep((session, mood(number)) for number in range(600))
    history.end(session, 1600.0)
    history.close()
    damage(path, chance)
    history = History(path)
    assert are_true(history.rows(session), range(600)), "what is told of the past is true, or nothing"
    another = history.begin("demo", 2000.0)
    for number in range(600, 610):
        history.add(another, mood(number))
    assert are_true([row for row in history.rows(another) if row.time >= 1600], range(600, 610))
    assert len([row for row in history.rows(another) if row.time >= 1600]) == 10, "the show goes on"
    history.close()


@pytest.mark.parametrize("seed", range(40))
def test_a_file_that_is_damaged_in_the_middle_of_a_show(tmp_path: Path, seed: int) -> None:
    path, chance = tmp_path / "history.sqlite3", random.Random(seed)
    history = History(path)
    session = history.begin("demo", 1000.0)
    history.keep((session, mood(number)) for number in range(400))
    for number in range(400, 420):
        history.add(session, mood(number))
    damage(path, chance)
    kept = []
    for number in range(420, 520):
        with contextlib.suppress(LeraError):
            history.add(session, mood(number))
            kept.append(number)
        if number % 20 == 0:
            with contextlib.suppress(LeraError):
                assert are_true(history.rows(session), range(number + 1))
    assert len(kept) >= 98, "a damaged file takes the next second, or the one after it in a new file"
    assert history.rows(session) == [as_row(mood(number)) for number in (*range(420), *kept)], "its last hour is there"
    history.end(session, 1520.0)
    history.close()
    history = History(path)
    assert are_true(history.rows(session), range(520))
    history.close()


def test_one_number_that_changes_on_the_disk_is_not_told(tmp_path: Path) -> None:
    """SQLite finds nothing wrong with it; the row's checksum does."""
    path = tmp_path / "history.sqlite3"
    history = History(path)
    session = history.begin("demo", 1000.0)
    history.keep((session, mood(number)) for number in range(3))
    history.add_stage(session, StreamerSecond(1001.0, seven(1), (1.0, 0.0, 0.0), 50.0, 40.0, 60.0, 1.0), [])
    history.close()
    other = sqlite3.connect(path)
    other.execute("UPDATE mood SET viewers = viewers + 1 WHERE time = 1001")
    other.execute("UPDATE mood SET anger = 'x' WHERE time = 1002")
    other.execute("UPDATE stage SET score = 90")
    other.commit()
    other.close()
    history = History(path)
    assert history.rows(session) == [as_row(mood(0))] and history.scores(session) == []
    assert history.between("demo", 0.0, 2000.0, 10) == [as_row(mood(0))]
    history.close()
    with reading(path) as reader:
        assert reader.rows(session) == [as_row(mood(0))] and reader.streamer_seconds(session) == []
        (averages,) = reader.averages([session])
        assert (averages.kept, averages.viewers, reader.stage_averages([session])) == (1, 3.0, [])


def test_broken_files_do_not_overwrite_each_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "history.sqlite3"
    for number in range(3):
        path.write_bytes(f"broken file {number} ".encode() * 500)
        History(path).close()
    kept = sorted(each.read_bytes()[:14] for each in tmp_path.glob("*.broken"))
    assert kept == [b"broken file 0 ", b"broken file 1 ", b"broken file 2 "]
    assert caplog.text.count("is kept as") == 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody move a file that is open")
def test_a_disk_that_breaks_file_after_file_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    history = History(path)
    session = history.begin("demo", 1000.0)
    for number in range(MOST_SET_ASIDE):
        replace_by_nonsense(path)
        history.add(session, mood(number))
        assert history.rows(session) == [as_row(mood(number)) for number in range(number + 1)]
    replace_by_nonsense(path)
    with pytest.raises(LeraError, match="seems to be broken"):
        history.rows(session)
    assert len(list(tmp_path.glob("*.broken"))) == MOST_SET_ASIDE
    history.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody move a file that is open")
def test_a_file_that_is_moved_away_in_the_middle_of_a_show(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "deep" / "history.sqlite3"
    history = History(path)
    session = history.begin("demo", 1000.0, "Boss night")
    history.add(session, mood(1))
    path.parent.rename(tmp_path / "elsewhere")
    history.add(session, mood(2))
    assert history.rows(session) == [as_row(mood(1)), as_row(mood(2))] and history.sessions()[0].title == "Boss night"
    assert "moved away" in caplog.text
    history.close()
    with reading(tmp_path / "elsewhere" / "history.sqlite3") as reader:
        assert reader.rows(session) == [as_row(mood(1))]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody move a file that is open")
def test_another_show_in_the_files_place_gets_none_of_this_ones_rows(tmp_path: Path) -> None:
    path, other = tmp_path / "history.sqlite3", tmp_path / "other.sqlite3"
    history, another = History(path), History(other)
    session = history.begin("demo", 1000.0)
    assert another.begin("somebody", 1.0) == session
    another.close()
    other.replace(path)
    Path(f"{path}-wal").unlink()
    with pytest.raises(LeraError, match="Another history"):
        history.add(session, mood(1))
    history.close()
    with reading(path) as reader:
        assert reader.rows(session) == []


def test_a_closed_history_stays_closed(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    history.close()
    with pytest.raises(LeraError, match="closed"):
        history.begin("demo", 1000.0)


@contextlib.asynccontextmanager
async def running(history: History, now: float = 1000.0) -> AsyncIterator[Sessions]:
    sessions = Sessions(history, "demo", lambda: now)
    sessions.begin()
    task = asyncio.create_task(sessions.run())
    try:
        yield sessions
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        sessions.close()


@contextlib.contextmanager
def small_disk(folder: Path, size: str = "400k") -> Iterator[Path]:
    """A disk of its own that is soon full."""
    folder.mkdir()
    if (
        sys.platform != "linux"
        or os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "lera", folder], capture_output=True
        ).returncode
    ):
        pytest.skip("only root may mount a disk, and not everywhere")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True)


async def test_what_a_full_disk_refuses_is_written_when_there_is_room_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        history = History(disk / "history.sqlite3")
        async with running(history) as sessions:
            sessions.add(mood(1))
            await eventually(lambda: not sessions.waiting)
            (disk / "video.mkv").write_bytes(b"x" * (disk_free(disk) - 4096))
            for number in range(2, 900):
                sessions.add(mood(number))
            await eventually(lambda: "free some disk space" in (sessions.fault or ""))
            assert sessions.waiting and are_true(history.rows(1), range(900))
            # Also a stream that begins and one that ends wait for room.
            sessions.online("Boss night", "Games", 1000.0 + 899)
            (disk / "video.mkv").unlink()
            await eventually(lambda: not sessions.waiting)
            assert sessions.fault is None
            assert history.rows(1) == [as_row(mood(number)) for number in range(1, 900)]
            assert [each.title for each in history.sessions()] == ["Boss night"]
        history.close()
    assert caplog.text.count("The show goes on") == 1


def disk_free(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_bsize


async def test_a_session_that_begins_on_a_full_disk_is_kept_from_its_first_second(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        (disk / "video.mkv").write_bytes(b"x" * disk_free(disk))
        history = History(disk / "history.sqlite3", patient=True)
        async with running(history) as sessions:
            sessions.add(mood(1))
            assert sessions.fault is not None and sessions.id == 0
            (disk / "video.mkv").unlink()
            sessions.add(mood(2))
            await eventually(lambda: not sessions.waiting)
            assert history.rows(1) == [as_row(mood(1)), as_row(mood(2))]
        history.close()


async def test_a_disk_that_is_read_only_at_first(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        History(disk / "history.sqlite3").close()
        remount(disk, "ro")
        history = History(disk / "history.sqlite3", patient=True)
        async with running(history) as sessions:
            sessions.add(mood(1))
            assert sessions.fault is not None
            remount(disk, "rw")
            sessions.add(mood(2))
            await eventually(lambda: not sessions.waiting)
            assert history.rows(1) == [as_row(mood(1)), as_row(mood(2))]
        history.close()


async def test_a_disk_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "disk" / "history.sqlite3"
    history = History(path)
    async with running(history) as sessions:
        sessions.add(mood(1))
        await eventually(lambda: not sessions.waiting)
        (tmp_path / "disk").rename(tmp_path / "gone")
        (tmp_path / "disk").write_text("no folder")
        sessions.add(mood(2))
        await eventually(lambda: sessions.fault is not None)
        (tmp_path / "disk").unlink()
        (tmp_path / "gone").rename(tmp_path / "disk")
        sessions.add(mood(3))
        await eventually(lambda: not sessions.waiting)
        assert history.rows(1) == [as_row(mood(number)) for number in (1, 2, 3)]
    history.close()


async def test_no_more_than_an_hour_waits_in_memory(tmp_path: Path) -> None:
    (tmp_path / "disk").write_text("no folder")
    history = History(tmp_path / "disk" / "history.sqlite3", patient=True)
    async with running(history) as sessions:
        for number in range(MOST_WAITING + 10):
            sessions.add(mood(number))
        assert sessions.waiting == MOST_WAITING
        (tmp_path / "disk").unlink()
        sessions.add(mood(MOST_WAITING + 10))
        await eventually(lambda: not sessions.waiting)
        rows = history.rows(1)
        assert rows[-1] == as_row(mood(MOST_WAITING + 10)) and len(rows) == MOST_WAITING - 1
    history.close()


async def test_a_session_that_somebody_deleted_does_not_hold_up_the_others(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    async with running(history) as sessions:
        other = sqlite3.connect(tmp_path / "history.sqlite3")
        other.execute("PRAGMA foreign_keys = ON")
        other.execute("DELETE FROM session")
        other.commit()
        other.close()
        sessions.add(mood(1))
        sessions.add(mood(2))
        sessions.online("Boss night", "Games", 1000.0)
        await eventually(lambda: not sessions.waiting)
        assert sessions.fault is None
    history.close()


# A limit on the size of files: another way in which a disk says no.
_LIMITED = """
import resource, sys
from bot.history import History
from lera.errors import LeraError
from tests.bot.test_history_faults import as_row, mood
history = History(__import__("pathlib").Path(sys.argv[1]))
session = history.begin("demo", 1000.0)
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
kept, refused = [], 0
for number in range(300):
    try:
        history.add(session, mood(number))
        kept.append(number)
    except LeraError:
        refused += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for number in range(300, 320):
    history.add(session, mood(number))
    kept.append(number)
assert refused and history.rows(session) == [as_row(mood(number)) for number in kept], (refused, len(kept))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_what_was_acknowledged_before_the_disk_said_no_is_there_afterwards(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _LIMITED, str(tmp_path / "history.sqlite3")]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr


async def test_a_bot_that_starts_on_a_disk_that_is_away_keeps_its_show_from_the_beginning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "disk").write_text("no folder")
    settings = Settings(channel=ChannelSettings("demo"), history=HistorySettings(folder=str(tmp_path / "disk")))
    history = open_history(settings, 2000.0)
    assert history is not None and "goes on without a history" in caplog.text
    async with running(history) as sessions:
        sessions.add(mood(1))
        await eventually(lambda: sessions.fault is not None)
        (tmp_path / "disk").unlink()
        sessions.add(mood(2))
        await eventually(lambda: not sessions.waiting)
        assert history.rows(1) == [as_row(mood(1)), as_row(mood(2))]
    history.close()
