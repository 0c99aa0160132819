"""The microphone: sound of any rate as 16 kHz mono, lost and found again, closed when it is paused."""

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lera.errors import LeraError
from streamer_agent.devices import MISSING, PortAudio
from streamer_agent.ear import Ear
from streamer_agent.listening import Listening
from streamer_agent.microphone import Microphone
from streamer_agent.sound import Resampler
from streamer_agent.sound_file import SoundFile, read_sound
from tests.streamer_agent.helpers import Client, FakeDevices, Listener, Said, until
from tests.talk import RATE, write_wav


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_any_rate_becomes_16_khz_mono(rate: int) -> None:
    seconds = 2
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(seconds * rate) / rate).astype(np.float32)
    resampler = Resampler(rate)
    both = np.stack([tone, tone], 1)
    parts = [resampler.convert(both[at : at + rate // 10]) for at in range(0, len(tone), rate // 10)]
    heard = np.concatenate(parts)
    assert abs(len(heard) - seconds * RATE) < RATE * 0.05
    spectrum = np.abs(np.fft.rfft(heard[RATE // 2 : RATE // 2 + RATE]))
    assert int(spectrum.argmax()) == 440
    assert 0.45 < np.abs(heard).max() < 0.55


async def test_a_lost_microphone_comes_back() -> None:
    devices = FakeDevices()
    microphone = Microphone("default", devices, lambda: None)
    microphone.FIRST_WAIT = microphone.LOOK = 0.05  # type: ignore[misc]
    try:
        microphone.open()
        await until(lambda: bool(microphone.take()))
        devices.plugged = False
        devices.streams[0].die()
        await until(lambda: microphone.state == "lost")
        assert devices.streams[0].closed
        devices.plugged = True
        await until(lambda: microphone.state == "open")
        microphone.take()
        await until(lambda: bool(microphone.take()))
        # PortAudio sees what was plugged in only when it is started anew.
        assert devices.refreshed
    finally:
        microphone.close()
    assert devices.open_streams == 0


async def test_one_that_falls_silent_altogether_counts_as_lost() -> None:
    devices = FakeDevices()
    microphone = Microphone("default", devices, lambda: None)
    microphone.LOOK, microphone.SILENT = 0.05, 0.2  # type: ignore[misc]
    try:
        microphone.open()
        devices.streams[0]._ending.set()
        await until(lambda: microphone.state == "lost")
    finally:
        microphone.close()


def test_none_at_all_is_one_line() -> None:
    microphone = Microphone("default", FakeDevices(plugged=False), lambda: None)
    with pytest.raises(LeraError, match="no microphone default"):
        microphone.open()


async def test_what_nobody_takes_is_dropped() -> None:
    devices = FakeDevices()
    microphone = Microphone("default", devices, lambda: None)
    microphone.open()
    try:
        await until(lambda: len(microphone._waiting) > 1)
        assert microphone._waiting.maxlen == microphone.WAITING
    finally:
        microphone.close()
    assert not microphone.take()


async def test_a_pause_closes_it_and_withdraws_voice_and_words() -> None:
    devices, client, said, listener = FakeDevices(), Client(), Said(), Listener()
    sense = Listening(
        client,
        said.speak,
        lambda run, _closing: Ear(listener, None, run),
        lambda wake: Microphone("default", devices, wake),
    )
    import asyncio

    running = asyncio.create_task(sense.run())
    try:
        await until(lambda: any(told[0] == "voice" for told in client.told))
        sense.pause()
        assert client.gone[-2:] == [("voice", "paused"), ("words", "paused")]
        await until(lambda: devices.open_streams == 0)
        told = len(client.told)
        await until(lambda: listener.resets > 0)
        assert "the microphone is closed" in said
        sense.resume()
        await until(lambda: devices.open_streams == 1)
        await until(lambda: len(client.told) > told)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await sense.close()
    assert devices.open_streams == 0


async def test_a_muted_one_is_told() -> None:
    import asyncio

    devices, client, said = FakeDevices(level=0.0), Client(), Said()
    sense = Listening(
        client,
        said.speak,
        lambda run, _closing: Ear(Listener(), None, run),
        lambda wake: Microphone("default", devices, wake),
    )
    sense.MUTED = 0.2  # type: ignore[misc]
    running = asyncio.create_task(sense.run())
    try:
        await until(lambda: "is it muted?" in said)
        assert client.gone == [("voice", "silence")]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await sense.close()


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100).astype(np.float32)
    pieces = list(read_sound(write_wav(tmp_path / "tone.wav", tone, 44_100)))
    assert all(len(piece) == RATE // 10 for piece in pieces[:-1])
    assert abs(sum(map(len, pieces)) - RATE) < 20


@pytest.mark.parametrize("name", ["text.wav", "silent.mp4", "nothing.wav"])
def test_what_has_no_sound_is_one_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "silent.mp4":
        import av

        with av.open(str(path), "w") as output:
            stream = output.add_stream("mpeg4", rate=10)
            stream.width = stream.height = 64
            output.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
            output.mux(stream.encode(None))
    elif name == "text.wav":
        path.write_text("no sound at all\n" * 50)
    file = SoundFile(path, lambda: None)
    with pytest.raises(LeraError, match="sound"):
        file.open()


class FakeLibrary(types.ModuleType):
    """sounddevice, as far as it is used."""

    class PortAudioError(Exception):
        pass

    def __init__(self, devices: list[dict[str, Any]], default: int = 0) -> None:
        super().__init__("sounddevice")
        self.devices, self.default = devices, default

    def query_devices(self, kind: str | None = None) -> Any:
        if kind is None:
            return self.devices
        if not self.devices:
            raise self.PortAudioError("Error querying device -1")
        return self.devices[self.default]

    def InputStream(self, **_arguments: Any) -> Any:  # noqa: N802
        raise self.PortAudioError("Device unavailable [PaErrorCode -9985]")


def device(index: int, name: str, channels: int = 1) -> dict[str, Any]:
    return {"index": index, "name": name, "max_input_channels": channels, "default_samplerate": 44100.0}


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    fake = FakeLibrary([device(0, "Speakers", 0), device(1, "USB Mic"), device(2, "Webcam mic", 8)], default=2)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


@pytest.mark.parametrize(("which", "number"), [("default", 2), (1, 1), ("2", 2), ("usb", 1), ("Webcam mic", 2)])
def test_a_microphone_is_found_by_number_or_name(library: FakeLibrary, which: int | str, number: int) -> None:
    found = PortAudio().find(which)
    assert found.number == number and found.rate == 44_100 and found.channels <= 2
    assert [each.name for each in PortAudio().list()] == ["USB Mic", "Webcam mic"]
    assert library.devices


@pytest.mark.usefixtures("library")
def test_the_wrong_one_tells_which_there_are() -> None:
    with pytest.raises(LeraError, match=r"no microphone studio.*1 USB Mic; 2 Webcam mic.*--microphone"):
        PortAudio().find("studio")
    with pytest.raises(LeraError, match=r"no microphone 0;"):
        PortAudio().find(0)


@pytest.mark.usefixtures("library")
def test_one_that_is_taken_is_one_line() -> None:
    portaudio = PortAudio()
    with pytest.raises(LeraError, match=r"USB Mic can't be opened \(Device unavailable"):
        portaudio.open(portaudio.find(1), lambda _sound: None)


def test_no_microphone_and_no_portaudio_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", FakeLibrary([]))
    with pytest.raises(LeraError, match=r"no microphone that LERA can see.*--no-microphone"):
        PortAudio().find("default")
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(LeraError) as caught:
        PortAudio().find("default")
    assert str(caught.value) == MISSING
