"""kill -9 of the agent: its vote ends by itself, and started again it has one vote, not two."""

import asyncio
import contextlib
import shutil
from pathlib import Path

import pytest

from bot.controls import links
from model import blazeface
from tests.bot.stage import eventually, theatre
from tests.viewer_agent.helpers import PORTRAIT, agent_process

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not blazeface.DETECTOR.there, reason="run `python -m model.blazeface` first"),
]


async def test_a_killed_agent_leaves_no_ghost_and_comes_back_as_one(lera_home: Path) -> None:
    async with theatre(minimum_viewers=1) as stage:
        show, link = stage.show, links(stage.show, stage.address)["join"]
        voters: list[int] = []

        async def watch() -> None:
            while True:
                voters.append(show.mood.faces.voters)
                await asyncio.sleep(0.05)

        watching = asyncio.create_task(watch())
        for life in range(2):
            async with agent_process(lera_home, link, "--camera", str(PORTRAIT), "--loop") as agent:
                joins = show.desk.counts["joined"]
                await eventually(lambda joins=joins: show.desk.counts["joined"] > joins, 60)  # type: ignore[misc]
                await eventually(lambda: show.mood.faces.voters == 1, 60)
                agent.process.kill()
                await agent.process.communicate()
            # At once the first time, so that its vote is still there.
            if life == 0:
                shutil.rmtree(lera_home / "temporary")
        await eventually(lambda: show.mood.faces.voters == 0, show.crowd.expiry + 30)
        assert not show.desk.guests and max(voters) == 1
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
