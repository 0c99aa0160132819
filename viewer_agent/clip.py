"""The last looks at one face, and the one distribution at their centre. Pure.

The centre is the geometric median (`model.median`), so that one odd look (a hand before the face, a blurred frame, a
blink) can't flip the label: looks with less than half of the weight can't carry it away, however sure they are. What
that claim rests on is this theorem and clips simulated from single pictures (`python -m model evaluate face`); there is
no labelled video here to measure it on.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.median import geometric_median

LEAST_TRUST: Final = 0.05
"""A look without any quality still weighs this much, so that a clip of nothing but bad looks has a centre, too."""

Crop = NDArray[np.uint8]
Distribution = NDArray[np.float64]
"""Seven probabilities, in the order of `model.emotions.EMOTIONS`."""


class Look:
    """One crop of one frame. `probabilities` is filled in when a reading needs it, and then kept."""

    __slots__ = ("crop", "frame", "moment", "probabilities", "quality")

    def __init__(self, frame: int, moment: float, crop: Crop, quality: float) -> None:
        self.frame = frame
        self.moment = moment
        self.crop = crop
        self.quality = quality
        self.probabilities: Distribution | None = None


class ClipReading(NamedTuple):
    """What a full clip says: seven probabilities that sum to 1, and quality 0..1."""

    probabilities: Distribution
    quality: float


class Clip:
    """A window of `length` looks at the same face, each from another frame, oldest first.

    It says nothing until it is full: one frame seen 16 times is no clip. A new track empties it.
    """

    def __init__(self, length: int, smoothing_seconds: float) -> None:
        self._smoothing = smoothing_seconds
        self._looks: deque[Look] = deque(maxlen=length)
        self._track: int | None = None

    def add(self, look: Look, track: int) -> bool:
        """Add a look at the face `track`. False (and not added) when its frame is not newer than the last."""
        if track != self._track:
            self.clear()
            self._track = track
        if self._looks and look.frame <= self._looks[-1].frame:
            return False
        self._looks.append(look)
        return True

    def clear(self) -> None:
        """Forget everything: the face was lost."""
        self._looks.clear()

    @property
    def full(self) -> bool:
        """Whether a reading can be made."""
        return len(self._looks) == self._looks.maxlen

    @property
    def frames(self) -> list[int]:
        """The numbers of the frames it holds, rising."""
        return [look.frame for look in self._looks]

    @property
    def crops(self) -> NDArray[np.uint8]:
        """Its crops, (N, H, W, 3), oldest first."""
        return np.stack([look.crop for look in self._looks])

    @property
    def quality(self) -> float:
        """The mean quality of its looks, 0..1."""
        return min(1.0, max(0.0, float(np.mean([look.quality for look in self._looks]))))

    def read(self, classify: Callable[[NDArray[np.uint8]], NDArray[np.float32]]) -> ClipReading:
        """The centre of the looks; one that is t seconds old weighs exp(-t / smoothing_seconds) times its quality.

        `classify` maps crops (N, H, W, 3) to probabilities (N, 7). It gets only those that it has not seen before. The
        reading's quality is the mean of the looks', weighed by age alone.
        """
        unread = [look for look in self._looks if look.probabilities is None]
        if unread:
            for look, row in zip(unread, classify(np.stack([look.crop for look in unread])), strict=True):
                look.probabilities = row.astype(np.float64)
        newest = self._looks[-1].moment
        recency = np.exp([(look.moment - newest) / self._smoothing for look in self._looks])
        qualities = np.clip([look.quality for look in self._looks], 0.0, 1.0)
        rows = np.stack([look.probabilities for look in self._looks if look.probabilities is not None])
        centre = geometric_median(rows, recency * np.maximum(qualities, LEAST_TRUST))
        quality = float(recency @ qualities / recency.sum())
        return ClipReading(centre / centre.sum(), min(1.0, quality))
