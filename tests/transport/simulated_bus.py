"""A bus without sockets, with a clock of its own: hubs, a bot, viewers who move, and links that are cut and healed.

Frames wait while a link is cut, as TCP keeps them, and come late; a connection that is given up loses those to the
hub, while those from it may still arrive, as those of a hub that was killed may. A line may be slow for a while. Every
hub's clock is off by its own amount.
"""

import random
from collections import deque
from typing import cast

from tests.transport.test_desk import SEVEN
from transport.bus import HURRY_SECONDS, BotClock, Joins, Recall, Report
from transport.gathering import Gathering
from transport.partial import Partial
from transport.reading import Reading
from transport.roll import Roll

STEP = 0.1
EXPIRY = 15.0


class SimulatedHub:
    """A node, or with `bot` the bot's own hub: viewers' votes as a set, with the time of each."""

    def __init__(self, world: "World", number: int, is_bot: bool) -> None:
        self.world = world
        self.name = f"{'bot' if is_bot else 'node'}-{number:04}"
        self.offset = world.chance.uniform(-1e6, 1e6)
        self.roll = Roll(self.name)
        self.votes: dict[str, float] = {}
        self.seats: set[str] = set()
        self.inbox: deque[tuple[float, object, bool]] = deque()
        self.outbox: deque[tuple[float, object, str]] = deque()
        self.cut = False
        # Seconds that each frame takes on its line, each way.
        self.slow = 0.0
        self.connected = True
        self.cut_at = 0.0
        self.bot_clock = BotClock()
        self.heard_at = float("-inf")
        self.terms = float("-inf")
        self.sequence = 0
        self.hurried = self.last = float("-inf")
        self.due = world.chance.random()
        # Agents whose connection was ended though they may have come back, and who join again at once.
        self.back: list[str] = []

    @property
    def now(self) -> float:
        return self.world.now + self.offset

    @property
    def clock(self) -> float:
        return self.bot_clock.at(self.now)

    def join(self, viewer: str) -> None:
        self.seats.add(viewer)
        self.world.at[viewer] = self
        self.roll.join(viewer, self.clock)
        if viewer in self.roll.waiting:
            self.votes.pop(viewer, None)

    def speak(self) -> None:
        """Each seated viewer posts a reading."""
        for viewer in self.seats:
            if viewer in self.roll.waiting:
                self.roll.waiting[viewer] = Reading(viewer, "face", self.now, SEVEN)
            else:
                self.votes[viewer] = self.now

    def count(self, readings: list[Reading]) -> None:
        self.votes.update((reading.viewer, reading.time) for reading in readings)

    def hear(self, frame: object, straight: bool) -> None:
        match frame:
            case float():
                self.terms, self.heard_at = frame, self.now
                self.bot_clock.hear("bot", frame, self.now)
            case Joins():
                frame = Joins(frame.node, frame.sequence, frame.people, frame.times, frame.whole and straight)
                change = self.roll.hear(frame, self.now)
                for viewer in (*change.gone, *change.held):
                    self.votes.pop(viewer, None)
                self.seats.difference_update(change.gone)
                self.back += [viewer for viewer, unsure in change.gone.items() if unsure]
                if change.missed:
                    self.recall()
                if frame.whole:
                    self.hurried = self.world.now + HURRY_SECONDS
            case Recall():
                self.hurried = self.world.now + HURRY_SECONDS
                for joins in self.roll.answer(frame.seconds):
                    self.say(joins, frame.node)

    def recall(self) -> None:
        self.say(Recall(self.name, self.world.now - self.cut_at + Roll.RECALLED))

    def say(self, frame: object, to: str = "") -> None:
        if self.connected:
            self.outbox.append((self.world.now + self.world.delay(), frame, to))

    def reconnect(self) -> None:
        self.connected = True
        for joins in self.roll.tell(self.now):
            self.say(joins)
        self.recall()
        self.say(self.roll.stand())

    def step(self) -> None:
        now = self.now
        for viewer, time in list(self.votes.items()):
            if time <= now - EXPIRY:
                del self.votes[viewer]
        if self.heard_at == float("-inf"):
            return
        for viewer in self.back:
            if self.world.at.get(viewer) is self:
                self.join(viewer)
        self.back.clear()
        for joins in self.roll.tell(now):
            self.say(joins)
        if round(self.world.now / STEP) % 20 == 0 and self.roll.sequence:
            self.say(self.roll.stand())

    def report(self) -> None:
        self.count(self.roll.settle(self.now))
        pace = 0.25 if self.world.now < self.hurried else 1.0
        if self.world.now < min(self.due, self.last + pace) or self.now - self.heard_at > 3.5:
            return
        self.due, self.last = self.world.now + pace, self.world.now
        self.sequence += 1
        partial = cast(Partial, frozenset(self.votes))
        self.say(
            Report(
                self.name, "", self.sequence, self.roll.included, self.roll.heard(self.now), self.terms,
                self.now - self.heard_at, 0, partial,  # type: ignore[arg-type]
            )
        )  # fmt: skip


