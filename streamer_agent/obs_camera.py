"""A source of OBS in a camera's place, by screenshots: for a camera that only OBS may open.

Pictures come over the machine's own network from OBS and stay in memory.
"""

import asyncio
import base64
import binascii
import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lera.errors import LeraError
from lera.obs.connection import Connection, ObsAway, ObsError, ObsSaysNo, Password, connect
from lera.obs.settings import ObsSettings
from viewer_agent.camera import Frame, State

WIDTH: Final = 640
"""Pixels of a screenshot; the face finder looks at 128 x 128, and the reader at the face alone."""
LARGEST: Final = 8_000_000
"""Letters of a screenshot that are taken; one of ours has about 50,000."""


class ObsCamera:
    """Has the surface of `viewer_agent.camera.Camera`. An OBS that is away is tried again until `close`."""

    FIRST_WAIT: Final = 1.0
    LONGEST_WAIT: Final = 10.0

    def __init__(
        self,
        name: str,
        settings: ObsSettings,
        password: Password,
        frames_per_second: float,
        on_change: Callable[[], None],
    ) -> None:
        """`name` of a source or scene. `on_change` is called from another thread, so it must only wake someone."""
        self.state: State = "opening"
        self.idle_until: Callable[[], float] = lambda: float("-inf")
        self._name = name
        self._settings = settings
        self._password = password
        self._period = 1.0 / frames_per_second
        self._on_change = on_change
        self._lock = threading.Lock()
        self._newest: Frame | None = None
        self._number = 0
        self._error: LeraError | None = None
        self._tried = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="obs camera", daemon=True)

    def open(self, *, patient: bool = False) -> None:
        """Start, and wait for the first picture. Raises LeraError when OBS or the source isn't there."""
        if patient:
            self._tried.set()
        self._thread.start()
        self._tried.wait()
        if self._error is not None:
            self.close()
            raise self._error

    def take(self) -> Frame | None:
        """The newest picture, or None when it was taken before."""
        with self._lock:
            frame, self._newest = self._newest, None
            return frame

    def close(self) -> None:
        """Let go of OBS, and wait for that for at most three seconds."""
        self._closing.set()
        self._tried.set()
        if self._thread.ident is not None:
            self._thread.join(3.0)
        self.take()

    def _run(self) -> None:
        wait = self.FIRST_WAIT
        while not self._closing.is_set():
            before = self._number
            try:
                asyncio.run(self._watch())
            except Exception as error:  # What isn't ours must not leave `open` waiting for ever.
                if not self._tried.is_set():
                    strange = ObsAway("OBS answers in a way that LERA doesn't know: update both.")
                    self._error = error if isinstance(error, LeraError) else strange
                    self._tried.set()
                    return
            self._become("lost")
            wait = self.FIRST_WAIT if self._number > before else min(2 * wait, self.LONGEST_WAIT)
            self._closing.wait(wait)

    async def _watch(self) -> None:
        """Until OBS goes, or we close."""
        obs = await connect(self._settings, self._password)
        try:
            while not self._closing.is_set():
                began = time.monotonic()
                if began >= self.idle_until():
                    self._keep(await self._shot(obs), began)
                await asyncio.sleep(max(0.0, began + self._period - time.monotonic()))
        finally:
            await obs.close()

    async def _shot(self, obs: Connection) -> NDArray[np.uint8]:
        asked = {
            "sourceName": self._name, "imageFormat": "jpg", "imageWidth": WIDTH, "imageCompressionQuality": 85,
        }  # fmt: skip
        try:
            answer = await obs.request("GetSourceScreenshot", asked)
        except ObsSaysNo as error:
            raise ObsError(
                f"OBS has no picture of {self._name} (it says code {error.code}): name it as OBS does."
            ) from None
        pixels = decoded(answer.get("imageData"))
        if pixels is None:
            raise ObsAway(f"OBS gave no picture of {self._name}.")
        return pixels

    def _keep(self, pixels: NDArray[np.uint8], moment: float) -> None:
        self._number += 1
        with self._lock:
            self._newest = Frame(self._number, time.time(), moment, pixels)
        self._tried.set()
        if self.state == "open":
            self._wake()
        self._become("open")

    def _become(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self._wake()

    def _wake(self) -> None:
        # The one who is to be woken may be gone already when we are closing.
        with contextlib.suppress(RuntimeError):
            self._on_change()


def decoded(data: Any) -> NDArray[np.uint8] | None:
    """OBS's data address of a picture as pixels (H, W, 3), RGB; None for anything else."""
    if not isinstance(data, str) or not data.startswith("data:image/") or len(data) > LARGEST:
        return None
    try:
        content = base64.b64decode(data.partition(",")[2], validate=True)
    except (ValueError, binascii.Error):
        return None
    if not content:
        return None
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if picture is None else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
