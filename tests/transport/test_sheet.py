"""Both ends of the Sheet, through the real gspread, against a stand-in that keeps Google's quotas."""

import asyncio
import logging
from pathlib import Path

import pytest

from lera.errors import LeraError
from tests.night_loop import by_night
from tests.transport.sheet_stage import HAPPY, SAD, eventually, key_of, sheet_stage
from transport.sheet_layout import FREE, LayoutFault
from transport.sheet_setup import set_up


@by_night
async def test_a_reading_travels_and_a_change_follows(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        stage.host()
        ann, _ = stage.join("ann")
        stage.join("bob", SAD)
        await eventually(lambda: stage.crowd.votes == {key_of("ann"): HAPPY, key_of("bob"): SAD})
        ann.post(SAD)
        await eventually(lambda: stage.crowd.votes[key_of("ann")] == SAD)
        assert stage.states["ann"] == ["connecting", "joined"] and ann.minimum_viewers == 3
        assert stage.desk.counts["joined"] == 2 and not stage.refusals()


@by_night
async def test_each_post_is_one_call_that_brings_the_pace_along(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        ann, _ = stage.join("ann")
        await eventually(lambda: ann.state == "joined")
        before = len(stage.google.google.log)
        stage.google.edit(stage.book, "Live!A2:I2", [["control", 5, 0.07, 0.9, 4, 1, "demo", "a-run", "open"]])
        ann.post(SAD)
        await eventually(lambda: len(stage.google.google.log) > before)
        await eventually(lambda: ann.minimum_viewers == 4)
        assert (ann.interval, ann.heartbeat) == (0.07, 0.9)
        calls = [(user, call) for _, user, call, _, _ in stage.google.google.log[before:]]
        assert set(calls) == {("ann@example.com", "sheets.spreadsheets.batchUpdate")}


@by_night
async def test_who_forges_the_pace_makes_nobody_use_up_the_quota(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        ann, _ = stage.join("ann")
        await eventually(lambda: ann.state == "joined")
        stage.google.edit(stage.book, "Live!A2:I2", [["control", 5, 0.0, 0.0, 4, 1, "demo", "a-run", "open"]])
        ann.post(SAD)
        await eventually(lambda: ann.minimum_viewers == 4)
        calls_a_minute = stage.quota.minute / min(ann.interval, ann.heartbeat)
        assert calls_a_minute <= 0.8 * stage.quota.user


@by_night
async def test_an_unchanged_viewer_beats_and_stays(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        stage.host()
        stage.join("ann")
        await eventually(lambda: bool(stage.rows()) and stage.rows()[0][1] >= 4)
        assert stage.crowd.votes == {key_of("ann"): HAPPY} and len(stage.rows()) == 1


@by_night
async def test_leaving_frees_the_row_and_the_next_viewer_takes_it(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        stage.host()
        ann, running = stage.join("ann")
        await eventually(lambda: key_of("ann") in stage.crowd.votes)
        await ann.close()
        await asyncio.wait_for(running, 10)
        assert stage.rows() == [[FREE]]
        await eventually(lambda: not stage.crowd.votes)
        stage.join("bob", SAD)
        await eventually(lambda: stage.crowd.votes == {key_of("bob"): SAD})
        assert len(stage.rows()) == 1


@by_night
async def test_a_crashed_viewer_is_no_ghost_and_its_row_is_free_again(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        stage.host()
        _, running = stage.join("ann")
        stage.join("bob", SAD)
        await eventually(lambda: len(stage.crowd.votes) == 2)
        running.cancel()  # No goodbye: the process is gone.
        await eventually(lambda: stage.crowd.votes == {key_of("bob"): SAD})
        await eventually(lambda: [FREE] in stage.rows())


@by_night
async def test_a_restarted_agent_goes_on_in_its_own_row(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        stage.host()
        _, running = stage.join("ann")
        await eventually(lambda: key_of("ann") in stage.crowd.votes)
        running.cancel()
        stage.join("ann", SAD)
        await eventually(lambda: stage.crowd.votes == {key_of("ann"): SAD})
        assert len(stage.rows()) == 1


@by_night
async def test_racing_joiners_each_get_a_row(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        # Half of the rows are free already, so that taking over and appending race as well.
        stage.google.edit(stage.book, "Live!A4:A9", [[FREE]] * 6)
        stage.host()
        names = [f"viewer-{number}" for number in range(12)]
        for name in names:
            stage.join(name)
        await eventually(lambda: len(stage.crowd.votes) == 12)
        owners = [row[0].split(":")[1] for row in stage.rows() if row[0] != FREE]
        assert sorted(owners) == sorted(key_of(name) for name in names)


@by_night
async def test_absence_withdraws_the_vote(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        stage.host()
        ann, _ = stage.join("ann")
        await eventually(lambda: key_of("ann") in stage.crowd.votes)
        ann.away("no_face")
        await eventually(lambda: not stage.crowd.votes)
        assert stage.rows()[0][10] == "no_face" and set(stage.rows()[0][2:10]) == {""}


@by_night
async def test_forgetting_is_confirmed_by_the_bot_and_leaves_nothing_in_the_sheet(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        stage.host()
        ann, _ = stage.join("ann")
        await eventually(lambda: key_of("ann") in stage.crowd.votes)
        assert await ann.forget()
        assert stage.crowd.forgotten == [key_of("ann")]
        await ann.close()
        assert stage.rows() == [[FREE]]


@by_night
async def test_without_a_bot_forgetting_is_not_claimed_but_the_row_is_gone(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        ann, _ = stage.join("ann")
        await eventually(lambda: ann.state == "joined")
        assert not await ann.forget(0.5)
        await ann.close()
        assert stage.rows() == [[FREE]]


@by_night
async def test_rows_that_a_person_sorts_never_carry_a_reading_to_another(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        stage.host()
        feelings = {"ann": HAPPY, "bob": SAD, "eve": (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)}
        expected = {key_of(name): feeling for name, feeling in feelings.items()}
        clients = [stage.join(name, feeling)[0] for name, feeling in feelings.items()]
        await eventually(lambda: stage.crowd.votes == expected)
        rows = stage.rows()
        stage.google.edit(stage.book, "Live!A4:L6", [row + [""] * (12 - len(row)) for row in reversed(rows)])
        for client, feeling in zip(clients, feelings.values(), strict=True):
            client.post(feeling)
        sent = [client.readings_sent for client in clients]

        def told_again() -> bool:
            assert all(expected[viewer] == vote for viewer, vote in stage.crowd.votes.items())
            return all(client.readings_sent > before + 1 for client, before in zip(clients, sent, strict=True))

        await eventually(told_again)
        await eventually(lambda: stage.crowd.votes == expected)


@by_night
async def test_of_two_windows_of_one_viewer_one_stops(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        stage.host()
        first, one = stage.join("ann")
        await eventually(lambda: first.state == "joined")
        second, other = stage.join("ann")
        done, left = await asyncio.wait([one, other], timeout=60, return_when=asyncio.FIRST_COMPLETED)
        with pytest.raises(LeraError, match="another window"):
            done.pop().result()
        sent = first.readings_sent + second.readings_sent
        await eventually(lambda: first.readings_sent + second.readings_sent > sent + 2)
        assert not any(task.done() for task in left)


@by_night
async def test_a_link_to_another_streams_sheet_is_refused(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        stage.google.edit(stage.book, "Live!A2:I2", [["control", 5, 1, 15, 3, 1, "other", "a-run", "open"]])
        _, running = stage.join("ann")
        with pytest.raises(LeraError, match="belongs to the stream other"):
            await asyncio.wait_for(running, 30)


@by_night
async def test_the_bot_says_goodbye_and_agents_know(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        _, show = stage.host()
        ann, _ = stage.join("ann")
        await eventually(lambda: stage.control()[8:9] == ["open"])
        show.cancel()
        await asyncio.gather(show, return_exceptions=True)
        assert stage.control()[8] == "closed"
        await eventually(lambda: ann.state == "offline")
        stage.host()
        await eventually(lambda: ann.state == "joined")


@by_night
async def test_where_no_bot_ever_was_nobody_stays_joined(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        ann, _ = stage.join("ann")
        await eventually(lambda: ann.state == "joined")
        await eventually(lambda: ann.state == "offline")
        stage.host()
        await eventually(lambda: ann.state == "joined")


@by_night
async def test_a_bot_that_is_stopped_as_it_hurries_stops(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        host, running = stage.host()
        await eventually(lambda: bool(host._hurry._waiters))
        host._hurry.set()
        running.cancel()
        done, _ = await asyncio.wait([running], timeout=20)
        if not done:
            # So that a test that fails ends.
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
        assert done and stage.control()[8] == "closed"


@by_night
async def test_of_two_bots_the_later_one_steps_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with sheet_stage(tmp_path) as stage:
        stage.host(now=lambda: stage.now() - 100)
        await eventually(lambda: len(stage.control()) > 8)
        first = stage.control()[7]
        later, _ = stage.host()
        await eventually(lambda: later.fault is not None and "Another bot" in later.fault)
        beat = stage.control()[1]
        await eventually(lambda: stage.control()[1] > beat + 1)
        assert stage.control()[7] == first
        assert caplog.text.count("Another bot writes to this Sheet") == 1


@by_night
async def test_of_two_archives_the_later_one_steps_back(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        _, show = stage.host(live=False, now=lambda: stage.now() - 100)
        await eventually(lambda: stage.control()[8:9] == ["archive"])
        later, _ = stage.host(live=False)
        await eventually(lambda: later.fault is not None and "Another bot" in later.fault)
        show.cancel()
        await asyncio.gather(show, return_exceptions=True)
        await eventually(lambda: later.fault is None)


@by_night
async def test_an_edited_head_stops_the_bot_from_writing_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with sheet_stage(tmp_path) as stage:
        host, _ = stage.host()
        await eventually(lambda: len(stage.control()) > 8)
        stage.google.edit(stage.book, "Live!D3", [["sad?"]])
        await eventually(lambda: host.fault is not None)
        beat = stage.control()[1]
        calls = len(stage.google.google.log)
        await eventually(lambda: len(stage.google.google.log) > calls + 4)
        assert stage.control()[1] == beat
        stage.google.edit(stage.book, "Live!D3", [["sadness"]])
        await eventually(lambda: host.fault is None and stage.control()[1] > beat)
        assert caplog.text.count("Cell D3 of the sheet `Live` must say `sadness`") == 1


@by_night
async def test_a_fault_that_comes_and_goes_is_said_once_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sheet_stage(tmp_path) as stage:
        now = [stage.now()]
        host, _ = stage.host(now=lambda: now[0])
        # A fault may be over again before anybody looks.
        faults: list[str] = []
        say = host._say

        def noted(name: str, fault: str | None) -> None:
            if fault is not None:
                faults.append(fault)
            say(name, fault)

        monkeypatch.setattr(host, "_say", noted)
        for minute in (1, 2):
            for _ in range(3):
                await eventually(lambda: host.fault is None)
                faults.clear()
                stage.google.fail_next(500)
                await eventually(lambda: bool(faults))
            assert caplog.text.count("Google Sheets is in trouble (500)") == minute
            now[0] += stage.quota.minute


@by_night
async def test_many_viewers_slow_down_and_the_bot_says_that_it_is_time_for_the_hub(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with sheet_stage(tmp_path) as stage:
        host, _ = stage.host()
        await eventually(lambda: len(stage.control()) > 8)
        more = {"sheetId": 7001, "dimension": "ROWS", "length": 300}
        await stage.table().write([{"appendDimension": more}])
        rows = [[f"viewer:key-of-viewer-{number:08}:00000001", 1, *[0] * 7, 0, "waiting"] for number in range(200)]
        stage.google.edit(stage.book, "Live!A4:K203", rows)
        await eventually(lambda: "It is time for the hub" in caplog.text)
        await eventually(lambda: stage.control()[2] >= stage.quota.seconds(200 * 60 / 234))
        assert host.board.viewers == 200 and caplog.text.count("time for the hub") == 1


@by_night
async def test_setup_is_repeatable_and_changes_nothing_that_is_there(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        said: list[str] = []
        stage.google.edit(stage.book, "History!A4:B4", [["2026-01-01 00:00:00", 3]])
        await set_up(stage.table(), stage.now(), say=said.append)
        assert len(said) == 1 and "ready" in said[0]
        assert stage.google.read(stage.book, "History!A4:B4") == [["2026-01-01 00:00:00", 3]]
        assert "forge" in str(stage.google.read(stage.book, "'Read me'!A1:A40"))
        stage.google.edit(stage.book, "Live!A1", [["Mine"]])
        with pytest.raises(LayoutFault, match="A1"):
            await set_up(stage.table(), stage.now(), say=said.append)


@by_night
async def test_a_sheet_stuffed_with_text_is_refused_in_a_line(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        more = {"sheetId": 7001, "dimension": "ROWS", "length": 50}
        await stage.table().write([{"appendDimension": more}])
        stage.google.edit(stage.book, "Live!A4:B53", [["x" * 49_000] * 2 for _ in range(50)])
        host, _ = stage.host()
        await eventually(lambda: host.fault is not None)
        assert "delete the rows in `Live`" in str(host.fault)
        stage.google.edit(stage.book, "Live!A4:B53", [["", ""]] * 50)
        await eventually(lambda: host.fault is None)


@by_night
async def test_the_secrets_are_in_no_message(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "transport")
    async with sheet_stage(tmp_path) as stage:
        host, _ = stage.host()
        _, running = stage.join("ann")
        await eventually(lambda: bool(stage.crowd.votes))
        stage.google.delete_spreadsheet(stage.book)
        with pytest.raises(LeraError) as refused:
            await asyncio.wait_for(running, 60)
        await eventually(lambda: host.fault is not None)
        said = f"{refused.value} {host.fault} " + " ".join(record.getMessage() for record in caplog.records)
        assert "no such spreadsheet" in said
        assert stage.book not in said and "ya29" not in said and "1//" not in said
