"""The Sheet's `History`: every ten seconds of the crowd once, whatever happens meanwhile."""

import asyncio
import time
from pathlib import Path

from tests.night_loop import by_night
from tests.transport.sheet_stage import HAPPY, eventually, sheet_stage
from transport.sheet_layout import Moment


@by_night
async def test_history_is_written_once_through_outages_and_restarts(tmp_path: Path) -> None:
    begun = 10 * (int(time.time()) // 10) + 10
    finished = [0]

    async def moments(after: float) -> list[Moment]:
        times = (begun + 10.0 * number for number in range(finished[0]))
        return [Moment(time, 3.0, HAPPY) for time in times if time > after]

    def kept() -> list[str]:
        return [row[0] for row in stage.google.read(stage.book, "History!A4:I4000") if row]

    async with sheet_stage(tmp_path) as stage:
        _, running = stage.host(live=False, moments=moments)
        for number in range(1, 5):
            finished[0] += 1
            await eventually(lambda number=number: len(kept()) == number)  # type: ignore[misc]
        # The answer is lost, but the write may have been carried out.
        stage.google.fail_next(500, times=2, method="batchUpdate")
        finished[0] += 3
        await eventually(lambda: len(kept()) == 7)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        finished[0] += 1500
        # Rows far ahead of the bot's clock would be taken for a person's.
        stage.host(live=False, moments=moments, now=lambda: stage.now() + 20_000)
        await eventually(lambda: len(kept()) == 1507)
        assert len(set(kept())) == 1507 and kept() == sorted(kept())


@by_night
async def test_a_row_of_tomorrow_does_not_stop_the_history(tmp_path: Path) -> None:
    begun = 10 * (int(time.time()) // 10)

    async def moments(after: float) -> list[Moment]:
        return [Moment(begun, 3.0, HAPPY)] if begun > after else []

    async with sheet_stage(tmp_path) as stage:
        stage.google.edit(stage.book, "History!B2", [[0]])
        stage.google.edit(stage.book, "History!A4:B5", [["2020-01-01 00:00:00", 1], ["2999-12-31 00:00:00", 1]])
        stage.host(live=False, moments=moments)
        await eventually(lambda: len(stage.google.read(stage.book, "History!A4:I10")) == 3)
        assert stage.google.read(stage.book, "History!B6:C6") == [[3, 0.7]]
