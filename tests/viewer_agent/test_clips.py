"""Real clips through the agent's eyes, as fast as they go: a frame's time is its place in the clip."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model import blazeface
from model.detector import Detector
from model.face import FaceReader
from tests.viewer_agent.helpers import CLIPS, PORTRAIT
from viewer_agent.camera import Frame
from viewer_agent.reporter import Gone, Told
from viewer_agent.settings import ViewerSettings
from viewer_agent.watch import Sight, Watch

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not blazeface.DETECTOR.there, reason="run `python -m model.blazeface` first"),
]
NAMES = sorted(path.name for path in CLIPS.glob("*.mp4"))
needs_clips = pytest.mark.skipif(not NAMES, reason="shared/data/samples/clear_licence is not here")


class EvenReader(FaceReader):
    """Finds and cuts faces as the real one does; reads a crop by its light, so that the numbers move."""

    def __init__(self) -> None:
        super().__init__(Detector(), cast(Any, None), {})

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        light = crops.mean((1, 2, 3)) / 255
        return np.stack([light, *[(1 - light) / 6] * 6], 1).astype(np.float32)


class Shown(NamedTuple):
    """What one frame of a clip led to."""

    second: float
    face_found: bool
    clip_frames: list[int]
    sight: Sight


@pytest.fixture(scope="module")
def reader() -> Iterator[EvenReader]:
    with EvenReader() as reader:
        yield reader


def play(path: Path, reader: EvenReader, darken: float = 1.0) -> list[Shown]:
    """Eight frames a second of a clip, looked at."""
    watch = Watch(reader, ViewerSettings(change_threshold=0.0))
    capture = cv2.VideoCapture(str(path))
    rate = capture.get(cv2.CAP_PROP_FPS)
    shown, number, wanted = [], 0, 0.0
    while capture.grab():
        second = number / rate
        number += 1
        if second < wanted:
            continue
        wanted += 1 / 8
        picture = np.asarray(capture.retrieve()[1])[..., ::-1]
        pixels = np.ascontiguousarray(picture * darken if darken != 1.0 else picture, np.uint8)
        sight = watch.look(Frame(number, 1e9 + second, second, pixels), 1.0)
        shown.append(Shown(second, sight.box is not None, watch.clip.frames, sight))
    capture.release()
    return shown


def check(shown: list[Shown]) -> None:
    """What holds for every clip."""
    posted = [each.second for each in shown if isinstance(each.sight.say, Told)]
    assert all(later - earlier >= 0.99 for earlier, later in pairwise(posted))
    for each in shown:
        assert 0.0 <= each.sight.quality <= 1.0
        if isinstance(each.sight.say, Told):
            assert len(set(each.clip_frames)) == 16
            assert each.face_found
            assert each.sight.say.probabilities.sum() == pytest.approx(1)


@needs_clips
@pytest.mark.parametrize("name", NAMES)
def test_every_clip_is_watched_without_error(name: str, reader: EvenReader) -> None:
    check(play(CLIPS / name, reader))


@needs_clips
@pytest.mark.parametrize("name", ["pyfeat_face_noface.mp4", "pyfeat_noface_face.mp4"])
def test_where_there_is_no_face_that_is_said_and_nothing_is_read(name: str, reader: EvenReader) -> None:
    shown = play(CLIPS / name, reader)
    gone = [each.second for each in shown if each.sight.say == Gone("no_face")]
    assert len(gone) == 1
    faceless = [each for each in shown if not each.face_found]
    assert len(faceless) > 8
    assert not any(isinstance(each.sight.say, Told) for each in faceless)
    # A reading made of the time before the cut never comes after it.
    told = [each for each in shown if isinstance(each.sight.say, Told)]
    assert told
    assert all(len(each.clip_frames) == 16 for each in told)


def test_the_portrait_is_seen_throughout(reader: EvenReader) -> None:
    shown = play(PORTRAIT, reader)
    check(shown)
    assert all(each.face_found for each in shown)
    assert sum(isinstance(each.sight.say, Told) for each in shown) >= 10


def test_the_portrait_in_the_dark_is_too_dark(reader: EvenReader) -> None:
    said = [each.sight.say for each in play(PORTRAIT, reader, darken=0.08) if each.sight.say is not None]
    assert said == [Gone("too_dark")]
