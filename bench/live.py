"""`python -m bench.live`: thousands of live viewers in one process, and how long a reading takes to the mood.

Each viewer sends a reading every two seconds over a WebSocket of its own to the whole show (guard, crowd, ten moods a
second, history), while an overlay reads its feed in this process. The time is measured from a reading's sending, by the
sender's clock, to the moment at which the overlay's socket has taken the first mood that holds it, which the show
measures itself; both ends are on this machine and have one clock. To that the overlay's own wait is told: from a
frame's making to its arrival here. The baseline is the same with a tenth of the viewers.
"""

import argparse
import asyncio
import contextlib
import time
from statistics import quantiles

import aiohttp
import msgspec

from bench.tools.servers import Server, server
from bench.tools.viewers import Load, viewers

AIM = 0.5
SECONDS_BETWEEN = 2.0
PER_PROCESS = 7_500


class Result(msgspec.Struct):
    """What was found with one number of viewers: times in seconds, `cpu` in cores, bytes for each and when `empty`."""

    viewers: int
    readings: float
    cpu: float
    generator: float
    lags: list[float]
    ages: list[float]
    memory: float
    empty: int
    shed: int
    lost: int


def main() -> None:
    """Print the time from reading to mood and the server's load, with all viewers and with a tenth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=15_000, help="live viewers (default 15000; at most 19000)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement (default 20)")
    arguments = parser.parse_args()
    few = asyncio.run(measure(max(arguments.viewers // 10, 1), arguments.seconds))
    report(few, "baseline")
    many = asyncio.run(measure(arguments.viewers, arguments.seconds))
    report(many, "")
    cost = (many.cpu / many.readings) / (few.cpu / few.readings)
    lag, baseline = percentile(many.lags, 99), percentile(few.lags, 99)
    print(f"{many.viewers} viewers against {few.viewers}: {cost:.2f} times the processor time for each reading,")
    print(
        f"  {lag / baseline:.2f} times the p99 from reading to mood: {1000 * lag:.0f} ms (aim under {1000 * AIM:.0f})"
    )


async def measure(count: int, seconds: float) -> Result:
    """Run so many viewers for so many seconds."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(server("hub", interval=1.0))
        before = place.look(memory=True).memory
        loads: list[Load] = []
        begun = time.monotonic()
        for number, first in enumerate(range(0, count, PER_PROCESS)):
            # An address for each: one has only so many ports.
            some = viewers(place.target, min(PER_PROCESS, count - first), first, f"127.0.0.{number + 2}")
            loads.append(stack.enter_context(some))
            for joined in loads[-1].joined():
                print(f"\r{first + joined:6} of {count} viewers have joined", end="", flush=True)
                await asyncio.sleep(0)
        print(f" in {time.monotonic() - begun:.0f} s", flush=True)
        ages: list[float] = []
        watching = asyncio.create_task(watch(place, ages))
        for load in loads:
            load.send_every(SECONDS_BETWEEN)
        # Until every viewer has a vote, and what joining has cost is over.
        await asyncio.sleep(3 * SECONDS_BETWEEN)
        ages.clear()
        first_look, work = place.look(), sum(load.cpu() for load in loads)
        began = time.monotonic()
        await asyncio.sleep(seconds)
        last = place.look(memory=True)
        took = time.monotonic() - began
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        return Result(
            count,
            (last.frames - first_look.frames) / took,
            (last.cpu - first_look.cpu) / took,
            (sum(load.cpu() for load in loads) - work) / took,
            last.lags,
            ages,
            (last.memory - before) / count,
            before,
            last.counts["shed"] - first_look.counts["shed"],
            sum(load.counts()["lost"] for load in loads),
        )


async def watch(place: Server, ages: list[float]) -> None:
    """An overlay: notes how old each mood is when it comes, in seconds."""
    headers = {"Authorization": f"Bearer {place.key}"}
    async with aiohttp.ClientSession() as session, session.ws_connect(place.live, headers=headers) as page:
        async for message in page:
            frame = message.json()
            if frame["type"] == "mood":
                ages.append(time.time() - frame["time"])


def percentile(values: list[float], part: int) -> float:
    """The `part`-th of a hundred; NaN of fewer than two values."""
    return quantiles(values, n=100, method="inclusive")[part - 1] if len(values) > 1 else float("nan")


def report(result: Result, note: str) -> None:
    """Print one measurement."""
    lags, ages = result.lags, result.ages
    print(f"{result.viewers} viewers{f' ({note})' if note else ''}, one reading every {SECONDS_BETWEEN:g} s each:")
    print(
        f"  readings counted            {result.readings:8.0f} a second, {result.shed} shed, {result.lost} viewers lost"
    )
    times = "   ".join(f"p{part} {1000 * percentile(lags, part):6.0f}" for part in (50, 99))
    print(f"  from reading to mood        {times}   max {1000 * max(lags, default=float('nan')):6.0f} ms")
    print(f"  moods at the overlay        {len(ages):8d}, p99 of their age there {1000 * percentile(ages, 99):.0f} ms")
    each = 1e6 * result.cpu / max(result.readings, 1)
    print(f"  processor time              {result.cpu:8.2f} of a core for the show, {each:.1f} µs a reading", end="; ")
    print(f"{result.generator:.2f} for the viewers")
    print(f"  memory                      {result.memory / 1000:8.1f} kB a viewer", flush=True)


if __name__ == "__main__":
    main()
