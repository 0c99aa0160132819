"""The agent itself: camera, watch and hub client, joined in one event loop with one worker thread for the vision."""

import asyncio
import contextlib
import functools
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Protocol

import psutil
from msgspec import Struct

from lera.errors import LeraError
from transport.appearances import Appearing
from transport.identities import Linking
from viewer_agent.appearance import Appearance
from viewer_agent.chat_link import ChatLink
from viewer_agent.reporter import Gone, Reason, Told
from viewer_agent.settings import ViewerSettings
from viewer_agent.showing import Showing
from viewer_agent.watch import FrameLike, Reader, Sight, Watch

_SEEN: Final = {
    "face": "I can see you.",
    "no_face": "No face in sight, so nothing is sent.",
    "too_dark": "It is too dark to read your face, so nothing is sent.",
}


class Client(Protocol):
    """The part of `transport.hub_client.HubClient` and `transport.sheet_client.SheetClient` that is used."""

    interval: float
    minimum_viewers: int
    linking: Linking
    appearing: Appearing

    async def run(self) -> None: ...
    def post(self, probabilities: Sequence[float], quality: float, captured: float) -> None: ...
    def confirm(self) -> None: ...
    def away(self, reason: Reason) -> None: ...
    async def close(self) -> None: ...


class CameraLike(Protocol):
    """The part of `camera.Camera` that is used."""

    idle_until: Callable[[], float]

    @property
    def state(self) -> str: ...
    def open(self, *, patient: bool = False) -> None: ...
    def take(self) -> FrameLike | None: ...
    def close(self) -> None: ...


class Statistics(Struct):
    """What a run did and cost.

    `cpu_seconds` is processor time of the whole process since the run began; what loading the model took of it and of
    `seconds` is told apart.
    """

    seconds: float = 0.0
    frames: int = 0
    readings: int = 0
    aways: int = 0
    cpu_seconds: float = 0.0
    rss_megabytes: float = 0.0
    loading_seconds: float = 0.0
    loading_cpu_seconds: float = 0.0

    def __str__(self) -> str:
        """One line for people."""
        watched = max(self.seconds - self.loading_seconds, 1e-3)
        share = 100 * (self.cpu_seconds - self.loading_cpu_seconds) / watched
        return (
            f"{self.frames} frames looked at, {self.readings} readings made in {watched:.0f} s; "
            f"{share:.1f} % of one processor core, {self.rss_megabytes:.0f} MB of memory."
        )


