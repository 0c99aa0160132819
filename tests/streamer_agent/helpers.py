"""What tests of the streamer's agent share: a client that writes down, microphones that aren't there, a bot's stage."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from lera.errors import LeraError
from model.voice import VoiceAnswer
from streamer_agent.devices import Device, Hear
from streamer_agent.sense import Lines
from transport.reading import Reading, Source
from transport.stage import STAGE_PATH, GoneReason, Modality
from transport.stage_host import StageHost

HAPPY = np.array([0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05], np.float32)
KEY = "key-of-the-stand-in-stage"


class Client:
    """Writes down what it is told; a `streamer_agent.sense.Client`."""

    def __init__(self) -> None:
        self.interval = 0.25
        self.channel = "demo"
        self.told: list[tuple[Modality, Sequence[float], float, float]] = []
        self.gone: list[tuple[Modality, GoneReason]] = []
        self.closed = asyncio.Event()
        self.heard = asyncio.Condition()

    async def run(self) -> None:
        await self.closed.wait()

    def post(self, modality: Modality, probabilities: Sequence[float], quality: float, captured: float) -> None:
        self.told.append((modality, probabilities, quality, captured))

    def away(self, modality: Modality, reason: GoneReason) -> None:
        self.gone.append((modality, reason))

    async def close(self) -> None:
        self.closed.set()


class Said:
    """The lines that a person was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.speak = Lines(self.lines.append)

    def __contains__(self, words: str) -> bool:
        return any(words in line for line in self.lines)


class Listener:
    """Answers HAPPY once it has heard anything but silence; a `model.voice.VoiceListener`."""

    def __init__(self) -> None:
        self.heard = 0
        self.loud = 0
        self.resets = 0
        self.time = 0.0

    def hear(self, samples: NDArray[np.floating], time: float) -> None:
        self.heard += len(samples)
        self.loud += int(np.abs(samples).max() > 0.01)
        self.time = time

    def answer(self) -> VoiceAnswer | None:
        return VoiceAnswer(HAPPY, 0.8, self.time) if self.loud else None

    def reset(self) -> None:
        self.loud = 0
        self.resets += 1


class FakeStream:
    """An open microphone that isn't there: noise every 20 ms until it dies or is closed."""

    def __init__(self, device: Device, hear: Hear, level: float) -> None:
        self.active = True
        self.closed = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._speak, args=(device, hear, level), daemon=True)
        self._thread.start()

    def _speak(self, device: Device, hear: Hear, level: float) -> None:
        noise = np.random.default_rng(0).uniform(-level, level, (device.rate // 50, device.channels))
        while not self._ending.wait(0.02):
            hear(noise.astype(np.float32))

    def die(self) -> None:
        """As when it is unplugged."""
        self._ending.set()
        self._thread.join()
        self.active = False

    def close(self) -> None:
        self.die()
        self.closed = True


class FakeDevices:
    """A sound system in which microphones come and go; a `streamer_agent.devices.Devices`."""

    def __init__(self, plugged: bool = True, level: float = 0.1) -> None:
        self.plugged = plugged
        self.level = level
        self.refreshed = 0
        self.streams: list[FakeStream] = []

    def refresh(self) -> None:
        self.refreshed += 1

    def list(self) -> list[Device]:
        return [Device(3, "Fake Mic", 2, 48_000)] if self.plugged else []

    def find(self, which: int | str) -> Device:
        if not self.plugged:
            raise LeraError(f"There is no microphone {which}.")
        return self.list()[0]

    def open(self, device: Device, hear: Hear) -> FakeStream:
        stream = FakeStream(device, hear, self.level)
        self.streams.append(stream)
        return stream

    @property
    def open_streams(self) -> int:
        """How many are open now."""
        return sum(not stream.closed for stream in self.streams)


async def until(ready: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until `ready()` holds; what is waited for happens in other threads, which wake nobody here."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.02)


class Stage:
    """A bot's stage on a free port, which writes down what arrives; a `transport.stage_host.StageAudience`."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.lost: list[Source] = []
        self.present: list[bool] = []
        self.raw: list[str] = []
        self.place = ""

    def sense(self, reading: Reading) -> None:
        self.readings.append(reading)

    def lose(self, source: Source) -> None:
        self.lost.append(source)

    def attend(self, present: bool) -> None:
        self.present.append(present)

    def of(self, source: Source) -> list[Reading]:
        """What arrived of one source."""
        return [reading for reading in self.readings if reading.source == source]


@asynccontextmanager
async def stage(port: int = 0, key: str = KEY) -> AsyncIterator[Stage]:
    """A running one, with the bot's own host, behind a check of the key."""
    audience = Stage()
    host = StageHost("demo", audience, time.monotonic)

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {key}":
            raise web.HTTPUnauthorized
        return await host.handle(request)

    app = web.Application()
    app.add_routes([web.get(STAGE_PATH, handle)])
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        audience.place = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield audience
    finally:
        await host.end()
        await runner.cleanup()
