"""The bot's end of the bus: the votes of other hubs, and what their viewers ask of the bot (`[hub] nats`)."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bot.show import Show
from transport.bus import (
    BEATS_PER_SECOND,
    BUS_VERSION,
    DOOR_SECONDS,
    PRUNE_SECONDS,
    STAND_SECONDS,
    TERMS_SECONDS,
    Ask,
    Heard,
    Joins,
    Recall,
    Report,
    Seat,
    Tellable,
    Terms,
    Want,
    asked_by,
    new_id,
    subjects_of_bot,
    tell,
)
from transport.bus_login import find_login, parse_servers
from transport.gathering import Gathering
from transport.identities import CODE_SECONDS, chatter_key, subject_of
from transport.limits import Rate
from transport.partial import NOBODY, Partial, decode_partial
from transport.reading import Code, Forget, Forgotten, HubFrame, Identify, Linked, Reading, Renew, Renewed, Unlink
from transport.refusal import Refusal
from transport.roll import Roll

if TYPE_CHECKING:
    from transport.nats import Bus

logger = logging.getLogger(__name__)


def attach_nodes(show: Show) -> None:
    """Let a show's crowd be that of other hubs, too, where its settings name NATS. Raises LeraError."""
    settings = show.settings.hub
    if not settings.nats:
        return
    servers, login = parse_servers(settings.nats), find_login(settings.nats_login)
    # Imported only where it is wanted: it costs a sixth of a second.
    from transport.nats import Bus

    def connect(nodes: "Nodes") -> "Bus":
        subjects = subjects_of_bot(show.settings.channel.name, nodes.id)
        return Bus(servers, login, f"LERA bot {nodes.channel}", subjects, nodes.hear, nodes.connected, nodes.missed)

    show.nodes = Nodes(show, connect)


