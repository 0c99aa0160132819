"""Chat becomes votes, through the whole show; and of what was written nothing is left."""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bot import chat as chat_module
from bot.chat import Chat, load_reader
from bot.commands import Asker
from bot.console import answer_to
from bot.history import History
from bot.inbox import ChatMessage
from bot.settings import ChatSettings
from lera.errors import LeraError
from tests.bot.readers import WordReader
from tests.bot.stage import HAPPY, PATIENCE, SAD, Theatre, eventually, theatre
from tests.memory import strings_alive
from transport.reading import Reading

YOU = Asker("you", "broadcaster", id="terminal-you")


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_module, "TICK", 0.01)


class Tally:
    """A crowd that only keeps what it is told."""

    def __init__(self) -> None:
        self.votes: dict[str, Reading] = {}
        self.taken = 0

    def take_chat(self, reading: Reading) -> None:
        self.taken += 1
        self.votes[reading.viewer] = reading

    def leave(self, viewer: str) -> None:
        self.votes.pop(viewer, None)


async def until_counted(chat: Chat, messages: int) -> None:
    """Until so many messages were read, or dropped, or found to say nothing."""
    await eventually(lambda: sum(chat.counts[name] for name in ("read", "unsure", "dropped", "failed")) >= messages)


async def test_a_channel_without_a_camera_has_a_live_mood() -> None:
    async with theatre() as stage:
        for number in range(4):
            assert stage.write(str(number), "such joy")
        assert stage.write("4", "I cry")
        frame = await stage.until(lambda frame: frame["viewers"] == 5)
        assert frame["top"] == "happiness"
        assert frame["shares"]["happiness"] == pytest.approx((3 * 0.7 + 0.05) / 4, abs=1e-3), "four share three votes"
        assert frame["sources"]["face"] == {"voters": 0, "part": 0.0, "shares": None}
        assert frame["sources"]["chat"]["voters"] == 5 and frame["sources"]["chat"]["part"] == 1.0
        assert str(await stage.show.respond("!mood", YOU)).endswith("Taking part: 5 chatters.")


async def test_faces_and_chat_are_one_mood_and_told_apart(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    async with theatre(history) as stage:
        for number in range(3):
            stage.join(number, HAPPY)
        for number in range(4):
            stage.write(str(number), f"I cry {number} times")
        frame = await stage.until(lambda frame: frame["viewers"] == 7)
        face, chat = frame["sources"]["face"], frame["sources"]["chat"]
        assert (face["voters"], chat["voters"]) == (3, 4)
        assert chat["part"] == pytest.approx(4 * 0.45 / (3 + 4 * 0.45), abs=0.02)
        assert face["shares"]["happiness"] == pytest.approx(0.7, abs=1e-3)
        assert chat["shares"]["sadness"] == pytest.approx(0.7, abs=1e-3)
        part = f"{round(100 * stage.show.mood.chat.part)}% from chat"
        assert f"(3 faces and 4 chatters, {part})." in str(await stage.show.respond("!mood", YOU))
        await eventually(lambda: any((row.faces, row.chatters) == (3, 4) for row in history.rows(stage.show.session)))
        rows = [row for row in await history_of(stage) if (row["faces"], row["chatters"]) == (3, 4)]
        assert rows and all(0.3 < row["chat_part"] < 0.4 for row in rows)
    history.close()


async def history_of(stage: Theatre) -> list[dict[str, Any]]:
    async with stage.session.get("/api/history") as answer:
        rows: list[dict[str, Any]] = (await answer.json())["rows"]
        return rows


async def test_commands_bots_and_what_cannot_be_read_are_no_votes() -> None:
    async with theatre(minimum_viewers=1) as stage:
        stage.show.chat.ignore("own")
        assert not stage.write("1", "!joy")
        assert not stage.write("2", "joy", name="Nightbot")
        assert not stage.write("own", "joy")
        assert stage.write("3", "blah blah")
        assert stage.write("4", "joy")
        await stage.until(lambda frame: frame["viewers"] == 1)
        async with stage.session.get("/api/status") as answer:
            status = await answer.json()
        assert status["chat"] == "on"
        assert status["messages"] == {
            "ignored: command": 1, "ignored: bot": 2, "heard": 2, "unsure": 1, "read": 1,
        }  # fmt: skip


async def test_a_vote_expires_when_its_writer_falls_silent() -> None:
    clock = [1000.0]
    async with theatre(minimum_viewers=1, now=lambda: clock[0]) as stage:
        stage.write("1", "joy")
        await stage.until(lambda frame: frame["viewers"] == 1)
        clock[0] += 59
        await stage.until(lambda frame: frame["viewers"] == 1)
        clock[0] += 2
        await stage.until(lambda frame: frame["viewers"] == 0)


async def test_what_is_known_of_chatters_goes_when_all_fall_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_module, "TIDY", 0.01)
    clock, tally = [1000.0], Tally()
    chat = Chat(ChatSettings(), "demo", tally, lambda: clock[0], WordReader)
    running = asyncio.create_task(chat.run())
    chat.hear(ChatMessage("demo", "ann", "joy", 1000.0))
    await eventually(lambda: len(tally.votes) == 1)
    clock[0] += 61
    await eventually(lambda: len(tally.votes) == len(chat._chatters) == 0)
    running.cancel()


