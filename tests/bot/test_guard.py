"""Who may ask for what: each power against each route, cookies, wrong tries, and what renewal ends."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.controls import links
from bot.guard import COOKIE_SECONDS, Tries
from bot.keys import Keys
from bot.settings import Settings
from bot.show import Show
from bot.web import CLOSE_KEY_RENEWED, POWERS, Pages
from lera.errors import LeraError
from tests.bot.stage import OVERLAY_KEY, PATIENCE, STREAMER_KEY, Theatre, theatre, with_key
from transport.hub_client import HubClient
from transport.link import parse_link

OPEN = [
    "/",
    "/overlay",
    "/overlay/",
    "/dashboard",
    "/dashboard/",
    "/healthz",
    "/readyz",
    "/join/demo",
    "/overlay/overlay.js",
]
JSON = {"Content-Type": "application/json"}


def routes() -> list[tuple[str, str]]:
    """Every method and path that the streamer's port has and that needs a key."""
    app = Pages(Show(Settings(), "secret", None, lambda: 0.0), "http://127.0.0.1:1").application()
    found = []
    for route in app.router.routes():
        assert route.resource is not None
        path = route.resource.canonical
        if route.method != "HEAD" and "{" not in path and path not in (*OPEN, "/hub", "/api/session"):
            found.append((route.method, path))
    return found


async def status(stage: Theatre, method: str, path: str, headers: dict[str, str]) -> int:
    """What a program with these headers is answered."""
    async with aiohttp.ClientSession(stage.address) as session:
        body = {"data": "[]", "headers": headers | JSON} if method == "POST" else {"headers": headers}
        async with session.request(method, path, allow_redirects=False, **body) as answer:
            return answer.status


async def test_every_route_but_the_pages_needs_a_key_and_the_overlays_reads_only_the_mood() -> None:
    found = routes()
    assert len(found) > 10 and set(POWERS) <= {path for _, path in found}
    async with theatre() as stage:
        for method, path in found:
            assert await status(stage, method, path, {}) == 401, path
            assert await status(stage, method, path, with_key(stage.show.keys.join)) == 401, path
            overlay = await status(stage, method, path, with_key(OVERLAY_KEY))
            assert (overlay != 403) if path in POWERS else (overlay == 403), path
            # Not the right body, or no WebSocket; but it is let in.
            assert await status(stage, method, path, with_key(STREAMER_KEY)) not in (401, 403, 500), path
        for path in OPEN:
            assert await status(stage, "GET", path, {}) in (200, 302), path
        assert await status(stage, "GET", "/nothing", {}) == 404
    assert set(POWERS) == {"/live", "/api/mood", "/api/virtual-camera", "/metrics"}


async def enter(stage: Theatre, session: aiohttp.ClientSession, key: Any) -> int:
    """Show a key as a page does."""
    async with session.post(f"{stage.address}/api/session", json={"key": key}) as answer:
        return answer.status


async def test_a_page_gets_a_cookie_for_its_key_and_that_is_all_it_keeps() -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with theatre() as stage, aiohttp.ClientSession(stage.address, cookie_jar=jar) as page:
        async with page.get("/api/session") as answer:
            assert answer.status == 401 and "dashboard" in await answer.text()
        for key, power in ((OVERLAY_KEY, "overlay"), (STREAMER_KEY, "streamer")):
            async with page.post("/api/session", json={"key": key}) as answer:
                assert await answer.json() == {"power": power}
                (cookie,) = answer.cookies.values()
            port = stage.address.rsplit(":", 1)[1]
            assert cookie.key == f"lera-{power}-{port}", "two bots on one machine have two"
            assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["path"] == "/"
            assert int(cookie["max-age"]) == COOKIE_SECONDS and not cookie["domain"]
            assert key not in cookie.output() and cookie.value == stage.show.keys.cookie(power)  # type: ignore[arg-type]
            async with page.get("/api/mood") as answer:
                assert answer.status == 200
            async with page.get("/api/links") as answer:
                assert answer.status == (200 if power == "streamer" else 403)
        # The overlay in the dashboard's own browser shows its weaker key, and takes nothing away.
        assert await enter(stage, page, OVERLAY_KEY) == 200
        async with page.get("/api/session") as answer:
            assert await answer.json() == {"power": "streamer"}


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"key": 5}', '{"key": ""}', '{"key": "' + "x" * 201 + '"}'])
async def test_what_is_no_key_is_no_error_of_ours(body: str) -> None:
    async with theatre() as stage, stage.session.post("/api/session", data=body, headers=JSON) as answer:
        assert answer.status == 400


