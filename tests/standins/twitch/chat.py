"""Chat as Twitch lets it through: who may say what, how often, and what is dropped.

Statuses as https://dev.twitch.tv/docs/api/reference/#send-chat-message gives them, limits as
https://dev.twitch.tv/docs/chat/#rate-limits does. The codes of dropped messages are undocumented: those of the IRC
notices are used.
"""

import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tests.standins.twitch import events
from tests.standins.twitch.clock import Clock
from tests.standins.twitch.identity import Caller, Identity
from tests.standins.twitch.limits import Window
from tests.standins.twitch.people import People, User
from tests.standins.twitch.refusal import Refusal

LONGEST: Final = 500
WINDOW: Final = 30.0
OFTEN, OFTEN_AS_MODERATOR = 20, 100
ANNOUNCEMENT_PAUSE: Final = 2.0
COLOURS: Final = {"blue", "green", "orange", "purple", "primary"}
REMEMBERED: Final = 5_000
DROPS: Final = {
    "msg_duplicate": "Your message is identical to the one you sent within the last 30 seconds.",
    "msg_ratelimit": "Your message was not sent because you are sending messages too quickly.",
    "msg_rejected": "Your message is being checked by mods and has not been sent.",
    "channel_settings": "This room is in followers-only mode.",
    "user_timed_out": "You are timed out from talking in the room.",
}


@dataclass(frozen=True)
class Sent:
    """A message that arrived in chat over the API, at a time of the stand-in's clock."""

    id: str
    channel: str
    sender: str
    text: str
    reply_to: str | None
    at: float


@dataclass(frozen=True)
class Dropped:
    """A message that was answered with is_sent: false."""

    sender: str
    text: str
    code: str


@dataclass
class Chat:
    clock: Clock
    people: People
    identity: Identity
    when_too_fast: Literal["drop", "429"] = "drop"
    sent: list[Sent] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    announcements: list[tuple[str, str, str]] = field(default_factory=list)  # channel, colour, text
    drop_next: list[str] = field(default_factory=list)
    heard: OrderedDict[str, dict[str, Any]] = field(default_factory=OrderedDict)  # the events of late, by message id
    exceeded: list[str] = field(default_factory=list)  # limits that a client has run into
    _pace: dict[str, Window] = field(default_factory=dict)
    _last: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)
    _announced: dict[str, float] = field(default_factory=dict)

    def remember(self, event: dict[str, Any]) -> None:
        self.heard[event["message_id"]] = event
        while len(self.heard) > REMEMBERED:
            self.heard.popitem(last=False)

    def send(self, caller: Caller, fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The answer, and the event for everyone who reads the channel. Raises Refusal."""
        channel = self._user(fields, "broadcaster_id")
        sender = self._user(fields, "sender_id")
        text = _text(fields, "message")
        self._check_consent(caller, channel, sender)
        if len(text) > LONGEST:
            raise Refusal(422, "The message is too large")
        parent_id = fields.get("reply_parent_message_id") or None
        if parent_id is not None and parent_id not in self.heard:
            raise Refusal(400, "The ID in reply_parent_message_id is not valid")
        if (code := self._drop(channel, sender, text)) is not None:
            self.dropped.append(Dropped(sender.login, text, code))
            reason = {"code": code, "message": DROPS.get(code, "Your message was not sent.")}
            return {"data": [{"message_id": "", "is_sent": False, "drop_reason": reason}]}, None
        self._last[channel.id, sender.id] = (text, self.clock.now())
        message_id = str(uuid.uuid4())
        reply = events.reply_to(self.heard[parent_id]) if parent_id else None
        event = events.chat_message(channel, sender, message_id, text, reply)
        self.remember(event)
        self.sent.append(Sent(message_id, channel.login, sender.login, text, parent_id, self.clock.now()))
        return {"data": [{"message_id": message_id, "is_sent": True}]}, event

    def announce(self, caller: Caller, fields: Mapping[str, Any]) -> None:
        caller.must_have("moderator:manage:announcements")
        channel = self._user(fields, "broadcaster_id")
        moderator = self._user(fields, "moderator_id")
        text = _text(fields, "message")
        colour = fields.get("color") or "primary"
        if colour not in COLOURS:
            raise Refusal(400, "The color is not valid")
        if moderator is not caller.user:
            raise Refusal(401, "The ID in moderator_id must match the user ID found in the request's OAuth token")
        if not channel.may_moderate(moderator.id):
            raise Refusal(401, "The user is not one of the broadcaster's moderators")
        last = self._announced.get(channel.id)
        if last is not None and self.clock.now() < last + ANNOUNCEMENT_PAUSE:
            self.exceeded.append("announcements")
            raise Refusal(429, "The sender has exceeded the number of announcements")
        self._announced[channel.id] = self.clock.now()
        self.announcements.append((channel.login, colour, text[:LONGEST]))

    def _check_consent(self, caller: Caller, channel: User, sender: User) -> None:
        if caller.user is not None:
            caller.must_have("user:write:chat")
            if caller.user is not sender:
                raise Refusal(401, "The ID in sender_id must match the user ID in the request's access token")
        else:
            agreed = self.identity.has_authorised
            if not agreed(caller.client_id, sender.id, "user:write:chat", "user:bot"):
                raise Refusal(401, "Missing scope: user:bot or user:write:chat")
            invited = agreed(caller.client_id, channel.id, "channel:bot") or channel.may_moderate(sender.id)
            if not invited:
                raise Refusal(403, "The sender is not permitted to send chat messages to the broadcaster's chat room")
        if sender.id in channel.banned:
            raise Refusal(403, "The sender is not permitted to send chat messages to the broadcaster's chat room")

    def _drop(self, channel: User, sender: User, text: str) -> str | None:
        trusted = channel.may_moderate(sender.id)
        now = self.clock.now()
        pace = self._pace.setdefault(sender.id, Window(WINDOW))
        if not pace.take(now, OFTEN_AS_MODERATOR if trusted else OFTEN):
            self.exceeded.append("chat messages")
            if self.when_too_fast == "429":
                raise Refusal(429, "Too many messages were sent")
            return "msg_ratelimit"
        if self.drop_next:
            return self.drop_next.pop(0)
        last, at = self._last.get((channel.id, sender.id), ("", 0.0))
        if not trusted and last == text and now < at + WINDOW:
            return "msg_duplicate"
        return None

    def _user(self, fields: Mapping[str, Any], key: str) -> User:
        user_id = _text(fields, key)
        user = self.people.find(user_id=user_id)
        if user is None:
            raise Refusal(400, f"The ID in {key} is not valid")
        return user


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(400, f"The {key} field is required")
    return value
