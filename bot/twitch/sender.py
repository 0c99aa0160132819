"""Says what waits in the outbox: each answer once, also when Twitch's own answer gets lost."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from bot.twitch.drops import meaning
from bot.twitch.faults import Unreachable
from bot.twitch.helix import Refused, Unclear
from bot.twitch.outbox import Answer, Outbox
from bot.twitch.seen import Seen
from lera.errors import LeraError
from lera.redaction import redacted

logger = logging.getLogger(__name__)

AT_ONCE: Final = 4
"""Messages under way at once, so that one slow answer doesn't hold up all others."""
TRIES: Final = 3


class _Reason(Struct, frozen=True):
    code: str = ""


class _Result(Struct, frozen=True):
    is_sent: bool
    message_id: str = ""
    drop_reason: _Reason | None = None


class _Results(Struct, frozen=True):
    data: list[_Result]


class Line(Protocol):
    """The way to Twitch."""

    @property
    def connection(self) -> int:
        """0 while chat is not being read, else the number of the connection that has read all of it since it began."""

    async def post(self, text: str, reply_to: str | None) -> object:
        """Send Chat Message; gives Twitch's answer. Raises what Helix does."""

    def doubt(self, fault: LeraError) -> None:
        """Sending has shown that nobody is logged in any more, or worse."""


class Sender:
    """Sends, and remembers what it sent: bot and streamer may be one account."""

    def __init__(self, outbox: Outbox, line: Line, now: Callable[[], float], patience: float = 3.0) -> None:
        """`patience`: seconds to wait for our own message in chat when Twitch's answer was lost."""
        self.counts: Counter[str] = Counter()
        self._outbox = outbox
        self._line = line
        self._now = now
        self._patience = patience
        self._news = asyncio.Event()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._heard = asyncio.Event()
        self._texts = Seen(life=120.0, size=256)
        self._ids = Seen(life=120.0, size=256)
        self._echoes = Seen(life=120.0, size=256)
        self._told = ""

    def say(self, text: str, reply_to: str | None = None) -> bool:
        """Have a text sent as soon as Twitch's limit lets it. False when chat is being told just that."""
        taken = self._outbox.put(text, reply_to, self._now())
        self._news.set()
        return taken

    def wake(self) -> None:
        """Look again: the line is up, or the limit has changed."""
        self._news.set()

    def is_own(self, message_id: str, text: str, reply_to: str | None) -> bool:
        """Whether a message of our own account is LERA's, not typed by the streamer. Notes that it has arrived."""
        said = [text := " ".join(text.split())]
        if reply_to is not None and text.startswith("@"):
            # Twitch puts the asked person's name in front of a reply.
            said.append(text.partition(" ")[2])
        now = self._now()
        own = self._ids.knows(message_id, now) or any(self._texts.knows(each, now) for each in said)
        if own:
            for key in (reply_to, *said):
                if key is not None:
                    self._echoes.first(key, now)
            self._heard.set()
        return own

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as sending:
            while True:
                self._news.clear()
                wait = self._outbox.wait(self._now()) if self._line.connection else None
                if wait == 0:
                    await self._slots.acquire()
                    # While all slots were taken, time went by.
                    if self._line.connection and self._outbox.wait(self._now()) == 0:
                        sending.create_task(self._deliver(self._outbox.take(self._now())))
                    else:
                        self._slots.release()
                    continue
                try:
                    async with asyncio.timeout(None if wait is None else min(wait, 3600.0)):
                        await self._news.wait()
                except TimeoutError:
                    pass

    async def _deliver(self, answer: Answer) -> None:
        try:
            await self._try(answer)
        finally:
            self._slots.release()
            self._news.set()

    async def _try(self, answer: Answer) -> None:
        now = self._now()
        answer.tries += 1
        if answer.tries == 1:
            # The same words, said once before, are no proof that they have been said again.
            self._echoes.forget(answer.text)
        self._texts.forget(answer.text)
        self._texts.first(answer.text, now)
        try:
            try:
                result = await self._line.post(answer.text, answer.reply_to)
            finally:
                self._outbox.window.settle(self._now())
            sent = msgspec.convert(result, _Results).data[0]
        except Refused as refused:
            await self._refused(answer, refused)
        except (Unclear, msgspec.ValidationError, IndexError):
            await self._unclear(answer)
        except Unreachable:
            # It never left this machine.
            await asyncio.sleep(min(1.0, self._patience))
            self._again(answer)
        except LeraError as fault:
            self.counts["failed"] += 1
            self._line.doubt(fault)
        except Exception as error:
            # Ours or twitchio's. It may quote what was to be said, so that only its kind is told.
            self.counts["failed"] += 1
            logger.error("An answer could not be sent (%s).", type(error).__name__)
        else:
            self._sent(answer, sent)

    def _sent(self, answer: Answer, sent: _Result) -> None:
        if sent.is_sent:
            self.counts["sent"] += 1
            self._ids.first(sent.message_id, self._now())
            self._told = ""
            return
        drop = meaning(sent.drop_reason.code if sent.drop_reason else "")
        self.counts["dropped"] += 1
        self._tell(drop.line)
        if drop.again:
            self._outbox.close(self._now() + 1.0)
            self._again(answer)

    async def _refused(self, answer: Answer, refused: Refused) -> None:
        if refused.status == 429:
            self.counts["limited"] += 1
            self._outbox.close(self._now() + refused.after)
            answer.tries -= 1
            self._outbox.put_back(answer)
        elif refused.status >= 500:
            await self._unclear(answer)
        else:
            self.counts["failed"] += 1
            if refused.status in (401, 403):
                said = redacted(refused.said)[:100]
                self._tell(f"Twitch doesn't let LERA write in this chat ({refused.status}: {said}).")
            # Anything else is about this one message: the one that it answers has been deleted, for example.

    async def _unclear(self, answer: Answer) -> None:
        """Nobody knows whether it was posted. Chat knows: our own messages come back from there."""
        connection = self._line.connection
        if await self._echoed(answer):
            self.counts["sent"] += 1
        elif connection and connection == self._line.connection:
            self._again(answer)
        else:
            self.counts["unknown"] += 1

    async def _echoed(self, answer: Answer) -> bool:
        key = answer.reply_to or answer.text
        try:
            async with asyncio.timeout(self._patience):
                while not self._echoes.knows(key, self._now()):
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            return False
        return True

    def _again(self, answer: Answer) -> None:
        if answer.tries < TRIES:
            self._outbox.put_back(answer)
        else:
            self.counts["failed"] += 1

    def _tell(self, line: str) -> None:
        if line and line != self._told:
            self._told = line
            logger.warning("%s", line)
