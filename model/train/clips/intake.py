"""From the frames of a sample to what a network reads: which frames, which window of the picture, how scaled."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
from PIL import Image

from lera.errors import LeraError
from model.clip import Floats, Pixels, dense_views, frames_first, normalised, resized, segment_frames
from model.train.clips.samples import Sample
from model.zoo import ALIASES, network_of
from model.zoo.registry import base_name, clip, frames, picture, sized

Kind = Literal["clip", "frames", "picture"]
READERS: Final = {"mmnet": "an onset and an apex frame", "action_units": "action units", "ensemble": "others' answers"}


@dataclass(frozen=True)
class Intake:
    """What a network reads: a clip (3, T, S, S), frames (T, 3, S, S) without mean and deviation, or one picture.

    `stride` is the step between the frames of a clip in its video. With `squeeze` the whole frame is pressed into the
    square, as the papers do with faces; without it the shorter side fits and the longer one is cut.
    """

    kind: Kind
    frames: int
    side: int
    stride: int = 1
    squeeze: bool = True

    def training_frames(self, count: int, chance: np.random.Generator) -> list[int]:
        """One random view of a video of `count` frames; the last frame is repeated where it is too short."""
        if self.kind == "picture":
            return [int(chance.integers(count))]
        if self.kind == "frames":
            # Former-DFER's training: one random stretch from each segment of the video.
            edges = np.linspace(0, count, self.frames + 1)
            return [min(int(chance.uniform(a, b)), count - 1) for a, b in pairwise(edges)]
        start = int(chance.integers(max(count - (self.frames - 1) * self.stride, 1)))
        return [min(number, count - 1) for number in range(start, start + self.frames * self.stride, self.stride)]

    def test_frames(self, count: int, views: int) -> list[list[int]]:
        """The frames of each temporal view."""
        if self.kind == "picture":
            return [[count // 2]]
        if self.kind == "frames":
            pairs = 2 if self.frames % 2 == 0 else 1
            return [segment_frames(count, segments=self.frames // pairs, consecutive=pairs)]
        return dense_views(count, self.stride, views=views, frames=self.frames)

    def windows(self, shown: Sequence[Pixels], views: int) -> list[Pixels]:
        """Frames (H, W, 3) -> the spatial views, each (T, S, S, 3): from one end of the longer side to the other.

        Squeezed faces are square, so their views are all the same one, which is returned once.
        """
        height, width = shown[0].shape[:2]
        if self.squeeze or height == width:
            return [resized(shown, self.side)]
        scale = self.side / min(height, width)
        size = (max(round(width * scale), self.side), max(round(height * scale), self.side))
        whole = np.stack([np.asarray(Image.fromarray(f).resize(size, Image.Resampling.BILINEAR)) for f in shown])
        slack = max(size) - self.side
        starts = [round(slack * view / max(views - 1, 1)) for view in range(views)] if views > 1 else [slack // 2]
        if width > height:
            return [whole[:, :, start : start + self.side] for start in starts]
        return [whole[:, start : start + self.side] for start in starts]

    def scaled(self, shown: Pixels) -> Floats:
        """(T, S, S, 3), 0..255, -> the network's input without the batch."""
        if self.kind == "frames":
            return frames_first(shown)
        return normalised(shown) if self.kind == "clip" else normalised(shown)[:, 0]

    def test_views(self, sample: Sample, temporal: int = 2, spatial: int = 2) -> Floats:
        """Every view of a sample that differs from the others, (V, …); their answers are averaged."""
        times = self.test_frames(sample.frames.count(), temporal)
        distinct = [times[place] for place in range(len(times)) if times[place] not in times[:place]]
        seen = sorted({number for numbers in distinct for number in numbers})
        opened = dict(zip(seen, sample.frames.read(seen), strict=True))
        views = [
            self.scaled(window)
            for numbers in distinct
            for window in self.windows([opened[number] for number in numbers], spatial)
        ]
        return np.stack(views)


def intake_of(name: str, sizes: dict[str, Any], stride: int = 1, squeeze: bool = True) -> Intake:
    """What the network `name` reads. Raises LeraError for one that reads neither clips nor pictures."""
    network, given = network_of(name)
    if base_name(name) in READERS:
        raise LeraError(f"`{name}` reads {READERS[base_name(name)]}, not clips or pictures")
    kinds: dict[object, Kind] = {clip: "clip", frames: "frames", picture: "picture"}
    if network.inputs not in kinds:
        raise LeraError(f"`{name}` is a part of a network; train the whole one ({', '.join(ALIASES)} are its variants)")
    full = sized(name, network, given | sizes)
    kind = kinds[network.inputs]
    return Intake(kind, 1 if kind == "picture" else full.frames, full.image, stride, squeeze)
