"""The file of links and bans: what is lost with the keys, and what a disk that takes nothing costs."""

import asyncio
import logging
import threading
from pathlib import Path

import pytest

from bot import access_file as module
from bot.access_file import Keeper, access_file, kept_access, read_kept
from bot.commands import Asker
from bot.keys import Keys, kept_keys
from bot.settings import ChannelSettings, Settings
from bot.show import Show
from lera import files
from lera.errors import LeraError
from lera.vault import secrets_file
from tests.bot.stage import PATIENCE, eventually

ANN, BOB = "aa" * 12, "bb" * 12
NOW = 1_800_000_000.0
KEYS = Keys("seed", person="person")
FULL = "Can't write it (No space left on device); free some disk space."


class Disk:
    """A disk that can be full, and held up in the middle of a write."""

    def __init__(self) -> None:
        self.full = self.slow = False
        self.writes = 0
        self.begun, self.turns = threading.Semaphore(0), threading.Semaphore(0)

    async def has_begun(self) -> None:
        """Wait until one more write of a slow disk has begun; `turns.release()` lets it go on."""
        assert await asyncio.to_thread(self.begun.acquire, timeout=PATIENCE)

    def write(self, path: Path, content: bytes) -> None:
        if self.slow:
            self.begun.release()
            assert self.turns.acquire(timeout=PATIENCE)
        self.writes += 1
        if self.full:
            raise LeraError(FULL)
        files.write_private(path, content)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    monkeypatch.setattr(module, "write_private", made.write)
    return made


def banned() -> int:
    """How many bans are on the disk."""
    kept = read_kept("demo")
    return 0 if kept is None else len(kept.bans)


def test_a_list_whose_keys_are_lost_is_set_aside_and_holds_again_with_them(
    lera_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    access = kept_access("demo", kept_keys("demo"), 90, NOW)
    access.ban([ANN], NOW)
    access.ban([BOB], NOW)
    access.add_link("Discord", 30, NOW)
    listed, keys = access_file("demo").read_bytes(), secrets_file().read_bytes()
    assert len(kept_access("demo", kept_keys("demo"), 90, NOW).bans) == 2 and not caplog.text

    secrets_file().unlink()
    after = kept_access("demo", kept_keys("demo"), 90, NOW)
    (said,) = [record.message for record in caplog.records]
    assert "all links and 2 bans have ended" in said and "access-demo.broken.json" in said and "\n" not in said
    assert not after.bans and not after.links(), "none is listed that would let everybody in"
    assert (lera_home / "access-demo.broken.json").read_bytes() == listed
    caplog.clear()
    kept_access("demo", kept_keys("demo"), 90, NOW)
    assert not caplog.text, "it is said once"

    secrets_file().write_bytes(keys)
    (lera_home / "access-demo.broken.json").replace(access_file("demo"))
    assert kept_access("demo", kept_keys("demo"), 90, NOW).is_banned(ANN) and not caplog.text


async def test_what_a_full_disk_refuses_is_written_by_itself_when_there_is_room_again(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(Keeper, "AGAIN", 0.01)
    access = kept_access("demo", KEYS, 90, NOW)
    await access.settled()
    disk.full = True
    access.ban([ANN], NOW)
    access.ban([BOB], NOW)
    async with asyncio.timeout(PATIENCE):
        await access.settled()
    assert "free some disk space" in access.fault and banned() == 0
    before = disk.writes
    await eventually(lambda: disk.writes >= before + 5)
    assert access.is_banned(ANN) and access.is_banned(BOB)
    disk.full = False
    await eventually(lambda: not access.fault)
    assert banned() == 2
    said = [record.message for record in caplog.records]
    assert len(said) == 2 and said[0].startswith(FULL) and said[1] == "Links and bans are written again.", "said once"
    written = disk.writes
    await asyncio.sleep(0.05)
    assert disk.writes == written, "what is on the disk is not tried again"
    access.close()


async def test_what_is_refused_until_the_end_is_tried_once_more_then(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    access = kept_access("demo", KEYS, 90, NOW)
    await access.settled()
    disk.full = True
    access.ban([ANN], NOW)
    await access.settled()
    disk.full = False
    access.close()
    assert banned() == 1
    assert "end with the show" not in caplog.text

    disk.full = True
    access.ban([BOB], NOW)
    await access.settled()
    access.close()
    assert banned() == 1 and f"{FULL} The newest links and bans end with the show." in caplog.text


async def test_at_the_end_what_has_not_been_begun_is_written_too(disk: Disk) -> None:
    access = kept_access("demo", KEYS, 90, NOW)
    await access.settled()
    disk.slow = True
    access.ban([ANN], NOW)
    await disk.has_begun()
    access.ban([BOB], NOW)
    disk.turns.release(2)
    access.close()
    assert banned() == 2


async def test_who_waits_for_a_change_does_not_wait_for_later_ones(disk: Disk) -> None:
    access = kept_access("demo", KEYS, 90, NOW)
    await access.settled()
    disk.slow = True
    access.ban([ANN], NOW)
    first = asyncio.ensure_future(access.settled())
    await disk.has_begun()
    access.ban([BOB], NOW)
    later = asyncio.ensure_future(access.settled())
    disk.turns.release()
    async with asyncio.timeout(PATIENCE):
        await first
    assert banned() == 1 and not later.done()
    disk.turns.release()
    async with asyncio.timeout(PATIENCE):
        await later
    assert banned() == 2


async def test_of_chat_only_what_changes_links_or_bans_waits_for_the_disk() -> None:
    show = Show(Settings(ChannelSettings("demo")), KEYS, None, lambda: NOW)
    waited: list[int] = []

    async def settled() -> None:
        waited.append(show.access.edition)

    show.access.settled = settled
    show.access.meet(ANN, "ann")
    moderator = Asker("mod", "moderator", id="mod")
    for line in ("hello!", "!mood", "!mood help", "!mood unban nobody"):
        await show.respond(line, moderator)
    assert not waited
    assert "ann is out" in str(await show.respond("!mood ban ann", moderator)) and len(waited) == 1
