"""The node: a hub of many channels on one port, and its end of the bus."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

from aiohttp import web

from hub.channel import NodeChannel
from transport.bus import (
    BEATS_PER_SECOND,
    PRUNE_SECONDS,
    STAND_SECONDS,
    Heard,
    Joins,
    Recall,
    Tell,
    Terms,
    Want,
    new_id,
    subjects_of_node,
    told_by,
)
from transport.bus_login import Login, Server
from transport.desk import Desk, HubSettings
from transport.hub import Hub
from transport.link import HUB_PATH
from transport.nats import Bus

logger = logging.getLogger(__name__)


class Node:
    """All channels of one node. What is kept of viewers is in memory, and is theirs alone: a node may die."""

    MAX_CHANNELS: Final = 1000
    OVER_SECONDS: Final = 120.0
    """Without terms for so long, while the bus is there, a stream is over."""
    DRAIN_SECONDS: Final = 5.0
    """The goodbyes of a full node are spread over so long."""

    def __init__(
        self, servers: list[Server], login: Login, settings: HubSettings, now: Callable[[], float], name: str = ""
    ) -> None:
        """`now` is a steady clock in seconds since 1970; `name` is for people."""
        self.id = new_id()
        self.name = name or self.id
        self.channels: dict[str, NodeChannel] = {}
        self.counts: Counter[str] = Counter()
        self._desks: dict[str, Desk] = {}
        self._settings = settings
        self._now = now
        self.hub = Hub(self._desks, now, settings)
        self.bus = Bus(
            servers, login, f"LERA node {self.name}", subjects_of_node(self.id), self._hear, self._connected,
            self._missed,
        )  # fmt: skip
        self._since = self._lost = now()
        self._recalled: dict[str, float] = {}
        # When the door of a channel was last asked for.
        self._wanted: dict[str, float] = {}

    @property
    def viewers(self) -> int:
        """How many are connected."""
        return sum(len(desk.guests) for desk in self._desks.values())

    def application(self) -> web.Application:
        """What strangers may reach: the hub, and whether this node is well."""
        app = web.Application(client_max_size=1024)
        app.router.add_get(HUB_PATH, self.hub.handle)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/readyz", self._ready)
        return app

    async def run(self) -> None:
        """Run until cancelled; then say goodbye to the bots and to the viewers."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.bus.run())
            tasks.create_task(self.hub.watch())
            try:
                await self._beat()
            finally:
                await self._end()

    async def _end(self) -> None:
        now = self._now()
        for name, channel in self.channels.items():
            report = channel.report(now, last=True)
            if report is not None:
                self.bus.publish(name, report)
        seconds = min(self.DRAIN_SECONDS, self.viewers / 500)
        await self.hub.close("this hub is closing; another one takes over", seconds=seconds)

    async def _beat(self) -> None:
        step = 1 / BEATS_PER_SECOND
        stood = pruned = self._now()
        while True:
            await asyncio.sleep(step)
            now = self._now()
            for name, channel in self.channels.items():
                self._look(name, channel, now)
            if now - stood >= STAND_SECONDS:
                stood = now
                for name, channel in self.channels.items():
                    if channel.roll.sequence:
                        self.bus.publish(name, channel.roll.stand())
                self._end_those_over(now)
            if now - pruned >= PRUNE_SECONDS:
                pruned = now
                for channel in self.channels.values():
                    channel.prune()

    def _look(self, name: str, channel: NodeChannel, now: float) -> None:
        channel.beat(now)
        if not self.bus.connected:
            return
        for joins in channel.joins(now):
            self.bus.publish(name, joins)
        # Kept until the bus takes it and the bot is there: what must be erased is erased some time.
        for key, said in channel.owed(now):
            if not self.bus.publish(name, said):
                break
            del channel.unsaid[key]
        report = channel.report(now)
        if report is not None:
            self.bus.publish(name, report)

    def _end_those_over(self, now: float) -> None:
        if not self.bus.connected or now - self._since < self.OVER_SECONDS:
            return
        for name in [name for name, each in self.channels.items() if now - each.heard_at > self.OVER_SECONDS]:
            logger.info("The stream of %s is over.", name)
            # Closed first: whoever comes back at once must not come to it, and other channels wait for nobody.
            del self.channels[name]
            self.hub.end(self._desks.pop(name), "the stream is over")

    def _hear(self, heard: Heard) -> None:
        now, name, frame = self._now(), heard.channel, heard.frame
        if isinstance(frame, Terms):
            self._go_by(name, frame, now)
            return
        channel = self.channels.get(name)
        if channel is None:
            return
        match frame:
            case Joins():
                if frame.node != self.id:
                    change = channel.hear(frame, now)
                    self.counts["moved away"] += len(change.gone)
                    for viewer, unsure in change.gone.items():
                        self.hub.dismiss(viewer, name, unsure)
                    if change.missed:
                        self._recall(name, channel, now)
            case Recall():
                if frame.node != self.id:
                    channel.hurry(now)
                    for joins in channel.roll.answer(frame.seconds):
                        self.bus.publish(name, joins, frame.node)
            case Tell():
                self._tell(name, channel, frame, now)
            case _:
                self.counts["not for nodes"] += 1

    def _go_by(self, name: str, terms: Terms, now: float) -> None:
        channel = self.channels.get(name)
        if channel is not None:
            if not channel.update(terms, now):
                self.counts["another bot"] += 1
            if channel.wants:
                self._want(name, now)
        elif len(self.channels) >= self.MAX_CHANNELS:
            self.counts["too many channels"] += 1
        elif terms.door is None:
            self._want(name, now)
        else:
            channel = self.channels[name] = NodeChannel(name, self.id, self.name, self._settings, terms, now)
            channel.desk.on_expel = self.hub.expel
            self._desks[name] = channel.desk
            self._recall(name, channel, now)
            logger.info("The stream of %s is live.", name)

    def _want(self, name: str, now: float) -> None:
        # What has been asked for is on its way, or was lost.
        wanted = {each: asked for each, asked in self._wanted.items() if 0 <= now - asked < 0.5}
        if name not in wanted:
            wanted[name] = now
            self.bus.publish(name, Want(self.id))
        self._wanted = wanted

    def _tell(self, name: str, channel: NodeChannel, said: Tell, now: float) -> None:
        try:
            frame = told_by(said)
        except ValueError:
            self.counts["refused"] += 1
            return
        if channel.tell(said.viewer, frame, now):
            self.hub.tell(said.viewer, frame, name)

    def _connected(self, connected: bool) -> None:
        now = self._now()
        if not connected:
            if self.bus.made_up(now - self._since):
                self._lost = now
            return
        self._since = now
        for name, channel in self.channels.items():
            channel.recall_seconds = now - self._lost + channel.roll.RECALLED
            channel.listening_since = now
            # First our joins, so that none of them is answered with.
            for joins in channel.joins(now):
                self.bus.publish(name, joins)
            self._recalled.pop(name, None)
            self._recall(name, channel, now)
            self.bus.publish(name, channel.roll.stand())

    def _missed(self) -> None:
        """Frames have been lost on the way from the connection to here."""
        now = self._now()
        for name, channel in self.channels.items():
            self._recall(name, channel, now)

    def _recall(self, name: str, channel: NodeChannel, now: float) -> None:
        if now - self._recalled.get(name, float("-inf")) >= 0.5:
            self._recalled[name] = now
            self.bus.publish(name, Recall(self.id, channel.recall_seconds))

    @property
    def _fault(self) -> str:
        """Why no viewer's vote would get to a bot from here; where NATS is, strangers aren't told."""
        return self.bus.fault if self.bus.connected else "no bus"

    async def _health(self, _request: web.Request) -> web.Response:
        why = self._fault
        told = {"status": why or "ok", "channels": len(self.channels), "viewers": self.viewers}
        return web.json_response(told, status=503 if why else 200)

    async def _ready(self, _request: web.Request) -> web.Response:
        """For who spreads viewers over hubs: 503 while no more should come here."""
        why = self.hub.closed or self._fault
        return web.json_response({"status": why or "ready"}, status=503 if why else 200)
