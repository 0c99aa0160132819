"""One sample of a data set: what it shows, who is in it, and its frames, read only when they are asked for."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from lera.errors import LeraError
from model.clip import Pixels

PICTURES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
VIDEOS: Final = (".mp4", ".avi", ".mkv", ".mov", ".webm")


class Frames(Protocol):
    """RGB frames, each (H, W, 3) uint8, somewhere on the disk."""

    def count(self) -> int:
        """How many there are."""

    def read(self, numbers: Sequence[int]) -> list[Pixels]:
        """These frames, in this order. Raises LeraError when they can't be read."""


@dataclass(frozen=True)
class Sample:
    """`label` into `model.emotions.EMOTIONS` (-1 for none); `group` names the person or video, if the source does."""

    name: str
    label: int
    group: str
    frames: Frames


@dataclass(frozen=True)
class FrameFolder:
    """A folder of pictures, one for each frame, in the order of their numbers."""

    folder: Path

    def files(self) -> list[Path]:
        found = [path for path in self.folder.iterdir() if path.suffix.lower() in PICTURES]
        if not found:
            raise LeraError(f"there are no frames in {self.folder}")
        return sorted(found, key=lambda path: [int(part) for part in re.findall(r"\d+", path.stem)] or [0])

    def count(self) -> int:
        return len(self.files())

    def read(self, numbers: Sequence[int]) -> list[Pixels]:
        files = self.files()
        opened = {number: pixels_of(files[number]) for number in set(numbers)}
        return [opened[number] for number in numbers]


@dataclass(frozen=True)
class VideoFile:
    """A video, decoded from its start, since seeking in compressed video is not exact."""

    path: Path

    def count(self) -> int:
        return sum(1 for _ in self.frames(keep=False))

    def read(self, numbers: Sequence[int]) -> list[Pixels]:
        wanted, opened = set(numbers), dict[int, Pixels]()
        for number, frame in enumerate(self.frames()):
            if number in wanted:
                opened[number] = frame
            if number >= max(wanted):
                break
        if len(opened) < len(wanted):
            raise LeraError(f"{self.path} ends before frame {max(wanted)}")
        return [opened[number] for number in numbers]

    def frames(self, keep: bool = True) -> Iterator[Pixels]:
        """Every frame in RGB; without `keep`, empty stand-ins, which are enough to count."""
        video = cv2.VideoCapture(str(self.path))
        try:
            if not video.isOpened():
                raise LeraError(f"{self.path} is no video that can be read")
            while video.grab():
                if not keep:
                    yield np.empty((0, 0, 3), np.uint8)
                    continue
                readable, frame = video.retrieve()
                if not readable:
                    return
                yield np.asarray(frame[..., ::-1], np.uint8)
        finally:
            video.release()


@dataclass(frozen=True)
class StillPicture:
    """One picture in a file or, as in the Parquet packs, in memory: a clip of one frame."""

    source: Path | bytes

    def count(self) -> int:
        return 1

    def read(self, numbers: Sequence[int]) -> list[Pixels]:
        return [pixels_of(self.source)] * len(numbers)


def pixels_of(source: Path | bytes) -> Pixels:
    """A picture as RGB (H, W, 3). Raises LeraError when it is missing or damaged."""
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, UnidentifiedImageError) as error:
        name = "a picture of the pack" if isinstance(source, bytes) else str(source)
        raise LeraError(f"{name} can't be read: {str(error).splitlines()[0]}") from None


def frames_at(place: Path) -> Frames | None:
    """A folder of frames, or a video of that name with any ending we know; None when there is neither."""
    if place.is_dir():
        return FrameFolder(place)
    if place.suffix.lower() in VIDEOS and place.is_file():
        return VideoFile(place)
    if place.suffix.lower() in PICTURES and place.is_file():
        return StillPicture(place)
    found = (place.with_name(place.name + ending) for ending in VIDEOS)
    return next((VideoFile(path) for path in found if path.is_file()), None)


def loose(folder: Path) -> list[Sample]:
    """Every video and every folder of frames under `folder`, without labels: what pre-training reads."""
    videos = [path for path in folder.rglob("*") if path.suffix.lower() in VIDEOS]
    folders = {path.parent for path in folder.rglob("*") if path.suffix.lower() in PICTURES}
    places: list[tuple[Path, Frames]] = [(path, VideoFile(path)) for path in videos]
    places += [(path, FrameFolder(path)) for path in folders]
    if not places:
        raise LeraError(f"there are no videos and no folders of frames under {folder}")
    named = sorted((str(path.relative_to(folder)), frames) for path, frames in places)
    return [Sample(name, -1, name, frames) for name, frames in named]
