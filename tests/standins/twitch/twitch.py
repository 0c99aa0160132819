"""The stand-in as a whole, and what a test may do to it."""

import asyncio
import contextlib
import random
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Literal

from aiohttp import web

from tests.standins.twitch import events, pages
from tests.standins.twitch.chat import Chat, Sent
from tests.standins.twitch.clock import Clock
from tests.standins.twitch.faults import DROP, Fault, Faults
from tests.standins.twitch.helix import Helix
from tests.standins.twitch.identity import Identity
from tests.standins.twitch.moments import Moments
from tests.standins.twitch.people import People, Stream, User
from tests.standins.twitch.refusal import Refusal
from tests.standins.twitch.sockets import Session, Sockets
from tests.standins.twitch.subscriptions import Subscription, Subscriptions

CLIENT_ID = "lera0public0client0of0tests000"
"""A public client: it has no secret."""
CONFIDENTIAL_ID, CONFIDENTIAL_SECRET = "lera0confidential0client0tests", "a0secret0of0tests0and0nothing0"
STREAMER, BOT = "streamer", "lera_bot"


class Twitch:
    """A local Twitch: the channel of `streamer`, the account of `lera_bot`, and whoever speaks up."""

    def __init__(self, speed: float = 1.0, device_interval: int = 5) -> None:
        self.clock = Clock(speed)
        self.people = People()
        self.streamer = self.people.named(STREAMER)
        self.bot = self.people.named(BOT)
        clients = {CLIENT_ID: None, CONFIDENTIAL_ID: CONFIDENTIAL_SECRET}
        self.identity = Identity(self.clock, self.people, clients, device_interval)
        self.subscriptions = Subscriptions(self.clock, self.people, self.identity)
        self.sockets = Sockets(self.clock, self.subscriptions, self._stir)
        self.chat = Chat(self.clock, self.people, self.identity)
        self.moments = Moments(self.clock, self.people)
        self.helix = Helix(
            self.clock,
            self.people,
            self.identity,
            self.subscriptions,
            self.sockets,
            self.chat,
            self.moments,
            self._tell,
        )
        self.faults = Faults()
        self.requests: list[tuple[str, str, int]] = []
        """Method, path without query, and status of every request that was answered; status 0 where we cut it off."""
        self.base = ""
        self._held: list[tuple[Subscription, dict[str, Any], str]] | None = None
        self._told: deque[tuple[str, User, dict[str, Any], str]] = deque(maxlen=50)
        self._changed = asyncio.Event()

    # Where it is, for the clients that have knobs.

    @property
    def helix_url(self) -> str:
        return f"{self.base}/helix/"

    @property
    def id_url(self) -> str:
        return f"{self.base}/"

    @property
    def socket_url(self) -> str:
        return f"{self.base.replace('http', 'ws', 1)}/ws"

    # What can be seen.

    @property
    def sent(self) -> list[Sent]:
        """What came into chat over the API, in order."""
        return self.chat.sent

    @property
    def sessions(self) -> list[Session]:
        """The open EventSub connections, oldest first."""
        return list(self.sockets.sessions.values())

    @property
    def exceeded(self) -> list[str]:
        """The limits that clients have run into; failures on demand are not among them."""
        return self.helix.exceeded + self.chat.exceeded + self.subscriptions.exceeded

    def answers(self, status: int, path: str = "") -> int:
        """How many requests to paths that end so were answered with this status."""
        return sum(1 for _, where, given in self.requests if given == status and where.endswith(path))

    def subscribed(self, *kinds: str) -> bool:
        """Whether somebody listens now to all these types of events."""
        enabled = {each.kind for each in self.subscriptions.all if each.status == "enabled"}
        return enabled.issuperset(kinds or {"channel.chat.message"})

    async def until(self, fact: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until something is so; TimeoutError after that many seconds of the wall clock."""
        async with asyncio.timeout(seconds):
            while not fact():
                await self._changed.wait()

    # What people do.

    def authorize(self, user_code: str, login: str) -> None:
        """`login` enters the code of a device's login and agrees. Raises Refusal for a wrong one."""
        self.identity.waiting(user_code).user = self.people.named(login)

    def decline(self, user_code: str) -> None:
        self.identity.waiting(user_code).refused = True

    def tokens(self, login: str, scopes: Iterable[str], client_id: str = CLIENT_ID) -> dict[str, Any]:
        """What the token endpoint would answer once `login` had agreed to these scopes."""
        return self.identity.issue(client_id, self.people.named(login), scopes)

    async def say(
        self,
        name: str,
        text: str,
        *,
        channel: str = STREAMER,
        twice: bool = False,
        reply_to: str | None = None,
        source: str | None = None,
    ) -> str:
        """Someone writes in chat; gives the message's id. `source`: a channel that shares its chat with ours."""
        where, who, message_id = self.people.named(channel), self.people.named(name), str(uuid.uuid4())
        reply = events.reply_to(self.chat.heard[reply_to]) if reply_to else None
        shared = (self.people.named(source), str(uuid.uuid4())) if source else None
        event = events.chat_message(where, who, message_id, text, reply, shared)
        self.chat.remember(event)
        await self._tell("channel.chat.message", where, event, twice=twice)
        return message_id

    async def time_out(self, name: str, channel: str = STREAMER) -> None:
        """A moderator gives somebody a timeout, or a ban: chat is told the same of both."""
        where, who = self.people.named(channel), self.people.named(name)
        await self._tell("channel.chat.clear_user_messages", where, events.clear_user_messages(where, who))

    async def go_live(self, title: str | None = None, category: str | None = None, channel: str = STREAMER) -> None:
        where = self.people.named(channel)
        if title is not None or category is not None:
            await self.change(title, category, channel)
        where.stream = Stream(str(random.randrange(10**9, 10**10)), self.clock.now())
        await self._tell("stream.online", where, events.stream_online(where, self.clock))

    async def go_offline(self, channel: str = STREAMER) -> None:
        where = self.people.named(channel)
        stream, where.stream = where.stream, None
        assert stream is not None, f"{channel} is not live"
        await self._tell("stream.offline", where, events.stream_offline(where, stream.id))

    async def change(self, title: str | None = None, category: str | None = None, channel: str = STREAMER) -> None:
        """The streamer names the stream anew."""
        where = self.people.named(channel)
        where.title = where.title if title is None else title
        if category is not None:
            where.category = (str(sum(category.encode())), category)
        await self._tell("channel.update", where, events.channel_update(where))

    # What Twitch does.

    async def reconnect(self) -> None:
        """Ask every connection to go elsewhere (session_reconnect)."""
        for session in self.sessions:
            if session.leaving_since is None:
                await self.sockets.hand_over(session)

    async def close(self, code: int) -> None:
        """Close every connection with this code."""
        for session in self.sessions:
            await self.sockets.close(session, code)

    def drop(self) -> None:
        """Cut every connection without a word."""
        for session in self.sessions:
            self.sockets.drop(session)

    def silence(self) -> None:
        """The open connections stay, and nothing comes over them any more: no keepalive and no event."""
        for session in self.sessions:
            session.muted = True

    async def revoke(self, login: str, reason: str = "authorization_revoked") -> None:
        """The user's consent ends: tokens die, every subscription that stood on it is told so.

        Other reasons: user_removed (the account is gone, tokens too) and version_removed (the tokens stay).
        """
        user = self.people.named(login)
        if reason != "version_removed":
            self.identity.disconnect(user)
        for each in [each for each in self.subscriptions.all if each.status == "enabled" and each.concerns(user.id)]:
            await self.sockets.revoke(each, reason)
        self._stir()

    def expire_tokens(self) -> None:
        """Every access token is over; refresh tokens still work, once."""
        self.identity.expire()

    def drop_next_message(self, code: Literal["msg_rejected", "msg_duplicate", "msg_ratelimit"] | str) -> None:
        """The next chat message is answered with is_sent: false and this code."""
        self.chat.drop_next.append(code)

    def fail_next(
        self,
        path: str,
        status: int = DROP,
        times: int = 1,
        *,
        after: bool = False,
        message: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        """The next requests to a path that ends so get this status, or are cut off with DROP.

        `after`: the request is done first, and only its answer is lost.
        """
        self.faults.waiting.append(Fault(path, status, times, after, message, headers or {}))

    def answer_in_pieces(self, path: str, pieces: int = 2, times: int = 1) -> None:
        """The next answers to requests for a path that ends so come in this many pieces, one after the other."""
        self.faults.waiting.append(Fault(path, 200, times, pieces=pieces))

    async def repeat(self, count: int = 1) -> None:
        """Tell the latest events again, with their message ids, to whoever listens now: at least once, Twitch says."""
        for kind, channel, event, message_id in list(self._told)[-count:]:
            for each in self._listening(kind, channel):
                await self.sockets.notify(each, event, message_id)

    @contextlib.asynccontextmanager
    async def shuffled(self, seed: int) -> AsyncIterator[None]:
        """What happens inside is told at its end, out of order."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            random.Random(seed).shuffle(held)
            for subscription, event, message_id in held:
                await self.sockets.notify(subscription, event, message_id)

    # How it works.

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._middleware])
        app.add_routes(self.helix.routes())
        app.add_routes(
            [
                web.post("/oauth2/device", self._device),
                web.post("/oauth2/token", self._token),
                web.get("/oauth2/validate", self._validate),
                web.post("/oauth2/revoke", self._revoke),
                web.get("/ws", self.sockets.serve),
            ]
        )
        app.add_routes(pages.routes(self))
        return app

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        fault = self.faults.next(request.path)
        headers: dict[str, str] = {}
        helix = request.path.startswith("/helix/")
        try:
            if fault is not None and not fault.after and not fault.pieces:
                return self._failed(request, fault)
            if helix:
                headers = self.helix.admit(request)
            response: web.StreamResponse = await handler(request)
        except Refusal as refusal:
            response = web.json_response(refusal.body(identity=not helix), status=refusal.status)
            headers |= refusal.headers
        except web.HTTPNotFound:
            response = web.json_response(Refusal(404, "").body(identity=not helix), status=404)
        except web.HTTPMethodNotAllowed:
            response = web.json_response(Refusal(405, "").body(identity=not helix), status=405)
        finally:
            self._stir()
        if fault is not None and not fault.pieces:
            return self._failed(request, fault)
        if not response.prepared:
            response.headers.update(headers)
        self.requests.append((request.method, request.path, response.status))
        self._stir()
        if fault is not None and isinstance(response, web.Response):
            return await fault.in_pieces(request, response)
        return response

    def _failed(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        self.requests.append((request.method, request.path, fault.status))
        if fault.status == DROP:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        refusal = Refusal(fault.status, fault.message)
        body = refusal.body(identity=not request.path.startswith("/helix/"))
        return web.json_response(body, status=fault.status, headers=fault.headers)

    async def _device(self, request: web.Request) -> web.Response:
        return web.json_response(self.identity.device(await _form(request)))

    async def _token(self, request: web.Request) -> web.Response:
        return web.json_response(self.identity.token(await _form(request)))

    async def _validate(self, request: web.Request) -> web.Response:
        return web.json_response(self.identity.validate(request.headers.get("Authorization")))

    async def _revoke(self, request: web.Request) -> web.Response:
        self.identity.revoke(await _form(request))
        return web.Response()

    async def _tell(self, kind: str, channel: User, event: dict[str, Any], twice: bool = False) -> None:
        for each in self._listening(kind, channel):
            message_id = str(uuid.uuid4())
            self._told.append((kind, channel, event, message_id))
            for _ in range(2 if twice else 1):
                if self._held is None:
                    await self.sockets.notify(each, event, message_id)
                else:
                    self._held.append((each, event, message_id))
        self._stir()

    def _listening(self, kind: str, channel: User) -> list[Subscription]:
        return [
            each
            for each in self.subscriptions.all
            if each.status == "enabled" and each.kind == kind and each.condition["broadcaster_user_id"] == channel.id
        ]

    def _stir(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


@contextlib.asynccontextmanager
async def standin(port: int = 0, speed: float = 1.0, device_interval: int = 5) -> AsyncIterator[Twitch]:
    """A local Twitch on a free port of this machine, or on `port`, while the context lasts.

    `speed`: how many seconds of its limits, keepalives and expiries pass in a second of the wall clock.
    `device_interval`: how many seconds a client is told to wait between two questions whether the login is done.
    """
    twitch = Twitch(speed, device_interval)
    runner = web.AppRunner(twitch.application(), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        twitch.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        twitch.identity.page = twitch.base
        twitch.sockets.address = twitch.socket_url
        yield twitch
        await twitch.sockets.shut_all()
    finally:
        await runner.cleanup()


async def _form(request: web.Request) -> dict[str, str]:
    """The fields of an OAuth request; clients put them in the query or in a form."""
    posted = await request.post()
    return dict(request.query) | {key: value for key, value in posted.items() if isinstance(value, str)}
