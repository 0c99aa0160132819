"""Who is who in Twitch's chat, after the documented samples."""

import json
from typing import Any

import pytest
from twitchio.models.eventsub_ import create_event_instance

from bot.twitch.intake import Line, asker_of, counts, line_of, role_of
from bot.twitch.session import MAY_LACK
from tests.conftest import SHARED

ORACLES = SHARED / "oracles" / "twitch" / "eventsub"


def line(**changes: object) -> Line:
    """A line of ann's, or another."""
    return Line(**{"id": "1", "user_id": "7", "login": "ann", "name": "Ann", "text": "!mood", **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("badges", "role"),
    [
        ((), "everyone"),
        (("sub-gifter", "premium"), "everyone"),
        (("subscriber",), "subscriber"),
        (("founder",), "subscriber"),
        (("subscriber", "vip"), "vip"),
        (("vip", "moderator"), "moderator"),
        (("lead_moderator",), "moderator"),
    ],
)
def test_the_highest_badge_is_the_role(badges: tuple[str, ...], role: str) -> None:
    assert role_of(line(badges=badges), "1") == role


def test_the_broadcaster_is_known_by_the_account_and_not_by_a_badge() -> None:
    assert role_of(line(user_id="1"), "1") == "broadcaster"
    assert role_of(line(badges=("broadcaster",)), "1") == "everyone"


def test_guests_have_no_role_here() -> None:
    assert role_of(line(badges=("moderator",), source="2"), "1") == "everyone"


def test_the_asker_has_name_role_and_id() -> None:
    asker = asker_of(line(badges=("vip",)), "1")
    assert (asker.name, asker.role, asker.id) == ("Ann", "vip", "7")


def test_the_name_in_front_of_a_reply_is_no_part_of_it() -> None:
    assert line(text="@bob !mood top", reply_to="9").words == "!mood top"
    assert line(text="@bob !mood top").words == "@bob !mood top"


def test_own_chat_always_counts_and_guests_as_the_setting_says() -> None:
    assert counts(line(), "ignore") == (True, True)
    guest = line(source="2")
    assert [counts(guest, policy) for policy in ("ignore", "commands", "all")] == [
        (False, False), (False, True), (True, True),
    ]  # fmt: skip


def test_neither_words_nor_names_are_in_its_repr() -> None:
    assert "mood" not in repr(line()) and "nn" not in repr(line())


@pytest.mark.skipif(not ORACLES.is_dir(), reason="needs ../shared/oracles")
@pytest.mark.parametrize(("sample", "source"), [("channel.chat.message", None), ("channel.chat.message.2", "112233")])
def test_the_documented_samples_are_read(sample: str, source: str | None) -> None:
    payload = json.loads((ORACLES / f"{sample}.json").read_text("utf-8"))
    payload["event"] = {**MAY_LACK, **payload["event"]}
    message: Any = {"metadata": {}, "payload": payload}
    read = line_of(create_event_instance("channel.chat.message", message, http=None))
    assert (read.login, read.text, read.source) == ("viewer32", "Hi chat", source)
    assert read.badges == ("moderator", "subscriber", "sub-gifter")
    assert role_of(read, "1971641") == ("moderator" if source is None else "everyone")
