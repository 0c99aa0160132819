"""All that LERA is made of, on one loop: the show, its hub, viewers, pages, Twitch, OBS and the disk."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from bot.controls import links
from bot.settings import ChannelSettings, ChatSettings, CrowdSettings, Settings
from bot.show import Show
from bot.twitch.endpoints import stand_in
from bot.twitch.settings import TwitchSettings
from lera.obs.settings import ObsSettings
from lera.obs.worker import Worker
from tests.bot.twitch.stage import keep_login
from tests.faults.bot import RestartableBot
from tests.faults.hubs import RestartableNode
from tests.faults.people import Page, Viewer
from tests.faults.wire import Wire, wire
from tests.night_loop import NightLoop
from tests.ports import free_port
from tests.standins.nats import Nats, nats_standin
from tests.standins.obs import Obs, obs_standin
from tests.standins.twitch import BOT, CLIENT_ID, STREAMER, standin
from tests.standins.twitch import Twitch as StandIn
from transport.desk import HubSettings
from transport.link import parse_link

BEGIN: Final = 1_800_000_000.0


class World:
    """Its parts, and the model of who is really there."""

    def __init__(self, settings: Settings, twitch: StandIn, obs: Obs, folder: Path) -> None:
        self.twitch, self.obs, self.folder = twitch, obs, folder
        self.asleep = 0.0
        self.bot = RestartableBot(settings, folder, stand_in(twitch.base), self.now)
        # What ended that should have gone on.
        self.failures: list[BaseException] = []
        self.viewers: list[Viewer] = []
        self.pages: list[Page] = []
        self.obs_wire: Wire | None = None
        # Where a world has nodes: NATS, the bot's wire to it, and they.
        self.nats: Nats | None = None
        self.bus_wire: Wire | None = None
        self.nodes: list[RestartableNode] = []
        self.link = ("", "", "")

    @property
    def show(self) -> Show:
        """The bot's, also while it is away."""
        return self.bot.show

    @property
    def wires(self) -> list[Wire]:
        """Every wire that can go wrong."""
        found = [viewer.wire for viewer in self.viewers] + [page.wire for page in self.pages]
        found += [node.wire for node in self.nodes]
        return [*found, *(each for each in (self.obs_wire, self.bus_wire) if each is not None)]

    @property
    def doors(self) -> list[int]:
        """Where viewers are sent: to the bot's own hub, or to a node."""
        return [self.bot.port, *(node.port for node in self.nodes if node.running)]

    def renew_link(self) -> None:
        """Tell the viewers the streamer's newest link."""
        self.link = parse_link(links(self.show, f"http://127.0.0.1:{self.bot.port}")["join"])

    def link_for(self, wire: Wire) -> tuple[str, str, str]:
        """The link's address, channel and token, over this wire."""
        url, channel, token = self.link
        return url.replace(f":{self.bot.port}", f":{wire.port}"), channel, token

    def now(self) -> float:
        """The clock of the bot's machine, in seconds since 1970."""
        return BEGIN + asyncio.get_running_loop().time() + self.asleep


class _PatientWorker(Worker):
    """OBS's thread, for which the night waits."""

    async def run(self, work: Any, *arguments: Any, undo: Any = None) -> Any:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, NightLoop)
        loop.threads += 1
        try:
            return await super().run(work, *arguments, undo=undo)
        finally:
            loop.threads -= 1


@asynccontextmanager
async def world(seed: int, folder: Path, viewers: int = 12, pages: int = 2, nodes: int = 2) -> AsyncIterator[World]:
    """The whole, healthy at first, with every viewer's agent running. Without nodes there is no NATS either."""
    chance = random.Random(seed)
    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        twitch = await stack.enter_async_context(standin())
        obs = await stack.enter_async_context(obs_standin())
        obs_wire = await stack.enter_async_context(wire(lambda: ("127.0.0.1", obs.port)))
        nats = await stack.enter_async_context(nats_standin(port=free_port())) if nodes else None
        bus_wire = await stack.enter_async_context(wire(lambda: ("127.0.0.1", nats.port))) if nats else None
        stack.enter_context(patch("lera.obs.connection.Worker", _PatientWorker))
        keep_login(twitch, "broadcaster", STREAMER)
        keep_login(twitch, "bot", BOT)
        settings = Settings(
            channel=ChannelSettings(STREAMER),
            # At one, nothing is hidden or masked, so that every mood can be compared with the model.
            crowd=CrowdSettings(minimum_viewers=1),
            chat=ChatSettings(enabled=False),
            twitch=TwitchSettings(client_id=CLIENT_ID),
            obs=ObsSettings(enabled=True, port=obs_wire.port, timeout=0.5),
            hub=HubSettings(nats=f"nats://127.0.0.1:{bus_wire.port}" if bus_wire else ""),
        )
        this = World(settings, twitch, obs, folder)
        this.obs_wire, this.bus_wire, this.nats = obs_wire, bus_wire, nats
        stack.push_async_callback(this.bot.stop)
        await this.bot.start()
        this.renew_link()
        for number in range(nodes):
            assert nats is not None
            line = await stack.enter_async_context(wire(lambda port=nats.port: ("127.0.0.1", port)))  # type: ignore[misc]
            this.nodes.append(RestartableNode(number, line, lambda: BEGIN + loop.time(), chance))
            await this.nodes[-1].start()
        for number in range(viewers):
            line = await stack.enter_async_context(wire(lambda: ("127.0.0.1", chance.choice(this.doors))))
            this.viewers.append(Viewer(number, line, chance, lambda line=line: this.link_for(line)))  # type: ignore[misc]
        running: list[asyncio.Task[None]] = []

        def start(work: Coroutine[Any, Any, None]) -> None:
            task = asyncio.create_task(work)
            task.add_done_callback(
                lambda task: (
                    None
                    if task.cancelled()
                    else this.failures.append(task.exception() or RuntimeError("it ended by itself"))
                )
            )
            running.append(task)

        try:
            for _ in range(pages):
                line = await stack.enter_async_context(wire(lambda: ("127.0.0.1", this.bot.port)))
                this.pages.append(Page(line, lambda: this.bot.keys.overlay, lambda _frame: None))
                start(this.pages[-1].run())
            for viewer in this.viewers:
                viewer.start()
            yield this
        finally:
            for viewer in this.viewers:
                await viewer.kill()
            for node in this.nodes:
                await node.kill(this.wires)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