async def test_a_body_has_a_limit_and_other_sites_may_not_even_try() -> None:
    async with theatre() as stage:
        async with stage.session.post("/api/session", data="x" * 5000, headers=JSON) as answer:
            assert answer.status == 413
        for headers, refused in (
            ({"Origin": "https://evil.example"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Host": "evil.example"}, 403),
            ({"Content-Type": "text/plain"}, 415),
        ):
            sent = JSON | headers
            async with stage.session.post("/api/session", data="{}", headers=sent) as answer:
                assert answer.status == refused, headers


async def test_wrong_keys_are_limited_and_nobody_who_is_in_is_thrown_out() -> None:
    # No time passes, in which tries would come back.
    begun, jar = time.time(), aiohttp.CookieJar(unsafe=True)
    async with theatre(now=lambda: begun) as stage, aiohttp.ClientSession(cookie_jar=jar) as page:
        assert await enter(stage, page, STREAMER_KEY) == 200
        found = [await enter(stage, page, f"guess-{number}") for number in range(Tries.BURST + 2)]
        assert found[0] == 401 and found[-1] == 429 and set(found) == {401, 429}
        assert await enter(stage, page, STREAMER_KEY) == 429, "or a guess that hits would be told from one that doesn't"
        assert await status(stage, "GET", "/api/mood", with_key(STREAMER_KEY)) == 429
        async with page.get(f"{stage.address}/api/links") as answer:
            assert answer.status == 200


def test_tries_come_back_with_time_and_the_same_old_key_is_no_guess() -> None:
    tries = Tries()
    for _ in range(1000):
        assert tries.ready("here", 0.0)
        tries.failed("here", "the key of last week", 0.0)
    for number in range(Tries.BURST - 1):
        tries.failed("here", f"{number}", 0.0)
    assert not tries.ready("here", 0.0) and tries.ready("elsewhere", 0.0)
    assert tries.ready("here", Tries.INTERVAL)


async def renew(stage: Theatre, name: str, session: aiohttp.ClientSession | None = None) -> dict[str, str]:
    async with (session or stage.session).post(f"{stage.address}/api/keys", json={"renew": name}) as answer:
        assert answer.status == 200, await answer.text()
        found: dict[str, str] = await answer.json()
        return found


@pytest.mark.parametrize("power", ["overlay", "streamer"])
async def test_a_renewed_key_ends_its_cookies_and_open_feeds_and_no_others(power: str) -> None:
    keys = {"overlay": OVERLAY_KEY, "streamer": STREAMER_KEY}
    async with theatre() as stage:
        pages = {name: aiohttp.ClientSession(stage.address, cookie_jar=aiohttp.CookieJar(unsafe=True)) for name in keys}
        asking = aiohttp.ClientSession(stage.address, cookie_jar=aiohttp.CookieJar(unsafe=True))
        try:
            feeds = {}
            for name, page in pages.items():
                assert await enter(stage, page, keys[name]) == 200
                feeds[name] = await page.ws_connect("/live")
                assert (await feeds[name].receive_json())["type"] == "mood"
            assert await enter(stage, asking, STREAMER_KEY) == 200
            links_now = await renew(stage, power, asking)

            async with asyncio.timeout(PATIENCE):
                while not (message := await feeds[power].receive()).type.name.startswith("CLOS"):
                    pass
            assert message.data == CLOSE_KEY_RENEWED
            async with pages[power].get("/api/mood") as answer:
                assert answer.status == 401
            assert await status(stage, "GET", "/api/mood", with_key(keys[power])) == 401

            other = "overlay" if power == "streamer" else "streamer"
            async with asyncio.timeout(PATIENCE):
                assert (await feeds[other].receive()).type is aiohttp.WSMsgType.TEXT
            async with pages[other].get("/api/mood") as answer:
                assert answer.status == 200
            # The dashboard that asked goes on, and shows the new addresses.
            async with asking.get("/api/links") as answer:
                assert await answer.json() == links_now == links(stage.show, stage.address)
            fresh = links_now["overlay" if power == "overlay" else "dashboard"].partition("#key=")[2]
            assert await status(stage, "GET", "/api/mood", with_key(fresh)) == 200
        finally:
            for page in (*pages.values(), asking):
                await page.close()


async def test_a_renewed_join_link_lets_in_and_the_old_one_does_not() -> None:
    async with theatre() as stage:
        inside = stage.join(1)
        await stage.until(lambda frame: frame["connected"] == 1)
        old = parse_link(links(stage.show, stage.address)["join"])
        fresh = parse_link((await renew(stage, "join"))["join"])
        assert fresh.token != old.token
        refused = HubClient(*old, f"{2:022}", session=stage.session)
        with pytest.raises(Exception, match="not valid"):
            await asyncio.wait_for(refused.run(), PATIENCE)
        with pytest.raises(LeraError, match="not valid"):
            await asyncio.wait_for(stage.task_of(inside), PATIENCE)
        stage.join(3)
        await stage.until(lambda frame: frame["connected"] == 1)


@pytest.mark.parametrize("body", ["", "{}", '{"renew": "all"}', '{"renew": "join", "to": "mine"}'])
async def test_only_the_three_are_renewed(body: str) -> None:
    async with theatre() as stage, stage.session.post("/api/keys", data=body, headers=JSON) as answer:
        assert answer.status == 400


async def test_a_key_in_a_query_is_none_and_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with theatre() as stage:
        for query in (f"?key={STREAMER_KEY}", f"?token={STREAMER_KEY}"):
            assert await status(stage, "GET", f"/api/mood{query}", {}) == 401
        assert STREAMER_KEY not in caplog.text


def test_the_guard_comes_before_every_handler() -> None:
    pages = Pages(Show(Settings(), Keys(), None, lambda: 0.0), "http://127.0.0.1:1")
    for app in (pages.application(), pages.public_application()):
        assert isinstance(app, web.Application) and len(app.middlewares) == 1
