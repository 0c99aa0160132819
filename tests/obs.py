"""A real OBS Studio for tests, on a screen of its own; or the one that LERA_OBS=ws://:password@host:port names.

Nothing of the user's OBS is touched: home, display, port and password are made for the test.
"""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final
from urllib.parse import unquote, urlsplit

import pytest

from lera.errors import LeraError
from lera.obs.connection import Connection, ObsAway, Password, connect
from lera.obs.settings import ObsSettings
from tests.ports import free_port

GIVEN: Final = os.environ.get("LERA_OBS", "")
PATIENCE: Final = 60.0
"""Seconds. Long, because a busy machine is slow; a test that passes never waits for it."""

needs_obs = pytest.mark.skipif(
    not GIVEN and not (shutil.which("obs") and shutil.which("Xvfb")), reason="no OBS Studio and Xvfb on this machine"
)
needs_own_obs = pytest.mark.skipif(bool(GIVEN), reason="LERA_OBS names an OBS that this test must not kill")

_GLOBAL: Final = """[General]
FirstRun=true
Pre19Defaults=false
Pre21Defaults=false
Pre23Defaults=false
Pre24.1Defaults=false
[Basic]
Profile=CI
ProfileDir=CI
SceneCollection={collection}
SceneCollectionFile={collection}
[BasicWindow]
SysTrayEnabled=false
"""
_WEBSOCKET: Final = """[OBSWebSocket]
FirstLoad=false
ServerEnabled=true
ServerPort={port}
AlertsEnabled=false
AuthRequired=true
ServerPassword={password}
"""
_PROFILE: Final = """[General]
Name=CI
[Video]
BaseCX=1280
BaseCY=720
OutputCX=640
OutputCY=360
FPSType=1
FPSInt=15
[Output]
Mode=Simple
[SimpleOutput]
FilePath={videos}
RecFormat=mkv
RecFormat2=mkv
RecQuality=Stream
VBitrate=800
StreamEncoder=x264
RecEncoder=x264
RecRB={replay}
RecRBTime=10
RecRBSize=64
UseAdvanced=true
x264Settings=keyint=15
"""


@contextmanager
def screen(width: int = 1280, height: int = 800) -> Iterator[str]:
    """A virtual X screen; gives its display, as in ":7"."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            with open(reading) as told:
                yield f":{told.readline().strip()}"
        finally:
            server.terminate()


@dataclass
class Obs:
    """OBS in a home of its own. `start` and `kill` as often as a test likes; the port and the scenes stay."""

    home: Path
    display: str
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    host: str = "127.0.0.1"
    collection: str = "CI"
    replay: bool = True
    process: subprocess.Popen[bytes] | None = None
    log: IO[bytes] | None = None

    @property
    def settings(self) -> ObsSettings:
        """How LERA reaches it."""
        return ObsSettings(enabled=True, host=self.host, port=self.port, timeout=10.0)

    @property
    def videos(self) -> Path:
        """Where it leaves its replays."""
        return self.home / "videos"

    def start(self) -> None:
        """Run it; nothing happens when it runs."""
        if GIVEN or self.process is not None:
            return
        self._write_settings()
        runtime = self.home / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        # OpenCV, once it is imported, names its own Qt to every program that is started from here; OBS can't use that.
        foreign = ("XDG_", "DBUS_", "QT_")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(foreign)} | {
            "HOME": str(self.home), "DISPLAY": self.display, "LIBGL_ALWAYS_SOFTWARE": "1",
            "XDG_RUNTIME_DIR": str(runtime), "QT_QPA_PLATFORM": "xcb",
        }  # fmt: skip
        command = [
            "obs", "--multi", "--profile", "CI", "--collection", self.collection, "--minimize-to-tray",
            "--websocket_ipv4_only",
        ]  # fmt: skip
        self.log = (self.home / "obs.log").open("ab")
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True
        )

    def kill(self) -> None:
        """As a crash does: nothing is saved and nobody is told."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(PATIENCE)
            self.process = None
        if self.log is not None:
            self.log.close()
            self.log = None

    async def connected(self) -> Connection:
        """A connection of the test's own, as soon as OBS is ready. It may just be starting."""
        self.start()
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    return await connect(self.settings, Password(self.password))
                except ObsAway:
                    if self.process is not None and self.process.poll() is not None:
                        raise LeraError(f"OBS ended with {self.process.returncode}: see {self.home}/obs.log") from None
                    await asyncio.sleep(0.1)

    def _write_settings(self) -> None:
        folder = self.home / ".config" / "obs-studio"
        profile = folder / "basic" / "profiles" / "CI"
        socket_folder = folder / "plugin_config" / "obs-websocket"
        for made in (profile, socket_folder, self.videos):
            made.mkdir(parents=True, exist_ok=True)
        general = _GLOBAL.format(collection=self.collection)
        web = _WEBSOCKET.format(port=self.port, password=self.password)
        # 29 and 30 read the first; 31 and later the second; obs-websocket 5.5 and later the third.
        (folder / "global.ini").write_text(general + web)
        (folder / "user.ini").write_text(general)
        (socket_folder / "config.json").write_text(
            '{"alerts_enabled": false, "auth_required": true, "first_load": false, "server_enabled": true,'
            f' "server_password": "{self.password}", "server_port": {self.port}}}'
        )
        (profile / "basic.ini").write_text(
            _PROFILE.format(videos=self.videos, replay="true" if self.replay else "false")
        )


@contextmanager
def an_obs(home: Path) -> Iterator[Obs]:
    """The OBS that LERA_OBS names, or a fresh one that is not started yet."""
    if GIVEN:
        place = urlsplit(GIVEN)
        yield Obs(home, "", place.port or 4455, unquote(place.password or ""), place.hostname or "127.0.0.1")
        return
    with screen() as display:
        obs = Obs(home, display)
        try:
            yield obs
        finally:
            obs.kill()
