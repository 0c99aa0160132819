"""The microphone's side of the streamer's agent: sound in, readings of voice and words out."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Final, NamedTuple

from model.modalities import Sensed
from streamer_agent.ear import Ear
from streamer_agent.recognition import Recognition
from streamer_agent.sense import Client, Lines, Sense, Source
from streamer_agent.sound import MakeSource, Sound
from transport.stage import GoneReason

LoadEar = Callable[[Callable[[Callable[[], None]], None], ExitStack], Ear]
"""Loads readers and recogniser, and makes the ear that uses them; is given what does a recognition, and what shall be
told how to free them."""


class _Heard(NamedTuple):
    """What is worth telling after some sound. `captured`: the wall clock at the end of each."""

    due: bool
    voice: Sensed | None
    words: Sensed | None
    captured: float
    words_captured: float


class Listening(Sense):
    """Listens to one microphone."""

    MUTED: Final = 10.0
    """Seconds of nothing but zeros after which the streamer is told."""
    _lost: GoneReason = "no_microphone"

    def __init__(self, client: Client, lines: Lines, load_ear: LoadEar, make_source: MakeSource) -> None:
        """`load_ear` is called in a thread; `make_source` gets the callback for a source's changes."""
        super().__init__("microphone", ("voice", "words"), client, lines, make_source)
        self.seconds = 0.0
        """Of sound that was heard."""
        self._load_ear = load_ear
        self._recognition = Recognition()
        self._worker = ThreadPoolExecutor(1, "hearing")
        self._closing = ExitStack()
        self._ear: Ear | None = None
        self._told_at = float("-inf")
        self._told_words = 0
        self._muted = 0.0

    @property
    def utterances(self) -> int:
        """How many utterances were heard so far."""
        return self._ear.utterances if self._ear is not None else 0

    @property
    def dropped(self) -> int:
        """How many of them were dropped, since the recogniser was too slow for them."""
        return self._recognition.dropped

    async def _load(self) -> None:
        def load() -> None:
            self._ear = self._load_ear(self._recognition.put, self._closing)

        await asyncio.get_running_loop().run_in_executor(self._worker, load)

    async def _attend(self, source: Source) -> None:
        microphone: Any = source
        if microphone.state == "lost":
            self._lines.once(self.name, "The microphone is lost; trying again.")
            self._forget()
            self._away("voice", "no_microphone")
            self._away("words", "no_microphone")
            return
        pauses = self._pauses
        heard = await asyncio.get_running_loop().run_in_executor(self._worker, self._hear, microphone.take)
        if heard is None:
            return
        self._lines.once(self.name, "The microphone is open. p pauses and closes it.")
        # There may have been a pause while we listened; then not a word of it leaves.
        if self._pauses != pauses:
            return
        if self._muted >= self.MUTED:
            self._lines.once("muted", "The microphone gives nothing but silence: is it muted?")
        elif not self._muted:
            self._lines.once("muted", "I can hear sound.")
        if not heard.due:
            return
        if heard.voice is not None:
            self._tell("voice", heard.voice.probabilities.tolist(), heard.voice.quality, heard.captured)
        else:
            self._away("voice", "silence")
        if heard.words is not None:
            self._tell("words", heard.words.probabilities.tolist(), heard.words.quality, heard.words_captured)

    def _hear(self, take: Callable[[], list[Sound]]) -> _Heard | None:
        """In the worker's thread."""
        ear = self._ear
        sounds = take()
        if not sounds or ear is None:
            return None
        for sound in sounds:
            ear.hear(sound.samples, sound.moment)
            length = len(sound.samples) / 16_000
            self.seconds += length
            self._muted = 0.0 if sound.samples.any() else self._muted + length
        last = sounds[-1]
        if last.moment < self._told_at + self._interval - 0.01:
            return _Heard(False, None, None, 0.0, 0.0)
        self._told_at = last.moment
        words = ear.words() if ear.readable != self._told_words else None
        self._told_words = ear.readable
        return _Heard(True, ear.voice(), words, last.captured, last.captured - (ear.words_age() or 0.0))

    def _forget(self) -> None:
        self._recognition.clear()
        if self._ear is not None:
            self._worker.submit(self._ear.reset)

    async def close(self) -> None:
        """Free what it holds."""
        await super().close()
        await asyncio.to_thread(self._worker.shutdown)
        # The recogniser first, which ends what is being recognised.
        await asyncio.to_thread(self._closing.close)
        await asyncio.to_thread(self._recognition.close)
