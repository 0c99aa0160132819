"""What Twitch's drop reasons mean: `is_sent: false` comes with status 200. Pure."""

from typing import Final, NamedTuple


class Drop(NamedTuple):
    """What to do about a dropped message: `again` may help at once, `line` is for the streamer ("" says nothing)."""

    again: bool
    line: str


_MODERATOR: Final = "make the bot's account a moderator (/mod NAME in chat)."
_KNOWN: Final = {
    # The same words stand in chat already, sent less than 30 seconds ago.
    "msg_duplicate": Drop(False, ""),
    "msg_ratelimit": Drop(True, ""),
    "msg_slowmode": Drop(True, f"Slow mode holds answers back: {_MODERATOR}"),
    "msg_rejected": Drop(False, f"AutoMod holds an answer back: {_MODERATOR}"),
    "msg_rejected_mandatory": Drop(False, "AutoMod has dropped an answer: look at the words in LERA's templates."),
    "channel_settings": Drop(False, f"The chat's settings (followers-only …) drop answers: {_MODERATOR}"),
    "user_timed_out": Drop(False, "The account that LERA chats as is timed out; it answers again after that."),
    "msg_banned": Drop(False, "The account that LERA chats as is banned in this channel: unban it."),
    "msg_timedout": Drop(False, "The account that LERA chats as is timed out; it answers again after that."),
    "msg_followersonly": Drop(False, f"Followers-only mode drops answers: follow the channel, or {_MODERATOR}"),
    "msg_followersonly_followed": Drop(False, f"Followers-only mode drops answers yet: {_MODERATOR}"),
    "msg_followersonly_zero": Drop(False, f"Followers-only mode drops answers: follow the channel, or {_MODERATOR}"),
    "msg_subsonly": Drop(False, f"Subscribers-only mode drops answers: {_MODERATOR}"),
    "msg_emoteonly": Drop(False, f"Emote-only mode drops answers: {_MODERATOR}"),
    "msg_r9k": Drop(False, f"Unique-chat mode drops answers: {_MODERATOR}"),
    "msg_verified_email": Drop(False, "Twitch wants the bot's account to verify its e-mail address before it chats."),
    "msg_requires_verified_phone_number": Drop(
        False, "This channel wants the bot's account to verify its phone number before it chats."
    ),
}  # fmt: skip


def meaning(code: str) -> Drop:
    """The meaning of a drop reason's code. Unknown ones are not tried again, and are told as they are."""
    known = _KNOWN.get(code)
    if known is not None:
        return known
    shown = "".join(letter for letter in code if letter.isalnum() or letter == "_")[:40]
    return Drop(False, f"Twitch drops answers for a reason that LERA doesn't know ({shown or 'none given'}).")
