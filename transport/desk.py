"""Who may join a hub, and which readings count: every decision of the WebSocket hub, without I/O or clock."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Annotated, Final, Protocol

from msgspec import Meta, Struct, json
from msgspec.structs import replace

from transport.appearances import Appearances
from transport.identities import CODE_SECONDS, Identities, chatter_key, subject_of
from transport.limits import Rate, paced_interval
from transport.reading import (
    MAX_FRAME_BYTES,
    PROTOCOL_VERSION,
    UNREADABLE,
    Appear,
    Away,
    Code,
    Dropped,
    Forget,
    Forgotten,
    HubFrame,
    Identify,
    Join,
    Leave,
    Linked,
    Pace,
    Post,
    Reading,
    Shown,
    Unlink,
    Welcome,
    agent_decoder,
    hello_decoder,
    join_decoder,
    sums_to_one,
)
from transport.refusal import Refusal
from transport.tokens import Admission, Door, Issuer

__all__ = ["OVERSIZED", "Audience", "Desk", "Guest", "HubSettings", "Refusal"]


class HubSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[hub]` of config.toml."""

    interval: Annotated[float, Meta(ge=0.2, le=60)] = 1.0
    heartbeat: Annotated[float, Meta(ge=1, le=60)] = 5.0
    max_viewers: Annotated[int, Meta(ge=1, le=19_000)] = 5000
    readings_per_second: Annotated[float, Meta(ge=1, le=1_000_000)] = 4000.0
    joins_per_second: Annotated[float, Meta(gt=0, le=100_000)] = 50.0
    join_burst: Annotated[int, Meta(ge=1, le=100_000)] = 200
    connections_per_address: Annotated[int, Meta(ge=1, le=19_000)] = 2000
    join_timeout: Annotated[float, Meta(ge=1, le=60)] = 10.0
    behind_proxy: bool = False
    link_days: Annotated[int, Meta(ge=1, le=3650)] = 90
    nats: Annotated[str, Meta(max_length=2000)] = ""
    nats_login: str = ""


REPLACED: Final = "you joined again from another window; this one stops"
OVERSIZED: Final = f"a frame may have at most {MAX_FRAME_BYTES} bytes"


class Audience(Protocol):
    """What a hub feeds. All calls come from the event loop and must not block."""

    def take(self, reading: Reading) -> None:
        """A checked reading has come in."""

    def leave(self, viewer: str) -> None:
        """The viewer's vote is withdrawn."""

    def forget(self, viewer: str) -> None:
        """Erase whatever is kept of this viewer."""


class Guest:
    """One joined connection."""

    __slots__ = ("admission", "ended", "frames", "heard", "interval", "rate", "sequence", "told", "viewer")

    def __init__(self, viewer: str, sequence: int, interval: float, now: float, admission: Admission) -> None:
        self.admission = admission
        # Why the connection must end, once that is so.
        self.ended: Refusal | None = None
        self.heard = now
        # Twice what an honest agent can come to at the fastest pace, and room for what a stalled network held back.
        self.frames = Rate(0.1, burst=50)
        self.viewer = viewer
        self.sequence = sequence
        self.told = float("-inf")
        self.keep(interval)

    def keep(self, interval: float) -> None:
        """Hold the guest to one reading every `interval` seconds."""
        self.interval = interval
        # A viewer whose frames were held up by the network may be early once or twice; a flood is not.
        self.rate = Rate(interval * 0.8, burst=3)


