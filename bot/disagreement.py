"""Where faces, chat and streamer say different things: they laugh, and chat cries. Pure: time comes in.

Of faces and chat only what the mood itself shows apart is looked at (`Part.shares` in `bot/crowd.py`), so that nothing
is told here that is hidden there. Two sides disagree when each is led by another emotion, and has so much more of it
than of the other's, and than the other side has, that their ranges don't meet. Neutral is no opinion: a crowd that
watches calmly while somebody laughs doesn't contradict.
"""

from typing import Final, Literal

from msgspec import Struct

from bot.crowd import Interval, Mood, Part, seven, wilson_interval
from model.emotions import EMOTIONS
from model.modalities import Fused
from transport.reading import Probabilities

Side = Literal["streamer", "faces", "chat"]

PAIRS: Final[tuple[tuple[Side, Side], ...]] = (("faces", "chat"), ("streamer", "faces"), ("streamer", "chat"))
BEGINS: Final = 6.0
"""Seconds that it must have lasted, to be one."""
ENDS: Final = 5.0
"""Seconds without it that end it."""
ENOUGH_QUALITY: Final = 0.3
"""Of the streamer's reading; below it says too little to contradict anybody."""
UNSURE: Final = 0.15
"""By how much the reading of one person may be off either way. A judgement: it has no sample to take a range from."""


class Disagreement(Struct, frozen=True):
    """Two sides that clearly look different, and which of the seven each is. `since` is when it began."""

    between: tuple[Side, Side]
    says: tuple[str, str]
    since: float


class View(Struct, frozen=True):
    """What one side says: its seven shares, and the range of each."""

    shares: Probabilities
    ranges: tuple[Interval, ...]

    @property
    def top(self) -> int:
        """The place of the leading emotion."""
        return max(range(len(EMOTIONS)), key=self.shares.__getitem__)


class _Watch:
    """One pair and what it is told to say, as long as it lasts."""

    def __init__(self, says: tuple[str, str], now: float) -> None:
        self.says = says
        self.since = self.last = now


class Disagreements:
    """Looked at about once a second."""

    def __init__(self) -> None:
        self._watched: dict[tuple[Side, Side], _Watch] = {}

    def look(self, now: float, streamer: Fused | None, mood: Mood) -> list[Disagreement]:
        """Those that hold now, the longest first."""
        views = views_of(streamer, mood)
        for pair in PAIRS:
            says = _contrast(views.get(pair[0]), views.get(pair[1]))
            watch = self._watched.get(pair)
            if watch is not None and (now < watch.last or now - watch.last > ENDS):
                del self._watched[pair]
                watch = None
            if says is None:
                continue
            if watch is None or watch.says != says:
                self._watched[pair] = _Watch(says, now)
            else:
                watch.last = now
        found = [
            Disagreement(pair, watch.says, watch.since)
            for pair, watch in self._watched.items()
            if watch.last - watch.since >= BEGINS
        ]
        return sorted(found, key=lambda each: (each.since, PAIRS.index(each.between)))

    def clear(self) -> None:
        """Know of none."""
        self._watched.clear()


def views_of(streamer: Fused | None, mood: Mood) -> dict[Side, View]:
    """The sides that say enough to be compared."""
    views: dict[Side, View] = {}
    if streamer is not None and streamer.quality >= ENOUGH_QUALITY:
        shares = seven(map(float, streamer.probabilities))
        views["streamer"] = View(shares, tuple((share - UNSURE, share + UNSURE) for share in shares))
    sides: tuple[tuple[Side, Part], ...] = (("faces", mood.faces), ("chat", mood.chat))
    for side, part in sides:
        if part.shares is not None and part.voters >= mood.minimum_viewers:
            ranges = tuple(wilson_interval(share, part.voters) for share in part.shares)
            views[side] = View(part.shares, ranges)
    return views


def _contrast(first: View | None, second: View | None) -> tuple[str, str] | None:
    """What the two say, if they contradict each other."""
    if first is None or second is None:
        return None
    one, other = first.top, second.top
    if one == other or "neutral" in (EMOTIONS[one], EMOTIONS[other]):
        return None
    # Each side's own emotion stands above the other's there, and above what the other side has of it.
    clear = first.ranges[one][0] > max(first.ranges[other][1], second.ranges[one][1])
    clear &= second.ranges[other][0] > max(second.ranges[one][1], first.ranges[other][1])
    return (EMOTIONS[one], EMOTIONS[other]) if clear else None
