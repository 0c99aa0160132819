"""Why an EventSub socket ended, and what that asks for. Pure.

Codes of https://dev.twitch.tv/docs/eventsub/handling-websocket-events, and WebSocket's own.
"""

from typing import Final

from bot.twitch.faults import LoginNeeded, Stopped, Unreachable, login_line
from lera.errors import LeraError

SILENT: Final = -1
"""In place of a code: nothing was heard for longer than Twitch promised."""
LOST: Final = 1006
"""WebSocket's own code for an end without a goodbye."""
INBOUND: Final = 4001

_CAUSES: Final = {
    SILENT: "it went silent",
    4000: "an error of Twitch's own",
    INBOUND: "Twitch says that LERA sent something, which it must not",
    4002: "a ping wasn't answered in time",
    4003: "the subscription came too late",
    4004: "the move to another server took too long",
    4005: "a time-out in the network",
    4006: "an error in the network",
    4007: "the address to move to was not valid",
}


def ending(code: int, times: int = 1) -> LeraError:
    """The fault that a close code amounts to, after it came `times` times in a row with no working connection between.

    Nearly all are mended by connecting anew. One that says that LERA itself does wrong is believed the third time.
    """
    cause = _CAUSES.get(code, "the connection was lost")
    if code == INBOUND and times >= 3:
        return Stopped(f"Twitch ends the connection each time: {cause}. Update LERA, and restart it.")
    shown = f" ({code})" if code >= 4000 else ""
    return Unreachable(f"Twitch's chat connection ended: {cause}{shown}; LERA connects again by itself.")


def revocation(status: str, role_of_chat: str) -> LeraError:
    """The fault that a revoked subscription amounts to."""
    match status:
        case "authorization_revoked":
            return LoginNeeded(login_line("LERA's leave to read chat was taken back on Twitch.", role_of_chat))
        case "user_removed":
            return Stopped("The account that LERA chats as, or the channel, is gone from Twitch: log in anew.")
        case "version_removed":
            return Stopped("Twitch no longer offers what LERA subscribes to: update LERA.")
        case "chat_user_banned":
            return Stopped("The account that LERA chats as is banned in this channel: unban it and restart LERA.")
    return Unreachable("Twitch ended a subscription; LERA subscribes again by itself.")


def refused_subscription(status: int, said: str, role_of_chat: str) -> LeraError:
    """The fault that a refused subscription to chat amounts to."""
    if status == 401 or (status == 403 and "banned" not in said.lower()):
        return LoginNeeded(login_line("Twitch doesn't let LERA read this chat.", role_of_chat))
    if status == 403:
        return Stopped("The account that LERA chats as is banned in this channel: unban it and restart LERA.")
    if status == 429:
        return Unreachable(
            "Twitch allows three connections for each account, and all are in use: is another LERA running?", after=10.0
        )
    if 400 <= status < 500:
        return Unreachable(f"Twitch refuses the chat subscription ({status}); LERA tries again by itself.")
    return Unreachable(f"Twitch is out of order ({status}); LERA tries again by itself.")
