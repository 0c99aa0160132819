"""What Prometheus may scrape of a bot or a hub's node: counters that are there anyway, read when somebody asks.

Nothing is counted for this alone, so that it costs nothing between two scrapes. No label holds a word that a viewer, a
chatter or an address chose: only causes that are named here, so that nobody can fill the memory of who scrapes either.
Text format 0.0.4 of Prometheus; names follow its conventions (base units, `_total` for what only grows).
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import psutil
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

import lera
from transport.desk import Desk
from transport.hub import Hub

if TYPE_CHECKING:
    from transport.nats import Bus

METRICS_PATH: Final = "/metrics"
CAUSES: Final = frozenset(
    {
        "address", "banned", "channel", "ended", "expired", "first frame", "flood", "full", "left", "malformed",
        "no program", "origin", "other channel", "overloaded", "oversized", "replaced", "replayed", "revoked",
        "silent or slow", "token", "too fast", "vanished", "version",
    }
)  # fmt: skip
"""Why connections are refused and readings dropped, as labels; whatever is no member of it is "other"."""

Source = Callable[[], Iterable[Metric]]
"""What gives some metrics as they are now. Called by the event loop at every scrape, so it must not block."""


class Metrics(Collector):
    """The registry of one program: tells of its process and its `sources`.

    Route `METRICS_PATH` of a private port to `handle`.
    """

    def __init__(self, *sources: Source) -> None:
        self._sources: list[Source] = [process_metrics, *sources]
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """All metrics as they are now (prometheus_client's protocol)."""
        for source in self._sources:
            yield from source()

    def text(self) -> str:
        """The page that Prometheus reads."""
        return generate_latest(self._registry).decode()

    async def handle(self, _request: web.Request) -> web.Response:
        """`GET /metrics`. Who may ask is the port's business: a bot's asks for a key, a node's is this machine's."""
        return web.Response(body=self.text().encode(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


def gauge(name: str, tells: str, value: float | bool | None) -> Metric:
    """A number that goes up and down; None is left out."""
    return GaugeMetricFamily(f"lera_{name}", tells, None if value is None else float(value))


def counter(name: str, tells: str, value: float) -> Metric:
    """A number that only grows; `_total` is put behind its name."""
    return CounterMetricFamily(f"lera_{name}", tells, float(value))


def by_label(metric: type[GaugeMetricFamily | CounterMetricFamily], name: str, tells: str, label: str,
             values: Mapping[str, float]) -> Metric:  # fmt: skip
    """One number for each value of a label. The caller sees to it that no stranger chooses them."""
    family = metric(f"lera_{name}", tells, labels=[label])
    for value in sorted(values):
        family.add_metric([value], float(values[value]))
    return family


def by_cause(name: str, tells: str, counts: Mapping[str, float], prefix: str) -> Metric:
    """The counts whose names begin with `prefix`, as in "refused: full", by cause."""
    summed: Counter[str] = Counter()
    for known, count in counts.items():
        if known.startswith(prefix):
            cause = known[len(prefix) :]
            summed[cause if cause in CAUSES else "other"] += int(count)
    return by_label(CounterMetricFamily, name, tells, "cause", summed)


class HubMetrics:
    """A `Source`: what a hub's desks have let in, taken and refused, all channels together.

    By channel it would grow with the channels, and say of each who is small.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._seen: dict[int, tuple[Desk, Counter[str]]] = {}
        # Of desks that are closed by now: a sum that goes down looks to Prometheus like a program started anew.
        self._closed: Counter[str] = Counter()

    def __call__(self) -> Iterator[Metric]:
        """The metrics now."""
        hub, desks = self._hub, list(self._hub.desks)
        counts = self._counts(desks)
        yield gauge("channels", "Channels whose viewers may join here.", len(desks))
        yield gauge("viewers", "Viewers connected now.", sum(len(desk.guests) for desk in desks))
        yield gauge("seats", "Viewers that may be connected at once.", hub.settings.max_viewers)
        longest = max((desk.interval for desk in desks), default=0.0)
        yield gauge("interval_seconds", "Pace that viewers are asked to keep now, of the slowest channel.", longest)
        yield gauge("event_loop_lag_seconds", "How late the event loop is, the least of a second.", hub.load.lag)
        yield gauge("overload_level", "How overloaded the hub is; from 1 on nobody is let in.", hub.load.level)
        yield gauge("shed_part", "Part of each viewer's readings that is left out now.", hub.load.strain.shed)
        yield counter("joins", "Viewers let in.", counts["joined"])
        yield counter("readings", "Readings counted.", counts["readings"])
        yield counter("shed_readings", "Readings left out since the hub was overloaded.", counts["shed"])
        yield by_cause("refusals", "Connections refused or ended, by cause.", counts, "refused: ")
        yield by_cause("drops", "Readings dropped, by cause.", counts, "dropped: ")
        yield counter("connections_lost", "Connections that broke.", counts["connections lost"])
        yield counter("forgotten", "Viewers who were erased at their wish.", counts["forgotten"])

    def _counts(self, desks: list[Desk]) -> Counter[str]:
        now = {id(desk): (desk, Counter(desk.counts)) for desk in desks}
        for known, (_, counts) in self._seen.items():
            if known not in now:
                self._closed.update(counts)
        self._seen = now
        total = Counter(self._closed)
        if all(desk.counts is not self._hub.counts for desk in desks):
            total.update(self._hub.counts)
        for _, counts in now.values():
            total.update(counts)
        return total


def bus_metrics(bus: "Bus") -> Iterator[Metric]:
    """One end's connection to NATS."""
    yield gauge("bus_connected", "Whether NATS is there.", bus.connected)
    yield counter("bus_unsent", "Frames that were dropped since NATS was away or jammed.", bus.counts["unsent"])
    yield counter(
        "bus_refused", "Frames from NATS that are none of LERA's, or of another version.", bus.counts["refused"]
    )
    yield counter("bus_denied", "Times that NATS refused this login a subject.", bus.counts["denied"])
    yield counter("bus_lost", "Times that frames from NATS came faster than they were taken.", bus.counts["lost"])


def process_metrics() -> Iterator[Metric]:
    """This process: processor time, memory, open files, start. On every system, by the names that Prometheus knows."""
    process = psutil.Process()
    with process.oneshot():
        times = process.cpu_times()
        yield CounterMetricFamily("process_cpu_seconds", "Processor time taken.", times.user + times.system)
        yield GaugeMetricFamily("process_resident_memory_bytes", "Memory taken.", float(process.memory_info().rss))
        yield GaugeMetricFamily("process_start_time_seconds", "Start, since 1970.", process.create_time())
    yield GaugeMetricFamily("process_open_fds", "Files and connections open.", float(_open_files(process)))
    info = GaugeMetricFamily("lera_info", "Always 1; the label says which LERA this is.", labels=["version"])
    info.add_metric([lera.__version__], 1.0)
    yield info


def _open_files(process: psutil.Process) -> int:
    # Handles are Windows's word for it.
    if sys.platform == "win32":
        return process.num_handles()
    return process.num_fds()
