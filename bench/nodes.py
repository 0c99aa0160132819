"""`python -m bench.nodes`: what a reading costs two and four nodes on NATS, against the hub inside the bot.

All hubs stand side by side, with their viewers joined; in each round each crowd in turn sends readings, so that what
else the machine does meets all alike. Processor time of the hubs' processes counts, not the clock.
"""

import argparse
import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from statistics import median
from typing import Any, Final, NamedTuple

import psutil

from bench.tools.processes import spawned
from bench.tools.servers import OPEN_TO_ALL
from bench.tools.viewers import Load, Target, viewers
from bot.nodes import attach_nodes
from bot.privacy import PrivacySettings
from bot.server import serving
from bot.settings import ChannelSettings, Settings
from bot.show import Show
from hub.node import Node
from lera.errors import LeraError
from transport.bus_login import Login, parse_servers
from transport.hub_settings import HubSettings
from transport.listening import listen, open_files_as_allowed, site

INTERVAL: Final = 0.5
SETTLE_SECONDS: Final = 3.0
# Crowds that are not asked to speak for some minutes must not be taken for gone.
LIMITS: Final[dict[str, Any]] = {**OPEN_TO_ALL, "interval": INTERVAL / 2, "heartbeat": 60.0}


class Process:
    """The parent's end of a bot or a node: tells where viewers join it, and how far it is."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.port, self.token = pipe.recv()

    def look(self) -> tuple[int, float, int]:
        """Readings taken, seconds of processor time, votes in the mood (of a bot)."""
        self._pipe.send("look")
        readings, cpu, votes = self._pipe.recv()
        return readings, cpu, votes


class Crowd(NamedTuple):
    """One bot, its nodes, and who sends readings to them; without nodes all join the bot's own hub."""

    name: str
    bot: Process
    nodes: list[Process]
    loads: list[Load]
    viewers: int

    @property
    def hubs(self) -> list[Process]:
        """Where its viewers are."""
        return self.nodes or [self.bot]


class Cost(NamedTuple):
    """Of one crowd in one round: µs of processor time, of the bot a second; messages and bytes on the bus a second."""

    per_reading: float
    bot: float
    messages: float
    bytes: float


def main() -> None:
    """Print the costs, and their ratios to the embedded hub."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=400, help="of each hub (default 400)")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement (default 6)")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each; the median counts (default 5)")
    arguments = parser.parse_args()
    each = arguments.viewers
    kinds = [
        ("embedded", 0, each), ("one", 1, each), ("one-full", 1, 4 * each), ("two", 2, 2 * each), ("four", 4, 4 * each),
    ]  # fmt: skip
    with contextlib.ExitStack() as stack:
        bus = stack.enter_context(nats())
        crowds = [stack.enter_context(crowd(bus, *kind)) for kind in kinds]
        time.sleep(SETTLE_SECONDS)
        begun, idle = time.monotonic(), bus.cpu()
        costs: dict[str, list[Cost]] = {name: [] for name, _, _ in kinds}
        for number in range(arguments.rounds):
            for measured in crowds:
                found = measure(measured, bus, arguments.seconds)
                costs[measured.name].append(found)
                print(f"round {number + 1}, {measured.name:9} {found.per_reading:6.2f} µs a reading", flush=True)
        print(f"{each} viewers each hub, one reading every {INTERVAL} s; medians of {arguments.rounds} rounds:")
        base = median(cost.per_reading for cost in costs["embedded"])
        for measured in crowds:
            print(line(measured, costs[measured.name], base))
        used = 1000 * (bus.cpu() - idle) / (time.monotonic() - begun)
        print(f"nats-server, with all of these on it: {used:.1f} ms of processor time a second")
        full, one = costs["one-full"], costs["one"]
        grown = median(cost.bytes for cost in full) / max(1.0, median(cost.bytes for cost in one))
        print(f"Four times the viewers on one node: {grown:.2f} times the bytes on the bus.")


def line(measured: Crowd, costs: list[Cost], base: float) -> str:
    """What was found of one crowd."""
    per, bot, messages, size = (median(values) for values in zip(*costs, strict=True))
    count = len(measured.nodes)
    hubs = f"{count} node{'s' * (count > 1)}" if count else "embedded (baseline)"
    rest = (
        f"; bot {bot / 1000:5.1f} ms/s; bus {messages:5.1f} messages, {size / 1000:6.1f} kB/s" if measured.nodes else ""
    )
    return f"  {hubs:19} {measured.viewers:6} viewers {per:6.2f} µs a reading {per / base:5.2f}{rest}"


def measure(measured: Crowd, bus: "Bus", seconds: float) -> Cost:
    """Let one crowd speak for so long."""
    for load in measured.loads:
        load.send_every(INTERVAL)
    time.sleep(1.0)
    before, traffic, bot = [hub.look() for hub in measured.hubs], bus.traffic(measured.name), measured.bot.look()[1]
    begun = time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - begun
    after, votes = [hub.look() for hub in measured.hubs], measured.bot.look()
    for load in measured.loads:
        load.send_every(0.0)
    readings = sum(new[0] - old[0] for new, old in zip(after, before, strict=True))
    cpu = sum(new[1] - old[1] for new, old in zip(after, before, strict=True))
    if readings < 0.8 * measured.viewers * passed / INTERVAL or votes[2] != measured.viewers:
        print(f"  {measured.name}: {readings} readings, {votes[2]} votes of {measured.viewers}: close other programs")
    messages, size = (new - old for new, old in zip(bus.traffic(measured.name), traffic, strict=True))
    return Cost(1e6 * cpu / readings, 1e6 * (votes[1] - bot) / passed, messages / passed, size / passed)


@contextmanager
def crowd(bus: "Bus", name: str, nodes: int, count: int) -> Iterator[Crowd]:
    """A bot with a channel of its own, its nodes, and viewers that have joined."""
    with contextlib.ExitStack() as stack:
        bot = stack.enter_context(process("bot", bus.url if nodes else "", name))
        hubs = [stack.enter_context(process("node", bus.url, f"{name}-{number}")) for number in range(nodes)]
        time.sleep(SETTLE_SECONDS)
        loads = []
        for number, hub in enumerate(hubs or [bot]):
            part = count // max(1, nodes)
            target = Target(hub.port, name, bot.token)
            load = stack.enter_context(viewers(target, part, first=number * part, address=f"127.0.0.{2 + number}"))
            for _ in load.joined():
                pass
            loads.append(load)
        print(f"{name}: {count} viewers have joined", flush=True)
        yield Crowd(name, bot, hubs, loads, count)


class Bus:
    """A nats-server of the bench's own."""

    def __init__(self, port: int, monitor: int, server: psutil.Process) -> None:
        self.url = f"nats://127.0.0.1:{port}"
        self._monitor = f"http://127.0.0.1:{monitor}/connz?limit=1000"
        self._server = server

    def cpu(self) -> float:
        """Seconds of processor time that the server has cost so far."""
        return float(sum(self._server.cpu_times()[:2]))

    def traffic(self, name: str) -> tuple[int, int]:
        """Messages and bytes so far that one crowd's bot and nodes have published."""
        with urllib.request.urlopen(self._monitor, timeout=10) as answer:
            connections = json.loads(answer.read())["connections"]
        own = [each for each in connections if _belongs(each.get("name", ""), name)]
        return sum(each["in_msgs"] for each in own), sum(each["in_bytes"] for each in own)


