"""One channel at a node: its desk, its votes, and what the bus is told of them. No I/O; time comes in, in seconds."""

import random
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from transport.bus import (
    HURRY_SECONDS,
    REPORT_SECONDS,
    Ask,
    Askable,
    BotClock,
    Joins,
    Report,
    Seat,
    Tellable,
    Terms,
    ask,
    hashes,
)
from transport.desk import Audience, Desk, Guest, HubSettings
from transport.masking import Masking
from transport.partial import Partial, encode_partial
from transport.reading import Appear, Away, Forget, HubFrame, Identify, Leave, Linked, Reading, Renew, Unlink, Welcome
from transport.refusal import Refusal
from transport.roll import Change, Roll
from transport.tokens import Door
from transport.votes import Votes

Said = Ask | Seat


class NodeDesk(Desk):
    """A desk whose bot is elsewhere: what only the bot knows is asked for, and answered later."""

    def __init__(
        self, settings: HubSettings, channel: str, door: Door, audience: Audience, ask: Callable[[str, Askable], None]
    ) -> None:
        """`ask` is called with a viewer and the frame that only the bot can answer."""
        super().__init__(settings, channel, door, audience, link_command="")
        self._ask = ask
        # Who has asked for a code here, so that the bot may know them.
        self._coded: set[str] = set()
        # Says once more who a linked guest is.
        self.remind: Callable[[Guest], None] = lambda _guest: None

    def join(self, text: bytes, now: float) -> tuple[Guest, Guest | None, Welcome]:
        """As every desk; whether viewers can be linked, the bot has said."""
        guest, earlier, welcome = super().join(text, now)
        welcome.links = bool(self.link_command)
        return guest, earlier, welcome

    def renew(self, guest: Guest, token: str, now: float) -> str:
        """Ask the bot for a fresh token where one is due: only there is what signs them."""
        if guest.admission.is_due(now):
            self._ask(guest.viewer, Renew(token))
        return ""

    def go_by(self, settings: HubSettings) -> None:
        """Keep to this pace from now on."""
        self.settings = settings
        self._pace()

    def obey(
        self, guest: Guest, frame: Away | Leave | Forget | Identify | Unlink | Renew | Appear, now: float
    ) -> HubFrame | None:
        """As every desk; the bot answers what is about names in chat, and what must be erased there, too."""
        if type(frame) is Identify:
            if self.link_command:
                self.counts["codes"] += 1
                self._coded.add(guest.viewer)
                self._ask(guest.viewer, frame)
            return None
        linked = guest.admission.linked
        if linked and isinstance(frame, Unlink | Forget):
            # A bot that was started anew meanwhile must know whose link it is to end.
            self.remind(guest)
        answer = super().obey(guest, frame, now)
        if isinstance(frame, Unlink | Forget):
            self._ask(guest.viewer, frame)
            # Of who is nobody in chat the bot keeps nothing, and it may be asked more than it can answer.
            return None if linked or guest.viewer in self._coded else answer
        if type(frame) is Leave and linked:
            self._ask(guest.viewer, frame)
        return answer

    def gone(self, guest: Guest) -> None:
        """As at every desk."""
        super().gone(guest)
        if guest.viewer not in self.guests:
            self._coded.discard(guest.viewer)


