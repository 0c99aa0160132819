"""A bot and a crowd of agents that meet on a Google Sheet, which the stand-in keeps in compressed time.

Every reading says whose it is and which change of that viewer's it shows, so that what reaches the bot can be checked.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from google.oauth2.credentials import Credentials

from tests.door import door
from tests.standins.sheets import SheetsStandIn, standin
from tests.transport.sheet_stage import loop_clock
from transport.desk import Desk, HubSettings
from transport.reading import Reading
from transport.sheet_api import Table
from transport.sheet_client import SheetClient
from transport.sheet_host import SheetHost
from transport.sheet_pace import Quota
from transport.sheet_setup import set_up

BOOK = "the-streams-own-sheet"
CHANNEL = "ann"


def key_of(number: int) -> str:
    return f"viewer-{number:013}-key"


async def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for a condition; a busy machine may take its time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - nothing tells when a cell changes
            await asyncio.sleep(0.02)


class Seen:
    """What reached the bot: the audience of its desk."""

    def __init__(self) -> None:
        self.changes: dict[int, int] = {}  # the newest change of each viewer
        self.arrived: dict[tuple[int, int], float] = {}
        self.wrong: list[Reading] = []
        self.left: set[str] = set()
        self.forgotten: set[str] = set()

    def take(self, reading: Reading) -> None:
        number, change = (round(1000 * p) for p in reading.probabilities[:2])
        if reading.viewer != key_of(number) or change < self.changes.get(number, 0):
            self.wrong.append(reading)
        self.changes[number] = change
        self.arrived.setdefault((number, change), asyncio.get_running_loop().time())
        self.left.discard(reading.viewer)

    def leave(self, viewer: str) -> None:
        self.left.add(viewer)

    def forget(self, viewer: str) -> None:
        self.forgotten.add(viewer)


class Agent:
    """One viewer with a Google login of its own, or with the account that all share."""

    def __init__(self, crowd: "Crowd", number: int) -> None:
        self.crowd, self.number, self.change = crowd, number, 0
        self.felt: dict[int, float] = {}
        self.states: list[str] = []
        self.client = SheetClient(
            crowd.table(f"viewer{number}"),
            CHANNEL,
            key_of(number),
            self.states.append,
            crowd.quota,
            now=crowd.now,
        )
        self.task: asyncio.Task[None] | None = None

    def feel(self) -> None:
        """Change to what nobody has felt before."""
        self.change += 1
        self.felt[self.change] = asyncio.get_running_loop().time()
        mine, changed = self.number / 1000, self.change / 1000
        self.client.post((mine, changed, 1 - mine - changed, 0, 0, 0, 0), 0.9, self.crowd.now())

    def start(self) -> None:
        self.task = asyncio.create_task(self.client.run())

    async def leave(self) -> None:
        await self.client.close()
        if self.task:
            await asyncio.gather(self.task, return_exceptions=True)

    async def crash(self) -> None:
        """Be gone without a word."""
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.client._seat = None
        await self.client.close()


class Crowd:
    """The bot's end and the agents, all with real gspread; Google's time runs `sheets.scale` times as fast as ours."""

    def __init__(self, sheets: SheetsStandIn, shared: bool = False) -> None:
        self.sheets, self.shared = sheets, shared
        self.now = loop_clock(sheets)
        self.quota = Quota(minute=60 / sheets.scale)
        self.seen = Seen()
        self.desk = Desk(HubSettings(), CHANNEL, door(CHANNEL), self.seen)
        self.agents: dict[int, Agent] = {}
        self.logins: dict[str, dict[str, Any]] = {}
        self.host: SheetHost | None = None
        self.bots: list[asyncio.Task[None]] = []
        self.gone: list[Agent] = []

    def table(self, name: str) -> Table:
        """The Sheet as somebody sees it."""
        who = "bot" if self.shared else name
        if who not in self.logins:
            self.logins[who] = self.sheets.logins.add_person(f"{who}@example.com")
        kept = {name: value for name, value in self.logins[who].items() if name != "type"}
        return Table(BOOK, lambda: Credentials(None, **kept), self.sheets.url)  # type: ignore[no-untyped-call]

    async def set_up(self) -> None:
        self.sheets.add_spreadsheet(BOOK)
        table = self.table("bot")
        await set_up(table, self.now(), say=lambda _: None)
        await table.close()

    def start_bot(self, desk: Desk | None = None) -> SheetHost:
        host = SheetHost(
            lambda: self.table("bot"), desk or self.desk, self.now, live=True, shared=self.shared, quota=self.quota
        )
        self.host = self.host or host
        self.bots.append(asyncio.create_task(host.run()))
        return host

    async def stop_bots(self) -> None:
        for task in self.bots:
            task.cancel()
        await asyncio.gather(*self.bots, return_exceptions=True)
        self.bots = []

    def join(self, number: int) -> Agent:
        agent = self.agents[number] = Agent(self, number)
        agent.feel()
        agent.start()
        return agent

    async def close(self) -> None:
        await asyncio.gather(*(agent.leave() for agent in self.agents.values()), return_exceptions=True)
        await self.stop_bots()

    async def live(self, seconds: float, every: float, swaps: float = 0.0) -> None:
        """Let everyone change about every so many seconds of Google's time; every `swaps`, one goes and one comes."""
        scale, chance = self.sheets.scale, random.Random(7)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while loop.time() < begun + seconds / scale:
            await asyncio.sleep(chance.expovariate(max(1, len(self.agents)) * scale / every))
            agent = chance.choice(list(self.agents.values()))
            agent.feel()
            if swaps and loop.time() > begun + (len(self.gone) + 1) * swaps / scale:
                await self.swap(agent, crash=len(self.gone) % 2 == 0)

    async def swap(self, agent: Agent, crash: bool) -> None:
        """One goes, by leaving or by crashing, and somebody new comes."""
        del self.agents[agent.number]
        await (agent.crash() if crash else agent.leave())
        self.gone.append(agent)
        self.join(max([*self.agents, *(gone.number for gone in self.gone)]) + 1)

    def delays(self) -> list[float]:
        """Google's seconds from each change until the bot saw it or a newer one of the same viewer.

        What the bot hasn't seen yet counts with the time that it has waited; what somebody felt who is gone, doesn't.
        """
        now, found = asyncio.get_running_loop().time(), []
        arrivals: dict[int, list[tuple[int, float]]] = {}
        for (number, change), at in self.seen.arrived.items():
            arrivals.setdefault(number, []).append((change, at))
        for agent in [*self.agents.values(), *self.gone]:
            for change, felt in agent.felt.items():
                later = [at for seen, at in arrivals.get(agent.number, []) if seen >= change]
                if later or agent.number in self.agents:
                    found.append((min(later, default=now) - felt) * self.sheets.scale)
        return sorted(found)

    def idents(self) -> list[str]:
        """What stands in the first cell of every viewer's row."""
        return [str(row[0]) if row else "" for row in self.sheets.read(BOOK, "Live!A4:A1003")]

    def refusals(self, after: float) -> list[tuple[float, str, str]]:
        """Quota errors after a moment of Google's time: when, who, what."""
        return [
            (at - after, who, what)
            for at, who, what, _, status in self.sheets.google.log
            if status == 429 and at > after
        ]


@asynccontextmanager
async def a_crowd(scale: float, shared: bool = False) -> AsyncIterator[Crowd]:
    """A Sheet that is set up, and the bot on it."""
    async with standin(scale=scale) as sheets:
        crowd = Crowd(sheets, shared)
        await crowd.set_up()
        crowd.start_bot()
        try:
            # An agent that is there before the bot goes by the default pace, which isn't compressed.
            await until(lambda: "open" in (sheets.read(BOOK, "Live!A2:I2") or [[]])[0])
            yield crowd
        finally:
            await crowd.close()
