"""Ten seconds in one row: the same rows come out of the same seconds, before and after a restart."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.archive import Archive, Second, moments_of, start_of
from bot.crowd import Crowd, Mood
from bot.history import History
from lera.errors import LeraError
from transport.reading import Probabilities, Reading

HAPPY: Probabilities = (0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05)
BEGUN = 1_767_225_600.0


def mood(time: float, viewers: int) -> Mood:
    crowd = Crowd(3, 15.0)
    for number in range(viewers):
        crowd.take(Reading(f"viewer-{number}", "face", time, HAPPY), time)
    return crowd.mood(time)


def test_a_row_is_the_mean_of_its_seconds_and_its_counts_add_up_to_the_viewers() -> None:
    (row,) = moments_of(Second(BEGUN + second, 4 + second % 2, HAPPY) for second in range(10))
    assert (row.time, row.viewers) == (BEGUN, 4.5)
    assert row.counts is not None and sum(row.counts) == pytest.approx(4.5) and row.counts[0] == pytest.approx(3.15)


def test_a_minority_is_not_rounded_away() -> None:
    shy: Probabilities = (0.95, 0.0, 0.05, 0.0, 0.0, 0.0, 0.0)
    (row,) = moments_of([Second(BEGUN, 10, HAPPY), Second(BEGUN + 1, 10, shy)])
    assert row.counts is not None and row.counts[2] == pytest.approx(0.5)


def test_what_must_not_be_split_is_not_split_in_the_row_either() -> None:
    (row,) = moments_of([Second(BEGUN + second, 2, None) for second in range(10)])
    assert row.viewers == 2 and row.counts is None


@given(st.lists(st.integers(0, 300), max_size=60, unique=True))
def test_rows_begin_every_ten_seconds_and_gaps_stay_gaps(offsets: list[int]) -> None:
    rows = moments_of(Second(BEGUN + offset, 3, HAPPY) for offset in offsets)
    assert [row.time for row in rows] == sorted({start_of(BEGUN + offset) for offset in offsets})


async def test_only_finished_rows_are_given_and_none_twice(tmp_path: Path) -> None:
    now = [BEGUN]
    history = History(tmp_path / "history.sqlite3")
    archive = Archive(history, "demo", lambda: now[0])
    session = history.begin("demo", BEGUN)
    given: list[float] = []
    for second in range(60):
        now[0] = BEGUN + second
        history.add(session, mood(now[0], 3))
        archive.add(mood(now[0], 3))
        given += [row.time for row in await archive.moments(given[-1] if given else 0.0)]
    assert given == [BEGUN, BEGUN + 10, BEGUN + 20, BEGUN + 30, BEGUN + 40]
    history.close()


async def test_after_a_restart_the_rest_comes_from_sqlite(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    for channel, begun in (("demo", BEGUN), ("other", BEGUN), ("demo", BEGUN + 35)):
        session = history.begin(channel, begun)
        for second in range(30):
            history.add(session, mood(begun + second, 3 if channel == "demo" else 9))
    archive = Archive(history, "demo", lambda: BEGUN + 1000)
    rows = await archive.moments(BEGUN)
    assert [row.time - BEGUN for row in rows] == [10, 20, 30, 40, 50, 60]
    assert {row.viewers for row in rows} == {3.0}
    history.close()


async def test_very_many_rows_come_in_parts_and_none_is_cut_in_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Archive, "MOST", 25)
    history = History(tmp_path / "history.sqlite3")
    session = history.begin("demo", BEGUN)
    for second in range(100):
        history.add(session, mood(BEGUN + second, 3 + second % 10))
    archive = Archive(history, "demo", lambda: BEGUN + 1000)
    given, last = [], 0.0
    while rows := await archive.moments(last):
        given += rows
        last = rows[-1].time
    assert [(row.time - BEGUN, row.viewers) for row in given] == [(10.0 * number, 7.5) for number in range(10)]
    history.close()


async def test_a_full_disk_takes_no_row_from_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise LeraError("The disk is full; free some space.")

    history = History(tmp_path / "history.sqlite3")
    monkeypatch.setattr(History, "between", full)
    for kept in (history, None):
        archive = Archive(kept, "demo", lambda: BEGUN + 30)
        for second in range(20):
            archive.add(mood(BEGUN + second, 3))
        archive.add(mood(BEGUN + 20, 0))
        assert [row.time for row in await archive.moments(0.0)] == [BEGUN, BEGUN + 10]
    await asyncio.to_thread(history.close)
