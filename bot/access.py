"""Who may join: the streamer's links, who has been linked, who is banned; and the tokens that say so. Pure.

All times are seconds since 1970, and come in. What is kept of persons are hashes under a key that lies in the keyring
(`Keys.person`): neither a name nor a platform's id can be read, or looked up by trying, in the file that keeps this.
"""

import hashlib
import logging
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Final

from msgspec import Meta, Struct

from bot.keys import Keys
from bot.language import one_line, plain
from lera.errors import LeraError
from lera.redaction import hide
from transport.tokens import (
    ID_BYTES,
    MOST_ENTRIES,
    MOST_MARKS,
    SUBJECT_BYTES,
    Admission,
    DoorTerms,
    Mark,
    TokenId,
    TokenMaker,
)

logger = logging.getLogger(__name__)

MOST_LINKS: Final = 50
MOST_BANS: Final = 5000
MAX_LABEL: Final = 40
DAY: Final = 86_400.0

Days = Annotated[int, Meta(ge=1, le=3650)]
Label = Annotated[str, Meta(min_length=1, max_length=MAX_LABEL)]


class JoinLink(Struct, frozen=True):
    """One link of the streamer's. The public one has no label."""

    id: TokenId
    label: str
    issued: float
    expires: float


class Ban(Struct, frozen=True):
    """Who may not join: a person, a viewer's key, or both. `names` are keyed hashes, too, of those that were known.

    `silenced`: the platform's moderators took the person's messages away (a ban or a timeout there). It ends by itself
    when the person can write again.
    """

    id: TokenId
    marks: tuple[Mark, ...]
    names: tuple[Mark, ...]
    since: float
    silenced: bool = False


class Kept(Struct):
    """What outlives the bot. `longest`: the most days that any token was given."""

    public: JoinLink | None = None
    links: list[JoinLink] = []
    revoked: dict[TokenId, float] = {}
    ended: dict[Mark, float] = {}
    bans: list[Ban] = []
    longest: Days = 1


