"""Clips in the agent: which frames they are made of, what they may cost, and what is said of wrong weights."""

import asyncio
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lera.errors import LeraError
from model import blazeface
from model.detector import Face
from model.fusion import FRAME_RATE, ClipReader, box_crop
from tests.viewer_agent.helpers import PORTRAIT, FakeReader, agent_process, face, stand_in_hub
from viewer_agent.budget import Budget
from viewer_agent.camera import Frame
from viewer_agent.fusion import FusionWatch, load
from viewer_agent.reporter import Told
from viewer_agent.settings import ModelSettings, ViewerSettings

VIEWER = face(20, 10, 100)


class FakeClips(FakeReader):
    """Every crop shows the number of its frame; finding costs 2 ms of a clock that only work moves, a clip 200 ms."""

    frames = 16
    cost = 0.2

    def __init__(self, stride: int = 1) -> None:
        super().__init__([VIEWER])
        self.spacing = stride / FRAME_RATE
        self.clips: list[list[int]] = []
        self.spent = 0.0

    def find(self, frame: NDArray[np.uint8]) -> list[Face]:
        self.spent += 0.002
        return super().find(frame)

    def crop(self, frame: NDArray[np.uint8], _face: object) -> NDArray[np.uint8]:
        return frame[:8, :8]

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        assert crops.shape == (1, 16, 8, 8, 3)
        self.spent += 0.2
        self.clips.append(crops[0, :, 0, 0, 0].tolist())
        # Another answer each time, so that each is worth telling.
        self.distribution = np.roll(self.distribution, 1)
        return super().probabilities(crops)


def shot(number: int, rate: float = FRAME_RATE) -> Frame:
    """Frame `number`, whose every pixel is 64 + number % 128."""
    moment = number / rate
    return Frame(number, 1e6 + moment, moment, np.full((150, 200, 3), 64 + number % 128, np.uint8))


def watch(reader: FakeClips, share: float = 0.25) -> FusionWatch:
    return FusionWatch(reader, ViewerSettings(change_threshold=0.0), share, lambda: reader.spent)


def read_clips(eyes: FusionWatch, frames: int, rate: float = FRAME_RATE) -> list[list[int]]:
    """The numbers of the frames of each clip that was told of."""
    said = ((eyes.look(shot(number, rate), 1.0).say, eyes.clip_frames) for number in range(frames))
    return [numbers for say, numbers in said if isinstance(say, Told)]


@pytest.mark.parametrize("stride", [1, 4])
@pytest.mark.parametrize("rate", [25.0, 30.0, 60.0])
def test_a_clip_is_sixteen_different_frames_at_the_trained_spacing(stride: int, rate: float) -> None:
    reader = FakeClips(stride)
    eyes = watch(reader)
    told = read_clips(eyes, int(20 * rate), rate)
    assert len(told) >= 5
    for numbers, clip in zip(told, reader.clips, strict=True):
        # What the network read is what those sixteen frames showed, each by itself.
        assert clip == [64 + number % 128 for number in numbers]
        assert len(set(clip)) == 16
        steps = np.diff([number / rate for number in numbers])
        assert steps.min() > 0
        assert steps.mean() == pytest.approx(stride / FRAME_RATE, rel=0.1)


def test_clips_share_no_frame_and_follow_each_other() -> None:
    reader = FakeClips()
    eyes = watch(reader, share=1.0)
    clips = read_clips(eyes, 500)
    assert len(clips) > 5
    assert all(earlier[-1] < later[0] for earlier, later in pairwise(clips))


def test_a_late_frame_begins_the_clip_anew() -> None:
    reader = FakeClips()
    eyes = watch(reader, share=1.0)
    number = 0
    while len(eyes.clip.frames) < 8 and number < 100:
        eyes.look(shot(number), 1.0)
        number += 1
    for late in range(number + 25, number + 60):
        eyes.look(shot(late), 1.0)
    assert reader.clips[0][0] == 64 + (number + 25) % 128


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_it_never_takes_more_than_its_budget(share: float) -> None:
    reader = FakeClips()
    eyes = watch(reader, share)
    for number in range(1, 3000):
        eyes.look(shot(number), 1.0)
        # The one first glance is on credit.
        assert reader.spent <= share * number / FRAME_RATE + 0.003
    # And it uses what it may.
    assert reader.spent >= min(0.75 * share, 0.12) * 3000 / FRAME_RATE


@pytest.mark.parametrize("stride", [1, 4])
def test_a_camera_that_rests_when_told_loses_no_clip(stride: int) -> None:
    told, decoded = [], []
    for rests in (False, True):
        reader = FakeClips(stride)
        eyes = watch(reader)
        looked = [
            n for n in range(1500) if not (rests and n / FRAME_RATE < eyes.idle_until) and eyes.look(shot(n), 1.0)
        ]
        told.append(len(reader.clips))
        decoded.append(len(looked))
        assert all(
            np.diff(clip).min() == np.diff(clip).max() == stride for clip in reader.clips if clip == sorted(clip)
        )
    assert told[0] == told[1] >= 10
    # Sixteen frames a clip, and a few that ask whether it is time.
    assert decoded[1] < min(0.5 * decoded[0], 26 * told[1])


def test_while_the_network_reads_nothing_is_decoded() -> None:
    class Slow(FakeClips):
        def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
            idle.append(eyes.idle_until)
            return super().probabilities(crops)

    idle: list[float] = []
    eyes = watch(Slow())
    read_clips(eyes, 200)
    assert idle and set(idle) == {float("inf")}
    assert eyes.idle_until < float("inf")


