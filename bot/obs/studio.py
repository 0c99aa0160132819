"""OBS beside the show: connected for as long as it is there, and moved by the crowd's mood where rules say so.

    mood → reactions (pure) → orders → actions, replay → OBS

Everything that is done, or would be, is a line in `why`. When OBS is away, slow or wrong, the show doesn't notice.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bot.crowd import Mood
from bot.obs.actions import Actions, Outcome, unknown_names
from bot.obs.reactions import SCENE, Fire, Keep, Note, Order, Reactions, Restore, Set
from bot.obs.replay import Replay
from bot.obs.rules import Rule
from bot.obs.settings import Position
from bot.obs.setup import Done, renew_key, set_up_here
from lera.errors import LeraError
from lera.obs.connection import (
    Connection,
    Data,
    ObsAway,
    ObsError,
    ObsRefused,
    ObsSaysNo,
    Password,
    connect,
    kept_password,
)  # fmt: skip
from lera.obs.settings import Mode, ObsSettings
from lera.together import run_together

logger = logging.getLogger(__name__)

TICK: Final = 0.2
"""Seconds between two looks at the mood."""
HEARTBEAT: Final = 2.0
"""Seconds between two questions to a silent OBS: a machine that sleeps closes no connection."""
LONGEST_WAIT: Final = 3.0
"""Seconds between two tries at most: what the crowd moved is back within five seconds of OBS's return."""
FINISH: Final = 1.0
"""Seconds between two tries to put back what OBS was not ready for."""
LINES: Final = 50

_ODD: Final = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What comes of words that are not as OBS's are."""

_NOT_BACK: Final[dict[Outcome, str]] = {
    "theirs": "but somebody has changed it meanwhile: it stays",
    "waits": "once OBS is ready and has that scene collection",
}


