"""What camera and microphone have in common: opened, attended to, paused, lost and found again, each for itself."""

import asyncio
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from lera.errors import LeraError
from transport.stage import GoneReason, Modality


class Client(Protocol):
    """The part of `transport.stage.StageClient` that is used."""

    interval: float
    channel: str

    async def run(self) -> None: ...
    def post(self, modality: Modality, probabilities: Sequence[float], quality: float, captured: float) -> None: ...
    def away(self, modality: Modality, reason: GoneReason) -> None: ...
    async def close(self) -> None: ...


class Source(Protocol):
    """A camera, a microphone, or a file in their place."""

    @property
    def state(self) -> str: ...
    def open(self, *, patient: bool = False) -> None: ...
    def close(self) -> None: ...


class Lines:
    """What a run says to the streamer: each thing once, until it changes."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._said: dict[str, str] = {}

    def once(self, topic: str, text: str) -> None:
        """Say this, unless it was the last word on that topic."""
        if self._said.get(topic) != text:
            self._said[topic] = text
            self.say(text)


class Sense:
    """One source, until it ends. Subclasses load what reads it, and attend to it."""

    SHORTEST: Final = 1.0
    """Seconds between two readings of one modality, at least."""

    def __init__(
        self,
        name: str,
        modalities: tuple[Modality, ...],
        client: Client,
        lines: Lines,
        make: Callable[[Callable[[], None]], Source],
    ) -> None:
        """`name`: of the source, for people. `make` makes one that is not open yet, and is given what it shall call, in
        any thread, when something has changed."""
        self.name = name
        self.missing: LeraError | None = None
        """Why it could not be opened at first; None once it could."""
        self.on_missing: Callable[[], None] = lambda: None
        self.paused = False
        self.readings: dict[Modality, int] = dict.fromkeys(modalities, 0)
        self._client = client
        self._lines = lines
        self._make = make
        # A pause that is over before anybody noticed it was one all the same.
        self._pauses = 0
        self._patient = False
        # Nothing that others do in threads must delay it. Two, so that it can be closed while it opens.
        self._opener = ThreadPoolExecutor(2, "opener")
        self._change = asyncio.Event()
        self._gone: dict[Modality, GoneReason] = {}

    def pause(self) -> None:
        """Withdraw what was said, and close the source."""
        self.paused = True
        self._pauses += 1
        for modality in self.readings:
            self._away(modality, "paused")
        self._change.set()

    def resume(self) -> None:
        """Open it again, as soon as it is there."""
        self.paused = False
        self._change.set()

    async def run(self) -> None:
        """Until the source ends. Raises LeraError when what reads it can't be loaded."""
        loop = asyncio.get_running_loop()
        await self._load()
        await self._until_resumed()
        while not await self._attend_one(loop):
            self._forget()
            await self._until_resumed()

    async def _until_resumed(self) -> None:
        if self.paused:
            self._lines.once(self.name, f"Paused: the {self.name} is closed. p goes on.")
        while self.paused:
            self._change.clear()
            await self._change.wait()

    async def _attend_one(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Open the source and attend to it until it ends (True), it can't be opened, or there is a pause (False)."""
        pauses, patient = self._pauses, self._patient

        def wake() -> None:
            loop.call_soon_threadsafe(self._change.set)

        source = self._make(wake)
        try:
            await loop.run_in_executor(self._opener, functools.partial(source.open, patient=patient))
            self._patient = True
            while self._pauses == pauses:
                await self._attend(source)
                if source.state == "ended":
                    self._lines.once(self.name, f"The {self.name}'s file has ended.")
                    for modality in self.readings:
                        self._away(modality, self._lost)
                    return True
                # Set by the source, by a pause, and by nothing else: nothing new, no work.
                await self._change.wait()
                self._change.clear()
            return False
        except LeraError as error:
            if patient:
                raise
            if self._pauses != pauses:
                # Who has paused needs no source. If it is still missing when they go on, that is said then.
                return False
            self._patient = True
            self.missing = error
            self.on_missing()
            return False
        finally:
            await loop.run_in_executor(self._opener, source.close)

    def _tell(self, modality: Modality, probabilities: Sequence[float], quality: float, captured: float) -> None:
        self._gone.pop(modality, None)
        self.missing = None
        self.readings[modality] += 1
        self._client.post(modality, probabilities, quality, captured)

    def _away(self, modality: Modality, reason: GoneReason) -> None:
        if self._gone.get(modality) != reason:
            self._gone[modality] = reason
            self._client.away(modality, reason)

    @property
    def _interval(self) -> float:
        return max(self.SHORTEST, self._client.interval)

    _lost: GoneReason

    async def _load(self) -> None:
        """Load what reads the source."""
        raise NotImplementedError

    async def _attend(self, source: Source) -> None:
        """Take what is new, and tell what is worth telling."""
        raise NotImplementedError

    def _forget(self) -> None:
        """Forget what was seen or heard: the source is closed."""
        raise NotImplementedError

    async def close(self) -> None:
        """Free what it holds, after `run` has ended."""
        await asyncio.to_thread(self._opener.shutdown)
