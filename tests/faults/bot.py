"""The bot, with what it keeps: its keys, its list of links and bans, and its history."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from bot.access_file import kept_access
from bot.commands import Asker
from bot.history import History
from bot.keys import Keys
from bot.nodes import attach_nodes
from bot.server import serving
from bot.settings import Settings
from bot.show import Show
from bot.twitch.endpoints import Endpoints
from bot.twitch.service import Twitch
from lera.obs.connection import Password
from tests.faults.wire import Wire
from tests.ports import free_port
from tests.standins.obs import PASSWORD

AT_MOST_LOST: Final = 1.0
"""Seconds of history that a kill may cost."""


class Parrot(Show):
    """A show that gives each question an answer of its own: equal ones would be merged."""

    async def respond(self, text: str, asker: Asker) -> str | None:
        return f"{asker.name}: {text.removeprefix('!mood ')}" if text.startswith("!mood ") else None


class RestartableBot:
    """A bot that is started, killed and started again at its port."""

    def __init__(self, settings: Settings, folder: Path, places: Endpoints, now: Callable[[], float]) -> None:
        """`folder` keeps the history, `places` is where Twitch is, and `now` the world's time."""
        self.settings = settings
        self.port = free_port()
        self.keys = Keys()
        # Of the newest start, also while the bot is away.
        self.show: Show
        self.service: Twitch
        self.history: History
        # Told of each show that begins.
        self.begins: Callable[[Show], None] = lambda _show: None
        self.failure: BaseException | None = None
        # Set while it runs.
        self.there = asyncio.Event()
        # Stretches of the show's clock in which a second may be lost.
        self.lost: list[tuple[float, float]] = []
        self._file = folder / "history.sqlite3"
        self._places = places
        self._now = now
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, and wait until it takes viewers in."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
            await self.there.wait()

    async def kill(self, lines: list[Wire], own: list[Wire]) -> None:
        """kill -9: nobody hears a last word, neither on those lines to it nor on its own, and nothing more is kept."""
        if self._task is None:
            return
        now = self._now()
        self.lost.append((now - AT_MOST_LOST, now))
        ill = [(line, line.toxic, line.amount) for line in own]
        for line in own:
            line.poison("down")
        for line in lines:
            line.cut(self.port)
        self.history.close()
        await self.stop()
        for line, toxic, amount in ill:
            line.toxic, line.amount = toxic, amount

    async def stop(self) -> None:
        """Ctrl-C: everybody is told goodbye, and the history is whole."""
        task, self._task = self._task, None
        if task is not None:
            if self.show.sessions.fault is not None:
                # What the disk has refused ends with the bot, however long it has waited.
                self.lost.append((float("-inf"), self._now()))
            self.there.clear()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            with contextlib.closing(History(self._file, patient=True)) as self.history:
                channel, days = self.settings.channel.name, self.settings.hub.link_days
                access = kept_access(channel, self.keys, days, self._now())
                self.keys.used = True
                with contextlib.closing(access):
                    show = Parrot(self.settings, self.keys, self.history, self._now, access=access)
                    await self._play(show)
        except Exception as error:
            self.failure = error
            self.there.set()

    async def _play(self, show: Show) -> None:
        show.studio._password = lambda: Password(PASSWORD)
        show.twitch = service = Twitch(show, places=self._places)
        attach_nodes(show)
        self.show, self.service = show, service
        self.begins(show)
        async with serving(show, self.port), asyncio.TaskGroup() as tasks:
            tasks.create_task(_for_ever(show.run()))
            tasks.create_task(_for_ever(service.run()))
            self.there.set()


async def _for_ever(work: Awaitable[None]) -> None:
    await work
    raise RuntimeError("it ended by itself")
