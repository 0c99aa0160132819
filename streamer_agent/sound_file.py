"""The sound of a file, a video's too, in a microphone's place: it plays at its own speed."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from lera.errors import LeraError
from model.speech import RATE
from streamer_agent.sound import Sound, State, joined


def read_sound(path: Path, seconds: float = 0.1) -> Iterator[NDArray[np.float32]]:
    """The file's first sound track as mono 16 kHz, -1..1, in pieces of `seconds`; the last may be shorter.

    Raises LeraError for what can't be read, or has no sound. What comes after a damaged place is left out.
    """
    size = round(seconds * RATE)
    try:
        with av.open(str(path)) as file:
            if not file.streams.audio:
                raise LeraError(f"{path} has no sound: name an audio file, or a video with a sound track.")
            waiting: list[NDArray[np.float32]] = []
            for part in _parts(file):
                waiting.append(part)
                if sum(map(len, waiting)) >= size:
                    whole = joined(waiting)
                    cut = len(whole) // size * size
                    for at in range(0, cut, size):
                        yield whole[at : at + size]
                    waiting = [whole[cut:]]
            if sum(map(len, waiting)):
                yield joined(waiting)
    except (av.FFmpegError, OSError, ValueError):
        raise LeraError(f"{path} is no sound that can be read: convert it to WAV, MP3 or MP4.") from None


def _parts(file: "av.container.InputContainer") -> Iterator[NDArray[np.float32]]:
    resampler = av.AudioResampler("flt", "mono", RATE)
    heard = False
    try:
        for frame in file.decode(audio=0):
            for part in resampler.resample(frame):
                heard = True
                yield np.clip(part.to_ndarray()[0], -1, 1)
    except av.FFmpegError:
        if not heard:
            raise
    for part in resampler.resample(None):
        yield np.clip(part.to_ndarray()[0], -1, 1)


class SoundFile:
    """Plays a file in real time; a `streamer_agent.sound.SoundSource`."""

    WAITING: Final = 100
    """Pieces that may wait to be taken, each a tenth of a second; of more, the oldest are dropped."""

    def __init__(self, path: Path, on_change: Callable[[], None], *, loop: bool = False) -> None:
        """`on_change` is called from the player's thread, so it must only wake someone."""
        self.state: State = "opening"
        self._path = path
        self._on_change = on_change
        self._loop = loop
        self._waiting: deque[Sound] = deque(maxlen=self.WAITING)
        self._closing = threading.Event()
        self._tried = threading.Event()
        self._error: LeraError | None = None
        self._thread = threading.Thread(target=self._run, name="sound file", daemon=True)

    def open(self, *, patient: bool = False) -> None:  # noqa: ARG002 - a file is there or is not
        """Start playing. Raises LeraError for a file without sound."""
        self._thread.start()
        self._tried.wait()
        if self._error is not None:
            self.close()
            raise self._error

    def take(self) -> list[Sound]:
        """What has been played since it was last asked."""
        taken = []
        with contextlib.suppress(IndexError):
            while True:
                taken.append(self._waiting.popleft())
        return taken

    def close(self) -> None:
        """Stop playing."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join(3.0)
        self._waiting.clear()

    def _run(self) -> None:
        try:
            self._play(time.monotonic())
        except LeraError as error:
            self._error = error
        finally:
            self._tried.set()
            self._become("ended")

    def _play(self, began: float) -> None:
        played = 0
        while True:
            before = played
            for samples in read_sound(self._path):
                played += len(samples)
                # A piece is heard when it is over.
                if self._closing.wait(max(0.0, began + played / RATE - time.monotonic())):
                    return
                self._waiting.append(Sound(samples, time.time(), time.monotonic()))
                self._tried.set()
                self._become("open")
                self._wake()
            if not self._loop or played == before:
                return

    def _become(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self._wake()

    def _wake(self) -> None:
        # The one who is to be woken may be gone already when we are closing.
        with contextlib.suppress(RuntimeError):
            self._on_change()