async def test_who_asks_is_forgotten_at_once_even_while_being_read() -> None:
    held, go = threading.Event(), threading.Event()

    class SlowReader(WordReader):
        def read(self, messages: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            if "slow joy" in messages:
                held.set()
                assert go.wait(PATIENCE)
            return super().read(messages)

    tally = Tally()
    chat = Chat(ChatSettings(), "demo", tally, time.time, SlowReader)
    running = asyncio.create_task(chat.run())
    for chatter in ("ann", "bob"):
        chat.hear(ChatMessage("demo", chatter, "joy", time.time()))
    await until_counted(chat, 2)
    assert len(tally.votes) == 2
    chat.forget("ann")
    assert len(tally.votes) == 1
    chat.hear(ChatMessage("demo", "bob", "slow joy", time.time()))
    assert await asyncio.to_thread(held.wait, PATIENCE)
    chat.hear(ChatMessage("demo", "bob", "joy again", time.time()))
    chat.forget("bob")
    go.set()
    chat.hear(ChatMessage("demo", "eve", "joy", time.time()))
    await until_counted(chat, 3)
    assert len(tally.votes) == 1 and len(chat._chatters) == 1
    running.cancel()


async def test_switched_off_it_hears_nothing_and_loads_nothing() -> None:
    def load() -> WordReader:
        raise AssertionError("not wanted")

    async with theatre(chat=ChatSettings(enabled=False), text_reader=load) as stage:
        assert not stage.write("1", "joy")
        assert str(await stage.show.respond("!mood", YOU)).startswith("Gathering")
        async with stage.session.get("/api/status") as answer:
            assert (await answer.json())["chat"] == "off"


async def test_without_a_reader_one_line_says_so_and_the_show_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def missing() -> WordReader:
        raise LeraError("Chat can't be read: no weights.")

    async with theatre(text_reader=missing) as stage:
        assert stage.write("1", "joy"), "nobody has asked for the reader yet"
        await eventually(lambda: stage.show.chat.fault is not None)
        assert not stage.write("1", "joy")
        stage.join(1)
        await stage.until(lambda frame: frame["viewers"] == 1)
    assert caplog.messages == ["Chat can't be read: no weights. The show goes on without reading chat."]


def test_a_reader_that_does_not_load_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def importing(problem: Exception) -> Any:
        def fail(_name: str) -> Any:
            raise problem

        return fail

    for problem, said in (
        (ModuleNotFoundError("no", name="tokenizers"), "tokenizers is not installed"),
        (ValueError("the weights are damaged"), "weights are damaged"),
        (LeraError("Fetch the weights first."), "Fetch the weights"),
    ):
        monkeypatch.setattr(chat_module, "import_module", importing(problem))
        with pytest.raises(LeraError, match=said) as error:
            load_reader()
        assert "\n" not in str(error.value)


class FloodReader(WordReader):
    """Understands every message."""

    def read(self, messages: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        super().read(messages)
        return np.tile(np.array(HAPPY, np.float32), (len(messages), 1)), np.full(len(messages), 0.9, np.float32)


async def test_a_flood_is_bounded_and_does_not_hold_up_the_loop() -> None:
    """A minute of 500 messages a second, as fast as they go: half are one copypasta, the rest are of their own."""
    clock = [0.0]
    tally = Tally()
    chat = Chat(ChatSettings(), "demo", tally, lambda: clock[0], FloodReader)
    running = asyncio.create_task(chat.run())
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            before = tally.taken
            await asyncio.sleep(0)
            most = max(most, tally.taken - before)

    watching = asyncio.create_task(watch())
    sent = 0
    for second in range(60):
        clock[0] = float(second)
        for number in range(500):
            text = "COPYPASTA " * 40 if number % 2 else f"{second} {number} " + "x" * 2000
            sent += chat.hear(ChatMessage("demo", f"{number * (second + 1) % 20_000}", text, clock[0]))
        await until_counted(chat, sent)
    assert chat.counts["heard"] == 30_000 == chat.counts["read"] + chat.counts["dropped"]
    assert len(chat._inbox) == 0
    assert len(chat._chatters) <= 10_000 and len(tally.votes) <= 10_000
    assert len(chat._chatters._repeats) <= 32_768
    # A copypasta changes thousands of votes at once; between two turns of the loop only so many are counted.
    assert 0 < most <= chat_module.AT_ONCE < len(tally.votes)
    watching.cancel()
    # Ten seconds' worth at once, with nobody reading: the queue keeps the newest and counts the rest.
    running.cancel()
    for number in range(5000):
        chat.hear(ChatMessage("demo", str(number), "x" * 5000, clock[0]))
    assert len(chat._inbox) == 2048 and chat.counts["dropped"] >= 5000 - 2048


async def test_the_reader_works_off_the_loop() -> None:
    threads: list[int] = []
    held, go = threading.Event(), threading.Event()

    class Watched(WordReader):
        def read(self, messages: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            threads.append(threading.get_ident())
            held.set()
            assert go.wait(2 * PATIENCE), "the show stands still while chat is read"
            return super().read(messages)

    async with theatre(text_reader=Watched) as stage:
        stage.write("1", "joy")
        await eventually(held.is_set)
        stage.join(1)
        await stage.until(lambda frame: frame["viewers"] == 1)
        go.set()
    assert threads and threading.get_ident() not in threads


class BrokenReader:
    """Quotes what it was given, or answers nonsense."""

    def __init__(self) -> None:
        self.turns = 0

    def read(self, messages: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.turns += 1
        count = len(messages)
        if self.turns == 1:
            raise RuntimeError(f"can't read {messages[0]!r}")
        if self.turns == 2:
            return np.zeros((count + 1, 7), np.float32), np.ones(count, np.float32)
        if self.turns == 3:
            return np.full((count, 7), np.nan, np.float32), np.ones(count, np.float32)
        return np.tile(np.array(SAD, np.float32), (count, 1)), np.ones(count, np.float32)


async def test_a_reader_that_fails_is_said_once_without_a_word_of_chat(caplog: pytest.LogCaptureFixture) -> None:
    tally = Tally()
    chat = Chat(ChatSettings(), "demo", tally, time.time, BrokenReader)
    running = asyncio.create_task(chat.run())
    for number in range(1, 5):
        chat.hear(ChatMessage("demo", "ann", "my secret diary", time.time()))
        await until_counted(chat, number)
    assert chat.counts == {"heard": 4, "failed": 2, "unsure": 1, "read": 1}
    assert caplog.messages == ["The text reader fails (RuntimeError): run `python run.py doctor`."]
    assert len(tally.votes) == 1 and not running.done()
    running.cancel()


async def test_nothing_that_was_written_is_kept_told_or_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    marker = "".join(["joyful", "Aardvark", str(time.time_ns())])
    history = History(tmp_path / "history.sqlite3")
    async with theatre(history) as stage:
        for number in range(2000):
            assert stage.write(f"{marker}-{number % 300}", f"{marker} KEKW {number}", name=f"{marker}-{number}")
        await until_counted(stage.show.chat, 2000)
        frame = await stage.until(lambda frame: frame["viewers"] == 300)
        await eventually(lambda: bool(history.rows(stage.show.session)))
        told = [str(frame), *[str(await stage.show.respond(command, YOU)) for command in ("!mood", "!mood me")]]
        for path in ("/api/mood", "/api/history", "/api/status", "/api/links"):
            async with stage.session.get(path) as answer:
                told.append(await answer.text())
        held = [found for found in strings_alive() if marker in found and found != marker]
        assert held == [], f"{len(held)} pieces of chat are still held"
    history.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())  # noqa: ASYNC240
    out = capsys.readouterr()
    assert len(kept) > 1000 and marker.encode() not in kept
    assert marker not in "".join([*told, caplog.text, out.out, out.err])


async def test_the_terminal_is_a_chat() -> None:
    async with theatre(minimum_viewers=2) as stage:
        show = stage.show
        assert await answer_to(show, "Ann: such joy!\n", YOU) == ""
        assert await answer_to(show, "bob: rage\n", YOU) == ""
        await stage.until(lambda frame: frame["viewers"] == 2)
        assert (await answer_to(show, "!mood\n", YOU)).startswith("LERA: The crowd looks")
        assert (await answer_to(show, "ann: !mood\n", YOU)).startswith("LERA: The crowd looks")
        for line in ("ann: !other\n", "nightbot: buy!"):
            assert await answer_to(show, line, YOU) == "(that line is not read)"
        for line in ("hello\n", "https://example.org\n", "ann:\n"):
            assert "only !mood is for me" in await answer_to(show, line, YOU)
        assert await answer_to(show, " \n", YOU) == ""
