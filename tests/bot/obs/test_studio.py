"""The crowd's mood moves a real OBS, and OBS may go and come back as it likes."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from bot.crowd import Mood
from bot.obs.studio import Studio
from lera.obs.connection import Connection, Password, connect
from lera.obs.settings import ObsSettings
from tests.bot.obs.conftest import Rig, until
from tests.bot.obs.moods import mood, nobody, rules
from tests.bot.stage import eventually
from tests.obs import GIVEN, PATIENCE, Obs, needs_own_obs
from tests.ports import free_port

pytestmark = [pytest.mark.obs, pytest.mark.slow]

HAPPY = mood(happiness=0.7)
CALM = mood(neutral=0.7)
JOY = {"when": "share", "emotion": "happiness", "above": 0.5, "seconds": 0}


class Crowd:
    """What the studio takes for the show."""

    def __init__(self) -> None:
        self.mood: Mood = nobody()


@asynccontextmanager
async def studio(
    obs: Obs, *tables: dict[str, Any], password: str | None = None, **settings: Any
) -> AsyncIterator[tuple[Studio, Crowd]]:
    """A running studio, and the crowd whose mood it follows."""
    crowd = Crowd()
    known = {"enabled": True, "host": obs.host, "port": obs.port, "timeout": 10.0}
    studio = Studio(
        ObsSettings(**{**known, **settings}),
        rules(*tables),
        lambda: crowd.mood,
        time.monotonic,
        password=lambda: Password(obs.password if password is None else password),
    )
    running = asyncio.create_task(studio.run())
    try:
        yield studio, crowd
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_scene_is_switched_and_switched_back(rig: Rig) -> None:
    calm, party = await rig.scene("calm"), await rig.scene("party")
    await rig.go_to(calm)
    async with studio(rig.obs, {**JOY, "name": "party", "do": "scene", "scene": party}) as (there, crowd):
        crowd.mood = HAPPY
        await until(lambda: is_on(rig, party))
        assert there.active == ["party"]
        crowd.mood = CALM
        await until(lambda: is_on(rig, calm))
        # OBS shows the scene a moment before it tells the bot so.
        await eventually(lambda: len(there.why) == 2, PATIENCE)
        assert [line for _, line in there.why] == [
            f"party: happiness 70%: scene {party}",
            "party: happiness 5%: back to what was there",
        ]


async def is_on(rig: Rig, scene: str) -> bool:
    return await rig.program() == scene


async def test_the_streamers_own_switch_stays(rig: Rig) -> None:
    calm, party, game = [await rig.scene(name) for name in ("calm", "party", "game")]
    await rig.go_to(calm)
    async with studio(rig.obs, {**JOY, "name": "party", "do": "scene", "scene": party}) as (there, crowd):
        crowd.mood = HAPPY
        await until(lambda: is_on(rig, party))
        await rig.go_to(game)
        await eventually(lambda: any("which stays" in line for _, line in there.why), PATIENCE)
        crowd.mood = CALM
        await eventually(lambda: not there.active, PATIENCE)
        # Longer than the gap between two switches, after which it would go back if it meant to.
        await asyncio.sleep(5.5)
        assert await is_on(rig, game)


async def test_sources_filters_and_texts_follow_and_come_back(rig: Rig) -> None:
    scene = await rig.scene("main")
    await rig.go_to(scene)
    light = await rig.input(scene, "light", "color_source", color=0xFF00FF00, width=64, height=64)
    words = await rig.input(scene, "words", "text_", text="before")
    for name, enabled in (("glow", False), ("tint", True)):
        await rig.ask(
            "CreateSourceFilter", sourceName=light, filterName=name, filterKind="color_filter_v2",
            filterSettings={"brightness": 0.0},
        )  # fmt: skip
        await rig.ask("SetSourceFilterEnabled", sourceName=light, filterName=name, filterEnabled=enabled)
    async with studio(
        rig.obs,
        {**JOY, "name": "hide", "do": "hide", "source": light},
        {**JOY, "name": "on", "do": "filter_on", "source": light, "filter": "glow"},
        {**JOY, "name": "off", "do": "filter_off", "source": light, "filter": "tint"},
        {**JOY, "name": "says", "do": "text", "source": words, "text": "{top} {happiness} of {viewers}"},
        {
            "name": "bright", "when": "share", "emotion": "happiness", "do": "intensity", "source": light,
            "filter": "glow", "setting": "brightness", "low": -0.5, "high": 0.5,
        },
    ) as (there, crowd):  # fmt: skip
        crowd.mood = HAPPY
        await until(lambda: is_text(rig, words, "happiness 70% of 20"))
        await until(lambda: is_bright(rig, light, 0.2))
        assert not await rig.shown(scene, light)
        assert (await rig.filter(light, "glow"))["filterEnabled"]
        assert not (await rig.filter(light, "tint"))["filterEnabled"]
        crowd.mood = mood(happiness=0.6)
        await until(lambda: is_bright(rig, light, 0.1))
        await until(lambda: is_text(rig, words, "happiness 60% of 20"))

        crowd.mood = mood(happiness=0.0)
        await until(lambda: is_text(rig, words, "before"))
        await until(lambda: is_bright(rig, light, -0.5))
        assert await rig.shown(scene, light)
        assert not (await rig.filter(light, "glow"))["filterEnabled"]
        assert (await rig.filter(light, "tint"))["filterEnabled"]
        assert there.active == []


async def is_text(rig: Rig, source: str, text: str) -> bool:
    return await rig.text(source) == text


async def is_bright(rig: Rig, source: str, value: float) -> bool:
    settings = (await rig.filter(source, "glow"))["filterSettings"]
    return bool(settings.get("brightness", 0.0) == pytest.approx(value, abs=0.02))


async def test_the_stop_switch_puts_back_all_but_the_scene(rig: Rig) -> None:
    calm, party = await rig.scene("calm"), await rig.scene("party")
    await rig.go_to(calm)
    words = await rig.input(calm, "words", "text_", text="before")
    async with studio(
        rig.obs,
        {**JOY, "name": "party", "do": "scene", "scene": party},
        {**JOY, "name": "says", "do": "text", "source": words, "text": "hurray"},
    ) as (there, crowd):
        crowd.mood = HAPPY
        await until(lambda: is_on(rig, party))
        await until(lambda: is_text(rig, words, "hurray"))
        await there.switch("off")
        assert await is_text(rig, words, "before")
        assert await is_on(rig, party)
        assert there.active == []
        await asyncio.sleep(1)
        assert there.active == [], "it stays off"
        await there.switch("on")
        await until(lambda: is_text(rig, words, "hurray"))
    assert await is_text(rig, words, "before"), "and the end of the show puts it back"


async def test_a_dry_run_says_what_it_would_do_and_does_nothing(rig: Rig) -> None:
    calm, party = await rig.scene("calm"), await rig.scene("party")
    await rig.go_to(calm)
    rule = {**JOY, "name": "party", "do": "scene", "scene": party}
    async with studio(rig.obs, rule, reactions="dry-run") as (there, crowd):
        await eventually(lambda: there.connected, PATIENCE)
        crowd.mood = HAPPY
        await eventually(lambda: bool(there.why), PATIENCE)
        assert there.why[0][1] == f"would: party: happiness 70%: scene {party}"
        assert await is_on(rig, calm)


async def test_what_obs_does_not_have_is_one_line_and_the_rest_goes_on(rig: Rig) -> None:
    scene = await rig.scene("main")
    await rig.go_to(scene)
    words = await rig.input(scene, "words", "text_", text="before")
    async with studio(
        rig.obs,
        {**JOY, "name": "no scene", "do": "scene", "scene": f"mian {rig.mark}"},
        {**JOY, "name": "no source", "do": "show", "source": "nothing"},
        {**JOY, "name": "no filter", "do": "filter_on", "source": words, "filter": "nothing"},
        {**JOY, "name": "no hotkey", "do": "hotkey", "hotkey": "ReplayBuffer.Safe"},
        {**JOY, "name": "chapter", "do": "chapter"},
        {
            **JOY, "name": "no setting", "do": "intensity", "source": "nothing", "filter": "f", "setting": "s",
            "low": 0, "high": 1,
        },
        {**JOY, "name": "good", "do": "text", "source": words, "text": "hurray"},
    ) as (there, crowd):  # fmt: skip
        crowd.mood = HAPPY
        await until(lambda: is_text(rig, words, "hurray"))
        wrong = ("no scene", "no source", "no filter", "no hotkey", "chapter", "no setting")
        told = [f"Reaction `{name}`: " for name in wrong]
        await eventually(lambda: all(any(line.startswith(each) for _, line in there.why) for each in told), PATIENCE)
        await asyncio.sleep(1)
        lines = [line for _, line in there.why]
        said = "\n".join(lines)
        assert f"Reaction `no scene`: OBS has no scene `mian {rig.mark}`: did you mean `{scene}`?" in lines
        assert "Reaction `no source`: OBS has no source `nothing`: make it there, or name another one." in lines
        assert f"Reaction `no filter`: source `{words}` has no filter `nothing`." in lines
        assert "Reaction `no hotkey`: OBS has no hotkey `ReplayBuffer.Safe`: " in said
        assert "Reaction `chapter`: " in said and ("OBS 30.2" in said or "Hybrid MP4" in said)
        assert len(lines) == len(set(lines)), "and each is said once"


async def test_a_hotkey_and_an_event(rig: Rig) -> None:
    kinds = (await rig.ask("GetInputKindList"))["inputKinds"]
    async with studio(
        rig.obs,
        {**JOY, "name": "go", "do": "hotkey", "hotkey": "OBSBasic.Screenshot"},
        {**JOY, "name": "tell", "do": "event", "event": "lera-joy", "text": "{happiness}"},
    ) as (there, crowd):
        crowd.mood = HAPPY
        await eventually(lambda: any("lera-joy" in line for _, line in there.why), PATIENCE)
        assert any("go: happiness 70%: hotkey OBSBasic.Screenshot" in line for _, line in there.why)
        if not GIVEN:
            await eventually(lambda: bool(list(rig.obs.videos.glob("Screenshot*.png"))), PATIENCE)
        refused = "Reaction `tell`: this OBS has no browser sources, so nobody can get `lera-joy`."
        assert (refused in [line for _, line in there.why]) == ("browser_source" not in kinds)


async def test_two_bots_at_one_obs_do_things_once(rig: Rig) -> None:
    calm, party = await rig.scene("calm"), await rig.scene("party")
    await rig.go_to(calm)
    rule = {**JOY, "name": "party", "do": "scene", "scene": party}
    async with studio(rig.obs, rule) as (one, first), studio(rig.obs, rule) as (two, second):
        await eventually(lambda: one.connected and two.connected, PATIENCE)
        scenes: list[str] = []

        async def passes(scene: str) -> bool:
            # Looked at, since OBS tells of no switch when a second one comes in the middle of it.
            now = await rig.program()
            if scenes[-1:] != [now]:
                scenes.append(now)
            return now == scene

        await until(lambda: passes(calm))
        first.mood = second.mood = HAPPY
        await until(lambda: passes(party))
        await eventually(lambda: one.active == two.active == ["party"], PATIENCE)
        first.mood = second.mood = CALM
        await until(lambda: passes(calm))
        # Long enough for the other's turn.
        quiet = time.monotonic() + 6
        while time.monotonic() < quiet:
            await passes(calm)
            await asyncio.sleep(0.02)
        assert scenes == [calm, party, calm], "there and back, once"


@needs_own_obs
async def test_obs_is_killed_and_comes_back_in_mid_show(rig: Rig) -> None:
    scene = await rig.scene("main")
    await rig.go_to(scene)
    words = await rig.input(scene, "words", "text_", text="before")
    light = await rig.input(scene, "light", "color_source", color=0xFF00FF00)
    # What isn't saved yet is lost with OBS; making a scene makes it save.
    await rig.scene("spare")
    async with studio(
        rig.obs,
        {**JOY, "name": "says", "do": "text", "source": words, "text": "hurray"},
        {**JOY, "name": "hide", "do": "hide", "source": light},
        start_replay_buffer=True,
    ) as (there, crowd):
        crowd.mood = HAPPY
        await until(lambda: is_text(rig, words, "hurray"))
        await until(rig.buffering)
        rig.obs.kill()
        await eventually(lambda: not there.connected, PATIENCE)
        assert "OBS" in there.state
        rig.obs.start()
        rig.connection = await rig.obs.connected()
        await eventually(lambda: there.connected, PATIENCE)
        await until(lambda: is_text(rig, words, "hurray"))
        await until(lambda: is_hidden(rig, scene, light))
        await until(rig.buffering)

        # And what ends while OBS is away is put back as soon as it returns.
        rig.obs.kill()
        await eventually(lambda: not there.connected, PATIENCE)
        crowd.mood = CALM
        rig.obs.start()
        rig.connection = await rig.obs.connected()
        await until(lambda: is_text(rig, words, "before"))
        await until(lambda: rig.shown(scene, light))


async def is_hidden(rig: Rig, scene: str, source: str) -> bool:
    return not await rig.shown(scene, source)


@needs_own_obs
async def test_obs_may_start_after_the_bot(rig: Rig) -> None:
    late = Obs(rig.obs.home / "late", rig.obs.display)
    try:
        async with studio(late) as (there, _):
            await eventually(lambda: "can't be reached" in there.state, PATIENCE)
            late.start()
            await eventually(lambda: there.connected, PATIENCE)
    finally:
        late.kill()


async def test_a_wrong_password_is_said_once_and_not_tried_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    tries = 0

    async def counted(*wanted: Any) -> Connection:
        nonlocal tries
        tries += 1
        return await connect(*wanted)

    monkeypatch.setattr("bot.obs.studio.connect", counted)
    caplog.set_level(logging.DEBUG)
    # As loud as they can be: the library's own records would hold the password.
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(("obsws_python", "websocket")):
            caplog.set_level(logging.DEBUG, logger=name)
    given = ["not-the-password"]
    crowd = Crowd()
    there = Studio(rig.obs.settings, (), lambda: crowd.mood, time.monotonic, password=lambda: Password(given[0]))
    running = asyncio.create_task(there.run())
    try:
        await eventually(lambda: "refuses the password" in there.state, PATIENCE)
        assert "--obs-password" in there.state and "\n" not in there.state
        # OBS writes its log when it comes to it; how often it was asked is known here.
        await eventually(lambda: bool(_joins(rig)) or rig.obs.log is None, PATIENCE)
        assert tries == 1
        await asyncio.sleep(4)
        assert tries == 1
        given[0] = rig.obs.password
        there.reconnect()
        await eventually(lambda: there.connected, PATIENCE)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    said = caplog.text + "".join(capfd.readouterr())
    assert rig.obs.password not in said and "not-the-password" not in said
    assert caplog.text.count("refuses the password") == 1
    assert "Traceback" not in said


def _joins(rig: Rig) -> list[str]:
    """OBS's own log of who came and failed."""
    if rig.obs.log is None:
        return []
    text = (rig.obs.home / "obs.log").read_text("utf-8", "replace")
    return [line for line in text.splitlines() if "onClose" in line or "disconnected" in line]


async def test_it_tries_again_soon_and_not_in_step_with_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came back with OBS within five seconds must not wait for longer than three to be looked for."""
    waits: list[tuple[float, float]] = []

    def uniform(least: float, most: float) -> float:
        waits.append((least, most))
        return 0.0

    monkeypatch.setattr("bot.obs.studio.random.uniform", uniform)
    there = Studio(
        ObsSettings(enabled=True, port=free_port()), (), nobody, time.monotonic, password=lambda: Password("x")
    )
    running = asyncio.create_task(there.run())
    await eventually(lambda: len(waits) >= 40)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert {least for least, _ in waits} == {0.0}, "fully jittered"
    assert waits[0][1] < waits[1][1] < waits[2][1] and max(most for _, most in waits) == waits[-1][1] == 3.0


async def test_nobody_at_the_port_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    there = Studio(
        ObsSettings(enabled=True, port=free_port()), (), nobody, time.monotonic, password=lambda: Password("x")
    )
    running = asyncio.create_task(there.run())
    await eventually(lambda: "can't be reached" in there.state)
    await asyncio.sleep(3)
    assert caplog.text.count("can't be reached") == 1
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
