"""The Sheet under fifty viewers, and under everything that can go wrong with it: it goes on and says why in a line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from lera.errors import LeraError
from tests.door import door
from tests.night_loop import by_night
from tests.transport.sheet_crowd import BOOK, Agent, Crowd, Seen, a_crowd, key_of, until
from transport.desk import Desk, HubSettings
from transport.reading import Reading
from transport.sheet_layout import FIRST_ROW

pytestmark = pytest.mark.slow
SCALE = 20.0
"""A minute of Google's is three seconds here."""


async def sees(crowd: Crowd, agent: Agent) -> None:
    """A fresh change of the agent's reaches the bot."""
    agent.feel()
    await until(lambda: crowd.seen.changes.get(agent.number, 0) >= agent.change)


@asynccontextmanager
async def five_viewers() -> AsyncIterator[Crowd]:
    """Five viewers who have joined and been seen."""
    async with a_crowd(SCALE) as crowd:
        agents = [crowd.join(number) for number in range(1, 6)]
        await until(lambda: len(crowd.seen.changes) == len(agents))
        yield crowd


def faults_said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("transport")]


@by_night
async def test_a_reading_under_another_name_would_be_noticed() -> None:
    seen = Seen()
    seen.take(Reading(key_of(7), "face", 0.0, (0.007, 0.002, 0.991, 0, 0, 0, 0), 1.0))
    assert seen.changes == {7: 2} and seen.wrong == []
    seen.take(Reading(key_of(8), "face", 0.0, (0.007, 0.003, 0.99, 0, 0, 0, 0), 1.0))
    seen.take(Reading(key_of(7), "face", 0.0, (0.007, 0.001, 0.992, 0, 0, 0, 0), 1.0))
    assert len(seen.wrong) == 2


async def measured(viewers: int, scale: float, minutes: float, every: float) -> float:
    """p95 of the seconds until a change is seen, in Google's time, with joins, leaves and crashes throughout."""
    async with a_crowd(scale) as crowd:
        begun = crowd.sheets.now()
        for number in range(1, viewers + 1):
            crowd.join(number)
        await crowd.live(60 * minutes, every, swaps=20)
        delays = crowd.delays()
        assert crowd.refusals(begun + 60) == []
        assert crowd.seen.wrong == []
        assert all(agent.task and not agent.task.done() for agent in crowd.agents.values())
        assert len(crowd.gone) >= 3
        # Nobody is left in the crowd who has gone, with or without a word.
        gone = {key_of(agent.number) for agent in crowd.gone}
        await until(lambda: not gone & set(crowd.desk.guests))
        await until(lambda: not any(key in row for key in gone for row in crowd.idents()))
    delay = delays[int(0.95 * len(delays))]
    print(f"p95 {delay:.1f} s of Google's")
    return delay


@by_night
async def test_fifty_viewers_for_ten_minutes() -> None:
    assert await measured(50, scale=10, minutes=10, every=30) < 20


@by_night
async def test_five_viewers() -> None:
    assert await measured(5, scale=4, minutes=3, every=10) < 4


@by_night
async def test_two_hundred_at_once_are_slowed_and_told_of_the_hub(caplog: pytest.LogCaptureFixture) -> None:
    async with a_crowd(10) as crowd:
        for number in range(1, 201):
            crowd.join(number)
        # Who was refused again and again while so many joined may have to join once more.
        await until(lambda: len(crowd.seen.changes) == 200, 150)
        await until(lambda: crowd.host and crowd.host.board.pace.interval > crowd.quota.seconds(50), 150)
        joined = crowd.sheets.now()
        assert any("It is time for the hub." in line for line in faults_said(caplog))
        # So many can't join within one minute's quota. Once they have, they stay under it: a minute without a refusal.
        await until(
            lambda: (now := crowd.sheets.now()) > joined + 60 and not crowd.refusals(max(joined, now - 60)), 150
        )
        assert all(agent.task and not agent.task.done() for agent in crowd.agents.values())
        assert crowd.seen.wrong == []


@pytest.mark.parametrize(
    ("status", "line"), [(429, "Google's quota for this minute is used up"), (500, "Google Sheets is in trouble (500)")]
)
@by_night
async def test_a_storm_of_refusals_passes(caplog: pytest.LogCaptureFixture, status: int, line: str) -> None:
    async with five_viewers() as crowd:
        crowd.sheets.fail_next(status, times=60)
        for agent in crowd.agents.values():
            agent.feel()
        await until(lambda: crowd.host and crowd.host.fault)
        for agent in crowd.agents.values():
            await sees(crowd, agent)
        await until(lambda: crowd.host and not crowd.host.fault)
        said = [text for text in faults_said(caplog) if line in text]
        assert said and all("\n" not in text for text in said)
        assert crowd.seen.wrong == []


