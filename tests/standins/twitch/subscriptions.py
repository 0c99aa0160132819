"""EventSub subscriptions: which exist, what they need, what they cost.

Statuses as https://dev.twitch.tv/docs/api/reference/#create-eventsub-subscription gives them; costs and limits as
https://dev.twitch.tv/docs/eventsub/manage-subscriptions/ does.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.standins.twitch.clock import Clock
from tests.standins.twitch.identity import Caller, Identity
from tests.standins.twitch.people import People
from tests.standins.twitch.refusal import Refusal

MAX_TOTAL_COST: Final = 10
MAX_PER_SESSION: Final = 300
MAX_SESSIONS: Final = 3
MAX_ALIKE: Final = 3
ENDED_KEPT: Final = 100
"""Subscriptions that have ended and are listed yet."""


@dataclass(frozen=True)
class Kind:
    """A subscription type. `scope` is what `user` (a key of the condition) must have granted."""

    version: str
    condition: tuple[str, ...]
    scope: str | None = None
    user: str = ""


KINDS: Final = {
    "channel.chat.message": Kind("1", ("broadcaster_user_id", "user_id"), "user:read:chat", "user_id"),
    "channel.chat.clear_user_messages": Kind("1", ("broadcaster_user_id", "user_id"), "user:read:chat", "user_id"),
    "stream.online": Kind("1", ("broadcaster_user_id",)),
    "stream.offline": Kind("1", ("broadcaster_user_id",)),
    "channel.update": Kind("2", ("broadcaster_user_id",)),
}


@dataclass(eq=False)
class Subscription:
    id: str
    kind: str
    version: str
    condition: dict[str, str]
    session_id: str
    client_id: str
    user_id: str
    created_at: str
    cost: int
    status: str = "enabled"

    def body(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "status": self.status,
            "type": self.kind,
            "version": self.version,
            "condition": self.condition,
            "transport": {"method": "websocket", "session_id": self.session_id},
            "created_at": self.created_at,
            "cost": self.cost,
        }

    def concerns(self, user_id: str) -> bool:
        """Whether this user's consent carries it."""
        return self.user_id == user_id or user_id in self.condition.values()


