"""Each close code, status and revocation has its right answer: try again, log in again, or stop and say why."""

import pytest

from bot.twitch.endings import INBOUND, LOST, SILENT, ending, refused_subscription, revocation
from bot.twitch.faults import LoginNeeded, Stopped, Unreachable

KNOWN = [4000, 4001, 4002, 4003, 4004, 4005, 4006, 4007]


@pytest.mark.parametrize("code", [*KNOWN, LOST, SILENT, 1000, 1001, 1011, 4999])
def test_an_ended_connection_is_made_again(code: int) -> None:
    assert isinstance(ending(code), Unreachable)


def test_every_code_of_twitchs_has_a_cause_of_its_own() -> None:
    assert len({str(ending(code)) for code in (*KNOWN, LOST, SILENT)}) == len(KNOWN) + 2
    assert all(str(code) in str(ending(code)) for code in KNOWN)


def test_only_a_fault_of_our_own_stops_it_and_only_when_it_comes_again_and_again() -> None:
    assert isinstance(ending(INBOUND, 2), Unreachable) and isinstance(ending(INBOUND, 3), Stopped)
    assert isinstance(ending(4000, 100), Unreachable)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("authorization_revoked", LoginNeeded), ("user_removed", Stopped), ("version_removed", Stopped),
        ("chat_user_banned", Stopped), ("something_new", Unreachable),
    ],
)  # fmt: skip
def test_revocations(status: str, kind: type[Exception]) -> None:
    assert type(revocation(status, "bot")) is kind


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (401, "Invalid OAuth token", LoginNeeded),
        (403, "subscription missing proper authorization", LoginNeeded),
        (403, "The user is banned in this channel", Stopped),
        (400, "websocket transport session does not exist or has already disconnected", Unreachable),
        (429, "number of websocket transports limit exceeded", Unreachable),
        (500, "", Unreachable),
    ],
)
def test_refused_subscriptions(status: int, said: str, kind: type[Exception]) -> None:
    assert type(refused_subscription(status, said, "broadcaster")) is kind


def test_the_bots_login_is_asked_for_by_its_own_command() -> None:
    assert "--login bot`" in str(revocation("authorization_revoked", "bot"))
    assert "--login`" in str(revocation("authorization_revoked", "broadcaster"))
