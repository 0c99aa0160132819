"""`python -m bench.simulate`: what a crowd of any size needs, worked out from costs that are measured here.

Measured on a running show with two crowds: what it costs by itself and for each viewer, in processor time and memory.
Measured on the functions: what one more node costs the bot (its partial read once a second, and added to ten moods a
second), and the bytes of a partial. The formula is straight lines through these, and is checked against two crowds
that it was not made from, in the same run.
"""

import argparse
import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from bench.live import SECONDS_BETWEEN, Result, measure
from bench.tools.viewers import reading
from bot.crowd import Crowd
from transport.partial import Partial, decode_partial, encode_partial, tally

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
MADE_FROM: Final = (500, 3_000)
CHECKED: Final = (1_000, 4_000)
MOST_PER_NODE: Final = 15_000
"""Connections of one process: systems as a rule allow twenty thousand files."""
FULLEST: Final = 0.5
"""Of a core. A node that is fuller has no room for a crowd that joins at once."""
HEADERS: Final = 20 + 32
"""Bytes of IPv4 and TCP around each frame, and as much in each acknowledgement; without TLS."""
MOODS_PER_SECOND: Final = 10


class Line(msgspec.Struct, frozen=True):
    """Something that grows with viewers: so much without any, so much for each."""

    fixed: float
    each: float

    @staticmethod
    def through(one: tuple[float, float], other: tuple[float, float]) -> "Line":
        """The line through two points."""
        each = (other[1] - one[1]) / (other[0] - one[0])
        return Line(one[1] - each * one[0], each)

    def at(self, viewers: float) -> float:
        """Its height there."""
        return self.fixed + self.each * viewers


class Costs(msgspec.Struct, frozen=True):
    """What is measured: cores and bytes of a hub, seconds that a node's partial costs the bot, bytes on the way."""

    cores: Line
    memory: Line
    partial_seconds: float
    partial_bytes: int
    reading_bytes: int


class Need(msgspec.Struct, frozen=True):
    """What a crowd needs: hubs (1: the bot's own), cores and bytes of all, bytes a second by bus and from viewers."""

    hubs: int
    cores: float
    memory: float
    bus: float
    bandwidth: float


def need(viewers: int, costs: Costs) -> Need:
    """What so many viewers need, each of whom sends a reading every `SECONDS_BETWEEN`."""
    most = int(min(MOST_PER_NODE, max(1.0, (FULLEST - costs.cores.fixed) / costs.cores.each)))
    hubs = max(1, -(-viewers // most))
    alone = hubs == 1
    # With nodes, the bot itself serves no viewers.
    cores = costs.cores.at(viewers) if alone else hubs * costs.cores.fixed + costs.cores.each * viewers
    memory = costs.memory.at(viewers) if alone else hubs * costs.memory.fixed + costs.memory.each * viewers
    if not alone:
        cores += costs.cores.fixed + hubs * costs.partial_seconds
        memory += costs.memory.fixed
    bus = 0.0 if alone else 2.0 * hubs * costs.partial_bytes
    return Need(hubs, cores, memory, bus, viewers / SECONDS_BETWEEN * costs.reading_bytes)


def main() -> None:
    """Measure, print what is needed, and check the formula."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each of the four measurements (default 10)")
    arguments = parser.parse_args()
    found = {
        count: asyncio.run(measure(count, arguments.seconds))
        # Those that it is made from and those that check it take turns.
        for pair in zip(MADE_FROM, CHECKED, strict=True)
        for count in pair
    }
    costs = costs_of(found)
    tell_costs(costs)
    tell_needs(costs)
    print("the formula against what was measured:")
    for count in CHECKED:
        told, was = need(count, costs), found[count]
        memory = was.memory * count + was.empty
        cores = f"cores {told.cores:6.3f} told {was.cpu:6.3f} measured ({told.cores / was.cpu - 1:+.0%})"
        megabytes = f"MB {told.memory / 1e6:6.1f} told {memory / 1e6:6.1f} measured ({told.memory / memory - 1:+.0%})"
        print(f"  {count:6} viewers   {cores}   {megabytes}")


def tell_costs(costs: Costs) -> None:
    """Print what was measured."""
    show, each = 1000 * costs.cores.fixed, 1e6 * costs.cores.each * SECONDS_BETWEEN
    print("measured:")
    print(f"  a show            {show:8.1f} ms of processor time a second, {costs.memory.fixed / 1e6:.0f} MB")
    print(f"  a viewer          {each:8.1f} µs a reading, {costs.memory.each / 1e3:.1f} kB")
    partials = f"{1e6 * costs.partial_seconds:8.1f} µs a second at the bot"
    print(f"  a node's partials {partials}, {costs.partial_bytes} bytes each, into the bus and out of it")


def tell_needs(costs: Costs) -> None:
    """Print what crowds need."""
    full = f"{MOST_PER_NODE} viewers or {FULLEST:.0%} of a core"
    print(f"a reading every {SECONDS_BETWEEN:g} s from each; a hub takes {full}, a node costs as much as a show:")
    print("    viewers   nodes   cores   memory, GB   bus, kB/s   from viewers, Mbit/s")
    for viewers in SIZES:
        each = need(viewers, costs)
        nodes = 0 if each.hubs == 1 else each.hubs
        parts = f"{each.memory / 1e9:12.2f} {each.bus / 1e3:11.1f} {8e-6 * each.bandwidth:22.1f}"
        print(f"  {viewers:9,} {nodes:7} {each.cores:7.2f} {parts}")


def costs_of(found: dict[int, Result]) -> Costs:
    """The costs, from crowds of the sizes in `MADE_FROM`."""
    few, many = (found[count] for count in MADE_FROM)
    partial = crowd_of(MOST_PER_NODE)
    data = encode_partial(partial)
    alone, two = Crowd(), Crowd()
    for number in range(100):
        two.receive(f"node {number}", 1, partial, 0.0)
    adding = (seconds_of(lambda: two.mood(1.0)) - seconds_of(lambda: alone.mood(1.0))) / 100
    return Costs(
        Line.through((few.viewers, few.cpu), (many.viewers, many.cpu)),
        Line.through(
            (few.viewers, few.empty + few.memory * few.viewers), (many.viewers, many.empty + many.memory * many.viewers)
        ),
        seconds_of(lambda: decode_partial(data)) + MOODS_PER_SECOND * adding,
        len(data),
        len(reading(10**12, b"[0.1234,0.1234,0.1234,0.1234,0.1234,0.1234,0.1234]", time.time())) + 2 * HEADERS,
    )


def crowd_of(viewers: int) -> Partial:
    """The partial of a node whose viewers feel all that can be felt."""
    votes = np.random.default_rng(0).dirichlet([0.5] * 7, viewers)
    half = viewers // 2
    return Partial(tally(np.ones(half), votes[:half]), tally(np.ones(viewers - half), votes[half:]))


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds of processor time that it takes, the best of some tries."""
    best = float("inf")
    for _ in range(20):
        begun = time.process_time_ns()
        for _ in range(20):
            work()
        best = min(best, (time.process_time_ns() - begun) / 20)
    return best / 1e9


if __name__ == "__main__":
    main()
