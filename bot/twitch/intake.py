"""Twitch's chat, as the show hears it: who is who, and whose messages count."""

from typing import Final, Protocol

import twitchio
from msgspec import Struct
from twitchio.ext import commands

from bot.commands import Asker, Role
from bot.inbox import MAX_TEXT
from bot.twitch.settings import SharedChat

# Highest first. A founder is an early subscriber.
_BADGES: Final[tuple[tuple[str, Role], ...]] = (
    ("broadcaster", "broadcaster"),
    ("moderator", "moderator"),
    ("lead_moderator", "moderator"),
    ("vip", "vip"),
    ("subscriber", "subscriber"),
    ("founder", "subscriber"),
)


class Line(Struct, frozen=True):
    """One chat message. `source` is the channel it was written in when that is another one (shared chat)."""

    id: str
    user_id: str
    login: str
    name: str
    text: str
    badges: tuple[str, ...] = ()
    source: str | None = None
    reply_to: str | None = None

    def __repr__(self) -> str:
        # What somebody wrote, and who, has no place in a log or a traceback.
        return f"Line({len(self.text)} characters)"

    @property
    def words(self) -> str:
        """The text without the name that Twitch puts in front of a reply."""
        if self.reply_to is not None and self.text.startswith("@"):
            return self.text.partition(" ")[2]
        return self.text


class Ears(Protocol):
    """Who hears what happens in the channel. Pure of twitchio."""

    async def chat(self, line: Line) -> None:
        """Somebody has written in chat."""

    def silenced(self, user_id: str) -> None:
        """A moderator has banned this user, or given a timeout."""

    async def online(self, started: float) -> None:
        """The stream is on since `started`, in seconds since 1970."""

    def offline(self) -> None:
        """The stream is over."""

    def changed(self, title: str, category: str) -> None:
        """Title or category of the channel have changed."""


class Intake(commands.Component):
    """twitchio's events, turned into what the show understands.

    The commands' words, aliases, prefix and cooldowns are settings of the show's, the same for every platform, so that
    a listener takes them all: twitchio's own command decorators fix their names when the module is imported.
    """

    def __init__(self, ears: Ears) -> None:
        self._ears = ears

    @commands.Component.listener()  # type: ignore[untyped-decorator]
    async def event_message(self, payload: twitchio.ChatMessage) -> None:
        """A chat message."""
        await self._ears.chat(line_of(payload))

    @commands.Component.listener()  # type: ignore[untyped-decorator]
    async def event_chat_clear_user(self, payload: twitchio.ChannelChatClearUserMessages) -> None:
        """A user's messages were taken away, which is how a ban or a timeout looks from chat."""
        self._ears.silenced(str(payload.user.id))

    @commands.Component.listener()  # type: ignore[untyped-decorator]
    async def event_stream_online(self, payload: twitchio.StreamOnline) -> None:
        """The stream begins; reruns and premieres are none."""
        if payload.type != "live":
            return
        await self._ears.online(payload.started_at.timestamp())

    @commands.Component.listener()  # type: ignore[untyped-decorator]
    async def event_stream_offline(self, _payload: twitchio.StreamOffline) -> None:
        """The stream ends."""
        self._ears.offline()

    @commands.Component.listener()  # type: ignore[untyped-decorator]
    async def event_channel_update(self, payload: twitchio.ChannelUpdate) -> None:
        """The stream is called otherwise."""
        self._ears.changed(payload.title, payload.category_name)


def line_of(payload: twitchio.ChatMessage) -> Line:
    """twitchio's message as a line: cut to what Twitch lets anybody write."""
    source = payload.source_broadcaster
    login = str(payload.chatter.name or "")[:50]
    return Line(
        id=str(payload.id),
        user_id=str(payload.chatter.id),
        login=login,
        name=str(payload.chatter.display_name or login)[:50],
        text=str(payload.text)[:MAX_TEXT],
        badges=tuple(str(badge.set_id) for badge in payload.badges[:50]),
        source=str(source.id) if source is not None and source.id != payload.broadcaster.id else None,
        reply_to=str(payload.reply.parent_message_id) if payload.reply is not None else None,
    )


def role_of(line: Line, broadcaster: str) -> Role:
    """The highest role of who wrote it. Guests from a shared chat have none: their badges may be of their channel."""
    if line.user_id == broadcaster:
        return "broadcaster"
    if line.source is not None:
        return "everyone"
    badges = {badge for badge in line.badges if badge != "broadcaster"}
    return next((role for badge, role in _BADGES if badge in badges), "everyone")


def asker_of(line: Line, broadcaster: str) -> Asker:
    """Who asks, for the commands."""
    return Asker(line.name or line.login, role_of(line, broadcaster), id=line.user_id)


def counts(line: Line, policy: SharedChat) -> tuple[bool, bool]:
    """Whether a line is read for its mood, and whether its command is answered."""
    if line.source is None:
        return True, True
    return policy == "all", policy in ("commands", "all")
