"""What LERA asks leave for on Twitch, and why: no scope without a feature that is switched on."""

from typing import Final, Literal

from msgspec import Struct

from bot.twitch.settings import TwitchSettings

Role = Literal["broadcaster", "bot"]
"""Which of the two accounts: the channel's own, or a second one that chats in its place."""


class Scope(Struct, frozen=True):
    """One scope: the feature that needs it, the setting that switches that off (None: always on), and whose leave."""

    name: str
    feature: str
    setting: Literal["clips", "markers"] | None
    chatting: bool


SCOPES: Final = (
    Scope("user:read:chat", "reads chat: commands, and what chat feels", None, chatting=True),
    Scope("user:write:chat", "answers in chat", None, chatting=True),
    Scope("clips:edit", "`!mood clip` makes a clip", "clips", chatting=False),
    Scope("channel:manage:broadcast", "marks moments in the stream", "markers", chatting=False),
)


def features_of(scopes: list[str]) -> dict[str, str]:
    """Each of these scopes with the feature that needs it, for people."""
    return {scope.name: scope.feature for scope in SCOPES if scope.name in scopes}


def scopes_for(role: Role, settings: TwitchSettings) -> list[str]:
    """The scopes to ask for. The broadcaster's account may chat too, so that one login is enough."""
    return [
        scope.name
        for scope in SCOPES
        if (scope.chatting or role == "broadcaster") and (scope.setting is None or getattr(settings, scope.setting))
    ]


def chat_scopes() -> set[str]:
    """Without these an account can't chat."""
    return {scope.name for scope in SCOPES if scope.chatting}