@given(st.lists(st.tuples(st.floats(0.001, 2.0), st.floats(0.0, 0.5)), min_size=1, max_size=60), st.floats(0.05, 1))
def test_a_budget_lends_no_more_than_one_work_costs(steps: list[tuple[float, float]], share: float) -> None:
    budget = Budget(share, 0.5)
    now = spent = 0.0
    budget.affords(now, spent)
    for wait, cost in steps:
        now += wait
        if budget.affords(now, spent):
            budget.begin(spent)
            spent += cost
            budget.end(spent)
            assert spent <= share * now + cost
    assert spent <= share * now + 0.5 + 1e-9


def test_nobody_there_is_told_and_no_clip_is_read() -> None:
    reader = FakeClips()
    reader.faces = []
    eyes = watch(reader)
    said = [eyes.look(shot(number), 1.0).say for number in range(100)]
    assert [say for say in said if say is not None] == [said[0]]
    assert reader.clips == []


def test_a_pause_forgets_what_was_seen() -> None:
    reader = FakeClips()
    eyes = watch(reader)
    for number in range(60):
        eyes.look(shot(number), 1.0)
    eyes.pause()
    assert eyes.clip.frames == []
    reader.faces = []
    assert eyes.look(shot(99), 1.0).seen == "no_face"


def test_a_box_is_cut_as_it_is_and_squeezed() -> None:
    frame = np.zeros((40, 60, 3), np.uint8)
    frame[10:30, 20:30] = 255
    assert box_crop(frame, (20, 10, 30, 30), 16).min() == 255
    assert box_crop(frame, (-5, -5, 500, 500), 16).shape == (16, 16, 3)
    assert box_crop(frame, (70, 50, 90, 90), 16).shape == (16, 16, 3)


def test_wrong_weights_are_told_in_one_line(tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(b"no network")
    small = Path(blazeface.__file__).with_name("weights") / "face.onnx"
    for path, says in (
        (tmp_path / "gone.onnx", "no file"),
        (other, "not an ONNX file"),
        *([(small, "not a network for clips")] if small.exists() else []),
    ):
        with pytest.raises(LeraError, match=says) as told:
            ClipReader(path)
        assert "\n" not in str(told.value)
    with pytest.raises(LeraError, match="needs weights"):
        load(ModelSettings(face="fusion"))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small fusion network with weights that mean nothing."""
    pytest.importorskip("torch")
    from model.zoo import create
    from model.zoo.export import export
    from model.zoo.filling import filled, random_clip

    sizes = {"dim": 128, "depth": 2, "heads": 2, "stem": 12, "widths": (16, 16, 32, 32)}
    path = tmp_path_factory.mktemp("fusion") / "lera.onnx"
    export(filled(create("lera", **sizes)), "lera", path, [random_clip(1, 160)])
    return path


@pytest.mark.torch
@pytest.mark.slow
def test_a_reader_answers_as_the_network_does(exported: Path) -> None:
    import torch

    from model.clip import face_clip
    from model.zoo import create
    from model.zoo.filling import filled, random_frames

    sizes = {"dim": 128, "depth": 2, "heads": 2, "stem": 12, "widths": (16, 16, 32, 32)}
    network = filled(create("lera", **sizes))
    clips = np.stack([random_frames(seed, 90) for seed in range(3)])
    with torch.inference_mode():
        read = torch.from_numpy(np.stack([face_clip(clip) for clip in clips]))
        expected = torch.softmax(network(read)[0], 1).numpy()
    reader = ClipReader(exported)
    given = reader.probabilities(clips)
    assert np.abs(given - expected).max() < 1e-4
    assert np.allclose(given.sum(1), 1)
    # A still picture sixteen times is another clip: how it moves is heard.
    assert np.abs(reader.probabilities(np.stack([clips[0][:1].repeat(16, 0)])) - given[:1]).max() > 1e-4
    with pytest.raises(ValueError, match="16 frames"):
        reader.probabilities(clips[:, :8])


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.skipif(not blazeface.DETECTOR.there, reason="run `python -m model.blazeface` first")
async def test_the_agent_reads_the_portrait_within_its_budget(exported: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[model]\nface = "fusion"\nweights = "{exported.as_posix()}"\ncpu_budget = 0.25\n')
    statistics = tmp_path / "statistics.json"
    arguments = ("--camera", str(PORTRAIT), "--loop", "--stop-with-parent", "--config", str(config))
    pipe = asyncio.subprocess.PIPE
    async with (
        stand_in_hub() as hub,
        agent_process(
            tmp_path / "home", "-m", "viewer_agent", hub.link, *arguments, "--stats-file", str(statistics), stdin=pipe
        ) as agent,
    ):
        # Long enough for its budget to show, and for a busy machine to read twice.
        await asyncio.sleep(20)
        await hub.until(lambda: len(hub.posts) >= 2, 300.0)
        assert agent.process.stdin is not None
        agent.process.stdin.close()
        status, out, err = await agent.finish()
    assert status == 0, err
    assert "I can see you." in out
    assert len(hub.posts) >= 2
    run = json.loads(statistics.read_text())
    watched = run["seconds"] - run["loading_seconds"]
    assert (run["cpu_seconds"] - run["loading_cpu_seconds"]) / watched <= 0.25
