"""What goes wrong, kind by kind, and what the model notes of it."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

from bot.history_file import MOST_SET_ASIDE
from lera.errors import LeraError
from tests.faults.bot import RestartableBot
from tests.faults.hubs import RestartableNode
from tests.faults.people import Page, Viewer, a_feeling
from tests.faults.wire import TOXICS, Wire
from tests.faults.world import World
from transport.tokens import viewer_mark

STORM: Final = 20.0
"""Seconds of faults, after which everything is left alone."""
CODES: Final = (4000, 4003, 4004, 4005, 4006, 4007, 1001, 1011)
_AMOUNTS: Final = {"latency": 0.8, "bandwidth": 200.0, "slow_close": 3.0, "limit": 400.0}
_MOST_MOVED: Final = 10

Fault = Callable[[], Awaitable[None]]


class Impossible(Exception):
    """There is nobody to whom this could happen now."""


class Faults:
    """All that can be done to a world. Each either mends itself after a while, or the next quiet mends it."""

    def __init__(self, seed: int, this: World) -> None:
        self.chance = random.Random(seed)
        self.world = this
        self.counts: Counter[str] = Counter()
        self.toxics: Counter[str] = Counter()
        # (seconds, what was done), all of them: enough to do it again by hand.
        self.log: list[tuple[float, str]] = []
        # When Twitch was last disturbed, and the last second that a damaged or moved file may have taken along.
        self.last_twitch = self.last_damage = 0.0
        self.mends: list[asyncio.Task[None]] = []
        self._full = False
        self.faults: list[Fault] = [
            self.wire_toxic, self.wire_toxic, self.wire_toxic, self.wire_cut, self.agent_killed, self.agent_killed,
            self.agent_restarted, self.agent_closed, self.agent_joined_twice, self.face_away, self.feeling_changed,
            self.forgotten, self.paused, self.votes_reset, self.link_renewed, self.banned, self.slept,
            self.hub_expelled, self.bot_killed, self.bot_stopped,
            self.page_closed, self.page_not_reading, self.page_toxic, self.overlay_key_renewed,
            self.obs_crashed, self.obs_silent, self.obs_toxic,
            self.twitch_cut, self.twitch_closed, self.twitch_silent, self.twitch_handover, self.twitch_refuses,
            self.twitch_token_expired, self.stream_changed,
            *([
                self.nats_killed, self.nats_cut, self.nats_lossy, self.nats_wire, self.nats_wire, self.node_killed,
                self.node_killed, self.node_stopped, self.node_wire, self.node_wire, self.node_slept,
            ] if this.nodes else []),
            self.disk_full, self.file_damaged, self.file_moved_away,
        ]  # fmt: skip

    async def one(self) -> None:
        """Do one that is possible now."""
        while True:
            fault = self.chance.choice(self.faults)
            self.note(fault.__name__)
            try:
                await fault()
            except Impossible:
                self.log.pop()
                continue
            self.counts[fault.__name__] += 1
            return

    def note(self, what: str) -> None:
        """Add a line to the log."""
        self.log.append((self.time, what))

    @property
    def time(self) -> float:
        """The world's, in seconds."""
        return asyncio.get_running_loop().time()

    def later(self, seconds: float, work: Callable[[], Any]) -> None:
        """Do this after so many seconds, and while the bot is there; the storm's end waits for it."""

        async def do() -> None:
            await asyncio.sleep(seconds)
            await self.world.bot.there.wait()
            found = work()
            if asyncio.iscoroutine(found):
                await found

        self.mends.append(asyncio.create_task(do()))

    def a_viewer(self, up: bool = True) -> Viewer:
        found = [viewer for viewer in self.world.viewers if viewer.up == up and not viewer.banned]
        if not found:
            raise Impossible
        return self.chance.choice(found)

    def the_bot(self) -> RestartableBot:
        if not self.world.bot.there.is_set():
            raise Impossible
        return self.world.bot

    def a_page(self) -> Page:
        return self.chance.choice(self.world.pages)

    # Viewers.

    async def wire_toxic(self) -> None:
        """One of the eight ways in which a viewer's line goes wrong."""
        self.poison(self.chance.choice(self.world.viewers).wire)

    def poison(self, wire: Wire, longest: float = STORM) -> None:
        """Make a wire ill for a while."""
        toxic = self.chance.choice(TOXICS)
        self.toxics[toxic] += 1
        self.note(f"  {toxic}")
        wire.poison(toxic, _AMOUNTS.get(toxic, 0.0))
        self.later(self.chance.uniform(1.0, longest), wire.heal)

    async def wire_cut(self) -> None:
        for viewer in self.chance.sample(self.world.viewers, len(self.world.viewers) // 2):
            viewer.wire.cut()

    async def agent_killed(self) -> None:
        """kill -9; some come back at once, some later, some next time."""
        viewer = self.a_viewer()
        await viewer.kill()
        if self.chance.random() < 0.6:
            self.later(self.chance.choice((0.0, 2.0, 10.0)), viewer.start)

    async def agent_restarted(self) -> None:
        viewer = self.a_viewer(up=False)
        viewer.start()

    async def agent_closed(self) -> None:
        viewer = self.a_viewer()
        await viewer.close()

    async def agent_joined_twice(self) -> None:
        """The agent is started in another window: it has the vote from now on, and the first one stops."""
        viewer = self.a_viewer()
        self.later(5.0, viewer.start_again())

    async def face_away(self) -> None:
        viewer = self.a_viewer()
        viewer.away()

    async def feeling_changed(self) -> None:
        for viewer in self.world.viewers:
            viewer.feeling = a_feeling(self.chance)

    async def forgotten(self) -> None:
        viewer = self.a_viewer()
        await viewer.forget()

    # The streamer and moderators.

    async def paused(self) -> None:
        self.the_bot().show.pause(True)
        self.later(self.chance.uniform(0.0, 10.0), lambda: self.world.show.pause(False))

    async def votes_reset(self) -> None:
        self.the_bot().show.reset()

    async def link_renewed(self) -> None:
        """Who came by the old link is out, and comes by the new one once it is told."""
        await self.the_bot().show.renew("join")
        self.later(self.chance.uniform(0.0, 5.0), self.renewed_links)

    async def banned(self) -> None:
        """A viewer is banned, and let in again later."""
        viewer, show = self.a_viewer(), self.the_bot().show
        mark = viewer_mark(show.settings.channel.name, viewer.key)
        show.access.ban([mark], show.now())
        viewer.banned = True
        # As whoever bans is told that it is done.
        await show.access.settled()

        async def lift() -> None:
            access, now = self.world.show.access, self.world.now()
            for ban in list(access.bans):
                if mark in ban.marks:
                    access.lift(ban.id, now)
            await access.settled()
            viewer.banned = False
            await viewer.kill()
            viewer.start()

        self.later(self.chance.uniform(1.0, STORM), lift)

    async def slept(self) -> None:
        """The bot's machine sleeps, and the clock goes on without it."""
        self.world.asleep += self.chance.choice((5.0, 60.0, 3600.0))

    async def hub_expelled(self) -> None:
        """Every agent is told goodbye at once."""
        await self.the_bot().show.hub.close()

    async def bot_killed(self) -> None:
        """kill -9; it is started again before the next quiet."""
        world = self.world
        await self.the_bot().kill(world.wires, [line for line in (world.obs_wire, world.bus_wire) if line is not None])
        world.twitch.drop()
        self._start_bot_later()

    async def bot_stopped(self) -> None:
        """Ctrl-C; it is started again before the next quiet."""
        await self.the_bot().stop()
        self._start_bot_later()

    def _start_bot_later(self) -> None:
        self.twitch_fault()
        # Its limit goes with the connection to the file.
        self._full = False

        async def start() -> None:
            await asyncio.sleep(self.chance.choice((0.0, 1.0, 5.0, STORM / 2)))
            await self.world.bot.start()

        self.mends.append(asyncio.create_task(start()))

    def renewed_links(self) -> None:
        self.world.renew_link()
        for viewer in self.world.viewers:
            if viewer.refused and not viewer.banned:
                viewer.up, viewer._tasks = False, [task for task in viewer._tasks if task.cancel() and False]
                viewer.start()

    # Pages.

    async def page_closed(self) -> None:
        await self.a_page().reload()

    async def page_not_reading(self) -> None:
        page = self.a_page()
        page.reading.clear()
        self.later(self.chance.uniform(1.0, 4.0), page.reading.set)

    async def page_toxic(self) -> None:
        page = self.a_page()
        page.wire.poison(self.chance.choice(("latency", "down", "timeout", "reset", "slicer")), 0.5)
        self.later(self.chance.uniform(1.0, STORM), page.wire.heal)

    async def overlay_key_renewed(self) -> None:
        await self.the_bot().show.renew("overlay")

    # OBS.

    async def obs_crashed(self) -> None:
        self.world.obs.crash()
        self.later(self.chance.uniform(0.0, 10.0), self.world.obs.start)

    async def obs_silent(self) -> None:
        self.world.obs.silent = True
        self.later(self.chance.uniform(1.0, 6.0), self.world.obs.start)

    async def obs_toxic(self) -> None:
        wire = self.world.obs_wire
        assert wire is not None
        wire.poison(self.chance.choice(("down", "reset", "timeout")))
        self.later(self.chance.uniform(1.0, 8.0), wire.heal)

    # Twitch.

    def twitch_fault(self) -> None:
        self.last_twitch = self.time

    async def twitch_cut(self) -> None:
        self.twitch_fault()
        self.world.twitch.drop()

    async def twitch_closed(self) -> None:
        self.twitch_fault()
        await self.world.twitch.close(self.chance.choice(CODES))

    async def twitch_silent(self) -> None:
        self.twitch_fault()
        self.world.twitch.silence()

    async def twitch_handover(self) -> None:
        self.twitch_fault()
        await self.world.twitch.reconnect()

    async def twitch_refuses(self) -> None:
        self.twitch_fault()
        self.world.twitch.fail_next(self.chance.choice(("/ws", "eventsub/subscriptions")), 503, 2)
        self.world.twitch.drop()

    async def twitch_token_expired(self) -> None:
        self.twitch_fault()
        self.world.twitch.expire_tokens()

    async def stream_changed(self) -> None:
        twitch = self.world.twitch
        if twitch.streamer.stream is None:
            await twitch.go_live(f"Night {self.counts.total()}", "Little Nightmares")
        elif self.chance.random() < 0.5:
            await twitch.change(f"Night {self.counts.total()}")
        else:
            await twitch.go_offline()

    # The disk.

    async def disk_full(self) -> None:
        self.the_bot()
        self.set_full(True)
        self.later(self.chance.uniform(1.0, STORM), lambda: self.set_full(False))

    def set_full(self, full: bool) -> None:
        """SQLite's own limit, which is met as a full disk is."""
        if full == self._full:
            return
        self._full = full
        with contextlib.suppress(LeraError):
            self.world.bot.history._file.run(
                lambda database: database.execute(f"PRAGMA max_page_count = {1 if full else 1_073_741_823}").fetchone()
            )

    async def file_damaged(self) -> None:
        """Random bytes in the file, while it is used."""
        path = self.world.folder / "history.sqlite3"
        if not path.exists() or self.counts["file_damaged"] >= MOST_SET_ASIDE - 1:
            # Of more the history gives up, as it should.
            raise Impossible
        self.last_damage = self.world.now() + STORM
        with path.open("r+b") as file:
            size = path.stat().st_size
            for _ in range(20):
                file.seek(self.chance.randrange(max(size, 1)))
                file.write(self.chance.randbytes(64))

    async def file_moved_away(self) -> None:
        path = self.world.folder / "history.sqlite3"
        if not path.exists() or self.counts["file_moved_away"] >= _MOST_MOVED:
            raise Impossible
        self.last_damage = self.world.now() + STORM
        path.replace(self.world.folder / f"moved-{self.counts.total()}.sqlite3")

    # NATS and nodes.

    async def nats_killed(self) -> None:
        """kill -9; it comes back at the same place, and knows nobody."""
        nats = self.world.nats
        assert nats is not None
        await nats.kill()
        self.later(self.chance.uniform(0.0, STORM), nats.start)

    async def nats_cut(self) -> None:
        assert self.world.nats is not None
        self.world.nats.cut()

    async def nats_lossy(self) -> None:
        """Core NATS promises no message its way."""
        nats = self.world.nats
        assert nats is not None
        nats.loss = 0.3

        def whole() -> None:
            nats.loss = 0.0

        self.later(self.chance.uniform(1.0, 10.0), whole)

    async def nats_wire(self) -> None:
        """The bot's line to NATS."""
        assert self.world.bus_wire is not None
        self.poison(self.world.bus_wire)

    async def node_wire(self) -> None:
        self.poison(self.chance.choice(self.world.nodes).wire)

    async def node_killed(self) -> None:
        """kill -9; perhaps it is started again."""
        node = self.a_node()
        await node.kill(self.world.wires)
        if self.chance.random() < 0.7:
            self.later(self.chance.uniform(0.0, STORM), node.start)

    async def node_stopped(self) -> None:
        node = self.a_node()
        await node.stop()
        self.later(self.chance.uniform(0.0, STORM), node.start)

    async def node_slept(self) -> None:
        """A node's machine sleeps, and its clock goes on."""
        self.a_node().asleep += self.chance.choice((5.0, 60.0, 3600.0))

    def a_node(self) -> RestartableNode:
        found = [node for node in self.world.nodes if node.running]
        if not found:
            raise Impossible
        return self.chance.choice(found)
