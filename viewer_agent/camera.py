"""The camera, or a video file in its place: a thread that always holds just the newest frame.

Nothing here writes a frame anywhere; a frame that nobody takes is overwritten by the next one.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Protocol

# Read by OpenCV when it is loaded or opens its first camera. Silence, because its complaints say nothing that the one
# line of a LeraError doesn't. MSMF's hardware transforms take ten seconds and more to open a camera on Windows. On
# macOS OpenCV asks for permission only from the main thread; left alone, the system asks by itself.
for _name, _value in {
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    "OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS": "0",
    "OPENCV_AVFOUNDATION_SKIP_AUTH": "1",
}.items():
    os.environ.setdefault(_name, _value)

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from lera.errors import LeraError  # noqa: E402
from lera.files import is_file  # noqa: E402

# Once more, since another module may have loaded OpenCV first.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

Source = int | str
"""A camera's number, a device such as /dev/video1, or a video file."""
State = Literal["opening", "open", "lost", "ended"]


class Frame(NamedTuple):
    """One picture. `number` rises with every frame of a run, taken or not; `captured` is the wall clock and `moment` a
    steady clock, both in seconds; `pixels` are uint8 H x W x 3, RGB."""

    number: int
    captured: float
    moment: float
    pixels: NDArray[np.uint8]


class Capture(Protocol):
    """The part of cv2.VideoCapture that is used."""

    def isOpened(self) -> bool: ...  # noqa: N802
    def grab(self) -> bool: ...
    def retrieve(self) -> tuple[bool, Any]: ...
    def get(self, property_number: int) -> float: ...
    def release(self) -> None: ...


def is_video_file(source: Source) -> bool:
    """Whether the source is an ordinary file, so that no camera is opened."""
    return isinstance(source, str) and is_file(source)


def parse_source(text: str) -> Source:
    """What a person named: "0" is a camera's number, all else a path. Raises LeraError when there is no such thing."""
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        there = Path(text).exists()
    except (OSError, ValueError):
        # Too long to be a name.
        there = False
    if not there:
        raise LeraError(f"There is no camera or video file {text}: name a number such as 0, a device or a file.")
    return text


def open_capture(source: Source) -> Capture:
    """Open a camera (at 640 x 480 if it can) or a file."""
    cv2.setNumThreads(1)
    if is_video_file(source):
        return cv2.VideoCapture(str(source))
    capture = cv2.VideoCapture(source)
    if capture.isOpened():
        # The face finder looks at 128 x 128: more pixels would only cost decoding.
        for name, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, 640),
            (cv2.CAP_PROP_FRAME_HEIGHT, 480),
            (cv2.CAP_PROP_BUFFERSIZE, 1),
        ):
            capture.set(name, value)
    return capture


