"""Who may join: links that are kept, expire and are taken back; persons; bans. And the file that outlives the bot."""

import asyncio
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot import access as module
from bot import access_file as access_file_module
from bot.access import DAY, Access, Kept
from bot.access_file import access_file, kept_access, read_kept
from bot.commands import Asker
from bot.keys import Keys, kept_key, kept_keys
from lera import files
from lera.errors import LeraError
from lera.redaction import MARK, redacted
from tests.bot.test_commands import Stage, ask
from tests.conftest import ROOT
from transport.refusal import Refusal
from transport.tokens import MOST_MARKS, Admission, Door, viewer_mark

VIEWER = "a" * 22
ANN, BOB = "aa" * 12, "bb" * 12
NOW = 1_800_000_000.0
KEYS = Keys("seed", person="person", used=True)


def access(kept: Kept | None = None, days: int = 90, now: float = NOW, keys: Keys = KEYS) -> Access:
    return Access("demo", keys, days, now, kept)


def admitted(of: Access, token: str, now: float = NOW) -> Admission:
    return Door(of.terms()).admit("demo", token, VIEWER, now)


def cause(of: Access, token: str, now: float = NOW, viewer: str = VIEWER) -> str:
    """Why a token doesn't let in; empty when it does."""
    try:
        Door(of.terms()).admit("demo", token, viewer, now)
    except Refusal as refusal:
        return refusal.cause
    return ""


def test_the_public_link_stays_the_same_until_half_of_it_is_over_and_never_runs_out_unseen() -> None:
    kept = Kept()
    first = access(kept).token(NOW)
    assert access(kept, now=NOW + 44 * DAY).token(NOW + 44 * DAY) == first, "also when the bot is started anew"
    later = access(kept, now=NOW + 46 * DAY)
    fresh = later.token(NOW + 46 * DAY)
    assert fresh != first and admitted(later, fresh).token_id == admitted(later, first).token_id
    assert cause(later, first, NOW + 89 * DAY) == "" and cause(later, first, NOW + 90 * DAY) == "expired"
    assert cause(later, fresh, NOW + 135 * DAY) == ""


def test_a_regular_viewer_gets_a_fresh_token_in_good_time_and_never_falls_out() -> None:
    doorman = access()
    token, now = doorman.token(NOW), NOW
    for _ in range(20):
        assert doorman.renewed(admitted(doorman, token, now), now + 44 * DAY) == ""
        now += 46 * DAY
        token = doorman.renewed(admitted(doorman, token, now), now)
    assert admitted(doorman, token, now).token_id == doorman.public.id
    assert doorman.renewed(Admission(), now) == "", "who came by no token needs none"


def test_links_by_name_are_made_and_taken_back_one_by_one() -> None:
    doorman = access()
    changes: list[str] = []
    doorman.on_change = changes.append
    discord, forum = doorman.add_link(" Disco\u202erd ", 7, NOW), doorman.add_link("Forum", 30, NOW)
    assert [link.label for link in doorman.links()] == ["Discord", "Forum"] and not changes
    joined = admitted(doorman, doorman.token_of(discord), NOW)
    assert cause(doorman, doorman.token_of(discord), NOW + 7 * DAY) == "expired"
    stays = doorman.renewed(joined, NOW + 6 * DAY)
    assert doorman.revoke(discord.id, NOW + 8 * DAY) and not doorman.revoke(discord.id, NOW + 8 * DAY)
    assert changes == [""]
    assert cause(doorman, stays, NOW + 8 * DAY) == "revoked", "whoever stayed by it is out as well"
    assert cause(doorman, doorman.token_of(forum)) == cause(doorman, doorman.token(NOW)) == ""
    with pytest.raises(LeraError, match="Give the link a name"):
        doorman.add_link("\u202e", 7, NOW)
    for number in range(module.MOST_LINKS - 1):
        doorman.add_link(f"{number}", 7, NOW)
    with pytest.raises(LeraError, match="take one back first"):
        doorman.add_link("one more", 7, NOW)


