"""Saying what waits, against a line that does as it is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bot.twitch.faults import LoginNeeded, Unreachable
from bot.twitch.helix import Refused, Unclear
from bot.twitch.outbox import Outbox
from bot.twitch.sender import TRIES, Sender
from lera.errors import LeraError
from tests.bot.stage import eventually


def sent(message_id: str = "1") -> object:
    """Twitch's answer to a message that is posted."""
    return {"data": [{"message_id": message_id, "is_sent": True}]}


def dropped(code: str) -> object:
    """Twitch's answer to a message that isn't."""
    reason = {"code": code, "message": ""}
    return {"data": [{"message_id": "", "is_sent": False, "drop_reason": reason}]}


class FakeLine:
    """Answers one outcome after the other: an answer, or an error to raise. After the last, all is sent."""

    def __init__(self, *outcomes: object) -> None:
        self.connection = 1
        self.posted: list[tuple[str, str | None]] = []
        self.doubts: list[LeraError] = []
        self.outcomes = list(outcomes)
        self.meanwhile: Callable[[], None] = lambda: None

    async def post(self, text: str, reply_to: str | None) -> object:
        self.posted.append((text, reply_to))
        outcome = self.outcomes.pop(0) if self.outcomes else sent(str(len(self.posted)))
        self.meanwhile()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def doubt(self, fault: LeraError) -> None:
        self.doubts.append(fault)


@asynccontextmanager
async def sender(line: FakeLine, patience: float = 0.05) -> AsyncIterator[Sender]:
    """A sender at work."""
    loop = asyncio.get_running_loop()
    made = Sender(Outbox(), line, loop.time, patience)
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_it_says_what_it_is_told() -> None:
    line = FakeLine()
    async with sender(line) as made:
        made.say("hello", "7")
        await eventually(lambda: made.counts["sent"] == 1)
        assert line.posted == [("hello", "7")]


async def test_nothing_is_said_while_nobody_listens_and_all_of_it_after() -> None:
    line = FakeLine()
    line.connection = 0
    async with sender(line) as made:
        made.say("hello")
        await asyncio.sleep(0)
        assert not line.posted
        line.connection = 1
        made.wake()
        await eventually(lambda: made.counts["sent"] == 1)


@pytest.mark.parametrize("fault", [Unclear("lost"), Refused(500, ""), {"data": []}, "nonsense"])
async def test_when_chat_shows_it_it_was_posted(fault: object) -> None:
    line = FakeLine(fault)
    async with sender(line, patience=20.0) as made:

        def arrive() -> None:
            assert made.is_own("m", "@ann hello", "7")

        line.meanwhile = arrive
        made.say("hello", "7")
        await eventually(lambda: made.counts["sent"] == 1)
        assert len(line.posted) == 1


async def test_when_chat_does_not_it_is_said_again() -> None:
    line = FakeLine(Unclear("lost"))
    async with sender(line) as made:
        made.say("hello")
        await eventually(lambda: made.counts["sent"] == 1)
        assert len(line.posted) == 2


async def test_when_nobody_was_listening_it_is_left_alone() -> None:
    """Its echo may have come in the gap: rather unsaid than said twice."""
    line = FakeLine(Unclear("lost"))

    def reconnect() -> None:
        asyncio.get_running_loop().call_later(0.01, setattr, line, "connection", 2)

    line.meanwhile = reconnect
    async with sender(line) as made:
        made.say("hello")
        await eventually(lambda: made.counts["unknown"] == 1)
        assert len(line.posted) == 1


async def test_what_never_left_is_sent_again_but_not_forever() -> None:
    line = FakeLine(*[Unreachable("no network")] * 10)
    async with sender(line) as made:
        made.say("hello")
        await eventually(lambda: made.counts["failed"] == 1)
        assert len(line.posted) == TRIES


async def test_a_login_that_has_ended_is_told_to_who_looks_after_it() -> None:
    line = FakeLine(LoginNeeded("log in"))
    async with sender(line) as made:
        made.say("hello")
        await eventually(lambda: bool(line.doubts))
        assert made.counts["failed"] == 1


@pytest.mark.parametrize(("status", "told"), [(403, 1), (400, 0), (422, 0)])
async def test_a_refusal_is_told_when_it_is_about_more_than_one_message(
    status: int, told: int, caplog: pytest.LogCaptureFixture
) -> None:
    line = FakeLine(Refused(status, "no"), Refused(status, "no"))
    async with sender(line) as made:
        made.say("one")
        made.say("two")
        await eventually(lambda: made.counts["failed"] == 2)
        assert len(line.posted) == 2 and len(caplog.records) == told


async def test_a_fault_of_ours_stops_neither_it_nor_the_show(caplog: pytest.LogCaptureFixture) -> None:
    line = FakeLine(ZeroDivisionError("what somebody wrote"))
    async with sender(line) as made:
        made.say("hello")
        made.say("hello again")
        await eventually(lambda: made.counts["sent"] == 1)
    assert "ZeroDivisionError" in caplog.text and "somebody" not in caplog.text


async def test_too_fast_is_tried_again_a_duplicate_is_not() -> None:
    line = FakeLine(dropped("msg_duplicate"), dropped("msg_ratelimit"))
    async with sender(line) as made:
        made.say("one")
        await eventually(lambda: made.counts["dropped"] == 1)
        made.say("two")
        await eventually(lambda: made.counts["sent"] == 1)
        assert [text for text, _ in line.posted] == ["one", "two", "two"]


async def test_what_the_streamer_types_is_not_taken_for_its_own() -> None:
    async with sender(FakeLine()) as made:
        made.say("!mood shows how the crowd looks.", "7")
        await eventually(lambda: made.counts["sent"] == 1)
        assert made.is_own("x", "@ann !mood  shows how the crowd looks.", "7")
        assert made.is_own("1", "changed by Twitch", None), "known by its id"
        assert not made.is_own("y", "!mood", None)