def _belongs(connection: str, name: str) -> bool:
    known = connection.removeprefix("LERA bot ").removeprefix("LERA node ")
    return known == name or known.rpartition("-")[0] == name


@contextmanager
def nats() -> Iterator[Bus]:
    """A nats-server for as long as the context lasts. Raises LeraError."""
    program = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")
    if program is None:
        raise LeraError("There is no nats-server: install it (Debian: apt install nats-server).")
    ports = []
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ports.append(listener.getsockname()[1])
    command = [program, "-a", "127.0.0.1", "-p", str(ports[0]), "-m", str(ports[1])]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.0)
        yield Bus(ports[0], ports[1], psutil.Process(server.pid))
    finally:
        server.terminate()
        server.wait()


@contextmanager
def process(kind: str, bus: str, name: str) -> Iterator[Process]:
    """A bot, or a node, in a process of its own."""
    with spawned(_run, kind, bus, name) as (pipe, _):
        yield Process(pipe)


def _run(pipe: Connection, kind: str, bus: str, name: str) -> None:
    open_files_as_allowed()
    settings = HubSettings(**LIMITS, nats=bus)
    asyncio.run(_bot(settings, name, pipe) if kind == "bot" else _node(settings, name, pipe))


async def _bot(settings: HubSettings, name: str, pipe: Connection) -> None:
    # Whose vote counts when is the masking's at the bot's own hub alone, and no difference of costs.
    apart = PrivacySettings(mask_changes=False)
    show = Show(Settings(ChannelSettings(name), hub=settings, privacy=apart), "bench", None, time.time)
    attach_nodes(show)
    async with serving(show, 0) as address, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(show.run())
        pipe.send((int(address.rsplit(":", 1)[1]), show.access.token(show.now())))
        while await asyncio.to_thread(pipe.recv) != "end":
            pipe.send((show.desk.counts["readings"], time.process_time(), show.mood.faces.voters))
        running.cancel()


async def _node(settings: HubSettings, name: str, pipe: Connection) -> None:
    node = Node(parse_servers(settings.nats), Login({}), settings, time.time, name)
    listener = listen("127.0.0.1", 0)
    async with site(listener, node.application(), 60.0), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(node.run())
        pipe.send((listener.getsockname()[1], ""))
        while await asyncio.to_thread(pipe.recv) != "end":
            readings = sum(channel.desk.counts["readings"] for channel in node.channels.values())
            pipe.send((readings, time.process_time(), 0))
        running.cancel()


if __name__ == "__main__":
    main()
