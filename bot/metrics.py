"""What the bot tells Prometheus beside what every hub tells (`transport/metrics.py`): mood, pages, connections."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from bot.health import health
from bot.keys import Power
from bot.show import Show
from transport.metrics import HubMetrics, Metrics, bus_metrics, by_cause, by_label, counter, gauge

_MESSAGES: Final = ("heard", "read", "unsure", "failed", "dropped")


def show_metrics(show: Show, pages: Callable[[], Mapping[Power, int]]) -> Metrics:
    """The metrics of a show; `pages` says how many live feeds are open, by the power of their keys."""

    def source() -> Iterator[Metric]:
        now, mood = show.now(), show.mood
        yield gauge("show_seconds", "Since the bot started.", now - show.begun)
        yield gauge("votes", "Voters in the mood.", mood.viewers)
        yield gauge("mood_shown", "Whether there are enough voters to show a mood.", mood.enough)
        yield gauge("paused", "Whether a moderator lets the mood rest.", show.paused)
        yield counter("moods", "Moods published.", show.feed.version)
        if show.nodes is not None:
            yield from bus_metrics(show.nodes.bus)
            yield gauge("nodes", "Other hubs that report.", show.nodes.count)
            yield gauge("node_viewers", "Viewers connected to other hubs.", show.nodes.viewers)
            yield gauge("node_votes", "Votes that came through other hubs.", show.nodes.voters)
        counted = pages()
        told = {power: float(counted.get(power, 0)) for power in ("overlay", "streamer")}
        yield by_label(GaugeMetricFamily, "pages", "Live pages open, by the power of their key.", "power", told)
        # Overlays are counted above, viewers by the hub.
        wanted: dict[str, float] = {
            part.name: float(part.state == "good")
            for part in health(show, 0)
            if part.state != "off" and part.name not in ("overlay", "viewers")
        }
        yield by_label(GaugeMetricFamily, "part_good", "1 where a part in use is well, 0 where not.", "part", wanted)
        counts = show.chat.counts
        messages = {name: float(counts[name]) for name in _MESSAGES}
        messages["ignored"] = float(sum(count for name, count in counts.items() if name.startswith("ignored")))
        yield by_label(
            CounterMetricFamily, "chat_messages", "Chat messages, by what became of them.", "became", messages
        )
        yield by_cause(
            "stage_refusals", "Refusals to streamers' agents, by cause.", show.stage_host.counts, "refused: "
        )

    return Metrics(HubMetrics(show.hub), source)
