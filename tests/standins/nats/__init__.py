"""A local NATS server, small and strict, in the test's own event loop."""

from tests.standins.nats.server import Nats, nats_standin

__all__ = ["Nats", "nats_standin"]
