"""The agent as a whole: a video with speech as camera and microphone, against a bot's stage over a real socket."""

import asyncio
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.words import VOICE
from lera.configuration import Configuration
from lera.errors import LeraError
from streamer_agent.agent import StreamerAgent
from streamer_agent.ear import Ear
from streamer_agent.listening import Listening
from streamer_agent.looking import Looking
from streamer_agent.microphone import Microphone
from streamer_agent.sense import Client as ClientLike
from streamer_agent.sense import Lines, Sense
from streamer_agent.setting_up import chosen, senses
from streamer_agent.settings import StreamerSettings
from tests.ports import free_port
from tests.streamer_agent.helpers import KEY, Client, FakeDevices, Listener, stage, until
from tests.talk import needs_face, needs_voices, say, takes, talk, write_video
from tests.viewer_agent.helpers import FakeReader, face, frame
from transport.reading import Source
from transport.stage import StageClient, parse_stage_address
from viewer_agent.camera import Frame


class FakeCamera:
    """A camera of eight frames a second that isn't there, or can't be opened."""

    opened = 0
    closed = 0

    def __init__(self, on_change: Callable[[], None], fault: bool = False) -> None:
        self.state = "opening"
        self._fault = fault
        self._on_change = on_change
        self._number = 0

    def open(self, *, patient: bool = False) -> None:
        if self._fault and not patient:
            raise LeraError("There is no camera 0.")
        FakeCamera.opened += 1
        self.state = "open"

    def take(self) -> Frame | None:
        self._number += 1
        # From the loop's own thread, which may be closing.
        asyncio.get_running_loop().call_later(0.02, self._on_change)
        return frame(self._number) if not self._fault else None

    def close(self) -> None:
        FakeCamera.closed += 1


def agent(
    client: Client, lines: list[str], devices: FakeDevices, *, camera: bool = True, listener: Listener | None = None
) -> StreamerAgent:
    """With a camera and a microphone that aren't there."""
    FakeCamera.opened = FakeCamera.closed = 0

    def make(connection: ClientLike, said: Lines) -> Sequence[Sense]:
        return [
            Looking(
                connection,
                said,
                lambda: FakeReader([face(200, 100, 160)]),
                lambda wake: FakeCamera(wake, not camera),
                8,
            ),
            Listening(
                connection,
                said,
                lambda run, _closing: Ear(listener or Listener(), None, run),
                lambda wake: Microphone("default", devices, wake),
            ),
        ]

    return StreamerAgent(lambda _on_state: client, make, "http://127.0.0.1:8765", lines.append)


async def ended(running: "asyncio.Task[None]", streamer: StreamerAgent) -> None:
    streamer.stop()
    await running


async def test_a_pause_closes_camera_and_microphone_and_withdraws_all() -> None:
    client, devices = Client(), FakeDevices()
    lines: list[str] = []
    streamer = agent(client, lines, devices)
    running = asyncio.create_task(streamer.run())
    await until(lambda: {told[0] for told in client.told} == {"face", "voice"})
    assert FakeCamera.opened == 1 and devices.open_streams == 1
    streamer.toggle_pause()
    assert {("face", "paused"), ("voice", "paused"), ("words", "paused")} <= set(client.gone)
    await until(lambda: FakeCamera.closed == 1 and devices.open_streams == 0)
    told = len(client.told)
    streamer.toggle_pause()
    await until(lambda: FakeCamera.opened == 2 and devices.open_streams == 1)
    await until(lambda: {each[0] for each in client.told[told:]} == {"face", "voice"})
    await ended(running, streamer)
    # A machine that is busy may need longer than a close waits.
    await until(lambda: FakeCamera.closed == FakeCamera.opened and devices.open_streams == 0)


async def test_nothing_is_opened_while_paused_and_what_is_missing_is_said_when_it_goes_on() -> None:
    client, devices = Client(), FakeDevices(plugged=False)
    lines: list[str] = []
    streamer = agent(client, lines, devices, camera=False)
    streamer.toggle_pause()
    running = asyncio.create_task(streamer.run())
    await until(lambda: sum(line.startswith("Paused") for line in lines) == 2)
    await asyncio.sleep(0.1)
    assert FakeCamera.closed == 0 and not running.done()
    streamer.toggle_pause()
    with pytest.raises(LeraError, match="There is no"):
        await running


async def test_a_pause_closes_both_whatever_waits_for_the_programs_other_threads() -> None:
    client, devices = Client(), FakeDevices()
    streamer = agent(client, [], devices)
    loop = asyncio.get_running_loop()
    released = threading.Event()
    with ThreadPoolExecutor(1) as others:
        loop.set_default_executor(others)
        for _ in range(3):
            loop.run_in_executor(None, released.wait, 60)
        running = asyncio.create_task(streamer.run())
        await until(lambda: {told[0] for told in client.told} == {"face", "voice"}, 20)
        streamer.toggle_pause()
        await until(lambda: FakeCamera.closed == 1 and devices.open_streams == 0, 20)
        released.set()
        await ended(running, streamer)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("opener")]


async def test_what_turns_out_to_be_missing_ends_nothing_while_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    client, devices = Client(), FakeDevices()
    lines: list[str] = []
    streamer = agent(client, lines, devices, camera=False)
    loop = asyncio.get_running_loop()
    really = devices.find

    def find(which: int | str) -> Any:
        # Paused while the system looks for it.
        asyncio.run_coroutine_threadsafe(pause(), loop).result(20)
        devices.find = really  # type: ignore[method-assign]
        raise LeraError(f"There is no microphone {which}.")

    async def pause() -> None:
        streamer.toggle_pause()

    monkeypatch.setattr(devices, "find", find)
    running = asyncio.create_task(streamer.run())
    await until(lambda: "Paused: the microphone is closed. p goes on." in lines)
    assert not running.done()
    streamer.toggle_pause()
    await until(lambda: any(told[0] == "voice" for told in client.told))
    await ended(running, streamer)


