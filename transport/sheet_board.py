"""The bot's view of the rows of `Live`: whose reading counts, who has gone, which rows are free again. Pure."""

from typing import Any, Final

from msgspec import Struct

from transport.desk import Desk, Guest, Refusal
from transport.reading import Away, AwayReason, Forget, Leave, Pace, Post
from transport.sheet_layout import FREE, LIVE, Live, LiveRow, release, write_rows
from transport.sheet_pace import Quota, sheet_pace, too_slow


class _Claim(Struct):
    """One claim of a row, as the bot has seen it. `changed` is when its sequence last moved, by the bot's clock."""

    key: str
    row: LiveRow
    changed: float
    patience: float
    # What was there before the bot looked for the first time may be a ghost: it counts once it moves.
    alive: bool
    unread: bool = True
    # The earlier sequence that was seen last, so that a replay counts once.
    replayed: int = 0


class Board:
    """Feeds a `Desk` with what the rows say. One viewer has one vote, however many rows carry the key."""

    MISSED_HEARTBEATS: Final = 3

    def __init__(self, desk: Desk, quota: Quota, shared: bool) -> None:
        """`shared`: all agents use one account of Google's."""
        self._desk = desk
        self._quota = quota
        self._shared = shared
        self._claims: dict[str, _Claim] = {}
        self._guests: dict[str, Guest] = {}
        self._counting: dict[str, str] = {}
        self._begun = False
        self._live: Live | None = None
        self._expired: list[tuple[int, str]] = []
        self._asked: set[tuple[int, str]] = set()
        self.pace = sheet_pace(0, quota, shared)
        self._slower = self.pace

    @property
    def viewers(self) -> int:
        """Those who have a row and are heard of."""
        return len({claim.key for claim in self._claims.values() if claim.alive})

    @property
    def crowded(self) -> bool:
        """Whether the Sheet is too slow for so many."""
        return too_slow(self.pace, self._quota)

    @property
    def nearly_crowded(self) -> bool:
        """Whether a few more would make it too slow: what was said of a crowded Sheet still holds."""
        return too_slow(self.pace, self._quota, 0.8)

    @property
    def to_tidy(self) -> bool:
        """Whether rows wait to be freed that weren't in the last `requests`: some cells can't be freed at all."""
        return not self._asked.issuperset(self._waiting())

    def take(self, live: Live, now: float) -> None:
        """Count what has changed since the last look."""
        self._live = live
        seen: dict[str, LiveRow] = {}
        for row in live.rows:
            # A row that was copied by hand says the same twice; of two the later sequence is the newer.
            if row.ident not in seen or row.sequence > seen[row.ident].sequence:
                seen[row.ident] = row
        damaged = {owner for _, owner in live.damaged}
        for name in [name for name in self._claims if name not in seen and name not in damaged]:
            del self._claims[name]
        for name, row in seen.items():
            self._look(name, row, now)
        self._begun = True
        self._expired = []
        for name, claim in list(self._claims.items()):
            if now - claim.changed > claim.patience:
                self._expired.append((claim.row.row, name))
                claim.alive = False
        self._expired += [(number, name) for number, name in live.damaged if name not in self._claims]
        self._count(now)
        self._set_pace()

    def requests(self) -> list[dict[str, Any]]:
        """What frees the rows of those who are gone, and fills gaps that would break the table in two."""
        self._asked = set(self._waiting())
        freed = [request for number, owner in self._expired for request in release(number, owner)]
        gaps = self._live.blank if self._live is not None else []
        return freed + [write_rows(LIVE, number, [[FREE]]) for number in gaps]

    def _waiting(self) -> list[tuple[int, str]]:
        return [*self._expired, *((number, "") for number in (self._live.blank if self._live is not None else []))]

    def close(self) -> None:
        """The Sheet can't be read any more for now: votes stay until they expire."""
        for guest in self._guests.values():
            self._desk.gone(guest)
        self._guests.clear()
        self._counting.clear()

    def _look(self, name: str, row: LiveRow, now: float) -> None:
        claim = self._claims.get(name)
        if claim is None:
            self._claims[name] = _Claim(row.key, row, now, self._patience(), alive=self._begun)
        elif row.sequence > claim.row.sequence:
            claim.row, claim.changed, claim.patience = row, now, self._patience()
            claim.alive = claim.unread = True
        elif row.sequence < claim.row.sequence:
            if row.sequence != claim.replayed:
                claim.replayed = row.sequence
                self._desk.counts["dropped: replayed"] += 1
        else:
            # The same word in another place: a person has sorted or inserted rows.
            claim.row = row

    def _count(self, now: float) -> None:
        newest: dict[str, tuple[str, _Claim]] = {}
        for name, claim in self._claims.items():
            best = newest.get(claim.key)
            if claim.alive and (best is None or claim.changed > best[1].changed):
                newest[claim.key] = (name, claim)
        for key in [key for key in self._guests if key not in newest]:
            guest = self._guests.pop(key)
            self._counting.pop(key, None)
            if self._desk.guests.get(key) is guest:
                self._desk.obey(guest, Leave(), now)
            self._desk.gone(guest)
        for key, (name, claim) in newest.items():
            if claim.unread or self._counting.get(key) != name:
                self._counting[key] = name
                claim.unread = False
                self._pass_on(key, claim, now)

    def _pass_on(self, key: str, claim: _Claim, now: float) -> None:
        """Give a row's word to the desk, as the hub would have."""
        desk, row = self._desk, claim.row
        guest = self._guests.get(key)
        if guest is None or desk.guests.get(key) is not guest:
            if key in desk.guests:
                return  # The same viewer is joined to the hub as well, which is faster.
            try:
                guest = desk.admit(key, now)
            except Refusal as refusal:
                desk.counts[f"refused: {refusal.cause}"] += 1
                claim.unread = True
                return
            # The pace of the Sheet is the bot's own: what it reads, it may count.
            guest.keep(0.0)
            self._guests[key] = guest
        guest.heard = now
        if row.probabilities is not None:
            # The row's own sequence was compared in `_look`; the desk's goes on over all claims of a viewer.
            desk.count(guest, Post(guest.sequence + 1, row.probabilities, row.quality, row.captured), now)
        elif row.state == "forget":
            desk.obey(guest, Forget(), now)
            self._expired.append((row.row, row.ident))
        elif row.state != "waiting":
            reason: AwayReason = row.state if row.state != "face" else "no_face"
            desk.obey(guest, Away(reason), now)

    def _patience(self) -> float:
        # An agent that posted just before the pace changed goes by the old one until its next post.
        return self.MISSED_HEARTBEATS * max(self.pace.heartbeat, self._slower.heartbeat)

    def _set_pace(self) -> None:
        before: Pace = self.pace
        self.pace = sheet_pace(self.viewers, self._quota, self._shared)
        if self.pace != before:
            self._slower = before
        self._desk.slow_heartbeat = self.pace.heartbeat
