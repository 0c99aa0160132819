"""A Sheet for tests: the stand-in in quicker time, a bot's end, and viewers with logins of their own."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.door import door
from tests.standins.sheets import SheetsStandIn, standin
from transport.desk import Desk, HubSettings
from transport.reading import Probabilities, Reading
from transport.sheet_account import Account, account, login_account
from transport.sheet_api import Table
from transport.sheet_client import SheetClient
from transport.sheet_host import Moments, SheetHost
from transport.sheet_pace import Quota
from transport.sheet_setup import set_up

HAPPY: Probabilities = (0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05)
SAD: Probabilities = (0.05, 0.7, 0.05, 0.05, 0.05, 0.05, 0.05)
SCALE = 20.0
"""Google's minute is three of our seconds, and so is every wait."""


async def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Until something holds that nothing announces."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def loop_clock(google: SheetsStandIn) -> Callable[[], float]:
    """The time of a spreadsheet and of all who use it, in seconds since 1970.

    It is the loop's, which on a `NightLoop` no busy machine can make late.
    """
    loop = asyncio.get_running_loop()
    began = time.time() - loop.time()
    google.now = lambda: google.scale * (began + loop.time())  # type: ignore[method-assign]
    return lambda: began + loop.time()


class Crowd:
    """What the bot would count: the last reading of each viewer."""

    def __init__(self) -> None:
        self.votes: dict[str, Probabilities] = {}
        self.forgotten: list[str] = []

    def take(self, reading: Reading) -> None:
        self.votes[reading.viewer] = reading.probabilities

    def leave(self, viewer: str) -> None:
        self.votes.pop(viewer, None)

    def forget(self, viewer: str) -> None:
        self.leave(viewer)
        self.forgotten.append(viewer)


class SheetStage:
    """A spreadsheet that is set up, and what a test does with it."""

    def __init__(self, google: SheetsStandIn, folder: Path, scale: float) -> None:
        self.google = google
        self.now = loop_clock(google)
        self.crowd = Crowd()
        self.desk = Desk(HubSettings(), "demo", door(), self.crowd)
        self.quota = Quota(minute=60 / scale)
        self.book = google.add_spreadsheet().id
        key = folder / "bot-key.json"
        key.write_text(json.dumps(google.logins.add_service_account("bot")), "utf-8")
        self.bot: Account = account(self.book, str(key))
        self.states: dict[str, list[str]] = {}
        self._tables: list[Table] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._clients: list[SheetClient] = []

    def table(self, owner: Account | None = None) -> Table:
        """The spreadsheet, for the bot or for somebody else."""
        self._tables.append((owner or self.bot).table(self.book, self.google.url))
        return self._tables[-1]

    def host(
        self, *, live: bool = True, moments: Moments | None = None, now: Callable[[], float] | None = None
    ) -> tuple[SheetHost, "asyncio.Task[None]"]:
        """The bot's end, running."""
        host = SheetHost(
            lambda: self.bot.table(self.book, self.google.url),
            self.desk, now or self.now, live=live, moments=moments, quota=self.quota,
        )  # fmt: skip
        self._tasks.append(asyncio.create_task(host.run()))
        return host, self._tasks[-1]

    def login(self, name: str) -> Account:
        """A person who has logged in to Google."""
        return login_account(self.google.logins.add_person(f"{name}@example.com"))

    def client(self, name: str, owner: Account | None = None, now: Callable[[], float] | None = None) -> SheetClient:
        """A viewer with a login of its own, not running yet."""
        states = self.states.setdefault(name, [])
        table = (owner or self.login(name)).table(self.book, self.google.url)
        client = SheetClient(table, "demo", key_of(name), states.append, self.quota, now=now or self.now)
        self._clients.append(client)
        return client

    def join(
        self, name: str, feeling: Probabilities | None = HAPPY, now: Callable[[], float] | None = None
    ) -> tuple[SheetClient, "asyncio.Task[None]"]:
        """A viewer who runs and feels something."""
        client = self.client(name, now=now)
        if feeling is not None:
            client.post(feeling)
        self._tasks.append(asyncio.create_task(client.run()))
        return client, self._tasks[-1]

    def rows(self) -> list[list[Any]]:
        """The viewers' rows, as a person would see them."""
        return self.google.read(self.book, "Live!A4:L1003")

    def control(self) -> list[Any]:
        """The bot's row."""
        return self.google.read(self.book, "Live!A2:L2")[0]

    def refusals(self) -> int:
        """Calls that the quota stopped."""
        return sum(1 for call in self.google.google.log if call[-1] == 429)

    async def close(self) -> None:
        for client in self._clients:
            await client.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for table in self._tables:
            await table.close()


def key_of(name: str) -> str:
    """The viewer's key of a name."""
    return f"key-of-{name:-<16}"


@asynccontextmanager
async def sheet_stage(folder: Path, scale: float = SCALE) -> AsyncIterator[SheetStage]:
    """A spreadsheet with its layout, for as long as the context lasts."""
    async with standin(scale=scale) as google:
        stage = SheetStage(google, folder, scale)
        try:
            await set_up(stage.table(), stage.now(), stage.bot.email, say=lambda _: None)
            yield stage
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await stage.close()