def test_taking_the_public_link_back_makes_another_and_a_revoked_id_is_kept_as_long_as_its_tokens_live() -> None:
    kept = Kept()
    doorman = access(kept)
    first = doorman.token(NOW)
    renewed = doorman.renewed(admitted(doorman, first), NOW + 46 * DAY)
    assert doorman.revoke(doorman.public.id, NOW + 46 * DAY)
    assert cause(doorman, first) == cause(doorman, renewed, NOW + 135 * DAY) == "revoked"
    assert cause(doorman, doorman.token(NOW + 46 * DAY), NOW + 46 * DAY) == ""
    last = NOW + (46 + 90) * DAY
    assert access(kept, now=last - 1).terms().revoked and cause(access(kept, now=last), renewed, last) == "expired"
    assert not access(kept, now=last + 1).terms().revoked


def test_renewing_ends_all_links_and_tokens_and_no_ban() -> None:
    keys = Keys("seed", person="person")
    doorman = access(keys=keys)
    named = doorman.token_of(doorman.add_link("Discord", 7, NOW))
    public, linked = doorman.token(NOW), doorman.linked(admitted(doorman, doorman.token(NOW)), ANN, NOW)
    doorman.ban([BOB], NOW)
    keys.renew("join")
    doorman.renew(NOW)
    assert {cause(doorman, token) for token in (named, public, linked)} == {"token"}
    assert cause(doorman, doorman.token(NOW)) == "" and not doorman.links() and doorman.is_banned(BOB)


def test_a_linked_token_says_who_somebody_is_until_they_unlink() -> None:
    doorman = access()
    came = admitted(doorman, doorman.token(NOW))
    first = doorman.linked(came, ANN, NOW)
    assert admitted(doorman, first).subject == ANN and admitted(doorman, first).token_id == came.token_id
    assert not admitted(doorman, doorman.anonymous(admitted(doorman, first), NOW)).linked
    # All within one second, as fast as anybody can type.
    for _ in range(3):
        doorman.unlinked(ANN, NOW + 0.5)
        assert not admitted(doorman, first).linked
        again = doorman.linked(came, ANN, NOW + 0.6)
        assert admitted(doorman, again).subject == ANN
        first = again
    doorman.unlinked(BOB, NOW + 1)
    assert admitted(doorman, first).subject == ANN, "one person's end is no other's"


def test_bans_are_by_person_and_by_viewer_and_lifted_by_name_or_from_the_list() -> None:
    doorman = access()
    came = admitted(doorman, doorman.token(NOW))
    token = doorman.linked(came, ANN, NOW)
    assert doorman.person("ann") is None
    doorman.meet(ANN, "Ann")
    assert doorman.person("@\uff21NN") == ANN
    doorman.ban([ANN, viewer_mark("demo", VIEWER)], NOW)
    assert cause(doorman, token) == cause(doorman, doorman.token(NOW)) == "banned"
    assert cause(doorman, token, viewer="b" * 22) == "banned", "another agent of the same person"
    assert cause(doorman, doorman.token(NOW), viewer="b" * 22) == "", (
        "the person can't be told, and is one more stranger"
    )
    assert not doorman.unban("bob", NOW) and doorman.unban("ann", NOW)
    assert cause(doorman, token) == ""
    doorman.ban([BOB], NOW)
    doorman.ban([BOB], NOW)
    (ban,) = doorman.bans
    assert doorman.lift(ban.id, NOW) and not doorman.lift(ban.id, NOW) and not doorman.is_banned(BOB)
    doorman.ban([ANN], NOW)
    doorman.ban([BOB], NOW)
    assert doorman.lift(None, NOW) and not doorman.bans


def test_a_platforms_ban_ends_when_they_write_again_and_the_streamers_does_not() -> None:
    doorman = access()
    doorman.ban([ANN], NOW, silenced=True)
    doorman.heard(ANN, NOW + 1)
    assert doorman.is_banned(ANN), "what was written before may come late"
    doorman.heard(BOB, NOW + 60)
    doorman.heard(ANN, NOW + 60)
    assert not doorman.is_banned(ANN)
    doorman.ban([ANN], NOW)
    doorman.ban([ANN], NOW, silenced=True)
    doorman.heard(ANN, NOW + 60)
    assert doorman.is_banned(ANN)


