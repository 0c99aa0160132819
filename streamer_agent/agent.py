"""The streamer's agent itself: camera and microphone beside each other, and the line to the bot."""

import asyncio
import functools
import os
import time
from collections.abc import Callable, Sequence

import psutil
from msgspec import Struct, field

from lera.errors import LeraError
from streamer_agent.listening import Listening
from streamer_agent.looking import Looking
from streamer_agent.sense import Client, Lines, Sense
from transport.stage import Modality


class Statistics(Struct):
    """What a run did and cost. `cpu_seconds` is processor time of the agent's own process since the run began, and
    `recogniser_cpu_seconds` of the recogniser's; Windows doesn't tell the latter, and it stays 0."""

    seconds: float = 0.0
    frames: int = 0
    sound_seconds: float = 0.0
    utterances: int = 0
    dropped: int = 0
    readings: dict[Modality, int] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    recogniser_cpu_seconds: float = 0.0
    rss_megabytes: float = 0.0

    def __str__(self) -> str:
        """One line for people."""
        share = 100 * (self.cpu_seconds + self.recogniser_cpu_seconds) / max(self.seconds, 1e-3)
        told = ", ".join(f"{count} of {modality}" for modality, count in self.readings.items())
        return (
            f"Readings made in {self.seconds:.0f} s: {told or 'none'}; {share:.0f} % of one processor core (loading "
            f"counted in), {self.rss_megabytes:.0f} MB of memory."
        )


class StreamerAgent:
    """Runs until the bot refuses, all files have ended, the time is up, or it is cancelled."""

    def __init__(
        self,
        make_client: Callable[[Callable[[str], None]], Client],
        make_senses: Callable[[Client, Lines], Sequence[Sense]],
        place: str,
        say: Callable[[str], None] = print,
    ) -> None:
        """`make_client` gets the callback for its state. `make_senses` makes camera, microphone, or both; `place` is
        where the bot is, for people."""
        self.statistics = Statistics()
        self.paused = False
        self.state = "connecting"
        self.refused = False
        """Whether the bot refused for good."""
        self._lines = Lines(say)
        self._client = make_client(self._hear_bot)
        self._senses = list(make_senses(self._client, self._lines))
        self._place = place
        self._stopping = asyncio.Event()
        self._ending = False
        self._helpless: LeraError | None = None
        for sense in self._senses:
            sense.on_missing = functools.partial(self._missing, sense)

    async def run(self, seconds: float | None = None) -> None:
        """Run for `seconds`, or on and on. Raises LeraError when nothing can be opened, or the bot refuses for good."""
        began, spent, beside = time.monotonic(), time.process_time(), _spent_beside()
        tasks = [asyncio.create_task(work) for work in (self._connect(), self._sense(), self._stopped())]
        try:
            done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            # In a task of its own: being stopped while it tidies up must leave neither camera nor microphone open.
            tidying = asyncio.create_task(self._tidy_up(tasks))
            try:
                await asyncio.shield(tidying)
            except asyncio.CancelledError:
                await tidying
                raise
            finally:
                self.statistics.recogniser_cpu_seconds = _spent_beside() - beside
                self._count(time.monotonic() - began, time.process_time() - spent)

    def stop(self) -> None:
        """Let `run` end and tidy up."""
        self._stopping.set()

    def toggle_pause(self) -> None:
        """Pause, which closes camera and microphone, or go on."""
        self.paused = not self.paused
        for sense in self._senses:
            if self.paused:
                sense.pause()
            else:
                sense.resume()

    async def _connect(self) -> None:
        try:
            await self._client.run()
        except LeraError:
            self.refused = True
            raise

    async def _stopped(self) -> None:
        await self._stopping.wait()
        if self._helpless is not None:
            raise self._helpless

    async def _sense(self) -> None:
        """Until every sense has ended. One that fails leaves the others alone."""
        results = await asyncio.gather(*(self._one(sense) for sense in self._senses))
        failures = [error for error in results if error is not None]
        if len(failures) == len(self._senses):
            raise failures[0]

    async def _one(self, sense: Sense) -> LeraError | None:
        try:
            await sense.run()
        except LeraError as error:
            sense.missing = error
            if len(self._senses) > 1:
                self._lines.once(sense.name, f"{error} LERA goes on without the {sense.name}.")
            return error
        return None

    def _missing(self, sense: Sense) -> None:
        error = sense.missing
        if all(each.missing is not None for each in self._senses):
            # Nothing at all to look at or listen to: better said at once than waited for in silence.
            self._helpless = error
            self._stopping.set()
            return
        self._lines.once(sense.name, f"{error} LERA goes on without the {sense.name} and keeps looking for it.")

    async def _tidy_up(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        self._ending = True
        await self._client.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(sense.close() for sense in self._senses))

    def _count(self, seconds: float, cpu_seconds: float) -> None:
        statistics = self.statistics
        statistics.seconds, statistics.cpu_seconds = seconds, cpu_seconds
        statistics.rss_megabytes = psutil.Process().memory_info().rss / 1e6
        for sense in self._senses:
            statistics.readings.update(sense.readings)
            if isinstance(sense, Looking):
                statistics.frames = sense.frames
            elif isinstance(sense, Listening):
                statistics.sound_seconds = sense.seconds
                statistics.utterances, statistics.dropped = sense.utterances, sense.dropped

    def _hear_bot(self, state: str) -> None:
        self.state = state
        if state == "joined":
            self._lines.once("bot", f"Connected to the bot of {self._client.channel}.")
        elif state == "offline" and not self._ending:
            self._lines.once(
                "bot", f"The bot at {self._place} can't be reached; trying again. `python run.py bot` starts it."
            )


def _spent_beside() -> float:
    """Processor time, in seconds, of processes that this one has started and that have ended."""
    times = os.times()
    return times.children_user + times.children_system
