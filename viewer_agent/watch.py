"""From one frame to what is worth saying about it: face, clip, reading. Runs in the agent's one worker thread.

No clock of its own: a frame brings its time along, so that a clip can be watched faster than it plays.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from model.certainty import certainty
from model.detector import Face
from model.light import brightness
from viewer_agent.baseline import Baseline
from viewer_agent.clip import Clip, ClipReading, Distribution, Look
from viewer_agent.quality import Darkness, Picture, quality
from viewer_agent.reporter import Gone, Reporter, Told
from viewer_agent.settings import ViewerSettings
from viewer_agent.tracker import Box, Tracker

Seen = Literal["face", "no_face", "too_dark"]


class Reader(Protocol):
    """The part of `model.face.FaceReader` that is used; see there for shapes."""

    def find(self, frame: Picture) -> Sequence[Face]:
        """All faces in a frame, uint8 H x W x 3 RGB."""

    def crop(self, frame: Picture, face: Face) -> Picture:
        """The part of the frame that the network looks at."""

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """N x 7 for N crops."""

    def close(self) -> None:
        """Free what it holds."""


class FrameLike(Protocol):
    """A `camera.Frame`, or one like it."""

    @property
    def number(self) -> int: ...
    @property
    def captured(self) -> float: ...
    @property
    def moment(self) -> float: ...
    @property
    def pixels(self) -> Picture: ...


class Sight(NamedTuple):
    """What one frame showed. `say` is what the hub should hear of it, if anything."""

    seen: Seen
    box: Box | None
    quality: float
    probabilities: Distribution | None
    say: Told | Gone | None


class Watch:
    """Looks at frames, one after another."""

    def __init__(self, reader: Reader, settings: ViewerSettings) -> None:
        self._reader = reader
        self._settings = settings
        self._tracker = Tracker()
        self._track: int | None = None
        self._clip = Clip(settings.clip_frames, settings.smoothing_seconds)
        self._darkness = Darkness(settings.minimum_brightness)
        self._baseline = Baseline() if settings.neutral_baseline else None
        self._reporter = Reporter(settings.change_threshold)
        self._quality = 0.0
        self._probabilities: Distribution | None = None
        self.idle_until = float("-inf")
        """No frame before this moment will be looked at, so it needn't be decoded. Read by the camera's thread."""

    @property
    def clip(self) -> Clip:
        """The window that the next reading will be made of."""
        return self._clip

    def look(self, frame: FrameLike, interval: float) -> Sight:
        """Look at one frame. `interval` is the shortest time between two readings, in seconds."""
        faces = [
            face for face in self._reader.find(frame.pixels) if _width(face.box) >= self._settings.minimum_face_pixels
        ]
        followed = self._tracker.follow(faces, frame.moment)
        if followed is None:
            return self._nobody("too_dark" if self._darkness.judge(brightness(frame.pixels)) else "no_face")
        if followed.face is None:
            # Out of sight for a moment, behind a hand: the last word stands, and no new one is made up.
            return Sight("face", None, self._quality, self._probabilities, None)
        face = followed.face
        crop = self._reader.crop(frame.pixels, face)
        if self._darkness.judge(brightness(crop)):
            return self._nobody("too_dark")
        if followed.track != self._track:
            self._track = followed.track
            self._probabilities = None
            if self._baseline is not None:
                self._baseline.forget()
        settings = self._settings
        worth = quality(
            crop, face.score, _width(face.box), settings.minimum_brightness, float(settings.minimum_face_pixels)
        )
        self._clip.add(Look(frame.number, frame.moment, crop, worth), followed.track)
        told = self._read(frame, interval)
        return Sight("face", face.box, self._quality, self._probabilities, told)

    def pause(self) -> Gone | None:
        """Forget the face; the camera is being closed."""
        self._forget_face()
        return self._reporter.away("paused")

    def lose(self) -> Gone | None:
        """Forget the face; the camera gives no frames."""
        self._forget_face()
        return self._reporter.away("no_face")

    def _read(self, frame: FrameLike, interval: float) -> Told | None:
        if not self._clip.full or not self._reporter.due(frame.moment, interval):
            return None
        reading = self._clip.read(self._reader.probabilities)
        # Before any correction: what counts is how sure the reader was.
        sure = float(certainty(reading.probabilities))
        return self._told(reading._replace(quality=reading.quality * sure), frame, interval)

    def _told(self, reading: ClipReading, frame: FrameLike, interval: float) -> Told | None:
        if self._baseline is not None:
            reading = reading._replace(probabilities=self._baseline.correct(reading.probabilities, frame.moment))
        self._quality, self._probabilities = reading.quality, reading.probabilities
        return self._reporter.reading(reading, frame.captured, frame.moment, interval)

    def _nobody(self, seen: Literal["no_face", "too_dark"]) -> Sight:
        self._clip.clear()
        self._probabilities = None
        return Sight(seen, None, 0.0, None, self._reporter.away(seen))

    def _forget_face(self) -> None:
        self._tracker.drop()
        self._clip.clear()
        self._probabilities = None


def _width(box: Box) -> float:
    return box[2] - box[0]
