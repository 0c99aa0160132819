"""Clips and stream markers, with Twitch's limits: both exist of a live stream only."""

from typing import Final

import msgspec
from msgspec import Struct

from bot.twitch.helix import Helix, Refused
from bot.twitch.settings import TwitchSettings
from bot.twitch.tokens import Keeper
from lera.errors import LeraError
from lera.redaction import redacted
from transport.limits import Rate

MAX_DESCRIPTION: Final = 140
CLIP_COOLDOWN: Final = 30.0
"""Seconds between two clips: a clip holds about as much, so that sooner ones would show the same."""
MARKER_COOLDOWN: Final = 5.0


class _Clip(Struct, frozen=True):
    id: str


class _Clips(Struct, frozen=True):
    data: list[_Clip]


class Moments:
    """Makes clips and markers with the broadcaster's token."""

    def __init__(self, settings: TwitchSettings) -> None:
        self._settings = settings
        self._clips = Rate(CLIP_COOLDOWN)
        self._markers = Rate(MARKER_COOLDOWN)

    async def create_clip(self, helix: Helix, keeper: Keeper, live: bool, now: float) -> str:
        """The address of a new clip; Twitch needs some seconds until it plays there. Raises LeraError."""
        if not self._settings.clips:
            raise LeraError("Clips are switched off: see [twitch] clips in config.toml.")
        channel = keeper.broadcaster
        _check(live, "clips:edit" in channel.scopes)
        if not self._clips.allow(now):
            raise LeraError(f"A clip was made less than {CLIP_COOLDOWN:.0f} seconds ago; try again soon.")
        try:
            answer = await helix.post_create_clip(broadcaster_id=channel.user_id, token_for=channel.user_id)
            clip = msgspec.convert(answer, _Clips).data[0].id
        except Refused as refused:
            raise _fault("clip", refused) from None
        except (msgspec.ValidationError, IndexError):
            raise LeraError("Twitch's answer about the clip can't be read; look for it in your clips.") from None
        if not clip.replace("-", "").replace("_", "").isalnum():
            raise LeraError("Twitch's answer about the clip can't be read; look for it in your clips.")
        return f"https://clips.twitch.tv/{clip}"

    async def create_marker(self, description: str, helix: Helix, keeper: Keeper, live: bool, now: float) -> None:
        """Mark this moment of the stream; more than 140 characters of description are cut. Raises LeraError."""
        if not self._settings.markers:
            raise LeraError("Markers are switched off: see [twitch] markers in config.toml.")
        channel = keeper.broadcaster
        _check(live, "channel:manage:broadcast" in channel.scopes)
        if not self._markers.allow(now):
            raise LeraError(f"A marker was set less than {MARKER_COOLDOWN:.0f} seconds ago; try again soon.")
        words = " ".join(description.split())[:MAX_DESCRIPTION]
        try:
            await helix.post_stream_marker(
                user_id=channel.user_id, token_for=channel.user_id, description=words or None
            )
        except Refused as refused:
            raise _fault("marker", refused) from None


def _check(live: bool, allowed: bool) -> None:
    if not allowed:
        raise LeraError("LERA's login doesn't allow that yet: log in again with `python run.py bot --login`.")
    if not live:
        raise LeraError("The channel is not live, so there is nothing to keep.")


def _fault(what: str, refused: Refused) -> LeraError:
    match refused.status:
        case 404:
            return LeraError(f"Twitch makes no {what} now: it says that the channel is not live.")
        case 403:
            return LeraError(f"Twitch makes no {what}: the channel's settings forbid it.")
        case 401:
            return LeraError("LERA's login doesn't allow that: log in again with `python run.py bot --login`.")
        case 429:
            return LeraError(f"Twitch makes no more {what}s just now; try again in a minute.")
    return LeraError(
        f"Twitch makes no {what} ({refused.status}: {redacted(refused.said)[:80]}); try again in a moment."
    )
