"""An OBS source as a camera."""

import asyncio
import base64
import threading
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from lera.errors import LeraError
from lera.obs.connection import Password
from lera.obs.settings import ObsSettings
from streamer_agent import obs_camera
from streamer_agent.obs_camera import WIDTH, ObsCamera, decoded
from tests.obs import Obs, an_obs, needs_obs
from tests.ports import free_port
from tests.streamer_agent.helpers import until
from viewer_agent.camera import Frame

NOTHING = "data:image/jpg;base64,"


def test_a_screenshot_becomes_a_picture() -> None:
    picture = np.zeros((36, 64, 3), np.uint8)
    picture[..., 0] = 200
    content = base64.b64encode(cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()).decode()
    pixels = decoded("data:image/png;base64," + content)
    assert pixels is not None and pixels.shape == (36, 64, 3) and (pixels == picture).all()


@pytest.mark.parametrize(
    "data", [None, 7, "", "nonsense", NOTHING, NOTHING + "!!", NOTHING + "aGVsbG8=", NOTHING + "A" * 9_000_000]
)
def test_anything_else_is_no_picture(data: Any) -> None:
    assert decoded(data) is None


def test_an_obs_that_is_away_is_one_line() -> None:
    camera = ObsCamera("Webcam", ObsSettings(port=free_port(), timeout=1), Password(""), 8, lambda: None)
    with pytest.raises(LeraError, match="OBS can't be reached"):
        camera.open()


def test_an_obs_that_answers_nonsense_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        raise KeyError("requestStatus")

    monkeypatch.setattr(obs_camera, "connect", connect)
    camera = ObsCamera("Webcam", ObsSettings(), Password(""), 8, lambda: None)
    said: list[str] = []

    def opened() -> None:
        with pytest.raises(LeraError) as found:
            camera.open()
        said.append(str(found.value))

    # In a thread of its own, since an `open` that waits for ever is what this is about.
    thread = threading.Thread(target=opened, daemon=True)
    thread.start()
    thread.join(20)
    assert said and "update both" in said[0]


@pytest.fixture(scope="module")
def obs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Obs]:
    if needs_obs.args[0]:
        pytest.skip(str(needs_obs.kwargs["reason"]))
    with an_obs(tmp_path_factory.mktemp("obs")) as running:
        yield running


@pytest.mark.obs
@pytest.mark.slow
async def test_a_source_of_a_real_obs_is_looked_at(obs: Obs) -> None:
    connection = await obs.connected()
    kinds = (await connection.request("GetInputKindList"))["inputKinds"]
    kind = max(known for known in kinds if known.startswith("color_source"))
    scene = (await connection.request("GetSceneList"))["currentProgramSceneName"]
    # 0xAABBGGRR
    colour = {"color": 0xFF3264C8, "width": 1280, "height": 720}
    await connection.request(
        "CreateInput", {"sceneName": scene, "inputName": "Face", "inputKind": kind, "inputSettings": colour}
    )
    password = Password(obs.password)
    with pytest.raises(LeraError, match="OBS has no picture of Nobody"):
        await asyncio.to_thread(ObsCamera("Nobody", obs.settings, password, 8, lambda: None).open)
    camera = ObsCamera("Face", obs.settings, password, 8, lambda: None)
    frames: list[Frame] = []

    def more() -> bool:
        frame = camera.take()
        frames.extend([frame] if frame is not None else [])
        return len(frames) > 2

    try:
        await asyncio.to_thread(camera.open)
        await until(more)
        assert frames[-1].pixels.shape == (WIDTH * 9 // 16, WIDTH, 3)
        assert np.abs(frames[-1].pixels.mean((0, 1)) - (200, 100, 50)).max() < 6
        assert camera.state == "open" and frames[0].number < frames[-1].number
    finally:
        await asyncio.to_thread(camera.close)
        await connection.request("RemoveInput", {"inputName": "Face"})
        await connection.close()
