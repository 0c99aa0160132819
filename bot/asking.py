"""Who asks in chat, and what the commands may look at and do."""

from typing import Literal, Protocol

from msgspec import Struct

from bot.command_settings import Role
from bot.crowd import Mood
from bot.peaks import Peaks
from bot.privacy import Noise
from bot.streamer_side import StreamerSide
from transport.reading import Probabilities

Felt = Literal["counted", "face", "off"]
"""What became of a vote: it counts, the voter's face counts already, or chat doesn't vote here."""


class Asker(Struct, frozen=True):
    """Who typed the command, in the highest role that they have.

    `viewer` is the opaque key of the agent that is known to be theirs, if any. `id` is the platform's id of who wrote
    it, as in `ChatMessage.chatter`: without one, nothing can be kept, forgotten or linked for them.
    """

    name: str
    role: Role = "everyone"
    viewer: str | None = None
    id: str = ""


class ClipWanted(Struct, frozen=True):
    """The one thing that can't be done at once: `Commands.clipped` and the others say how it went."""

    asker: Asker


class Bans(Protocol):
    """Who may not take part."""

    def ban(self, name: str) -> bool:
        """Ban the linked chatter of this name. False when nobody linked goes by it."""

    def unban(self, name: str) -> bool:
        """Let who was banned by this name in again. False when nobody was."""


class Stage(Protocol):
    """What the commands may look at, and do. Nothing here waits."""

    mood: Mood
    peaks: Peaks
    streamer_side: StreamerSide
    noise: Noise

    @property
    def roster(self) -> Bans:
        """Who is banned, and bans."""

    @property
    def started(self) -> float:
        """When the stream began, in seconds by the show's clock."""

    @property
    def paused(self) -> bool:
        """Whether the mood rests."""

    def reading_of(self, viewer: str) -> Probabilities | None:
        """The viewer's own counted reading."""

    def may_tell(self, viewer: str) -> bool:
        """Whether to tell it in public says nothing of another viewer. True: it will be told."""

    def feel(self, asker: Asker, emotion: str) -> Felt:
        """Count a vote without a camera."""

    def link(self, asker: Asker, code: str) -> bool:
        """Tie the agent that shows this code to who asks. False when no agent does."""

    def forget_chatter(self, asker: Asker) -> None:
        """Erase whatever is kept of who asks."""

    def pause(self, paused: bool) -> None:
        """Let the mood rest, or wake it."""

    def reset(self) -> None:
        """Forget all votes and peaks."""

    def show_overlay(self, shown: bool) -> None:
        """Show or hide the overlay."""

    def show_line(self, text: str, seconds: float) -> bool:
        """Show a line on the overlay. False, and nothing happens, while that is hidden."""
