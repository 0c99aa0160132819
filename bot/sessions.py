"""Which session of the history runs, and that a full disk stops nothing but the history.

A session goes from the stream's start to its end where a platform tells of them, else from the bot's start to its stop.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from bot.crowd import Mood
from bot.history import Dispute, History, Side, StreamerSecond
from bot.history_file import Unkeepable
from lera.errors import LeraError

logger = logging.getLogger(__name__)

SAME_STREAM: Final = 60.0
"""Two reports of a stream that began within so many seconds of each other are of the same stream."""
MOST_WAITING: Final = 2 * 3600
"""Seconds of crowd and streamer that wait in memory for a disk that takes none: an hour of both."""
ASLEEP: Final = 60.0
"""A second that comes so long after the one before it: the machine slept."""
_AWAKE: Final = 120.0
_AT_ONCE: Final = 500
_AGAIN: Final = 1.0
_LONGEST: Final = 300


class _Run:
    """A session that is, or soon will be, written down; 0 is no number yet."""

    id = 0


class _Job(NamedTuple):
    """Something to write down: a second of a run, or what `work` does."""

    run: _Run
    second: Mood | Side | None = None
    work: Callable[[History], None] | None = None


class Sessions:
    """The shell around a History. All but `run` return at once; the disk is waited for elsewhere.

    What the disk refuses waits in memory, in its order, and is written when there is room again.
    """

    def __init__(self, history: History | None, channel: str, now: Callable[[], float]) -> None:
        """Without a history nothing is kept, and streams begin and end all the same."""
        self.history = history
        self.fault: str | None = None
        # What "into the stream" is counted from: the stream's own start, also when the bot came later.
        self.started = now()
        self.title = self.category = ""
        self._channel = channel
        self._now = now
        # Since when a session runs; None between a stream's end and the next one's start.
        self._open: float | None = self.started
        # When the platform's stream began; None while none is known to run.
        self._live: float | None = None
        # The session that runs; None before the first was asked for, and between streams.
        self._run: _Run | None = None
        self._begun = False
        # When the last second came, and what was before a sleep.
        self._last = self._last_kept = float("-inf")
        self._slept: tuple[float, float] | None = None
        self._waiting: deque[_Job] = deque()
        # How many of those that waited are being written.
        self._in_work = 0
        self._lost = 0
        # The deque is filled in the event loop and emptied in a thread; one of those writes at a time.
        self._guard, self._writing = threading.Lock(), threading.Lock()
        self._wake = asyncio.Event()

    @property
    def id(self) -> int:
        """The history's number of the session that runs; 0 for none, and until it is written down."""
        return self._run.id if self._run is not None else 0

    @property
    def waiting(self) -> int:
        """How many seconds, beginnings and ends are not on the disk yet."""
        with self._guard:
            return len(self._waiting) + self._in_work

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
            self._describe()
            return False
        came_late = self._live is None and self._open is not None and since <= self._open
        self._live = self.started = since
        if came_late:
            self._describe()
            return False
        if self._open is not None:
            self._end()
        self._open = now
        self._begin()
        return True

    def changed(self, title: str, category: str) -> None:
        """The stream has another title or category."""
        self._name(title, category)
        if self._open is not None:
            self._describe()

    def offline(self) -> None:
        """The stream has ended; what comes until the next belongs to none. Nothing happens when none was known."""
        if self._live is None:
            return
        self._end()
        self._live = self._open = None

    def begin(self) -> None:
        """Start keeping, at the start of the show."""
        if self._open is not None and not self._begun:
            self._begin()
        self._write()

    async def run(self) -> None:
        """Write down what comes, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.to_thread(self._write)
            if self._waiting:
                # Each second brings another wake; between streams nothing does.
                await asyncio.sleep(_AGAIN)
                self._wake.set()

    def add(self, mood: Mood) -> None:
        """Keep one second. Seconds without a viewer are not kept: a gap in the chart says it better than zeros.

        A second that comes at the time of the last one, or before it, is no new one: timers may be early.
        """
        if mood.time > self._last + ASLEEP:
            self._slept = (self._last, mood.time)
        self._last = mood.time
        if mood.viewers and mood.time >= self._last_kept + 0.5:
            self._last_kept = mood.time
            self._slept = None
            self._put_second(mood)

    def add_stage(self, second: StreamerSecond | None, disputes: Sequence[Dispute]) -> None:
        """Keep one second of the streamer's side; nothing happens where there is nothing of it."""
        if second is not None or disputes:
            self._put_second(Side(second, tuple(disputes)))

    def close(self) -> None:
        """End the session, at the end of the show."""
        if self._open is not None:
            self._end()
        self._write()
        if self._waiting:
            logger.error("%d rows of the history could not be written, and end with the show.", len(self._waiting))

    def _name(self, title: str, category: str) -> None:
        # JSON can hold half a sign, which no file takes.
        self.title, self.category = (text[:_LONGEST].encode("utf-8", "replace").decode() for text in (title, category))

    def _put_second(self, second: Mood | Side) -> None:
        if self._run is not None and self._open is not None:
            self._put(_Job(self._run, second))

    def _put(self, job: _Job) -> None:
        if self.history is None:
            return
        with self._guard:
            self._waiting.append(job)
            if len(self._waiting) > MOST_WAITING:
                # The oldest second goes; beginnings and ends are few, and without them the others have no session.
                place = next((place for place, each in enumerate(self._waiting) if each.second is not None), 0)
                del self._waiting[place]
                self._lost += 1
        self._wake.set()

    def _begin(self) -> None:
        started, title, category = self.started, self.title, self.category
        self._begun = True
        self._run = run = _Run()

        def begin(history: History) -> None:
            run.id = history.begin(self._channel, started, title, category)

        self._put(_Job(run, work=begin))

    def _describe(self) -> None:
        if (run := self._run) is not None:
            started, title, category = self.started, self.title, self.category
            self._put(_Job(run, work=lambda history: history.describe(run.id, started, title, category)))

    def _end(self) -> None:
        now = self._now()
        if self._slept is not None and now < self._slept[1] + _AWAKE:
            # The stream ended while the machine slept, and nobody has voted since.
            now = max(self._slept[0], self.started)
        run, self._run = self._run, None
        if run is not None:
            self._put(_Job(run, work=lambda history: history.end(run.id, now)))

    def _write(self) -> None:
        """Write what waits, in its order, as far as the disk takes it."""
        with self._writing:
            while jobs := self._next():
                try:
                    self._do(jobs)
                except LeraError as error:
                    with self._guard:
                        self._waiting.extendleft(reversed(jobs))
                        self._in_work = 0
                    # Said once: a full disk stays full for a while, and the show goes on.
                    if self.fault is None:
                        logger.error("%s The show goes on; an hour of it waits in memory.", error)
                    self.fault = str(error)
                    return
            if self.fault is not None:
                lost, self._lost, self.fault = self._lost, 0, None
                logger.info(
                    "The history is written again; %s.", f"{lost} rows were lost" if lost else "nothing was lost"
                )
            self._in_work = 0

    def _next(self) -> list[_Job]:
        """What can be written at once: some seconds, or one other thing."""
        with self._guard:
            jobs: list[_Job] = []
            while self._waiting and len(jobs) < _AT_ONCE and (not jobs or self._waiting[0].second is not None):
                jobs.append(self._waiting.popleft())
                if jobs[-1].second is None:
                    break
            self._in_work = len(jobs) or self._in_work
            return jobs

    def _do(self, jobs: list[_Job]) -> None:
        assert self.history is not None
        try:
            if jobs[0].work is not None:
                jobs[0].work(self.history)
            else:
                self.history.keep([(job.run.id, job.second) for job in jobs if job.second is not None])
        except Unkeepable as error:
            if len(jobs) > 1:
                for job in jobs:
                    self._do([job])
            elif self.fault is None:
                logger.error("%s It is left out.", error)