class Desk:
    """Who may join, and which readings count. Pure: no I/O, time comes in."""

    REMEMBERED_SEQUENCES: Final = 65_536
    MISSED_HEARTBEATS: Final = 4

    def __init__(
        self,
        settings: HubSettings,
        channel: str,
        door: Door,
        audience: Audience,
        minimum_viewers: int = 3,
        identities: Identities | None = None,
        link_command: str = "!mood link",
        appearances: Appearances | None = None,
        issuer: Issuer | None = None,
    ) -> None:
        """`door` says who may join; `issuer` gives fresh tokens to those who are in, None: somebody else does.

        `identities` gives agents codes that their viewers type behind `link_command`; None: this hub has none.
        `appearances` keeps who has chosen to be shown; None: this hub shows nobody.
        """
        self.identities = identities
        self.appearances = appearances
        self._link_command = link_command
        self.settings = settings
        self.minimum_viewers = minimum_viewers
        self.channel = channel
        self.door = door
        self.issuer = issuer
        self.audience = audience
        # Called with each guest whose connection must end now: when the token, the person or a newer one wants it so.
        self.on_expel: Callable[[Guest, Refusal], None] = lambda _guest, _refusal: None
        # Called with each guest that has got a seat, or is known as another person.
        self.on_seat: Callable[[Guest], None] = lambda _guest: None
        self.guests: dict[str, Guest] = {}
        # Seconds between readings that a viewer is asked to keep now; follows the number of guests.
        self.interval = settings.interval
        self.counts: Counter[str] = Counter()
        # Seconds within which those are heard of who come another way, if that is slower than the hub's heartbeat.
        self.slow_heartbeat = 0.0
        self._sequences: OrderedDict[str, int] = OrderedDict()
        # The newest viewer of each person who is known: one vote a person.
        self._persons: OrderedDict[str, str] = OrderedDict()

    @property
    def heartbeat(self) -> float:
        """Seconds within which a viewer must be heard of."""
        return max(self.settings.heartbeat, self.interval)

    def join(self, text: bytes, now: float) -> tuple[Guest, Guest | None, Welcome]:
        """Judge a first frame. Returns the guest, its own earlier connection that must end now, and the answer.

        Raises Refusal.
        """
        join = self._readable_join(text)
        admission = self.door.admit(join.channel, join.token, join.viewer, now)
        earlier = self.guests.get(join.viewer)
        guest = self.admit(join.viewer, now, admission)
        welcome = Welcome(
            PROTOCOL_VERSION, self.channel, guest.sequence, guest.interval, self.heartbeat, self.minimum_viewers
        )
        welcome.links, welcome.linked = self.identities is not None, guest.admission.linked
        welcome.token = self.issuer.renewed(guest.admission, now) if self.issuer is not None else ""
        welcome.shows = self.appearances is not None
        return guest, earlier, welcome

    def admit(self, viewer: str, now: float, admission: Admission | None = None) -> Guest:
        """Give a viewer a seat, in place of an earlier one of the same viewer, and of the same person.

        Without an admission the viewer has come another way than by a token. Raises Refusal when all seats are taken,
        or the viewer is banned.
        """
        if admission is None:
            admission = self.door.check(Admission(), viewer)
        earlier = self.guests.get(viewer)
        if earlier is None and len(self.guests) >= self.settings.max_viewers:
            raise Refusal("full", "the stream's hub is full; your agent will try again", retry=True)
        sequence = earlier.sequence if earlier is not None else self._sequences.get(viewer, 0)
        if earlier is not None:
            self._hide(viewer)
        guest = self.guests[viewer] = Guest(viewer, sequence, self.interval, now, admission)
        self._know(guest, now)
        self._pace()
        self.counts["joined"] += 1
        return guest

    def hand(self, viewer: str, token: str, now: float) -> None:
        """A viewer who is in is given another token, and is from now on whom it says. Raises Refusal."""
        guest = self.guests.get(viewer)
        if guest is not None and token:
            guest.admission = self.door.admit(self.channel, token, viewer, now)
            self._know(guest, now)

    def expel(self, subject: str = "") -> None:
        """After the door's terms have changed: end those who may not be in any more.

        Who was linked and isn't any more stays, as an anonymous viewer. With a `subject`: only that one person's terms
        have changed.
        """
        concerned = self.guests.get(self._persons.get(subject, ""))
        for guest in list(self.guests.values()) if not subject else [concerned] if concerned is not None else []:
            try:
                guest.admission = self.door.check(guest.admission, guest.viewer)
            except Refusal as refusal:
                self._end(guest, refusal)

    def take(self, guest: Guest, text: bytes, now: float) -> HubFrame | None:
        """Judge one frame of a joined guest and pass it on. Returns the answer, if any; raises Refusal."""
        if len(text) > MAX_FRAME_BYTES:
            raise Refusal("oversized", OVERSIZED)
        self.count_frame(guest, now)
        try:
            frame = agent_decoder.decode(text)
        except UNREADABLE as error:
            raise Refusal("malformed", f"that frame can't be read: {error}") from None
        if type(frame) is not Post:
            return self.obey(guest, frame, now)
        answer = self.count(guest, frame, now)
        if answer is not None or guest.sequence != frame.sequence or self.interval == guest.interval:
            return answer
        guest.keep(self.interval)
        return Pace(self.interval, self.heartbeat)

    def count(self, guest: Guest, frame: Post, now: float) -> Dropped | None:
        """Judge one reading of a guest, however it came, and pass it on. Raises Refusal."""
        if not sums_to_one(frame.probabilities):
            raise Refusal("malformed", "the seven probabilities must add up to 1")
        if frame.sequence <= guest.sequence:
            return self._drop(guest, frame, "replayed", "this sequence number was used before", now)
        if not guest.rate.allow(now):
            return self._drop(guest, frame, "too fast", f"one reading every {guest.interval:g} s, please", now)
        guest.sequence = frame.sequence
        self.counts["readings"] += 1
        self.audience.take(
            Reading(
                guest.viewer, "face", now, frame.probabilities, frame.quality, frame.captured, guest.admission.linked
            ),
        )
        return None

    def obey(
        self, guest: Guest, frame: Away | Leave | Forget | Identify | Unlink | Appear, now: float
    ) -> HubFrame | None:
        """Withdraw a guest's vote, erase or show the guest, or tie it to a name in chat. Returns the answer, if any."""
        if type(frame) is Appear:
            if self.appearances is None:
                return Shown(reason="this stream shows no single viewers")
            return self.appearances.appear(guest.viewer, frame, now)
        if type(frame) is Identify:
            if self.identities is None:
                return None
            self.counts["codes"] += 1
            return Code(f"{self._link_command} {self.identities.code(guest.viewer, now)}", CODE_SECONDS)
        # A face that is gone for a moment is still the same person's; whoever leaves is nobody's any more.
        if type(frame) is not Away and self.identities is not None:
            self.identities.unlink_viewer(guest.viewer)
        if type(frame) is Unlink or type(frame) is Forget:
            self._unlink(guest, now)
        if type(frame) is Unlink:
            return Linked(token=self.issuer.anonymous(guest.admission, now) if self.issuer is not None else "")
        if type(frame) is Forget:
            self.audience.forget(guest.viewer)
            self._hide(guest.viewer)
            self._sequences.pop(guest.viewer, None)
            for person in [person for person, viewer in self._persons.items() if viewer == guest.viewer]:
                self.release(person)
            guest.sequence = 0
            self.counts["forgotten"] += 1
            return Forgotten()
        self.audience.leave(guest.viewer)
        if type(frame) is Leave:
            self._hide(guest.viewer)
        return None

    def count_frame(self, guest: Guest, now: float) -> None:
        """Count a frame of any kind. Raises Refusal for a flood, and for who has joined again elsewhere."""
        if not guest.frames.allow(now):
            raise Refusal("flood", "far too many frames; update your LERA agent")
        if self.guests.get(guest.viewer) is not guest:
            raise guest.ended or Refusal("replaced", REPLACED)
        guest.heard = now

    def silent(self, now: float) -> list[Guest]:
        """Those who have missed some heartbeats in a row."""
        limit = now - self.MISSED_HEARTBEATS * self.heartbeat
        return [guest for guest in self.guests.values() if guest.heard < limit]

    def gone(self, guest: Guest) -> None:
        """The connection has ended. The vote stays until it expires: most come back within seconds."""
        if self.guests.get(guest.viewer) is guest:
            del self.guests[guest.viewer]
            self._hide(guest.viewer)
            self._pace()
        if guest.sequence:
            self._sequences[guest.viewer] = max(guest.sequence, self._sequences.get(guest.viewer, 0))
            self._sequences.move_to_end(guest.viewer)
            if len(self._sequences) > self.REMEMBERED_SEQUENCES:
                self._sequences.popitem(last=False)

    def _know(self, guest: Guest, now: float) -> None:
        """Tie a guest to the person that the token names, or who typed the code of this very viewer before."""
        identities, admission = self.identities, guest.admission
        if identities is not None:
            chatter = identities.chatter_of(guest.viewer)
            if admission.linked:
                identities.tie(chatter_key(admission.subject), guest.viewer)
            elif chatter is not None:
                # Its agent is too old to keep a token.
                admission = guest.admission = replace(admission, linked=True, subject=subject_of(chatter), issued=now)
        if admission.linked:
            before = self._persons.pop(admission.subject, guest.viewer)
            self._persons[admission.subject] = guest.viewer
            if len(self._persons) > self.REMEMBERED_SEQUENCES:
                self._persons.popitem(last=False)
            if before != guest.viewer:
                self._replace(before, admission.subject)
        self.on_seat(guest)

    def _replace(self, viewer: str, subject: str) -> None:
        """The person has come with another viewer's key: only the newest has a vote."""
        earlier = self.guests.get(viewer)
        if earlier is None:
            # Gone, perhaps just now; the vote would stay for some seconds.
            self.audience.leave(viewer)
        elif earlier.admission.subject == subject:
            self._end(earlier, Refusal("replaced", REPLACED))

    def release(self, subject: str) -> None:
        """Know no longer which viewer a person was."""
        self._persons.pop(subject, None)

    def _unlink(self, guest: Guest, now: float) -> None:
        admission = guest.admission
        if admission.linked:
            guest.admission = replace(admission, linked=False, subject="")
            if self.issuer is not None:
                self.issuer.unlinked(admission.subject, now)

    def _end(self, guest: Guest, refusal: Refusal) -> None:
        """End a guest's connection; vote and tile go at once."""
        guest.ended = refusal
        if self.guests.get(guest.viewer) is guest:
            if refusal.cause != "replaced" and self.identities is not None:
                self.identities.unlink_viewer(guest.viewer)
            self.audience.leave(guest.viewer)
            self.gone(guest)
        self.on_expel(guest, refusal)

    def _hide(self, viewer: str) -> None:
        if self.appearances is not None:
            self.appearances.drop(viewer)

    def _readable_join(self, text: bytes) -> Join:
        if len(text) > MAX_FRAME_BYTES:
            raise Refusal("oversized", OVERSIZED)
        try:
            hello = hello_decoder.decode(text)
        except UNREADABLE:
            raise Refusal("first frame", "the first frame must be a join in JSON") from None
        if hello.type != "join":
            raise Refusal("first frame", "the first frame must be a join")
        if hello.version != PROTOCOL_VERSION:
            older = hello.version < PROTOCOL_VERSION
            mend = "update your LERA agent" if older else "the streamer has to update LERA"
            versions = f"you speak version {hello.version}, this stream version {PROTOCOL_VERSION}"
            raise Refusal("version", f"{versions}: {mend}")
        try:
            return join_decoder.decode(text)
        except UNREADABLE as error:
            raise Refusal("first frame", f"that join can't be read: {error}") from None

    def _pace(self) -> None:
        self.interval = paced_interval(len(self.guests), self.settings.readings_per_second, self.settings.interval)

    def _drop(self, guest: Guest, frame: Post, cause: str, reason: str, now: float) -> Dropped | None:
        self.counts[f"dropped: {cause}"] += 1
        # One answer a second: a flood must not make the hub write as much as it reads.
        if now - guest.told < 1.0:
            return None
        guest.told = now
        return Dropped(frame.sequence, reason)


class _Addressed(Struct):
    channel: str


_addressed: Final = json.Decoder(_Addressed)


def channel_of(text: bytes) -> str:
    """The channel that an agent's first frame names, so that its desk can judge the rest. Raises Refusal."""
    if len(text) > MAX_FRAME_BYTES:
        raise Refusal("oversized", OVERSIZED)
    try:
        return _addressed.decode(text).channel
    except UNREADABLE:
        raise Refusal("first frame", "the first frame must be a join in JSON, and name a channel") from None
