"""Senses for tests that say what they are told to, and a read file of known numbers."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from analysis.tracks import Absence, Kind, Read, Track, fused, track
from model.detector import Face
from model.emotions import EMOTIONS
from model.modalities import Modality, Sensed
from model.text import TextReader
from streamer_agent.ear import Ear
from viewer_agent.settings import ViewerSettings
from viewer_agent.watch import Watch


def leading(emotion: str, share: float = 0.7) -> NDArray[np.float64]:
    """Seven probabilities of which one leads, (7,)."""
    row = np.full(len(EMOTIONS), (1 - share) / (len(EMOTIONS) - 1))
    row[EMOTIONS.index(emotion)] = share
    return row


class BrightFaces:
    """A face reader whose faces fill the frame: a bright one is happy, a dim one sad, a black frame has none."""

    def __init__(self) -> None:
        self.closed = False

    def find(self, frame: NDArray[np.uint8]) -> list[Face]:
        height, width = frame.shape[:2]
        point = (width / 2, height / 2)
        if frame.mean() < 20:
            return []
        return [Face((0.0, 0.0, float(width), float(height)), 0.9, (point,) * 6)]

    def crop(self, frame: NDArray[np.uint8], _face: Face) -> NDArray[np.uint8]:
        noise = np.random.default_rng(0).integers(-40, 40, (112, 112, 1))
        grey: NDArray[np.uint8] = np.clip(frame.mean() + np.broadcast_to(noise, (112, 112, 3)), 0, 255).astype(np.uint8)
        return grey

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        told = [leading("happiness" if crop.mean() > 128 else "sadness") for crop in crops]
        return np.array(told, np.float32).reshape(-1, 7)

    def close(self) -> None:
        self.closed = True


class LoudEar:
    """Hears surprise in what is loud, and fear in words that come with it."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.flushed = False
        self._loud = False

    def hear(self, samples: NDArray[np.float32], time: float) -> None:
        assert samples.dtype == np.float32 and samples.ndim == 1
        self.times.append(time)
        self._loud = bool(np.abs(samples).max(initial=0) > 0.1)

    def flush(self) -> None:
        self.flushed = True

    def voice(self) -> Sensed | None:
        return Sensed(leading("surprise"), 0.8) if self._loud else None

    def words(self) -> Sensed | None:
        return Sensed(leading("fear"), 0.5) if self._loud else None


class EasyReader:
    """Reads "happy" and "sad", and nothing else."""

    def read(self, messages: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        told = ["happiness" if "happy" in text else "sadness" if "sad" in text else None for text in messages]
        rows = [leading(name or "neutral") for name in told]
        return np.array(rows, np.float32).reshape(-1, 7), np.array(
            [float(name is not None) for name in told], np.float32
        )


class TestSenses:
    """`analysis.reading.Senses` of the readers above."""

    __test__ = False
    frames_per_second = 8.0

    def __init__(self, without: set[Modality] = frozenset()) -> None:  # type: ignore[assignment]
        self.without = without
        self.ears = LoudEar()

    def left_out(self) -> dict[Modality, Absence]:
        return dict.fromkeys(self.without, "left_out")

    def watch(self) -> Watch | None:
        return Watch(cast(Any, BrightFaces()), ViewerSettings())

    def ear(self) -> Ear | None:
        return cast(Ear, self.ears)

    def text(self) -> TextReader:
        return cast(TextReader, EasyReader())


def evening(
    name: str = "clip.mp4",
    length: float = 40.0,
    kind: Kind = "video",
    modalities: tuple[Modality, ...] = ("face", "voice"),
) -> Read:
    """A file that is neutral, with a laugh in its middle and a gap of the face before it."""
    count = int(length)
    tracks: dict[Modality, Track] = {}
    for modality in modalities:
        sensed: list[Sensed | None] = [Sensed(leading("neutral"), 0.8) for _ in range(count)]
        for second in range(count // 2, min(count // 2 + 4, count)):
            sensed[second] = Sensed(leading("happiness", 0.9), 0.9)
        if modality == "face":
            sensed[5:9] = [None] * 4
        tracks[modality] = track(sensed)
    absent: dict[Modality, Absence] = {one: "nothing" for one in ("face", "voice", "words") if one not in tracks}
    mood, parts = fused(tracks, count)
    lines = tuple(range(1, count + 1)) if kind == "text" else ()
    return Read(name, kind, length, tracks, absent, mood, parts, lines)