@dataclass
class Subscriptions:
    clock: Clock
    people: People
    identity: Identity
    all: list[Subscription] = field(default_factory=list)
    exceeded: list[str] = field(default_factory=list)

    def of_session(self, session_id: str) -> list[Subscription]:
        return [each for each in self.all if each.session_id == session_id and each.status == "enabled"]

    def create(self, caller: Caller, body: Mapping[str, Any], sessions: Mapping[str, str | None]) -> Subscription:
        """`sessions` maps each connected session to its user, None as long as nobody subscribed. Raises Refusal."""
        kind, condition = self._checked(body)
        session_id = _text(_mapping(body, "transport"), "session_id")
        if caller.user is None:
            raise Refusal(400, "invalid transport and auth combination")
        if session_id not in sessions:
            raise Refusal(400, "websocket transport session does not exist or has already disconnected")
        if sessions[session_id] not in (None, caller.user.id):
            raise Refusal(400, "websocket transport session is used by another user")
        self._check_consent(caller, kind, condition)
        enabled = [each for each in self.all if each.status == "enabled" and each.client_id == caller.client_id]
        mine = [each for each in enabled if each.user_id == caller.user.id]
        alike = [each for each in enabled if (each.kind, each.condition) == (body["type"], condition)]
        if any(each.session_id == session_id for each in alike):
            raise Refusal(409, "subscription already exists")
        if len(alike) >= MAX_ALIKE:
            raise self._too_much("maximum subscriptions with type and condition exceeded")
        if len({each.session_id for each in mine} | {session_id}) > MAX_SESSIONS:
            raise self._too_much("number of websocket transports limit exceeded")
        if len(self.of_session(session_id)) >= MAX_PER_SESSION:
            raise self._too_much("maximum number of subscriptions for this session exceeded")
        cost = self._cost(caller, kind, condition)
        if cost + sum(each.cost for each in mine) > MAX_TOTAL_COST:
            raise self._too_much("maximum total cost exceeded")
        made = Subscription(
            id=str(uuid.uuid4()),
            kind=body["type"],
            version=kind.version,
            condition=condition,
            session_id=session_id,
            client_id=caller.client_id,
            user_id=caller.user.id,
            created_at=self.clock.timestamp(),
            cost=cost,
        )
        ended = [each for each in self.all if each.status != "enabled"]
        for each in ended[:-ENDED_KEPT]:
            self.all.remove(each)
        self.all.append(made)
        return made

    def delete(self, caller: Caller, subscription_id: str) -> None:
        for each in self.all:
            if each.id == subscription_id and each.client_id == caller.client_id:
                self.all.remove(each)
                return
        raise Refusal(404, "subscription not found")

    def page(self, caller: Caller, chosen: Mapping[str, str]) -> dict[str, Any]:
        """All that this caller sees, disconnected ones too; `chosen` may hold one of status, type, user_id."""
        if len(chosen) > 1:
            raise Refusal(400, "only one of status, type, user_id and subscription_id may be given")
        user = caller.must_be_user()
        found = [each for each in self.all if each.client_id == caller.client_id and each.user_id == user.id]
        for key, value in chosen.items():
            match key:
                case "status":
                    found = [each for each in found if each.status == value]
                case "type":
                    found = [each for each in found if each.kind == value]
                case "user_id":
                    found = [each for each in found if value in each.condition.values()]
                case _:
                    found = [each for each in found if each.id == value]
        return {
            "total": len(found),
            "data": [each.body() for each in found],
            **self.costs(caller),
            "pagination": {},
        }

    def costs(self, caller: Caller) -> dict[str, int]:
        user = caller.must_be_user()
        mine = [each for each in self.all if each.client_id == caller.client_id and each.user_id == user.id]
        total = sum(each.cost for each in mine if each.status == "enabled")
        return {"total_cost": total, "max_total_cost": MAX_TOTAL_COST}

    def _too_much(self, message: str) -> Refusal:
        self.exceeded.append(message)
        return Refusal(429, message)

    def _checked(self, body: Mapping[str, Any]) -> tuple[Kind, dict[str, str]]:
        kind = KINDS.get(_text(body, "type"))
        if kind is None or _text(body, "version") != kind.version:
            raise Refusal(400, "The combination of values in the type and version fields is not valid")
        condition = _mapping(body, "condition")
        if set(condition) != set(kind.condition) or not all(isinstance(value, str) for value in condition.values()):
            raise Refusal(400, "The condition object is missing required fields or holds unknown ones")
        if any(self.people.find(user_id=value) is None for value in condition.values()):
            raise Refusal(400, "The condition names a user who does not exist")
        if _text(_mapping(body, "transport"), "method") != "websocket":
            raise Refusal(400, "This stand-in knows the websocket transport only")
        return kind, dict(condition)

    def _check_consent(self, caller: Caller, kind: Kind, condition: Mapping[str, str]) -> None:
        if kind.scope is None:
            return
        user = caller.must_be_user()
        if condition[kind.user] != user.id or kind.scope not in caller.scopes:
            raise Refusal(403, "subscription missing proper authorization")
        channel = self.people.find(user_id=condition["broadcaster_user_id"])
        if channel is not None and user.id in channel.banned:
            raise Refusal(403, "subscription missing proper authorization")

    def _cost(self, caller: Caller, kind: Kind, condition: Mapping[str, str]) -> int:
        if kind.scope is not None:
            return 0
        return 0 if self.identity.has_authorised(caller.client_id, condition["broadcaster_user_id"]) else 1


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise Refusal(400, f"The {key} field is required")
    return value


def _mapping(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = body.get(key)
    if not isinstance(value, dict):
        raise Refusal(400, f"The {key} field is required")
    return value
