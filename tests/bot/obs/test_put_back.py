"""What a reaction has changed comes back, also when OBS is not ready for it or has other scenes meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from bot.crowd import Mood
from bot.obs.studio import Studio
from lera.obs.connection import Password
from lera.obs.settings import ObsSettings
from tests.bot.obs.conftest import Rig, until
from tests.bot.obs.moods import mood, nobody, rules
from tests.bot.obs.test_studio import JOY, is_text
from tests.bot.obs.test_studio import studio as real_studio
from tests.bot.stage import eventually
from tests.obs import PATIENCE, needs_own_obs
from tests.standins.obs import PASSWORD, Obs, obs_standin

HAPPY = mood(happiness=0.7)
CALM = mood(neutral=0.7)
GLOW = {**JOY, "name": "glow", "do": "filter_on", "source": "light", "filter": "glow", "cooldown": 1}
HOME = ("Untitled", "light", "glow")
AWAY = ("Travel", "light", "glow")


class Crowd:
    """Whose mood the studio follows."""

    def __init__(self) -> None:
        self.mood: Mood = nobody()


@asynccontextmanager
async def glowing(*tables: dict[str, Any]) -> AsyncIterator[tuple[Obs, Studio, Crowd]]:
    """A local OBS whose filter a happy crowd has switched on. `tables` are further rules."""
    crowd = Crowd()
    async with obs_standin() as obs:
        obs.filters[HOME] = False
        settings = ObsSettings(enabled=True, port=obs.port, timeout=20.0)
        there = Studio(
            settings, rules(GLOW, *tables), lambda: crowd.mood, time.monotonic, password=lambda: Password(PASSWORD)
        )
        running = asyncio.create_task(there.run())
        try:
            crowd.mood = HAPPY
            await eventually(lambda: obs.filters[HOME])
            yield obs, there, crowd
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


def waits(there: Studio) -> bool:
    """Whether it has been said that something can't be put back yet."""
    return there.why[-1][1].endswith("back to what was there, once OBS is ready and has that scene collection")


async def test_what_obs_was_not_ready_for_is_put_back_while_it_stays_connected() -> None:
    async with glowing() as (obs, there, crowd):
        stay = there._obs
        obs.ready = False
        crowd.mood = CALM
        await eventually(lambda: waits(there))
        assert obs.filters[HOME] and not there.active
        obs.ready = True
        await eventually(lambda: not obs.filters[HOME])
        await eventually(lambda: not there._actions.changed)
        assert there._obs is stay and there.connected, "it is the same stay of OBS"


@pytest.mark.parametrize("mode", ["off", "dry-run"])
async def test_and_so_it_is_when_reactions_were_stopped_meanwhile(mode: str) -> None:
    async with glowing() as (obs, there, _):
        obs.ready = False
        await there.switch(mode)  # type: ignore[arg-type]
        assert obs.filters[HOME]
        # In a dry run the happy crowd goes on and the rule would hold; but nothing is held.
        await eventually(lambda: mode == "off" or there.active == ["glow"])
        obs.ready = True
        await eventually(lambda: not obs.filters[HOME])


async def test_a_stop_leaves_the_scene_that_obs_was_not_ready_to_switch_back() -> None:
    async with glowing({**JOY, "name": "party", "do": "scene", "scene": "Party"}) as (obs, there, crowd):
        await eventually(lambda: obs.scene == "Party")
        # Between two switches of the scene there are five seconds.
        there._reactions._switched -= 5.0
        obs.ready = False
        crowd.mood = CALM
        await eventually(lambda: waits(there) and len(there._reactions._shown) == 0)
        await there.switch("off")
        obs.ready = True
        await eventually(lambda: not obs.filters[HOME] and not there._actions.changed)
        assert obs.scene == "Party"


async def test_a_scene_collection_that_was_left_is_put_back_on_return_and_no_other_is_touched() -> None:
    async with glowing() as (obs, there, crowd):
        obs.filters[AWAY] = False
        obs.collection = "Travel"
        crowd.mood = CALM
        await eventually(lambda: waits(there))
        crowd.mood = HAPPY
        await eventually(lambda: obs.filters[AWAY])
        crowd.mood = CALM
        await eventually(lambda: not obs.filters[AWAY])
        assert obs.filters[HOME], "one of the same name is not it"
        obs.collection = "Untitled"
        await eventually(lambda: not obs.filters[HOME])


async def test_a_scene_collection_that_was_renamed_is_put_back() -> None:
    async with glowing() as (obs, there, crowd):
        obs.collections = ["My show", "Travel"]
        obs.collection = "My show"
        obs.filters = {("My show", "light", "glow"): True}
        crowd.mood = CALM
        await eventually(lambda: not obs.filters["My show", "light", "glow"])
        await eventually(lambda: not there._actions.changed)


async def test_off_leaves_the_scene_to_the_streamer_whatever_else_is_put_back_in_that_moment() -> None:
    async with glowing({**JOY, "name": "party", "do": "scene", "scene": "Party"}) as (obs, there, _):
        await eventually(lambda: obs.scene == "Party")
        there.mode = "off"
        await there._try_to_finish()
        assert obs.scene == "Party" and not obs.filters[HOME]


async def test_what_somebody_took_away_or_changed_is_forgotten() -> None:
    async with glowing() as (obs, there, crowd):
        del obs.filters[HOME]
        crowd.mood = CALM
        await eventually(lambda: there.why[-1][1].endswith("but somebody has changed it meanwhile: it stays"))
        assert not there._actions.changed


async def test_a_reaction_that_obs_was_not_ready_for_is_one_line_and_changes_nothing() -> None:
    async with glowing() as (obs, there, crowd):
        crowd.mood = CALM
        await eventually(lambda: not obs.filters[HOME])
        obs.ready = False
        crowd.mood = HAPPY
        await eventually(lambda: "OBS was not ready" in there.why[-1][1])
        assert not there._actions.changed and there.connected


@pytest.mark.obs
@pytest.mark.slow
@needs_own_obs
async def test_a_real_obs_gets_its_text_back_when_its_scene_collection_returns(rig: Rig) -> None:
    home = (await rig.ask("GetSceneCollectionList"))["currentSceneCollectionName"]
    scene = await rig.scene("main")
    await rig.go_to(scene)
    words = await rig.input(scene, "words", "text_", text="before")

    async def is_in(collection: str) -> bool:
        return bool((await rig.ask("GetSceneCollectionList"))["currentSceneCollectionName"] == collection)

    rule = {**JOY, "name": "says", "do": "text", "source": words, "text": "hurray"}
    async with real_studio(rig.obs, rule) as (there, crowd):
        crowd.mood = HAPPY
        await until(lambda: is_text(rig, words, "hurray"))
        await rig.ask("CreateSceneCollection", sceneCollectionName="other")
        await until(lambda: is_in("other"))
        crowd.mood = CALM
        await eventually(lambda: there.why[-1][1].endswith("has that scene collection"), PATIENCE)
        await rig.ask("SetCurrentSceneCollection", sceneCollectionName=home)
        await until(lambda: is_in(home))
        await until(lambda: is_text(rig, words, "before"))
