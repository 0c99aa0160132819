"""What EventSub tells: the events, field by field as the public documentation's samples have them."""

from typing import Any

from tests.standins.twitch.clock import Clock
from tests.standins.twitch.people import User

COLOUR = "#00FF7F"


def chat_message(
    channel: User,
    chatter: User,
    message_id: str,
    text: str,
    reply: dict[str, Any] | None = None,
    source: tuple[User, str] | None = None,
) -> dict[str, Any]:
    """`source` is the channel and the message id of a shared chat's other side.

    Twitch puts the name of who is answered in front of a reply's text.
    """
    fragments = [_fragment(text)]
    if reply is not None:
        name = f"@{reply['parent_user_name']}"
        who = {"user_id": "parent_user_id", "user_login": "parent_user_login", "user_name": "parent_user_name"}
        mention = {key: reply[value] for key, value in who.items()}
        fragments = [{**_fragment(name), "type": "mention", "mention": mention}, _fragment(f" {text}")]
        text = f"{name} {text}"
    event: dict[str, Any] = {
        **_broadcaster(channel),
        "chatter_user_id": chatter.id,
        "chatter_user_login": chatter.login,
        "chatter_user_name": chatter.name,
        "message_id": message_id,
        "message": {"text": text, "fragments": fragments},
        "color": COLOUR,
        "badges": channel.badges(chatter.id),
        "message_type": "text",
        "cheer": None,
        "reply": reply,
        "channel_points_custom_reward_id": None,
        "channel_points_animation_id": None,  # on the wire, though not in the documentation's sample
        "source_broadcaster_user_id": None,
        "source_broadcaster_user_login": None,
        "source_broadcaster_user_name": None,
        "source_message_id": None,
        "source_badges": None,
    }
    if source is not None:
        where, source_message_id = source
        event |= {
            "source_broadcaster_user_id": where.id,
            "source_broadcaster_user_login": where.login,
            "source_broadcaster_user_name": where.name,
            "source_message_id": source_message_id,
            "source_badges": where.badges(chatter.id),
            "is_source_only": False,
        }
    return event


def reply_to(parent: dict[str, Any]) -> dict[str, Any]:
    """The reply field of an answer to the message that `parent` told of; a thread is named by its first message."""
    thread = parent["reply"]
    return {
        "parent_message_id": parent["message_id"],
        "parent_message_body": parent["message"]["text"],
        "parent_user_id": parent["chatter_user_id"],
        "parent_user_login": parent["chatter_user_login"],
        "parent_user_name": parent["chatter_user_name"],
        "thread_message_id": thread["thread_message_id"] if thread else parent["message_id"],
        "thread_user_id": thread["thread_user_id"] if thread else parent["chatter_user_id"],
        "thread_user_login": thread["thread_user_login"] if thread else parent["chatter_user_login"],
        "thread_user_name": thread["thread_user_name"] if thread else parent["chatter_user_name"],
    }


def clear_user_messages(channel: User, user: User) -> dict[str, Any]:
    return {
        **_broadcaster(channel),
        "target_user_id": user.id,
        "target_user_login": user.login,
        "target_user_name": user.name,
    }


def stream_online(channel: User, clock: Clock) -> dict[str, Any]:
    assert channel.stream is not None
    started = clock.timestamp(channel.stream.started)
    return {"id": channel.stream.id, **_broadcaster(channel), "type": "live", "started_at": started}


def stream_offline(channel: User, stream_id: str) -> dict[str, Any]:
    return {"id": stream_id, **_broadcaster(channel)}


def channel_update(channel: User) -> dict[str, Any]:
    return {
        **_broadcaster(channel),
        "title": channel.title,
        "language": channel.language,
        "category_id": channel.category[0],
        "category_name": channel.category[1],
        "content_classification_labels": channel.labels,
    }


def _fragment(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "cheermote": None, "emote": None, "mention": None}


def _broadcaster(channel: User) -> dict[str, str]:
    return {
        "broadcaster_user_id": channel.id,
        "broadcaster_user_login": channel.login,
        "broadcaster_user_name": channel.name,
    }
