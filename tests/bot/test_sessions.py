"""A session goes from the stream's start to its end; without a platform, from the bot's start to its stop."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.crowd import Mood
from bot.history import History
from bot.sessions import Sessions
from lera.errors import LeraError
from tests.bot.stage import PATIENCE, eventually


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def history() -> History:
    return History(None)


@asynccontextmanager
async def running(history: History, clock: Clock) -> AsyncIterator[Sessions]:
    """Sessions that run while the context lasts."""
    sessions = Sessions(history, "demo", clock)
    sessions.begin()
    task = asyncio.create_task(sessions.run())
    try:
        yield sessions
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        sessions.close()


def told(history: History) -> list[tuple[float, float | None, str, str]]:
    """All sessions, in the order in which they were begun."""
    found = sorted(history.sessions(), key=lambda session: session.id)
    return [(each.started, each.ended, each.title, each.category) for each in found]


async def test_without_a_platform_a_session_is_the_bots_run(history: History, clock: Clock) -> None:
    async with running(history, clock) as sessions:
        assert sessions.running and sessions.id == 1
        clock.now = 2000.0
    assert told(history) == [(1000.0, 2000.0, "", "")]


async def test_a_session_starts_and_ends_with_the_stream(history: History, clock: Clock) -> None:
    async with running(history, clock) as sessions:
        clock.now = 1100.0
        assert sessions.online("Boss night", "Games", 1090.0)
        assert sessions.started == 1090.0
        await eventually(lambda: sessions.id == 2)
        sessions.changed("Boss night, part 2", "Just Chatting")
        clock.now = 1500.0
        sessions.offline()
        assert not sessions.running
        await eventually(lambda: sessions.id == 0)
        sessions.add(Mood(1501.0, 5, 3))
        clock.now = 2000.0
        assert sessions.online("Next day", "Games", 2000.0)
        await eventually(lambda: sessions.id == 3)
        clock.now = 2100.0
    assert told(history) == [
        (1000.0, 1100.0, "", ""),
        (1090.0, 1500.0, "Boss night, part 2", "Just Chatting"),
        (2000.0, 2100.0, "Next day", "Games"),
    ]
    assert not history.rows(2) and not history.rows(3), "between streams nothing is kept"


async def test_half_a_sign_in_a_title_ends_nothing(history: History, clock: Clock) -> None:
    async with running(history, clock) as sessions:
        clock.now = 1100.0
        sessions.online("GG \ud83d", "Games \udc4d", None)
        await eventually(lambda: sessions.id == 2)
    assert told(history)[1] == (1100.0, 1100.0, "GG ?", "Games ?")


async def test_a_bot_that_starts_in_mid_stream_goes_on_with_the_session_it_has(history: History, clock: Clock) -> None:
    async with running(history, clock) as sessions:
        clock.now = 1010.0
        assert not sessions.online("Boss night", "Games", 400.0)
        assert sessions.started == 400.0, "into the stream is counted from the stream's own start"
        await eventually(lambda: history.sessions()[0].title == "Boss night")
        clock.now = 1500.0
        sessions.offline()
    assert told(history) == [(400.0, 1500.0, "Boss night", "Games")]


async def test_being_told_again_changes_nothing_but_the_words(history: History, clock: Clock) -> None:
    async with running(history, clock) as sessions:
        clock.now = 1100.0
        assert sessions.online("Boss night", "Games", 1100.0)
        for started in (1100.0, 1101.5, None):
            clock.now += 100.0
            assert not sessions.online("Boss night!", "Games", started)
        assert sessions.started == 1100.0
    assert [session[2] for session in told(history)] == ["", "Boss night!"]


async def test_another_stream_whose_predecessors_end_was_missed(history: History, clock: Clock) -> None:
    async with running(history, clock) as sessions:
        clock.now = 1100.0
        sessions.online("First", "Games", 1100.0)
        clock.now = 9000.0
        assert sessions.online("Second", "Games", 8000.0)
    assert told(history)[1:] == [(1100.0, 9000.0, "First", "Games"), (8000.0, 9000.0, "Second", "Games")]


async def test_offline_before_any_stream_ends_nothing(history: History, clock: Clock) -> None:
    async with running(history, clock) as sessions:
        sessions.offline()
        assert sessions.running
        clock.now = 1200.0
    assert told(history) == [(1000.0, 1200.0, "", "")]


async def test_a_start_in_the_future_is_now(history: History, clock: Clock) -> None:
    async with running(history, clock) as sessions:
        clock.now = 1100.0
        assert sessions.online("x" * 5000, "", 99_999.0)
        assert sessions.started == 1100.0 and len(sessions.title) == 300


async def test_what_was_told_before_the_start_is_kept(history: History, clock: Clock) -> None:
    sessions = Sessions(history, "demo", clock)
    sessions.online("Boss night", "Games", 400.0)
    sessions.begin()
    sessions.close()
    assert told(history) == [(400.0, 1000.0, "Boss night", "Games")]


async def test_without_a_history_streams_come_and_go_all_the_same(clock: Clock) -> None:
    sessions = Sessions(None, "demo", clock)
    sessions.begin()
    assert sessions.online("Boss night", "Games", 1000.0) is False and sessions.online("B", "G", 2000.0) is False
    sessions.offline()
    assert not sessions.running and sessions.id == 0
    sessions.add(Mood(1000.0, 5, 3))
    sessions.close()


async def test_a_full_disk_is_said_once(
    history: History, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise LeraError("The disk is full; free some space.")

    async with running(history, clock) as sessions:
        monkeypatch.setattr(History, "keep", full)
        for second in range(3):
            sessions.add(Mood(1001.0 + second, 5, 3))
            await eventually(lambda: sessions.fault == "The disk is full; free some space.")
        monkeypatch.undo()
        sessions.add(Mood(1004.0, 5, 3))
        await eventually(lambda: sessions.fault is None)
        assert [row.time for row in history.rows(1)] == [1001.0, 1002.0, 1003.0, 1004.0], "what waited is there, too"
    assert caplog.text.count("The show goes on") == 1


async def test_what_is_being_written_waits_until_it_is_on_the_disk(
    history: History, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, keep = threading.Event(), threading.Event(), history.keep

    def slowly(seconds: Any) -> None:
        begun.set()
        go_on.wait(PATIENCE)
        keep(seconds)

    async with running(history, clock) as sessions:
        await eventually(lambda: not sessions.waiting)
        monkeypatch.setattr(history, "keep", slowly)
        sessions.add(Mood(1001.0, 5, 3))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        assert sessions.waiting == 1
        go_on.set()
        await eventually(lambda: not sessions.waiting)
        assert len(history.rows(1)) == 1


async def test_timers_that_come_early_make_no_second_twice(history: History, clock: Clock) -> None:
    """On Windows they may come 16 ms early: then the second is there twice, once a moment before it begins."""
    async with running(history, clock) as sessions:
        for time in (1000.99, 1001.0, 1001.99, 1002.0, 1003.0, 1004.0):
            sessions.add(Mood(time, 5, 3))
        await eventually(lambda: not sessions.waiting)
        assert [row.time for row in history.rows(1)] == [1000.99, 1001.99, 1003.0, 1004.0]


async def test_a_clock_that_goes_back_overwrites_no_row(history: History, clock: Clock) -> None:
    async with running(history, clock) as sessions:
        for time, viewers in ((1001.0, 5), (1002.0, 6), (1001.0, 7), (1002.0, 8), (1003.0, 9)):
            sessions.add(Mood(time, viewers, 3))
        await eventually(lambda: not sessions.waiting)
        assert [(row.time, row.viewers) for row in history.rows(1)] == [(1001.0, 5), (1002.0, 6), (1003.0, 9)]


async def test_a_stream_that_ended_while_the_machine_slept_ends_before_the_sleep(
    history: History, clock: Clock
) -> None:
    async with running(history, clock) as sessions:
        sessions.online("Boss night", "Games", 1000.0)
        sessions.add(Mood(1001.0, 5, 3))
        sessions.add(Mood(1002.0, 0, 3))
        for time in (30_000.0, 30_001.0):
            sessions.add(Mood(time, 0, 3))
        clock.now = 30_010.0
        sessions.offline()
        await eventually(lambda: not sessions.waiting)
    assert told(history) == [(1000.0, 1002.0, "Boss night", "Games")]


async def test_a_stream_that_goes_on_after_a_sleep_is_the_same_one(history: History, clock: Clock) -> None:
    async with running(history, clock) as sessions:
        sessions.add(Mood(1001.0, 5, 3))
        sessions.add(Mood(30_000.0, 0, 3))
        sessions.add(Mood(30_001.0, 4, 3))
        clock.now = 30_010.0
    assert told(history) == [(1000.0, 30_010.0, "", "")]
    assert [row.time for row in history.rows(1)] == [1001.0, 30_001.0], "the night is a gap"


async def test_an_end_is_never_before_its_start(history: History, clock: Clock) -> None:
    async with running(history, clock):
        clock.now = 10.0
    assert told(history) == [(1000.0, 1000.0, "", "")]


async def test_a_disk_that_takes_its_time_holds_up_no_second(
    history: History, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, let_go = history.keep, threading.Event()
    monkeypatch.setattr(history, "keep", lambda seconds: (let_go.wait(PATIENCE), keep(seconds)))
    async with running(history, clock) as sessions:
        for second in range(5):
            sessions.add(Mood(1001.0 + second, 5, 3))
            await asyncio.sleep(0)
        assert not history.rows(1)
        let_go.set()
        await eventually(lambda: not sessions.waiting and len(history.rows(1)) == 5)
