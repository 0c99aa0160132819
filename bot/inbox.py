"""Which chat messages are read, and those that wait for it. Pure.

Whatever chat does, the memory stays bounded: texts are cut, the oldest of too many are dropped, and both are counted.
"""

import hashlib
import re
from collections import Counter, deque
from collections.abc import Collection
from typing import Final

from msgspec import Struct

from bot.language import JOINER, one_line, plain
from transport.identities import chatter_key
from transport.tokens import SUBJECT_BYTES

MAX_TEXT: Final = 500
"""Characters of a message that are read: as many as Twitch lets anybody write."""

# A reply starts with the name of whom it answers, so a command may stand behind some of those.
_NAMES: Final = re.compile(r"^(?:@\S+\s+)+")


class ChatMessage(Struct, frozen=True):
    """One line of chat: `chatter` is the platform's opaque id of who wrote it, `time` is the bot's clock in seconds.

    `channel` is where it was written, by the name in `[channel] name`: what was written elsewhere, and only shown here,
    is not read. `name` is the chatter's login; it is compared with the known bots' names and then dropped.
    """

    channel: str
    chatter: str
    text: str
    time: float
    name: str = ""

    def __repr__(self) -> str:
        # What somebody wrote, and who, has no place in a log or a traceback.
        return f"ChatMessage(time={self.time}, {len(self.text)} characters)"


class Waiting(Struct, frozen=True):
    """A message that waits to be read: who wrote it only as a key of this run."""

    chatter: str
    text: str
    time: float

    def __repr__(self) -> str:
        return f"Waiting(time={self.time}, {len(self.text)} characters)"


class Inbox:
    """Takes messages in, ignores commands and bots, and hands the rest out in batches, oldest first."""

    def __init__(self, channel: str, secret: bytes, prefix: str = "!", bots: Collection[str] = (), size: int = 2048):
        """`secret` (at most 64 bytes) keys what stands for a chatter; `size` messages may wait."""
        self.counts: Counter[str] = Counter()
        self._channel = channel
        self._secret = secret
        # "!!!" is only excited, and a prefix alone is no command either.
        self._command = re.compile(rf"(?:!|{re.escape(plain(prefix))})[^\W_]")
        self._bots = frozenset(name.lower() for name in bots)
        self._own: set[str] = set()
        self._waiting: deque[Waiting] = deque(maxlen=size)

    def __len__(self) -> int:
        return len(self._waiting)

    def key(self, chatter: str) -> str:
        """The chatter's viewer key: worthless without the secret, and never an agent's, which has no colon."""
        digest = hashlib.blake2b(chatter.encode("utf-8", "replace"), key=self._secret, digest_size=SUBJECT_BYTES)
        return chatter_key(digest.hexdigest())

    def ignore(self, chatter: str) -> None:
        """Ignore this id from now on: the bot's own account."""
        self._own.add(chatter)

    def put(self, message: ChatMessage) -> bool:
        """Take a message in, to be read. False, and counted why, when it won't be."""
        cause = self._ignored(message)
        if cause:
            self.counts[f"ignored: {cause}"] += 1
            return False
        if len(self._waiting) == self._waiting.maxlen:
            # The oldest goes: what chat feels now is worth more than what it felt before the flood.
            self.counts["dropped"] += 1
        self.counts["heard"] += 1
        self._waiting.append(Waiting(self.key(message.chatter), message.text[:MAX_TEXT], message.time))
        return True

    def batch(self, size: int) -> list[Waiting]:
        """The oldest messages, at most `size`; they are the caller's alone now."""
        return [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]

    def clear(self, chatter: str | None = None) -> None:
        """Drop what waits: all of it, or all of one chatter's key."""
        kept = [] if chatter is None else [waiting for waiting in self._waiting if waiting.chatter != chatter]
        self._waiting.clear()
        self._waiting.extend(kept)

    def _ignored(self, message: ChatMessage) -> str:
        if message.channel.lower() != self._channel.lower():
            return "other channel"
        if message.chatter in self._own or message.name.lower() in self._bots:
            return "bot"
        # As `Commands` sees it: what is answered as a command must not be read as a feeling.
        start = plain(one_line(message.text[:MAX_TEXT]).replace(JOINER, ""))
        if not start:
            return "empty"
        start = _NAMES.sub("", start, count=1)
        # Other bots' commands start with "!", whatever LERA's own prefix is.
        return "command" if self._command.match(start) else ""
