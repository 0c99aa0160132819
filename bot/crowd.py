"""The crowd's state, and the Mood that it is in. Pure: no I/O, and time comes in as an argument.

Votes may be lost, late, doubled or stale, and the clock may jump; the shares still sum to 1 and nobody counts twice.

Faces and chat are joined: a viewer's face and a chatter's messages are two votes, since nothing tells whether the two
are one person; where the viewer has linked them, the face counts and the chatter doesn't. Faces count only while there
are `minimum_viewers` of them, however many write: everybody can read the chat and work out what it adds, so chatters
can't hide a face.
"""

import math
from collections import deque
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

import numpy as np
from msgspec import Struct

from bot.privacy import Noise, PrivacySettings, Showing
from bot.robust import anonymous_weight, cut_part, trimmed_means
from model.emotions import AROUSAL, EMOTIONS, VALENCE
from transport.masking import Masking
from transport.partial import MAX_VOTING, NO_VOTES, NOBODY, Partial, Tally, merge, tally, viewer_hash
from transport.reading import Probabilities, Reading
from transport.votes import Votes

Interval = tuple[float, float]
Scaled = Sequence[tuple[float, Tally]]
"""What a vote of each kind weighs, and the votes."""

# 90 % two-sided, standard normal.
Z90: Final = 1.6449


class Part(Struct, frozen=True):
    """What one source adds to a mood: how many voters it has, and its part of the mood's weight (0..1).

    `part` is 0 while its voters don't count. `shares` are this source's alone, and None unless every source that
    counts has `minimum_viewers` voters: what is told of one, beside the whole, tells of the other.
    """

    voters: int = 0
    part: float = 0.0
    shares: Probabilities | None = None


class Mood(Struct, frozen=True):
    """The crowd at one moment. All that would tell of single viewers is None below `minimum_viewers`.

    `viewers` is the number of votes that count, and while there are too few of either source the number of the larger.
    `minimum_viewers` is how many it takes to be shown now: one more, once it was shown and hidden (`bot/privacy.py`).
    `shares` and `intervals` are in the order of EMOTIONS; shares sum to 1; intervals are 90 % Wilson intervals.
    `valence` and `arousal` are -1..1. `trend` is the change of each share since `Crowd.TREND_SECONDS` ago. `faces` and
    `chat` say how much of it comes from where.
    """

    time: float
    viewers: int
    minimum_viewers: int
    shares: Probabilities | None = None
    intervals: tuple[Interval, ...] | None = None
    valence: float | None = None
    arousal: float | None = None
    trend: Probabilities | None = None
    faces: Part = Part()
    chat: Part = Part()

    @property
    def enough(self) -> bool:
        """Whether there are enough viewers to show the split."""
        return self.shares is not None

    @property
    def top(self) -> str | None:
        """The emotion with the largest share."""
        return None if self.shares is None else EMOTIONS[max(range(len(EMOTIONS)), key=self.shares.__getitem__)]


class ChatVotes(Struct, frozen=True):
    """How chat counts: a vote weighs `weight` of a face's, half as much every `half_life` s, and ends at `expiry` s."""

    weight: float = 0.5
    half_life: float = 20.0
    expiry: float = 60.0