class NodeChannel:
    """What a node keeps of one channel; the `Audience` of its desk."""

    HEARD_SECONDS: Final = 3.5
    """Without terms for so long, the bot is away, and isn't told anything."""
    OWED: Final = 10_000

    def __init__(
        self, name: str, node: str, label: str, limits: HubSettings, terms: Terms, now: float,
        chance: random.Random | None = None,
    ) -> None:  # fmt: skip
        """`terms` come with a door. `limits` are the node's own; `label` is its name for people.

        `chance` is the masking's, for a test.
        """
        door = terms.door
        assert door is not None
        self.name = name
        self.terms = terms
        # The bot's run and its edition of the door that is gone by here.
        self._edition = terms.bot, terms.edition
        self.heard_at = now
        # Since when the bus is there: before that, no bot could be heard.
        self.listening_since = now
        # Another bot of this name that has another key, and whether terms have come of one whose key isn't known.
        self._other = ""
        self._unknown = False
        self._clock = BotClock()
        self._clock.hear(terms.bot, terms.time, now)
        self.roll = Roll(node)
        self._masking = Masking(terms.minimum_viewers, chance)
        self.votes = Votes(terms.expiry, masking=self._masking)
        # Once the bars were shown, what changes here while they are hidden may be seen when they are shown again.
        self._masked = False
        # How many votes the last partial had.
        self._counted = 0
        self.desk = NodeDesk(limits, name, Door(door), self, self._ask)
        self.desk.on_seat = self._seated
        self.desk.remind = lambda guest: self._seated(guest, joins=False)
        # What the bot must hear, and has not been told yet.
        self.unsaid: dict[tuple[str, type], Said] = {}
        # So many seconds of joins are asked for when some were missed.
        self.recall_seconds = Roll.RECALLED
        self._limits = limits
        self._node = node
        self._label = label
        self._now = now
        self._sequence = 0
        self._settled = now
        self._last = self._due = self._hurried_until = float("-inf")
        self._empty = True
        self._apply(terms)

    # What the desk feeds (transport.desk.Audience).

    def take(self, reading: Reading) -> None:
        """Count a reading, or keep it while the viewer's vote may still be at another hub."""
        if self.terms.paused:
            return
        if reading.viewer in self.roll.waiting:
            self.roll.waiting[reading.viewer] = reading
        else:
            self.votes.take(reading, reading.time)

    def leave(self, viewer: str) -> None:
        """Withdraw a vote."""
        self.votes.leave(viewer)
        if viewer in self.roll.waiting:
            self.roll.waiting[viewer] = None

    def forget(self, viewer: str) -> None:
        """Erase a viewer; the bot is asked to do the same."""
        self.leave(viewer)
        self.votes.forget(viewer)

    # What the bus brings.

    def clock(self, now: float) -> float:
        """The bot's clock."""
        return self._clock.at(now)

    def update(self, terms: Terms, now: float) -> bool:
        """Go by the bot's newest terms. False when they are another bot's: nothing of them holds here."""
        if not self._follows(terms, now):
            return False
        before, self.terms = self.terms, terms
        self.heard_at = now
        self._clock.hear(terms.bot, terms.time, now)
        if terms.bot != before.bot:
            # It was started anew, and knows none of those who have proved who they are.
            for guest in self.desk.guests.values():
                self._seated(guest, joins=False)
        if terms.paused or (terms.cleared, terms.bot) != (before.cleared, before.bot):
            self._clear()
        if terms.door is not None:
            self._edition = terms.bot, terms.edition
            if terms.door != self.desk.door.terms:
                self.desk.door.update(terms.door)
                self.desk.expel()
        self._apply(terms)
        return True

    @property
    def wants(self) -> bool:
        """Whether the bot goes by another door than this node, or one whose key isn't known is there."""
        return self._unknown or self._edition != (self.terms.bot, self.terms.edition)

    def _follows(self, terms: Terms, now: float) -> bool:
        """Whether terms are of the bot that is gone by, or of one that takes its place.

        A bot that was started anew has the key of the one before it. One with another key would put all viewers out,
        so that it is gone by only when nothing is heard of the first.
        """
        self._unknown = False
        silent = now - max(self.heard_at, self.listening_since) > self.HEARD_SECONDS
        if terms.bot == self.terms.bot or silent:
            return True
        if terms.door is None:
            self._unknown = terms.bot != self._other
            return False
        if terms.door.public_key != self.desk.door.terms.public_key:
            self._other = terms.bot
            return False
        return True

    def hear(self, joins: Joins, now: float) -> Change:
        """Let go of those who have joined another hub."""
        change = self.roll.hear(joins, now)
        for viewer in (*change.gone, *change.held):
            self.votes.move(viewer)
        if joins.whole:
            self.hurry(now)
        return change

    def hurry(self, now: float) -> None:
        """Hubs have just found each other again: report more often for a moment, since each waits for the others."""
        self._hurried_until = now + HURRY_SECONDS
        self._due = min(self._due, self._last + REPORT_SECONDS / 4)

    def tell(self, viewer: str, frame: Tellable, now: float) -> bool:
        """The bot says this to a viewer. False when that one is not here."""
        if viewer not in self.desk.guests:
            return False
        if isinstance(frame, Linked) and frame.token:
            try:
                self.desk.hand(viewer, frame.token, now)
            except Refusal:
                # These terms are older than the token; the agent will show it when it joins again.
                self.desk.counts["token too new"] += 1
        return True

    # What the bus is told.

    def beat(self, now: float) -> None:
        """Count those whose join is known to all by now."""
        self._now = now
        if self.roll.waiting:
            for reading in self.roll.settle(now):
                self.votes.take(reading, now)
        if now - self._settled >= 1.0:
            # Also while nobody is told: what stays of those who left must end in time, for they may count elsewhere.
            self._partial(now)

    def owed(self, now: float) -> list[tuple[tuple[str, type], Said]]:
        """What the bot must hear of viewers, oldest first; nothing while nobody would hear it."""
        there = now - self.heard_at <= self.HEARD_SECONDS
        return list(self.unsaid.items()) if there and self.unsaid else []

    def joins(self, now: float) -> list[Joins]:
        """The newest joins, for the other hubs."""
        return self.roll.tell(now)

    def report(self, now: float, last: bool = False) -> Report | None:
        """What the bot should hear now, if anything; `last`: that nobody has a vote here any more."""
        if last:
            self._clear()
        elif now < self._due or now - self.heard_at > self.HEARD_SECONDS:
            return None
        viewers = 0 if last else len(self.desk.guests)
        partial = self._partial(now)
        empty = not viewers and not partial.voters
        if empty and self._empty:
            return None
        self._empty = empty
        # On the beat, so that the time that it takes doesn't add up.
        pace = REPORT_SECONDS / 4 if now < self._hurried_until else REPORT_SECONDS
        self._due = max(self._due + pace, now + pace / 2)
        self._last = now
        self._sequence += 1
        return Report(
            self._node, self._label, self._sequence, self.roll.included, self.roll.heard(now), self.terms.time,
            now - self.heard_at, viewers, encode_partial(partial),
        )  # fmt: skip

    def prune(self) -> None:
        """Forget the joins of all who have neither a seat nor a vote any more."""
        self.roll.prune(lambda viewer: viewer in self.desk.guests or viewer in self.votes)

    def _partial(self, now: float) -> Partial:
        elsewhere = max(0, self.terms.total - self._counted)
        partial = self.votes.partial(now, shown=self._masked, elsewhere=elsewhere)
        self._settled, self._counted = now, partial.voters
        return partial

    def _apply(self, terms: Terms) -> None:
        desk = self.desk
        self._masked |= terms.shown
        self._masking.go_by(terms.minimum_viewers, terms.masked)
        if (desk.settings.interval, desk.settings.heartbeat) != (terms.interval, terms.heartbeat):
            desk.go_by(replace(self._limits, interval=terms.interval, heartbeat=terms.heartbeat))
        desk.minimum_viewers = terms.minimum_viewers
        desk.link_command = terms.link_command
        # A crowd that was paced down speaks less often, and must not flicker for it.
        self.votes.expiry = max(terms.expiry, 3 * desk.heartbeat)
        self.votes.ask(hashes(terms.asked))

    def _clear(self) -> None:
        self.votes.clear()
        for viewer in self.roll.waiting:
            self.roll.waiting[viewer] = None

    def _seated(self, guest: Guest, joins: bool = True) -> None:
        admission = guest.admission
        if joins:
            self.roll.join(guest.viewer, self.clock(max(self._now, guest.heard)), admission.subject)
            if guest.viewer in self.roll.waiting:
                self.votes.move(guest.viewer)
        if admission.linked:
            seat = Seat(self._node, guest.viewer, admission.subject)
            again = self.unsaid.get((guest.viewer, Seat), seat) == seat
            self._owe(guest.viewer, Seat, seat)
            # A link whose end the bot hasn't heard of ends also where the viewer has come back by it meanwhile.
            for kind in (Unlink, Forget) if again else ():
                if said := self.unsaid.pop((guest.viewer, kind), None):
                    self.unsaid[guest.viewer, kind] = said

    def _ask(self, viewer: str, frame: Askable) -> None:
        self._owe(viewer, type(frame), ask(self._node, viewer, frame))

    def _owe(self, viewer: str, kind: type, said: Said) -> None:
        # One of each kind for each viewer, in the order in which they were said last.
        self.unsaid.pop((viewer, kind), None)
        if len(self.unsaid) < self.OWED:
            self.unsaid[viewer, kind] = said
