"""`--login`, `--logout`, and what the doctor says of Twitch."""

import asyncio
import contextlib
import os
import re
import stat
import sys
from collections.abc import AsyncIterator

import pytest

from bot.doctor import Finding, _twitch
from bot.settings import Settings
from bot.twitch.account import log_in, log_out, look
from bot.twitch.endpoints import VARIABLE
from bot.twitch.settings import TwitchSettings
from bot.twitch.tokens import _read
from lera.errors import LeraError
from lera.folders import data_folder
from tests.bot.stage import eventually
from tests.bot.twitch.stage import keep_login
from tests.standins.twitch import BOT, CLIENT_ID, STREAMER, Twitch, standin

SETTINGS = TwitchSettings(client_id=CLIENT_ID)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Twitch]:
    """A local Twitch, which is the one that LERA's programs know."""
    async with standin(device_interval=1) as running:
        monkeypatch.setenv(VARIABLE, running.base)
        yield running


async def test_a_person_types_the_code_and_is_logged_in(world: Twitch, capsys: pytest.CaptureFixture[str]) -> None:
    logging_in = asyncio.create_task(log_in(SETTINGS, "broadcaster"))
    await eventually(lambda: bool(world.identity.devices))
    said = ""
    while "type the code" not in said:
        await asyncio.sleep(0.01)
        said += capsys.readouterr().out
    link, code = re.search(r"open (\S+) and type the code (\w+)", said).groups()  # type: ignore[union-attr]
    assert code not in link and link.startswith(world.base)
    assert all(scope in said for scope in ("user:read:chat", "user:write:chat", "clips:edit"))
    assert "Keep the code off the stream" in said
    world.authorize(code, STREAMER)
    assert await logging_in == 0
    told = capsys.readouterr()
    assert "streamer is logged in" in told.out and "no keyring" in told.err
    account = _read("broadcaster")
    assert account is not None and account.login == STREAMER
    assert account.access not in said + told.out + told.err
    if sys.platform != "win32":
        assert stat.S_IMODE(os.stat(data_folder() / "secrets.json").st_mode) == 0o600


async def test_only_the_scopes_of_what_is_switched_on_are_asked_for(world: Twitch) -> None:
    settings = TwitchSettings(client_id=CLIENT_ID, clips=False, markers=False)
    logging_in = asyncio.create_task(log_in(settings, "broadcaster"))
    await eventually(lambda: bool(world.identity.devices))
    (device,) = world.identity.devices.values()
    assert device.scopes == {"user:read:chat", "user:write:chat"}
    logging_in.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await logging_in


async def test_no_is_an_answer(world: Twitch) -> None:
    logging_in = asyncio.create_task(log_in(SETTINGS, "broadcaster"))
    await eventually(lambda: bool(world.identity.devices))
    (device,) = world.identity.devices.values()
    world.decline(device.user_code)
    with pytest.raises(LeraError, match="declined"):
        await logging_in


async def test_the_channels_own_account_is_no_second_one(world: Twitch) -> None:
    await asyncio.to_thread(keep_login, world, "broadcaster", STREAMER)
    assert "streamer chats" in await look(SETTINGS)
    logging_in = asyncio.create_task(log_in(SETTINGS, "bot"))
    await eventually(lambda: bool(world.identity.devices))
    (device,) = world.identity.devices.values()
    world.authorize(device.user_code, STREAMER)
    with pytest.raises(LeraError, match="channel's own account"):
        await logging_in
    assert _read("bot") is None


@pytest.mark.usefixtures("world")
async def test_a_wrong_client_id_is_one_line() -> None:
    with pytest.raises(LeraError, match="Twitch doesn't know"):
        await log_in(TwitchSettings(client_id="nobody"), "broadcaster")


async def test_without_a_client_id_the_way_to_one_is_told() -> None:
    with pytest.raises(LeraError, match="For streamers"):
        await log_in(TwitchSettings(), "broadcaster")


async def test_logging_out_ends_both_logins(world: Twitch, capsys: pytest.CaptureFixture[str]) -> None:
    await asyncio.to_thread(keep_login, world, "broadcaster", STREAMER)
    assert await log_out(SETTINGS) == 0
    said = capsys.readouterr().out
    assert "is logged out" in said and "No bot was logged in" in said
    assert not world.identity.tokens and _read("broadcaster") is None


async def test_logging_out_without_a_network_erases_and_says_what_remains(world: Twitch) -> None:
    await asyncio.to_thread(keep_login, world, "broadcaster", STREAMER)
    world.fail_next("oauth2/revoke", 500)
    with pytest.raises(LeraError, match="settings/connections"):
        await log_out(SETTINGS)
    assert _read("broadcaster") is None


async def test_the_doctor_says_how_twitch_is(world: Twitch) -> None:
    def finding(settings: TwitchSettings) -> Finding:
        return _twitch(Settings(twitch=settings))

    assert "not set up" in (await asyncio.to_thread(finding, TwitchSettings())).said
    assert "switched off" in (await asyncio.to_thread(finding, TwitchSettings(enabled=False))).said
    with pytest.raises(LeraError, match="--login"):
        await asyncio.to_thread(finding, SETTINGS)
    await asyncio.to_thread(keep_login, world, "broadcaster", STREAMER, ["user:read:chat", "user:write:chat"])
    with pytest.raises(LeraError, match="clips:edit"):
        await asyncio.to_thread(finding, SETTINGS)
    await asyncio.to_thread(keep_login, world, "broadcaster", STREAMER)
    await asyncio.to_thread(keep_login, world, "bot", BOT)
    assert (await asyncio.to_thread(finding, SETTINGS)).said == "lera_bot chats in streamer's channel"
