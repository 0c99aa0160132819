"""api.twitch.tv/helix: the part of it that a chat bot uses."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from tests.standins.twitch.chat import Chat
from tests.standins.twitch.clock import Clock
from tests.standins.twitch.identity import Caller, Identity
from tests.standins.twitch.limits import Bucket
from tests.standins.twitch.moments import Moments
from tests.standins.twitch.people import People, User
from tests.standins.twitch.refusal import Refusal
from tests.standins.twitch.sockets import Sockets
from tests.standins.twitch.subscriptions import Subscriptions

POINTS, MINUTE = 800, 60.0
MOST_NAMES: Final = 100

Tell = Callable[[str, User, dict[str, Any]], Awaitable[None]]


class Helix:
    """`tell` sends an event of a channel to everyone who subscribed to it."""

    def __init__(
        self,
        clock: Clock,
        people: People,
        identity: Identity,
        subscriptions: Subscriptions,
        sockets: Sockets,
        chat: Chat,
        moments: Moments,
        tell: Tell,
    ) -> None:
        self.clock, self.people, self.identity = clock, people, identity
        self.subscriptions, self.sockets = subscriptions, sockets
        self.chat, self.moments, self.tell = chat, moments, tell
        self.buckets: dict[tuple[str, str], Bucket] = {}
        self.exceeded: list[str] = []

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/helix/users", self._users),
            web.get("/helix/streams", self._streams),
            web.get("/helix/channels", self._channels),
            web.post("/helix/chat/messages", self._send),
            web.post("/helix/chat/announcements", self._announce),
            web.post("/helix/clips", self._clip),
            web.get("/helix/clips", self._clips),
            web.post("/helix/streams/markers", self._mark),
            web.post("/helix/eventsub/subscriptions", self._subscribe),
            web.get("/helix/eventsub/subscriptions", self._subscriptions),
            web.delete("/helix/eventsub/subscriptions", self._unsubscribe),
        ]

    def admit(self, request: web.Request) -> dict[str, str]:
        """Count a request; gives the headers that tell how many are left. Raises Refusal."""
        caller = self._caller(request)
        key = (caller.client_id, caller.user.id if caller.user else "")
        bucket = self.buckets.setdefault(key, Bucket(POINTS, MINUTE))
        admitted = bucket.take(self.clock.now())
        headers = {
            "Ratelimit-Limit": str(bucket.size),
            "Ratelimit-Remaining": str(int(bucket.points)),
            "Ratelimit-Reset": str(int(self.clock.epoch(bucket.full_at())) + 1),
        }
        if not admitted:
            self.exceeded.append("Helix requests")
            raise Refusal(429, "Too many requests", headers)
        return headers

    def _caller(self, request: web.Request) -> Caller:
        return self.identity.caller(request.headers.get("Authorization"), request.headers.get("Client-Id"))

    async def _users(self, request: web.Request) -> web.Response:
        caller = self._caller(request)
        chosen = _chosen(request, "id", "login")
        if not chosen:
            chosen = [("id", caller.must_be_user().id)]
        found = [self.people.find(**{"user_id" if key == "id" else "login": value}) for key, value in chosen]
        return web.json_response({"data": [self._user(user, caller) for user in found if user is not None]})

    async def _streams(self, request: web.Request) -> web.Response:
        found = []
        for key, value in _chosen(request, "user_id", "user_login"):
            user = self.people.find(user_id=value) if key == "user_id" else self.people.find(login=value)
            if user is not None and user.stream is not None:
                found.append(self._stream(user))
        return web.json_response({"data": found, "pagination": {}})

    async def _channels(self, request: web.Request) -> web.Response:
        chosen = _chosen(request, "broadcaster_id")
        if not chosen:
            raise Refusal(400, "The broadcaster_id query parameter is required")
        found = [self.people.find(user_id=value) for _, value in chosen]
        return web.json_response({"data": [_channel(user) for user in found if user is not None]})

    async def _send(self, request: web.Request) -> web.Response:
        answer, event = self.chat.send(self._caller(request), await _fields(request))
        if event is not None:
            channel = self.people.find(user_id=event["broadcaster_user_id"])
            assert channel is not None
            await self.tell("channel.chat.message", channel, event)
        return web.json_response(answer)

    async def _announce(self, request: web.Request) -> web.Response:
        self.chat.announce(self._caller(request), await _fields(request))
        return web.Response(status=204)

    async def _clip(self, request: web.Request) -> web.Response:
        return web.json_response(self.moments.clip(self._caller(request), request.query), status=202)

    async def _clips(self, request: web.Request) -> web.Response:
        return web.json_response(self.moments.clips_of(request.query))

    async def _mark(self, request: web.Request) -> web.Response:
        return web.json_response(self.moments.mark(self._caller(request), await _fields(request)))

    async def _subscribe(self, request: web.Request) -> web.Response:
        caller = self._caller(request)
        made = self.subscriptions.create(caller, await _fields(request), self.sockets.users())
        self.sockets.used(made.session_id, made.user_id)
        total = len([each for each in self.subscriptions.all if each.user_id == made.user_id])
        answer = {"data": [made.body()], "total": total, **self.subscriptions.costs(caller)}
        return web.json_response(answer, status=202)

    async def _subscriptions(self, request: web.Request) -> web.Response:
        filters = ("status", "type", "user_id", "subscription_id")
        chosen = {key: request.query[key] for key in filters if key in request.query}
        return web.json_response(self.subscriptions.page(self._caller(request), chosen))

    async def _unsubscribe(self, request: web.Request) -> web.Response:
        if not request.query.get("id"):
            raise Refusal(400, "The id query parameter is required")
        self.subscriptions.delete(self._caller(request), request.query["id"])
        return web.Response(status=204)

    def _user(self, user: User, caller: Caller) -> dict[str, Any]:
        found = {
            "id": user.id,
            "login": user.login,
            "display_name": user.name,
            "type": "",
            "broadcaster_type": "",
            "description": "",
            "profile_image_url": "https://static-cdn.jtvnw.net/jtv_user_pictures/profile_image-300x300.png",
            "offline_image_url": "",
            "view_count": 0,
            "created_at": "2016-12-14T20:32:28.894263Z",
        }
        if caller.user is user and "user:read:email" in caller.scopes:
            found["email"] = f"{user.login}@example.com"
        return found

    def _stream(self, user: User) -> dict[str, Any]:
        assert user.stream is not None
        return {
            "id": user.stream.id,
            "user_id": user.id,
            "user_login": user.login,
            "user_name": user.name,
            "game_id": user.category[0],
            "game_name": user.category[1],
            "type": "live",
            "title": user.title,
            "tags": ["English"],
            "viewer_count": user.stream.viewers,
            "started_at": self.clock.timestamp(user.stream.started),
            "language": user.language,
            "thumbnail_url": f"https://static-cdn.jtvnw.net/previews-ttv/live_user_{user.login}-{{width}}x{{height}}.jpg",
            "tag_ids": [],
            "is_mature": False,
        }


def _channel(user: User) -> dict[str, Any]:
    return {
        "broadcaster_id": user.id,
        "broadcaster_login": user.login,
        "broadcaster_name": user.name,
        "broadcaster_language": user.language,
        "game_id": user.category[0],
        "game_name": user.category[1],
        "title": user.title,
        "delay": 0,
        "tags": ["English"],
        "content_classification_labels": user.labels,
        "is_branded_content": False,
    }


def _chosen(request: web.Request, *keys: str) -> list[tuple[str, str]]:
    chosen = [(key, value) for key, value in request.query.items() if key in keys]
    if len(chosen) > MOST_NAMES:
        raise Refusal(400, "The number of IDs and names exceeds 100")
    return chosen


async def _fields(request: web.Request) -> dict[str, Any]:
    """A request's fields; clients put them in a JSON body or in the query."""
    fields: dict[str, Any] = dict(request.query)
    if body := await request.text():
        try:
            decoded = json.loads(body)
        except ValueError:
            raise Refusal(400, "The request body is not valid JSON") from None
        if not isinstance(decoded, dict):
            raise Refusal(400, "The request body is not a JSON object")
        fields |= decoded
    return fields
