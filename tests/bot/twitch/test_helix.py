"""Helix with LERA's own tokens: what a failed request has done, and when it may be sent again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate

import aiohttp
import pytest
from twitchio.http import Route

from bot.twitch.endpoints import point_twitchio, stand_in
from bot.twitch.faults import Unreachable
from bot.twitch.helix import LONGEST_RESET, Helix, Refused, Unclear, _reset
from bot.twitch.identity import Identity
from bot.twitch.tokens import Keeper
from tests.bot.twitch.stage import keep_login
from tests.standins.twitch import CLIENT_ID, DROP, STREAMER, Twitch, standin


@asynccontextmanager
async def helix() -> AsyncIterator[tuple[Twitch, Helix, Keeper]]:
    """A local Twitch, and LERA's client of it, with the streamer logged in."""
    async with standin() as world, aiohttp.ClientSession() as http:
        point_twitchio(stand_in(world.base))
        keep_login(world, "broadcaster", STREAMER)
        keeper = Keeper(Identity(http, CLIENT_ID, world.base))
        await keeper.load()
        await keeper.check()
        yield world, Helix(http, CLIENT_ID, keeper, pause=0.01), keeper


def users(keeper: Keeper) -> Route:
    """A request that changes nothing."""
    user = keeper.broadcaster.user_id
    return Route("GET", "users", params={"id": user}, token_for=user)


async def test_a_dead_token_is_renewed_and_the_request_sent_again() -> None:
    async with helix() as (world, client, keeper):
        world.expire_tokens()
        answer = await client.request_json(users(keeper))
        assert answer["data"][0]["login"] == STREAMER
        assert world.answers(401, "users") == 1 and world.answers(200, "users") == 1


async def test_an_answer_in_pieces_is_one() -> None:
    async with helix() as (world, client, keeper):
        world.answer_in_pieces("helix/users", 3)
        assert (await client.request_json(users(keeper)))["data"][0]["login"] == STREAMER
        assert world.answers(200, "users") == 1, "and it is not asked for again"


@pytest.mark.parametrize("status", [500, 503, DROP])
async def test_reading_is_tried_once_more(status: int) -> None:
    async with helix() as (world, client, keeper):
        world.fail_next("helix/users", status)
        assert (await client.request_json(users(keeper)))["data"]
        world.fail_next("helix/users", status, times=4)  # aiohttp itself asks again where the line was cut
        with pytest.raises((Refused, Unreachable)):
            await client.request_json(users(keeper))


async def test_what_would_post_twice_is_not_tried_again_here() -> None:
    async with helix() as (world, client, keeper):
        user = keeper.broadcaster.user_id
        for status, kind in ((500, Refused), (DROP, Unclear)):
            world.fail_next("chat/messages", status)
            with pytest.raises(kind):
                await client.post_chat_message(user, user, "hello", token_for=user)
        assert not world.sent


async def test_a_limit_says_when_it_ends() -> None:
    async with helix() as (world, client, keeper):
        reset = str(int(world.clock.epoch(world.clock.now())) + 8)
        world.fail_next("helix/users", 429, headers={"Ratelimit-Reset": reset})
        with pytest.raises(Refused) as refused:
            await client.request_json(users(keeper))
        assert refused.value.status == 429 and 5 < refused.value.after <= 9


def test_the_reset_is_counted_by_twitchs_own_clock_and_never_for_long() -> None:
    years_off = 1_000_000_000
    headers = {"Date": formatdate(years_off, usegmt=True), "Ratelimit-Reset": str(years_off + 7)}
    assert _reset(headers) == 7
    assert _reset({**headers, "Ratelimit-Reset": str(years_off + 9999)}) == LONGEST_RESET
    assert _reset({**headers, "Ratelimit-Reset": str(years_off - 5)}) == 0.5
    assert _reset({}) == _reset({"Ratelimit-Reset": "soon"}) == 1.0


async def test_nothing_at_the_other_end_is_known_not_to_have_been_asked() -> None:
    async with helix() as (_, client, keeper):
        point_twitchio(stand_in("http://127.0.0.1:9"))
        with pytest.raises(Unreachable) as fault:
            await client.request_json(users(keeper))
        assert not isinstance(fault.value, Unclear) and "tries again" in str(fault.value)


async def test_no_error_quotes_a_token_or_what_was_said() -> None:
    async with helix() as (world, client, keeper):
        user = keeper.broadcaster.user_id
        world.fail_next("chat/messages", 400, message=f"the token {keeper.broadcaster.access} is odd")
        with pytest.raises(Refused) as refused:
            await client.post_chat_message(user, user, "a private word", token_for=user)
        said = f"{refused.value} {refused.value.extra}"
        assert keeper.broadcaster.access not in said and "private" not in said
