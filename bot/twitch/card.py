"""What dashboard and doctor see of Twitch: a state, one line, and a login that waits for a person."""

from typing import Any, Literal, Protocol

from bot.twitch.scopes import Role
from bot.twitch.settings import TwitchSettings
from lera.errors import LeraError

State = Literal["off", "unset", "connecting", "connected", "waiting", "login", "stopped"]

UNSET = "Twitch is not set up: put your app's id into [twitch] client_id, as `For streamers` in the README says."
OFF = "Twitch is switched off ([twitch] enabled)."


class Card(Protocol):
    """Twitch, as pages look at it."""

    @property
    def state(self) -> State:
        """In one word."""

    @property
    def line(self) -> str:
        """In one line: what is, and what to do."""

    @property
    def note(self) -> str:
        """Why the last login came to nothing, if it did."""

    def login_card(self) -> dict[str, Any] | None:
        """Of a login that waits: whose it is, the code, link and QR code (a `data:` address), and what LERA asks leave
        for: each scope with its feature."""

    async def begin_login(self, role: Role) -> None:
        """Ask Twitch for a login code, which then stands in `login_card`. Raises LeraError."""


class Absent:
    """Twitch, where it is not set up or switched off."""

    def __init__(self, settings: TwitchSettings) -> None:
        self.state: State = "unset" if settings.enabled else "off"
        self.line = UNSET if settings.enabled else OFF
        self.note = ""

    def login_card(self) -> dict[str, Any] | None:
        """None waits."""
        return None

    async def begin_login(self, role: Role) -> None:  # noqa: ARG002
        """Not without an app."""
        raise LeraError(self.line)


def is_set_up(settings: TwitchSettings) -> bool:
    """Whether the show is to connect to Twitch."""
    return settings.enabled and bool(settings.client_id)
