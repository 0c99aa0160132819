"""One stretch of being connected to Twitch: tokens checked, chat subscribed, moves followed, until it ends."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from typing import Any, Final, Protocol

import aiohttp
import twitchio
from msgspec import Struct
from twitchio import eventsub
from twitchio.eventsub import SubscriptionType
from twitchio.ext import commands

from bot.twitch.endings import ending, refused_subscription, revocation
from bot.twitch.endpoints import Endpoints
from bot.twitch.faults import Unreachable
from bot.twitch.helix import Helix, Refused
from bot.twitch.intake import Ears, Intake
from bot.twitch.scopes import Role
from bot.twitch.seen import Seen
from bot.twitch.session import Session
from bot.twitch.tokens import Account, Keeper
from lera.errors import LeraError
from lera.together import run_together

logger = logging.getLogger(__name__)

TO_SUBSCRIBE: Final = 9.0
"""Seconds: Twitch closes a connection that has no subscription after ten."""


class Timing(Struct, frozen=True):
    """Seconds, all of them. Tests that pack a night into a minute have others."""

    first_wait: float = 1.0
    longest_wait: float = 60.0
    settled: float = 10.0
    """A connection that lasted so long was a good one: the next wait is short again."""
    validate: float = 3600.0
    look: float = 5.0
    """Between two looks whether somebody has logged in from another terminal."""
    request: float = 10.0
    patience: float = 3.0
    """For our own message in chat, when Twitch's answer to it was lost."""
    linger: float = 2.0
    """The old connection is read on for so long after a move."""
    slack: float = 5.0
    """A keepalive may be so late."""


class Owner(Ears, Protocol):
    """Whose connection it is."""

    def connected(self) -> None:
        """Chat is read from now on."""

    async def missed(self) -> None:
        """Ask for what events before this connection have told."""

    async def login_again(self) -> None:
        """Raises when the connection is to be made anew, with other tokens."""


