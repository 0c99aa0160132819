"""What several tests of the agent share: faces, frames, clips, a stand-in hub, and ways to start the agent."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import aiohttp
import msgspec
import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from model.detector import Face
from transport.reading import Forget, Forgotten, Join, Post, Refused, Welcome, agent_decoder, encode, join_decoder
from viewer_agent.camera import Frame

ROOT = Path(__file__).parents[2]
PORTRAIT = ROOT / "viewer_agent" / "portrait.mp4"
CLIPS = ROOT.parent / "shared" / "data" / "samples" / "clear_licence"
TOKEN = "token-of-the-stand-in"


def face(left: float, top: float, width: float, score: float = 0.9) -> Face:
    """A square face with its points where a face has them."""
    at = [(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.5, 0.75), (0.1, 0.5), (0.9, 0.5)]
    points = cast(Any, tuple((left + x * width, top + y * width) for x, y in at))
    return Face((left, top, left + width, top + width), score, points)


def frame(number: int, rate: float = 8.0, light: int = 128, size: tuple[int, int] = (480, 640)) -> Frame:
    """Frame `number` of a camera with `rate` frames a second: noise around the luma `light`."""
    noise = np.random.default_rng(number).integers(-20, 21, (*size, 3))
    pixels = np.clip(light + noise, 0, 255).astype(np.uint8)
    return Frame(number, 1_000_000.0 + number / rate, number / rate, pixels)


class FakeReader:
    """Finds the faces it is told to, and reads every crop as `distribution`."""

    def __init__(self, faces: Sequence[Face] = ()) -> None:
        self.faces = list(faces)
        self.distribution = np.array([0.1, 0.1, 0.5, 0.1, 0.1, 0.05, 0.05])
        self.batches: list[int] = []
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def find(self, _frame: NDArray[np.uint8]) -> list[Face]:
        return self.faces

    def crop(self, frame: NDArray[np.uint8], _face: Face) -> NDArray[np.uint8]:
        return frame[:64, :64]

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.batches.append(len(crops))
        return np.tile(self.distribution, (len(crops), 1)).astype(np.float32)


class StandInHub:
    """A hub that writes down what it hears. `heard` is set at every frame."""

    def __init__(self) -> None:
        self.link = ""
        self.joins: list[Join] = []
        self.raw: list[str] = []
        self.frames: list[tuple[float, Any]] = []
        self.refusal: str | None = None
        self.answers_forget = True
        # When the first one was let in, in the loop's seconds.
        self.welcomed = float("inf")
        self.heard = asyncio.Condition()

    @property
    def posts(self) -> list[tuple[float, Post]]:
        return [(when, frame) for when, frame in self.frames if isinstance(frame, Post)]

    async def until(self, ready: Callable[[], bool], seconds: float = 200.0) -> None:
        """Wait until `ready()` holds after some frame."""
        async with self.heard:
            await asyncio.wait_for(self.heard.wait_for(ready), seconds)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.joins.append(join_decoder.decode(await socket.receive_str()))
        if self.refusal is not None:
            await socket.send_str(encode(Refused(self.refusal)))
            await socket.close()
            return socket
        self.welcomed = min(self.welcomed, asyncio.get_running_loop().time())
        await socket.send_str(encode(Welcome(1, "demo", 0, 1.0, 5.0)))
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                decoded = agent_decoder.decode(message.data)
                self.raw.append(message.data)
                async with self.heard:
                    self.frames.append((asyncio.get_running_loop().time(), decoded))
                    self.heard.notify_all()
                if isinstance(decoded, Forget) and self.answers_forget:
                    await socket.send_str(encode(Forgotten()))
        return socket


@asynccontextmanager
async def stand_in_hub() -> AsyncIterator[StandInHub]:
    """A running hub on a free port of this machine."""
    hub = StandInHub()
    app = web.Application()
    app.add_routes([web.get("/hub", hub.handle)])
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        hub.link = f"http://127.0.0.1:{runner.addresses[0][1]}/join/demo#{TOKEN}"
        yield hub
    finally:
        await runner.cleanup()


class AgentProcess(msgspec.Struct):
    """An agent that runs in a process of its own."""

    process: asyncio.subprocess.Process

    async def finish(self, seconds: float = 200.0) -> tuple[int, str, str]:
        """Exit status, stdout and stderr."""
        out, err = await asyncio.wait_for(self.process.communicate(), seconds)
        assert self.process.returncode is not None
        return self.process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def agent_process(
    home: Path, *arguments: str, stdin: int = asyncio.subprocess.DEVNULL, wrapper: Sequence[str] = ()
) -> AsyncIterator[AgentProcess]:
    """Start the agent as a viewer would, with a temporary folder of its own inside `home`.

    It runs with stand-in weights (see agent_process.py), or for real when the arguments begin with "-m".
    """
    (home / "temporary").mkdir(parents=True)
    environment = {
        **os.environ,
        "LERA_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(home / "temporary"),
    }
    program = () if arguments[:1] == ("-m",) else (str(Path(__file__).with_name("agent_process.py")),)
    process = await asyncio.create_subprocess_exec(
        *wrapper,
        sys.executable,
        "-W",
        "error",
        *program,
        *arguments,
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        cwd=home,
    )
    try:
        yield AgentProcess(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
