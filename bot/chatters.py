"""What each chatter feels by the last messages: one vote each, whatever they write and however much. Pure."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from bot.copypasta import Repeats, part_of_a_vote
from model.emotions import EMOTIONS
from transport.reading import Probabilities, Reading, Source

MINIMUM_QUALITY: Final = 0.05
"""A message that the reader trusts less says nothing: another language, a name, a link."""
GROWTH: Final = 1.1
"""Those who share a feeling get new parts when they have become a tenth more, and not with every single one."""


class _Chatter:
    """One chatter's messages as sums that fade, and the last message apart: more may still come to share it.

    `felt` is the sum of quality x part x probabilities, `weight` that of quality x part, `heard` that of quality, and
    `trust` that of quality x quality x part.
    """

    __slots__ = ("felt", "heard", "last", "message", "part", "quality", "tapped", "time", "trust", "weight")

    def __init__(self) -> None:
        self.felt = np.zeros(len(EMOTIONS))
        self.weight = self.heard = self.trust = 0.0
        self.last = np.zeros(len(EMOTIONS))
        self.quality = self.time = 0.0
        self.part = 1.0
        self.message = b""
        self.tapped = float("-inf")

    def write(self, seven: npt.NDArray[np.float64], quality: float, message: bytes, time: float, fade: float) -> None:
        """A new last message; what was before is worth `fade` (0..1) of what it was."""
        quality_before, part = self.quality, self.part
        self.felt = fade * (self.felt + quality_before * part * self.last)
        self.weight = fade * (self.weight + quality_before * part)
        self.heard = fade * (self.heard + quality_before)
        self.trust = fade * (self.trust + quality_before * quality_before * part)
        self.last, self.quality, self.message, self.time, self.part = seven, quality, message, time, 1.0

    def reading(self, viewer: str) -> Reading:
        """The vote as it stands at the last message; the crowd lets it age from there."""
        quality, part = self.quality, self.part
        felt = self.felt + quality * part * self.last
        happiness, sadness, neutral, anger, surprise, disgust, fear = (felt / felt.sum()).tolist()
        trust = (self.trust + quality * quality * part) / (self.heard + quality)
        seven = (happiness, sadness, neutral, anger, surprise, disgust, fear)
        source: Source = "tap" if self.time == self.tapped else "chat"
        return Reading(viewer, source, self.time, seven, min(trust, 1.0))


class Chatters:
    """Turns read messages into Readings, one for each chatter.

    A chatter's probabilities are the mean of the messages' by quality and by part of a shared feeling
    (`bot/copypasta.py`), each worth half as much after `half_life` seconds. The quality is a mean as well and no sum:
    nobody gets more than one vote by writing more.
    """

    def __init__(self, half_life: float, expiry: float, remembered: int = 10_000) -> None:
        """Forgets who has been silent for `expiry` seconds, and the longest silent of more than `remembered`."""
        self._half_life = half_life
        self._expiry = expiry
        self._remembered = remembered
        # By the time of the last message, oldest first.
        self._chatters: OrderedDict[str, _Chatter] = OrderedDict()
        self._repeats = Repeats(expiry)
        # Of each message that several wrote: for how many the parts were last dealt out.
        self._dealt: dict[bytes, int] = {}
        self._grown: set[bytes] = set()
        self._changed: set[str] = set()
        self._gone: list[str] = []

    def __len__(self) -> int:
        return len(self._chatters)

    def add(self, viewer: str, message: bytes, seven: Sequence[float], quality: float, time: float, now: float) -> bool:
        """Count a message: its fingerprint, seven probabilities and quality (0..1). False when it says nothing."""
        time = min(time, now)
        if quality < MINIMUM_QUALITY or time <= now - self._expiry:
            return False
        chatter = self._chatters.get(viewer)
        if chatter is None:
            chatter = self._chatters[viewer] = _Chatter()
        if time <= chatter.tapped:
            return False
        # Messages may come out of order by a little; a chatter's time never goes back.
        time = max(time, chatter.time)
        fade = 0.5 ** ((time - chatter.time) / self._half_life)
        chatter.write(np.asarray(seven, np.float64), min(quality, 1.0), message, time, fade)
        self._chatters.move_to_end(viewer)
        writers = self._repeats.add(message, viewer, now)
        chatter.part = part_of_a_vote(writers)
        # Those who left the window since then don't count: the group may have started anew.
        dealt = min(self._dealt.get(message, 1), writers)
        if writers > 1:
            self._dealt[message] = dealt
            if writers >= GROWTH * dealt:
                self._grown.add(message)
        self._changed.add(viewer)
        self._drop_old(now)
        return True

    def tap(self, viewer: str, seven: Probabilities, now: float) -> Reading:
        """Count what a chatter says to feel, and return the vote.

        Who says it knows better than a reader of words: the vote starts anew from it, and what they write from then on
        joins it as one more message. It is nobody else's feeling, however many say the same.
        """
        chatter = self._chatters[viewer] = _Chatter()
        chatter.write(np.asarray(seven, np.float64), 1.0, b"", now, 0.0)
        chatter.tapped = now
        self._chatters.move_to_end(viewer)
        self._changed.discard(viewer)
        self._drop_old(now)
        return chatter.reading(viewer)

    def clear(self) -> None:
        """Drop all that is known of everybody. Their votes are the caller's to withdraw."""
        self._chatters.clear()
        self._repeats = Repeats(self._expiry)
        for each in (self._dealt, self._grown, self._changed, self._gone):
            each.clear()

    def readings(self, most: int = 1_000_000) -> list[Reading]:
        """Votes that changed since they were last asked for, at most so many; ask again for the rest."""
        for message in self._grown:
            self._deal(message)
        self._grown.clear()
        changed = [self._changed.pop() for _ in range(min(most, len(self._changed)))]
        return [self._chatters[viewer].reading(viewer) for viewer in changed]

    def gone(self) -> list[str]:
        """Those who were forgotten since this was last asked, so that their votes can go too."""
        gone, self._gone = self._gone, []
        return gone

    def expire(self, now: float) -> None:
        """Drop whatever is older than `expiry`. To be called every few seconds: nobody may write for an hour."""
        self._drop_old(now)
        self._dealt = {message: count for message, count in self._dealt.items() if self._repeats.writers(message)}

    def forget(self, viewer: str) -> None:
        """Drop all that is known of one chatter."""
        self._repeats.forget(viewer)
        self._chatters.pop(viewer, None)
        self._changed.discard(viewer)

    def _deal(self, message: bytes) -> None:
        """Give all whose last message it is their new part of the feeling that they share."""
        writers = self._repeats.writers(message)
        if not writers:
            return
        self._dealt[message] = len(writers)
        part = part_of_a_vote(len(writers))
        for viewer in writers:
            chatter = self._chatters.get(viewer)
            # Who has written something else since then has that message among the sums, at the part it had.
            if chatter is not None and chatter.message == message:
                chatter.part = part
                self._changed.add(viewer)

    def _drop_old(self, now: float) -> None:
        self._repeats.expire(now)
        while self._chatters:
            viewer, chatter = next(iter(self._chatters.items()))
            if len(self._chatters) <= self._remembered and chatter.time > now - self._expiry:
                break
            del self._chatters[viewer]
            self._changed.discard(viewer)
            self._gone.append(viewer)