class Connection:
    """`run` it once. `me` is the account that chats, `channel` the broadcaster's; known once it is connected."""

    def __init__(
        self,
        owner: Owner,
        http: aiohttp.ClientSession,
        keeper: Keeper,
        client_id: str,
        places: Endpoints,
        timing: Timing,
        now: Callable[[], float],
        seen: Seen,
        inbound: int = 0,
    ) -> None:
        """`seen` are the notifications that earlier connections have delivered; `inbound`: so many in a
        row, right before this one, were ended with the code that blames LERA."""
        self.keeper = keeper
        self.helix = Helix(http, client_id, keeper, pause=min(1.0, timing.first_wait))
        self.me = self.channel = Account(client_id, "", "")
        self.up_since: float | None = None
        self.code: int | None = None
        self._owner = owner
        self._places = places
        self._timing = timing
        self._now = now
        self._seen = seen
        self._inbound = inbound
        self._bot = _Bot(client_id, http)
        self._bot._http = self.helix
        self._sessions: list[Session] = []
        self._retiring: list[asyncio.Task[None]] = []
        self._fault: asyncio.Future[LeraError] = asyncio.get_running_loop().create_future()

    @property
    def bot(self) -> commands.Bot:
        """twitchio's side of it."""
        return self._bot

    async def run(self) -> None:
        """Stay connected for as long as it goes. Always raises in the end."""
        try:
            await self.keeper.check()
            self.me, self.channel = self.keeper.chatter, self.keeper.broadcaster
            self._bot._bot_id = self.me.user_id
            await self._bot.add_component(Intake(self._owner))
            session = await self._opened()
            self.up_since = asyncio.get_running_loop().time()
            self._owner.connected()
            # Of two that fail at once the first counts: what a person must mend goes before what passes.
            await run_together(
                self._validate(), self._owner.login_again(), self._attend(session), self._owner.missed()
            )  # fmt: skip
        finally:
            for retiring in self._retiring:
                retiring.cancel()
            await asyncio.gather(*self._retiring, return_exceptions=True)
            await asyncio.gather(*(self._close(session) for session in list(self._sessions)))
            await self._bot.close(save_tokens=False)

    def doubt(self, fault: LeraError) -> None:
        """End with this fault, which somebody else has met."""
        if not self._fault.done():
            self._fault.set_result(fault)

    async def _attend(self, session: Session) -> None:
        while True:
            events: set[asyncio.Future[Any]] = {session.ended, session.moving, session.revoked, self._fault}
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
            if self._fault.done():
                raise self._fault.result()
            if session.revoked.done():
                raise revocation(session.revoked.result(), self._role)
            if not session.moving.done():
                self.code = session.ended.result()
                raise ending(self.code, self._inbound + 1)
            fresh = await self._moved(session)
            self._retiring.append(asyncio.create_task(self._retire(session)))
            session = fresh

    async def _moved(self, old: Session) -> Session:
        """The session that goes on where Twitch has moved it to. The old one is read all the while."""
        address = old.moving.result()
        if self._places.owns(address, "wss"):
            session = self._session()
            try:
                await session.open(address, self._timing.request)
                return session
            except Unreachable:
                await self._close(session)
        tries = 0
        while True:
            try:
                return await self._opened()
            except Unreachable:
                if old.ended.done():
                    raise
                tries += 1
                wait = backoff(tries, self._timing.first_wait, self._timing.longest_wait)
                await asyncio.wait({old.ended}, timeout=wait)

    async def _opened(self) -> Session:
        """A new session with its subscriptions."""
        session = self._session()
        try:
            await session.open(seconds=self._timing.request)
            await self._subscribe(session)
        except BaseException:
            await self._close(session)
            raise
        return session

    def _session(self) -> Session:
        session = Session(self._bot, self.helix, self.me.user_id, self._seen, self._now)
        session.slack = self._timing.slack
        self._sessions.append(session)
        return session

    async def _subscribe(self, session: Session) -> None:
        me, channel = self.me.user_id, self.channel.user_id
        chat = eventsub.ChatMessageSubscription(broadcaster_user_id=channel, user_id=me)
        try:
            async with asyncio.timeout(TO_SUBSCRIBE):
                await self._ask_for(chat, session)
        except Refused as refused:
            raise refused_subscription(refused.status, refused.said, self._role) from None
        except TimeoutError:
            raise Unreachable("Twitch takes too long to subscribe LERA to chat; LERA tries again by itself.") from None
        for payload in (
            eventsub.StreamOnlineSubscription(broadcaster_user_id=channel),
            eventsub.StreamOfflineSubscription(broadcaster_user_id=channel),
            eventsub.ChannelUpdateSubscription(broadcaster_user_id=channel),
            eventsub.ChatClearUserMessagesSubscription(broadcaster_user_id=channel, user_id=me),
        ):
            try:
                await self._ask_for(payload, session)
            except Refused as refused:
                if refused.status >= 500:
                    raise refused_subscription(refused.status, refused.said, self._role) from None
                # Chat goes on without; the hourly look still finds out whether the stream is on.
                logger.warning("Twitch doesn't tell LERA of %s (%s).", payload.type, refused.status)

    async def _ask_for(self, payload: Any, session: Session) -> None:
        try:
            await self.helix.create_eventsub_subscription(
                type=SubscriptionType(payload.type),
                version=payload.version,
                condition=payload.condition,
                transport={"method": "websocket", "session_id": session.session_id or ""},
                token_for=self.me.user_id,
            )
        except Refused as refused:
            if refused.status != 409:  # It is there already: the answer to the first request was lost.
                raise

    async def _validate(self) -> None:
        """Twitch wants every token validated each hour. What events should have told is asked for as well."""
        wait = self._timing.validate
        while True:
            await asyncio.sleep(wait)
            wait = self._timing.validate
            try:
                await self.keeper.check()
                await self._owner.missed()
            except Unreachable:
                wait = min(60.0, self._timing.validate)

    async def _retire(self, session: Session) -> None:
        await asyncio.wait({session.ended}, timeout=self._timing.linger)
        await self._close(session)

    async def _close(self, session: Session) -> None:
        if session in self._sessions:
            self._sessions.remove(session)
        # Twitch may never say goodbye.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                await session.close()

    @property
    def _role(self) -> Role:
        return "broadcaster" if self.me.user_id == self.channel.user_id else "bot"


class _Bot(commands.Bot):
    """twitchio's bot without what LERA does itself: no commands of its own, no tokens, no words of chat in logs."""

    def __init__(self, client_id: str, http: aiohttp.ClientSession) -> None:
        super().__init__(client_id=client_id, bot_id="", prefix="\0", session=http, fetch_client_user=False)

    async def event_message(self, payload: twitchio.ChatMessage) -> None:
        """Left to the intake."""

    async def event_error(self, payload: twitchio.EventErrorPayload) -> None:
        """Tell the kind of an error and no more: it may quote chat."""
        error = payload.error
        said = str(error) if isinstance(error, LeraError) else type(error).__name__
        logger.error("An event of Twitch's could not be handled: %s", said)


def backoff(tries: int, first: float, longest: float) -> float:
    """Seconds before try number `tries`: exponential with full jitter, so that many don't come back at once."""
    return random.uniform(0.0, min(longest, first * 2.0 ** min(tries, 30)))


def fault_of(error: Exception) -> LeraError:
    """What a person, or the next try, must mend of an error."""
    if isinstance(error, LeraError):
        return error
    # Ours or twitchio's: the show goes on, and so does Twitch. It may quote chat, so that only its kind is told.
    return Unreachable(f"Twitch's part of LERA failed ({type(error).__name__}); it starts again by itself.")