@by_night
async def test_an_outage_of_half_a_minute_is_survived(caplog: pytest.LogCaptureFixture) -> None:
    async with five_viewers() as crowd:
        crowd.sheets.outage(30)
        for agent in crowd.agents.values():
            agent.feel()
        await until(lambda: any("can't be reached" in text for text in faults_said(caplog)))
        for agent in crowd.agents.values():
            await sees(crowd, agent)
            await until(lambda agent=agent: agent.client.state == "joined")  # type: ignore[misc]
        assert crowd.seen.wrong == []


@by_night
async def test_tokens_expire_and_nobody_notices(caplog: pytest.LogCaptureFixture) -> None:
    async with five_viewers() as crowd:
        crowd.sheets.expire_tokens()
        for agent in crowd.agents.values():
            await sees(crowd, agent)
        assert faults_said(caplog) == []


@by_night
async def test_who_is_locked_out_is_told_so_and_the_others_go_on() -> None:
    async with five_viewers() as crowd:
        crowd.sheets.revoke("viewer3@example.com")
        crowd.sheets.expire_tokens()
        locked_out = crowd.agents.pop(3)
        locked_out.feel()
        assert locked_out.task is not None
        with pytest.raises(LeraError, match=r"Google doesn't accept this login \(any more\): log in again"):
            await asyncio.wait_for(locked_out.task, 60)
        for agent in crowd.agents.values():
            await sees(crowd, agent)
        await locked_out.leave()
        await until(lambda: key_of(3) not in crowd.desk.guests)


@by_night
async def test_a_deleted_spreadsheet_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async with five_viewers() as crowd:
        crowd.sheets.delete_spreadsheet(BOOK)
        for agent in crowd.agents.values():
            agent.feel()
            assert agent.task is not None
            with pytest.raises(LeraError, match=r"There is no such spreadsheet \(any more\): check the link."):
                await asyncio.wait_for(agent.task, 60)
        await until(lambda: crowd.host and "no such spreadsheet" in (crowd.host.fault or ""))
        assert all(not task.done() for task in crowd.bots)
        lines = [text for text in faults_said(caplog) if "no such spreadsheet" in text]
        assert 1 <= len(lines) <= 3


@by_night
async def test_a_header_edited_by_hand_is_named_and_can_be_mended() -> None:
    async with five_viewers() as crowd:
        crowd.sheets.edit(BOOK, "Live!C3", [["joy"]])
        await until(
            lambda: crowd.host and "Cell C3 of the sheet `Live` must say `happiness`" in (crowd.host.fault or "")
        )
        crowd.sheets.edit(BOOK, "Live!C3", [["happiness"]])
        for agent in crowd.agents.values():
            await sees(crowd, agent)
        await until(lambda: crowd.host and not crowd.host.fault)


@by_night
async def test_rows_that_people_sort_or_scribble_in_harm_nobody() -> None:
    async with five_viewers() as crowd:
        rows = crowd.sheets.read(BOOK, "Live!A4:L8")
        crowd.sheets.edit(BOOK, "Live!A4", [[*row, *[""] * (12 - len(row))] for row in reversed(rows)])
        crowd.sheets.edit(BOOK, f"Live!B{FIRST_ROW}", [["=1/0", "💥" * 1000, -5]])
        for agent in crowd.agents.values():
            await sees(crowd, agent)
        assert crowd.seen.wrong == []


@by_night
async def test_of_two_bots_the_later_one_steps_back(caplog: pytest.LogCaptureFixture) -> None:
    async with five_viewers() as crowd:
        begun = int(crowd.now())
        await until(lambda: int(crowd.now()) > begun)  # runs are told apart by the second in which they began
        later = crowd.start_bot(Desk(HubSettings(), "ann", door("ann"), Seen()))
        await until(lambda: "Another bot writes to this Sheet" in (later.fault or ""))
        stepped_back = crowd.sheets.now()
        for agent in crowd.agents.values():
            await sees(crowd, agent)
        # They have one account, so two that look at full pace would use up its reads.
        await until(lambda: crowd.sheets.now() > stepped_back + 90)
        assert crowd.refusals(stepped_back + 30) == []
        assert crowd.host is not None and crowd.host.fault is None
        assert len([text for text in faults_said(caplog) if "Another bot" in text]) == 1


@by_night
async def test_who_crashes_leaves_no_ghost_and_the_row_is_used_again() -> None:
    async with five_viewers() as crowd:
        await crowd.agents.pop(2).crash()
        await until(lambda: key_of(2) not in crowd.desk.guests)
        await until(lambda: "free" in crowd.idents())
        newcomer = crowd.join(6)
        await sees(crowd, newcomer)
        assert len(crowd.idents()) == 5


@by_night
async def test_a_bot_that_starts_again_finds_everyone() -> None:
    async with five_viewers() as crowd:
        await crowd.stop_bots()
        crowd.seen.changes.clear()
        crowd.host, crowd.desk = None, Desk(HubSettings(), "ann", door("ann"), crowd.seen)
        crowd.start_bot()
        for agent in crowd.agents.values():
            await sees(crowd, agent)
        assert len(crowd.desk.guests) == 5
