from hypothesis import given
from hypothesis import strategies as st

from model.detector import Face
from tests.viewer_agent.helpers import face
from viewer_agent.tracker import Tracker

VIEWER = face(200, 100, 120)


def test_follows_the_largest_face() -> None:
    followed = Tracker().follow([face(10, 10, 60), VIEWER], 0.0)
    assert followed is not None
    assert followed.face is VIEWER


def test_a_passer_by_who_is_larger_for_a_moment_does_not_take_over() -> None:
    tracker = Tracker(persistence=3.0)
    first = tracker.follow([VIEWER], 0.0)
    for step in range(1, 20):
        passing = face(20.0 * step, 50, 250)
        followed = tracker.follow([passing, VIEWER], step / 8)
        assert followed == first


def test_a_larger_face_that_stays_takes_over_as_a_new_track() -> None:
    tracker = Tracker(persistence=3.0)
    first = tracker.follow([VIEWER], 0.0)
    larger = face(400, 50, 220)
    tracks = [tracker.follow([VIEWER, larger], step / 8) for step in range(1, 30)]
    assert first is not None
    assert tracks[0] == first
    assert tracks[-1] is not None
    assert tracks[-1].face is larger
    assert tracks[-1].track != first.track


def test_a_face_out_of_sight_for_a_moment_keeps_its_track() -> None:
    tracker = Tracker(patience=1.5)
    first = tracker.follow([VIEWER], 0.0)
    hidden = tracker.follow([], 1.0)
    assert first is not None
    assert hidden is not None
    assert hidden.track == first.track
    assert hidden.face is None
    assert tracker.follow([face(215, 105, 118)], 1.2) == (first.track, face(215, 105, 118))


def test_a_lost_face_frees_the_place() -> None:
    tracker = Tracker(patience=1.5)
    first = tracker.follow([VIEWER], 0.0)
    assert tracker.follow([], 1.6) is None
    second = tracker.follow([face(0, 0, 50)], 1.7)
    assert first is not None
    assert second is not None
    assert second.track != first.track


def test_someone_elsewhere_is_not_taken_for_the_viewer() -> None:
    tracker = Tracker()
    tracker.follow([VIEWER], 0.0)
    followed = tracker.follow([face(0, 300, 60)], 0.1)
    assert followed is not None
    assert followed.face is None


boxes = st.builds(face, st.floats(0, 600), st.floats(0, 400), st.floats(1, 300))


@given(st.lists(st.tuples(st.floats(0.0, 2.0), st.lists(boxes, max_size=4)), max_size=30))
def test_only_ever_gives_a_face_that_is_there(steps: list[tuple[float, list[Face]]]) -> None:
    tracker = Tracker()
    now, latest = 0.0, 0
    for wait, faces in steps:
        now += wait
        followed = tracker.follow(faces, now)
        if followed is None:
            assert not faces
            continue
        assert followed.face is None or followed.face in faces
        assert followed.track >= latest
        latest = followed.track
