"""One EventSub socket: twitchio's, but it tells its owner how it ended in place of reconnecting by itself.

twitchio's own reconnection reads nothing from the old socket while the new one opens, so that what is said meanwhile is
lost; it goes on without subscriptions that failed, and explains no close code.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from twitchio.eventsub.websockets import Websocket
from twitchio.exceptions import WebsocketConnectionException
from twitchio.ext.commands import Bot

from bot.twitch.endings import LOST, SILENT
from bot.twitch.faults import Unreachable
from bot.twitch.helix import Helix
from bot.twitch.seen import Seen

logger = logging.getLogger(__name__)

SLACK: Final = 5.0
"""Seconds that a keepalive may be late."""

MAY_LACK: Final = dict.fromkeys(
    (
        "color", "cheer", "reply", "channel_points_custom_reward_id", "channel_points_animation_id",
        "source_broadcaster_user_id", "source_broadcaster_user_login", "source_broadcaster_user_name",
    )
)  # fmt: skip
"""What twitchio wants of a chat message, and some documented samples lack; without, it drops the message."""


class Session(Websocket):
    """`ended` gives the close code; `moving` gives the address that Twitch asks to move to; `revoked` a status."""

    def __init__(
        self, bot: Bot, http: Helix, user_id: str, seen: Seen, now: Callable[[], float], keepalive: float = 10.0
    ) -> None:
        """`seen` are the notifications that any session has delivered."""
        super().__init__(client=bot, token_for=user_id, http=http, keep_alive_timeout=keepalive)
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = loop.create_future()
        self.moving: asyncio.Future[str] = loop.create_future()
        self.revoked: asyncio.Future[str] = loop.create_future()
        self.slack = SLACK
        self._seen = seen
        self._now = now

    async def open(self, url: str | None = None, seconds: float = 10.0) -> None:
        """Connect, and return with Twitch's welcome. Raises Unreachable."""
        connecting = asyncio.create_task(self.connect(url=url, fail_once=True))
        try:
            async with asyncio.timeout(seconds):
                events: set[asyncio.Future[Any]] = {connecting, self.ended}
                await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
            if connecting.done():
                await connecting
                if self._listen_task is not None:
                    self._listen_task.add_done_callback(self._deaf)
        except (WebsocketConnectionException, TimeoutError):
            await self.close()
        finally:
            if not connecting.done():
                connecting.cancel()
                await asyncio.gather(connecting, return_exceptions=True)
        if self.ended.done():
            await self.close()
            raise Unreachable("Twitch's chat can't be reached; LERA tries again by itself.")

    async def close(self, cleanup: bool = True, *, reassociate: bool = True) -> None:
        """Close the socket, whoever wants it."""
        code = self._socket.close_code if self._socket is not None else None
        await self._end(code)
        await super().close(cleanup, reassociate=reassociate)

    async def _end(self, code: int | None) -> None:
        if not self.ended.done():
            self.ended.set_result(code or LOST)

    def _deaf(self, listening: asyncio.Task[None]) -> None:
        # A frame that twitchio can't take kills its listener without a word.
        if not listening.cancelled() and listening.exception() is not None and not self.ended.done():
            self.ended.set_result(LOST)

    # What twitchio calls.

    async def _create_connection_task(self) -> None:
        await self._end(self._socket.close_code if self._socket is not None else None)

    async def _process_welcome(self, data: Any) -> None:
        promised = data["payload"]["session"].get("keepalive_timeout_seconds")
        if isinstance(promised, int) and promised > 0:
            self._keep_alive_timeout = promised
        await super()._process_welcome(data)

    async def _process_reconnect(self, data: Any) -> None:
        if not self.moving.done():
            self.moving.set_result(str(data["payload"]["session"]["reconnect_url"]))

    async def _process_revocation(self, data: Any) -> None:
        subscription = data["payload"]["subscription"]
        status, kind = str(subscription["status"]), str(subscription["type"])
        if status == "version_removed" and kind != "channel.chat.message":
            logger.warning("Twitch no longer tells LERA of %s: update LERA.", kind)
        elif not self.revoked.done():
            self.revoked.set_result(status)

    async def _process_notification(self, data: Any) -> None:
        if not self._seen.first(str(data["metadata"]["message_id"]), self._now()):
            return
        try:
            if data["metadata"]["subscription_type"] == "channel.chat.message":
                data["payload"]["event"] = {**MAY_LACK, **data["payload"]["event"]}
            await super()._process_notification(data)
        except (
            Exception
        ) as error:  # Whatever is in it, the next one must be read; and it may quote what somebody wrote.
            logger.warning("Twitch sent an event that can't be read (%s).", type(error).__name__)

    async def _process_keepalive(self) -> None:
        # twitchio looks at the wall clock, which summer time and the user may set.
        loop = asyncio.get_running_loop()
        last, heard = self._last_keepalive, loop.time()
        while not self.ended.done():
            await asyncio.sleep(self.slack / 2)
            if self._last_keepalive is not last:
                last, heard = self._last_keepalive, loop.time()
            elif loop.time() - heard > self._keep_alive_timeout + self.slack:
                await self._end(SILENT)
