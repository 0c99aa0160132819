import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from lera.errors import LeraError
from tests.viewer_agent.helpers import FakeReader, face, frame
from transport.appearances import Appearing
from transport.identities import Linking
from transport.reading import Appear
from viewer_agent.agent import Agent
from viewer_agent.camera import Frame
from viewer_agent.settings import ViewerSettings
from viewer_agent.showing import Showing

VIEWER = face(200, 100, 160)


class FakeClient:
    """Writes down what it is told, and wakes whoever waits for it."""

    interval = 0.2
    minimum_viewers = 3

    def __init__(self, error: LeraError | None = None) -> None:
        self.said: list[Any] = []
        self.linking = Linking()
        self.appearing = Appearing()
        self.closed = asyncio.Event()
        self._error = error
        self._told = asyncio.Event()

    async def run(self) -> None:
        if self._error is not None:
            raise self._error
        await self.closed.wait()

    def post(self, probabilities: Sequence[float], quality: float, captured: float) -> None:
        self._tell((probabilities, quality, captured))

    def confirm(self) -> None:
        """Nothing new is nothing to write down."""

    def away(self, reason: str) -> None:
        self._tell(reason)

    async def close(self) -> None:
        self.closed.set()

    async def until(self, ready: Callable[[list[Any]], bool]) -> None:
        async with asyncio.timeout(20):
            while not ready(self.said):
                self._told.clear()
                await self._told.wait()

    def _tell(self, word: Any) -> None:
        self.said.append(word)
        self._told.set()


class FakeCamera:
    """Gives a new frame whenever one is taken, so that a test runs as fast as it can."""

    opened = 0
    closed = 0
    numbers = 0

    def __init__(self, on_change: Callable[[], None], frames: int = 10**6) -> None:
        self.state = "opening"
        self.left = frames
        self.gone = threading.Event()
        self.idle_until: Callable[[], float] = lambda: 0.0
        self._on_change = on_change

    def open(self, *, patient: bool = False) -> None:  # noqa: ARG002
        type(self).opened += 1
        self.state = "open"
        self._on_change()

    def take(self) -> Frame | None:
        if self.state != "open":
            return None
        self.left -= 1
        if self.left < 0:
            self.state = "ended"
            return None
        type(self).numbers += 1
        self._on_change()
        return frame(self.numbers, size=(48, 64))

    def close(self) -> None:
        type(self).closed += 1
        self.gone.set()

    def lose(self) -> None:
        self.state = "lost"
        self._on_change()


class Stage:
    """An agent among fakes."""

    def __init__(self, frames: int = 10**6, error: LeraError | None = None) -> None:
        self.reader = FakeReader([VIEWER])
        self.client = FakeClient(error)
        self.cameras: list[FakeCamera] = []
        self.lines: list[str] = []
        self.kind: type[FakeCamera] = type("Camera", (FakeCamera,), {})
        self.on_state: Callable[[str], None] = lambda _state: None
        self.agent = Agent(
            ViewerSettings(change_threshold=0.0),
            self._make_client,
            lambda: self.reader,
            self._make_camera,
            self.lines.append,
        )
        self._frames = frames

    def _make_client(self, on_state: Callable[[str], None]) -> FakeClient:
        self.on_state = on_state
        return self.client

    def _make_camera(self, on_change: Callable[[], None]) -> FakeCamera:
        self.cameras.append(self.kind(on_change, self._frames))
        return self.cameras[-1]


async def test_reads_a_face_and_posts_it() -> None:
    stage = Stage(frames=20)
    await stage.agent.run()
    probabilities, quality, captured = stage.client.said[0]
    assert np.allclose(probabilities, stage.reader.distribution)
    assert 0 <= quality <= 1
    assert captured > 1_000_000
    assert stage.client.closed.is_set()
    assert stage.reader.closed
    assert (stage.kind.opened, stage.kind.closed) == (1, 1)
    assert stage.agent.statistics.frames == 20
    assert stage.agent.statistics.readings == len(stage.client.said)
    assert stage.lines == ["The camera is open. p pauses and closes it.", "I can see you."]


async def test_a_pause_is_told_at_once_and_closes_the_camera() -> None:
    stage = Stage()
    running = asyncio.create_task(stage.agent.run())
    await stage.client.until(lambda said: len(said) > 0)
    stage.agent.toggle_pause()
    assert stage.client.said[-1] == "paused"
    said = len(stage.client.said)
    await asyncio.to_thread(stage.cameras[0].gone.wait, 20)
    # Until it goes on, not a word and not a frame.
    await asyncio.sleep(0.1)
    assert len(stage.client.said) == said
    assert stage.kind.opened == 1
    assert stage.agent.frame is None
    stage.agent.toggle_pause()
    await stage.client.until(lambda words: len(words) > said)
    assert stage.kind.opened == 2
    assert stage.client.said[-1] != "paused"
    assert "The camera is lost; trying again." not in stage.lines
    stage.agent.stop()
    await running
    assert stage.kind.closed == 2


async def test_a_pause_that_is_over_before_anybody_noticed_closes_the_camera_and_the_face_is_told_again() -> None:
    stage = Stage()
    running = asyncio.create_task(stage.agent.run())
    await stage.client.until(lambda said: len(said) > 0)
    stage.agent.toggle_pause()
    stage.agent.toggle_pause()
    assert stage.client.said[-1] == "paused"
    # Nothing in the face has changed meanwhile.
    await stage.client.until(lambda said: said[-1] != "paused")
    assert (stage.kind.opened, stage.kind.closed) == (2, 1)
    stage.agent.stop()
    await running


