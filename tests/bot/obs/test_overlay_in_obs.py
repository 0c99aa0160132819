"""The overlay as viewers of the stream see it: Chromium shows the page on a screen, and OBS captures that screen.

Debian's OBS has no browser source, so its own screen source stands between; all else is as it is on a stream. The bars
are measured in OBS's screenshot of it.
"""

import asyncio
import base64
import io
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from bot.obs.setup import page_url
from tests.bot.obs.conftest import Rig, until
from tests.bot.stage import HAPPY, OVERLAY_KEY, SAD, theatre
from tests.chromium import CHROMIUM, needs_chromium
from tests.obs import PATIENCE, needs_own_obs, screen
from tests.ports import free_port
from transport.reading import Probabilities

WIDTH, HEIGHT = 1280, 720
YELLOW = (0xFF, 0xD9, 0x3B)
"""Happiness, as in palette.css."""
SHORTEST: Final = 70
"""Pixels of the bar below the low end of the interval, which are longer than the large face is wide."""
HALF: Probabilities = (0.35, 0.4, 0.05, 0.05, 0.05, 0.05, 0.05)


@contextmanager
def kiosk(display: str, url: str, home: Path) -> Iterator[None]:
    """Chromium that shows nothing but one page, as large as the screen."""
    assert CHROMIUM
    command = [
        CHROMIUM, "--no-sandbox", "--kiosk", f"--app={url}", "--window-position=0,0",
        f"--window-size={WIDTH},{HEIGHT}", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-quic", "--force-device-scale-factor=1",
        f"--user-data-dir={home}",
    ]  # fmt: skip
    environment = os.environ | {"DISPLAY": display, "HOME": str(home)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


async def picture_of(rig: Rig, source: str) -> npt.NDArray[np.int64]:
    """What OBS has of a source, (height, width, 3)."""
    shot = await rig.ask("GetSourceScreenshot", sourceName=source, imageFormat="png")
    data = base64.b64decode(shot["imageData"].split(",", 1)[1])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(np.int64)


def beginning(picture: npt.NDArray[np.int64]) -> tuple[int, int] | None:
    """Row and column where the bar of happiness begins: the longest stretch of its own colour, or None."""
    yellow = (abs(picture - YELLOW).max(axis=2) <= 3).astype(int)
    ends = np.diff(np.pad(yellow, ((0, 0), (1, 1))), axis=1)
    found: list[tuple[int, int, int]] = [(0, 0, 0)]
    for row in np.flatnonzero(yellow.sum(axis=1) >= SHORTEST).tolist():
        starts, stops = (np.flatnonzero(ends[row] == sign).tolist() for sign in (1, -1))
        found += [(stop - start, row, start) for start, stop in zip(starts, stops, strict=True)]
    longest, row, start = max(found)
    # The face beside the bar and the large one above it are shorter.
    return (row, start) if longest >= SHORTEST else None


def length(picture: npt.NDArray[np.int64], begins: tuple[int, int]) -> int:
    """Pixels from there to the end of the white mark, which is at the share."""
    row, start = begins
    white = [bool(each.min() >= 235) for each in picture[row, start:]]
    return white.index(False, white.index(True)) if True in white else 0


@pytest.mark.obs
@pytest.mark.browser
@pytest.mark.slow
@needs_chromium
@needs_own_obs
async def test_the_bars_in_obs_are_as_long_as_the_shares(rig: Rig, tmp_path: Path) -> None:
    scene = await rig.scene("stream")
    await rig.go_to(scene)
    port = free_port()
    url = page_url(f"127.0.0.1:{port}", key=OVERLAY_KEY)
    with screen(WIDTH, HEIGHT) as display, kiosk(display, url, tmp_path / "chromium"):
        # OBS, and the page in it, are there before the bot is.
        settings = {"advanced": True, "server": display, "screen": 0, "show_cursor": False}
        source = await rig.input(scene, "screen", "xshm_input", **settings)
        async with theatre(port=port) as stage:
            clients = [stage.join(number, HAPPY) for number in range(12)]
            async with asyncio.timeout(PATIENCE):
                while (begins := beginning(await picture_of(rig, source))) is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            long = await at_rest(rig, source, begins)
            for feeling, share in ((HALF, 0.35), (SAD, 0.05), (HAPPY, 0.7)):
                for client in clients:
                    client.post(feeling)
                await stage.until(partial(is_at, share), PATIENCE)
                await until(partial(is_long, rig, source, begins, long * share / 0.7))


def is_at(share: float, frame: dict[str, Any]) -> bool:
    return bool(frame["enough"] and abs(frame["shares"]["happiness"] - share) < 0.01)


async def is_long(rig: Rig, source: str, begins: tuple[int, int], wanted: float) -> bool:
    """Within three pixels of some two hundred: the bar's ends are round."""
    return abs(length(await picture_of(rig, source), begins) - wanted) <= 3


async def at_rest(rig: Rig, source: str, begins: tuple[int, int]) -> int:
    """The bar's length once it slides no more: for three seconds, since a busy browser may pause in mid-slide."""
    lengths: list[int] = []
    async with asyncio.timeout(PATIENCE):
        while len(set(lengths[-7:])) != 1 or len(lengths) < 7 or not lengths[-1]:
            await asyncio.sleep(0.5)
            lengths.append(length(await picture_of(rig, source), begins))
    return lengths[-1]
