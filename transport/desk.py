"""Who may join a hub, and which readings count: every decision of the WebSocket hub, without I/O or clock."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final, NoReturn, Protocol

from msgspec.structs import replace

from transport.appearances import Appearances
from transport.first_frame import OVERSIZED, read_join
from transport.guest import Guest
from transport.hub_settings import HubSettings
from transport.identities import CODE_SECONDS, Identities, Persons, chatter_key, subject_of
from transport.limits import paced_interval
from transport.load import Strain
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
    Leave,
    Linked,
    Pace,
    Post,
    Reading,
    Renew,
    Renewed,
    Shown,
    Unlink,
    Welcome,
    agent_decoder,
    sums_to_one,
)
from transport.refusal import Refusal
from transport.tokens import Admission, Door, Issuer

__all__ = ["OVERSIZED", "Audience", "Desk", "Guest", "HubSettings", "Refusal"]


REPLACED: Final = "you joined again from another window; this one stops"
LEFT: Final = "you said goodbye; join again to be counted"


class Audience(Protocol):
    """What a hub feeds. All calls come from the event loop and must not block."""

    def take(self, reading: Reading) -> None:
        """A checked reading has come in."""

    def leave(self, viewer: str) -> None:
        """The viewer's vote is withdrawn."""

    def forget(self, viewer: str) -> None:
        """Erase whatever is kept of this viewer."""


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
        self.link_command = link_command
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
        self._strain = Strain()
        self._newest = Admission()
        # Seconds within which those are heard of who come another way, if that is slower than the hub's heartbeat.
        self.slow_heartbeat = 0.0
        self._sequences: OrderedDict[str, int] = OrderedDict()
        self.persons = Persons()

    @property
    def heartbeat(self) -> float:
        """Seconds within which a viewer must be heard of."""
        return max(self.settings.heartbeat, self.interval)

    @property
    def renewal(self) -> float:
        """Seconds within which a reading of each viewer is counted, also of those that are shed or come another way."""
        return max(self.heartbeat / (1.0 - self._strain.shed), self.slow_heartbeat)

    def bear(self, strain: Strain) -> None:
        """From now on leave out what an overloaded process can't take, and slow the agents down."""
        self._strain = strain
        self._pace()

    def join(self, text: bytes, now: float) -> tuple[Guest, Guest | None, Welcome]:
        """Judge a first frame. Returns the guest, its own earlier connection that must end now, and the answer.

        Raises Refusal.
        """
        join = read_join(text)
        admission = self.door.admit(join.channel, join.token, join.viewer, now)
        if admission == self._newest:
            # Most come by one link; thousands of copies would be as many times its size.
            admission = self._newest
        self._newest = admission
        earlier = self.guests.get(join.viewer)
        guest = self.admit(join.viewer, now, admission)
        welcome = Welcome(
            PROTOCOL_VERSION, self.channel, guest.sequence, guest.interval, self.heartbeat, self.minimum_viewers
        )
        welcome.links, welcome.linked = self.identities is not None, guest.admission.linked
        welcome.token = self.renew(guest, join.token, now)
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
            raise Refusal("full", "the stream's hub is full", retry=True)
        sequence = earlier.sequence if earlier is not None else self._sequences.get(viewer, 0)
        if earlier is not None:
            self._hide(viewer)
            earlier.ended = Refusal("replaced", REPLACED)
        # By the golden ratio, numbers in a row are spread evenly.
        phase = 0.618034 * self.counts["joined"] % 1.0
        guest = self.guests[viewer] = Guest(viewer, sequence, self.interval, now, admission, phase)
        self._know(guest, now)
        self._pace()
        self.counts["joined"] += 1
        return guest

    def renew(self, guest: Guest, token: str, now: float) -> str:  # noqa: ARG002 - a node hands it on
        """A fresh token in place of a guest's, where that is due; empty where it isn't, or comes later."""
        return self.issuer.renewed(guest.admission, now) if self.issuer is not None else ""

    def hand(self, viewer: str, token: str, now: float) -> None:
        """A viewer who is in is given another token, and is from now on whom it says. Raises Refusal."""
        guest = self.guests.get(viewer)
        if guest is not None and token:
            guest.admission = self.door.admit(self.channel, token, viewer, now)
            if self.identities is not None and not guest.admission.linked:
                self.identities.unlink_viewer(viewer)
            self._know(guest, now)

    def expel(self, subject: str = "") -> None:
        """After the door's terms have changed: end those who may not be in any more.

        Who was linked and isn't any more stays, as an anonymous viewer. With a `subject`: only that one person's terms
        have changed.
        """
        concerned = self.guests.get(self.persons.viewer_of(subject) or "")
        for guest in list(self.guests.values()) if not subject else [concerned] if concerned is not None else []:
            try:
                guest.admission = self.door.check(guest.admission, guest.viewer)
            except Refusal as refusal:
                self._end(guest, refusal)

    def take(self, guest: Guest, text: bytes, now: float) -> HubFrame | None:
        """Judge one frame of a joined guest and pass it on. Returns the answer, if any; raises Refusal."""
        if len(text) > MAX_FRAME_BYTES:
            raise Refusal("oversized", OVERSIZED)
        if not guest.frame_fits(now) or guest.ended is not None:
            self._stop(guest)
        guest.heard = now
        shed = self._strain.shed
        # Whoever leaves or wants to be forgotten is always heard.
        if shed and b'"reading"' in text and guest.loses(shed):
            self.counts["shed"] += 1
            return self._new_pace(guest)
        try:
            frame = agent_decoder.decode(text)
        except UNREADABLE as error:
            raise Refusal("malformed", f"that frame can't be read: {error}") from None
        if type(frame) is not Post:
            return self.obey(guest, frame, now)
        answer = self.count(guest, frame, now)
        if guest.interval == self.interval or answer is not None or guest.sequence != frame.sequence:
            return answer
        return self._new_pace(guest)

    def count(self, guest: Guest, frame: Post, now: float) -> Dropped | None:
        """Judge one reading of a guest, however it came, and pass it on. Raises Refusal."""
        if not sums_to_one(frame.probabilities):
            raise Refusal("malformed", "the seven probabilities must add up to 1")
        if frame.sequence <= guest.sequence:
            return self._drop(guest, frame, "replayed", "this sequence number was used before", now)
        if not guest.reading_fits(now):
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
        self, guest: Guest, frame: Away | Leave | Forget | Identify | Unlink | Renew | Appear, now: float
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
            return Code(f"{self.link_command} {self.identities.code(guest.viewer, now)}", CODE_SECONDS)
        if type(frame) is Renew:
            fresh = self.renew(guest, frame.token, now)
            return Renewed(fresh) if fresh else None
        # A face that is gone for a moment is still the same person's; whoever leaves is nobody's any more.
        if type(frame) is not Away and self.identities is not None:
            self.identities.unlink_viewer(guest.viewer)
        # To sign a token costs as much as thirty readings: who isn't linked needs no other one.
        signs = self.issuer if guest.admission.linked else None
        if type(frame) is Unlink or type(frame) is Forget:
            self._unlink(guest, now)
        if type(frame) is Unlink:
            return Linked(token=signs.anonymous(guest.admission, now) if signs is not None else "")
        if type(frame) is Forget:
            self.audience.forget(guest.viewer)
            self._hide(guest.viewer)
            self._sequences.pop(guest.viewer, None)
            self.persons.forget(viewer=guest.viewer)
            guest.sequence = 0
            self.counts["forgotten"] += 1
            return Forgotten()
        self.audience.leave(guest.viewer)
        if type(frame) is Leave:
            self._hide(guest.viewer)
            # Whoever stays has to join anew: a vote of somebody whom no name in chat reaches couldn't be banned.
            guest.ended = Refusal("left", LEFT, retry=True)
        return None

    def count_frame(self, guest: Guest, now: float) -> None:
        """Count a frame of any kind. Raises Refusal for a flood, and for who has joined again elsewhere."""
        if not guest.frame_fits(now) or guest.ended is not None:
            self._stop(guest)
        guest.heard = now

    def _stop(self, guest: Guest) -> NoReturn:
        raise guest.ended or Refusal("flood", "far too many frames; update your LERA agent")

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
            if self.issuer is not None:
                self.issuer.came(admission.subject)
            before = self.persons.come(admission.subject, guest.viewer)
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

    def _pace(self) -> None:
        settings = self.settings
        slowdown = self._strain.slowdown
        self.interval = slowdown * paced_interval(len(self.guests), settings.readings_per_second, settings.interval)

    def _new_pace(self, guest: Guest) -> Pace | None:
        if guest.interval == self.interval:
            return None
        guest.keep(self.interval)
        return Pace(self.interval, self.heartbeat)

    def _drop(self, guest: Guest, frame: Post, cause: str, reason: str, now: float) -> Dropped | None:
        self.counts[f"dropped: {cause}"] += 1
        # One answer a second: a flood must not make the hub write as much as it reads.
        if now - guest.told < 1.0:
            return None
        guest.told = now
        return Dropped(frame.sequence, reason)
