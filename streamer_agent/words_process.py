"""Recognition in a process of its own: pocketsphinx works without ever letting another thread have its turn.

`WordsProcess` is the agent's end, `python -m streamer_agent.words_process` the other. Sound goes in, seven numbers
come out; the words themselves never leave that process, and it ends with its input.
"""

import contextlib
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

import msgspec
import numpy as np
from msgspec import Struct

from lera.errors import LeraError
from model.modalities import Sensed
from model.speech import LONGEST, RATE, Utterance
from streamer_agent.settings import StreamerSettings
from streamer_agent.words import Words, load_recogniser

_LENGTH: Final = struct.Struct("<I")
_MOST: Final = round((LONGEST + 8) * RATE)
"""Samples of one piece that are taken."""


class Answer(Struct):
    """What one piece of sound said; both None for no words. The first one tells whether it could be loaded."""

    probabilities: list[float] | None = None
    quality: float | None = None
    fault: str = ""


class WordsProcess:
    """Reads utterances as `streamer_agent.words.Words` does. For one thread."""

    TRIES: Final = 3
    """Times that a process that has died is started anew; then there are no words."""

    def __init__(self, settings: StreamerSettings, on_given_up: Callable[[], None] = lambda: None) -> None:
        """`on_given_up` is called once, in the reading thread, when it has died too often. Raises LeraError when the
        recogniser can't be loaded."""
        self._settings = settings
        self._on_given_up = on_given_up
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._tries = self.TRIES
        self._start()

    def read(self, utterance: Utterance) -> Sensed | None:
        """As `Words.read`; None as well when the process has died."""
        samples = utterance.samples[-_MOST:].astype("<f4")
        try:
            if self._process is None:
                if not self._tries or self._closed:
                    return None
                self._tries -= 1
                self._start()
            answer = self._ask(_LENGTH.pack(len(samples)) + samples.tobytes())
        except (OSError, ValueError, msgspec.DecodeError, LeraError):
            self._end()
            if not self._tries and not self._closed:
                self._on_given_up()
            return None
        if answer.probabilities is None or answer.quality is None:
            return None
        return Sensed(np.array(answer.probabilities, np.float32), answer.quality)

    def close(self) -> None:
        """End the process at once, also from another thread."""
        self._closed = True
        self._end()

    def _start(self) -> None:
        root = str(Path(__file__).parents[1])
        paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streamer_agent.words_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
        )
        if self._closed:
            # From another thread, while it was starting.
            self._end()
        try:
            ready = self._ask(msgspec.json.encode(self._settings) + b"\n")
        except (OSError, ValueError, msgspec.DecodeError):
            self._end()
            raise LeraError("The recogniser does not start: install LERA again, or set recogniser off.") from None
        if ready.fault:
            self._end()
            raise LeraError(ready.fault)

    def _ask(self, content: bytes) -> Answer:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise OSError
        process.stdin.write(content)
        process.stdin.flush()
        return msgspec.json.decode(process.stdout.readline(), type=Answer)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(3.0)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def serve(heard: IO[bytes], said: IO[bytes]) -> None:
    """Until the input ends: the settings first, then pieces of sound, each answered by one line."""

    def answer(content: Answer) -> None:
        said.write(msgspec.json.encode(content) + b"\n")
        said.flush()

    try:
        settings = msgspec.json.decode(heard.readline(), type=StreamerSettings)
        recogniser = load_recogniser(settings)
        from model import text

        words = Words(recogniser, text.load()) if recogniser is not None else None
    except LeraError as error:
        answer(Answer(fault=str(error)))
        return
    answer(Answer())
    while len(header := heard.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(header)
        if length > _MOST:
            return
        samples = np.frombuffer(heard.read(4 * length), "<f4")
        sensed = words.read(Utterance(samples, 0.0, len(samples) / RATE)) if words is not None else None
        answer(Answer() if sensed is None else Answer(sensed.probabilities.tolist(), sensed.quality))


if __name__ == "__main__":
    # Ctrl-C in a terminal reaches every program in it; this one ends with the agent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError):
        serve(sys.stdin.buffer, sys.stdout.buffer)
