"""Overlay's key, viewers' link, dashboard's key: three powers, on every route; and what every answer says.

A route that is added is in these tests by itself.
"""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from bot.__main__ import welcome
from bot.controls import links
from bot.keys import Keys
from bot.settings import Settings, WebSettings
from bot.show import Show
from bot.web import POWERS, Pages
from tests.bot.stage import OVERLAY_KEY, STREAMER_KEY, Theatre, theatre, with_key
from tests.overlay.stage import PAGES
from transport.reading import PROTOCOL_VERSION, Join, encode

OPEN = {"/", "/overlay", "/overlay/", "/dashboard", "/dashboard/", "/healthz", "/readyz", "/hub", "/api/session"}
EXAMPLES = {
    "channel": "demo", "number": "1", "kind": "csv", "theme": "bars", "file": "theme.js", "name": "overlay.js",
}  # fmt: skip
VIEWER = "a" * 22


def routes() -> list[tuple[str, str]]:
    """Every method and path of the streamer's port, with something in each of its places."""
    app = Pages(Show(Settings(), Keys(), None, lambda: 0.0), "http://127.0.0.1:1").application()
    found = []
    for route in app.router.routes():
        assert route.resource is not None
        path = re.sub(r"{(\w+)[^{}]*}", lambda place: EXAMPLES[place[1]], route.resource.canonical)
        found.append((route.method, path))
    return found


def is_open(path: str) -> bool:
    """Whether a path holds no data: pages, their files, and what a stranger is meant to reach."""
    return path in OPEN or path.startswith(("/join/", "/overlay/"))


def secrets_of(stage: Theatre) -> dict[str, str]:
    """All that opens anything."""
    show = stage.show
    token = show.access.token(show.now())
    admission = show.desk.door.admit("demo", token, VIEWER, show.now())
    return {
        "overlay": OVERLAY_KEY,
        "streamer": STREAMER_KEY,
        "link": token,
        "linked": show.access.linked(admission, "ab" * 12, show.now()),
        "seed": show.keys.join,
    }


async def ask(session: aiohttp.ClientSession, method: str, path: str, **more: Any) -> tuple[int, Any]:
    """Status and headers of an answer; a body that is no wish, so that nothing is changed."""
    body: dict[str, Any] = {"data": "[]"} if method == "POST" else {}
    headers = {"Content-Type": "application/json"} | more.pop("headers", {})
    async with session.request(method, path, headers=headers, allow_redirects=False, **body, **more) as answer:
        return answer.status, answer.headers


@pytest.fixture
async def stage() -> AsyncIterator[Theatre]:
    async with theatre() as stage:
        yield stage


@pytest.fixture
async def stranger(stage: Theatre) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(stage.address) as session:
        yield session


async def test_each_power_opens_its_own_and_nothing_of_the_others(
    stage: Theatre, stranger: aiohttp.ClientSession
) -> None:
    found = [(method, path) for method, path in routes() if not is_open(path)]
    assert len(found) > 30 and set(POWERS) <= {path for _, path in found}
    for name, secret in secrets_of(stage).items():
        for method, path in found:
            status, _ = await ask(stranger, method, path, headers=with_key(secret))
            if name == "streamer" or (name == "overlay" and path in POWERS):
                assert status not in (401, 403, 500), (name, path)
            else:
                assert status == (403 if name == "overlay" else 401), (name, path)


async def test_no_key_joins_and_no_link_is_a_key(stage: Theatre, stranger: aiohttp.ClientSession) -> None:
    for name, secret in secrets_of(stage).items():
        async with stranger.ws_connect("/hub") as hub:
            await hub.send_str(encode(Join(PROTOCOL_VERSION, "demo", secret, VIEWER)))
            answer = await hub.receive_json()
            assert answer["type"] == ("welcome" if name in ("link", "linked") else "refused"), name
        async with stranger.post("/api/session", json={"key": secret}) as entered:
            assert entered.status == (200 if name in ("overlay", "streamer") else 401), name


