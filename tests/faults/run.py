"""The faults, the model of what must be so whatever happens, and the comparison of the two."""

import asyncio
import logging
import math
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bot.crowd import Mood
from bot.history import Row
from bot.show import Show
from tests.faults.bot import RestartableBot
from tests.faults.hubs import RestartableNode
from tests.faults.kinds import STORM, Faults
from tests.faults.world import World, world
from transport.gathering import Gathering
from transport.roll import Roll
from transport.votes import Votes

PATIENCE: Final = 60.0
"""Seconds after which all parts must be connected and right again."""
TWITCH_PATIENCE: Final = 300.0
"""The same of Twitch, which asks for longer waits."""
MENDING: Final = Gathering.LEASE + 0.5
"""Seconds within which it shows what mending has cut: a hub's votes count for a lease after its last report."""
CHANGING: Final = Roll.SETTLE + 1.3
"""Seconds for which the vote of who has joined another hub may be at neither; until it goes, it is at the first."""
FAULTS_A_STORM: Final = 11
SLACK: Final = 3.0
"""Seconds that a vote may be on its way, and that another hub's partial counts."""


class Broken(AssertionError):
    """An invariant doesn't hold; in words, with the faults before it."""


class Run(Faults):
    """One world, what is done to it, and what must be so meanwhile and afterwards."""

    def __init__(self, seed: int, this: World, say: Callable[[str], None]) -> None:
        super().__init__(seed, this)
        self.say = say
        self.moods = 0
        # How many votes counted at each time that all was right.
        self.voters: list[int] = []
        # Whose votes were at nodes, of the last two seconds.
        self._before: deque[list[list[str]]] = deque(maxlen=22)
        # Of the world's time, that it took in all.
        self.seconds = 0.0
        self.shown: dict[float, Mood] = {}
        # When by the world's time, for a finding: the show's clock jumps.
        self.shown_at: dict[float, float] = {}
        # How many damaged files were set aside; what was still written to one went with it.
        self._aside = 0
        # Seconds after each storm until all was right.
        self.recovery: list[float] = []
        self.asked = 0
        self.owed: list[str] = []

    async def run(self, seconds: float, least: int = 0) -> None:
        """Storms and quiet, for so many seconds of the world's time, and until there were `least` faults."""
        self.note_shown(self.world.show)
        self.world.bot.begins = self.note_shown
        for page in self.world.pages:
            page.check = self.check_frame
        loop = asyncio.get_running_loop()
        began, told = loop.time(), 0
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self.watch())
            await self.quiet()
            while loop.time() - began < seconds or self.counts.total() < least:
                await self.storm()
                await self.quiet()
                minute = int((loop.time() - began) / 60)
                if minute >= told + 5:
                    told = minute
                    self.say(f"{minute} min, {self.counts.total()} faults, {self.moods} moods")
            await self.twitch_well()
            watching.cancel()
        await self.compare_history()
        self.seconds = loop.time() - began

    def note_shown(self, show: Show) -> None:
        """Note each second that the history should have."""
        record = show.sessions.add

        def add(mood: Mood) -> None:
            if mood.viewers and show.session is not None:
                self.shown[mood.time], self.shown_at[mood.time] = mood, self.time
            record(mood)

        show.sessions.add = add  # type: ignore[method-assign]

    async def storm(self) -> None:
        """Many faults at once."""
        for _ in range(FAULTS_A_STORM):
            await self.one()
            await asyncio.sleep(self.chance.choice((0.0, self.chance.uniform(0.0, 2 * STORM / FAULTS_A_STORM))))

    async def quiet(self) -> None:
        """Mend what doesn't mend itself, leave it alone, and compare with the model once all should be well."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*self.mends)
        self.mends.clear()
        for each in self.world.wires:
            each.heal()
        self.world.obs.start()
        if self.world.nats is not None:
            self.world.nats.loss = 0.0
            await self.world.nats.start()
        for node in self.world.nodes:
            if self.chance.random() < 0.7:
                await node.start()
        for page in self.world.pages:
            page.reading.set()
        for viewer in self.world.viewers:
            # Half of those who have gone come back, or there would soon be no crowd.
            if not viewer.up and self.chance.random() < 0.5:
                viewer.start()
        self.set_full(False)
        if self.world.show.paused:
            self.world.show.pause(False)
        if self.chance.random() < 0.5:
            self.renewed_links()
        began = again = loop.time()
        while (wrong := self.wrong()) or loop.time() - began < MENDING:
            if wrong:
                again = loop.time() + 0.5
                if again - began > PATIENCE:
                    raise self.broken(f"{PATIENCE:g} s after the last fault: {'; '.join(wrong)}")
            await asyncio.sleep(0.5)
        self.look_for_damage()
        self.recovery.append(again - began)
        self.voters.append(self.world.show.crowd.mood(self.world.show.now()).faces.voters)
        await self.ask()
        # It must stay so: a ghost or a double would show now.
        for _ in range(6):
            await asyncio.sleep(0.5)
            if wrong := self.wrong():
                raise self.broken(f"it was right and is no more: {'; '.join(wrong)}; {self.whose_votes()}")

    def look_for_damage(self) -> None:
        """Note the time when another damaged file has been set aside: it may be found only when a bot starts."""
        found = len(list(self.world.folder.glob("*.broken*")))
        if found > self._aside:
            self._aside = found
            self.last_damage = max(self.last_damage, self.world.now())

    def wrong(self) -> list[str]:
        """What isn't as the model says."""
        this, show = self.world, self.world.show
        counted = [viewer for viewer in this.viewers if viewer.counts and not viewer.refused]
        found = [f"{each.key} is not joined" for each in counted if not each.joined]
        found += [f"{each.key} has just joined" for each in counted if self.time - each.changed < CHANGING]
        names = {viewer.key for viewer in counted}
        votes = [show.crowd.votes, *self.node_votes()]
        # Also where it doesn't count now: its hub may be heard again before it expires.
        found += [
            f"a vote of {viewer.story()}" for viewer in this.viewers
            if viewer.key not in names and any(viewer.key in each for each in votes)
        ]  # fmt: skip
        mood = show.crowd.mood(show.now())
        if mood.faces.voters != len(counted):
            found.append(f"{mood.faces.voters} votes of {len(counted)} viewers")
            found += [
                f"no vote, or {n}, of {viewer.story()}" for viewer in counted
                if (n := sum(viewer.key in each for each in votes)) != 1
            ]  # fmt: skip
        elif counted and mood.shares is not None:
            for place, share in enumerate(mood.shares):
                mean = math.fsum(viewer.feeling[place] for viewer in counted) / len(counted)
                if abs(share - mean) > 1e-3:
                    found.append(f"share {place} is {share:.6f}, not {mean:.6f}")
                    break
        for number, page in enumerate(this.pages):
            if not page.open:
                found.append(f"page {number} is not connected")
            elif page.frame.get("viewers") != len(counted):
                found.append(f"page {number} shows {page.frame.get('viewers')} viewers of {len(counted)}")
        if not show.studio.connected:
            found.append(f"OBS: {show.studio.state}")
        nodes = [node for node in this.nodes if node.running]
        for node in nodes:
            if node.node is None or not node.node.bus.connected:
                found.append(f"{node.name} is not on NATS")
        if show.nodes is not None and not show.nodes.bus.connected:
            found.append(f"the bot is not on NATS ({show.nodes.bus.fault})")
        elif show.nodes is not None:
            # Who has no viewers has nothing to report.
            telling = sum(node.node is not None and node.node.viewers > 0 for node in nodes)
            if show.nodes.count < telling:
                found.append(f"{show.nodes.count} nodes report, of {telling}")
        if show.sessions.fault is not None or show.sessions.waiting > 5:
            found.append(f"history: {show.sessions.fault}, {show.sessions.waiting} waiting")
        if self.time - self.last_twitch > TWITCH_PATIENCE and this.bot.service.state != "connected":
            found.append(f"Twitch: {this.bot.service.line}")
        return found

    def whose_votes(self) -> str:
        """Who has a vote where, and which hubs' reports count."""
        show = self.world.show
        found = [f"at the bot {sorted(show.crowd.votes._viewers)}"]
        found += [f"at a node {sorted(votes._viewers)}" for votes in self.node_votes()]
        found.append(f"at nodes two seconds ago {self._before[0] if self._before else []}")
        found += [f"{viewer.story()}, last up at {viewer.last:.2f} s" for viewer in self.world.viewers]
        partials = {node: partial.voters for node, (_, _, partial) in show.crowd._partials.items()}
        found.append(f"by the nodes' reports {partials}")
        return "; ".join(found)

    def node_votes(self) -> list[Votes]:
        """The votes at each node that runs."""
        channel = self.world.show.settings.channel.name
        nodes = [each.node for each in self.world.nodes if each.node is not None]
        return [node.channels[channel].votes for node in nodes if channel in node.channels]

    # What must be so at every moment.

    async def watch(self) -> None:
        """Look at each mood."""
        while True:
            await asyncio.sleep(0.1)
            restartable: list[RestartableBot | RestartableNode] = [self.world.bot, *self.world.nodes]
            failures = [*self.world.failures, *(each.failure for each in restartable if each.failure is not None)]
            if failures:
                how = "".join(traceback.format_exception(failures[0]))
                raise self.broken(f"a part has ended: {how}") from failures[0]
            for viewer in self.world.viewers:
                if viewer.votes:
                    # By no clock that jumps: a node's may stand where the bot's has slept.
                    viewer.last = self.time
            self._before.append([sorted(votes._viewers) for votes in self.node_votes()])
            self.check(self.world.show.mood)

    def check(self, mood: Mood) -> None:
        """One vote a viewer, none of who is long gone, shares of a crowd."""
        self.moods += 1
        expiry = self.world.show.crowd.expiry + SLACK
        possible = [viewer for viewer in self.world.viewers if viewer.last >= self.time - expiry]
        if mood.faces.voters > len(possible):
            raise self.broken(
                f"{mood.faces.voters} votes, and at most {len(possible)} viewers can have one:"
                f" {sorted(viewer.key for viewer in possible)}; {self.whose_votes()}"
            )
        if mood.shares is None:
            if mood.viewers:
                raise self.broken(f"{mood.viewers} votes, and no shares")
            return
        if not all(0.0 <= share <= 1.0 for share in mood.shares) or abs(math.fsum(mood.shares) - 1.0) > 1e-9:
            raise self.broken(f"shares {mood.shares} sum to {math.fsum(mood.shares)}")

    def check_frame(self, frame: dict[str, Any]) -> None:
        """The same, as a page sees it."""
        shares = frame["shares"]
        if shares is not None and abs(sum(shares.values()) - 1.0) > 7e-4:
            raise self.broken(f"a page is shown shares that sum to {sum(shares.values())}")
        if frame["viewers"] > len(self.world.viewers):
            shown = f"a page is shown {frame['viewers']} viewers of {len(self.world.viewers)}"
            raise self.broken(f"{shown}; {self.whose_votes()}")

    async def compare_history(self) -> None:
        """Every second that was shown since the file was last damaged is in it, and nothing else."""
        self.look_for_damage()
        history = self.world.bot.history
        sessions = await asyncio.to_thread(history.sessions)
        rows: list[Row] = []
        for session in sessions:
            found = await asyncio.to_thread(history.rows, session.id)
            times = [row.time for row in found]
            if times != sorted(set(times)):
                raise self.broken(f"session {session.id} is out of order")
            if session.ended is not None and (session.ended < session.started or (times and session.ended < times[-1])):
                raise self.broken(f"session {session.id} ended before its last second")
            rows += found
        for row in rows:
            mood = self.shown.get(row.time)
            if mood is None or (row.viewers, row.shares) != (mood.viewers, mood.shares):
                raise self.broken(f"the history says {row}, and {mood} was shown")
        kept = {row.time for row in rows}
        lost = [
            time for time in self.shown
            if time > self.last_damage and time not in kept
            and not any(begin <= time <= end for begin, end in self.world.bot.lost)
        ]  # fmt: skip
        if lost:
            first = self.shown_at[lost[0]]
            near = [f"{time:.2f} {name}" for time, name in self.log if first - 2 * STORM < time < first + STORM]
            raise self.broken(
                f"{len(lost)} seconds are lost of {len(self.shown)}, such as {lost[:3]}, shown at {first:.2f} s; there"
                f" was {'; '.join(near)}; the bot ended at {self.world.bot.lost}"
            )

    def broken(self, what: str) -> Broken:
        """The finding, with what was done last."""
        before = "\n".join(f"  {time:9.2f}  {name}" for time, name in self.log[-2 * FAULTS_A_STORM :])
        return Broken(f"{what}\nat {self.time:.2f} s, after {self.counts.total()} faults; the last were:\n{before}")

    async def twitch_well(self) -> None:
        """Twitch asks for longer waits than a storm's pause has; in the end it is there, and a question is answered."""
        end = self.time + 900.0
        while self.world.bot.service.state != "connected" and self.time < end:  # noqa: ASYNC110
            await asyncio.sleep(1.0)
        await asyncio.sleep(5.0)
        self.asked += 1
        question = await self.world.twitch.say("ann", f"!mood {self.asked}")
        await asyncio.sleep(30.0)
        if question not in {sent.reply_to for sent in self.world.twitch.sent}:
            raise self.broken(f"a question in chat was not answered: {self.world.bot.service.line}")

    async def ask(self) -> None:
        """A question in chat is answered once, while Twitch is well."""
        if self.time - self.last_twitch > TWITCH_PATIENCE:
            self.asked += 1
            self.owed.append(await self.world.twitch.say("ann", f"!mood {self.asked}"))
        answers = Counter(sent.reply_to for sent in self.world.twitch.sent)
        if any(times > 1 for times in answers.values()):
            raise self.broken("a question was answered twice")
        missing = [question for question in self.owed[:-1] if question not in answers]
        if missing:
            raise self.broken(f"{len(missing)} questions were never answered")


async def fault_run(
    seed: int,
    seconds: float,
    folder: Path,
    least: int = 0,
    nodes: int = 2,
    say: Callable[[str], None] = lambda _line: None,
) -> Run:
    """Faults for so many seconds of a world's time. Raises Broken, or what else went wrong."""
    with _quiet_logs():
        async with world(seed, folder, nodes=nodes) as this:
            run = Run(seed, this, say)
            await run.run(seconds, least)
            return run


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Without the thousands of lines on faults; whatever runs afterwards is heard again."""
    loggers = [logging.getLogger(name) for name in ("bot", "hub", "transport", "lera", "nats", "asyncio")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
