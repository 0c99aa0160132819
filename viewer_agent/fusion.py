"""The fusion network in the agent: bursts of 16 frames at the trained spacing, paced by a budget of processor time.

Between two bursts frames are let go unseen. A burst is one clip: 16 different frames of one face, in order, each cut
by its own frame's box. Where a frame is late, the clip starts anew, so that what the network takes for motion is.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from lera.errors import LeraError
from model.detector import Detector, Face
from model.fusion import FRAME_RATE, ClipReader, box_crop
from viewer_agent.budget import Budget
from viewer_agent.clip import ClipReading
from viewer_agent.quality import Picture
from viewer_agent.reporter import Told
from viewer_agent.settings import ModelSettings, ViewerSettings
from viewer_agent.watch import FrameLike, Reader, Sight, Watch

FRAMES_PER_SECOND: Final = FRAME_RATE
"""What the camera must give; a clip takes every frame, or every n-th."""
LONGEST_REST: Final = 0.5
"""Seconds that the camera's frames go undecoded at most; each frame looked at confirms that the agent is alive."""
SLACK: Final = 0.5 / FRAMES_PER_SECOND
"""Half a frame: cameras are not punctual."""
LATE: Final = 4.0
"""A frame this many spacings after the last one begins a new clip (or a quarter of a second, if that is longer)."""


class ClipsReader(Reader, Protocol):
    """What reads whole clips: `FusionReader`, or one like it. Its `probabilities` take (N, 16, H, W, 3)."""

    frames: int
    spacing: float
    cost: float


class FusionReader:
    """Finds faces, cuts them as boxes, reads clips of them. Close it."""

    def __init__(self, clips: ClipReader, detector: Detector) -> None:
        self._clips = clips
        self._detector = detector
        self.frames = clips.frames
        self.spacing = clips.spacing
        began = time.process_time()
        self.probabilities(np.zeros((1, clips.frames, clips.side, clips.side, 3), np.uint8))
        self.cost = time.process_time() - began
        """Processor time of one clip, in seconds, as measured once."""

    def find(self, frame: Picture) -> Sequence[Face]:
        """All faces in a frame."""
        return self._detector.find(frame)

    def crop(self, frame: Picture, face: Face) -> Picture:
        """The face's box, squeezed to a square."""
        return box_crop(frame, face.box, self._clips.side)

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(N, 7) for N clips."""
        return self._clips.probabilities(crops)

    def close(self) -> None:
        """Free the detector."""
        self._detector.close()


def load(settings: ModelSettings) -> FusionReader:
    """The reader that `[model]` names. Raises LeraError when its weights are missing or are something else."""
    if not settings.weights:
        raise LeraError('[model] face = "fusion" needs weights: name what `python -m model export` wrote in `weights`.')
    return FusionReader(ClipReader(Path(settings.weights).expanduser()), Detector())


class FusionWatch(Watch):
    """Looks at bursts of frames, as often as the budget allows."""

    def __init__(
        self,
        reader: ClipsReader,
        settings: ViewerSettings,
        share: float,
        spent: Callable[[], float] = time.process_time,
    ) -> None:
        """`share` of one core may be taken; `spent` tells the processor time of the process so far, in seconds."""
        super().__init__(reader, msgspec.structs.replace(settings, clip_frames=reader.frames))
        self._spent = spent
        # Finding and cutting the faces of a burst come on top of the network.
        self._budget = Budget(share, reader.cost + 0.005 * reader.frames)
        self._spacing = reader.spacing
        self._wanted = float("-inf")
        self._last = float("-inf")
        self._in_burst = False
        self._sight: Sight | None = None
        self.clip_frames: list[int] = []
        """The numbers of the frames that the newest reading was made of."""

    def look(self, frame: FrameLike, interval: float) -> Sight:
        """Look at one frame, or let it go."""
        affords = self._budget.affords(frame.moment, self._spent())
        if self._sight is None:
            # One glance, so that whoever sits there is told at once that they are seen.
            self._sight = super().look(frame, interval)
            return self._sight
        if not self._in_burst:
            if not affords or not self._reporter.due(frame.moment, interval):
                resumes = max(frame.moment + self._budget.wait, self._reporter.due_at(interval) - SLACK)
                self.idle_until = min(resumes, frame.moment + LONGEST_REST)
                return self._sight._replace(say=None)
            self._clip.clear()
            self._budget.begin(self._spent())
            self._in_burst = True
            self._wanted = frame.moment
        if frame.moment < self._wanted - SLACK:
            return self._sight._replace(say=None)
        if frame.moment - self._last > max(LATE * self._spacing, 0.25):
            self._clip.clear()
        self._last = frame.moment
        self._wanted = max(self._wanted, frame.moment - self._spacing / 2) + self._spacing
        self.idle_until = self._wanted - SLACK
        self._sight = super().look(frame, interval)
        if not self._clip.frames:
            # Nobody to read: that was no burst, and looking again soon is cheap.
            self._in_burst = False
            self._budget.leave()
        return self._sight

    def _read(self, frame: FrameLike, interval: float) -> Told | None:
        if not self._clip.full:
            return None
        self.clip_frames = self._clip.frames
        # Nor does anybody look while the network reads.
        self.idle_until = float("inf")
        row = self._reader.probabilities(self._clip.crops[None])[0].astype(np.float64)
        reading = ClipReading(row / row.sum(), self._clip.quality)
        # The next frame asks the budget how long to rest.
        self.idle_until = frame.moment
        self._in_burst = False
        self._budget.end(self._spent())
        return self._told(reading, frame, interval)

    def _forget_face(self) -> None:
        super()._forget_face()
        self._sight = None
        self._in_burst = False
        self.idle_until = float("-inf")
        self._budget.leave()
