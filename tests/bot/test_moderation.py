"""Votes without a camera, links, forgetting, and what moderators do: over real sockets, as chat sees it."""

import asyncio
import json
from typing import Any
from unittest.mock import ANY

import pytest

from bot.command_settings import CommandSettings
from bot.commands import Asker
from bot.history import History
from bot.settings import ChatSettings
from lera.errors import LeraError
from tests.bot.stage import HAPPY, PATIENCE, SAD, Theatre, eventually, theatre
from transport.hub_client import HubClient
from transport.reading import Code, Linked

ANN, BOB = Asker("Ann", id="1"), Asker("Bob", id="2")
MODERATOR = Asker("Mod", "moderator", id="9")
QUICK = ChatSettings(user_cooldown=0, channel_cooldown=0)


class Twitch:
    """A platform that writes down what it is asked, and may fail."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.fault: str | None = None
        self.making = asyncio.Event()
        self.made = asyncio.Event()

    async def create_clip(self) -> str:
        self.making.set()
        await self.made.wait()
        if self.fault is not None:
            raise LeraError(self.fault)
        return "https://clips.example/abc"

    async def create_marker(self, description: str) -> None:
        raise AssertionError(description)

    async def say(self, text: str) -> None:
        self.said.append(text)
        if self.fault is not None:
            raise LeraError(self.fault)


async def ask(stage: Theatre, text: str, asker: Asker = ANN) -> str:
    reply = await stage.show.respond(text, asker)
    assert reply is not None, text
    return reply


async def code_of(client: HubClient) -> str:
    """The line that an agent shows after it has asked for one."""
    told: asyncio.Queue[Code | Linked] = asyncio.Queue()
    client.linking.on_change = told.put_nowait
    async with asyncio.timeout(PATIENCE):
        while not client.linking.ask_for_code():  # noqa: ASYNC110 - until it has joined
            await asyncio.sleep(0.01)
        frame = await told.get()
    assert isinstance(frame, Code)
    return frame.line


async def test_a_vote_without_a_camera_counts_and_fades_as_chat_does() -> None:
    clock = [1000.0]
    async with theatre(minimum_viewers=1, now=lambda: clock[0], chat=QUICK) as stage:
        assert await ask(stage, "!feel joy") == "@Ann, your vote counts: happiness."
        frame = await stage.until(lambda frame: frame["viewers"] == 1)
        assert frame["top"] == "happiness" and frame["shares"]["happiness"] == 1.0
        assert frame["sources"]["chat"]["voters"] == 1
        clock[0] += 61
        await stage.until(lambda frame: frame["viewers"] == 0)


async def test_writing_and_tapping_are_one_voter_and_the_tap_starts_anew() -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        for _ in range(5):
            stage.write("1", "rage")
        await stage.until(lambda frame: frame["top"] == "anger")
        await ask(stage, "!feel joy")
        frame = await stage.until(lambda frame: frame["top"] == "happiness")
        assert frame["viewers"] == 1 and frame["shares"]["happiness"] == 1.0
        stage.write("1", "rage")
        frame = await stage.until(lambda frame: 0.3 < frame["shares"]["happiness"] < 0.9)
        assert frame["viewers"] == 1 and frame["shares"]["anger"] > 0.2
        await ask(stage, "!feel rage")
        await stage.until(lambda frame: frame["shares"]["anger"] == 1.0)


async def test_many_who_tap_the_same_are_as_many_votes() -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        for number in range(30):
            await ask(stage, "!feel joy", Asker(f"n{number}", id=f"n{number}"))
        await ask(stage, "!feel rage", Asker("x", id="x"))
        frame = await stage.until(lambda frame: frame["viewers"] == 31)
        assert frame["shares"]["happiness"] == pytest.approx(30 / 31, abs=1e-3)


async def test_where_chat_does_not_vote_a_tap_does_not_either() -> None:
    async with theatre(minimum_viewers=1, chat=ChatSettings(enabled=False)) as stage:
        assert "don't count" in await ask(stage, "!feel joy")
        assert stage.show.crowd.mood(stage.show.now()).viewers == 0


async def test_a_tap_counts_also_where_chat_cannot_be_read() -> None:
    def missing() -> Any:
        raise LeraError("Chat can't be read: no weights.")

    async with theatre(minimum_viewers=1, text_reader=missing, chat=QUICK) as stage:
        stage.write("1", "joy")
        await eventually(lambda: stage.show.chat.fault is not None)
        await ask(stage, "!feel rage")
        await stage.until(lambda frame: frame["top"] == "anger")


async def test_a_linked_viewer_is_answered_and_told_and_can_undo_it() -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        client = stage.join(1, SAD)
        await stage.until(lambda frame: frame["viewers"] == 1)
        line = await code_of(client)
        told: asyncio.Queue[Code | Linked] = asyncio.Queue()
        client.linking.on_change = told.put_nowait
        assert "can't tell which viewer" in await ask(stage, "!mood me")
        assert "doesn't work" in await ask(stage, "!mood link AAAA-2222", BOB)
        assert "your agent is linked" in await ask(stage, line)
        assert "doesn't work" in await ask(stage, line, BOB), "a code works once"
        assert await asyncio.wait_for(told.get(), PATIENCE) == Linked("Ann", ANY)
        assert await ask(stage, "!mood me") == "@Ann, your face looks like sadness 70%."
        assert "can't tell which viewer" in await ask(stage, "!mood me", BOB)
        assert client.linking.unlink()
        assert await asyncio.wait_for(told.get(), PATIENCE) == Linked("", ANY)
        assert "can't tell which viewer" in await ask(stage, "!mood me")


async def test_a_linked_viewer_who_writes_is_one_voter_and_the_face_counts() -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        client = stage.join(1, SAD)
        stage.write("1", "joy")
        await stage.until(lambda frame: frame["viewers"] == 2)
        await ask(stage, await code_of(client))
        frame = await stage.until(lambda frame: frame["viewers"] == 1)
        assert (frame["sources"]["face"]["voters"], frame["sources"]["chat"]["voters"]) == (1, 0)
        assert frame["shares"]["sadness"] == pytest.approx(0.7)
        assert "one person, one vote" in await ask(stage, "!feel rage")
        assert (await stage.until(lambda frame: frame["viewers"] == 1))["shares"]["sadness"] == pytest.approx(0.7)
        client.away("paused")
        frame = await stage.until(lambda frame: frame["sources"]["chat"]["voters"] == 1)
        assert frame["shares"]["anger"] == 1.0, "while the face is away, what they said counts"


@pytest.mark.parametrize("way", ["leave", "forget", "chat"])
async def test_leaving_and_forgetting_unlink(way: str) -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        client = stage.join(1, SAD)
        await ask(stage, await code_of(client))
        told: asyncio.Queue[Code | Linked] = asyncio.Queue()
        client.linking.on_change = told.put_nowait
        assert len(stage.show.roster.identities.viewers) == 1
        if way == "leave":
            await client.close()
        elif way == "forget":
            assert await client.forget(PATIENCE)
        else:
            await ask(stage, "!mood forget")
            while await asyncio.wait_for(told.get(), PATIENCE) != Linked("", ANY):
                pass
        await eventually(lambda: len(stage.show.roster.identities.viewers) == 0)
        assert "can't tell which viewer" in await ask(stage, "!mood me")


async def test_forgetting_takes_the_vote_and_all_that_was_written() -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        stage.write("1", "joy")
        await stage.until(lambda frame: frame["viewers"] == 1)
        assert "erased" in await ask(stage, "!mood forget")
        await stage.until(lambda frame: frame["viewers"] == 0)
        assert len(stage.show.chat._chatters) == 0
        stage.write("1", "rage")
        await stage.until(lambda frame: frame["top"] == "anger")


async def test_an_agent_that_knows_no_links_is_never_told_of_any() -> None:
    async with theatre(minimum_viewers=1) as stage, stage.session.ws_connect("/hub") as old:
        token = stage.show.access.token(stage.show.now())
        await old.send_str(json.dumps(
            {"type": "join", "version": 1, "channel": "demo", "token": token, "viewer": "o" * 22}
        ))  # fmt: skip
        assert (await old.receive_json())["type"] == "welcome"
        await old.send_str(json.dumps({"type": "reading", "sequence": 1, "probabilities": HAPPY}))
        await stage.until(lambda frame: frame["viewers"] == 1)
        await old.send_str(json.dumps({"type": "forget"}))
        assert (await old.receive_json())["type"] == "forgotten"


async def test_a_pause_hides_the_mood_and_leaves_a_gap() -> None:
    history = History(None)
    async with theatre(history, chat=QUICK) as stage:
        show = stage.show
        for number in range(4):
            stage.join(number)
        await stage.until(lambda frame: frame["enough"] and not frame["paused"])
        await eventually(lambda: len(history.rows(show.session)) >= 1)
        assert "rests" in await ask(stage, "!mood pause", MODERATOR)
        frame = await stage.until(lambda frame: frame["paused"])
        assert (frame["viewers"], frame["enough"], frame["shares"]) == (0, False, None)
        assert (
            not stage.write("1", "joy")
            and "rests" in await ask(stage, "!feel joy")
            and "rests" in await ask(stage, "!mood")
        )
        async with stage.session.get("/api/status") as answer:
            assert (await answer.json())["paused"] is True
        rows = len(history.rows(show.session))
        readings = show.desk.counts["readings"]
        await eventually(lambda: show.desk.counts["readings"] >= readings + 3)
        assert len(history.rows(show.session)) <= rows + 1 and show.mood.viewers == 0
        assert "awake" in await ask(stage, "!mood resume", MODERATOR)
        await stage.until(lambda frame: frame["enough"] and not frame["paused"])
    history.close()


async def test_what_was_written_before_a_pause_does_not_count_after_it() -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        stage.write("1", "joy")
        stage.show.pause(True)
        stage.show.pause(False)
        stage.write("2", "rage")
        frame = await stage.until(lambda frame: frame["viewers"] > 0)
        assert (frame["viewers"], frame["top"]) == (1, "anger")


async def test_a_reset_forgets_votes_and_peaks() -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        for number in range(3):
            stage.write(str(number), "joy")
        await stage.until(lambda frame: frame["viewers"] == 3)
        await eventually(lambda: stage.show.peaks.strongest() is not None)
        assert "forgotten" in await ask(stage, "!mood reset", MODERATOR)
        await stage.until(lambda frame: frame["viewers"] == 0)
        assert stage.show.peaks.strongest() is None and len(stage.show.chat._chatters) == 0


async def test_the_overlay_is_hidden_and_says_a_line() -> None:
    clock = [1000.0]
    async with theatre(now=lambda: clock[0]) as stage:
        await stage.until(lambda frame: frame["overlay"] and frame["said"] is None)
        assert "Hello <b>chat</b>!" in await ask(stage, "!mood say Hello <b>chat</b>!", MODERATOR)
        await stage.until(lambda frame: frame["said"] == "Hello <b>chat</b>!")
        clock[0] += 10
        await stage.until(lambda frame: frame["said"] is None)
        await ask(stage, "!mood overlay off", MODERATOR)
        await stage.until(lambda frame: not frame["overlay"])
        assert "nobody would see it" in await ask(stage, "!mood say unseen", MODERATOR)
        await ask(stage, "!mood overlay on", MODERATOR)
        assert (await stage.until(lambda frame: frame["overlay"]))["said"] is None


async def test_a_clip_is_the_platforms_one_at_a_time() -> None:
    async with theatre() as stage:
        assert "need Twitch" in await ask(stage, "!mood clip", MODERATOR)
        stage.show.platform = platform = Twitch()
        asking = asyncio.create_task(ask(stage, "!mood clip", MODERATOR))
        await asyncio.wait_for(platform.making.wait(), PATIENCE)
        assert "already" in await ask(stage, "!mood clip", MODERATOR)
        platform.made.set()
        assert await asking == "Clipped: https://clips.example/abc"
        platform.fault = "The stream is offline."
        assert await ask(stage, "!mood clip", MODERATOR) == "No clip: The stream is offline."


@pytest.mark.parametrize("fault", [None, "Twitch is away."])
async def test_an_announcement_goes_to_the_platform(fault: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.announcer.Announcer.HOLD_SECONDS", 0.0)
    async with theatre(minimum_viewers=1, chat=QUICK, commands=CommandSettings(announce=True)) as stage:
        stage.show.platform = platform = Twitch()
        platform.fault = fault
        await ask(stage, "!feel calm")
        await eventually(lambda: stage.show.announcer._leading == "neutral")
        await ask(stage, "!feel joy")
        await eventually(lambda: bool(platform.said))
        assert platform.said == ["The crowd just went from calm to happy."]


async def test_the_stream_starts_and_ends_sessions_and_peaks() -> None:
    history = History(None)
    clock = [1000.0]
    async with theatre(history, now=lambda: clock[0], minimum_viewers=1, chat=QUICK) as stage:
        show = stage.show
        stage.write("1", "joy")
        await stage.until(lambda frame: frame["viewers"] == 1)
        await eventually(lambda: show.peaks.strongest() is not None)
        clock[0] = 2000.0
        show.stream_online("Boss night", "Games", 1990.0)
        assert show.peaks.strongest() is None, "the peaks are the stream's"
        stage.write("1", "rage")
        await eventually(lambda: show.peaks.strongest() is not None)
        clock[0] = 2050.0
        assert "50 seconds ago (0:10 into the stream)" in await ask(stage, "!mood peak")
        show.stream_offline()
        await eventually(lambda: show.session == 0)
    assert [(each.title, each.ended) for each in history.sessions()] == [("Boss night", 2050.0), ("", 2000.0)]
    history.close()
