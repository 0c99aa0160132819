"""Twitch, looked after: connects, reads chat, answers, and comes back by itself. The show never waits for it."""

import asyncio
import logging
from typing import Any, Final

import aiohttp

from bot.inbox import ChatMessage
from bot.show import Show
from bot.twitch.card import State
from bot.twitch.connection import Connection, Timing, backoff, fault_of
from bot.twitch.endings import INBOUND
from bot.twitch.endpoints import Endpoints, endpoints, point_twitchio
from bot.twitch.faults import LoginNeeded, Unreachable
from bot.twitch.identity import Identity
from bot.twitch.intake import Line, asker_of, counts
from bot.twitch.login import Login, begin
from bot.twitch.moments import Moments
from bot.twitch.outbox import AS_MODERATOR, USUAL, Outbox
from bot.twitch.scopes import Role, features_of, scopes_for
from bot.twitch.seen import Seen
from bot.twitch.sender import Sender
from bot.twitch.stream import Stream
from bot.twitch.tokens import Keeper
from lera.errors import LeraError
from lera.redaction import redacted

logger = logging.getLogger(__name__)

_MODERATORS: Final = {"broadcaster", "moderator", "lead_moderator"}


class Twitch:
    """The show's way to Twitch (bot.platform.Platform), and what the dashboard knows of it (bot.twitch.card.Card)."""

    def __init__(self, show: Show, timing: Timing | None = None, places: Endpoints | None = None) -> None:
        """Raises LeraError for a stand-in that is not on this machine."""
        self.state: State = "connecting"
        self.line = "Connecting to Twitch …"
        self.timing = timing or Timing()
        self.stream = Stream(show)
        self.outbox = Outbox()
        self.connection = 0
        self._show = show
        self._settings = show.settings.twitch
        self._places = places or endpoints()
        self._bots = {name.lower() for name in show.settings.chat.bots}
        self.sender = Sender(self.outbox, self, show.now, self.timing.patience)
        self._moments = Moments(self._settings)
        self._lines = Seen()
        self._notifications = Seen()
        self._link: Connection | None = None
        self._connections = 0
        self._identity: Identity | None = None
        self._keeper: Keeper | None = None
        self._login: Login | None = None
        self._logging_in: asyncio.Task[None] | None = None
        self._logged_in = asyncio.Event()
        self._complained = False
        self.note = ""

    async def run(self) -> None:
        """Until cancelled. What goes wrong is told once, in one line."""
        point_twitchio(self._places)
        # Its debug lines hold chat, and its other lines are for programmers; what matters is said here.
        logging.getLogger("twitchio").setLevel(logging.CRITICAL + 1)
        timeout = aiohttp.ClientTimeout(total=self.timing.request)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            self._identity = Identity(http, self._settings.client_id, self._places.identity)
            self._keeper = Keeper(self._identity)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self.sender.run())
                    tasks.create_task(self._look_after(http, self._keeper))
            finally:
                if self._logging_in is not None:
                    self._logging_in.cancel()
                    await asyncio.gather(self._logging_in, return_exceptions=True)
                await self._keeper.close()
                self._show.platform = None

    async def _look_after(self, http: aiohttp.ClientSession, keeper: Keeper) -> None:
        tries = inbound = 0
        loop = asyncio.get_running_loop()
        while True:
            link = self._link = Connection(
                self, http, keeper, self._settings.client_id, self._places, self.timing, self._show.now,
                self._notifications, inbound,
            )  # fmt: skip
            # Whoever has logged in until now is known to the keeper.
            self._logged_in.clear()
            try:
                await keeper.load()
                await link.run()
            except Exception as error:
                fault = fault_of(error)
            finally:
                self.connection = 0
                self._show.platform = None
            if link.up_since is not None and loop.time() - link.up_since >= self.timing.settled:
                tries = inbound = 0
            inbound = inbound + 1 if link.code == INBOUND else 0
            if isinstance(fault, Unreachable):
                self._become("waiting", str(fault))
                await asyncio.sleep(max(fault.after, backoff(tries, self.timing.first_wait, self.timing.longest_wait)))
                tries += 1
            elif not isinstance(fault, Again):
                self._become("login" if isinstance(fault, LoginNeeded) else "stopped", str(fault))
                await self._somebody_logs_in(keeper)

    async def _somebody_logs_in(self, keeper: Keeper) -> None:
        """From the dashboard, or from another terminal."""
        pause = self.timing.look
        while not self._logged_in.is_set():
            try:
                async with asyncio.timeout(pause):
                    await self._logged_in.wait()
            except TimeoutError:
                try:
                    if await keeper.load():
                        break
                except LeraError:
                    # A locked keyring may ask its owner each time.
                    pause = 12 * self.timing.look
        self._logged_in.clear()

    async def login_again(self) -> None:
        """Raises Again when the dashboard's login has brought new tokens."""
        await self._logged_in.wait()
        self._logged_in.clear()
        raise Again("Somebody has logged in.")

    def connected(self) -> None:
        """The connection reads chat from now on."""
        assert self._link is not None
        me, channel = self._link.me, self._link.channel
        self._connections += 1
        self.connection = self._connections
        self.outbox.window.limit = AS_MODERATOR if me.user_id == channel.user_id else USUAL
        if me.user_id != channel.user_id:
            self._show.chat.ignore(me.user_id)
        self._show.platform = self
        self._become("connected", f"Connected to Twitch: LERA reads {channel.login}'s chat and answers as {me.login}.")
        self.sender.wake()

    async def missed(self) -> None:
        """Ask whether the stream has begun or ended unheard."""
        assert self._link is not None
        await self.stream.look(self._link.bot, self._link.channel.user_id, self._show.now())

    def _become(self, state: State, line: str) -> None:
        line = redacted(line)
        # An outage is told once, whatever its next try fails with.
        if line != self.line and not (state == "waiting" and self._complained):
            logger.log(logging.INFO if state == "connected" else logging.WARNING, "%s", line)
        self._complained = state == "waiting"
        self.state, self.line = state, line

    # What the channel says (bot.twitch.intake.Ears).

    async def chat(self, line: Line) -> None:
        """Read a message, and answer it when it is a command."""
        link, now = self._link, self._show.now()
        if link is None or not self._lines.first(line.id, now):
            return
        if line.user_id == link.me.user_id:
            self.outbox.window.limit = AS_MODERATOR if _MODERATORS.intersection(line.badges) else USUAL
            if self.sender.is_own(line.id, line.text, line.reply_to) or link.me.user_id != link.channel.user_id:
                return
            # The streamer types with the account that LERA answers with; Twitch's limit counts both.
            self.outbox.window.count(now)
        if line.login.lower() in self._bots:
            return
        read, answered = counts(line, self._settings.shared_chat)
        if read:
            channel = self._show.settings.channel.name
            self._show.hear(ChatMessage(channel, line.user_id, line.text, now, line.login))
        if answered:
            reply = await self._show.respond(line.words, asker_of(line, link.channel.user_id))
            if reply is not None:
                self.sender.say(reply, line.id)

    def silenced(self, user_id: str) -> None:
        """A moderator has banned a chatter, or given a timeout."""
        self._show.roster.silence(self._show.chat.key(user_id))

    async def online(self, started: float) -> None:
        """The stream begins."""
        if self._link is not None:
            await self.stream.begin(self._link.bot, self._link.channel.user_id, started, self._show.now())

    def offline(self) -> None:
        """The stream ends."""
        self.stream.end(self._show.now())

    def changed(self, title: str, category: str) -> None:
        """The stream is called otherwise."""
        self.stream.changed(title, category)

    # What the show may ask for (bot.platform.Platform), and what the sender needs.

    async def create_clip(self) -> str:
        """Make a clip; gives its address. Raises LeraError."""
        link = self._linked()
        return await self._moments.create_clip(link.helix, link.keeper, self.stream.live, self._show.now())

    async def create_marker(self, description: str) -> None:
        """Mark this moment. Raises LeraError."""
        link = self._linked()
        await self._moments.create_marker(description, link.helix, link.keeper, self.stream.live, self._show.now())

    async def say(self, text: str) -> None:
        """Say something in chat that answers nobody, as soon as Twitch's limit lets it. Raises LeraError."""
        self._linked()
        self.sender.say(text)

    async def post(self, text: str, reply_to: str | None) -> object:
        """Send one chat message; gives Twitch's answer. Raises what Helix does."""
        link = self._linked()
        return await link.helix.post_chat_message(
            link.channel.user_id, link.me.user_id, text, token_for=link.me.user_id, reply_to_message_id=reply_to
        )

    def doubt(self, fault: LeraError) -> None:
        """Sending has met what ends the connection."""
        if self._link is not None:
            self._link.doubt(fault)

    def _linked(self) -> Connection:
        if self._link is None or not self.connection:
            raise Unreachable("Twitch is not connected just now; try again in a moment.")
        return self._link

    # What the dashboard sees and does (bot.twitch.card.Card).

    def login_card(self) -> dict[str, Any] | None:
        """The login that waits for a person."""
        login = self._login
        if login is None:
            return None
        return {
            "account": login.role,
            "code": login.code,
            "link": login.link,
            "picture": login.svg,
            "leave": features_of(login.scopes),
        }

    async def begin_login(self, role: Role) -> None:
        """Start a login in place of one that waits. Raises LeraError."""
        if self._identity is None or self._keeper is None:
            raise LeraError("LERA is just starting; try again in a moment.")
        if self._logging_in is not None:
            self._logging_in.cancel()
        scopes = scopes_for(role, self._settings)
        self.note = ""
        self._login = login = await begin(role, scopes, self._identity, self._places)
        self._logging_in = asyncio.create_task(self._finish_login(login, self._identity, self._keeper))

    async def _finish_login(self, login: Login, identity: Identity, keeper: Keeper) -> None:
        try:
            account = await login.finished(identity, keeper)
            logger.info("%s is logged in to Twitch.", account.login)
            self._logged_in.set()
        except LeraError as error:
            self.note = str(error)
            logger.warning("%s", error)
        finally:
            if self._login is login:
                self._login = None


class Again(LeraError):
    """Nothing is wrong: connect anew."""
