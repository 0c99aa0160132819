"""`python -m bench.hub`: what a reading costs the hub, and what an idle viewer, against a bare aiohttp WebSocket loop.

Both servers run at once, each in a process of its own with its own viewers, and get the same frames in turns of a few
seconds. What counts is their processor time for each frame, which other programs on the machine disturb less than the
clock. The hub is the whole show: guard, crowd, ten moods a second, an overlay that watches, and the history.
"""

import argparse
import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from statistics import median

import aiohttp

from bench.tools.servers import Kind, Server, server
from bench.tools.viewers import Load, viewers

INTERVAL = 0.4
KINDS: tuple[Kind, ...] = ("bare", "hub")


def main() -> None:
    """Print the cost of a frame and of an idle viewer for both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=2000, help="connections that send (default 2000)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each turn (default 3)")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each; the medians count (default 9)")
    parser.add_argument("--idle", type=int, default=4000, help="connections that only wait (default 4000; 0: none)")
    arguments = parser.parse_args()
    asyncio.run(costs(arguments.viewers, arguments.seconds, arguments.rounds))
    if arguments.idle:
        memory(arguments.idle)


async def costs(count: int, seconds: float, rounds: int) -> None:
    """Print µs of processor time for each frame."""
    found: dict[Kind, list[float]] = {kind: [] for kind in KINDS}
    with contextlib.ExitStack() as stack:
        places: dict[Kind, tuple[Server, Load]] = {}
        for kind in KINDS:
            # Twice as slow as the hub allows: a sender that is held up for a moment must not be a flood then.
            place = stack.enter_context(server(kind, interval=INTERVAL / 2))
            load = stack.enter_context(viewers(place.target, count))
            list(load.joined())
            places[kind] = place, load
        async with watching(places["hub"][0]):
            for number in range(rounds):
                for kind in KINDS if number % 2 else KINDS[::-1]:
                    found[kind].append(await turn(*places[kind], seconds))
                bare, hub = found["bare"][-1], found["hub"][-1]
                line = f"bare {bare:6.2f}   hub {hub:6.2f} µs of processor time a frame   {bare / hub:5.2f} of its rate"
                print(f"round {number + 1:2}: {line}", flush=True)
    bare, hub = median(found["bare"]), median(found["hub"])
    ratios = sorted(one / other for one, other in zip(found["bare"], found["hub"], strict=True))
    print(f"{count} viewers, one frame every {INTERVAL} s each, medians of {rounds} rounds:")
    print(f"  bare aiohttp loop (baseline)  {bare:6.2f} µs a frame    1.00 of its rate")
    print(f"  LERA's whole show             {hub:6.2f} µs a reading {median(ratios):5.2f} of its rate", end="")
    print(f" ({ratios[0]:.2f} to {ratios[-1]:.2f}; aim 0.80)")


async def turn(place: Server, load: Load, seconds: float) -> float:
    """µs of processor time for each frame, in a turn of so many seconds."""
    load.send_every(INTERVAL)
    # Until what starting costs is over, and every viewer has spoken.
    await asyncio.sleep(2 * INTERVAL)
    before = place.look()
    await asyncio.sleep(seconds)
    after = place.look()
    load.send_every(0)
    await asyncio.sleep(0.2)
    return 1e6 * (after.cpu - before.cpu) / max(1, after.frames - before.frames)


@contextlib.asynccontextmanager
async def watching(place: Server) -> AsyncIterator[None]:
    """An overlay reads the show's feed meanwhile."""

    async def read() -> None:
        headers = {"Authorization": f"Bearer {place.key}"}
        async with aiohttp.ClientSession() as session, session.ws_connect(place.live, headers=headers) as page:
            async for _ in page:
                pass

    reading = asyncio.create_task(read())
    try:
        yield
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


def memory(count: int) -> None:
    """Print kB of memory for each viewer that has joined and is idle."""
    kept: dict[Kind, float] = {}
    for kind in KINDS:
        # The first viewers load code and fill pools.
        with server(kind) as place, viewers(place.target, 200, first=10**6) as first:
            list(first.joined())
            before = place.look(memory=True).memory
            with viewers(place.target, count) as load:
                for joined in load.joined():
                    print(f"\r{kind:4}: {joined:5} viewers have joined", end="", flush=True)
                # Timers of the handshake run out.
                time.sleep(12.0)
                kept[kind] = (place.look(memory=True).memory - before) / count / 1000
                print(f"\r{kind:4}: {kept[kind]:6.2f} kB for each of {count} idle viewers", flush=True)
    more = kept["hub"] - kept["bare"]
    print(f"  LERA's whole show keeps {more:.2f} kB a viewer more than the bare connection (aim 2 at most)")


if __name__ == "__main__":
    main()
