"""Clips and stream markers, which exist only of a stream that is live."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.standins.twitch.clock import Clock
from tests.standins.twitch.identity import Caller
from tests.standins.twitch.people import People, User
from tests.standins.twitch.refusal import Refusal

LONGEST_DESCRIPTION: Final = 140
SHORTEST_CLIP, LONGEST_CLIP = 5.0, 60.0


@dataclass
class Moments:
    clock: Clock
    people: People
    clips: list[dict[str, Any]] = field(default_factory=list)
    markers: list[dict[str, Any]] = field(default_factory=list)

    def clip(self, caller: Caller, fields: Mapping[str, str]) -> dict[str, Any]:
        creator = caller.must_be_user()
        caller.must_have("clips:edit")
        channel = self._channel(fields.get("broadcaster_id", ""), "broadcaster_id")
        duration = _number(fields.get("duration", "30"), "duration")
        if not SHORTEST_CLIP <= duration <= LONGEST_CLIP:
            raise Refusal(400, "The duration must be between 5 and 60 seconds")
        if channel.stream is None:
            raise Refusal(404, "Clipping is not possible for an offline channel.")
        slug = f"AnOddlySpecific{secrets.token_hex(4)}"
        self.clips.append(
            {
                "id": slug,
                "url": f"https://clips.twitch.tv/{slug}",
                "embed_url": f"https://clips.twitch.tv/embed?clip={slug}",
                "broadcaster_id": channel.id,
                "broadcaster_name": channel.name,
                "creator_id": creator.id,
                "creator_name": creator.name,
                "video_id": "205586603",
                "game_id": channel.category[0],
                "language": channel.language,
                "title": fields.get("title") or channel.title,
                "view_count": 0,
                "created_at": self.clock.timestamp(),
                "thumbnail_url": f"https://clips-media-assets2.twitch.tv/{slug}-preview-480x272.jpg",
                "duration": duration,
                "vod_offset": int(self.clock.now() - channel.stream.started),
                "is_featured": False,
            }
        )
        return {"data": [{"id": slug, "edit_url": f"http://clips.twitch.tv/{slug}/edit"}]}

    def clips_of(self, fields: Mapping[str, str]) -> dict[str, Any]:
        chosen = [key for key in ("id", "broadcaster_id", "game_id") if fields.get(key)]
        if len(chosen) != 1:
            raise Refusal(400, "Exactly one of id, broadcaster_id and game_id is required")
        found = [clip for clip in self.clips if clip[chosen[0]] == fields[chosen[0]]]
        return {"data": found, "pagination": {}}

    def mark(self, caller: Caller, fields: Mapping[str, Any]) -> dict[str, Any]:
        caller.must_have("channel:manage:broadcast")
        channel = self._channel(str(fields.get("user_id") or ""), "user_id")
        description = fields.get("description") or ""
        if not isinstance(description, str) or len(description) > LONGEST_DESCRIPTION:
            raise Refusal(400, "The description is longer than 140 characters")
        if caller.must_be_user() is not channel:
            raise Refusal(403, "The user in the access token is neither the broadcaster nor an editor")
        if channel.stream is None:
            raise Refusal(404, "The streamer in the user_id field is not streaming live")
        marker = {
            "id": secrets.token_hex(8),
            "created_at": self.clock.timestamp(),
            "description": description,
            "position_seconds": int(self.clock.now() - channel.stream.started),
        }
        self.markers.append(marker)
        return {"data": [marker]}

    def _channel(self, user_id: str, key: str) -> User:
        if not user_id:
            raise Refusal(400, f"The {key} parameter is required")
        user = self.people.find(user_id=user_id)
        if user is None:
            raise Refusal(404, f"The user in {key} does not exist")
        return user


def _number(text: str, key: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Refusal(400, f"The {key} is not a number") from None
