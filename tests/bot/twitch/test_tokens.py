"""Tokens: kept before they are used, refreshed once for many, checked, revoked."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bot.twitch import tokens
from bot.twitch.faults import LoginNeeded, Stopped, Unreachable
from bot.twitch.identity import Grant, Identity
from bot.twitch.scopes import Role
from bot.twitch.tokens import Account, Keeper, _read, _write
from lera.errors import LeraError
from tests.bot.twitch.stage import keep_login
from tests.standins.twitch import BOT, CLIENT_ID, CONFIDENTIAL_ID, DROP, STREAMER, Twitch, standin


@asynccontextmanager
async def keeper(client_id: str = CLIENT_ID, bot: bool = False) -> AsyncIterator[tuple[Twitch, Keeper]]:
    """A local Twitch where the streamer has logged in, and a keeper that has loaded that."""
    async with standin() as world, aiohttp.ClientSession() as http:
        keep_login(world, "broadcaster", STREAMER)
        if bot:
            keep_login(world, "bot", BOT)
        kept = Keeper(Identity(http, client_id, world.base))
        await kept.load()
        try:
            yield world, kept
        finally:
            await kept.close()


async def test_a_check_tells_whose_they_are_and_what_for() -> None:
    async with keeper(bot=True) as (_, kept):
        await kept.check()
        assert (kept.broadcaster.login, kept.chatter.login) == (STREAMER, BOT)
        assert "clips:edit" in kept.broadcaster.scopes and "clips:edit" not in kept.chatter.scopes
        assert _read("bot") == kept.chatter


async def test_the_broadcaster_chats_where_there_is_no_bot() -> None:
    async with keeper() as (_, kept):
        await kept.check()
        assert kept.chatter is kept.broadcaster


async def test_many_callers_cause_one_refresh_which_is_kept_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with keeper() as (world, kept):
        await kept.check()
        spent = kept.broadcaster
        in_use = []

        def write(role: Role, account: Account | None) -> None:
            in_use.append(kept.broadcaster.access)
            _write(role, account)

        monkeypatch.setattr(tokens, "_write", write)
        fresh = await asyncio.gather(*(kept.renew(spent.user_id, spent.access) for _ in range(20)))
        assert len(set(fresh)) == 1 and fresh[0] != spent.access
        assert world.answers(200, "oauth2/token") == 1
        assert in_use == [spent.access], "written while the old ones were in use yet"
        assert await kept.renew(spent.user_id, spent.access) == fresh[0], "a latecomer gets the new one"
        assert world.answers(200, "oauth2/token") == 1


async def test_a_caller_that_gives_up_does_not_cost_the_login() -> None:
    async with keeper() as (world, kept):
        await kept.check()
        account = kept.broadcaster
        caller = asyncio.create_task(kept.renew(account.user_id, account.access))
        await world.until(lambda: world.answers(200, "oauth2/token") == 1)
        caller.cancel()
        await kept.close()
        now = _read("broadcaster")
        assert now is not None and now.refresh != account.refresh
        await kept.check()


async def test_a_refresh_that_somebody_else_has_made_is_taken_from_the_vault() -> None:
    async with keeper() as (world, kept):
        await kept.check()
        account = kept.broadcaster
        world.expire_tokens()
        async with aiohttp.ClientSession() as http:
            other = Keeper(Identity(http, CLIENT_ID, world.base))
            await other.load()
            await other.check()
        assert await kept.renew(account.user_id, account.access) == other.broadcaster.access


async def test_a_revoked_login_is_asked_for_again_and_not_tried_forever() -> None:
    async with keeper() as (world, kept):
        await kept.check()
        account = kept.broadcaster
        await world.revoke(STREAMER)
        for _ in range(3):
            with pytest.raises(LoginNeeded, match="--login"):
                await kept.renew(account.user_id, account.access)
        assert world.answers(400, "oauth2/token") == 1


async def test_a_network_that_fails_is_not_the_logins_fault() -> None:
    async with keeper() as (world, kept):
        await kept.check()
        account = kept.broadcaster
        for status in (DROP, 500, 503):
            world.fail_next("oauth2/token", status)
            with pytest.raises(Unreachable):
                await kept.renew(account.user_id, account.access)
        assert await kept.renew(account.user_id, account.access) != account.access


async def test_tokens_that_come_in_pieces_are_kept_whole() -> None:
    async with keeper() as (world, kept):
        await kept.check()
        account = kept.broadcaster
        for pieces in (2, 7):
            world.answer_in_pieces("oauth2/token", pieces)
            world.answer_in_pieces("oauth2/validate", pieces)
            await kept.renew(account.user_id, kept.broadcaster.access)
            await kept.check()
        assert world.answers(200, "oauth2/token") == 2 and not world.faults.waiting


async def test_what_ends_before_the_next_check_is_refreshed_now() -> None:
    async with keeper() as (world, kept):
        world.clock.advance(14_000.0)
        await kept.check()
        assert world.answers(200, "oauth2/token") == 1


async def test_tokens_of_another_app_are_none() -> None:
    async with keeper(client_id=CONFIDENTIAL_ID) as (_, kept):
        with pytest.raises(LoginNeeded, match="not logged in"):
            await kept.check()


async def test_an_app_that_is_no_public_client_is_explained() -> None:
    async with standin() as world, aiohttp.ClientSession() as http:
        grant = world.tokens(STREAMER, ["user:read:chat", "user:write:chat"], CONFIDENTIAL_ID)
        _write("broadcaster", Account(CONFIDENTIAL_ID, "spent", grant["refresh_token"]))
        kept = Keeper(Identity(http, CONFIDENTIAL_ID, world.base))
        await kept.load()
        with pytest.raises(Stopped, match="Public client"):
            await kept.check()


async def test_a_login_without_chat_is_asked_for_again() -> None:
    async with standin() as world, aiohttp.ClientSession() as http:
        keep_login(world, "broadcaster", STREAMER, ["clips:edit"])
        kept = Keeper(Identity(http, CLIENT_ID, world.base))
        await kept.load()
        with pytest.raises(LoginNeeded, match="read and write chat"):
            await kept.check()


async def test_a_vault_that_fails_costs_nothing_while_the_show_runs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_role: Role, _account: Account | None) -> None:
        raise LeraError("The disk is full.")

    async with keeper() as (_, kept):
        await kept.check()
        account = kept.broadcaster
        with monkeypatch.context() as patched:
            patched.setattr(tokens, "_write", full)
            fresh = await kept.renew(account.user_id, account.access)
            fresh = await kept.renew(account.user_id, fresh)
            await kept.load()
            assert await kept.access(account.user_id) == fresh, "the vault's older tokens are used up"
        assert [record.levelno for record in caplog.records].count(logging.ERROR) == 1
        await kept.load()
        now = _read("broadcaster")
        assert now is not None and now.access == fresh


async def test_a_stranger_who_types_the_channels_code_gets_nothing() -> None:
    async with keeper() as (world, kept):
        await kept.check()
        before = _read("broadcaster")
        stranger = world.tokens("mallory", ["user:read:chat", "user:write:chat"])
        with pytest.raises(LeraError, match="mallory has typed the code, but LERA belongs to streamer's channel"):
            await kept.adopt("broadcaster", Grant(stranger["access_token"], stranger["refresh_token"]))
        assert kept.broadcaster.login == STREAMER and _read("broadcaster") == before
        await kept.forget("broadcaster")
        account = await kept.adopt("broadcaster", Grant(stranger["access_token"], stranger["refresh_token"]))
        assert account.login == "mallory"


async def test_logging_out_revokes_and_erases() -> None:
    async with keeper() as (world, kept):
        account = await kept.forget("broadcaster")
        assert account is not None and account.access not in world.identity.tokens
        assert _read("broadcaster") is None
        assert await kept.forget("broadcaster") is None


async def test_logging_out_ends_a_login_whose_access_token_is_over_as_well() -> None:
    async with keeper() as (world, kept):
        world.expire_tokens()
        account = await kept.forget("broadcaster")
        assert account is not None and not world.identity.tokens, "nothing is left that could be renewed"


async def test_logging_out_of_what_twitch_has_ended_is_no_error() -> None:
    async with keeper() as (world, kept):
        await world.revoke(STREAMER)
        assert await kept.forget("broadcaster") is not None
        assert _read("broadcaster") is None


def test_no_token_is_in_a_repr() -> None:
    account = Account("app", "the-access-token", "the-refresh-token", login="ann")
    assert "token" not in repr(account) and "ann" in repr(account)
