"""The frames: drawn where something moved, sent at the set rate whether or not anything did."""

import threading
import time
from collections.abc import Callable
from typing import Final

from bot.drawing.look import MoodFrame, Signal, look_of
from bot.drawing.plate import Plate
from bot.drawing.words import LANGUAGES, Language
from bot.virtual_camera.device import Camera
from bot.virtual_camera.motion import Motion
from lera.errors import LeraError

_LATE: Final = 0.5
"""Seconds behind which lost frames are given up and not caught up with."""


class Broadcast:
    """Sends a plate to a camera until it is stopped. `sent` and `drawn` count its frames."""

    def __init__(
        self,
        camera: Camera,
        plate: Plate,
        newest: Callable[[], tuple[MoodFrame | None, Signal]],
        frames_per_second: float,
        language: Language,
    ) -> None:
        self.sent = 0
        self.drawn = 0
        self._camera = camera
        self._plate = plate
        self._newest = newest
        self._interval = 1 / frames_per_second
        self._words = LANGUAGES[language]
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End after the frame that is being sent. May be called from any thread."""
        self._stopping.set()

    def run(self) -> None:
        """Send frames until stopped; waits in between. Raises LeraError when the device goes away."""
        known = self._newest()
        look = look_of(*known, self._words)
        motion = Motion(look, time.monotonic())
        due = time.monotonic()
        while not self._stopping.is_set():
            newest = self._newest()
            if newest != known:
                known, look = newest, look_of(*newest, self._words)
            self.drawn += self._plate.draw(motion.at(look, time.monotonic()))
            try:
                self._camera.send(self._plate.canvas.pixels)
            except (RuntimeError, OSError) as error:
                raise LeraError(f"The virtual camera has gone ({error}): start it again.") from None
            self.sent += 1
            due += self._interval
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            elif wait < -_LATE:
                due = time.monotonic()
