"""What takes minutes and hours: silence, the hourly check, Twitch's limit. On a loop whose time jumps."""

import asyncio
import logging

import pytest

from bot.settings import ChatSettings
from bot.twitch.connection import Timing
from bot.twitch.tokens import _read
from tests.bot.stage import eventually
from tests.bot.twitch.stage import studio
from tests.night_loop import through_the_night
from tests.standins.twitch import STREAMER


def test_a_line_that_goes_silent_is_noticed_and_made_anew() -> None:
    async def evening() -> None:
        async with studio(Timing()) as stage:
            await stage.connected()
            first = stage.world.sessions[0]
            await asyncio.sleep(600.0)
            assert stage.world.sessions == [first], "keepalives are enough to stay"
            stage.world.silence()
            began = asyncio.get_running_loop().time()
            await stage.world.until(lambda: first not in stage.world.sessions, 120.0)
            assert asyncio.get_running_loop().time() - began <= 10.0 + 5.0 + 2.5 + 2.5
            await stage.world.until(stage.world.subscribed, 120.0)

    through_the_night(evening())


@pytest.mark.slow
def test_every_hour_twitch_confirms_the_tokens_and_they_never_run_out() -> None:
    async def evening() -> None:
        async with studio(Timing()) as stage:
            await stage.connected()
            before, checks = _read("bot"), stage.world.answers(200, "validate")
            for hour in range(1, 6):
                await asyncio.sleep(3600.0)
                assert stage.world.answers(200, "validate") >= checks + 2 * (hour - 1)
                assert stage.twitch.state == "connected" and not stage.world.answers(401)
            assert before != _read("bot")
            await stage.world.say("ann", "!mood")
            await stage.answered()

    through_the_night(evening())


def test_a_login_that_ends_unheard_is_known_within_the_hour() -> None:
    async def evening() -> None:
        async with studio(Timing()) as stage:
            await stage.connected()
            stage.world.identity.disconnect(stage.world.streamer)
            await asyncio.sleep(3700.0)
            assert stage.twitch.state == "login"

    through_the_night(evening())


def test_a_token_that_dies_is_noticed_by_the_first_answer() -> None:
    async def evening() -> None:
        async with studio(Timing()) as stage:
            await stage.connected()
            stage.world.identity.disconnect(stage.world.bot)
            await stage.world.say("ann", "!mood")
            await asyncio.sleep(5.0)
            assert stage.twitch.state == "login"

    through_the_night(evening())


@pytest.mark.parametrize("moderator", [False, True], ids=["anybody", "moderator"])
def test_a_flood_breaks_no_limit_and_the_newest_are_answered(moderator: bool) -> None:
    async def evening() -> None:
        async with studio(Timing(), chat=ChatSettings(user_cooldown=0, channel_cooldown=0)) as stage:
            if moderator:
                stage.world.streamer.moderators.add(stage.world.bot.id)

            async def parrot(text: str, _asker: object) -> str | None:
                return text.removeprefix("!mood ") if text.startswith("!mood ") else None

            stage.show.respond = parrot  # type: ignore[method-assign, assignment]
            await stage.connected()
            await stage.world.say("ann", "!mood first")
            await stage.answered()
            # Its own message has told it whether it is a moderator.
            await eventually(lambda: stage.twitch.outbox.window.limit == (100 if moderator else 20))
            for number in range(150):
                await stage.world.say("ann", f"!mood {number}")
            await asyncio.sleep(1.0)
            at_once = [sent.text for sent in stage.world.sent]
            assert len(at_once) == (100 if moderator else 20)
            await asyncio.sleep(60.0)
            assert "149" in [sent.text for sent in stage.world.sent]
            assert not stage.world.exceeded

    through_the_night(evening())


def test_where_there_is_no_network_it_is_said_once_and_it_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    async def evening() -> None:
        async with studio(Timing()) as stage:
            await stage.connected()
            for path in ("oauth2/validate", "/ws", "eventsub/subscriptions"):
                stage.world.fail_next(path, times=40)
            stage.world.drop()
            await asyncio.sleep(600.0)
            assert stage.twitch.state == "waiting"
            stage.world.faults.waiting.clear()
            await asyncio.sleep(120.0)
            assert stage.twitch.connection == 2

    through_the_night(evening())
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == 1 and "by itself" in told[0]


def test_a_429_is_waited_for() -> None:
    async def evening() -> None:
        async with studio(Timing()) as stage:
            await stage.connected()
            clock = asyncio.get_running_loop().time
            reset = str(int(stage.world.clock.epoch(stage.world.clock.now())) + 6)
            stage.world.fail_next("chat/messages", 429, headers={"Ratelimit-Reset": reset})
            asked = clock()
            await stage.world.say(STREAMER, "!mood")
            await stage.answered()
            assert 4.0 <= clock() - asked <= 10.0 and len(stage.world.sent) == 1

    through_the_night(evening())
