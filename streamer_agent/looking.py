"""The camera's side of the streamer's agent: frames in, face readings out, by the same watch as the viewers'."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from streamer_agent.sense import Client, Lines, Sense, Source
from transport.stage import GoneReason
from viewer_agent.reporter import Told
from viewer_agent.settings import ViewerSettings
from viewer_agent.watch import Reader, Watch

_SEEN: Final = {
    "face": "I can see you.",
    "no_face": "No face in sight, so nothing is sent of it.",
    "too_dark": "It is too dark to read your face, so nothing is sent of it.",
}


class Looking(Sense):
    """Watches one camera."""

    _lost: GoneReason = "no_camera"

    def __init__(
        self,
        client: Client,
        lines: Lines,
        load_reader: Callable[[], Reader],
        make_camera: Callable[[Callable[[], None]], Any],
        frames_per_second: float,
    ) -> None:
        """`load_reader` is called in a thread; `make_camera` gets the callback for a camera's changes."""
        super().__init__("camera", ("face",), client, lines, make_camera)
        self.frames = 0
        self._load_reader = load_reader
        # A reading that is not renewed counts no more after some seconds, so every one is sent.
        self._settings = ViewerSettings(frames_per_second=frames_per_second, change_threshold=0.0)
        # Vision has one thread of its own, so that a slow frame delays nothing else.
        self._worker = ThreadPoolExecutor(1, "vision")
        self._reader: Reader | None = None
        self._watch: Watch | None = None
        self._told_at = float("-inf")

    async def _load(self) -> None:
        def load() -> None:
            self._reader = self._load_reader()
            self._watch = Watch(self._reader, self._settings)

        await asyncio.get_running_loop().run_in_executor(self._worker, load)

    async def _attend(self, source: Source) -> None:
        camera: Any = source
        watch = self._watch
        assert watch is not None
        if camera.state == "lost":
            self._lines.once(self.name, "The camera is lost; trying again.")
            watch.lose()
            self._away("face", "no_camera")
            return
        pauses = self._pauses
        frame = camera.take()
        if frame is None:
            return
        self._lines.once(self.name, "The camera is open. p pauses and closes it.")
        sight = await asyncio.get_running_loop().run_in_executor(self._worker, watch.look, frame, self._interval)
        self.frames += 1
        # There may have been a pause while we looked; then not a word of it leaves.
        if self._pauses != pauses:
            return
        self._lines.once("seen", _SEEN[sight.seen])
        if isinstance(sight.say, Told):
            told = sight.say
            self._told_at = frame.moment
            self._tell("face", tuple(told.probabilities.tolist()), told.quality, told.captured)
        elif sight.say is not None:
            self._away("face", "too_dark" if sight.say.reason == "too_dark" else "no_face")
        elif (
            sight.box is not None and sight.probabilities is not None and frame.moment >= self._told_at + self._interval
        ):
            # The watch is silent on what is the same to the last digit; it holds all the same.
            self._told_at = frame.moment
            self._tell("face", tuple(sight.probabilities.tolist()), sight.quality, frame.captured)

    def _forget(self) -> None:
        if self._watch is not None:
            self._watch.pause()

    async def close(self) -> None:
        """Free the reader."""
        await super().close()
        await asyncio.to_thread(self._worker.shutdown)
        if self._reader is not None:
            self._reader.close()
