"""A strict local Twitch: identity with device codes, Helix, and the EventSub WebSocket.

    async with standin() as twitch:
        ...
        await twitch.say("ann", "!mood")
        await twitch.until(lambda: len(twitch.sent) == 1)

It refuses what Twitch refuses. `python -m tests.standins.twitch` runs it by hand.
"""

from tests.standins.twitch.chat import Sent
from tests.standins.twitch.faults import DROP
from tests.standins.twitch.refusal import Refusal
from tests.standins.twitch.twitch import (
    BOT,
    CLIENT_ID,
    CONFIDENTIAL_ID,
    CONFIDENTIAL_SECRET,
    STREAMER,
    Twitch,
    standin,
)

__all__ = [
    "BOT",
    "CLIENT_ID",
    "CONFIDENTIAL_ID",
    "CONFIDENTIAL_SECRET",
    "DROP",
    "STREAMER",
    "Refusal",
    "Sent",
    "Twitch",
    "standin",
]