class Access:
    """One channel's links, bans and tokens: the `transport.tokens.Issuer` of its desk."""

    REMEMBERED: Final = 20_000
    SETTLED: float = 10.0
    """Seconds after which what a silenced person writes shows that they may."""

    def __init__(
        self,
        channel: str,
        keys: Keys,
        days: int,
        now: float,
        kept: Kept | None = None,
        keep: Callable[[Kept], bool] | None = None,
    ) -> None:
        """`days` a token is good for.

        `keep` writes down what must outlive the bot, and raises LeraError; False: `written` will be told later.
        """
        self.fault = ""
        # Which terms these are; another number when they have changed.
        self.edition = 0
        # Called when the terms have changed: with the one person whom that concerns, or "" for anybody.
        self.on_change: Callable[[str], None] = lambda _subject: None
        # Waits until what has changed so far is written down; to be awaited before somebody is told that it is done.
        self.settled: Callable[[], Awaitable[None]] = _nothing
        # Writes down what isn't yet, at the end of the bot.
        self.close: Callable[[], None] = lambda: None
        self._channel = channel
        self._keys = keys
        self._days = days
        self._kept = kept or Kept()
        self._keep = keep
        self._maker = TokenMaker(channel, keys.seed)
        # By which names linked persons are known in this run's chat: hash of the name → person.
        self._names: OrderedDict[str, str] = OrderedDict()
        # Who has been linked in this run.
        self._met: OrderedDict[str, None] = OrderedDict()
        self._banned: frozenset[str] = frozenset()
        # Of what there was too much, said once.
        self._full: set[str] = set()
        self._tidy(now)
        self.token(now)
        self._look()

    @property
    def is_kept(self) -> bool:
        """Whether it outlives the bot."""
        return self._keep is not None

    def terms(self) -> DoorTerms:
        """What a door needs to know."""
        kept = self._kept
        return DoorTerms(self._channel, self._maker.public_key, frozenset(kept.revoked), dict(kept.ended), self._banned)

    # Links.

    @property
    def public(self) -> JoinLink:
        """The link for all."""
        assert self._kept.public is not None
        return self._kept.public

    def token(self, now: float) -> str:
        """The token of the public link; a fresh one once half of its life is over."""
        public = self._kept.public
        if public is None or now >= (public.issued + public.expires) / 2:
            self._kept.public = self._link(public.id if public is not None else _new_id(), "", self._days, now)
            self._save()
        return self.token_of(self.public)

    def links(self) -> list[JoinLink]:
        """The streamer's own links, oldest first; the public one isn't among them."""
        return list(self._kept.links)

    def token_of(self, link: JoinLink) -> str:
        """The token in a link; the same every time."""
        token = self._maker.make(link.id, link.issued, link.expires)
        hide(token)
        return token

    def add_link(self, label: str, days: int, now: float) -> JoinLink:
        """Make one more link. Raises LeraError when there are too many, or the label says nothing."""
        label = one_line(label)[:MAX_LABEL]
        if not label:
            raise LeraError("Give the link a name, by which you will know it again.")
        if len(self._kept.links) >= MOST_LINKS:
            raise LeraError(f"There are {MOST_LINKS} links already: take one back first.")
        link = self._link(_new_id(), label, days, now)
        self._kept.links.append(link)
        self._save()
        return link

    def revoke(self, link_id: str, now: float) -> bool:
        """Take a link back, with all who came in by it; the public one is replaced at once. False: no such link."""
        kept = self._kept
        public = self.public.id == link_id
        rest = [link for link in kept.links if link.id != link_id]
        if not public and len(rest) == len(kept.links):
            return False
        kept.links = rest
        # Tokens of it were renewed for those who stayed, the last of them just now at most.
        kept.revoked[link_id] = now + kept.longest * DAY
        if public:
            kept.public = self._link(_new_id(), "", self._days, now)
        self._changed(now)
        return True

    def renew(self, now: float) -> None:
        """The keys have another seed: all links and tokens until now are worthless. Bans stay."""
        self._maker = TokenMaker(self._channel, self._keys.seed)
        self._kept = Kept(bans=self._kept.bans)
        self.token(now)
        self._changed(now)

    # Tokens for those who are in (transport.tokens.Issuer).

    def renewed(self, admission: Admission, now: float) -> str:
        """A fresh token in place of one that has lived half its life; empty while that isn't so."""
        return self._make(admission, now, admission.subject) if admission.is_due(now) else ""

    def anonymous(self, admission: Admission, now: float) -> str:
        """A token that lets in as before, and links with nobody; empty for who came without one."""
        return self._make(admission, now, "") if admission.token_id else ""

    def linked(self, admission: Admission, subject: str, now: float) -> str:
        """A token that says at every hub who the viewer is; empty for who came without one."""
        return self._make(admission, now, subject) if admission.token_id else ""

    def unlinked(self, subject: str, now: float) -> None:
        """From now on no token issued so far links with this person."""
        self._met.pop(subject, None)
        # As tokens count: in whole seconds. One issued after the last end, in its very second, is one of those.
        self._kept.ended[subject] = max(float(int(now)), self._kept.ended.get(subject, -1.0) + 1.0)
        self._changed(now, subject)

    # Bans.

    @property
    def bans(self) -> list[Ban]:
        """All bans, oldest first."""
        return list(self._kept.bans)

    def is_banned(self, subject: str) -> bool:
        """Whether this person is banned."""
        return subject in self._banned

    def meet(self, subject: str, name: str) -> None:
        """This linked person goes by this name in chat now."""
        if not name:
            return
        key = self._name_key(name)
        self._names[key] = subject
        self._names.move_to_end(key)
        if len(self._names) > self.REMEMBERED:
            self._names.popitem(last=False)

    def came(self, subject: str) -> None:
        """A viewer is in by whose token this person is linked."""
        self._met[subject] = None
        self._met.move_to_end(subject)
        if len(self._met) > self.REMEMBERED:
            self._met.popitem(last=False)

    def has_met(self, subject: str) -> bool:
        """Whether this person has been linked while the bot has been running, and may have a token that says so."""
        return subject in self._met

    def person(self, name: str) -> str | None:
        """Whom of the linked a name means, as an opaque subject."""
        return self._names.get(self._name_key(name))

    def ban(self, marks: Iterable[str], now: float, *, silenced: bool = False) -> None:
        """Never let in again who has one of these marks: persons (subjects), and viewers (`viewer_mark`)."""
        marks = tuple(dict.fromkeys(marks))
        names = tuple(key for key, subject in self._names.items() if subject in marks)
        # A ban by the streamer stays when the platform's is lifted.
        rest = [ban for ban in self._kept.bans if not set(ban.marks) <= set(marks) or (silenced and not ban.silenced)]
        self._kept.bans = self._bounded([*rest, Ban(_new_id(), marks[:MOST_MARKS], names, now, silenced)])
        self._changed(now)

    def unban(self, name: str, now: float) -> bool:
        """Let the person of this name in again. False when nobody of that name is banned."""
        key = self._name_key(name)
        return self._lift(lambda ban: key in ban.names, now)

    def lift(self, ban_id: str | None, now: float) -> bool:
        """Lift this ban, or all of them, and forget whom it was. False when there is none."""
        return self._lift(lambda ban: ban_id is None or ban.id == ban_id, now)

    def heard(self, subject: str, now: float) -> None:
        """The person writes in chat: whoever can isn't banned there (any more)."""
        if subject in self._banned:
            # What was written right before the ban may come after the word of it.
            latest = now - self.SETTLED
            self._lift(lambda ban: ban.silenced and subject in ban.marks and ban.since <= latest, now)

    def _lift(self, which: Callable[[Ban], bool], now: float) -> bool:
        rest = [ban for ban in self._kept.bans if not which(ban)]
        if len(rest) == len(self._kept.bans):
            return False
        self._kept.bans = rest
        self._changed(now)
        return True

    def _make(self, admission: Admission, now: float, subject: str) -> str:
        # A link that has just been ended ends no link that is made in the same second.
        issued = max(now, self._kept.ended.get(subject, -1.0) + 1.0) if subject else now
        # Not hidden from logs one by one: thousands of them would push out the keys that are, and none is logged.
        return self._maker.make(admission.token_id, issued, issued + self._lasting(self._days), subject)

    def _link(self, link_id: str, label: str, days: int, now: float) -> JoinLink:
        return JoinLink(link_id, label, float(int(now)), float(int(now)) + self._lasting(days))

    def _lasting(self, days: int) -> float:
        if days > self._kept.longest:
            self._kept.longest = days
        return days * DAY

    def _name_key(self, name: str) -> str:
        digest = hashlib.blake2b(
            plain(one_line(name).removeprefix("@")).encode(), digest_size=SUBJECT_BYTES, key=self._keys.person
        )
        return digest.hexdigest()

    def _changed(self, now: float, subject: str = "") -> None:
        self._tidy(now)
        self._look()
        self.edition += 1
        self.on_change(subject)
        self._save()

    def _bounded(self, bans: list[Ban]) -> list[Ban]:
        """The newest, as many as may be kept and told to other hubs."""
        kept, marks = 0, 0
        for ban in reversed(bans):
            marks += len(ban.marks)
            if kept == MOST_BANS or marks > MOST_MARKS:
                break
            kept += 1
        if kept < len(bans):
            self._dropped("bans")
        return bans[len(bans) - kept :]

    def _dropped(self, what: str) -> None:
        if what not in self._full:
            self._full.add(what)
            logger.warning("There are too many %s: the oldest no longer hold.", what)

    def _look(self) -> None:
        self._banned = frozenset(mark for ban in self._kept.bans for mark in ban.marks)

    def _tidy(self, now: float) -> None:
        """Forget what no living token can say any more."""
        kept = self._kept
        kept.revoked = self._newest(
            "links taken back", {key: until for key, until in kept.revoked.items() if until > now}
        )
        oldest = now - kept.longest * DAY
        kept.ended = self._newest(
            "viewers unlinked", {key: since for key, since in kept.ended.items() if since >= oldest}
        )
        kept.bans = self._bounded(kept.bans)

    def _newest(self, what: str, entries: dict[str, float]) -> dict[str, float]:
        if len(entries) <= MOST_ENTRIES:
            return entries
        self._dropped(what)
        return dict(sorted(entries.items(), key=lambda entry: entry[1])[-MOST_ENTRIES:])

    def _save(self) -> None:
        if self._keep is None:
            return
        try:
            if self._keep(self._kept):
                self.written(None)
        except LeraError as error:
            self.written(error)

    def written(self, error: LeraError | None) -> None:
        """The newest was written down, or couldn't be."""
        before, self.fault = self.fault, ""
        if error is not None:
            # It holds even so: whoever was sent away must not come back for a full disk.
            self.fault = f"{error} Links and bans hold until the bot ends, and writing them is tried again till then."
            # Said once: a full disk stays full for a while.
            if self.fault != before:
                logger.warning("%s", self.fault)
        elif before:
            logger.info("Links and bans are written again.")


async def _nothing() -> None:
    pass


def _new_id() -> str:
    return secrets.token_hex(ID_BYTES)
