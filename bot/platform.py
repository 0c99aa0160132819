"""What a streaming platform does for the show. The show runs without one; Twitch is one."""

from typing import Protocol


class Platform(Protocol):
    """The channel's own platform. All raise LeraError with one line for people when it can't or won't."""

    async def create_clip(self) -> str:
        """Clip the last moments of the stream; returns the clip's address (URL)."""

    async def create_marker(self, description: str) -> None:
        """Mark this moment in the recording, for editing."""

    async def say(self, text: str) -> None:
        """Write one line in the channel's chat, in reply to nobody."""
