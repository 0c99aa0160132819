"""The show: readings in, the crowd's mood out to everyone. The whole flow of the bot can be read here."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bot.access import Access
from bot.announcements import announce
from bot.announcer import Announcer
from bot.archive import Archive
from bot.board import Board
from bot.chat import Chat, Reader
from bot.commands import Asker, ClipWanted, Commands, Felt
from bot.counting import crowd_for
from bot.crowd import Mood
from bot.feed import Feed, mood_frame
from bot.history import History
from bot.inbox import ChatMessage
from bot.keys import Keys, Secret
from bot.lag import Lag
from bot.obs.studio import Studio
from bot.peaks import Peaks
from bot.platform import Platform
from bot.roster import Roster
from bot.sessions import Sessions
from bot.settings import Settings
from bot.streamer_side import StreamerSide
from bot.twitch.card import Absent, Card
from bot.virtual_camera.supervisor import VirtualCamera
from lera.errors import LeraError
from transport.desk import Desk
from transport.hub import Hub
from transport.identities import subject_of
from transport.partial import Partial
from transport.reading import Probabilities, Reading, one_hot
from transport.sheet_host import SheetHost
from transport.stage_host import StageHost
from transport.tokens import Door

if TYPE_CHECKING:
    from bot.nodes import Nodes

logger = logging.getLogger(__name__)


class Show:
    """One running stream.

    agents → hub or Sheet → desk → `take` ─┐
    messages → `hear` → chat ──────────────┴→ crowd → mood → feed (overlay, dashboard), commands (chat), history,
    studio (OBS). The streamer's agent → stage host → streamer's side, which compares itself with the mood.
    """

    MOODS_PER_SECOND: Final = 10

    def __init__(
        self,
        settings: Settings,
        keys: Keys | str,
        history: History | None,
        now: Callable[[], float],
        text_reader: Callable[[], Reader] | None = None,
        access: Access | None = None,
    ) -> None:
        """`now` is a steady clock in seconds since 1970. Without a history nothing is kept.

        A bare seed of join links for `keys` makes the others, which live as long as the show; so do links and bans
        without an `access` that was kept.

        `text_reader` loads what reads chat, in place of LERA's own.
        """
        self.settings = settings
        self.keys = keys if isinstance(keys, Keys) else Keys(keys)
        self.now = now
        self.begun = now()
        minimum = settings.crowd.minimum_viewers
        name = settings.channel.name
        self.access = access or Access(name, self.keys, settings.hub.link_days, self.begun)
        self.roster = Roster(settings.tiles, minimum, now, self.access)
        identities = self.roster.identities
        chat = settings.chat
        self.crowd = self.roster.follow(crowd_for(settings, identities.viewers))
        self.may_tell, self.noise = self.roster.may_tell, self.crowd.noise
        self.mood = self.crowd.mood(self.begun)
        self.peaks = Peaks()
        self.board = Board()
        self.feed = Feed()
        link_command, door = f"{chat.prefix}mood link", Door(self.access.terms())
        shown = self.roster.appearances if settings.tiles.on else None
        self.desk = Desk(settings.hub, name, door, self, minimum, identities, link_command, shown, self.access)
        self.roster.welcome(self.desk)
        self.hub = Hub(self.desk, now)
        # Set by bot.nodes where other hubs share the crowd.
        self.nodes: Nodes | None = None
        self.roster.tell = lambda viewer, frame: (self.nodes or self.hub).tell(viewer, frame)
        self.streamer_side = StreamerSide(settings.streamer.show)
        self.stage_host = StageHost(name, self.streamer_side, now)
        self.chat = Chat(chat, name, self, now, text_reader, self.keys.person)
        self.commands = Commands(self, chat.prefix, chat.user_cooldown, chat.channel_cooldown, settings.commands)
        self.announcer = Announcer(settings.commands.announce_minutes)
        self.studio = Studio(settings.obs, settings.reaction, lambda: self.mood, now, settings.web.here)
        self.studio.overlay_key = lambda: self.keys.overlay
        self.history = history
        self.sessions = Sessions(history, name, now)
        # Twitch, once it is connected; the show goes on without.
        self.platform: Platform | None = None
        self._clipping = False
        # What viewers' links start with; known once the ports are open.
        self.public_url = settings.web.public_url.rstrip("/")
        # What pages see of Twitch.
        self.twitch: Card = Absent(settings.twitch)
        # Set where the virtual camera is enabled.
        self.virtual_camera: VirtualCamera | None = None
        # Set by bot.sheet where a Google Sheet is used.
        self.sheet: SheetHost | None = None
        self.sheet_link = self.sheet_fault = ""
        self.archive: Archive | None = None
        self.lag = Lag()
        self._changed = False
        self._publish()

    # What the hub feeds (transport.desk.Audience).

    def take(self, reading: Reading, now: float = 0.0) -> None:
        """Count a checked reading: now, at the time that the hub gave it, or at a later `now` where it had to wait."""
        if self.board.paused or (self.nodes is not None and self.nodes.holds(reading)):
            return
        # An earlier time than one that was told before would be a clock that was set back, and make all votes older.
        if self.crowd.take(reading, now or reading.time):
            self._changed = True
            self.lag.taken(reading.captured)

    def receive(self, node: str, sequence: int, partial: Partial, now: float) -> None:
        """Count another hub's votes in place of its last."""
        self._changed |= self.crowd.receive(node, sequence, partial, now)

    def leave(self, viewer: str) -> None:
        """Withdraw a vote."""
        self._changed |= self.crowd.leave(viewer)
        if self.nodes is not None:
            self.nodes.leave(viewer)
        self.roster.drop(viewer)

    def forget(self, viewer: str) -> None:
        """Erase a viewer. The crowd's vote is all that is kept of one; the history holds no persons."""
        self._changed |= self.crowd.forget(viewer)
        if self.nodes is not None:
            self.nodes.leave(viewer)
        self.roster.drop(viewer)

    # What chat feeds (bot.chat.Count).

    def take_chat(self, reading: Reading) -> None:
        """Count a chatter's vote, made of messages that are a little older than now."""
        # Others who write the same renew the votes of all who did, also of one who has been banned since.
        if not self.paused and not self.access.is_banned(subject_of(reading.viewer)):
            self._changed |= self.crowd.take(reading, self.now())

    def hear(self, message: ChatMessage) -> bool:
        """Read one chat message for its mood; False when it won't be read. Answering it is `respond`'s."""
        key = self.chat.key(message.chatter)
        heard = self.roster.heard(key, message.name) and not self.paused and self.chat.hear(message)
        if heard:
            self.announcer.heard()
        return heard

    async def respond(self, text: str, asker: Asker) -> str | None:
        """The reply to one chat message; None when it is no command, or not the time or the asker's to give it."""
        self.announcer.heard()
        if asker.id and self.access.is_banned(subject_of(self.chat.key(asker.id))):
            return None
        if asker.viewer is None and asker.id:
            viewer = self.roster.identities.viewer_of(self.chat.key(asker.id))
            asker = Asker(asker.name, asker.role, viewer, asker.id)
        edition = self.access.edition
        answer = self.commands.answer(text, asker, self.now())
        # What is said to be done, such as a ban, is on the disk by then. Other lines of chat wait for no disk.
        if self.access.edition != edition:
            await self.access.settled()
        return await self._clip(asker) if isinstance(answer, ClipWanted) else answer

    # What a platform tells of the stream.

    def stream_online(self, title: str, category: str, started: float | None) -> None:
        """The stream is live, since `started` (seconds since 1970) where that is known. May be told again and again."""
        if self.sessions.online(title, category, started):
            self.peaks = Peaks()
            self.streamer_side.begin()

    def stream_changed(self, title: str, category: str) -> None:
        """The stream has another title or category."""
        self.sessions.changed(title, category)

    def stream_offline(self) -> None:
        """The stream has ended; may be told when none was live."""
        self.sessions.offline()

    # What commands and pages look at.

    @property
    def session(self) -> int:
        """The history's number of the session that runs; 0 for none."""
        return self.sessions.id

    @property
    def history_fault(self) -> str | None:
        """Why the history can't be kept, in one line."""
        return self.sessions.fault

    @property
    def started(self) -> float:
        """When the stream began, in seconds by the show's clock; without a platform, when the show did."""
        return self.sessions.started

    @property
    def connected(self) -> int:
        """How many viewers are connected, here and at other hubs."""
        return len(self.desk.guests) + (self.nodes.viewers if self.nodes is not None else 0)

    @property
    def paused(self) -> bool:
        """Whether the mood rests: nothing is counted, shown or kept."""
        return self.board.paused

    def reading_of(self, viewer: str) -> Probabilities | None:
        """A viewer's own counted reading."""
        return self.crowd.reading_of(viewer, self.now())

    # What commands do.

    def feel(self, asker: Asker, emotion: str) -> Felt:
        """Count a vote without a camera; a linked face counts in its place."""
        if not asker.id or not self.chat.feel(asker.id, one_hot(emotion)):
            return "off"
        viewer = self.roster.identities.viewer_of(self.chat.key(asker.id))
        counts = viewer is not None and self.mood.faces.part > 0 and self.reading_of(viewer) is not None
        return "face" if counts else "counted"

    def link(self, asker: Asker, code: str) -> bool:
        """Tie the agent that shows this code to who asks, and tell it. False when no agent does."""
        linked = bool(asker.id) and self.roster.link(self.chat.key(asker.id), asker.name, code)
        self._changed |= linked
        return linked

    def forget_chatter(self, asker: Asker) -> None:
        """Erase the vote, the messages and the link of who asks. A linked agent is told, and nobody's from then on."""
        if asker.id:
            self.chat.forget(asker.id)
            self.roster.unlink(self.chat.key(asker.id))
            self._changed = True

    def pause(self, paused: bool) -> None:
        """Let the mood rest: readings and chat are dropped at the door, until it is woken."""
        self.board.paused = paused
        self.chat.pause(paused)
        self.streamer_side.pause(paused)
        self.announcer.rest()
        self._changed = True

    def reset(self) -> None:
        """Forget all votes and peaks."""
        self.crowd.clear()
        if self.nodes is not None:
            self.nodes.clear()
        self.chat.clear()
        self.streamer_side.clear()
        self.peaks = Peaks()
        self.announcer.rest()
        self._changed = True

    def hide_tiles(self, hidden: bool) -> None:
        """Show no tiles at all, or those of all who want it again."""
        self.roster.tiles.hide(hidden)
        self._publish()

    async def renew(self, name: Secret) -> None:
        """Make a key or the join token anew: with the old one nobody comes in any more. Raises LeraError."""
        # The keyring may take its time, and may ask its owner.
        await asyncio.to_thread(self.keys.renew, name)
        if name == "join":
            self.access.renew(self.now())
        if name == "overlay":
            await self.studio.renew_key()

    def show_overlay(self, shown: bool) -> None:
        """Show or hide the overlay."""
        self.board.overlay_shown = shown
        self._changed = True

    def show_line(self, text: str, seconds: float) -> bool:
        """Show a line on the overlay. False, and nothing happens, while that is hidden."""
        if self.board.overlay_shown:
            self.board.show_line(text, seconds, self.now())
            self._changed = True
        return self.board.overlay_shown

    async def _clip(self, asker: Asker) -> str:
        if self.platform is None or self._clipping:
            return self.commands.no_clip(asker, busy=self._clipping)
        self._clipping = True
        try:
            return self.commands.clipped(asker, await self.platform.create_clip())
        except LeraError as error:
            return self.commands.no_clip(asker, str(error))
        finally:
            self._clipping = False

    def delivered(self, version: int) -> None:
        """A page's socket has taken the frame of this version: note how old the readings in it are."""
        if version == self.feed.version:
            self.lag.delivered(time.time())

    # The beats of the show.

    async def run(self) -> None:
        """Run until cancelled, then end the session."""
        self.sessions.begin()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._tell())
                tasks.create_task(self._remember())
                tasks.create_task(self._compare())
                tasks.create_task(self.sessions.run())
                tasks.create_task(self.hub.watch())
                tasks.create_task(self.chat.run())
                if self.nodes is not None:
                    tasks.create_task(self.nodes.run())
                if self.settings.commands.announce:
                    tasks.create_task(announce(self))
                if self.sheet is not None:
                    tasks.create_task(self.sheet.run())
                tasks.create_task(self.studio.run())
        finally:
            await self.stage_host.end()
            await self.hub.close()
            self.sessions.close()

    async def _tell(self) -> None:
        unchanged = 0
        while True:
            # Between changes, look once a second: votes expire and trends move without a reading.
            if self._changed or self.streamer_side.changed or unchanged >= self.MOODS_PER_SECOND - 1:
                self._changed = self.streamer_side.changed = False
                unchanged = 0
                self._publish()
            else:
                unchanged += 1
            await asyncio.sleep(1 / self.MOODS_PER_SECOND)

    def _publish(self) -> None:
        now = self.now()
        # A crowd that was paced down speaks less often, and must not flicker for it.
        self.crowd.expiry = max(self.settings.crowd.expiry, 3 * self.desk.renewal)
        self.mood = self._mood(now)
        self.roster.look(self.mood, self.paused)
        told, private = self.streamer_side.frames(now)
        board = self.board.frame(now) | {"privacy": self.noise.frame()}
        frame = mood_frame(self.mood, self.settings.channel.name, self.connected, self.session, board, told)
        self.lag.published(self.feed.publish(frame, now, private))

    async def _remember(self) -> None:
        while True:
            # On the second, so that the time that keeping takes doesn't add up.
            await asyncio.sleep(1.0 - self.now() % 1.0)
            if self.sessions.running and not self.paused:
                mood = self._mood(self.now())
                self.peaks.add(mood)
                if self.archive is not None:
                    self.archive.add(mood)
                self.sessions.add(mood)
                self.sessions.add_stage(*self.streamer_side.kept(self.now()))

    async def _compare(self) -> None:
        while True:
            # In the middle of each second, where a clock's small steps lose none and count none twice.
            await asyncio.sleep(1.0 - (self.now() - 0.5) % 1.0)
            now = self.now()
            try:
                self.streamer_side.look(now, self._mood(now))
            except Exception:  # Comparing is an extra: a fault in it must never end the show.
                logger.exception("The streamer's side could not be compared; it begins anew.")
                self.streamer_side.clear()

    def _mood(self, now: float) -> Mood:
        return self.crowd.rest(now) if self.paused else self.crowd.mood(now)
