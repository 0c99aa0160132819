"""What a node tells Prometheus, at an address of its own: nothing of it is for strangers, and nothing is secret."""

from collections.abc import Iterator

from aiohttp import web
from prometheus_client.core import Metric

from hub.node import Node
from transport.metrics import METRICS_PATH, HubMetrics, Metrics, bus_metrics, counter


def metrics_application(node: Node) -> web.Application:
    """`/metrics` of one node."""

    def source() -> Iterator[Metric]:
        yield from bus_metrics(node.bus)
        yield counter("moved_away", "Viewers who have joined again at another hub.", node.counts["moved away"])
        refused = sum(node.counts[cause] for cause in ("refused", "not for nodes", "too many channels", "another bot"))
        yield counter("bus_ignored", "Frames from NATS that this node doesn't go by.", refused)

    app = web.Application(client_max_size=1024)
    app.router.add_get(METRICS_PATH, Metrics(HubMetrics(node.hub), source).handle)
    return app
