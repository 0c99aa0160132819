"""The file of links and bans: what is lost with the keys, and what a disk that takes nothing costs."""

import pytest

from bot.access_file import kept_access, read_kept
from bot.keys import kept_keys
from lera.vault import secrets_file

ANN, BOB = "aa" * 12, "bb" * 12
NOW = 1_800_000_000.0


def test_bans_whose_key_is_lost_are_dropped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    access = kept_access("demo", kept_keys("demo"), 90, NOW)
    access.ban([ANN], NOW)
    access.ban([BOB], NOW)
    link = access.add_link("Discord", 30, NOW)
    access.revoke(access.add_link("leaked", 30, NOW).id, NOW)
    assert len(kept_access("demo", kept_keys("demo"), 90, NOW).bans) == 2 and not caplog.text

    secrets_file().unlink()
    after = kept_access("demo", kept_keys("demo"), 90, NOW)
    (said,) = [record.message for record in caplog.records]
    assert "give viewers the new links" in said and "2 of your bans can't be recognised" in said and "\n" not in said
    kept = read_kept("demo")
    assert kept is not None and kept.bans == after.bans == [], "none is listed that would let everybody in"
    assert after.links() == [link] and len(kept.revoked) == 1
    caplog.clear()
    kept_access("demo", kept_keys("demo"), 90, NOW)
    assert not caplog.text, "it is said once"


def test_links_whose_key_is_lost_are_said_without_a_word_of_bans(caplog: pytest.LogCaptureFixture) -> None:
    kept_access("demo", kept_keys("demo"), 90, NOW)
    secrets_file().unlink()
    kept_access("demo", kept_keys("demo"), 90, NOW)
    assert "give viewers the new links" in caplog.text and "recognised" not in caplog.text
