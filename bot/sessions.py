"""Which session of the history runs, and that a full disk stops nothing but the history.

A session goes from the stream's start to its end where a platform tells of them, else from the bot's start to its stop.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from bot.crowd import Mood
from bot.history import Dispute, History, StreamerSecond
from lera.errors import LeraError

logger = logging.getLogger(__name__)

SAME_STREAM: Final = 60.0
"""Two reports of a stream that began within so many seconds of each other are of the same stream."""
_LONGEST: Final = 300


class Sessions:
    """The shell around a History. All but `run` and `add` return at once; the disk is waited for elsewhere."""

    def __init__(self, history: History | None, channel: str, now: Callable[[], float]) -> None:
        """Without a history nothing is kept, and streams begin and end all the same."""
        self.history = history
        self.fault: str | None = None
        # The history's number of the session that runs; 0 for none.
        self.id = 0
        # What "into the stream" is counted from: the stream's own start, also when the bot came later.
        self.started = now()
        self.title = self.category = ""
        self._channel = channel
        self._now = now
        # Since when a session runs; None between a stream's end and the next one's start.
        self._open: float | None = self.started
        # When the platform's stream began; None while none is known to run.
        self._live: float | None = None
        # Whether the first session was, or soon will be, written down.
        self._begun = False
        self._jobs: asyncio.Queue[Callable[[History], None]] = asyncio.Queue()

    @property
    def running(self) -> bool:
        """Whether a session runs, kept or not."""
        return self._open is not None

    def online(self, title: str, category: str, started: float | None) -> bool:
        """The stream is live, since `started` where that is known. True when that starts a new session.

        A stream that began before the bot did is the session that the bot began with.
        """
        now = self._now()
        since = now if started is None else min(started, now)
        self._name(title, category)
        if self._live is not None and (started is None or abs(since - self._live) < SAME_STREAM):
            self._put(self._describing())
            return False
        came_late = self._live is None and self._open is not None and since <= self._open
        self._live = self.started = since
        if came_late:
            self._put(self._describing())
            return False
        if self._open is not None:
            self._put(lambda history: self._end(history, now))
        self._open = now
        self._put(self._beginning())
        return True

    def changed(self, title: str, category: str) -> None:
        """The stream has another title or category."""
        self._name(title, category)
        if self._open is not None:
            self._put(self._describing())

    def offline(self) -> None:
        """The stream has ended; what comes until the next belongs to none. Nothing happens when none was known."""
        if self._live is None:
            return
        now = self._now()
        self._live = self._open = None
        self._put(lambda history: self._end(history, now))

    def begin(self) -> None:
        """Start keeping, at the start of the show."""
        if self.history is not None and self._open is not None and not self._begun:
            self._try(self._beginning())

    async def run(self) -> None:
        """Write down what streams do, until cancelled."""
        while True:
            job = await self._jobs.get()
            await asyncio.to_thread(self._try, job)

    async def add(self, mood: Mood) -> None:
        """Keep one second. Seconds without a viewer are not kept: a gap in the chart says it better than zeros."""
        if self.history is not None and self.id and self._open is not None and mood.viewers:
            session = self.id
            await asyncio.to_thread(self._try, lambda history: history.add(session, mood))

    async def add_stage(self, second: StreamerSecond | None, disputes: Sequence[Dispute]) -> None:
        """Keep one second of the streamer's side; nothing happens where there is nothing of it."""
        if self.history is not None and self.id and self._open is not None and (second is not None or disputes):
            session = self.id
            await asyncio.to_thread(self._try, lambda history: history.add_stage(session, second, disputes))

    def close(self) -> None:
        """End the session, at the end of the show."""
        while not self._jobs.empty():
            self._try(self._jobs.get_nowait())
        if self.history is not None and self.id:
            self._try(lambda history: self._end(history, self._now()))

    def _name(self, title: str, category: str) -> None:
        self.title, self.category = title[:_LONGEST], category[:_LONGEST]

    def _put(self, job: Callable[[History], None]) -> None:
        if self.history is not None:
            self._jobs.put_nowait(job)

    def _beginning(self) -> Callable[[History], None]:
        started, title, category = self.started, self.title, self.category
        self._begun = True

        def begin(history: History) -> None:
            self.id = history.begin(self._channel, started, title, category)

        return begin

    def _describing(self) -> Callable[[History], None]:
        started, title, category = self.started, self.title, self.category

        def describe(history: History) -> None:
            if self.id:
                history.describe(self.id, started, title, category)

        return describe

    def _end(self, history: History, now: float) -> None:
        session, self.id = self.id, 0
        if session:
            history.end(session, now)

    def _try(self, keep: Callable[[History], None]) -> None:
        assert self.history is not None
        try:
            keep(self.history)
        except LeraError as error:
            # Said once: a full disk stays full for a while, and the show goes on.
            if self.fault is None:
                logger.error("%s The show goes on without it.", error)
            self.fault = str(error)
        else:
            self.fault = None
