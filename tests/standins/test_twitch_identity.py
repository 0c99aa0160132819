"""The local Twitch gives tokens as Twitch does, and refuses them as Twitch does."""

from typing import Any

import pytest

from tests.standins.conftest import BOT_SCOPES, Plain
from tests.standins.twitch import BOT, CLIENT_ID, CONFIDENTIAL_ID, CONFIDENTIAL_SECRET, Refusal, Twitch

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


async def test_a_device_is_logged_in_by_its_code_once(twitch: Twitch, plain: Plain) -> None:
    form = {"client_id": CLIENT_ID, "scopes": "user:read:chat user:write:chat"}
    _, device = await plain.identity("POST", "oauth2/device", data=form)
    assert device["expires_in"] == 1800 and device["user_code"] in device["verification_uri"]
    ask = {**form, "grant_type": DEVICE, "device_code": device["device_code"]}

    assert await plain.identity("POST", "oauth2/token", data=ask) == (
        400,
        {"status": 400, "message": "authorization_pending"},
    )
    twitch.authorize(device["user_code"].lower(), "ann")
    status, tokens = await plain.identity("POST", "oauth2/token", data=ask)
    assert status == 200 and tokens["scope"] == ["user:read:chat", "user:write:chat"]
    _, who = await plain.identity(
        "GET", "oauth2/validate", headers={"Authorization": f"OAuth {tokens['access_token']}"}
    )
    assert who["login"] == "ann" and who["client_id"] == CLIENT_ID and who["expires_in"] > 14_000

    used = await plain.identity("POST", "oauth2/token", params=ask)
    assert used == (400, {"status": 400, "message": "invalid device code"})


@pytest.mark.parametrize("end", ["declined", "too late", "unknown"])
async def test_a_login_that_does_not_come_about(twitch: Twitch, plain: Plain, end: str) -> None:
    form = {"client_id": CLIENT_ID, "scopes": "user:bot"}
    _, device = await plain.identity("POST", "oauth2/device", data=form)
    code = device["device_code"]
    if end == "declined":
        twitch.decline(device["user_code"])
    elif end == "too late":
        twitch.clock.advance(1801)
        with pytest.raises(Refusal, match="invalid user code"):
            twitch.authorize(device["user_code"], "ann")
    else:
        code = "something else"
    ask = {**form, "grant_type": DEVICE, "device_code": code}
    assert (await plain.identity("POST", "oauth2/token", data=ask))[1]["message"] == "invalid device code"


@pytest.mark.parametrize(
    ("path", "form", "status", "message"),
    [
        ("device", {"client_id": "nobody", "scopes": "user:bot"}, 400, "invalid client"),
        ("device", {"scopes": "user:bot"}, 400, "missing client id"),
        ("device", {"client_id": CLIENT_ID, "scopes": "user:fly"}, 400, "invalid scope requested: 'user:fly'"),
        ("token", {"client_id": "nobody", "grant_type": "client_credentials"}, 400, "invalid client"),
        ("token", {"client_id": CLIENT_ID, "grant_type": "client_credentials"}, 400, "missing client secret"),
        ("token", {"client_id": CLIENT_ID, "grant_type": "telepathy"}, 400, "invalid grant type"),
        ("token", {"client_id": CLIENT_ID, "grant_type": "refresh_token"}, 400, "missing refresh token"),
        (
            "token",
            {"client_id": CONFIDENTIAL_ID, "client_secret": "wrong", "grant_type": "client_credentials"},
            403,
            "invalid client secret",
        ),
        ("revoke", {"client_id": "nobody", "token": "x"}, 404, "client does not exist"),
        ("revoke", {"client_id": CLIENT_ID, "token": "x"}, 400, "Invalid token"),
    ],
)
async def test_what_identity_refuses(plain: Plain, path: str, form: dict[str, str], status: int, message: str) -> None:
    assert await plain.identity("POST", f"oauth2/{path}", data=form) == (
        status,
        {"status": status, "message": message},
    )


async def test_a_refresh_token_of_a_public_client_works_once(twitch: Twitch, plain: Plain) -> None:
    old = twitch.tokens(BOT, BOT_SCOPES)
    form = {"client_id": CLIENT_ID, "grant_type": "refresh_token", "refresh_token": old["refresh_token"]}
    status, new = await plain.identity("POST", "oauth2/token", data=form)
    assert status == 200 and new["scope"] == sorted(BOT_SCOPES)

    assert (await plain.helix("GET", "users", token=new["access_token"]))[0] == 200
    assert (await plain.helix("GET", "users", token=old["access_token"]))[0] == 401
    again = await plain.identity("POST", "oauth2/token", data=form)
    assert again == (400, {"status": 400, "message": "Invalid refresh token"})


async def test_a_confidential_client_needs_its_secret(plain: Plain) -> None:
    form = {"client_id": CONFIDENTIAL_ID, "client_secret": CONFIDENTIAL_SECRET, "grant_type": "client_credentials"}
    status, app = await plain.identity("POST", "oauth2/token", params=form)
    assert status == 200 and "refresh_token" not in app
    status, found = await plain.helix(
        "GET", "users?login=lera_bot", token=app["access_token"], client_id=CONFIDENTIAL_ID
    )
    assert status == 200 and found["data"][0]["login"] == "lera_bot"


async def test_tokens_end(twitch: Twitch, plain: Plain) -> None:
    async def validate(token: str) -> Any:
        return await plain.identity("GET", "oauth2/validate", headers={"Authorization": f"Bearer {token}"})

    assert (await plain.identity("GET", "oauth2/validate"))[1]["message"] == "missing authorization token"
    assert (await validate(plain.bot))[0] == 200

    twitch.expire_tokens()
    assert await validate(plain.bot) == (401, {"status": 401, "message": "invalid access token"})
    assert (await plain.helix("GET", "users"))[1] == {
        "error": "Unauthorized",
        "status": 401,
        "message": "Invalid OAuth token",
    }

    late = twitch.tokens(BOT, BOT_SCOPES)
    twitch.clock.advance(31 * 86_400)
    form = {"client_id": CLIENT_ID, "grant_type": "refresh_token", "refresh_token": late["refresh_token"]}
    assert (await plain.identity("POST", "oauth2/token", data=form))[1]["message"] == "Invalid refresh token"

    logged_out = twitch.tokens(BOT, BOT_SCOPES)
    form = {"client_id": CLIENT_ID, "token": logged_out["access_token"]}
    assert (await plain.identity("POST", "oauth2/revoke", data=form))[0] == 200
    assert (await validate(logged_out["access_token"]))[0] == 401


async def test_the_page_for_the_code(twitch: Twitch, plain: Plain) -> None:
    form = {"client_id": CLIENT_ID, "scopes": "user:bot"}
    _, device = await plain.identity("POST", "oauth2/device", data=form)
    async with plain.session.get(device["verification_uri"]) as page:
        assert device["user_code"] in await page.text()
    agree = {"user_code": device["user_code"], "login": "ann"}
    async with plain.session.post(f"{twitch.base}/activate", data=agree) as page:
        assert "ann has agreed" in await page.text()
    assert twitch.identity.devices[device["device_code"]].user is twitch.people.named("ann")