class Studio:
    """OBS, as the rest of the bot knows it."""

    def __init__(
        self,
        settings: ObsSettings,
        rules: tuple[Rule, ...],
        mood: Callable[[], Mood],
        now: Callable[[], float],
        bot: str = "127.0.0.1:8765",
        password: Callable[[], Password] = kept_password,
    ) -> None:
        """`mood` gives the crowd's newest; `now` is the show's clock; `bot` is where this machine finds the bot."""
        self.settings = settings
        self.rules = rules
        self.mode: Mode = settings.reactions
        self.state = "connecting" if settings.enabled else "off"
        # (time, line), newest last.
        self.why: deque[tuple[float, str]] = deque(maxlen=LINES)
        self._mood = mood
        self._now = now
        self._bot = bot
        # What lets the overlay in that is put into OBS; "" where the bot asks for none.
        self.overlay_key: Callable[[], str] = lambda: ""
        self._password = password
        self._reactions = Reactions(rules)
        self._actions = Actions()
        self._obs: Connection | None = None
        self._replay: Replay | None = None
        self._again = asyncio.Event()
        self._told = ""
        self._secret: Password | None = None
        # Held while orders are worked out and done, so that a stop comes after all of them.
        self._acting = asyncio.Lock()
        self._faults: set[str] = set()
        self._saving: set[asyncio.Task[None]] = set()

    # What dashboard, commands and moments ask for.

    @property
    def active(self) -> list[str]:
        """The reactions that hold now."""
        return self._reactions.active

    @property
    def connected(self) -> bool:
        """Whether OBS is there and can be asked."""
        return self._obs is not None and self._obs.is_open

    async def switch(self, mode: Mode) -> None:
        """Reactions on, only told, or off: off puts back what they changed, but the scene stays."""
        if mode == self.mode:
            return
        before, self.mode = self.mode, mode
        self._say(f"reactions are {mode}")
        if before == "on":
            await self._put_back()
        else:
            self._reactions.stop()

    def reconnect(self) -> None:
        """Try now: the password may be right by now, or OBS just started."""
        self._secret = None
        self._again.set()

    async def save_replay(self, name: str) -> Path:
        """Save the replay buffer now; the file of this save, named after the moment. Raises LeraError."""
        if self._replay is None or not self.connected:
            raise ObsError(f"No replay was saved, since OBS is not connected ({self.state}).")
        return await self._replay.save(name)

    async def set_up(self, scene: str = "", position: Position | None = None) -> Done:
        """Put the overlay into a scene of OBS. Raises LeraError with the mend."""
        if self._obs is None or not self.connected:
            raise ObsError(f"The overlay can't be set up, since OBS is not connected ({self.state}).")
        return await set_up_here(self._obs, self.settings, self._bot, scene, position, self.overlay_key())

    async def renew_key(self) -> bool:
        """Tell the overlay that is in OBS its new key. False when it has to be put there by hand."""
        if self._obs is None or not self.connected:
            return False
        with contextlib.suppress(LeraError, *_ODD):
            return await renew_key(self._obs, self.settings.source, self.overlay_key())
        return False

    # The life of it.

    async def run(self) -> None:
        """Until cancelled. Without OBS in the settings it does nothing but what a dry run asks for."""
        async with asyncio.TaskGroup() as tasks:
            if self.rules:
                tasks.create_task(self._react())
            if self.settings.enabled:
                tasks.create_task(self._keep_connected())

    async def _keep_connected(self) -> None:
        tries = 0
        while True:
            self._again.clear()
            begun = time.monotonic()
            try:
                if self._secret is None:
                    # The keyring may ask another program, and that one its user.
                    self._secret = await asyncio.to_thread(self._password)
                await self._live(await connect(self.settings, self._secret))
            except ObsRefused as error:
                self._be(str(error), logger.error)
                await self._again.wait()
                continue
            except LeraError as error:
                self._be(str(error), logger.warning)
            except _ODD as error:
                self._be(f"OBS said something that LERA can't read ({type(error).__name__}).", logger.error)
            # One that goes as soon as it has come is no reason to hurry.
            tries = 0 if time.monotonic() - begun > LONGEST_WAIT else min(tries + 1, 8)
            await self._pause(random.uniform(0.0, min(LONGEST_WAIT, 0.25 * 2**tries)))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._again.wait()

    async def _live(self, obs: Connection) -> None:
        """One stay of OBS. Raises ObsAway at its end."""
        replay = Replay(obs)
        self._be(f"connected to OBS {obs.version}", logger.info)
        self._reactions.resume()
        self._faults.clear()
        self._obs, self._replay = obs, replay
        try:
            await run_together(self._hear(obs, replay), self._watch(obs), self._greet(obs, replay))
        finally:
            if obs.is_open:
                await self._put_back()
            self._obs = self._replay = None
            await obs.close()

    async def _greet(self, obs: Connection, replay: Replay) -> None:
        """What is to be done first: finish what OBS went away from, and say what is wrong with it."""
        async with self._acting:
            await self._finish(obs)
        with contextlib.suppress(ObsSaysNo):
            for line in await unknown_names(obs, self.rules):
                self._complain(line)
        if self.settings.start_replay_buffer:
            try:
                await replay.start()
            except ObsAway:
                raise
            except ObsError as error:
                self._complain(str(error))

    async def _finish(self, obs: Connection) -> None:
        """Put back what no reaction holds any more, and what OBS went away from or was not ready for."""
        # In a dry run nothing is held, only told.
        held = self.mode == "on"
        for target in self._actions.changed:
            # Whoever stops the reactions keeps the scene that is on.
            if self._reactions.shows(target) is None if held else target != SCENE:
                await self._actions.restore(obs, Restore(target, ""))

    async def _hear(self, obs: Connection, replay: Replay) -> None:
        while True:
            event, data = await obs.events.get()
            replay.hear(event, data)
            if event == "CurrentProgramSceneChanged":
                await self._hear_scene(obs, data)

    async def _hear_scene(self, obs: Connection, data: Data) -> None:
        # What the event tells may be over by now, as when a reaction came right behind the streamer's own hand.
        async with self._acting:
            with contextlib.suppress(ObsSaysNo):
                scene = str((await obs.request("GetCurrentProgramScene"))["currentProgramSceneName"])
                if scene == data.get("sceneName") and self.mode == "on":
                    await self._do(obs, self._reactions.saw_scene(scene, self._now()))

    async def _watch(self, obs: Connection) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT):
                    await obs.gone()
                    raise ObsAway("OBS has gone.")
            with contextlib.suppress(ObsSaysNo):
                await obs.request("GetVersion")

    # Reactions.

    async def _react(self) -> None:
        tried = time.monotonic()
        while True:
            await asyncio.sleep(TICK)
            if self.mode == "dry-run":
                for order in self._reactions.step(self._mood(), self._now()):
                    if order.why:
                        self._say(f"would: {order.why}")
            elif self.mode == "on" and self._obs is not None and self._obs.is_open:
                async with self._acting:
                    await self._do(self._obs, self._reactions.step(self._mood(), self._now()))
            if self.connected and self._actions.changed and time.monotonic() - tried >= FINISH:
                await self._try_to_finish()
                tried = time.monotonic()

    async def _try_to_finish(self) -> None:
        async with self._acting:
            # OBS may have gone by now; what can't be done is tried again.
            with contextlib.suppress(LeraError, *_ODD):
                if self._obs is not None:
                    await self._finish(self._obs)

    async def _do(self, obs: Connection, orders: list[Order]) -> None:
        for order in orders:
            # Stopped meanwhile: what is not done yet is not begun.
            if self.mode != "on":
                return
            try:
                await self._do_one(obs, order)
            except ObsAway:
                # What was to be put back is, once OBS returns.
                return
            except (ObsError, *_ODD) as error:
                fault = str(error) if isinstance(error, ObsError) else f"OBS's answer is odd ({type(error).__name__})."
                self._complain(fault)
                if isinstance(order, Set):
                    self._reactions.failed(order, self._now())

    async def _do_one(self, obs: Connection, order: Order) -> None:
        match order:
            case Set():
                await self._actions.set(obs, order)
            case Restore():
                outcome = await self._actions.restore(obs, order)
                if outcome != "back":
                    self._say(f"{order.why}, {_NOT_BACK[outcome]}")
                    return
            case Keep():
                self._actions.keep(order)
            case Fire(rule, _, why) if rule.do == "replay":
                # It takes seconds, in which nothing else may wait.
                task = asyncio.create_task(self._save(rule.name, why))
                self._saving.add(task)
                task.add_done_callback(self._saving.discard)
                return
            case Fire():
                await self._actions.fire(obs, order)
            case Note():
                pass
        if order.why:
            self._say(order.why)

    async def _save(self, name: str, why: str) -> None:
        mood = self._mood()
        top = f" {mood.top} {max(mood.shares):.0%}" if mood.shares else ""
        try:
            path = await self.save_replay(name + top)
        except LeraError as error:
            self._say(f"{why}: {error}")
        else:
            self._say(f"{why}: {path.name}")

    async def _put_back(self) -> None:
        """Stop, and undo what can be undone in a moment; after OBS's return, the rest."""
        async with self._acting:
            for order in self._reactions.stop():
                with contextlib.suppress(TimeoutError, LeraError, *_ODD):
                    if isinstance(order, Keep):
                        self._actions.keep(order)
                    elif isinstance(order, Restore) and self._obs is not None:
                        async with asyncio.timeout(self.settings.timeout):
                            await self._actions.restore(self._obs, order)
            # Also one that OBS was not ready to switch back: from here on the scene is the streamer's alone.
            self._actions.keep(Keep(SCENE, ""))

    def _be(self, state: str, log: Callable[[str], None]) -> None:
        """Note what has become of OBS; said once, as long as it stays so."""
        self.state = state
        if state != self._told:
            self._told = state
            log(state)

    def _complain(self, fault: str) -> None:
        """Said once in each stay of OBS: a rule that can't be done would say it over and over."""
        if fault not in self._faults:
            self._faults.add(fault)
            self._say(fault)

    def _say(self, line: str) -> None:
        self.why.append((self._now(), line))
        logger.info("OBS: %s", line)
