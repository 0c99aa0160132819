"""The attacked channel, but its viewers are at two nodes: the real channels of nodes, on a bus of the test's."""

import random
from collections import Counter
from typing import Any

from bot.nodes import Nodes
from hub.channel import NodeChannel
from tests.attacks.channel import Channel, face
from transport.bus import BusFrame, Heard, Terms, new_id
from transport.desk import HubSettings
from transport.nats import Bus
from transport.reading import Reading


class Silent(Bus):
    """A bus that is always there, and keeps the last terms."""

    def __init__(self, nodes: Nodes) -> None:
        del nodes
        self.fault = ""
        self.counts = Counter()
        self.terms: Terms | None = None

    def publish(self, channel: str, frame: BusFrame, to: str = "") -> bool:
        del channel, to
        if isinstance(frame, Terms):
            self.terms = frame
        return True


class NodesChannel(Channel):
    """Persons named `viewer-…` with an odd number are at the second node, all others at the first."""

    def __init__(self, seed: int, *, masked: bool = True, minimum: int = 3) -> None:
        """`masked` False switches off what holds against changes."""
        super().__init__(seed, masked=masked, minimum=minimum)
        self.bus = Silent(None)  # type: ignore[arg-type]
        self.bot = self.show.nodes = Nodes(self.show, lambda _nodes: self.bus)
        self.bot._say_terms()
        assert self.bus.terms is not None
        self.nodes = [
            NodeChannel(
                "attacked", new_id(), "", HubSettings(), self.bus.terms, self.now, random.Random(seed * 2 + number)
            )
            for number in range(2)
        ]

    def node_of(self, person: str) -> NodeChannel:
        """Where a person is."""
        number = person.removeprefix("viewer-")
        return self.nodes[int(number) % 2 if number.isdigit() else 0]

    def leave(self, *persons: str) -> None:
        """They say goodbye to their node."""
        for person in persons:
            del self.faces[person]
            self.node_of(person).leave(person)

    def look(self, seconds: float = 1.0) -> dict[str, Any]:
        """As everywhere; nodes and bot hear of each other each second."""
        for _ in range(round(seconds)):
            self.now += 1.0
            for person in self.faces:
                self._read(person)
            self.bot._say_terms()
            for node in self.nodes:
                self._carry(node)
            self.show._publish()
        if not seconds:
            self.show._publish()
        return self.show.feed.frame or {}

    def _carry(self, node: NodeChannel) -> None:
        assert self.bus.terms is not None
        node.update(self.bus.terms, self.now)
        node.beat(self.now)
        report = node.report(self.now)
        if report is not None:
            self.bot.hear(Heard("attacked", report))
        self.bot.look(self.now)

    def _read(self, person: str) -> None:
        self.node_of(person).take(Reading(person, "face", self.now, face(self.faces[person])))