async def test_no_camera_is_opened_while_paused() -> None:
    stage = Stage()
    loading = threading.Event()
    load = stage.agent._load_reader

    def load_late() -> Any:
        loading.wait(20)
        return load()

    stage.agent._load_reader = load_late
    paused = asyncio.Event()
    stage.agent._say = lambda line: paused.set() if line.startswith("Paused") else None
    running = asyncio.create_task(stage.agent.run())
    await asyncio.sleep(0)
    stage.agent.toggle_pause()
    loading.set()
    async with asyncio.timeout(20):
        await paused.wait()
    assert not stage.cameras
    stage.agent.toggle_pause()
    await stage.client.until(lambda said: said[-1] != "paused")
    assert stage.kind.opened == 1
    stage.agent.stop()
    await running


async def test_a_pause_closes_the_camera_whatever_waits_for_the_programs_other_threads() -> None:
    stage = Stage()
    loop = asyncio.get_running_loop()
    released = threading.Event()
    with ThreadPoolExecutor(1) as others:
        loop.set_default_executor(others)
        for _ in range(3):
            loop.run_in_executor(None, released.wait, 60)
        running = asyncio.create_task(stage.agent.run())
        async with asyncio.timeout(20):
            await stage.client.until(lambda said: len(said) > 0)
            stage.agent.toggle_pause()
            while not stage.kind.closed:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        released.set()
        stage.agent.stop()
        await running
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("opener")]


async def test_a_missing_camera_ends_nothing_while_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    loop = asyncio.get_running_loop()
    opened: list[bool] = []

    def fail(_camera: FakeCamera, *, patient: bool = False) -> None:
        opened.append(patient)
        if len(opened) == 1:
            asyncio.run_coroutine_threadsafe(pause(), loop).result(20)
        raise LeraError("There is no camera 0.")

    async def pause() -> None:
        stage.agent.toggle_pause()

    monkeypatch.setattr(stage.kind, "open", fail)
    running = asyncio.create_task(stage.agent.run())
    await stage.client.until(lambda said: said == ["paused"])
    await asyncio.to_thread(stage.cameras[0].gone.wait, 20)
    assert not running.done()
    # It is said once it is wanted again.
    stage.agent.toggle_pause()
    with pytest.raises(LeraError, match="no camera"):
        await running
    assert opened == [False, False]


async def test_a_lost_camera_is_no_face() -> None:
    stage = Stage()
    running = asyncio.create_task(stage.agent.run())
    await stage.client.until(lambda said: len(said) > 0)
    stage.cameras[0].lose()
    await stage.client.until(lambda said: said[-1] == "no_face")
    assert stage.lines[-1] == "The camera is lost; trying again."
    stage.cameras[0].open()
    await stage.client.until(lambda said: said[-1] != "no_face")
    stage.agent.stop()
    await running


async def test_each_line_is_said_once_per_change() -> None:
    stage = Stage(frames=0)
    for state in ("connecting", "offline", "connecting", "offline", "connecting", "joined", "offline"):
        stage.on_state(state)
    lost = "The stream can't be reached; trying again."
    joined = "Joined. This stream shows the crowd once 3 or more take part."
    assert stage.lines == [lost, joined, "Not shown on the stream.", lost]
    await stage.agent.run()


async def test_a_refusal_ends_it_and_closes_everything() -> None:
    stage = Stage(error=LeraError("You are banned."))
    with pytest.raises(LeraError, match="banned"):
        await stage.agent.run()
    assert stage.client.closed.is_set()
    assert stage.kind.opened == stage.kind.closed


async def test_a_reader_that_is_loaded_too_late_is_closed_all_the_same() -> None:
    stage = Stage()
    loading, stopped = threading.Event(), threading.Event()

    def load() -> FakeReader:
        loading.set()
        stopped.wait(20)
        return stage.reader

    stage.agent._load_reader = load
    running = asyncio.create_task(stage.agent.run())
    await asyncio.to_thread(loading.wait, 20)
    running.cancel()
    await stage.client.closed.wait()
    stopped.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert stage.reader.closed
    assert stage.kind.opened == 0


async def test_a_missing_camera_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()

    def fail(_camera: FakeCamera, *, patient: bool = False) -> None:  # noqa: ARG001
        raise LeraError("There is no camera 0.")

    monkeypatch.setattr(stage.kind, "open", fail)
    with pytest.raises(LeraError, match="no camera"):
        await stage.agent.run()
    assert stage.client.closed.is_set()


async def test_it_stops_when_the_time_is_up_and_when_it_is_cancelled() -> None:
    stage = Stage()
    async with asyncio.timeout(60):
        await stage.agent.run(seconds=0.3)
    # A busy machine may not have opened it by then.
    assert stage.kind.closed == stage.kind.opened <= 1
    assert stage.agent.statistics.seconds >= 0.3

    stage = Stage()
    running = asyncio.create_task(stage.agent.run())
    await stage.client.until(lambda said: len(said) > 0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert stage.kind.closed == stage.kind.opened == 1


async def test_who_agreed_to_be_shown_asks_for_it_and_withdraws_with_one_key() -> None:
    client = FakeClient()
    kept: list[Showing] = []
    ann = Showing("name", "Ann", "0" * 64, "2026-01-01T00:00:00+00:00")
    agent = Agent(
        ViewerSettings(), lambda _state: client, FakeReader, FakeCamera, lambda _line: None,
        showing=ann, keep_showing=kept.append,
    )  # fmt: skip
    assert client.appearing.wanted == Appear("name", "Ann")
    agent.appearance.toggle()
    assert client.appearing.wanted == Appear("no") and [showing.on for showing in kept] == [False]
