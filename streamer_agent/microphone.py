"""The microphone: a thread that keeps it open, and a short row of what it has heard.

Nothing here writes sound anywhere; what nobody takes is pushed out by what comes after.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lera.errors import LeraError
from streamer_agent.devices import Device, Devices, Stream
from streamer_agent.sound import Resampler, Sound, State


class _Piece(NamedTuple):
    """As it came from the device, with the clocks at its end."""

    frames: NDArray[np.float32]
    captured: float
    moment: float
    resampler: Resampler


class Microphone:
    """Keeps one microphone open; a `streamer_agent.sound.SoundSource`.

    One that is lost is tried again until `close`.
    """

    WAITING: Final = 200
    """Pieces that may wait to be taken, each a twentieth of a second; of more, the oldest are dropped."""
    SILENT: Final = 3.0
    """Seconds without any piece, not even of silence, after which a device counts as lost."""
    LOOK: Final = 0.5
    """Seconds between two looks at whether the device is still there."""
    FIRST_WAIT: Final = 1.0
    LONGEST_WAIT: Final = 10.0

    def __init__(self, which: int | str, devices: Devices, on_change: Callable[[], None]) -> None:
        """`on_change` is called from other threads, so it must only wake someone."""
        self.state: State = "opening"
        self.name = ""
        """Of the device, once it is open."""
        self._which = which
        self._devices = devices
        self._on_change = on_change
        self._waiting: deque[_Piece] = deque(maxlen=self.WAITING)
        self._heard_at = 0.0
        self._error: LeraError | None = None
        self._tried = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="microphone", daemon=True)

    def open(self, *, patient: bool = False) -> None:
        """Start. Raises LeraError when there is no microphone, or it is taken; `patient` waits for it instead."""
        if patient:
            self._tried.set()
        self._thread.start()
        self._tried.wait()
        if self._error is not None:
            self.close()
            raise self._error

    def take(self) -> list[Sound]:
        """What was heard since it was last asked, the oldest first. For one thread: it does the resampling."""
        taken = []
        with contextlib.suppress(IndexError):
            while True:
                piece = self._waiting.popleft()
                samples = piece.resampler.convert(np.nan_to_num(np.clip(piece.frames, -1, 1)))
                if len(samples):
                    taken.append(Sound(samples, piece.captured, piece.moment))
        return taken

    def close(self) -> None:
        """Close the device and wait for that, for at most three seconds."""
        self._closing.set()
        self._tried.set()
        if self._thread.ident is not None:
            # A driver that hangs must not hang us; the thread is a daemon and ends with the process.
            self._thread.join(3.0)
        self._waiting.clear()

    def _run(self) -> None:
        wait = self.FIRST_WAIT
        again = False
        while not self._closing.is_set():
            before = self._heard_at
            try:
                if again:
                    self._devices.refresh()
                again = True
                device = self._devices.find(self._which)
                self._listen(device)
            except LeraError as error:
                if not self._tried.is_set():
                    self._error = error
                    self._tried.set()
                    return
            self._become("lost")
            wait = self.FIRST_WAIT if self._heard_at > before else min(2 * wait, self.LONGEST_WAIT)
            self._closing.wait(wait)

    def _listen(self, device: Device) -> None:
        """Until the device dies or we close."""
        resampler = Resampler(device.rate)

        def hear(frames: NDArray[np.float32]) -> None:
            self._heard_at = time.monotonic()
            self._waiting.append(_Piece(frames, time.time(), self._heard_at, resampler))
            self._wake()

        opened = time.monotonic()
        stream: Stream = self._devices.open(device, hear)
        try:
            self.name = device.name
            self._become("open")
            self._tried.set()
            while not self._closing.wait(self.LOOK):
                if not stream.active or time.monotonic() - max(self._heard_at, opened) > self.SILENT:
                    return
        finally:
            stream.close()

    def _become(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self._wake()

    def _wake(self) -> None:
        # The one who is to be woken may be gone already when we are closing.
        with contextlib.suppress(RuntimeError):
            self._on_change()
