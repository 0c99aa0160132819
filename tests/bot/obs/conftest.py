"""A real OBS for each module, and for each test scenes and sources of its own in it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from lera.obs.connection import Connection, ObsAway, ObsSaysNo
from tests.obs import PATIENCE, Obs, an_obs, needs_obs

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def obs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Obs]:
    """OBS, started when it is first connected to."""
    if needs_obs.args[0]:
        pytest.skip(str(needs_obs.kwargs["reason"]))
    with an_obs(tmp_path_factory.mktemp("obs")) as running:
        yield running


async def until(look: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> None:
    """Until OBS looks so."""
    async with asyncio.timeout(seconds):
        while not await look():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@dataclass
class Rig:
    """The test's own look into OBS, and what it has put there."""

    obs: Obs
    connection: Connection
    mark: str = field(default_factory=lambda: f"test {next(_numbers)}")
    scenes: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)

    async def ask(self, request: str, /, **data: Any) -> dict[str, Any]:
        return await self.connection.request(request, data or None)

    async def scene(self, name: str) -> str:
        """A new scene."""
        name = f"{name} {self.mark}"
        await self.ask("CreateScene", sceneName=name)
        self.scenes.append(name)
        return name

    async def input(self, scene: str, name: str, kind: str, **settings: Any) -> str:
        """A new source in a scene; `kind` may go without its version."""
        kinds = (await self.ask("GetInputKindList"))["inputKinds"]
        kind = max(known for known in kinds if known.startswith(kind))
        name = f"{name} {self.mark}"
        await self.ask("CreateInput", sceneName=scene, inputName=name, inputKind=kind, inputSettings=settings)
        self.inputs.append(name)
        return name

    async def program(self) -> str:
        return str((await self.ask("GetCurrentProgramScene"))["currentProgramSceneName"])

    async def go_to(self, scene: str) -> None:
        """Switch, and wait until OBS has told everybody: who connects afterwards must not hear of it."""
        if await self.program() == scene:
            return
        await self.ask("SetCurrentProgramScene", sceneName=scene)
        async with asyncio.timeout(PATIENCE):
            while True:
                event, data = await self.connection.events.get()
                if event == "CurrentProgramSceneChanged" and data.get("sceneName") == scene:
                    return

    async def shown(self, scene: str, source: str) -> bool:
        number = (await self.ask("GetSceneItemId", sceneName=scene, sourceName=source))["sceneItemId"]
        return bool((await self.ask("GetSceneItemEnabled", sceneName=scene, sceneItemId=number))["sceneItemEnabled"])

    async def filter(self, source: str, name: str) -> dict[str, Any]:
        return await self.ask("GetSourceFilter", sourceName=source, filterName=name)

    async def text(self, source: str) -> str:
        return str((await self.ask("GetInputSettings", inputName=source))["inputSettings"].get("text", ""))

    async def buffering(self) -> bool:
        return bool((await self.ask("GetReplayBufferStatus"))["outputActive"])

    async def tidy(self) -> None:
        """Take away what the test has put there, also from an OBS that somebody lent."""
        try:
            await self.ask("GetVersion")
        except ObsAway:
            # The test has killed it; on a busy machine the connection may not have noticed before it was asked.
            self.connection = await self.obs.connected()
        home = next(
            scene["sceneName"]
            for scene in (await self.ask("GetSceneList"))["scenes"]
            if scene["sceneName"] not in self.scenes
        )
        await self.go_to(home)
        for request, key, names in (
            ("RemoveInput", "inputName", self.inputs),
            ("RemoveScene", "sceneName", self.scenes),
        ):
            for name in names:
                # What the test took away itself, or OBS lost when it was killed.
                with suppress(ObsSaysNo):
                    await self.connection.request(request, {key: name})
        await self.connection.close()


@pytest.fixture
async def rig(obs: Obs) -> AsyncIterator[Rig]:
    rig = Rig(obs, await obs.connected())
    yield rig
    await rig.tidy()