@pytest.mark.parametrize("name", ["key", "token", "access_token", "auth"])
async def test_a_secret_in_a_query_opens_nothing(stage: Theatre, stranger: aiohttp.ClientSession, name: str) -> None:
    for method, path in routes():
        if not is_open(path):
            status, _ = await ask(stranger, method, path, params={name: STREAMER_KEY})
            assert status == 401, path
    async with stranger.ws_connect(f"/hub?{name}={secrets_of(stage)['link']}") as hub:
        await hub.send_str(encode(Join(PROTOCOL_VERSION, "demo", "nothing", VIEWER)))
        assert (await hub.receive_json())["type"] == "refused"


async def test_no_address_that_is_given_out_has_a_secret_before_its_hash(stage: Theatre) -> None:
    show = stage.show
    show.access.add_link("Discord", 7, show.now())
    async with stage.session.get("/api/access") as answer:
        told = await answer.text()
    said = " ".join([*links(show, stage.address).values(), *welcome(show, stage.address), told])
    addresses = re.findall(r"(?:https?|file)://[^\s\"]+", said)
    assert len(addresses) > 8
    known = [*secrets_of(stage).values(), *(show.access.token_of(link) for link in show.access.links())]
    for address in addresses:
        parts = urlsplit(address)
        assert parts.fragment or parts.path.endswith("/"), address
        assert not any(secret in parts._replace(fragment="").geturl() for secret in known), address
    # And no page asks for one: a query is in logs, histories and referrers.
    for page in PAGES.glob("*.js"):
        assert not re.search(r"[?&](?:key|token|secret)=\$", page.read_text("utf-8")), page.name


async def test_every_answer_of_every_route_has_the_policy_and_opens_to_no_other_site(
    stranger: aiohttp.ClientSession,
) -> None:
    seen: set[int] = set()
    ways: list[dict[str, str]] = [
        {}, with_key(STREAMER_KEY), with_key(OVERLAY_KEY), {"Origin": "https://evil.example"},
        {"Host": "evil.example"}, {"X-Forwarded-For": "192.0.2.1"}, {"Content-Type": "text/plain"},
    ]  # fmt: skip
    for method, path in [*routes(), ("GET", "/nothing"), ("GET", "/overlay/nothing.js"), ("GET", "/report/99")]:
        for headers in ways:
            for asked in {method, "PUT", "OPTIONS"}:
                if path in ("/live", "/hub", "/api/stage") and asked == "GET" and headers.get("Authorization"):
                    continue
                status, answered = await ask(stranger, asked, path, headers=headers)
                seen.add(status)
                assert "default-src '" in answered["Content-Security-Policy"], (asked, path, status)
                assert answered["X-Content-Type-Options"] == "nosniff", (asked, path, status)
                assert answered["Referrer-Policy"] == "no-referrer", (asked, path, status)
                assert not [name for name in answered if name.lower().startswith("access-control")], (asked, path)
    assert {200, 302, 400, 401, 403, 404, 405, 415} <= seen and 500 not in seen, seen


async def test_pages_at_a_name_that_is_not_the_streams_may_not_join() -> None:
    async with theatre(web=WebSettings(public_url="https://mood.example")) as stage:
        for host, status in (("mood.example", 101), ("127.0.0.1:1", 101), ("evil.example", 403)):
            headers = {"Host": host, "Origin": f"https://{host}"}
            try:
                async with stage.session.ws_connect("/hub", headers=headers):
                    found = 101
            except aiohttp.WSServerHandshakeError as error:
                found = error.status
            assert found == status, host
        headers = {"Host": "mood.example", "Origin": "https://evil.example"}
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await stage.session.ws_connect("/hub", headers=headers)


def test_the_public_port_has_no_route_that_a_key_opens() -> None:
    app: web.Application = Pages(Show(Settings(), Keys(), None, lambda: 0.0), "http://127.0.0.1:1").public_application()
    paths = {route.resource.canonical for route in app.router.routes() if route.resource is not None}
    assert paths == {"/hub", "/healthz", "/readyz", "/join/{channel}", "/overlay/{name}"}
