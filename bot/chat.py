"""Chat as a source of readings: messages in, scored in batches off the event loop, one vote for each chatter out.

Nothing of a message is kept but its fingerprint (`bot/copypasta.py`), for as long as the chatter's vote lives. The
decisions are pure and live in `bot/inbox.py`, `bot/copypasta.py` and `bot/chatters.py`; this is the shell around them.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from bot.chatters import Chatters
from bot.copypasta import fingerprint
from bot.inbox import ChatMessage, Inbox, Waiting
from bot.settings import ChatSettings
from lera.errors import LeraError
from model.emotions import EMOTIONS
from transport.reading import SUM_TOLERANCE, Probabilities, Reading

logger = logging.getLogger(__name__)

BATCH: Final = 512
AT_ONCE: Final = 250
"""Votes that are counted before others get their turn on the event loop: a few milliseconds."""
TICK: Final = 0.2
"""Seconds between two batches: votes change at most five times a second, and single messages wait for company."""
TIDY: Final = 5.0
"""Seconds after which what has expired is dropped, also when nobody writes."""


class Reader(Protocol):
    """What reads chat: `model.text.load()` gives one."""

    def read(self, messages: Sequence[str]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Probabilities (N, 7) in the order of EMOTIONS and quality (N,), 0..1. Called from a thread of its own."""


class Count(Protocol):
    """Whose votes these become."""

    def take_chat(self, reading: Reading) -> None:
        """A chatter's vote is new or has changed."""

    def leave(self, viewer: str) -> None:
        """A chatter's vote is withdrawn."""


