"""What waits to be said in chat, and when it may be: Twitch's limit, merged answers, the newest first. Pure."""

import re
import unicodedata
from collections import deque
from typing import Final

from msgspec import Struct

MAX_LENGTH: Final = 500
"""Characters of a chat message, counted as UTF-16 does: the strictest way that Twitch might."""
SPAN: Final = 30.25
"""Seconds: Twitch's thirty, and a little for clocks that don't run alike."""
LIFE: Final = 30.0
USUAL: Final = 20
AS_MODERATOR: Final = 100

_COMMAND: Final = re.compile(r"^[/.\s]+(?=\w)")


class Answer(Struct, eq=False):
    """One message to send. `reply_to` is the id of the message it answers, None for one that answers nobody.

    `time` is when it was asked for; `tries` counts how often it has been sent already, without success.
    """

    text: str
    reply_to: str | None
    time: float
    tries: int = 0

    def __repr__(self) -> str:
        return f"Answer({len(self.text)} characters)"


class Window:
    """A sliding window: at most `limit` in any `span` seconds, however long each is under way.

    Twitch counts a message at some moment between our sending it and its answer, so one that has been sent holds its
    place until `span` after the answer.
    """

    def __init__(self, limit: int = USUAL, span: float = SPAN) -> None:
        self.limit = limit
        self._span = span
        self._settled: deque[float] = deque()
        self._under_way = 0

    def wait(self, now: float) -> float:
        """Seconds until one more may be sent; infinite while only answers can tell."""
        over = 1 - self.room(now)
        if over <= 0:
            return 0.0
        return self._settled[over - 1] + self._span - now if over <= len(self._settled) else float("inf")

    def room(self, now: float) -> int:
        """How many may be sent at once."""
        self._forget(now)
        return self.limit - len(self._settled) - self._under_way

    def begin(self) -> None:
        """One is being sent."""
        self._under_way += 1

    def settle(self, now: float) -> None:
        """One has been answered, or has failed: Twitch may have counted it until now."""
        self._under_way -= 1
        self._settled.append(now)

    def count(self, now: float) -> None:
        """Somebody else has spoken with the same account."""
        self._settled.append(now)
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._settled and now - self._settled[0] >= self._span:
            self._settled.popleft()


class Outbox:
    """Answers that wait. When they can't all be sent at once, the newest goes first; the oldest is pushed out when more
    wait than Twitch lets through in one go."""

    def __init__(self, life: float = LIFE, merge: float = 5.0, span: float = SPAN) -> None:
        """`life`: seconds after which an answer is too old to help. `merge`: seconds in which equal ones are one."""
        self.window = Window(span=span)
        self.counts = {"merged": 0, "pushed out": 0, "too old": 0}
        self._waiting: deque[Answer] = deque()
        self._life = life
        self._merge = merge
        self._lately: deque[tuple[float, str]] = deque(maxlen=64)
        self._closed_until = float("-inf")

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, text: str, reply_to: str | None, now: float) -> bool:
        """Take a message in. False when it needn't be sent: it is empty, or chat is being told just that."""
        text = fitting(text)
        if not text:
            return False
        if any(said == text and now - time <= self._merge for time, said in self._lately):
            self.counts["merged"] += 1
            return False
        self._lately.append((now, text))
        self._waiting.append(Answer(text, reply_to, now))
        if len(self._waiting) > self.window.limit:
            self._waiting.popleft()
            self.counts["pushed out"] += 1
        return True

    def put_back(self, answer: Answer) -> None:
        """Let one that could not be sent wait again, before all others."""
        self._waiting.append(answer)

    def close(self, until: float) -> None:
        """Send nothing before this time: Twitch has said so."""
        self._closed_until = max(self._closed_until, until)

    def wait(self, now: float) -> float | None:
        """Seconds until something can be sent, 0 for now; None while nothing waits."""
        while self._waiting and now - self._waiting[0].time > self._life:
            self._waiting.popleft()
            self.counts["too old"] += 1
        if not self._waiting:
            return None
        return max(self.window.wait(now), self._closed_until - now, 0.0)

    def take(self, now: float) -> Answer:
        """The answer that is to be sent now: `window.settle` must follow."""
        flooded = self.window.room(now) < len(self._waiting)
        self.window.begin()
        return self._waiting.pop() if flooded else self._waiting.popleft()


def fitting(text: str) -> str:
    """The text as one line that Twitch takes: no command of Twitch's own, at most 500 characters, cut at a word."""
    shown = "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp", "Cs") else letter for letter in text)
    line = _COMMAND.sub("", " ".join(shown.split()))
    if _length(line) <= MAX_LENGTH:
        return line
    kept = 0
    for place, letter in enumerate(line):
        kept += _length(letter)
        if kept >= MAX_LENGTH:
            line = line[:place]
            break
    head, space, _ = line.rpartition(" ")
    # A text without spaces, as in Chinese, is cut where it must be.
    return (head if space and len(head) > MAX_LENGTH // 2 else line).rstrip() + "…"


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