class World:
    """All of it, stepped by tenths of a second."""

    GIVE_UP = 2.5

    def __init__(self, seed: int, nodes: int = 3, viewers: int = 12) -> None:
        self.chance = random.Random(seed)
        self.now = 0.0
        self.bot = SimulatedHub(self, 0, True)
        self.bot.offset = 1e9
        self.nodes = [SimulatedHub(self, number, False) for number in range(nodes)]
        self.hubs = [self.bot, *self.nodes]
        self.killed: list[SimulatedHub] = []
        self.at: dict[str, SimulatedHub] = {}
        self.viewers = [f"viewer-{number:016}" for number in range(viewers)]
        self.gathering = Gathering()
        self.counted: dict[str, frozenset[str]] = {}

    def delay(self) -> float:
        return self.chance.uniform(0.0, 0.15)

    def move(self, viewer: str, to: SimulatedHub) -> None:
        """The viewer's agent has lost its hub, and joins this one; nobody has told the other."""
        for hub in self.hubs:
            hub.seats.discard(viewer)
        # A node lets nobody in before it has heard the bot.
        if to is self.bot or to.heard_at > float("-inf"):
            to.join(viewer)
        else:
            self.at.pop(viewer, None)

    def cut(self, hub: SimulatedHub) -> None:
        hub.cut, hub.cut_at = True, self.now

    def heal(self, hub: SimulatedHub) -> None:
        hub.cut = False
        if not hub.connected:
            hub.reconnect()

    def restart(self, node: SimulatedHub) -> None:
        """kill -9, and another one in its place."""
        for viewer in node.seats:
            del self.at[viewer]
        node.cut = False
        self.killed.append(node)
        fresh = SimulatedHub(self, len(self.hubs) + len(self.killed), False)
        fresh.cut_at = self.now
        self.nodes[self.nodes.index(node)] = fresh
        self.hubs = [self.bot, *self.nodes]
        fresh.reconnect()

    def step(self) -> None:
        """A tenth of a second passes."""
        self.now += STEP
        for hub in self.hubs:
            if hub.cut and hub.connected and self.now - hub.cut_at > self.GIVE_UP:
                hub.connected = False
                hub.inbox.clear()
            hub.speak()
            hub.step()
        if round(self.now / STEP) % 10 == 0:
            self.bot.hear(self.bot.now, straight=True)
            self.bot.say(self.bot.now)
        for node in self.nodes:
            node.report()
        self._carry()
        bot = self.bot
        held = self.gathering.settle(bot.now, bot.roll)
        bot.count(bot.roll.include(self.gathering.includable(bot.roll)))
        self.counted = {name: cast(frozenset[str], votes) for name, votes in held.items()}
        self.counted[bot.name] = frozenset(bot.votes)

    def votes(self) -> list[str]:
        """Everybody who is counted, as often as they are."""
        return [viewer for counted in self.counted.values() for viewer in counted]

    def _carry(self) -> None:
        for hub in (*self.hubs, *self.killed):
            while hub.outbox and not hub.cut and hub.outbox[0][0] + hub.slow <= self.now:
                _, frame, to = hub.outbox.popleft()
                for other in self.hubs:
                    wanted = other is self.bot if isinstance(frame, Report) else other.name == to or not to
                    if wanted and other is not hub and other.connected:
                        other.inbox.append((self.now + self.delay(), frame, bool(to)))
        for hub in self.hubs:
            while hub.inbox and not hub.cut and hub.inbox[0][0] + hub.slow <= self.now:
                _, frame, straight = hub.inbox.popleft()
                if isinstance(frame, Report):
                    self.gathering.take(frame, cast(Partial, frame.partial), self.bot.now)
                else:
                    hub.hear(frame, straight)