def test_it_outlives_the_bot_in_a_file_for_this_user_alone_that_holds_no_name(lera_home: Path) -> None:
    first = kept_access("demo", KEYS, 90, NOW)
    token = first.token_of(first.add_link("Discord", 7, NOW))
    first.meet(ANN, "annabel_lee")
    first.ban([ANN], NOW)
    path = access_file("demo")
    assert path.parent == lera_home
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    written = path.read_text("utf-8")
    assert "annabel" not in written and token not in written and first.token(NOW) not in written
    again = kept_access("demo", Keys("seed", person="person", used=True), 90, NOW)
    assert [again.token_of(link) for link in again.links()] == [token] and again.token(NOW) == first.token(NOW)
    assert again.unban("annabel_lee", NOW), "known by a keyed hash of the name"
    assert 'bans": []' in path.read_text("utf-8"), "and erased with the ban"
    assert kept_access("other", KEYS, 90, NOW).links() == []


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"bans": [{"id": "x"}]}', b'{"revoked": {"x": 1}}'])
def test_a_damaged_file_is_set_aside_and_said(
    lera_home: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    access_file("demo").write_bytes(content)
    assert not kept_access("demo", KEYS, 90, NOW).links()
    assert [("damaged" in record.message, "--new-link" in record.message) for record in caplog.records] == [(True,) * 2]
    assert (lera_home / "access-demo.broken.json").read_bytes() == content
    access_file("demo").write_bytes(b"again")
    kept_access("demo", KEYS, 90, NOW)
    assert (lera_home / "access-demo.broken.json").read_bytes() == content, "a second one doesn't overwrite it"
    assert (lera_home / "access-demo.2.broken.json").read_bytes() == b"again"


def test_a_list_that_is_gone_is_said_and_one_that_never_was_is_not(caplog: pytest.LogCaptureFixture) -> None:
    overlay = kept_key("demo", "overlay")
    assert kept_access("demo", kept_keys("demo"), 90, NOW).bans == [], "OBS was set up before the first show"
    kept_access("demo", kept_keys("demo"), 90, NOW)
    assert not caplog.text and kept_keys("demo").overlay == overlay
    access_file("demo").unlink()
    kept_access("demo", kept_keys("demo"), 90, NOW)
    assert "is gone" in caplog.text and "Nobody is banned any more" in caplog.text


def test_what_cannot_be_kept_holds_all_the_same_and_is_said(caplog: pytest.LogCaptureFixture) -> None:
    def full(_kept: Kept) -> bool:
        raise LeraError("Can't write it (no space left).")

    doorman = Access("demo", KEYS, 90, NOW, None, full)
    doorman.ban([ANN], NOW)
    assert doorman.is_banned(ANN) and "hold until the bot ends" in doorman.fault
    assert "no space left" in caplog.text


def test_what_is_kept_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 5)
    monkeypatch.setattr(module, "MOST_BANS", 5)
    doorman = access()
    doorman.REMEMBERED = 5  # type: ignore[misc]
    for number in range(12):
        subject: Any = f"{number:024x}"
        doorman.unlinked(subject, NOW + number)
        doorman.meet(subject, f"name{number}")
        doorman.ban([subject], NOW)
    terms = doorman.terms()
    assert len(terms.ended) == len(terms.banned) == 5 and f"{11:024x}" in terms.ended
    assert doorman.person("name0") is None and doorman.person("name11") is not None
    assert len(msgspec.msgpack.encode(terms)) < 500