class Camera:
    """A thread that reads `source`, and decodes `frames_per_second` of what it reads.

    `on_change` is called from that thread whenever there is a new frame or a new `state`, so it must only wake someone.
    A camera that is lost is tried again with backoff until `close`. A file plays at its own speed, and ends unless it
    loops.
    """

    FIRST_WAIT: Final = 0.5
    LONGEST_WAIT: Final = 10.0
    _SHORTEST_GRAB: Final = 1 / 120

    def __init__(
        self,
        source: Source,
        frames_per_second: float,
        on_change: Callable[[], None],
        *,
        loop: bool = False,
        opener: Callable[[Source], Capture] = open_capture,
    ) -> None:
        self.source = source
        self.state: State = "opening"
        self.idle_until: Callable[[], float] = lambda: float("-inf")
        """Frames before the moment that this tells are not decoded. Called from the camera's thread."""
        self._is_file = is_video_file(source)
        self._period = 1.0 / frames_per_second
        self._on_change = on_change
        self._loop = loop
        self._opener = opener
        self._lock = threading.Lock()
        self._newest: Frame | None = None
        self._number = 0
        self._error: LeraError | None = None
        self._tried = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def open(self, *, patient: bool = False) -> None:
        """Start, and wait for the first frame. Raises LeraError when there is no camera, or it is taken.

        With `patient` it returns at once, and a camera that is not there yet is waited for as if it had been lost.
        """
        if patient:
            self._tried.set()
        self._thread.start()
        self._tried.wait()
        if self._error is not None:
            self.close()
            raise self._error

    def take(self) -> Frame | None:
        """The newest frame, or None when it was taken before."""
        with self._lock:
            frame, self._newest = self._newest, None
            return frame

    def close(self) -> None:
        """Release the camera (its light goes out) and wait for the thread, for at most three seconds."""
        self._closing.set()
        self._tried.set()
        if self._thread.ident is not None:
            # A driver that hangs inside grab() must not hang us; the thread is a daemon and ends with the process.
            self._thread.join(3.0)
        self.take()

    def _run(self) -> None:
        wait = self.FIRST_WAIT
        while not self._closing.is_set():
            before = self._number
            try:
                self._play()
            except LeraError as error:
                if not self._tried.is_set():
                    self._error = error
                    self._tried.set()
                    return
            if self._is_file and not (self._loop and self._number > before):
                self._become("ended")
                return
            if not self._is_file:
                self._become("lost")
                wait = self.FIRST_WAIT if self._number > before else min(2 * wait, self.LONGEST_WAIT)
                self._closing.wait(wait)

    def _play(self) -> None:
        """Read one opened capture to its end."""
        try:
            capture = self._opener(self.source)
            try:
                if not capture.isOpened():
                    raise LeraError(_why_closed(self.source))
                if self._is_file:
                    self._play_file(capture)
                else:
                    self._play_device(capture)
            finally:
                capture.release()
        except cv2.error:
            # OpenCV raises for a broken frame, as of a plug that is just being pulled: it is opened anew.
            self._require_frames()

    def _play_device(self, capture: Capture) -> None:
        wanted = 0.0
        while not self._closing.is_set():
            before = time.monotonic()
            if not capture.grab():
                self._require_frames()
                return
            now = time.monotonic()
            self._number += 1
            if now >= max(wanted, self.idle_until()):
                # From the plan, not from now: else every wait would round up to the camera's next frame.
                wanted = max(wanted + self._period, now)
                self._keep(capture, now)
            if now - before < self._SHORTEST_GRAB:
                # Some virtual cameras hand out the same frame at once, forever.
                self._closing.wait(self._SHORTEST_GRAB)

    def _play_file(self, capture: Capture) -> None:
        rate = capture.get(cv2.CAP_PROP_FPS)
        # Raw streams report nonsense.
        step = 1.0 / rate if 1.0 <= rate <= 240.0 else 1.0 / 25.0
        start, wanted = time.monotonic(), 0.0
        index = 0
        while not self._closing.wait(max(0.0, start + max(wanted, index * step) - time.monotonic())):
            # Skip to the frame that is due now.
            due = int((time.monotonic() - start) / step + 1e-6)
            while index <= due and not self._closing.is_set():
                if not capture.grab():
                    self._require_frames()
                    return
                index += 1
                self._number += 1
            wanted = max(wanted + self._period, (index - 1) * step)
            now = time.monotonic()
            if now >= self.idle_until():
                self._keep(capture, now)

    def _keep(self, capture: Capture, now: float) -> None:
        fine, picture = capture.retrieve()
        if not fine or picture is None or picture.size == 0:
            return
        pixels = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        with self._lock:
            self._newest = Frame(self._number, time.time(), now, np.asarray(pixels, np.uint8))
        self._tried.set()
        if self.state != "open":
            self._become("open")
        else:
            self._on_change()

    def _require_frames(self) -> None:
        if not self._tried.is_set():
            raise LeraError(_why_closed(self.source))

    def _become(self, state: State) -> None:
        if state != self.state:
            self.state = state
            # The one who is to be woken may be gone already when we are closing.
            with contextlib.suppress(RuntimeError):
                self._on_change()


def _why_closed(source: Source) -> str:
    if is_video_file(source):
        return f"{source} is not a video that OpenCV can read: convert it to MP4 (H.264)."
    if sys.platform == "linux":
        device = Path(f"/dev/video{source}") if isinstance(source, int) else Path(source)
        if not device.exists():
            others = sorted(str(path) for path in Path("/dev").glob("video*"))
            found = f"this machine has {', '.join(others)}" if others else "none was found: plug one in"
            return f"There is no camera {source} ({found}); choose one with --camera."
        if not os.access(device, os.R_OK | os.W_OK):
            return f"You may not use camera {source}: add your user to the group `video` and log in again."
    allowed = {
        "win32": ", or allow cameras for desktop apps in Settings > Privacy > Camera",
        "darwin": ", or allow the camera for your terminal in System Settings > Privacy & Security > Camera",
    }.get(sys.platform, "")
    return f"Camera {source} can't be opened: plug it in, close other programs that use it{allowed}, or try --camera 1."
