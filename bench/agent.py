"""What the viewer's agent costs: `python -m bench.agent [SECONDS]`. The portrait at the default rate, for 30 s.

With `--face fusion` the agent reads clips with LERA's fusion at its full size instead, exported to int8 from weights
without a meaning (that needs torch), and what it took is held against `[model] cpu_budget`.

The baseline of the same run is the loop that most such programs have: every frame of the clip at its full rate, each
found, cut and read at once, with the same reader. Both run in a process of their own with the lowest priority; loading
is not counted. The hub is a socket of this process that only listens.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import psutil
from aiohttp import web

from transport.reading import PROTOCOL_VERSION, Post, Welcome, agent_decoder, encode
from viewer_agent.agent import Statistics, step_back
from viewer_agent.settings import ModelSettings

CLIP: Final = Path(__file__).parents[1] / "viewer_agent" / "portrait.mp4"


class Run(msgspec.Struct):
    """One way's cost. `cpu` and `seconds` are of the watching alone, `rss` is in megabytes at its end."""

    seconds: float
    cpu: float
    frames: int
    readings: int
    rss: float

    def line(self, name: str) -> str:
        """A row of the table."""
        return (
            f"{name:<34}{100 * self.cpu / self.seconds:>8.1f} %{1000 * self.cpu / max(self.readings, 1):>10.1f} ms"
            f"{1000 * self.cpu / max(self.frames, 1):>10.1f} ms{self.frames / self.seconds:>8.1f}{self.rss:>8.0f} MB"
        )


def plain_loop(seconds: float) -> Run:
    """Every frame of the clip at its full rate, in this process."""
    import cv2
    import numpy as np

    from model.face import load

    step_back()
    cv2.setNumThreads(1)
    frames = readings = 0
    with load() as reader:
        capture = cv2.VideoCapture(str(CLIP))
        period = 1.0 / capture.get(cv2.CAP_PROP_FPS)
        began, spent = time.monotonic(), time.process_time()
        while time.monotonic() - began < seconds:
            fine, picture = capture.read()
            if not fine:
                capture = cv2.VideoCapture(str(CLIP))
                continue
            frame = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
            frames += 1
            for face in reader.find(frame)[:1]:
                reader.probabilities(reader.crop(frame, face)[None])
                readings += 1
            time.sleep(max(0.0, began + frames * period - time.monotonic()))
        passed, spent = time.monotonic() - began, time.process_time() - spent
    return Run(passed, spent, frames, readings, psutil.Process().memory_info().rss / 1e6)


class Listener:
    """A hub that counts what it hears."""

    def __init__(self) -> None:
        self.posts = 0
        self.bytes = 0

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One agent."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive_str()
        await socket.send_str(encode(Welcome(PROTOCOL_VERSION, "bench", 0, 1.0, 5.0)))
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.bytes += len(message.data)
                self.posts += isinstance(agent_decoder.decode(message.data), Post)
        return socket


async def agent(seconds: float, configuration: str = "") -> tuple[Run, Listener, float]:
    """The agent as a viewer runs it: its cost once it watches, what the hub heard, and what loading cost in CPU.

    `configuration` is what stands in its config.toml.
    """
    listener = Listener()
    app = web.Application()
    app.add_routes([web.get("/hub", listener.handle)])
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    with tempfile.TemporaryDirectory() as home:
        statistics, config = Path(home) / "statistics.json", Path(home) / "config.toml"
        config.write_text(configuration, "utf-8")
        link = f"http://127.0.0.1:{runner.addresses[0][1]}/join/bench#token"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "viewer_agent", link, "--camera", str(CLIP), "--loop"),
            *("--seconds", str(seconds), "--stats-file", str(statistics), "--config", str(config)),
            env={**os.environ, "LERA_HOME": home},
            stdout=subprocess.DEVNULL,
        )
        if await process.wait():
            raise SystemExit("the agent failed; see above")
        result = msgspec.json.decode(statistics.read_bytes(), type=Statistics)
    await runner.cleanup()
    watched = result.seconds - result.loading_seconds
    cpu = result.cpu_seconds - result.loading_cpu_seconds
    return Run(watched, cpu, result.frames, listener.posts, result.rss_megabytes), listener, result.loading_cpu_seconds


def fusion(seconds: float) -> None:
    """The agent with `[model] face = "fusion"`: what it took of its budget."""
    from model.__main__ import main as model
    from model.zoo import create
    from model.zoo.checkpoint import save
    from model.zoo.filling import filled

    with tempfile.TemporaryDirectory() as folder:
        weights, out = Path(folder) / "lera.lera.pt", Path(folder) / "lera.onnx"
        save(weights, "lera", {}, filled(create("lera")).state_dict())
        model(["export", "lera", str(weights), str(out), "--int8", "--checks", "2"])
        read = out.with_suffix(".int8.onnx").as_posix()
        run, listener, loading = asyncio.run(agent(seconds, f'[model]\nface = "fusion"\nweights = "{read}"\n'))
    budget, share = ModelSettings().cpu_budget, run.cpu / run.seconds
    print(f"\n{'':<34}{'one core':>10}{'a reading':>13}{'a frame':>13}{'fps':>8}{'memory':>11}")
    print(run.line("agent, fusion at full size, int8"))
    print(f"\nBudget {budget:.0%} of one core, taken {share:.1%} over {run.seconds:.0f} s, all threads; ", end="")
    print(f"loading took {loading:.1f} s once. It sent {listener.posts} readings.")
    if share > budget:
        raise SystemExit("the agent took more than its budget")


def main() -> int:
    """Measure both and print them side by side."""
    if sys.argv[1:2] == ["--plain"]:
        print(msgspec.json.encode(plain_loop(float(sys.argv[2]))).decode())
        return 0
    parser = argparse.ArgumentParser(prog="python -m bench.agent", description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=30.0)
    parser.add_argument("--face", choices=("small", "fusion"), default="small", help="which reader the agent runs")
    arguments = parser.parse_args()
    seconds: float = arguments.seconds
    if arguments.face == "fusion":
        fusion(seconds)
        return 0
    light, listener, loading = asyncio.run(agent(seconds))
    done = subprocess.run(
        [sys.executable, "-m", "bench.agent", "--plain", str(seconds)], check=True, capture_output=True, text=True
    )
    plain = msgspec.convert(json.loads(done.stdout.splitlines()[-1]), Run)
    print(f"{'':<34}{'one core':>10}{'a reading':>13}{'a frame':>13}{'fps':>8}{'memory':>11}")
    print(light.line("agent, default settings"))
    print(plain.line("plain loop, every frame"))
    share = (light.cpu / light.seconds) / (plain.cpu / plain.seconds)
    print(f"\nThe agent takes {share:.2f} of the plain loop's processor time; loading took it {loading:.1f} s once.")
    print(f"It sent {listener.posts} readings, {listener.bytes / max(light.seconds, 1):.0f} bytes a second.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
