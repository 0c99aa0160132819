"""`is_sent: false` and its reasons."""

import json

import pytest

from bot.twitch.drops import meaning
from tests.conftest import SHARED

ORACLES = SHARED / "oracles" / "twitch" / "helix"


def test_a_duplicate_is_said_already_and_needs_no_word() -> None:
    assert meaning("msg_duplicate") == (False, "")


def test_too_fast_is_worth_another_try() -> None:
    assert meaning("msg_ratelimit").again


@pytest.mark.parametrize("code", ["msg_rejected", "msg_followersonly", "msg_subsonly", "channel_settings"])
def test_what_a_moderator_may_do_says_so(code: str) -> None:
    drop = meaning(code)
    assert not drop.again and "/mod" in drop.line


def test_an_unknown_reason_is_told_safely() -> None:
    drop = meaning("msg_new<script>\n" * 20)
    assert not drop.again and "msg_new" in drop.line and "<" not in drop.line and len(drop.line) < 150
    assert "none given" in meaning("").line


@pytest.mark.skipif(not ORACLES.is_dir(), reason="needs ../shared/oracles")
def test_the_documented_samples_are_understood() -> None:
    for path in ORACLES.glob("chat.send_chat_message*.json"):
        (result,) = json.loads(path.read_text("utf-8"))["data"]
        if not result["is_sent"]:
            assert meaning(result["drop_reason"]["code"]).line
