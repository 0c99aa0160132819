"""The replay buffer: the file of this very save, named after its moment.

OBS saves in its own time, and asked too early names the file before. So this waits for the event that a save is done.
"""

import asyncio
import logging
import re
from pathlib import Path
from typing import Any, Final

from lera.obs.connection import Connection, Data, ObsAway, ObsError, ObsSaysNo

logger = logging.getLogger(__name__)

PATIENCE: Final = 30.0
"""Seconds that OBS may take to write a replay to a slow disk."""

_NOT_AVAILABLE: Final = 604
_NO_BUFFER: Final = "switch it on in OBS under Settings, Output, Replay Buffer"


class Replay:
    """Saves replays, one at a time. `hear` must be given the events of the connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._one_at_a_time = asyncio.Lock()
        self._saved: asyncio.Future[str] | None = None
        self._runs = asyncio.Event()

    def hear(self, event: str, data: Data) -> None:
        """An event of OBS."""
        if event == "ReplayBufferSaved" and self._saved is not None and not self._saved.done():
            self._saved.set_result(str(data.get("savedReplayPath") or ""))
        elif event == "ReplayBufferStateChanged":
            if data.get("outputActive") and data.get("outputState") == "OBS_WEBSOCKET_OUTPUT_STARTED":
                self._runs.set()
            else:
                self._runs.clear()

    async def state(self) -> bool | None:
        """Whether the buffer runs; None when it is off in OBS's settings. Raises ObsAway."""
        try:
            return bool((await self._connection.request("GetReplayBufferStatus")).get("outputActive"))
        except ObsSaysNo as no:
            if no.code == _NOT_AVAILABLE:
                return None
            raise

    async def start(self) -> None:
        """Start the buffer; nothing happens when it runs. Raises ObsError with the mend."""
        running = await self.state()
        if running is None:
            raise ObsError(f"OBS has no replay buffer: {_NO_BUFFER}.")
        if running:
            return
        try:
            await self._connection.request("StartReplayBuffer")
            async with asyncio.timeout(PATIENCE):
                await self._runs.wait()
        except ObsSaysNo as no:
            # Another program was faster, or OBS has nothing to encode with.
            if not await self.state():
                raise ObsError(f"OBS can't start its replay buffer (code {no.code}): {_NO_BUFFER}.") from None
        except TimeoutError:
            raise ObsError("OBS did not start its replay buffer in time: look for a question in its window.") from None

    async def save(self, name: str) -> Path:
        """Save the replay now; the file of this save, with `name` in its own. Raises ObsError with the mend."""
        async with self._one_at_a_time:
            running = await self.state()
            if running is None:
                raise ObsError(f"No replay was saved, since OBS has no replay buffer: {_NO_BUFFER}.")
            if not running:
                raise ObsError(
                    "No replay was saved, since OBS's replay buffer does not run: start it there, "
                    "or set [obs] start_replay_buffer = true."
                )
            path = await self._save()
        # What OBS on another machine has saved lies there, and keeps the name that OBS gave it.
        return await asyncio.to_thread(renamed, path, name)

    async def _save(self) -> Path:
        self._saved = asyncio.get_running_loop().create_future()
        lost = asyncio.create_task(self._connection.gone())
        try:
            await self._connection.request("SaveReplayBuffer")
            ends: set[asyncio.Future[Any]] = {self._saved, lost}
            await asyncio.wait(ends, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            if self._saved.done():
                return Path(self._saved.result())
            if lost.done():
                raise ObsAway("OBS has gone before the replay was saved.")
            raise ObsError("OBS did not save the replay in time: look whether its disk is full.")
        except ObsSaysNo as no:
            raise ObsError(f"OBS did not save the replay (code {no.code}); it may still be saving the last.") from None
        finally:
            lost.cancel()
            self._saved = None


def renamed(path: Path, name: str) -> Path:
    """Give a file the moment's name, behind the one that OBS gave it; the old path where that can't be."""
    words = " ".join(re.sub(r"[^\w%+.-]+", " ", name).split()).strip(" .")[:80]
    try:
        if not words or not path.is_file():
            return path
        wanted = path.with_name(f"{path.stem} {words}{path.suffix}")
        number = 1
        while wanted.exists():
            number += 1
            wanted = path.with_name(f"{path.stem} {words} {number}{path.suffix}")
        return path.rename(wanted)
    except OSError as error:
        # On Windows a virus scanner may hold a file that is just written; the replay itself is safe.
        logger.warning("The replay keeps its name %s (%s).", path.name, error.strerror)
        return path
