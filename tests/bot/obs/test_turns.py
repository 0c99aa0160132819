"""Several reactions that want the same scene of a real OBS."""

import asyncio
import time

import pytest

from bot.obs.reactions import SCENE
from tests.bot.obs.conftest import Rig, until
from tests.bot.obs.moods import mood
from tests.bot.obs.test_studio import CALM, HAPPY, JOY, is_on, studio
from tests.bot.stage import eventually
from tests.obs import PATIENCE

pytestmark = [pytest.mark.obs, pytest.mark.slow]


async def test_two_rules_that_want_different_scenes_take_turns(rig: Rig) -> None:
    home, party, rage = [await rig.scene(name) for name in ("home", "party", "rage")]
    await rig.go_to(home)
    switched: list[float] = []
    async with studio(
        rig.obs,
        {**JOY, "name": "party", "do": "scene", "scene": party, "cooldown": 1},
        {**JOY, "name": "rage", "emotion": "anger", "do": "scene", "scene": rage, "cooldown": 1},
    ) as (there, crowd):
        await eventually(lambda: there.connected, PATIENCE)
        begun, passed = time.monotonic(), 0.0
        while passed < 12 or (not switched and passed < PATIENCE):
            crowd.mood = HAPPY if crowd.mood is not HAPPY else mood(anger=0.7)
            await asyncio.sleep(0.25)
            while not rig.connection.events.empty():
                event, _ = rig.connection.events.get_nowait()
                switched += [time.monotonic()] * (event == "CurrentProgramSceneChanged")
            passed = time.monotonic() - begun
    assert 1 <= len(switched) <= 1 + passed // 5, "there are five seconds between two"


async def test_a_mistyped_scene_keeps_no_other_from_going_back(rig: Rig) -> None:
    calm, party = await rig.scene("calm"), await rig.scene("party")
    await rig.go_to(calm)
    async with studio(
        rig.obs,
        {**JOY, "name": "party", "do": "scene", "scene": party},
        {**JOY, "name": "typo", "do": "scene", "scene": f"{party}!", "above": 0.6},
    ) as (there, crowd):
        crowd.mood = mood(happiness=0.55)
        await until(lambda: is_on(rig, party))
        crowd.mood = HAPPY
        await eventually(lambda: "typo" in there.active, PATIENCE)
        # It is tried once the last switch is long enough ago.
        await eventually(lambda: not there._reactions._stacks[SCENE][1:], PATIENCE)
        crowd.mood = CALM
        await until(lambda: is_on(rig, calm))