class Nodes:
    """All other hubs of one show."""

    WANTED_SECONDS: Final = 0.5
    """However many nodes want the door, it is said again after so long at the earliest."""

    def __init__(self, show: Show, connect: "Callable[[Nodes], Bus]") -> None:
        """`connect` makes the bus that this is an end of."""
        self.id = new_id()
        self.channel = show.settings.channel.name
        self.gathering = Gathering()
        self.roll = Roll(self.id)
        self.other_bot = float("-inf")
        self.bus = connect(self)
        self._show = show
        self._since = self._lost = self._begun = show.now()
        self._recall_seconds = Roll.RECALLED
        self._recalled = float("-inf")
        self._cleared = 0
        self._shown = False
        # The door that was said last, and when; whether a node wants it since.
        self._edition = -1
        self._door_said = float("-inf")
        self._wanted = False
        self._fed: dict[str, tuple[Partial, float]] = {}
        self._sequence = 0
        # Viewers' questions of all nodes together; who asks for codes in a loop keeps nobody from being forgotten.
        self._asks, self._endings = Rate(0.005, burst=400), Rate(0.005, burst=400)
        show.desk.on_seat = lambda guest: self._seated(guest.viewer, guest.admission.subject)

    @property
    def count(self) -> int:
        """How many nodes report."""
        return len(self.gathering)

    @property
    def viewers(self) -> int:
        """How many are connected to nodes."""
        return self.gathering.viewers

    @property
    def voters(self) -> int:
        """How many votes have come through them."""
        return sum(partial.voters for partial, _ in self._fed.values())

    # What the show does.

    def holds(self, reading: Reading) -> bool:
        """Keep a reading of the own hub for later, while the viewer's vote may still be at a node."""
        if reading.viewer not in self.roll.waiting:
            return False
        self.roll.waiting[reading.viewer] = reading
        return True

    def leave(self, viewer: str) -> None:
        """A viewer's vote is withdrawn."""
        if viewer in self.roll.waiting:
            self.roll.waiting[viewer] = None

    def clear(self) -> None:
        """All votes are withdrawn, at the nodes, too."""
        self._cleared += 1
        self.gathering.clear(self._show.now())
        for viewer in self.roll.waiting:
            self.roll.waiting[viewer] = None
        self._say_terms()

    def tell(self, viewer: str, frame: HubFrame) -> None:
        """Send a viewer's agent a frame, wherever it is."""
        self._show.hub.tell(viewer, frame)
        if isinstance(frame, Tellable) and viewer not in self._show.desk.guests:
            self.bus.publish(self.channel, tell(viewer, frame))

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.bus.run())
            tasks.create_task(self._beat())

    # What the bus brings.

    def hear(self, heard: Heard) -> None:
        """A frame from the bus."""
        if heard.channel != self.channel:
            return
        now, frame = self._show.now(), heard.frame
        match frame:
            case Report():
                self._take(frame, now)
            case Joins():
                if frame.node != self.id:
                    self._let_go(frame, now)
            case Recall():
                if frame.node != self.id:
                    for joins in self.roll.answer(frame.seconds):
                        self.bus.publish(self.channel, joins, frame.node)
            case Ask():
                self._answer(frame, now)
            case Seat():
                # Whoever the token names, the terms and the node's door have judged it.
                self._show.roster.identities.tie(chatter_key(frame.subject), frame.viewer)
                self._show.access.came(frame.subject)
            case Want():
                self._wanted = True
            case Terms():
                if frame.bot != self.id:
                    if now - self.other_bot > 60.0:
                        logger.warning("Another bot serves the channel %s on this NATS: stop one.", self.channel)
                    self.other_bot = now
            case _:
                pass

    def connected(self, connected: bool) -> None:
        """The bus has come or gone."""
        now = self._show.now()
        if not connected:
            if self.bus.made_up(now - self._since):
                self._lost = now
            return
        self._since = now
        self._recalled = float("-inf")
        self._recall_seconds = now - self._lost + Roll.RECALLED
        self._wanted, self._door_said = True, float("-inf")
        # First our joins, so that none of them is answered with.
        for joins in self.roll.tell(now):
            self.bus.publish(self.channel, joins)
        self.missed()
        self.bus.publish(self.channel, self.roll.stand())
        self._say_terms()

    def missed(self) -> None:
        """Joins may have been missed: ask for them."""
        now = self._show.now()
        if now - self._recalled >= 0.5:
            self._recalled = now
            self.bus.publish(self.channel, Recall(self.id, self._recall_seconds))

    def _take(self, report: Report, now: float) -> None:
        try:
            partial = decode_partial(report.partial)
        except ValueError:
            self.bus.counts["refused"] += 1
            return
        self.gathering.take(report, partial, now)

    def _let_go(self, joins: Joins, now: float) -> None:
        change = self.roll.hear(joins, now)
        for viewer, unsure in change.gone.items():
            self._show.crowd.move(viewer)
            self._show.roster.drop(viewer)
            self._show.hub.dismiss(viewer, again=unsure)
        for viewer in change.held:
            self._show.crowd.move(viewer)
        if change.missed:
            self.missed()

    def _answer(self, said: Ask, now: float) -> None:
        try:
            frame = asked_by(said)
        except ValueError:
            self.bus.counts["refused"] += 1
            return
        roster, viewer = self._show.roster, said.viewer
        questions = isinstance(frame, Identify | Renew)
        # What ends a link or a code is heard however much others ask; of those who have neither nothing is kept here.
        ends = not questions and roster.identities.knows(viewer)
        if not ends and not (self._asks if questions else self._endings).allow(now):
            self.bus.counts["too many asked"] += 1
            return
        if isinstance(frame, Identify):
            code = roster.identities.code(viewer, now)
            self.tell(viewer, Code(f"{self._link_command} {code}", CODE_SECONDS))
            return
        if isinstance(frame, Renew):
            # The node may say what it likes: only a token that is right is renewed.
            with contextlib.suppress(Refusal):
                admission = self._show.desk.door.admit(self.channel, frame.token, viewer, now)
                if fresh := roster.access.renewed(admission, now):
                    self.tell(viewer, Renewed(fresh))
            return
        chatter = roster.identities.unlink_viewer(viewer)
        if isinstance(frame, Unlink | Forget) and chatter is not None:
            roster.access.unlinked(subject_of(chatter), now)
        if isinstance(frame, Unlink):
            self.tell(viewer, Linked(token=roster.nobodys_token(viewer) if chatter is not None else ""))
        elif isinstance(frame, Forget):
            # The node has erased its vote; here nothing is kept of a viewer but the name in chat.
            self.tell(viewer, Forgotten())

    # The beats.

    async def _beat(self) -> None:
        step = 1 / BEATS_PER_SECOND
        terms = stood = pruned = self._show.now()
        while True:
            await asyncio.sleep(step)
            now = self._show.now()
            self.look(now)
            if now - terms >= TERMS_SECONDS:
                # On the beat, so that the time that it takes doesn't add up.
                terms = max(terms + TERMS_SECONDS, now - step)
                self._say_terms()
            if now - stood >= STAND_SECONDS and self.roll.sequence:
                stood = now
                self.bus.publish(self.channel, self.roll.stand())
            if now - pruned >= PRUNE_SECONDS:
                pruned = now
                self.roll.prune(lambda viewer: viewer in self._show.desk.guests or viewer in self._show.crowd)

    def look(self, now: float) -> None:
        """Count what holds together at `now`."""
        # Numbered in any case: who hears of the next one will know what was missed.
        for joins in self.roll.tell(now):
            self.bus.publish(self.channel, joins)
        held = self.gathering.settle(now, self.roll)
        for reading in self.roll.include(self.gathering.includable(self.roll)):
            self._show.take(reading, now)
        for node in self._fed.keys() - held.keys():
            self._feed(node, NOBODY, now)
            del self._fed[node]
        for node, partial in held.items():
            known = self._fed.get(node)
            # Said again in time: the crowd forgets what it doesn't hear of.
            if known is None or known[0] is not partial or now - known[1] >= 1.0:
                self._feed(node, partial, now)
                self._fed[node] = (partial, now)
        shows = self._show.crowd.shown and not self._shown
        if shows or self._show.access.edition != self._edition or (self._wanted and self._may_say_door(now)):
            # From now on single joins and leaves at nodes can be seen, or others may join.
            self._say_terms()

    def _feed(self, node: str, partial: Partial, now: float) -> None:
        self._sequence += 1
        self._show.receive(node, self._sequence, partial, now)

    def _seated(self, viewer: str, person: str) -> None:
        self.roll.join(viewer, self._show.now(), person)
        if viewer in self.roll.waiting:
            self._show.crowd.move(viewer)

    @property
    def _link_command(self) -> str:
        return f"{self._show.settings.chat.prefix}mood link"

    def _may_say_door(self, now: float) -> bool:
        return not 0 <= now - self._door_said < self.WANTED_SECONDS

    def _say_terms(self) -> None:
        show, now, edition = self._show, self._show.now(), self._show.access.edition
        due = not 0 <= now - self._door_said < DOOR_SECONDS or (self._wanted and self._may_say_door(now))
        door = show.access.terms() if due or edition != self._edition else None
        crowd, hub = show.settings.crowd, show.settings.hub
        self._shown = show.crowd.shown
        terms = Terms(
            BUS_VERSION, self.id, now, door, edition, crowd.minimum_viewers, crowd.expiry, hub.interval,
            hub.heartbeat, show.mood.faces.voters, self.count, show.paused, self._cleared, self._link_command,
            self._shown, show.settings.privacy.mask_changes, b"".join(show.crowd.asked()),
        )  # fmt: skip
        if self.bus.publish(self.channel, terms) and door is not None:
            self._edition, self._door_said, self._wanted = edition, now, False
