"""A show beside a local Twitch: the real twitchio on one side, the strict stand-in on the other."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.settings import ChannelSettings, ChatSettings, Settings
from bot.show import Show
from bot.twitch.connection import Timing
from bot.twitch.endpoints import stand_in
from bot.twitch.scopes import Role, scopes_for
from bot.twitch.service import Twitch
from bot.twitch.settings import TwitchSettings
from bot.twitch.tokens import Account, _write
from tests.bot.readers import WordReader
from tests.bot.stage import eventually
from tests.standins.twitch import BOT, CLIENT_ID, STREAMER, standin
from tests.standins.twitch import Twitch as StandIn

FAST = Timing(
    first_wait=0.02, longest_wait=0.2, settled=0.5, validate=3600.0, look=0.05, patience=0.3, linger=0.3
)  # fmt: skip


class Studio:
    """The local Twitch, the show, and the show's way to it."""

    def __init__(self, world: StandIn, show: Show, twitch: Twitch) -> None:
        self.world = world
        self.show = show
        self.twitch = twitch

    async def becomes(self, state: str) -> None:
        """Wait for the state that the dashboard shows."""
        await eventually(lambda: self.twitch.state == state)

    async def connected(self) -> "Studio":
        """Wait until chat is read."""
        await self.becomes("connected")
        return self

    async def answered(self, number: int = 1) -> list[str]:
        """Wait until the bot has said so much; gives its words."""
        await self.world.until(lambda: len(self.world.sent) >= number)
        return [sent.text for sent in self.world.sent]


def keep_login(world: StandIn, role: Role, login: str, scopes: list[str] | None = None) -> dict[str, Any]:
    """As if this account had logged in before."""
    wanted = scopes_for(role, TwitchSettings(markers=True)) if scopes is None else scopes
    tokens = world.tokens(login, wanted)
    _write(role, Account(CLIENT_ID, tokens["access_token"], tokens["refresh_token"]))
    return tokens


@asynccontextmanager
async def studio(
    timing: Timing = FAST,
    speed: float = 1.0,
    bot: bool = True,
    login: bool = True,
    chat: ChatSettings | None = None,
    **twitch: Any,
) -> AsyncIterator[Studio]:
    """A show that is connected to a local Twitch, with the streamer's account and a bot's own."""
    async with standin(speed=speed, device_interval=1) as world:
        if login:
            keep_login(world, "broadcaster", STREAMER)
            if bot:
                keep_login(world, "bot", BOT)
        settings = Settings(
            channel=ChannelSettings("demo"),
            chat=chat or ChatSettings(user_cooldown=0.0, channel_cooldown=0.0),
            twitch=TwitchSettings(**{"client_id": CLIENT_ID, **twitch}),
        )
        loop = asyncio.get_running_loop()
        start = time.time() - loop.time()
        show = Show(settings, "secret", None, lambda: start + loop.time(), WordReader)
        service = Twitch(show, timing, stand_in(world.base))
        show.twitch = service
        running = [asyncio.create_task(service.run()), asyncio.create_task(show.chat.run())]
        try:
            yield Studio(world, show, service)
        finally:
            for task in running:
                task.cancel()
            for task in running:
                with contextlib.suppress(asyncio.CancelledError):
                    await task
