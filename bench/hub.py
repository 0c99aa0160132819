"""`python -m bench.hub`: what a reading costs the hub, against a bare aiohttp WebSocket loop that only receives.

Both servers run in a process of their own, one after the other, and get the same frames from the same sender. What
counts is their processor time for each frame, which other programs on the machine disturb less than the clock.
"""

import argparse
import asyncio
import multiprocessing
import socket
import time
from multiprocessing.connection import Connection
from statistics import median

import aiohttp
import psutil
from aiohttp import web

from bot.keys import Keys
from bot.settings import ChannelSettings, CrowdSettings, Settings
from bot.show import Show
from transport.desk import HubSettings
from transport.link import HUB_PATH
from transport.reading import PROTOCOL_VERSION, Join, Post, Probabilities, encode
from transport.tokens import TokenMaker

INTERVAL = 0.4
FEELINGS: tuple[Probabilities, ...] = (
    (0.4123, 0.1001, 0.2, 0.1, 0.1, 0.0376, 0.05),
    (0.1, 0.1001, 0.4123, 0.1, 0.1, 0.0376, 0.15),
)
# The show makes its keys of the same word.
TOKEN = TokenMaker("bench", Keys("bench").seed).make("0123456789ab", 0.0, 2.0**32 - 1)


def main() -> None:
    """Print the cost of a frame for both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=800, help="connections (default 800)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement (default 8)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each; the median counts (default 3)")
    arguments = parser.parse_args()
    costs: dict[str, list[float]] = {"bare": [], "hub": []}
    for number in range(arguments.rounds):
        for kind, found in costs.items():
            found.append(measure(kind, arguments.viewers, arguments.seconds))
            print(f"round {number + 1}, {kind:4}: {found[-1]:6.2f} µs of processor time for each frame", flush=True)
    bare, hub = median(costs["bare"]), median(costs["hub"])
    print(f"{arguments.viewers} viewers, one frame every {INTERVAL} s each, medians of {arguments.rounds} rounds:")
    print(f"  bare aiohttp loop (baseline)  {bare:6.2f} µs a frame   1.00 of its rate")
    print(f"  LERA's hub, whole show        {hub:6.2f} µs a reading {bare / hub:5.2f} of its rate")


def measure(kind: str, viewers: int, seconds: float) -> float:
    """µs of processor time that a server process of this kind spends on each frame."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(kind, there), daemon=True)
    server.start()
    try:
        return asyncio.run(_send(here, psutil.Process(server.pid), viewers, seconds))
    finally:
        here.send(False)
        server.join(10)


async def _send(pipe: Connection, server: psutil.Process, viewers: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    port = await asyncio.to_thread(pipe.recv)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        pages = []
        for number in range(viewers):
            page = await session.ws_connect(f"ws://127.0.0.1:{port}{HUB_PATH}", compress=0)
            await page.send_str(encode(Join(PROTOCOL_VERSION, "bench", TOKEN, f"{number:022}")))
            pages.append(page)
        sequence = 0

        async def send_for(duration: float) -> None:
            nonlocal sequence
            end = loop.time() + duration
            while loop.time() < end:
                begun = loop.time()
                # Twice as slow as the hub allows: a sender that is held up for a moment must not be a flood then.
                sequence += 1
                text = encode(Post(sequence, FEELINGS[sequence % 2], 0.9, time.time()))
                # Spread over the interval: frames that arrive one by one are what a server meets in the field.
                for number, page in enumerate(pages):
                    await page.send_str(text)
                    early = begun + INTERVAL * (number + 1) / viewers - loop.time()
                    if early > 0:
                        await asyncio.sleep(early)

        await send_for(2.0)
        before = await _look(pipe, server)
        await send_for(seconds)
        after = await _look(pipe, server)
        counted, sent = after[0] - before[0], seconds * viewers / INTERVAL
        if counted < 0.9 * sent:
            print(f"  only {counted} of about {sent:.0f} frames were counted: close other programs")
    return 1e6 * (after[1] - before[1]) / (after[0] - before[0])


async def _look(pipe: Connection, server: psutil.Process) -> tuple[int, float]:
    pipe.send(True)
    count: int = await asyncio.to_thread(pipe.recv)
    return count, sum(server.cpu_times()[:2])


def serve(kind: str, pipe: Connection) -> None:
    """A server process, `bare` or `hub`: tells its port, then its count of frames whenever it is asked."""
    asyncio.run(_serve(kind, pipe))


async def _serve(kind: str, pipe: Connection) -> None:
    received = 0

    async def bare(request: web.Request) -> web.WebSocketResponse:
        nonlocal received
        page = web.WebSocketResponse(max_msg_size=4096, compress=False)
        await page.prepare(request)
        async for _ in page:
            received += 1
        return page

    limits = HubSettings(interval=INTERVAL / 2, joins_per_second=10_000, join_burst=10_000)
    show = Show(Settings(ChannelSettings("bench"), CrowdSettings(), limits), "bench", None, time.time)
    app = web.Application()
    app.router.add_get(HUB_PATH, bare if kind == "bare" else show.hub.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    await web.SockSite(runner, listener).start()
    running = asyncio.create_task(show.run())
    pipe.send(listener.getsockname()[1])
    while await asyncio.to_thread(pipe.recv):
        pipe.send(received if kind == "bare" else show.desk.counts["readings"])
    running.cancel()
    await runner.cleanup()


if __name__ == "__main__":
    main()
