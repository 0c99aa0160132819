import sys
import threading
import time
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lera.errors import LeraError
from tests.viewer_agent.helpers import PORTRAIT
from viewer_agent.camera import Camera, Capture, Frame, is_video_file, parse_source

PICTURE = np.zeros((48, 64, 3), np.uint8)


class FakeCapture:
    """A device that gives `frames` frames, `rate` a second, and then nothing more."""

    def __init__(self, frames: int, rate: float = 200.0, picture: Any = PICTURE) -> None:
        self.left = frames
        self.decoded = 0
        self.released = False
        self._period = 1 / rate
        self._picture = picture

    def isOpened(self) -> bool:  # noqa: N802
        return self.left > 0

    def grab(self) -> bool:
        time.sleep(self._period)
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, Any]:
        self.decoded += 1
        return True, self._picture

    def get(self, _number: int) -> float:
        return 0.0

    def release(self) -> None:
        self.released = True


def until_grabbed(device: FakeCapture, more: int) -> None:
    """Wait until so many more frames have been read of it."""
    last, end = device.left - more, time.monotonic() + 20.0
    while device.left > last:
        assert time.monotonic() < end
        time.sleep(0.01)


class FilmTime:
    """A clock for a camera that goes on only while the camera waits: no machine is so busy that a frame comes late."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_000_000.0 + self.now

    def event(self) -> threading.Event:
        clock = self

        class Event(threading.Event):
            def wait(self, timeout: float | None = None) -> bool:
                if timeout is None:
                    return super().wait()
                clock.now += timeout
                return self.is_set()

        return Event()


class Changes:
    """Collects what a camera says, and waits for it."""

    def __init__(self) -> None:
        self.camera: Camera | None = None
        self.states: list[str] = []
        self.frames: list[Frame] = []
        self._changed = threading.Condition()

    def __call__(self) -> None:
        assert self.camera is not None
        with self._changed:
            if not self.states or self.states[-1] != self.camera.state:
                self.states.append(self.camera.state)
            frame = self.camera.take()
            if frame is not None:
                self.frames.append(frame)
            self._changed.notify_all()

    def until(self, ready: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(ready, 20.0)


def start(source: int | str, captures: Sequence[Capture] = (), rate: float = 8.0, loop: bool = False) -> Changes:
    changes, left = Changes(), list(captures)
    if captures:
        camera = Camera(
            source, rate, changes, loop=loop, opener=lambda _source: left.pop(0) if left else FakeCapture(0)
        )
    else:
        camera = Camera(source, rate, changes, loop=loop)
    changes.camera = camera
    camera.open()
    return changes


def stop(changes: Changes) -> None:
    assert changes.camera is not None
    changes.camera.close()
    assert "camera" not in [thread.name for thread in threading.enumerate()]


def y4m(path: Path, frames: int) -> str:
    """A small grey film of 25 frames a second, each brighter than the one before."""
    with path.open("wb") as file:
        file.write(b"YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420jpeg\n")
        for number in range(frames):
            file.write(b"FRAME\n" + bytes([40 + 5 * number]) * (64 * 48) + bytes([128]) * (2 * 32 * 24))
    return str(path)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Camera, "FIRST_WAIT", 0.01)


def test_only_wanted_frames_are_decoded() -> None:
    device = FakeCapture(10**6)
    begun = time.monotonic()
    changes = start(0, [device], rate=20.0)
    changes.until(lambda: len(changes.frames) >= 10)
    stop(changes)
    assert device.released
    # As many as were wanted in the time that it took, however slow this machine is; one more at each end.
    assert device.decoded <= 20.0 * (time.monotonic() - begun) + 2
    assert device.decoded < 10**6 - device.left
    numbers = [frame.number for frame in changes.frames]
    assert numbers == sorted(set(numbers))
    assert changes.frames[0].pixels.shape == (48, 64, 3)
    assert abs(changes.frames[-1].captured - time.time()) < 60


@pytest.mark.parametrize("is_file", [False, True])
def test_frames_that_nobody_will_use_are_not_decoded(is_file: bool, tmp_path: Path) -> None:
    device = FakeCapture(10**6, rate=25.0 if is_file else 200.0)
    source: int | str = y4m(tmp_path / "film.y4m", 1) if is_file else 0
    changes = start(source, [device], rate=200.0)
    assert changes.camera is not None
    resumes = [float("inf")]
    changes.camera.idle_until = lambda: resumes[0]
    until_grabbed(device, 2)  # a frame that was being decoded
    decoded = device.decoded
    # It keeps reading, so that the frame it then decodes is a new one.
    until_grabbed(device, 6)
    assert device.decoded == decoded
    resumes[0] = time.monotonic()
    changes.until(lambda: device.decoded > decoded)
    stop(changes)
    assert changes.frames[-1].moment >= resumes[0]


def test_a_camera_that_goes_is_waited_for_and_taken_up_again() -> None:
    devices = [FakeCapture(5), FakeCapture(0), FakeCapture(0), FakeCapture(10**6)]
    changes = start(0, devices, rate=100.0)
    changes.until(lambda: changes.states == ["open", "lost", "open"])
    stop(changes)
    assert all(device.released for device in devices)
    numbers = [frame.number for frame in changes.frames]
    assert numbers == sorted(set(numbers))


class BreakingCapture(FakeCapture):
    """Its last frames are such that OpenCV raises an error."""

    def retrieve(self) -> tuple[bool, Any]:
        fine, picture = super().retrieve()
        return fine, picture if self.left > 5 else np.zeros((48, 64, 2), np.uint8)


def test_a_camera_whose_frames_break_is_opened_anew() -> None:
    broken, whole = BreakingCapture(10), FakeCapture(10**6)
    changes = start(0, [broken, whole], rate=100.0)
    changes.until(lambda: changes.states == ["open", "lost", "open"])
    stop(changes)
    assert broken.released


def test_a_camera_without_a_single_good_frame_is_one_line() -> None:
    with pytest.raises(LeraError, match="camera"):
        start(0, [BreakingCapture(5)])


def test_a_busy_camera_is_one_line_of_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(LeraError, match="close other programs") as caught:
        start(0, [FakeCapture(0)])
    assert "\n" not in str(caught.value)


def test_a_missing_camera_is_one_line_of_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(LeraError, match="There is no camera 97") as caught:
        start(97, [FakeCapture(0)])
    assert "\n" not in str(caught.value)


def test_the_real_opencv_says_nothing_about_a_missing_camera(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LeraError):
        start(97)
    assert capfd.readouterr().err == ""


def test_what_is_no_video_is_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("not a film")
    with pytest.raises(LeraError, match="not a video"):
        start(str(path), loop=True)
    assert capfd.readouterr().err == ""


def test_a_file_plays_at_its_own_speed_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FilmTime()
    monkeypatch.setattr("viewer_agent.camera.time", clock)
    quick = types.SimpleNamespace(Event=clock.event, Lock=threading.Lock, Thread=threading.Thread)
    monkeypatch.setattr("viewer_agent.camera.threading", quick)
    changes = start(y4m(tmp_path / "film.y4m", 26), rate=30.0)
    changes.until(lambda: changes.states == ["open", "ended"])
    stop(changes)
    # 26 frames at 25 a second: the last one is due a second after the first.
    assert changes.frames[-1].moment - changes.frames[0].moment == pytest.approx(1.0, abs=0.05)
    brightness = [float(frame.pixels.mean()) for frame in changes.frames]
    assert brightness == sorted(brightness) and len(brightness) > 20


def test_a_file_may_loop_and_its_frames_never_repeat_a_number(tmp_path: Path) -> None:
    changes = start(y4m(tmp_path / "film.y4m", 5), rate=30.0, loop=True)
    changes.until(lambda: len(changes.frames) >= 12)
    stop(changes)
    numbers = [frame.number for frame in changes.frames]
    assert numbers == sorted(set(numbers))
    assert "ended" not in changes.states


def test_the_portrait_is_read_by_plain_opencv() -> None:
    changes = start(str(PORTRAIT), rate=30.0)
    changes.until(lambda: len(changes.frames) >= 3)
    stop(changes)
    assert changes.frames[0].pixels.shape == (320, 320, 3)


def test_a_camera_that_hands_out_frames_at_once_does_not_spin() -> None:
    device = FakeCapture(10**9, rate=1e9)
    begun = time.monotonic()
    changes = start(0, [device], rate=10.0)
    changes.until(lambda: len(changes.frames) >= 4)
    stop(changes)
    assert 10**9 - device.left < 200 * (time.monotonic() - begun + 1)


def test_sources(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.touch()
    assert parse_source("0") == 0
    assert parse_source(str(film)) == str(film)
    assert is_video_file(str(film))
    assert not is_video_file(0)
    with pytest.raises(LeraError, match="no camera or video file"):
        parse_source("rtsp://elsewhere/stream")


@pytest.mark.skipif(sys.platform == "win32", reason="no such files here")
def test_only_an_ordinary_file_counts_as_a_file(tmp_path: Path) -> None:
    # Consent hangs on it: whatever is not certainly a file may be a camera.
    assert not is_video_file(str(tmp_path))
    assert not is_video_file("/dev/null")
