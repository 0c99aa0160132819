"""Each save gives its own file, and says why where there is none."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.obs.replay import Replay, renamed
from lera.obs.connection import Connection, ObsError, ObsSaysNo
from tests.bot.obs.conftest import Rig, until
from tests.bot.obs.moods import mood
from tests.bot.obs.test_studio import JOY, studio
from tests.bot.stage import eventually
from tests.obs import GIVEN, PATIENCE, Obs, needs_own_obs

needs_ffprobe = pytest.mark.skipif(shutil.which("ffprobe") is None, reason="no ffprobe on this machine")


@asynccontextmanager
async def hearing(connection: Connection) -> AsyncIterator[Replay]:
    """A replay that is told OBS's events."""
    replay = Replay(connection)

    async def hear() -> None:
        while True:
            replay.hear(*await connection.events.get())

    task = asyncio.create_task(hear())
    try:
        yield replay
    finally:
        task.cancel()


def probed(path: Path) -> dict[str, Any]:
    """What ffprobe says of a file."""
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


async def stopped(rig: Rig) -> None:
    """The buffer off, and quite off."""
    try:
        await rig.ask("StopReplayBuffer")
    except ObsSaysNo:
        return
    await until(lambda: _not(rig.buffering))
    # OBS counts it as stopped a moment before it can be started again.
    await asyncio.sleep(0.5)


async def _not(look: Callable[[], Awaitable[bool]]) -> bool:
    return not await look()


async def pictured(rig: Rig) -> None:
    """A program with something in it: else OBS opens a question before it starts an output."""
    scene = await rig.scene("main")
    await rig.input(scene, "light", "color_source", color=0xFF00FF00)
    await rig.go_to(scene)


async def filled(rig: Rig, seconds: float) -> None:
    """Until the buffer holds some seconds: OBS's own count of frames says when."""
    begun = (await rig.ask("GetStats"))["outputTotalFrames"]

    async def enough() -> bool:
        return bool((await rig.ask("GetStats"))["outputTotalFrames"] - begun >= 15 * seconds)

    await until(enough)


@pytest.mark.obs
@pytest.mark.slow
@needs_ffprobe
async def test_two_saves_are_two_files_with_the_right_names(rig: Rig) -> None:
    await pictured(rig)
    async with hearing(rig.connection) as replay:
        await replay.start()
        await replay.start()  # nothing happens when it runs
        await filled(rig, 2)
        first = await replay.save("boss: down/again?")
        await filled(rig, 2)
        second = await replay.save("laughter 64%")
        await stopped(rig)
    assert first != second
    if not GIVEN:
        assert "boss down again" in first.name and "laughter 64%" in second.name
        for path in (first, second):
            found = probed(path)
            assert {stream["codec_type"] for stream in found["streams"]} == {"video", "audio"}
            assert float(found["format"]["duration"]) > 1
        assert second.stat().st_mtime >= first.stat().st_mtime


@pytest.mark.obs
@pytest.mark.slow
@needs_ffprobe
async def test_a_reaction_saves_the_moment(rig: Rig) -> None:
    await pictured(rig)
    rule = {**JOY, "name": "joy", "do": "replay"}
    async with studio(rig.obs, rule, {**rule, "name": "also"}, start_replay_buffer=True) as (there, crowd):
        await eventually(lambda: there.connected, PATIENCE)
        await until(rig.buffering)
        await filled(rig, 1)
        crowd.mood = mood(happiness=0.7)
        await eventually(lambda: any("mkv" in line or "mp4" in line for _, line in there.why), PATIENCE)
        lines = [line for _, line in there.why]
        assert any("which shows this as well" in line for line in lines), "one moment, one file"
        if not GIVEN:
            (path,) = [path for path in rig.obs.videos.iterdir() if "joy happiness 70%" in path.name]
            assert float(probed(path)["format"]["duration"]) > 0.5
    await stopped(rig)


@pytest.mark.obs
async def test_a_buffer_that_does_not_run_is_said_with_the_mend(rig: Rig) -> None:
    await stopped(rig)
    async with hearing(rig.connection) as replay:
        with pytest.raises(ObsError, match="start_replay_buffer = true"):
            await replay.save("nothing")


@pytest.mark.obs
@needs_own_obs
async def test_a_buffer_that_is_off_in_obs_is_said_with_the_mend(obs: Obs) -> None:
    without = Obs(obs.home / "without", obs.display, replay=False)
    try:
        connection = await without.connected()
        async with hearing(connection) as replay:
            for ask in (replay.start(), replay.save("nothing")):
                with pytest.raises(ObsError, match="Settings, Output, Replay Buffer"):
                    await ask
        await connection.close()
    finally:
        without.kill()


@pytest.mark.obs
@needs_own_obs
async def test_obs_that_dies_while_it_saves_is_no_endless_wait(rig: Rig) -> None:
    await pictured(rig)
    obs, connection = rig.obs, await rig.obs.connected()
    replay = Replay(connection)  # deaf: it will never be told that the save is done
    async with hearing(connection) as starter:
        await starter.start()
    saving = asyncio.create_task(replay.save("lost"))
    await eventually(lambda: replay._saved is not None, PATIENCE)
    obs.kill()
    with pytest.raises(ObsError):
        await saving
    await connection.close()


def test_names_are_safe_and_never_taken_twice(tmp_path: Path) -> None:
    made = []
    for _ in range(3):
        path = tmp_path / "Replay 1.mkv"
        path.touch()
        made.append(renamed(path, '../../evil\\\x00:*?"<>| name. ').name)
    assert made == ["Replay 1 evil name.mkv", "Replay 1 evil name 2.mkv", "Replay 1 evil name 3.mkv"]
    assert renamed(tmp_path / "elsewhere.mkv", "name") == tmp_path / "elsewhere.mkv"
    out_of_reach = tmp_path / ("a" * 5000)
    assert renamed(out_of_reach, "name") == out_of_reach, "what can't even be looked at keeps its name"
    (tmp_path / "same.mkv").touch()
    assert renamed(tmp_path / "same.mkv", "///").name == "same.mkv"
