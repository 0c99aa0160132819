import numpy as np
import pytest

from tests.viewer_agent.helpers import FakeReader, face, frame
from viewer_agent.reporter import Gone, Told
from viewer_agent.settings import ViewerSettings
from viewer_agent.watch import Watch

VIEWER = face(200, 100, 160)


def watch(reader: FakeReader, **settings: object) -> Watch:
    return Watch(reader, ViewerSettings(**settings))  # type: ignore[arg-type]


def test_sixteen_frames_make_the_first_reading() -> None:
    reader = FakeReader([VIEWER])
    eyes = watch(reader)
    sights = [eyes.look(frame(number), 1.0) for number in range(16)]
    assert [sight.say for sight in sights[:15]] == [None] * 15
    told = sights[15].say
    assert isinstance(told, Told)
    assert told.captured == frame(15).captured
    assert np.allclose(told.probabilities, reader.distribution)
    assert eyes.clip.frames == list(range(16))
    assert reader.batches == [16]


def test_one_frame_seen_again_and_again_is_no_clip() -> None:
    eyes = watch(FakeReader([VIEWER]))
    stuck = frame(3)
    assert all(eyes.look(stuck._replace(moment=step / 8), 1.0).say is None for step in range(100))
    assert eyes.clip.frames == [3]


def test_a_lost_face_is_told_and_its_clip_dropped() -> None:
    reader = FakeReader([VIEWER])
    eyes = watch(reader)
    for number in range(20):
        eyes.look(frame(number), 1.0)
    reader.faces = []
    said = [eyes.look(frame(number), 1.0).say for number in range(20, 60)]
    # Nothing for the moment of patience, then the absence, once.
    assert [say for say in said if say is not None] == [Gone("no_face")]
    reader.faces = [VIEWER]
    back = [eyes.look(frame(number), 1.0).say for number in range(60, 76)]
    assert back[:15] == [None] * 15
    assert isinstance(back[15], Told)
    assert min(eyes.clip.frames) == 60


def test_no_reading_is_made_up_while_the_face_is_hidden() -> None:
    reader = FakeReader([VIEWER])
    eyes = watch(reader)
    for number in range(17):
        eyes.look(frame(number), 1.0)
    reader.faces = []
    reader.distribution = np.eye(7)[0]
    sight = eyes.look(frame(26), 1.0)
    assert sight.say is None


def test_a_dark_room_and_a_dark_face_are_too_dark() -> None:
    reader = FakeReader([])
    assert watch(reader).look(frame(1, light=8), 1.0).say == Gone("too_dark")
    assert watch(FakeReader([VIEWER])).look(frame(1, light=8), 1.0).say == Gone("too_dark")
    assert watch(reader).look(frame(1), 1.0).say == Gone("no_face")


def test_a_face_that_is_too_small_is_none() -> None:
    reader = FakeReader([face(10, 10, 30)])
    assert watch(reader, minimum_face_pixels=40).look(frame(1), 1.0).say == Gone("no_face")


def test_the_interval_of_the_hub_is_kept() -> None:
    reader = FakeReader([VIEWER])
    eyes = watch(reader, change_threshold=0.0)
    told = []
    for number in range(200):
        reader.distribution = np.roll(reader.distribution, 1)
        if isinstance(eyes.look(frame(number), 2.0).say, Told):
            told.append(number / 8)
    assert len(told) >= 10
    assert min(np.diff(told)) >= 2.0 - 0.002


def test_a_pause_forgets_the_face() -> None:
    eyes = watch(FakeReader([VIEWER]))
    for number in range(20):
        eyes.look(frame(number), 1.0)
    assert eyes.pause() == Gone("paused")
    assert eyes.clip.frames == []


def test_an_unsure_reading_counts_less() -> None:
    found = []
    for top in (0.6, 0.4, 0.25):
        reader = FakeReader([VIEWER])
        reader.distribution = np.array([top, *[(1 - top) / 6] * 6])
        eyes = watch(reader)
        told = [eyes.look(frame(number), 1.0).say for number in range(16)][-1]
        assert isinstance(told, Told)
        found.append(told.quality)
    assert 0 < found[1] < found[0]
    assert found[1] == pytest.approx(found[0] / 2)
    assert found[2] == 0


def test_the_baseline_is_used_when_asked_for() -> None:
    reader = FakeReader([VIEWER])
    reader.distribution = np.array([0.02, 0.45, 0.40, 0.05, 0.02, 0.03, 0.03])
    eyes = watch(reader, neutral_baseline=True)
    sights = [eyes.look(frame(number), 1.0) for number in range(120)]
    first, last = sights[20].probabilities, sights[-1].probabilities
    assert first is not None
    assert last is not None
    assert first.argmax() == 1
    assert last.argmax() == 2
