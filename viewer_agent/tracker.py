"""Which face is the viewer's: one is followed, others are left alone. Pure: time comes in, in seconds."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from model.detector import Face

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""


class Followed(NamedTuple):
    """The followed face. `track` changes when it may be another person; `face` is None while it is out of sight."""

    track: int
    face: Face | None


class Tracker:
    """Follows one face. It is let go after `patience` seconds out of sight.

    Another one takes over only when it has been clearly larger (`LARGER` times the area) for `persistence` seconds on
    end: a passer-by who comes between for a moment does not.
    """

    LARGER: Final = 1.4
    OVERLAP: Final = 0.2
    """Least intersection over union of the same face in two looks."""
    STEP: Final = 0.75
    """How far, in widths, the same face may have moved between two looks."""

    def __init__(self, patience: float = 1.5, persistence: float = 3.0) -> None:
        self._patience = patience
        self._persistence = persistence
        self._track = 0
        self._box: Box | None = None
        self._seen = 0.0
        self._rival: Box | None = None
        self._rival_since = 0.0

    def follow(self, faces: Sequence[Face], now: float) -> Followed | None:
        """The followed face among those of the newest frame, or None when there is nobody to follow."""
        if self._box is not None and now - self._seen > self._patience:
            self.drop()
        if self._box is None:
            return self._take(max(faces, key=lambda face: _area(face.box)), now) if faces else None
        own = self._same(self._box, faces)
        rival = self._largest_other(own, faces, now)
        if rival is not None:
            return self._take(rival, now)
        if own is not None:
            self._box, self._seen = own.box, now
        return Followed(self._track, own)

    def drop(self) -> None:
        """Follow nobody; the next face gets a new track."""
        self._box = self._rival = None

    def _take(self, face: Face, now: float) -> Followed:
        self._track += 1
        self._box, self._seen, self._rival = face.box, now, None
        return Followed(self._track, face)

    def _same(self, box: Box, faces: Sequence[Face]) -> Face | None:
        near = [face for face in faces if _overlap(box, face.box) >= self.OVERLAP or _step(box, face.box) <= self.STEP]
        return min(near, key=lambda face: _step(box, face.box), default=None)

    def _largest_other(self, own: Face | None, faces: Sequence[Face], now: float) -> Face | None:
        """The face that has been larger than ours for long enough, if there is one."""
        assert self._box is not None
        floor = _area(own.box if own is not None else self._box) * self.LARGER
        larger = [face for face in faces if face is not own and _area(face.box) >= floor]
        if not larger:
            self._rival = None
            return None
        known = self._same(self._rival, larger) if self._rival is not None else None
        if known is None:
            known = max(larger, key=lambda face: _area(face.box))
            self._rival_since = now
        self._rival = known.box
        return known if now - self._rival_since >= self._persistence else None


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _overlap(one: Box, other: Box) -> float:
    shared = _area((max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])))
    union = _area(one) + _area(other) - shared
    return shared / union if union else 0.0


def _step(one: Box, other: Box) -> float:
    """Distance of the two middles, in widths; a face that changed its size at a stroke is another one."""
    width = max(one[2] - one[0], other[2] - other[0], 1e-9)
    if min(_area(one), _area(other)) * 3 < max(_area(one), _area(other)):
        return float("inf")
    across = (one[0] + one[2] - other[0] - other[2]) / 2
    down = (one[1] + one[3] - other[1] - other[3]) / 2
    return float((across * across + down * down) ** 0.5 / width)
