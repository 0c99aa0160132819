"""The EventSub WebSocket: welcome, keepalives, handover, revocation, and the close codes.

As https://dev.twitch.tv/docs/eventsub/handling-websocket-events/ tells it.
"""

import asyncio
import contextlib
import json
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import WSMsgType, web

from tests.standins.twitch.clock import Clock
from tests.standins.twitch.subscriptions import Subscription, Subscriptions

UNUSED_GRACE: Final = 10.0
RECONNECT_GRACE: Final = 30.0
KEEPALIVE_RANGE: Final = (10, 600)
CLOSES: Final = {
    4000: ("internal server error", "websocket_internal_error"),
    4001: ("client sent inbound traffic", "websocket_received_inbound_traffic"),
    4002: ("client failed ping-pong", "websocket_failed_ping_pong"),
    4003: ("connection unused", "websocket_connection_unused"),
    4004: ("client reconnect grace time expired", "websocket_failed_to_reconnect"),
    4005: ("network timeout", "websocket_network_timeout"),
    4006: ("network error", "websocket_network_error"),
    4007: ("invalid reconnect", "websocket_failed_to_reconnect"),
}


@dataclass(eq=False)
class Session:
    """One connection."""

    socket: web.WebSocketResponse
    request: web.Request
    keepalive: int
    connected_at: str
    id: str
    spoke: float  # when anything was sent last, by the stand-in's clock
    unused_since: float | None
    user_id: str | None = None
    muted: bool = False
    leaving_since: float | None = None
    """Told to go elsewhere: it still gets what happens, until its client is connected there."""

    def body(self, status: str, keepalive: int | None, url: str | None) -> dict[str, Any]:
        return {
            "id": self.id,
            "status": status,
            "keepalive_timeout_seconds": keepalive,
            "reconnect_url": url,
            "connected_at": self.connected_at,
        }