async def test_a_pause_that_is_over_before_anybody_noticed_closes_both_all_the_same() -> None:
    client, devices = Client(), FakeDevices()
    streamer = agent(client, [], devices)
    running = asyncio.create_task(streamer.run())
    await until(lambda: {told[0] for told in client.told} == {"face", "voice"})
    streamer.toggle_pause()
    streamer.toggle_pause()
    await until(lambda: FakeCamera.opened == 2 and len(devices.streams) == 2)
    assert FakeCamera.closed == 1 and devices.streams[0].closed
    told = len(client.told)
    await until(lambda: {each[0] for each in client.told[told:]} == {"face", "voice"})
    await ended(running, streamer)


async def test_the_microphone_dies_and_comes_back_while_the_camera_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Microphone, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(Microphone, "LOOK", 0.05)
    client, devices = Client(), FakeDevices()
    lines: list[str] = []
    streamer = agent(client, lines, devices)
    running = asyncio.create_task(streamer.run())
    await until(lambda: {told[0] for told in client.told} == {"face", "voice"})
    devices.plugged = False
    devices.streams[0].die()
    await until(lambda: ("voice", "no_microphone") in client.gone)
    faces = len([told for told in client.told if told[0] == "face"])
    await until(lambda: len([told for told in client.told if told[0] == "face"]) > faces)
    assert "The microphone is lost; trying again." in lines
    devices.plugged = True
    told = len(client.told)
    await until(lambda: any(each[0] == "voice" for each in client.told[told:]))
    await ended(running, streamer)


async def test_one_that_is_missing_at_first_is_told_and_the_other_goes_on() -> None:
    client = Client()
    lines: list[str] = []
    streamer = agent(client, lines, FakeDevices(), camera=False)
    running = asyncio.create_task(streamer.run())
    await until(lambda: any(told[0] == "voice" for told in client.told))
    assert "There is no camera 0. LERA goes on without the camera and keeps looking for it." in lines
    await ended(running, streamer)


async def test_with_neither_it_says_so_and_ends() -> None:
    with pytest.raises(LeraError, match="There is no"):
        await agent(Client(), [], FakeDevices(plugged=False), camera=False).run()


async def test_a_wrong_key_ends_it_and_a_bot_that_is_away_is_waited_for() -> None:
    lines: list[str] = []
    async with stage(free_port()) as host:
        place = host.place

        def client(key: str) -> Callable[[Callable[[str], None]], Any]:
            address = parse_stage_address(f"{place}/dashboard/#key={key}")
            return lambda on_state: StageClient(address.url, address.key, on_state)

        def make(connection: ClientLike, said: Lines) -> list[Sense]:
            return [
                Listening(
                    connection,
                    said,
                    lambda run, _closing: Ear(Listener(), None, run),
                    lambda wake: Microphone("default", FakeDevices(), wake),
                )
            ]

        wrong = StreamerAgent(client("another-key"), make, place, lines.append)
        with pytest.raises(LeraError, match="doesn't know that key"):
            await wrong.run(60)
        assert wrong.refused
    patient = StreamerAgent(client(KEY), make, place, lines.append)
    running = asyncio.create_task(patient.run())
    await until(lambda: any("can't be reached; trying again" in line for line in lines))
    async with stage(int(place.rpartition(":")[2])) as host:
        await until(lambda: bool(host.of("streamer_voice")))
        await ended(running, patient)
    assert "Connected to the bot of demo." in lines


@needs_face
@needs_voices
@pytest.mark.slow
def test_face_voice_and_words_of_a_real_video_reach_the_bot(tmp_path: Path) -> None:
    asyncio.run(reaches_the_bot(tmp_path))
    assert [path.name for path in sorted(tmp_path.iterdir()) if path.name != "lera-home"] == ["talk.mp4"]


async def reaches_the_bot(tmp_path: Path) -> None:
    parts = [sound for sound, _ in takes("neutral")[:4]]
    if shutil.which("espeak-ng") is not None:
        parts = [say("what a wonderful surprise", VOICE, 140), say("I am so happy today", VOICE, 140)]
    film = str(write_video(tmp_path / "talk.mp4", np.concatenate([*parts, talk("happiness", 8)])))
    lines: list[str] = []
    async with stage() as host:
        address = parse_stage_address(f"{host.place}/dashboard/#key={KEY}")
        settings = StreamerSettings()
        streamer = StreamerAgent(
            lambda on_state: StageClient(address.url, address.key, on_state),
            senses(settings, Configuration(""), chosen(settings, film, film), loop=True),
            host.place,
            lines.append,
        )
        running = asyncio.create_task(streamer.run())
        sources: tuple[Source, ...] = ("streamer_face", "streamer_voice", "streamer_words")

        def read(source: Source) -> bool:
            # What can't be told apart comes with a quality of none, and which looks those are is left to the moment.
            return any(reading.quality > 0 for reading in host.of(source))

        await until(lambda: running.done() or all(map(read, sources)), 400)
        await ended(running, streamer)
    for source in sources:
        readings = host.of(source)
        assert read(source), (source, lines)
        assert all(abs(sum(reading.probabilities) - 1) < 0.01 for reading in readings)
        times = [reading.time for reading in readings]
        # Once a second, with some slack for how long a frame takes to arrive.
        assert len(readings) <= 2 + (times[-1] - times[0]) / 0.9, source
    assert not any("wonderful" in line or "happy" in line for line in lines)
