"""The real program and the real pyvirtualcam, through its `register_backend`: frames are read back and measured."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.drawing.palette import palette
from bot.virtual_camera.__main__ import key_of
from bot.virtual_camera.picture import plate_of
from bot.virtual_camera.settings import KEY_VARIABLE, VirtualCameraSettings
from lera.errors import LeraError
from model.emotions import EMOTIONS
from tests.bot.drawing.looks import Pixels, is_near, share_in
from tests.bot.stage import HAPPY, OVERLAY_KEY, SAD, Theatre, eventually, theatre
from tests.conftest import ROOT
from tests.ports import free_port
from tests.standins.y4m_camera import read_frames

pytestmark = pytest.mark.slow

CAMERA = ("-m", "tests.standins.y4m_camera")


def settings(tmp_path: Path, **changes: object) -> VirtualCameraSettings:
    device = str(tmp_path / "camera.y4m")
    return VirtualCameraSettings(width=480, height=360, frames_per_second=10, device=device, **changes)  # type: ignore[arg-type]


@asynccontextmanager
async def camera(
    address: str, program: tuple[str, ...] = CAMERA, key: str = OVERLAY_KEY
) -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *program, address, "--stop-with-parent", stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT,
        env=os.environ | {KEY_VARIABLE: key},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def leave(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    """Close its input, as the bot does by ending, and see how it ends."""
    assert process.stdin is not None
    process.stdin.close()
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def newest(path: Path) -> Pixels | None:
    if not path.exists() or not path.stat().st_size:
        return None
    return next(read_frames(path, newest=True), None)


def shares(path: Path, chosen: VirtualCameraSettings) -> list[float] | None:
    """What the bars of the newest frame tell, or None while they are not live."""
    frame = newest(path)
    if frame is None:
        return None
    try:
        return [share_in(frame, track) for track in plate_of(chosen).layout.tracks]
    except AssertionError:
        return None


def near(found: list[float] | None, wanted: tuple[float, ...]) -> bool:
    # Video has half as many colours as pixels, so a mark of one pixel is smeared over two.
    return found is not None and all(abs(a - b) < 0.02 for a, b in zip(found, wanted, strict=True))


def chosen_by(stage: Theatre, chosen: VirtualCameraSettings) -> None:
    """The settings of the show that runs."""
    stage.show.settings = replace(stage.show.settings, virtual_camera=chosen)


async def test_the_crowds_bars_are_in_the_frames(tmp_path: Path) -> None:
    chosen, path = settings(tmp_path), tmp_path / "camera.y4m"
    async with theatre(minimum_viewers=3) as stage:
        chosen_by(stage, chosen)
        async with camera(stage.address) as process:
            clients = [stage.join(number, HAPPY) for number in range(4)]
            await eventually(lambda: near(shares(path, chosen), HAPPY), 60)
            frame = newest(path)
            assert frame is not None
            track = plate_of(chosen).layout.tracks[0]
            yellow = is_near(frame[track[1] : track[3], track[0] : track[2]], palette().emotions["happiness"], 45)
            assert yellow.mean() > 0.3
            for client in clients:
                client.post(SAD)
            await eventually(lambda: near(shares(path, chosen), SAD), 60)
            status, out, err = await leave(process)
    assert status == 0 and err == ""
    assert out.startswith(f"The virtual camera is on: {path} (480 x 360, 10 frames a second).")


async def test_below_the_minimum_the_frames_hold_no_share(tmp_path: Path) -> None:
    chosen, path = settings(tmp_path, language="zh-TW", background="#303030"), tmp_path / "camera.y4m"
    async with theatre(minimum_viewers=3) as stage:
        chosen_by(stage, chosen)
        async with camera(stage.address) as process:
            stage.join(1, HAPPY)
            await eventually(lambda: stage.show.mood.viewers == 1)
            await eventually(lambda: newest(path) is not None, 60)
            status, _, _ = await leave(process)
        assert status == 0
    frames = list(read_frames(path))
    for frame in frames:
        for row, track in enumerate(plate_of(chosen).layout.tracks):
            bar = frame[track[1] : track[3], track[0] : track[2]]
            assert not is_near(bar, palette().emotions[EMOTIONS[row]], 40).any()
    assert is_near(frames[0][0], (0x30, 0x30, 0x30), 4).all()


async def test_it_waits_for_the_bot_and_comes_back_to_it(tmp_path: Path) -> None:
    chosen, path, port = settings(tmp_path), tmp_path / "camera.y4m", free_port()
    async with camera(f"http://127.0.0.1:{port}") as process:
        assert process.stdout is not None
        assert b"Waiting for the bot" in await asyncio.wait_for(process.stdout.readline(), 60)
        for feeling in (HAPPY, SAD):
            async with theatre(port=port) as stage:
                chosen_by(stage, chosen)
                for number in range(3):
                    stage.join(number, feeling)
                await eventually(lambda wanted=feeling: near(shares(path, chosen), wanted), 60)  # type: ignore[misc]
            # No mark is left on any bar: what is not live doesn't look live.
            await eventually(lambda: shares(path, chosen) is None, 60)
        status, _, err = await leave(process)
    assert status == 0 and err == ""


async def test_a_device_that_goes_away_ends_it_with_one_line(tmp_path: Path) -> None:
    chosen, path = settings(tmp_path), tmp_path / "camera.y4m"
    async with theatre() as stage:
        chosen_by(stage, chosen)
        async with camera(stage.address) as process:
            await eventually(lambda: newest(path) is not None, 60)
            path.rename(tmp_path / "unplugged.y4m")
            assert process.stderr is not None
            err = await asyncio.wait_for(process.stderr.read(), 60)
            assert await asyncio.wait_for(process.wait(), 60) == 1
    assert err.decode().strip() == "LERA: The virtual camera has gone (the camera is gone): start it again."


async def test_a_key_that_was_renewed_ends_it_with_one_line(tmp_path: Path) -> None:
    async with theatre() as stage:
        chosen_by(stage, settings(tmp_path))
        async with camera(stage.address) as process:
            await eventually(lambda: newest(tmp_path / "camera.y4m") is not None, 60)
            async with stage.session.post("/api/keys", json={"renew": "overlay"}) as answer:
                assert answer.status == 200
            _, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 1 and err.decode().startswith("LERA: The bot has another key")
        assert err.count(b"\n") == 1 and OVERLAY_KEY not in err.decode()


def test_the_key_is_read_from_the_environment_or_is_missed_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert key_of({KEY_VARIABLE: "abc"}) == key_of({KEY_VARIABLE: " http://127.0.0.1:8765/overlay/#key=abc "}) == "abc"
    with pytest.raises(LeraError, match=KEY_VARIABLE):
        key_of({})


async def test_no_device_and_no_bot_are_one_line_each(tmp_path: Path) -> None:
    async with theatre() as stage:
        chosen_by(stage, settings(tmp_path / "missing"))
        for program, address, said in (
            (("-m", "bot.virtual_camera"), stage.address, "LERA: No virtual camera could be opened"),
            (CAMERA, f"{stage.address}/overlay", "gives no settings"),
            (CAMERA, "mybot", "no address of a bot"),
            (CAMERA, "http://127.0.0.1:port", "no address of a bot"),
        ):
            async with camera(address, program) as process:
                out, err = await asyncio.wait_for(process.communicate(), 60)
                assert process.returncode == 1 and out == b""
                assert said in err.decode() and err.count(b"\n") == 1
