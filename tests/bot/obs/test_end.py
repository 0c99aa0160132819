"""Ctrl-C ends it, whatever OBS does in that moment."""

import asyncio
import time

import pytest

from bot.obs.studio import Studio
from lera.obs.connection import Password
from lera.obs.settings import ObsSettings
from tests.bot.obs.moods import nobody, rules
from tests.bot.stage import eventually
from tests.standins.obs import PASSWORD, obs_standin


@pytest.mark.parametrize("passes", range(6))
async def test_also_when_obs_goes_in_the_same_moment(passes: int) -> None:
    async with obs_standin() as obs:
        settings = ObsSettings(enabled=True, port=obs.port, timeout=5.0)
        there = Studio(settings, rules(), nobody, time.monotonic, password=lambda: Password(PASSWORD))
        running = asyncio.create_task(there.run())
        await eventually(lambda: there.connected)
        assert there._obs is not None
        there._obs._break()
        for _ in range(passes):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running], timeout=5.0)
        assert running.cancelled()
