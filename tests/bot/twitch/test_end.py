"""Ctrl-C ends it, whatever comes in that moment."""

import asyncio

import pytest

from tests.bot.stage import PATIENCE
from tests.bot.twitch.stage import studio


@pytest.mark.parametrize("passes", range(6))
async def test_also_when_somebody_logs_in_in_the_same_moment(passes: int) -> None:
    async with studio() as stage:
        await stage.connected()
        (running,) = [task for task in asyncio.all_tasks() if "Twitch.run" in repr(task.get_coro())]
        stage.twitch._logged_in.set()
        for _ in range(passes):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running], timeout=PATIENCE)
        assert running.cancelled()
