"""The show: readings in, the crowd's mood out to everyone. The whole flow of the bot can be read here."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from bot.chat import Chat, Reader
from bot.commands import Asker, Commands
from bot.crowd import ChatVotes, Crowd, Mood
from bot.feed import Feed, mood_frame
from bot.history import History
from bot.inbox import ChatMessage
from bot.obs.studio import Studio
from bot.peaks import Peaks
from bot.settings import Settings
from lera.errors import LeraError
from transport.desk import Desk
from transport.hub import Hub
from transport.reading import Probabilities, Reading

logger = logging.getLogger(__name__)


class Show:
    """One running stream.

    agents → hub → desk → `take` ─┐
    messages → `hear` → chat ─────┴→ crowd → mood → feed (overlay, dashboard), commands (chat), history, studio (OBS).
    """

    MOODS_PER_SECOND: Final = 10

    def __init__(
        self,
        settings: Settings,
        token: str,
        history: History | None,
        now: Callable[[], float],
        text_reader: Callable[[], Reader] | None = None,
    ) -> None:
        """`now` is a steady clock in seconds since 1970; `token` opens the hub. Without a history nothing is kept.

        `text_reader` loads what reads chat, in place of LERA's own.
        """
        self.settings = settings
        self.now = now
        self.started = now()
        chat = settings.chat
        votes = ChatVotes(chat.weight, chat.half_life, chat.expiry)
        self.crowd = Crowd(settings.crowd.minimum_viewers, settings.crowd.expiry, votes)
        self.mood = self.crowd.mood(self.started)
        self.peaks = Peaks()
        self.feed = Feed()
        self.desk = Desk(settings.hub, settings.channel.name, token, self, settings.crowd.minimum_viewers)
        self.hub = Hub(self.desk, now)
        self.chat = Chat(chat, settings.channel.name, self, now, text_reader)
        self.commands = Commands(self, chat.prefix, chat.user_cooldown, chat.channel_cooldown)
        self.studio = Studio(settings.obs, settings.reaction, lambda: self.mood, now, settings.web.port)
        self.history = history
        self.session = 0
        # What viewers' links start with; known once the ports are open.
        self.public_url = settings.web.public_url.rstrip("/")
        self.history_fault: str | None = None
        # Seconds from a frame's capture to the overlay's socket, of agents on this very machine.
        self.lags: deque[float] = deque(maxlen=10_000)
        self._captured: list[float] = []
        self._changed = False
        self._publish()

    # What the hub feeds (transport.desk.Audience).

    def take(self, reading: Reading) -> None:
        """Count a checked reading, at the time that the hub gave it by the show's own clock."""
        if self.crowd.take(reading, reading.time):
            self._changed = True
            if reading.captured:
                self._captured.append(reading.captured)

    def leave(self, viewer: str) -> None:
        """Withdraw a vote."""
        self._changed |= self.crowd.leave(viewer)

    def forget(self, viewer: str) -> None:
        """Erase a viewer. The crowd's vote is all that is kept of one; the history holds no persons."""
        self.leave(viewer)

    # What chat feeds (bot.chat.Count).

    def take_chat(self, reading: Reading) -> None:
        """Count a chatter's vote, made of messages that are a little older than now."""
        self._changed |= self.crowd.take(reading, self.now())

    def hear(self, message: ChatMessage) -> bool:
        """Read one chat message for its mood; False when it won't be read. Answering it is `answer`'s."""
        return self.chat.hear(message)

    # What commands and pages look at.

    def reading_of(self, viewer: str) -> Probabilities | None:
        """A viewer's own counted reading."""
        return self.crowd.reading_of(viewer, self.now())

    def answer(self, text: str, asker: Asker) -> str | None:
        """The reply to one chat message, or None."""
        return self.commands.answer(text, asker, self.now())

    def delivered(self, version: int) -> None:
        """A page's socket has taken the frame of this version: note how old the readings in it are."""
        if version == self.feed.version and self._captured:
            wall = time.time()
            self.lags.extend(wall - captured for captured in self._captured)
            self._captured.clear()

    # The beats of the show.

    async def run(self) -> None:
        """Run until cancelled, then end the session."""
        if self.history is not None:
            self._try_to_keep(self._begin)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._tell())
                tasks.create_task(self._remember())
                tasks.create_task(self.hub.watch())
                tasks.create_task(self.chat.run())
                tasks.create_task(self.studio.run())
        finally:
            await self.hub.close()
            if self.history is not None and self.session:
                self._try_to_keep(lambda history: history.end(self.session, self.now()))

    async def _tell(self) -> None:
        unchanged = 0
        while True:
            # Between changes, look once a second: votes expire and trends move without a reading.
            if self._changed or unchanged >= self.MOODS_PER_SECOND - 1:
                self._changed, unchanged = False, 0
                self._publish()
            else:
                unchanged += 1
            await asyncio.sleep(1 / self.MOODS_PER_SECOND)

    def _publish(self) -> None:
        now = self.now()
        # A crowd that was paced down speaks less often, and must not flicker for it.
        self.crowd.expiry = max(self.settings.crowd.expiry, 3 * self.desk.heartbeat)
        self.mood = self.crowd.mood(now)
        frame = mood_frame(self.mood, self.settings.channel.name, len(self.desk.guests), self.session)
        if not self.feed.publish(frame, now) or len(self._captured) > 10_000:
            # What changes nothing on screen is already delivered; with no page open, nothing ever is.
            self._captured.clear()

    async def _remember(self) -> None:
        while True:
            # On the second, so that the time that keeping takes doesn't add up.
            await asyncio.sleep(1.0 - self.now() % 1.0)
            mood = self.crowd.mood(self.now())
            self.peaks.add(mood)
            # Seconds without a viewer are not kept: a gap in the chart says it better than zeros.
            if self.history is not None and self.session and mood.viewers:
                await asyncio.to_thread(self._try_to_keep, partial(self._add_row, mood))

    def _begin(self, history: History) -> None:
        self.session = history.begin(self.settings.channel.name, self.started)

    def _add_row(self, mood: Mood, history: History) -> None:
        history.add(self.session, mood)

    def _try_to_keep(self, keep: Callable[[History], None]) -> None:
        assert self.history is not None
        try:
            keep(self.history)
        except LeraError as error:
            # Said once: a full disk stays full for a while, and the show goes on.
            if self.history_fault is None:
                logger.error("%s The show goes on without it.", error)
            self.history_fault = str(error)
        else:
            self.history_fault = None
