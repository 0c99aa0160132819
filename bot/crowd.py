"""The crowd's state, and the Mood that it is in. Pure: no I/O, and time comes in as an argument.

Votes may be lost, late, doubled or stale, and the clock may jump; the shares still sum to 1 and nobody counts twice.

Faces and chat are joined: a viewer's face and a chatter's messages are two votes, since nothing tells whether the two
are one person; where the viewer has linked them, the face counts and the chatter doesn't. Faces count only while there
are `minimum_viewers` of them, however many write: everybody can read the chat and work out what it adds, so chatters
can't hide a face.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from model.emotions import AROUSAL, EMOTIONS, VALENCE
from transport.reading import Probabilities, Reading

Interval = tuple[float, float]
Row = npt.NDArray[np.float64]
T = TypeVar("T", bound=np.generic)

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
    """The last reading of each viewer. One viewer, one vote, weighed by its quality (0..1), gone after `expiry`."""

    TREND_SECONDS: Final = 30.0
    MINIMUM_QUALITY: Final = 0.05
    """Of a face. What chat can't read never gets here, and many who write the same share one vote in small parts."""

    def __init__(
        self,
        minimum_viewers: int = 3,
        expiry: float = 15.0,
        chat: ChatVotes | None = None,
        viewers: Mapping[str, str] | None = None,
    ) -> None:
        """`viewers` names the viewer that a chatter is known to be, by their keys; it may change at any time."""
        self._viewers_of = {} if viewers is None else viewers
        self.minimum_viewers = minimum_viewers
        self.expiry = expiry
        self.chat = chat or ChatVotes()
        # One row for each viewer, without gaps, so that a mood of thousands is a few array operations.
        self._rows: dict[str, int] = {}
        self._viewers: list[str] = []
        self._times = np.zeros(64)
        self._qualities = np.zeros(64)
        self._chats = np.zeros(64, np.bool_)
        self._votes = np.zeros((64, len(EMOTIONS)))
        self._now = float("-inf")
        # (time, shares) about once a second, for the trend.
        self._past: deque[tuple[float, Probabilities | None]] = deque()

    def take(self, reading: Reading, now: float) -> bool:
        """Count a reading. False when it changes nothing: older than the viewer's last, expired, or without quality."""
        self._advance(now)
        # The bot's clock decides: a reading can't come from the future, and can't buy itself a longer life there.
        time = min(reading.time, now)
        row = self._rows.get(reading.viewer)
        is_chat = reading.source in ("chat", "tap")
        if time <= now - (self.chat.expiry if is_chat else self.expiry):
            return False
        if row is not None and time < self._times[row]:
            return False
        if reading.quality <= 0.0 or (reading.quality < self.MINIMUM_QUALITY and not is_chat):
            self.leave(reading.viewer)
            return False
        if row is None:
            # A key stays with its source: chat's have a sign that no agent's has.
            row = self._new_row(reading.viewer)
            self._chats[row] = is_chat
        self._times[row] = time
        self._qualities[row] = min(reading.quality, 1.0)
        self._votes[row] = reading.probabilities
        return True

    def leave(self, viewer: str) -> bool:
        """Withdraw a viewer's vote. True when there was one."""
        row = self._rows.pop(viewer, None)
        if row is None:
            return False
        # The last row moves into the gap, and nothing of who left stays behind.
        last = self._viewers.pop()
        end = len(self._viewers)
        if last != viewer:
            self._rows[last] = row
            self._viewers[row] = last
            for column in (self._times, self._qualities, self._chats, self._votes):
                column[row] = column[end]
        self._times[end] = self._qualities[end] = self._votes[end] = 0.0
        self._chats[end] = False
        return True

    def clear(self) -> None:
        """Withdraw every vote, and know of no past."""
        for viewer in list(self._viewers):
            self.leave(viewer)
        self._past.clear()

    def reading_of(self, viewer: str, now: float) -> Probabilities | None:
        """The viewer's own counted vote, for that viewer alone."""
        vote = self.vote_of(viewer, now)
        return None if vote is None else vote[0]

    def __contains__(self, viewer: str) -> bool:
        """Whether this viewer's vote was in the last mood, or has come since."""
        return viewer in self._rows

    def vote_of(self, viewer: str, now: float) -> tuple[Probabilities, float] | None:
        """The viewer's own counted vote and its quality, for that viewer and where they chose to show it."""
        self._advance(now)
        row = self._rows.get(viewer)
        if row is None or self._times[row] <= now - (self.chat.expiry if self._chats[row] else self.expiry):
            return None
        return _normalized(self._votes[row]), float(self._qualities[row])

    def mood(self, now: float) -> Mood:
        """The crowd's mood at `now`."""
        self._advance(now)
        self._expire(now)
        written = int(np.count_nonzero(self._chats[: len(self._viewers)]))
        faces = len(self._viewers) - written
        with_faces = faces >= self.minimum_viewers
        doubled = self._doubled() if with_faces and written else []
        chatters = written - len(doubled)
        counted = chatters + (faces if with_faces else 0)
        if counted < self.minimum_viewers:
            self._remember(now, None)
            nearest = max(faces, chatters)
            return Mood(now, nearest, self.minimum_viewers, faces=Part(faces), chat=Part(chatters))
        if written:
            totals, voters = self._count_both(now, with_faces, doubled)
        else:
            totals, voters = self._count_faces()
        shares = _normalized(totals[0] + totals[1])
        self._remember(now, shares)
        faces_part, chat_part = self._parts(totals, faces, chatters)
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

    def _count_faces(self) -> tuple[Row, float]:
        """As `_count_both`, where nobody writes."""
        end = len(self._viewers)
        qualities, votes = self._qualities[:end], self._votes[:end]
        totals = np.zeros((2, len(EMOTIONS)))
        totals[0] = (qualities / votes.sum(axis=1)) @ votes
        return totals, float(qualities.sum())

    def _doubled(self) -> list[int]:
        """The rows of chatters whose faces have a vote already."""
        rows = self._rows
        pairs = self._viewers_of.items()
        return [rows[chatter] for chatter, viewer in pairs if chatter in rows and viewer in rows]

    def _count_both(self, now: float, with_faces: bool, doubled: list[int]) -> tuple[Row, float]:
        """The weighed votes of faces and of chat, (2, 7), and how many equal votes they are worth."""
        end = len(self._viewers)
        times, qualities, chats, votes = self._times[:end], self._qualities[:end], self._chats[:end], self._votes[:end]
        scales = np.where(chats, self.chat.weight, 1.0 if with_faces else 0.0)
        scales[doubled] = 0.0
        qualities = np.where(chats, qualities * np.exp2((times - now) / self.chat.half_life), qualities)
        weights = scales * qualities
        # A vote of quality q is worth q votes. Of n such, the mean by `scales` is as sure as that of this many.
        voters = float(weights.sum() ** 2 / (scales @ weights))
        # Each row is divided by its sum, which may be a little off 1: no one gets two hundredths of a vote extra.
        weights = weights / votes.sum(axis=1)
        return np.stack([(weights * ~chats) @ votes, (weights * chats) @ votes]), voters

    def _parts(self, totals: Row, faces: int, chatters: int) -> tuple[Part, Part]:
        """What faces and chat add to the mood."""
        by_faces, by_chat = totals.sum(axis=1).tolist()
        apart = chatters >= self.minimum_viewers or not by_chat
        return (
            Part(faces, by_faces / (by_faces + by_chat), _normalized(totals[0]) if apart and by_faces else None),
            Part(chatters, by_chat / (by_faces + by_chat), _normalized(totals[1]) if apart and by_chat else None),
        )

    def _advance(self, now: float) -> None:
        # After a clock that was set back, every age stays what it was; else votes would live as long as the jump.
        if now < self._now:
            jump = self._now - now
            self._times -= jump
            self._past = deque((time - jump, shares) for time, shares in self._past)
        self._now = now

    def _expire(self, now: float) -> None:
        end = len(self._viewers)
        old = self._times[:end] <= now - np.where(self._chats[:end], self.chat.expiry, self.expiry)
        for viewer in [self._viewers[row] for row in np.flatnonzero(old)]:
            self.leave(viewer)

    def _new_row(self, viewer: str) -> int:
        row = len(self._viewers)
        if row == len(self._times):
            self._times = _doubled(self._times)
            self._qualities = _doubled(self._qualities)
            self._chats = _doubled(self._chats)
            self._votes = _doubled(self._votes)
        self._viewers.append(viewer)
        self._rows[viewer] = row
        return row

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


def _doubled(column: npt.NDArray[T]) -> npt.NDArray[T]:
    return np.concatenate([column, np.zeros_like(column)])


def _normalized(values: npt.NDArray[np.float64]) -> Probabilities:
    return seven((values / values.sum()).tolist())


def seven(values: Iterable[float]) -> Probabilities:
    """Seven numbers as the tuple that they are everywhere."""
    happiness, sadness, neutral, anger, surprise, disgust, fear = values
    return (happiness, sadness, neutral, anger, surprise, disgust, fear)
