"""The crowd that a show's settings ask for."""

from collections.abc import Mapping

from bot.crowd import ChatVotes, Crowd
from bot.privacy import Noise
from bot.settings import Settings
from transport.masking import Masking


def crowd_for(settings: Settings, viewers: Mapping[str, str]) -> Crowd:
    """`viewers` names the viewer that a chatter is known to be, by their keys; it may change at any time."""
    minimum, chat = settings.crowd.minimum_viewers, settings.chat
    return Crowd(
        minimum,
        settings.crowd.expiry,
        ChatVotes(chat.weight, chat.half_life, chat.expiry),
        viewers,
        settings.crowd.trim,
        Masking(minimum, on=settings.privacy.mask_changes),
        Noise(settings.privacy),
    )
