"""The bot's live feed, watched, and opened again for as long as the program lives. The settings come the same way."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from bot.drawing.look import MoodFrame, Signal, read_frame
from bot.virtual_camera.settings import VirtualCameraSettings
from lera.errors import LeraError
from lera.http_body import read_body

_NETWORK: Final = (aiohttp.ClientError, OSError, TimeoutError)
_LOCKED: Final = 401
_TOO_MANY: Final = 429
_KEY_REFUSED: Final = "The bot has another key for its overlay by now: start the camera with the one on the dashboard."


class Feed:
    """Follows one bot. Waiting times are the overlay's, in seconds."""

    SILENCE: Final = 5.0
    GRACE: Final = 2.0
    FIRST_RETRY: Final = 0.25
    LONGEST_RETRY: Final = 3.0

    def __init__(self, address: str, key: str) -> None:
        """`address` is the bot's, as in http://127.0.0.1:8765, `key` the overlay's. Raises LeraError for no address."""
        self._address = address.rstrip("/")
        if not _is_address(self._address):
            raise LeraError(f"{address} is no address of a bot; it looks like http://127.0.0.1:8765.")
        self._headers = {"Authorization": f"Bearer {key}"}
        self._frame: MoodFrame | None = None
        self._true_until = float("-inf")

    def newest(self) -> tuple[MoodFrame | None, Signal]:
        """The last mood, and whether it is still the truth. May be called from any thread."""
        frame = self._frame
        if frame is None:
            return None, "connecting"
        return frame, "live" if time.monotonic() < self._true_until else "stale"

    async def settings(self) -> VirtualCameraSettings:
        """What the bot's `[virtual_camera]` says; waits for the bot. Raises LeraError when it is no LERA bot."""
        attempt = 0
        patience = aiohttp.ClientTimeout(total=self.SILENCE)
        async with aiohttp.ClientSession(timeout=patience, headers=self._headers) as session:
            while True:
                try:
                    async with session.get(f"{self._address}/api/virtual-camera") as answer:
                        if answer.status == _LOCKED:
                            raise LeraError(_KEY_REFUSED)
                        if answer.status < 500 and answer.status != _TOO_MANY:
                            answer.raise_for_status()
                            return msgspec.json.decode(await read_body(answer, 65_536), type=VirtualCameraSettings)
                except (aiohttp.ClientResponseError, msgspec.DecodeError, UnicodeDecodeError):
                    raise LeraError(
                        f"{self._address} gives no settings: is it this LERA's bot, and does its [web] "
                        "trusted_addresses name this machine?"
                    ) from None
                except _NETWORK:
                    if attempt == 0:
                        print(f"Waiting for the bot at {self._address} …", flush=True)
                await self._rest(attempt)
                attempt += 1

    async def run(self) -> None:
        """Follow the feed until cancelled. Raises LeraError once the key is no longer the right one."""
        attempt = 0
        async with aiohttp.ClientSession(headers=self._headers) as session:
            while True:
                told = False
                try:
                    async for _ in self._frames(session):
                        told = True
                except aiohttp.WSServerHandshakeError as refusal:
                    if refusal.status == _LOCKED:
                        raise LeraError(_KEY_REFUSED) from None
                except _NETWORK:
                    pass
                # A closed feed is often back within a moment; only after this long is the picture called stale.
                self._true_until = min(self._true_until, time.monotonic() + self.GRACE)
                attempt = 0 if told else attempt + 1
                await self._rest(attempt)

    async def _frames(self, session: aiohttp.ClientSession) -> AsyncIterator[MoodFrame]:
        """The moods of one connection, taken, until it ends. Raises TimeoutError when it goes silent."""
        url = "ws" + self._address.removeprefix("http") + "/live"
        told = False
        async with asyncio.timeout(self.SILENCE) as patience, session.ws_connect(url, max_msg_size=65_536) as socket:
            async for message in socket:
                frame = read_frame(message.data) if message.type is aiohttp.WSMsgType.TEXT else None
                if frame is None:
                    continue
                patience.reschedule(asyncio.get_running_loop().time() + self.SILENCE)
                if isinstance(frame, MoodFrame):
                    told, self._frame = True, frame
                    yield frame
                # A beat alone must not bring an old picture back to life.
                if told:
                    self._true_until = time.monotonic() + self.SILENCE

    async def _rest(self, attempt: int) -> None:
        longest = min(self.LONGEST_RETRY, self.FIRST_RETRY * 2 ** min(attempt, 10))
        await asyncio.sleep(random.uniform(longest / 2, longest))


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
