"""The device code flow: what people are shown, and when it is over."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.twitch.endpoints import Endpoints, stand_in
from bot.twitch.faults import Stopped, Unreachable
from bot.twitch.identity import DeviceCode, Identity
from bot.twitch.login import Login, begin
from bot.twitch.tokens import Keeper
from lera.errors import LeraError
from tests.standins.twitch import BOT, CLIENT_ID, Twitch, standin

SCOPES = ["user:read:chat", "user:write:chat"]
PAGE = "https://www.twitch.tv/activate?public=true"
DEVICE = DeviceCode("a-device-code", "ABCDEFGH", f"{PAGE}&device-code=ABCDEFGH", 1800)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


@pytest.fixture
async def world() -> AsyncIterator[Twitch]:
    async with standin(device_interval=0) as running:
        yield running


def test_the_link_is_shown_without_the_code_and_the_picture_has_it() -> None:
    login = Login("broadcaster", DEVICE, SCOPES, Endpoints())
    assert login.link == PAGE and login.code == "ABCDEFGH"
    assert login.svg.startswith("data:image/svg+xml") and "█" in login.blocks
    bare = Login("broadcaster", DeviceCode("d", "ABCDEFGH", PAGE, 60), SCOPES, Endpoints())
    assert bare.svg != login.svg


@pytest.mark.parametrize("link", ["https://evil.example/a", "http://www.twitch.tv/a", "javascript:alert(1)"])
def test_people_are_sent_to_twitch_and_nowhere_else(link: str) -> None:
    with pytest.raises(LeraError, match="not Twitch's own"):
        Login("broadcaster", DeviceCode("d", "ABCDEFGH", link, 60), SCOPES, Endpoints())


async def test_it_waits_for_the_person_through_a_bad_network(world: Twitch, session: aiohttp.ClientSession) -> None:
    identity = Identity(session, CLIENT_ID, world.base)
    login = await begin("bot", SCOPES, identity, stand_in(world.base))
    world.fail_next("oauth2/token", 500)
    world.authorize(login.code, BOT)
    account = await login.finished(identity, Keeper(identity))
    assert (account.login, set(account.scopes)) == (BOT, set(SCOPES))


async def test_a_code_that_nobody_types_ends(world: Twitch, session: aiohttp.ClientSession) -> None:
    identity = Identity(session, CLIENT_ID, world.base)
    device = await identity.device(SCOPES)
    short = DeviceCode(device.device_code, device.user_code, device.verification_uri, 0.2, 0.05)
    with pytest.raises(LeraError, match="in time"):
        await Login("bot", short, SCOPES, stand_in(world.base)).finished(identity, Keeper(identity))


async def test_an_unknown_app_and_a_twitch_out_of_order(world: Twitch, session: aiohttp.ClientSession) -> None:
    with pytest.raises(Stopped, match="client_id"):
        await Identity(session, "nobody", world.base).device(SCOPES)
    identity = Identity(session, CLIENT_ID, world.base)
    for status in (0, 429, 500, 503):
        world.fail_next("oauth2/device", status)
        with pytest.raises(Unreachable, match="by itself"):
            await identity.device(SCOPES)
    with pytest.raises(Stopped, match="invalid scope"):
        await identity.device(["no:such:scope"])


async def test_no_secret_is_in_an_address_or_a_repr(world: Twitch, session: aiohttp.ClientSession) -> None:
    asked: list[str] = []
    trace = aiohttp.TraceConfig()

    async def note(_session: object, _context: object, request: aiohttp.TraceRequestStartParams) -> None:
        asked.append(str(request.url))

    trace.on_request_start.append(note)
    session.trace_configs.append(trace)
    trace.freeze()
    identity = Identity(session, CLIENT_ID, world.base)
    device = await identity.device(SCOPES)
    assert device.user_code not in repr(device) and device.device_code not in repr(device)
    world.authorize(device.user_code, BOT)
    grant = await identity.exchange(device, SCOPES)
    assert grant is not None and grant.access_token not in repr(grant)
    await identity.validate((await identity.refresh(grant.refresh_token)).access_token)
    assert len(asked) == 4 and not any("?" in address for address in asked)
