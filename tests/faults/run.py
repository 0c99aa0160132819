"""The faults, the model of what must be so whatever happens, and the comparison of the two."""

import asyncio
import contextlib
import logging
import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from bot.crowd import Mood
from bot.history import Row
from lera.errors import LeraError
from tests.faults.people import Page, Viewer, a_feeling
from tests.faults.wire import TOXICS
from tests.faults.world import World, world

STORM: Final = 20.0
"""Seconds of faults, after which everything is left alone."""
PATIENCE: Final = 60.0
"""Seconds after which all parts must be connected and right again."""
TWITCH_PATIENCE: Final = 300.0
"""The same of Twitch, which asks for longer waits."""
FAULTS_A_STORM: Final = 11
SLACK: Final = 3.0
"""Seconds that a vote may be on its way, and that another hub's partial counts."""
CODES: Final = (4000, 4003, 4004, 4005, 4006, 4007, 1001, 1011)

Fault = Callable[[], Awaitable[None]]


class Broken(AssertionError):
    """An invariant doesn't hold; in words, with the faults before it."""


class Run:
    """One world, and what is done to it."""

    def __init__(self, seed: int, this: World, say: Callable[[str], None]) -> None:
        self.chance = random.Random(seed)
        self.world, self.say = this, say
        self.counts: Counter[str] = Counter()
        # (seconds, what was done), all of them: enough to do it again by hand.
        self.log: list[tuple[float, str]] = []
        self.moods = self.checks = 0
        self.shown: dict[float, Mood] = {}
        self.recovery: list[float] = []
        self.asked = 0
        self.owed: list[str] = []
        self._last_twitch = 0.0
        self._last_damage = 0.0
        self._expected = 0
        self._full = False
        self._mends: list[asyncio.Task[None]] = []
        self.faults: list[Fault] = [
            self.wire_toxic, self.wire_toxic, self.wire_toxic, self.wire_cut, self.agent_killed, self.agent_killed,
            self.agent_restarted, self.agent_closed, self.agent_joined_twice, self.face_away, self.feeling_changed,
            self.forgotten, self.paused, self.votes_reset, self.link_renewed, self.banned, self.slept, self.hub_expelled,
            self.page_closed, self.page_not_reading, self.page_toxic, self.overlay_key_renewed,
            self.obs_crashed, self.obs_silent, self.obs_toxic,
            self.twitch_cut, self.twitch_closed, self.twitch_silent, self.twitch_handover, self.twitch_refuses,
            self.twitch_token_expired, self.stream_changed,
            self.disk_full, self.file_damaged, self.file_moved_away,
        ]  # fmt: skip

    async def run(self, seconds: float, least: int = 0) -> None:
        """Storms and quiet, for so many seconds of the world's time, and until there were `least` faults."""
        record = self.world.show.sessions.add

        def add(mood: Mood) -> None:
            if mood.viewers and self.world.show.session is not None:
                self.shown[mood.time] = mood
            record(mood)

        self.world.show.sessions.add = add  # type: ignore[method-assign]
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
            watching.cancel()
        await self.compare_history()

    async def storm(self) -> None:
        """Many faults at once."""
        for _ in range(FAULTS_A_STORM):
            fault = self.chance.choice(self.faults)
            name = fault.__name__
            self.note(name)
            await fault()
            self.counts[name] += 1
            await asyncio.sleep(self.chance.choice((0.0, self.chance.uniform(0.0, 2 * STORM / FAULTS_A_STORM))))

    async def quiet(self) -> None:
        """Mend what doesn't mend itself, leave it alone, and compare with the model once all should be well."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*self._mends)
        self._mends.clear()
        for each in self.world.wires:
            each.heal()
        self.world.obs.start()
        self.world.twitch.fail_next  # noqa: B018
        for page in self.world.pages:
            page.reading.set()
        self.set_full(False)
        if self.world.show.paused:
            self.world.show.pause(False)
        if self.chance.random() < 0.5:
            self.renewed_links()
        began = loop.time()
        while (wrong := self.wrong()) and loop.time() - began < PATIENCE:
            await asyncio.sleep(0.5)
        if wrong:
            raise self.broken(f"{PATIENCE:g} s after the last fault: {'; '.join(wrong)}")
        self.recovery.append(loop.time() - began)
        self.checks += 1
        await self.ask()
        # It must stay so: a ghost or a double would show now.
        for _ in range(6):
            await asyncio.sleep(0.5)
            if wrong := self.wrong():
                raise self.broken(f"it was right and is no more: {'; '.join(wrong)}")

    def wrong(self) -> list[str]:
        """What isn't as the model says."""
        this, show = self.world, self.world.show
        counted = [viewer for viewer in this.viewers if viewer.counts and not viewer.refused]
        found = [f"{each.key} is not joined" for each in counted if not each.joined]
        mood = show.crowd.mood(show.now())
        if mood.faces.voters != len(counted):
            found.append(f"{mood.faces.voters} votes of {len(counted)} viewers")
            names = {viewer.key for viewer in counted}
            found += [f"a vote of {viewer.story()}" for viewer in this.viewers
                      if viewer.key in show.crowd and viewer.key not in names]
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
        if show.sessions.fault is not None or show.sessions.waiting > 5:
            found.append(f"history: {show.sessions.fault}, {show.sessions.waiting} waiting")
        if self.time - self._last_twitch > TWITCH_PATIENCE and this.service.state != "connected":
            found.append(f"Twitch: {this.service.line}")
        return found

    # What must be so at every moment.

    async def watch(self) -> None:
        """Look at each mood."""
        while True:
            await asyncio.sleep(0.1)
            if self.world.failures:
                raise self.broken("a part has ended") from self.world.failures[0]
            now = self.world.show.now()
            for viewer in self.world.viewers:
                if viewer.up and viewer.seen:
                    viewer.last = now
            self.check(self.world.show.mood)

    def check(self, mood: Mood) -> None:
        """One vote a viewer, none of who is long gone, shares of a crowd."""
        self.moods += 1
        expiry = self.world.show.crowd.expiry + SLACK
        possible = [viewer for viewer in self.world.viewers if viewer.last >= mood.time - expiry]
        if mood.faces.voters > len(possible):
            raise self.broken(f"{mood.faces.voters} votes, and at most {len(possible)} viewers can have one")
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
            raise self.broken(f"a page is shown {frame['viewers']} viewers of {len(self.world.viewers)}")

    async def compare_history(self) -> None:
        """Every second that was shown since the file was last damaged is in it, and nothing else."""
        history = self.world.history
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
        lost = [time for time in self.shown if time > self._last_damage and time not in kept]
        if lost:
            raise self.broken(f"{len(lost)} seconds are lost, such as {lost[:3]}, of {len(self.shown)}")

    def broken(self, what: str) -> Broken:
        """The finding, with what was done last."""
        before = "\n".join(f"  {time:9.2f}  {name}" for time, name in self.log[-2 * FAULTS_A_STORM :])
        return Broken(f"{what}\nat {self.time:.2f} s, after {self.counts.total()} faults; the last were:\n{before}")

    def note(self, name: str) -> None:
        self.log.append((self.time, name))

    @property
    def time(self) -> float:
        return asyncio.get_running_loop().time()

    def later(self, seconds: float, work: Callable[[], Any]) -> None:
        """Do this after so many seconds; the storm's end waits for it."""

        async def do() -> None:
            await asyncio.sleep(seconds)
            found = work()
            if asyncio.iscoroutine(found):
                await found

        self._mends.append(asyncio.create_task(do()))

    def a_viewer(self, up: bool = True) -> Viewer | None:
        found = [viewer for viewer in self.world.viewers if viewer.up == up and not viewer.banned]
        return self.chance.choice(found) if found else None

    def a_page(self) -> Page:
        return self.chance.choice(self.world.pages)

    async def ask(self) -> None:
        """A question in chat is answered once, while Twitch is well."""
        if self.time - self._last_twitch > TWITCH_PATIENCE:
            self.asked += 1
            self.owed.append(await self.world.twitch.say("ann", f"!mood {self.asked}"))
        answers = Counter(sent.reply_to for sent in self.world.twitch.sent)
        if any(times > 1 for times in answers.values()):
            raise self.broken("a question was answered twice")
        missing = [question for question in self.owed[:-1] if question not in answers]
        if missing:
            raise self.broken(f"{len(missing)} questions were never answered")

    # Viewers.

    async def wire_toxic(self) -> None:
        """One of the eight ways in which a viewer's line goes wrong."""
        viewer, toxic = self.chance.choice(self.world.viewers), self.chance.choice(TOXICS)
        amount = {"latency": 0.8, "bandwidth": 200.0, "slow_close": 3.0, "limit": 400.0}.get(toxic, 0.0)
        self.note(f"    {toxic} for {viewer.key}")
        self.counts[f"  {toxic}"] += 0
        viewer.wire.poison(toxic, amount)
        self.later(self.chance.uniform(1.0, STORM), viewer.wire.heal)

    async def wire_cut(self) -> None:
        for viewer in self.chance.sample(self.world.viewers, len(self.world.viewers) // 2):
            viewer.wire.cut()

    async def agent_killed(self) -> None:
        """kill -9; some come back at once, some later, some next time."""
        viewer = self.a_viewer()
        if viewer is not None:
            await viewer.kill()
            if self.chance.random() < 0.6:
                self.later(self.chance.choice((0.0, 2.0, 10.0)), viewer.start)

    async def agent_restarted(self) -> None:
        viewer = self.a_viewer(up=False)
        if viewer is not None:
            viewer.start()

    async def agent_closed(self) -> None:
        viewer = self.a_viewer()
        if viewer is not None:
            await viewer.close()

    async def agent_joined_twice(self) -> None:
        """The agent is started in another window: it has the vote from now on, and the first one stops."""
        viewer = self.a_viewer()
        if viewer is not None:
            first = viewer._tasks
            viewer.up, viewer._tasks = False, []
            viewer.start()
            self.later(5.0, lambda: [task.cancel() for task in first])

    async def face_away(self) -> None:
        viewer = self.a_viewer()
        if viewer is not None:
            viewer.away()

    async def feeling_changed(self) -> None:
        for viewer in self.world.viewers:
            viewer.feeling = a_feeling(self.chance)

    async def forgotten(self) -> None:
        viewer = self.a_viewer()
        if viewer is not None:
            await viewer.forget()

    # The streamer and moderators.

    async def paused(self) -> None:
        self.world.show.pause(True)
        self.later(self.chance.uniform(0.0, 10.0), lambda: self.world.show.pause(False))

    async def votes_reset(self) -> None:
        self.world.show.reset()

    async def link_renewed(self) -> None:
        """Who came by the old link is out, and comes by the new one once it is told."""
        await self.world.show.renew("join")
        self.later(self.chance.uniform(0.0, 5.0), self.renewed_links)

    async def banned(self) -> None:
        """A viewer is banned, and let in again later."""
        viewer = self.a_viewer()
        if viewer is None:
            return
        show, key = self.world.show, viewer.key
        mark = self.ban_mark(key)
        show.access.ban([mark], show.now())
        viewer.banned = True

        async def lift() -> None:
            for ban in list(show.access.bans):
                if mark in ban.marks:
                    show.access.lift(ban.id, show.now())
            viewer.banned = False
            await viewer.kill()
            viewer.start()

        self.later(self.chance.uniform(1.0, STORM), lift)

    def ban_mark(self, key: str) -> str:
        from transport.tokens import viewer_mark

        return viewer_mark(self.world.show.settings.channel.name, key)

    async def slept(self) -> None:
        """The bot's machine sleeps, and the clock goes on without it."""
        self.world.asleep += self.chance.choice((5.0, 60.0, 3600.0))

    async def hub_expelled(self) -> None:
        """Every agent is told goodbye at once."""
        await self.world.show.hub.close()

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
        await self.world.show.renew("overlay")

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
        self._last_twitch = self.time

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
        self.set_full(True)
        self.later(self.chance.uniform(1.0, STORM), lambda: self.set_full(False))

    def set_full(self, full: bool) -> None:
        """SQLite's own limit, which is met as a full disk is."""
        if full == self._full:
            return
        self._full = full
        pages = "(SELECT 1)" if full else "1073741823"
        with contextlib.suppress(LeraError):
            self.world.history._file.run(
                lambda database: database.execute(f"PRAGMA max_page_count = {1 if full else 1_073_741_823}").fetchone()
            )
        del pages

    async def file_damaged(self) -> None:
        """Random bytes in the file, while it is used."""
        path = self.world.folder / "history.sqlite3"
        if not path.exists() or self.counts["file_damaged"] >= 3:
            return
        self._last_damage = self.world.show.now() + STORM
        with path.open("r+b") as file:
            size = path.stat().st_size
            for _ in range(20):
                file.seek(self.chance.randrange(max(size, 1)))
                file.write(self.chance.randbytes(64))

    async def file_moved_away(self) -> None:
        path = self.world.folder / "history.sqlite3"
        if path.exists() and self.counts["file_moved_away"] < 3:
            self._last_damage = self.world.show.now() + STORM
            path.replace(self.world.folder / f"moved-{self.counts.total()}.sqlite3")


async def fault_run(
    seed: int, seconds: float, folder: Path, least: int = 0, say: Callable[[str], None] = lambda _line: None
) -> Run:
    """Faults for so many seconds of a world's time. Raises Broken, or what else went wrong."""
    logging.getLogger("bot").setLevel(logging.CRITICAL)
    async with world(seed, folder) as this:
        run = Run(seed, this, say)
        await run.run(seconds, least)
        return run