class Chat:
    """Hears messages, and tells the crowd what their writers feel. Nothing is loaded before the first message."""

    def __init__(
        self,
        settings: ChatSettings,
        channel: str,
        crowd: Count,
        now: Callable[[], float],
        load: Callable[[], Reader] | None = None,
        person: bytes | None = None,
    ) -> None:
        """`now` is the show's clock; `load` gives the reader and raises LeraError when there is none.

        `person` keys what stands for a chatter, so that who is linked or banned is known again another day. Without it,
        and for all that is kept of messages, the key is one of this run.
        """
        self.fault: str | None = None if settings.enabled else "off"
        self._settings = settings
        self._crowd = crowd
        self._now = now
        self._load = load or load_reader
        # What is kept of chatters and messages can't be looked up by trying names or words.
        self._secret = secrets.token_bytes(32)
        self._inbox = Inbox(channel, person or self._secret, settings.prefix, settings.bots)
        self._chatters = Chatters(settings.half_life, settings.expiry)
        self._reader: Reader | None = None
        self._heard = asyncio.Event()
        self._counts: Counter[str] = Counter()
        self._failing = False
        # Who asked to be forgotten while a batch is being read: what they wrote may be in it. Or everybody's is void.
        self._forgotten: set[str] = set()
        self._void = False

    @property
    def counts(self) -> Counter[str]:
        """How many messages were heard, ignored, dropped, read, or said nothing that could be read."""
        return self._inbox.counts + self._counts

    def hear(self, message: ChatMessage) -> bool:
        """Take one message in; never blocks. False when it will not be read."""
        if self.fault is not None or not self._inbox.put(message):
            return False
        self._heard.set()
        return True

    def key(self, chatter: str) -> str:
        """The viewer key of a chatter by the platform's id."""
        return self._inbox.key(chatter)

    def feel(self, chatter: str, probabilities: Probabilities) -> bool:
        """Count what a chatter says to feel, by the platform's id. False where chat doesn't vote."""
        if not self._settings.enabled:
            return False
        self._crowd.take_chat(self._chatters.tap(self.key(chatter), probabilities, self._now()))
        return True

    def pause(self, paused: bool) -> None:
        """Drop what is heard and not read yet: it was written before the pause, and would count after it."""
        if paused:
            self._inbox.clear()
            self._void = True

    def clear(self) -> None:
        """Forget all messages and chatters. Their votes are the caller's to withdraw."""
        self._inbox.clear()
        self._chatters.clear()
        self._void = True

    def ignore(self, chatter: str) -> None:
        """Never read this id: the bot's own account."""
        self._inbox.ignore(chatter)
        self.forget(chatter)

    def forget(self, chatter: str) -> None:
        """Erase all that is known of a chatter by the platform's id, and withdraw the vote."""
        key = self._inbox.key(chatter)
        self._inbox.clear(key)
        self._forgotten.add(key)
        self._chatters.forget(key)
        self._crowd.leave(key)

    async def run(self) -> None:
        """Read what is heard until cancelled; returns where chat doesn't vote. Without a reader `feel` still counts."""
        if self.fault is not None:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tidy())
            while self.fault is None:
                await self._heard.wait()
                if self._reader is None:
                    await self._open()
                else:
                    await self._read()
                    await asyncio.sleep(TICK)

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY)
            self._chatters.expire(self._now())
            self._withdraw()

    def _withdraw(self) -> None:
        """Take back the votes of those who were forgotten."""
        for chatter in self._chatters.gone():
            self._crowd.leave(chatter)

    async def _open(self) -> None:
        try:
            self._reader = await asyncio.to_thread(self._load)
        except LeraError as error:
            self.fault = str(error)
            self._inbox.clear()
            logger.error("%s The show goes on without reading chat.", error)

    async def _read(self) -> None:
        """Score what waits and count it. No text outlives this call."""
        self._forgotten.clear()
        self._void = False
        batch = self._inbox.batch(BATCH)
        if not len(self._inbox):
            self._heard.clear()
        assert self._reader is not None
        try:
            fingerprints, sevens, qualities = await asyncio.to_thread(_scored, self._reader, batch, self._secret)
        except Exception as error:  # A reader's error may quote what somebody wrote: only its kind is told.
            self._counts["failed"] += len(batch)
            if not self._failing:
                logger.error("The text reader fails (%s): run `python run.py doctor`.", type(error).__name__)
            self._failing = True
            return
        self._failing = False
        self._add([(waiting.chatter, waiting.time) for waiting in batch], fingerprints, sevens, qualities)
        # Many votes change at once when a copypasta goes round; the overlay must not wait for all of them.
        while readings := self._chatters.readings(AT_ONCE):
            for reading in readings:
                self._crowd.take_chat(reading)
            await asyncio.sleep(0)

    def _add(
        self,
        written: list[tuple[str, float]],
        fingerprints: list[bytes],
        sevens: npt.NDArray[np.float64],
        qualities: list[float],
    ) -> None:
        if self._void:
            return
        now = self._now()
        for (chatter, time), message, seven, quality in zip(written, fingerprints, sevens, qualities, strict=True):
            if chatter in self._forgotten:
                continue
            said = self._chatters.add(chatter, message, seven, quality, time, now)
            self._counts["read" if said else "unsure"] += 1
        self._withdraw()


def load_reader() -> Reader:
    """The text reader that comes with LERA. Raises LeraError."""
    try:
        # By name, since LERA also runs without it: then chat is answered and not read.
        reader: Reader = import_module("model.text").load()
    except LeraError:
        raise
    except ModuleNotFoundError as error:
        raise LeraError(f"Chat can't be read: {error.name} is not installed.") from None
    except Exception as error:  # Whatever is wrong with its files, the show must go on.
        raise LeraError(f"Chat can't be read: its reader does not load ({error}). Install LERA again.") from None
    return reader


def _scored(
    reader: Reader, batch: Sequence[Waiting], secret: bytes
) -> tuple[list[bytes], npt.NDArray[np.float64], list[float]]:
    """Fingerprint, seven probabilities and quality of each message; quality 0 for an answer that is none."""
    texts = [waiting.text for waiting in batch]
    probabilities, quality = reader.read(texts)
    sevens, qualities = np.asarray(probabilities, np.float64), np.asarray(quality, np.float64)
    if sevens.shape != (len(texts), len(EMOTIONS)) or qualities.shape != (len(texts),):
        raise ValueError("the text reader's answer has the wrong shape")
    sound = np.isfinite(qualities) & (sevens >= 0).all(axis=1) & (np.abs(sevens.sum(axis=1) - 1) <= SUM_TOLERANCE)
    return [fingerprint(text, secret) for text in texts], sevens, np.where(sound, qualities, 0.0).tolist()