class Crowd:
    """The last reading of each viewer. One viewer, one vote, weighed by its quality (0..1), gone after `expiry`.

    Faces of this program's own hub are in `votes`, those of other hubs come as partials (`receive`), and what chat
    writes is here alone.
    """

    TREND_SECONDS: Final = 30.0
    PARTIAL_SECONDS: Final = 2.5
    """How long another hub's partial counts: one comes every second, so one may be lost."""
    MAX_NODES: Final = 1000
    """So many other hubs are known; of more, the longest silent is forgotten."""

    def __init__(
        self,
        minimum_viewers: int = 3,
        expiry: float = 15.0,
        chat: ChatVotes | None = None,
        viewers: Mapping[str, str] | None = None,
        trim: float = 0.02,
        masking: Masking | None = None,
        noise: Noise | None = None,
    ) -> None:
        """`viewers` names the viewer that a chatter is known to be, by their keys; it may change at any time.

        `trim` of the votes are left out at each end of each emotion (`bot/robust.py`). `masking` is of this program's
        own hub; without, all faces count at once.
        """
        self._viewers_of = {} if viewers is None else viewers
        self.minimum_viewers = minimum_viewers
        self.trim = trim
        self.chat = chat or ChatVotes()
        self.votes = Votes(expiry, masking=masking)
        self.noise = noise or Noise(PrivacySettings())
        # Viewers whose votes everybody sees.
        self.known: Container[str] = ()
        self._showing = Showing(minimum_viewers)
        # Many who write the same share one vote in small parts, and what chat can't read never gets here.
        self._written = Votes(self.chat.expiry, minimum_quality=0.0)
        # Of each other hub: its last sequence, when it came, and its votes.
        self._partials: dict[str, tuple[int, float, Partial]] = {}
        self._now = float("-inf")
        # (time, shares) about once a second, for the trend.
        self._past: deque[tuple[float, Probabilities | None]] = deque()

    @property
    def expiry(self) -> float:
        """Seconds after which a face that is not heard of no longer counts."""
        return self.votes.expiry

    @expiry.setter
    def expiry(self, seconds: float) -> None:
        self.votes.expiry = seconds

    @property
    def shown(self) -> bool:
        """Whether the last mood told of faces."""
        return self._showing.shown

    def take(self, reading: Reading, now: float) -> bool:
        """Count a reading. False when it changes nothing: older than the viewer's last, expired, or without quality."""
        # A key stays with its source: chat's have a sign that no agent's has.
        return (self.votes if reading.source == "face" else self._written).take(reading, now)

    def receive(self, node: str, sequence: int, partial: Partial, now: float) -> bool:
        """Count another hub's votes in place of its last. False when it has said newer ones already.

        `node` names the hub, anew each time that it is started, and its `sequence` grows.
        """
        self._advance(now)
        known = self._partials.pop(node, None)
        if known is not None and sequence <= known[0]:
            self._partials[node] = known
            return False
        # The longest silent stands first.
        if len(self._partials) >= self.MAX_NODES:
            del self._partials[next(iter(self._partials))]
        self._partials[node] = (sequence, now, partial)
        return True

    def leave(self, viewer: str) -> bool:
        """Withdraw a viewer's or chatter's vote. True when there was one here."""
        return self.votes.leave(viewer) or self._written.leave(viewer)

    def move(self, viewer: str) -> bool:
        """A viewer's face is at another hub from now on, at once. True when it was here."""
        return self.votes.move(viewer)

    def forget(self, viewer: str) -> bool:
        """As `leave`, and nothing by which this viewer could be known again is kept."""
        return self.votes.forget(viewer) or self._written.leave(viewer)

    def clear(self) -> None:
        """Withdraw every vote, and know of no past."""
        self.votes.clear()
        self._written.clear()
        # What is on its way from other hubs is of the time before, too, but they know of newer votes within a second.
        self._partials = {node: (last, time, NOBODY) for node, (last, time, _) in self._partials.items()}
        self._past.clear()

    def reading_of(self, viewer: str, now: float) -> Probabilities | None:
        """The viewer's own counted vote, for that viewer alone."""
        vote = self.vote_of(viewer, now)
        return None if vote is None else vote[0]

    def __contains__(self, viewer: str) -> bool:
        """Whether this viewer's vote was in the last mood, or has come since; of this program's own hub, or chat."""
        return viewer in self.votes or viewer in self._written

    def vote_of(self, viewer: str, now: float) -> tuple[Probabilities, float] | None:
        """The viewer's own counted vote and its quality, for that viewer and where they chose to show it."""
        return self.votes.vote_of(viewer, now) or self._written.vote_of(viewer, now)

    def told(self, viewers: Iterable[str], mood: Mood) -> tuple[int, int, int]:
        """Of the faces in a mood how many are still here, how many of them aren't `viewers`, and who else is near it.

        The last also counts those who wait to be counted or have just left. All are 0 where no face is shown.
        """
        if not mood.faces.part:
            return 0, 0, 0
        viewers = [viewer for viewer in viewers if viewer in self.votes]
        remote = sum(votes.voters for votes in self._remote(self._now))
        counted = self.votes.counted + remote
        apart = counted - sum(map(self.votes.counts, viewers))
        return counted, apart, len(self.votes) + self.votes.frozen + remote - len(viewers)

    def asked(self) -> list[bytes]:
        """Which viewers other hubs are asked about, by their hashes: those whose chatter has a vote here, and no face.

        At most MAX_VOTING; of more, the rest have two votes.
        """
        pairs = self._viewers_of.items()
        away = (viewer for chatter, viewer in pairs if chatter in self._written and viewer not in self.votes)
        return [viewer_hash(viewer) for viewer in islice(away, MAX_VOTING)]

    def mood(self, now: float) -> Mood:
        """The crowd's mood at `now`."""
        self._advance(now)
        self._written.advance(now)
        self._written.expire(now)
        met = self._met(now)
        faces, written = met.voters, len(self._written)
        with_faces = self._showing.shown
        doubled = self._doubled(met.voting) if written and (with_faces or self.noise.on) else []
        chatters = written - len(doubled)
        counted = chatters + (faces if with_faces else 0)
        if counted < self.minimum_viewers:
            self._remember(now, None)
            return Mood(now, max(faces, chatters), self._showing.needed, faces=Part(faces), chat=Part(chatters))
        chat = self._chat(now, doubled) if chatters else NO_VOTES
        # A vote of quality q is worth q votes. Of n such, weighed unlike, the mean is as sure as that of this many
        # (Kish, Survey Sampling, 1965).
        scales = [0.0, 0.0, self.chat.weight]
        if with_faces:
            scales[:2] = anonymous_weight(met.anonymous, met.linked), 1.0
        scaled = list(zip(scales, (met.anonymous, met.linked, chat), strict=True))
        voters = sum(scale * votes.weight for scale, votes in scaled) ** 2
        voters /= sum(scale * scale * votes.weight for scale, votes in scaled)
        shares = self._shares(scaled, counted)
        self._remember(now, shares)
        faces_part, chat_part = self._parts(scaled, faces, chatters)
        return Mood(
            time=now,
            viewers=counted,
            minimum_viewers=self.minimum_viewers,
            shares=shares,
            intervals=tuple(wilson_interval(share, voters) for share in shares),
            valence=math.fsum(map(float.__mul__, shares, VALENCE)),
            arousal=math.fsum(map(float.__mul__, shares, AROUSAL)),
            trend=self._trend(now, shares),
            faces=faces_part,
            chat=chat_part,
        )

    def rest(self, now: float) -> Mood:
        """Nobody's mood, while it rests: nothing is shown, and what would stay for some seconds ends."""
        self._advance(now)
        self._showing.look(0, now)
        self.votes.partial(now, shown=False)
        self._remember(now, None)
        return Mood(now, 0, self._showing.needed)

    def _met(self, now: float) -> Partial:
        """The faces of all hubs, as they are told; whether there are enough of them is then known."""
        remote = self._remote(now)
        was_shown, elsewhere = self._showing.shown, sum(votes.voters for votes in remote)
        own = self.votes.partial(now, shown=was_shown, known=self.known, elsewhere=elsewhere)
        met = self.noise.look(merge([own, *remote]), now)
        # Who has left is counted for some seconds, but doesn't make a crowd that is too small a larger one.
        whole = self.votes.whole and not remote and not self.noise.on
        here = met.voters if self.noise.on else self._here(met, bool(remote))
        enough = self._showing.look(here, now, whole=whole)
        if enough == was_shown or self.noise.on:
            return met
        # Whether the bars are shown decides whom the masking counts.
        return merge([self.votes.partial(now, shown=enough, known=self.known, elsewhere=elsewhere), *remote])

    def _here(self, met: Partial, remote: bool) -> int:
        """How many of those counted could be told of: no more than have a vote now, nor than the masking would."""
        here = met.voters - max(0, self.votes.counted + self.votes.frozen - len(self.votes))
        may = self._showing.shown or remote or self.votes.ready
        return here if may else min(here, self.minimum_viewers - 1)

    def _remote(self, now: float) -> list[Partial]:
        """What other hubs have said lately."""
        return [votes for _, time, votes in self._partials.values() if time > now - self.PARTIAL_SECONDS]

    def _doubled(self, voting: frozenset[bytes]) -> list[int]:
        """The rows of chatters whose faces have a vote already, here or at another hub."""
        found = []
        for chatter, viewer in self._viewers_of.items():
            row = self._written.row_of(chatter)
            # Few of all who were ever linked write just now, and hashing the others ten times a second adds up.
            if row is None:
                continue
            # Under noise, whether a chatter counts must not tell whether the face does.
            if self.noise.on or viewer in self.votes or (voting and viewer_hash(viewer) in voting):
                found.append(row)
        return found

    def _chat(self, now: float, doubled: list[int]) -> Tally:
        """What chat has written, without the rows of those who have a vote already."""
        times, qualities, votes = self._written.columns()
        weights = qualities * np.exp2((times - now) / self.chat.half_life)
        if doubled:
            kept = np.ones(len(times), np.bool_)
            kept[doubled] = False
            weights, votes = weights[kept], votes[kept]
        return tally(weights, votes)

    def _shares(self, scaled: Scaled, voters: int) -> Probabilities:
        weights = sum((scale * votes.weights for scale, votes in scaled if scale), start=np.zeros(1))
        sums = sum((scale * votes.sums for scale, votes in scaled if scale), start=np.zeros(1))
        return seven(trimmed_means(weights, sums, cut_part(self.trim, voters)).tolist())

    def _parts(self, scaled: Scaled, faces: int, chatters: int) -> tuple[Part, Part]:
        """What faces and chat add to the mood."""
        by_faces = sum(scale * votes.weight for scale, votes in scaled[:2])
        by_chat = scaled[2][0] * scaled[2][1].weight
        apart = chatters >= self.minimum_viewers or not by_chat
        of_faces = self._shares(scaled[:2], faces) if apart and by_faces else None
        of_chat = self._shares(scaled[2:], chatters) if apart and by_chat else None
        whole = by_faces + by_chat
        return Part(faces, by_faces / whole, of_faces), Part(chatters, by_chat / whole, of_chat)

    def _advance(self, now: float) -> None:
        # After a clock that was set back, every age stays what it was; else votes would live as long as the jump.
        if now < self._now:
            jump = self._now - now
            self._partials = {node: (last, time - jump, votes) for node, (last, time, votes) in self._partials.items()}
            self._past = deque((time - jump, shares) for time, shares in self._past)
        self._now = now

    def _remember(self, now: float, shares: Probabilities | None) -> None:
        if not self._past or now - self._past[-1][0] >= 1.0:
            self._past.append((now, shares))
        # The last one that is old enough stays: it is what the trend compares with.
        while len(self._past) > 1 and self._past[1][0] <= now - self.TREND_SECONDS:
            self._past.popleft()

    def _trend(self, now: float, shares: Probabilities) -> Probabilities | None:
        if not self._past:
            return None
        time, then = self._past[0]
        age = now - time
        if then is None or not self.TREND_SECONDS <= age < 2 * self.TREND_SECONDS:
            return None
        return seven(share - earlier for share, earlier in zip(shares, then, strict=True))


def wilson_interval(share: float, voters: float) -> Interval:
    """90 % interval of a proportion (Wilson, JASA 22, 1927), for `voters` effective votes.

    The viewers who take part are read as a sample of the whole audience. Votes here are graded, not yes or no, and
    graded votes vary less, so that the interval errs on the wide side.
    """
    z2 = Z90 * Z90
    middle = share + z2 / (2 * voters)
    reach = Z90 * math.sqrt(max(share * (1 - share), 0.0) / voters + z2 / (4 * voters * voters))
    scale = 1 + z2 / voters
    # At share 0 and 1 the bounds touch the share; rounding must not push them past it.
    low, high = (middle - reach) / scale, (middle + reach) / scale
    return max(0.0, min(low, share)), min(1.0, max(high, share))


def seven(values: Iterable[float]) -> Probabilities:
    """Seven numbers as the tuple that they are everywhere."""
    happiness, sadness, neutral, anger, surprise, disgust, fear = values
    return (happiness, sadness, neutral, anger, surprise, disgust, fear)
