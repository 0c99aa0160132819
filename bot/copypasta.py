"""When many write the same: one feeling shared, and not hundredfold proof. Pure.

n chatters who wrote the same within the window count as 1 + log2(n) votes in all: two as two, eight as four, a hundred
as not quite eight. Each of them holds an equal part of that.
"""

import hashlib
import math
import re
import unicodedata
from collections import OrderedDict
from collections.abc import Collection
from typing import Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")

# A letter, sign or short syllable again and again: "loool", "hahaha", "!!!". Digits mean something when repeated.
_ELONGATED: Final = re.compile(r"([^\d\s]{1,3}?)\1+")
# Chat clients add invisible signs, so that the same message may be sent twice: these kinds, a joiner, unused tags.
_INVISIBLE: Final = frozenset(("Cf", "Co", "Cc"))
_ADDED: Final = re.compile("[\u034f\U000e0000-\U000e0fff]+")


def essence(text: str) -> str:
    """What makes two messages the same: without case, spaces, elongation, invisible signs, and emotes said again."""
    visible = "".join(
        letter
        for letter in _ADDED.sub("", unicodedata.normalize("NFKC", text))
        if letter.isspace() or unicodedata.category(letter) not in _INVISIBLE
    )
    words = [_ELONGATED.sub(r"\1", word) for word in visible.casefold().split()]
    once = [word for place, word in enumerate(words) if place == 0 or word != words[place - 1]]
    return " ".join(_period(once))


def fingerprint(text: str, secret: bytes) -> bytes:
    """The essence as 16 bytes that tell equal from unequal, and without this run's `secret` nothing else."""
    return hashlib.blake2b(essence(text).encode("utf-8", "replace"), key=secret, digest_size=16).digest()


def part_of_a_vote(writers: int) -> float:
    """What each of n who wrote the same holds: (1 + log2 n) / n."""
    return (1 + math.log2(writers)) / writers


class Repeats:
    """Who wrote the same within `window` seconds. Counts chatters and not messages: one who repeats is still one."""

    def __init__(self, window: float, remembered: int = 32_768) -> None:
        """At most `remembered` pairs of chatter and message are kept; the oldest go first."""
        self._window = window
        self._remembered = remembered
        self._times: OrderedDict[tuple[bytes, str], float] = OrderedDict()
        self._writers: dict[bytes, set[str]] = {}
        # Of each chatter: whoever asks to be forgotten must not make the bot look through all others.
        self._messages: dict[str, set[bytes]] = {}

    def __len__(self) -> int:
        return len(self._times)

    def add(self, message: bytes, chatter: str, now: float) -> int:
        """Note that the chatter wrote it; returns how many did within the window."""
        self._times[message, chatter] = now
        self._times.move_to_end((message, chatter))
        self._writers.setdefault(message, set()).add(chatter)
        self._messages.setdefault(chatter, set()).add(message)
        self.expire(now)
        return len(self._writers[message])

    def writers(self, message: bytes) -> Collection[str]:
        """Those who wrote it within the window."""
        return self._writers.get(message, ())

    def expire(self, now: float) -> None:
        """Drop what is older than the window, and the oldest of too many."""
        while self._times:
            pair, time = next(iter(self._times.items()))
            if len(self._times) <= self._remembered and time > now - self._window:
                return
            self._drop(pair)

    def forget(self, chatter: str) -> None:
        """Drop all of one chatter's."""
        for message in list(self._messages.get(chatter, ())):
            self._drop((message, chatter))

    def _drop(self, pair: tuple[bytes, str]) -> None:
        del self._times[pair]
        message, chatter = pair
        _take_from(self._writers, message, chatter)
        _take_from(self._messages, chatter, message)


def _take_from(sets: dict[K, set[V]], key: K, value: V) -> None:
    sets[key].discard(value)
    if not sets[key]:
        del sets[key]


def _period(words: list[str]) -> list[str]:
    """The shortest beginning that, said again and again, gives all the words."""
    count = len(words)
    for length in range(1, count // 2 + 1):
        if count % length == 0 and words[:length] * (count // length) == words:
            return words[:length]
    return words