@dataclass
class Sockets:
    clock: Clock
    subscriptions: Subscriptions
    changed: Callable[[], None]
    sessions: dict[str, Session] = field(default_factory=dict)
    handovers: dict[str, Session] = field(default_factory=dict)
    closed: list[int] = field(default_factory=list)  # the codes that we closed with
    address: str = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(timeout=2.0)
        await socket.prepare(request)
        old: Session | None = None
        if (reconnect_id := request.query.get("reconnect_id")) is not None:
            old = self.handovers.pop(reconnect_id, None)
            if old is None:
                await self._shut(socket, 4007)
                return socket
        session = self._opened(socket, request, old)
        watch = asyncio.create_task(self._watch(session), name=f"watch {session.id}")
        try:
            await self._send(
                session, "session_welcome", {"session": session.body("connected", session.keepalive, None)}
            )
            self.changed()
            async for message in socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    await self.close(session, 4001)
        finally:
            self._gone(session, "websocket_disconnected")
            await watch
        return socket

    def users(self) -> dict[str, str | None]:
        """Each session that may be subscribed to, with its user."""
        return {session.id: session.user_id for session in self.sessions.values() if not session.socket.closed}

    def used(self, session_id: str, user_id: str) -> None:
        """The session's user is the one who subscribes first."""
        session = self.sessions[session_id]
        session.user_id, session.unused_since = user_id, None

    async def notify(self, subscription: Subscription, event: dict[str, Any], message_id: str) -> bool:
        """Whether it could be written to the socket."""
        session = self.sessions.get(subscription.session_id)
        if session is None or session.muted:
            return False
        payload = {"subscription": subscription.body(), "event": event}
        return await self._send(session, "notification", payload, subscription, message_id)

    async def revoke(self, subscription: Subscription, reason: str) -> None:
        subscription.status = reason
        session = self.sessions.get(subscription.session_id)
        if session is None:
            return
        await self._send(session, "revocation", {"subscription": subscription.body()}, subscription)
        self._mind_unused(session)

    async def hand_over(self, session: Session) -> None:
        """Ask the client to connect elsewhere; after the grace this socket closes with 4004."""
        reconnect_id = uuid.uuid4().hex
        self.handovers[reconnect_id] = session
        session.leaving_since = self.clock.now()
        self.clock.nudge()
        url = f"{self.address}?reconnect_id={reconnect_id}"
        await self._send(session, "session_reconnect", {"session": session.body("reconnecting", None, url)})

    async def close(self, session: Session, code: int) -> None:
        self._gone(session, CLOSES[code][1] if code in CLOSES else "websocket_disconnected")
        await self._shut(session.socket, code)

    def drop(self, session: Session) -> None:
        """The network goes: no close frame, no goodbye."""
        self._gone(session, "websocket_network_error")
        if session.request.transport is not None:
            session.request.transport.abort()

    async def shut_all(self) -> None:
        for session in list(self.sessions.values()):
            await self.close(session, 4000)

    def _opened(self, socket: web.WebSocketResponse, request: web.Request, old: Session | None) -> Session:
        low, high = KEEPALIVE_RANGE
        try:
            asked = int(request.query.get("keepalive_timeout_seconds", low))
        except ValueError:
            asked = low
        now = self.clock.now()
        session = Session(
            socket=socket,
            request=request,
            keepalive=old.keepalive if old else min(max(asked, low), high),
            connected_at=self.clock.timestamp(),
            id=f"AgoQ{uuid.uuid4().hex}IGY2VsbC1h",
            spoke=now,
            unused_since=None if old else now,
            user_id=old.user_id if old else None,
        )
        if old is not None:
            for each in self.subscriptions.of_session(old.id):
                each.session_id = session.id
        self.sessions[session.id] = session
        self._mind_unused(session)
        return session

    async def _watch(self, session: Session) -> None:
        """Keepalives while there is nothing to say, and the end of a session that nobody uses or that must go."""
        while session.id in self.sessions:
            silent = session.spoke + session.keepalive
            unused = math.inf if session.unused_since is None else session.unused_since + UNUSED_GRACE
            left = math.inf if session.leaving_since is None else session.leaving_since + RECONNECT_GRACE
            now = self.clock.now()
            if now >= left:
                await self.close(session, 4004)
            elif now >= unused:
                await self.close(session, 4003)
            elif now < silent:
                await self.clock.pause(min(silent, unused, left))
            elif session.muted:
                session.spoke = now
            else:
                await self._send(session, "session_keepalive", {})

    async def _send(
        self,
        session: Session,
        kind: str,
        payload: dict[str, Any],
        subscription: Subscription | None = None,
        message_id: str | None = None,
    ) -> bool:
        metadata = {
            "message_id": message_id or str(uuid.uuid4()),
            "message_type": kind,
            "message_timestamp": self.clock.timestamp(),
        }
        if subscription is not None:
            metadata |= {"subscription_type": subscription.kind, "subscription_version": subscription.version}
        session.spoke = self.clock.now()
        try:
            await session.socket.send_str(json.dumps({"metadata": metadata, "payload": payload}))
        except (ConnectionError, RuntimeError):
            return False  # the client has just gone
        return True

    async def _shut(self, socket: web.WebSocketResponse, code: int) -> None:
        self.closed.append(code)
        with contextlib.suppress(ConnectionError, RuntimeError):
            await socket.close(code=code, message=CLOSES.get(code, ("", ""))[0].encode())
        self.changed()

    def _gone(self, session: Session, status: str) -> None:
        if self.sessions.pop(session.id, None) is None:
            return
        self.handovers = {key: each for key, each in self.handovers.items() if each is not session}
        for each in self.subscriptions.of_session(session.id):
            each.status = status
        self.clock.nudge()
        self.changed()

    def _mind_unused(self, session: Session) -> None:
        if self.subscriptions.of_session(session.id):
            session.unused_since = None
        elif session.unused_since is None:
            session.unused_since = self.clock.now()
            self.clock.nudge()