def test_moderators_ban_by_name_and_are_told_what_became_of_it() -> None:
    stage, moderator = Stage(), Asker("mod", "moderator")
    assert ask("!mood ban @ann and more", stage, moderator).startswith("Done: ann is out")
    assert stage.done == [("ban", "ann")]
    assert ask("!mood ban nobody", stage, moderator).startswith("Nobody linked goes by nobody here")
    assert ask("!mood ban", stage, moderator) == "!mood ban NAME bans a linked chatter from the mood."
    assert ask("!mood unban ann", stage, moderator) == "Done: ann may join the mood again."
    assert "Nobody is banned" in ask("!mood unban bob", stage, moderator)
    assert "封鎖" in ask("!mood unban bob", stage, moderator, language="zh-TW")


def test_thousands_of_viewers_tokens_push_no_key_out_of_what_logs_leave_out() -> None:
    keys = Keys()
    doorman = access(keys=keys)
    came = admitted(doorman, doorman.token(NOW))
    for number in range(300):
        doorman.linked(came, f"{number:024x}", NOW)
    said = redacted(f"{keys.streamer} {keys.overlay} {keys.join} {doorman.token(NOW)}")
    assert said.split() == [MARK] * 4


def test_of_too_many_bans_the_oldest_end_and_that_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    access = Access("demo", KEYS, 90, NOW)
    many = MOST_MARKS // 2
    for turn in range(4):
        access.ban([f"{turn * many + number:024x}" for number in range(many)], NOW + turn)
    assert len(access.bans) == 2 and len(access.terms().banned) == MOST_MARKS
    assert access.is_banned(f"{3 * many:024x}") and not access.is_banned(f"{many:024x}")
    assert [record.message for record in caplog.records] == ["There are too many bans: the oldest no longer hold."]


async def test_on_a_loop_it_is_written_in_a_thread_in_order_and_whoever_waits_finds_it_on_the_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    doorman = kept_access("demo", KEYS, 90, NOW)
    await doorman.settled()
    begun, go_on, write = threading.Event(), threading.Event(), files.write_private
    written: list[bytes] = []

    def slowly(path: Path, content: bytes) -> None:
        assert threading.current_thread() is not threading.main_thread()
        begun.set()
        go_on.wait(10)
        write(path, content)
        written.append(content)

    monkeypatch.setattr(access_file_module, "write_private", slowly)
    for number in range(20):
        doorman.ban([f"{number:024x}"], NOW)
        assert number or await asyncio.to_thread(begun.wait, 10)
    assert written == [], "the loop goes on meanwhile"
    go_on.set()
    await doorman.settled()
    assert len(written) == 2, "the first, and the newest of all others"
    kept = read_kept("demo")
    assert kept is not None and kept.bans == doorman.bans and len(kept.bans) == 20


async def test_what_a_thread_cannot_write_is_said_and_forgotten_when_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    doorman = kept_access("demo", KEYS, 90, NOW)

    def full(path: Path, content: bytes) -> None:
        raise LeraError(f"Can't write {len(content)} bytes to {path.name} (no space left).")

    with monkeypatch.context() as broken:
        broken.setattr(access_file_module, "write_private", full)
        doorman.ban([ANN], NOW)
        await doorman.settled()
        assert doorman.is_banned(ANN) and "no space left" in doorman.fault
    doorman.ban([BOB], NOW)
    await doorman.settled()
    kept = read_kept("demo")
    assert not doorman.fault and kept is not None and len(kept.bans) == 2


def test_what_was_said_to_be_done_outlives_a_kill() -> None:
    """A program that bans, waits, says so, and is killed in the middle of the next write."""
    program = (
        "import asyncio, os, signal, sys\n"
        "from bot.access_file import kept_access\n"
        "from bot.keys import Keys, kept_key, kept_keys\n"
        "async def run():\n"
        "    access = kept_access('demo', Keys('seed', person='person'), 90, 1.8e9)\n"
        "    for number in range(10_000):\n"
        "        access.ban([f'{number:024x}'], 1.8e9)\n"
        "        await access.settled()\n"
        "        print(number, flush=True)\n"
        "asyncio.run(run())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for _ in range(25):
            done = int(running.stdout.readline())
        running.kill()
        said = running.stdout.read().splitlines()
        done = int(said[-1]) if said and said[-1].isdigit() else done
    kept = read_kept("demo")
    assert kept is not None and len(kept.bans) >= done + 1
