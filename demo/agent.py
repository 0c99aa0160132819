"""The demo's one real viewer: the viewer agent in a process of its own, exactly as a viewer would run it."""

import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from bot.show import Show
from lera.errors import LeraError
from transport.hub import parse_link
from viewer_agent.channels import join_channel
from viewer_agent.consent import require_consent

PORTRAIT = Path(__file__).parent.parent / "viewer_agent" / "portrait.mp4"


def ask_for_webcam() -> str | None:
    """The camera to use if the person at the terminal wants that and consents; None means the rendered portrait."""
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    answer = input("Be one of the viewers yourself, with your webcam? Enter = no, a rendered portrait will do [y/N] ")
    if not answer.strip().lower().startswith("y"):
        return None
    try:
        require_consent()
    except LeraError as error:
        print(f"Fine, the portrait then. ({error})")
        return None
    return "0"


class DemoAgent:
    """A running agent process, and what it costs."""

    def __init__(self, process: subprocess.Popen[bytes], viewer: str) -> None:
        self.viewer = viewer
        self.cpu_share: float | None = None
        self.fault: str | None = None
        self._process = process

    @classmethod
    def start(cls, link: str, camera: str | None) -> "DemoAgent":
        """Start the agent on a camera, or on the portrait in a loop."""
        # Joined here and not by an argument: the link is a secret, and any user can see a process's arguments.
        entry = join_channel(parse_link(link))
        source = [camera] if camera is not None else [str(PORTRAIT), "--loop"]
        command = [sys.executable, "-m", "viewer_agent", link.split("#")[0], "--stop-with-parent"]
        command += ["--camera", *source]
        # Its own group: Ctrl-C in the terminal is the demo's to handle. The pipe tells it when the demo is gone.
        own_group: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            own_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, **own_group)
        return cls(process, entry.viewer)

    async def watch(self, show: Show) -> None:
        """Measure the agent's share of one core from its first reading on; say so if it ends before its time."""
        while show.reading_of(self.viewer) is None:
            if self._has_ended():
                return
            await asyncio.sleep(0.2)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(psutil.Error):
            observed = psutil.Process(self._process.pid)
            begun, spent = loop.time(), sum(observed.cpu_times()[:2])
            while not self._has_ended():
                await asyncio.sleep(0.5)
                self.cpu_share = (sum(observed.cpu_times()[:2]) - spent) / (loop.time() - begun)

    async def stop(self) -> None:
        """End the process and wait for it; safe to call twice."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, 5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    def _has_ended(self) -> bool:
        status = self._process.poll()
        if status is None:
            return False
        self.fault = f"the agent ended by itself with status {status}"
        return True