class Agent:
    """Watches one camera for one hub until the hub refuses, the file ends, the time is up, or it is cancelled."""

    def __init__(
        self,
        settings: ViewerSettings,
        make_client: Callable[[Callable[[str], None]], Client],
        load_reader: Callable[[], Reader],
        make_camera: Callable[[Callable[[], None]], CameraLike],
        say: Callable[[str], None] = print,
        *,
        keep_frame: bool = False,
        make_watch: Callable[[Any, ViewerSettings], Watch] = Watch,
        showing: Showing | None = None,
        keep_showing: Callable[[Showing], None] = lambda _showing: None,
    ) -> None:
        """`make_client` gets the callback for its state, `make_camera` the one for its changes (called in its thread).

        `load_reader` is called in the worker thread. `keep_frame` keeps the newest frame in memory for a preview.
        `make_watch` gets the loaded reader and the settings. `showing` is as whom the viewer agreed to be shown, and
        `keep_showing` remembers what the viewer changes of it.
        """
        self.statistics = Statistics()
        self.sight: Sight | None = None
        self.frame: FrameLike | None = None
        self.paused = False
        self.hub = "connecting"
        self._settings = settings
        self._client = make_client(self._hear_hub)
        self._load_reader = load_reader
        self._make_camera = make_camera
        self.chat_link = ChatLink(self._client.linking, say)
        self.appearance = Appearance(self._client.appearing, say, showing, keep_showing)
        self._say = say
        self._said: dict[str, str] = {}
        self._keep_frame = keep_frame
        self._make_watch = make_watch
        # A pause that is over before anybody noticed it was one all the same.
        self._pauses = 0
        self._found = False
        self._change = asyncio.Event()
        self._stopping = asyncio.Event()
        # Vision has one thread of its own, so that a slow frame never delays a heartbeat or a key.
        self._worker = ThreadPoolExecutor(1, "vision")
        # Nor must anything that others do in threads delay the camera. Two, so that it can be closed while it opens.
        self._opener = ThreadPoolExecutor(2, "opener")
        self._loading: Future[Reader] | None = None

    async def run(self, seconds: float | None = None) -> None:
        """Run for `seconds`, or on and on. Raises LeraError when there is no camera, or the hub refuses for good."""
        began, spent = time.monotonic(), time.process_time()
        tasks = [asyncio.create_task(work) for work in (self._client.run(), self._watch(), self._stopped())]
        try:
            done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            # In a task of its own: being stopped while it tidies up must not leave the camera or mediapipe open.
            tidying = asyncio.create_task(self._tidy_up(tasks))
            try:
                await asyncio.shield(tidying)
            except asyncio.CancelledError:
                await tidying
                raise
            self.statistics.seconds = time.monotonic() - began
            self.statistics.cpu_seconds = time.process_time() - spent
            self.statistics.rss_megabytes = psutil.Process().memory_info().rss / 1e6

    async def _tidy_up(self, tasks: list["asyncio.Task[None]"]) -> None:
        await self._client.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._worker.shutdown)
        await asyncio.to_thread(self._opener.shutdown)
        # It may have been loaded only after we were stopped.
        if self._loading is not None and not self._loading.cancelled() and self._loading.exception() is None:
            self._loading.result().close()

    def stop(self) -> None:
        """Let `run` end and tidy up."""
        self._stopping.set()

    def toggle_pause(self) -> None:
        """Pause, which closes the camera, or go on."""
        self.paused = not self.paused
        if self.paused:
            self._pauses += 1
            # Said before the camera is closed, which may take a moment.
            self._client.away("paused")
            self.frame = self.sight = None
        self._change.set()

    async def _stopped(self) -> None:
        await self._stopping.wait()

    async def _watch(self) -> None:
        began, spent = time.monotonic(), time.process_time()
        self._loading = self._worker.submit(self._load_reader)
        watch = self._make_watch(await asyncio.wrap_future(self._loading), self._settings)
        self.statistics.loading_seconds = time.monotonic() - began
        self.statistics.loading_cpu_seconds = time.process_time() - spent
        await self._until_resumed()
        while not await self._watch_camera(watch):
            watch.pause()
            await self._until_resumed()

    async def _until_resumed(self) -> None:
        if self.paused:
            self._once("camera", "Paused: the camera is closed. p goes on.")
        while self.paused:
            self._change.clear()
            await self._change.wait()

    async def _watch_camera(self, watch: Watch) -> bool:
        """Open the camera and look until it ends (True) or the viewer pauses (False)."""
        pauses = self._pauses
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._change.set)

        camera = self._make_camera(wake)
        if not self._keep_frame:  # a preview shows every frame
            camera.idle_until = lambda: watch.idle_until
        try:
            # Waited for only if it was there before: one that never was is better said.
            await loop.run_in_executor(self._opener, functools.partial(camera.open, patient=self._found))
            self._found = True
            while self._pauses == pauses:
                await self._look(watch, camera)
                if camera.state == "ended":
                    return True
                # Set by the camera, by a pause, and by nothing else: no frame, no work.
                await self._change.wait()
                self._change.clear()
            return False
        except LeraError:
            # Who has paused needs no camera. If it is still missing when they go on, that is said then.
            if self._pauses == pauses:
                raise
            return False
        finally:
            await loop.run_in_executor(self._opener, camera.close)

    async def _look(self, watch: Watch, camera: CameraLike) -> None:
        if camera.state == "lost":
            self._once("camera", "The camera is lost; trying again.")
            self.frame = self.sight = None
            self._tell(watch.lose())
            return
        frame = camera.take()
        if frame is None:
            return
        self._once("camera", "The camera is open. p pauses and closes it.")
        interval, pauses = self._client.interval, self._pauses
        sight = await asyncio.get_running_loop().run_in_executor(self._worker, watch.look, frame, interval)
        self.statistics.frames += 1
        # The viewer may have paused while we looked; then not a word of it leaves.
        if self._pauses != pauses:
            return
        if self._keep_frame:
            self.frame = frame
        self.sight = sight
        self._once("seen", _SEEN[sight.seen])
        self._tell(sight.say)

    def _tell(self, say: Told | Gone | None) -> None:
        if isinstance(say, Told):
            self._client.post(tuple(say.probabilities.tolist()), say.quality, say.captured)
            self.statistics.readings += 1
        elif say is not None:
            self._client.away(say.reason)
            self.statistics.aways += 1
        elif self.sight is not None and self.sight.seen == "face":
            self._client.confirm()

    def _hear_hub(self, state: str) -> None:
        self.hub = state
        if state == "joined":
            number = self._client.minimum_viewers
            alone = " That may be you alone." if number < 2 else ""
            self._once("hub", f"Joined. This stream shows the crowd once {number} or more take part.{alone}")
            self.appearance.joined()
        elif state == "offline":
            self._once("hub", "The stream can't be reached; trying again.")

    def _once(self, topic: str, text: str) -> None:
        if self._said.get(topic) != text:
            self._said[topic] = text
            self._say(text)


def step_back() -> None:
    """Let every other program go first: the lowest priority that the system has. Call it before threads are made."""
    process = psutil.Process()
    with contextlib.suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            process.nice(psutil.IDLE_PRIORITY_CLASS)
        else:
            process.nice(19)
