"""The bot behind a real nginx and a real Caddy, with the files that hosts are given."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.controls import links
from bot.keys import Keys
from bot.server import serving
from bot.settings import ChannelSettings, CrowdSettings, Settings, WebSettings
from bot.show import Show
from tests.bot.stage import HAPPY, OVERLAY_KEY, STREAMER_KEY, eventually, looking, with_key
from tests.conftest import ROOT
from tests.deploy.proxies import (
    HOST,
    Name,
    Proxy,
    caddy_files,
    free_port,
    make_certificate,
    needs,
    nginx_files,
    proxy,
)
from tests.transport.test_desk import join_frame, post_frame
from transport.desk import HubSettings
from transport.hub_client import HubClient
from transport.link import parse_link
from transport.listening import listen, site

pytestmark = pytest.mark.slow
BOTH = [pytest.param("nginx", marks=needs("nginx")), pytest.param("caddy", marks=needs("caddy"))]


@asynccontextmanager
async def show_behind(front: Proxy, **hub: Any) -> AsyncIterator[Show]:
    """The bot, as a host runs it behind this proxy."""
    settings = Settings(
        ChannelSettings("demo"),
        CrowdSettings(minimum_viewers=1),
        hub=HubSettings(interval=0.2, behind_proxy=True, **hub),
        web=WebSettings(port=free_port(), public_port=front.upstream, public_url=front.url),
    )
    show = Show(settings, Keys("secret", STREAMER_KEY, OVERLAY_KEY), None, asyncio.get_running_loop().time)
    async with serving(show):
        running = asyncio.create_task(show.run())
        try:
            await seen(front)
            yield show
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def seen(front: Proxy) -> None:
    """Wait until the proxy, which looks every two seconds, has found the bot."""
    async with front.viewer("127.0.0.9") as looker, asyncio.timeout(30):
        while True:
            async with looker.get(f"{front.url}/hub") as answer:
                if answer.status == 400:
                    return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def agent(show: Show, session: aiohttp.ClientSession, number: int) -> AsyncIterator[HubClient]:
    """A viewer's agent, joined by the streamer's link."""
    link = parse_link(links(show, "http://127.0.0.1:1")["join"])
    assert link.url == f"wss://{HOST}:{show.public_url.rsplit(':', 1)[1]}/hub"
    client = HubClient(*link, f"{number:022}", session=session)
    client.post(HAPPY)
    running, camera = asyncio.create_task(client.run()), asyncio.create_task(looking([client]))
    try:
        yield client
    finally:
        camera.cancel()
        await client.close()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("name", BOTH)
async def test_agents_join_over_tls_and_come_back_when_the_bot_is_started_anew(name: Name, tmp_path: Path) -> None:
    async with proxy(name, tmp_path, free_port()) as front, front.viewer() as session, AsyncExitStack() as agents:
        async with show_behind(front) as show:
            clients = [await agents.enter_async_context(agent(show, session, number)) for number in range(3)]
            await eventually(lambda: show.mood.viewers == 3)
        await eventually(lambda: all(client.state != "joined" for client in clients))
        async with session.get(f"{front.url}/join/demo") as answer:
            assert answer.status == 502, "the proxy says that the bot is away"
        async with show_behind(front) as show:
            await eventually(lambda: show.mood.viewers == 3, 60)
            assert all(client.state == "joined" for client in clients)


@pytest.mark.parametrize("name", BOTH)
async def test_limits_count_each_viewer_and_a_forged_address_does_not_help(name: Name, tmp_path: Path) -> None:
    async with (
        proxy(name, tmp_path, free_port()) as front,
        show_behind(front, joins_per_second=0.001, join_burst=2),
        front.viewer("127.0.0.2") as one,
        front.viewer("127.0.0.3") as other,
    ):

        async def knock(session: aiohttp.ClientSession, **headers: str) -> int:
            try:
                async with session.ws_connect(f"{front.url}/hub", headers=headers):
                    return 101
            except aiohttp.WSServerHandshakeError as refused:
                return refused.status

        assert [await knock(one) for _ in range(3)] == [101, 101, 429]
        assert await knock(other) == 101, "one viewer's knocking is no other's"
        for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "x-forwarded-for"):
            assert await knock(one, **{header: "203.0.113.9"}) == 429, header


@pytest.mark.parametrize("name", BOTH)
async def test_viewers_go_where_there_is_room(name: Name, tmp_path: Path) -> None:
    asked = []

    async def full(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=503, headers={"Retry-After": "5"})

    app = web.Application()
    app.router.add_get("/hub", full)
    app.router.add_get("/readyz", full)
    with listen("127.0.0.1", 0) as other:
        async with (
            site(other, app, 10.0),
            proxy(name, tmp_path, free_port(), other.getsockname()[1]) as front,
            show_behind(front) as show,
            front.viewer() as session,
            AsyncExitStack() as agents,
        ):
            for number in range(12):
                await agents.enter_async_context(agent(show, session, number))
            await eventually(lambda: len(show.desk.guests) == 12)
            assert asked, "the other one was asked, too"
            async with session.get(f"{front.url}/join/demo") as answer:
                assert answer.status == 200, "pages are the bot's"


@pytest.mark.parametrize("name", BOTH)
async def test_a_hub_that_was_away_once_takes_in_its_share_when_it_is_back(name: Name, tmp_path: Path) -> None:
    beside, taken = free_port(), []

    async def take(request: web.Request) -> web.StreamResponse:
        taken.append(request)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        return socket

    looks = asyncio.Semaphore(0)

    async def ready(_request: web.Request) -> web.Response:
        looks.release()
        return web.Response()

    async with (
        proxy(name, tmp_path, free_port(), beside) as front,
        # Who has connected says nothing, and stays all the same until all are there.
        show_behind(front, join_timeout=60.0),
        front.viewer() as session,
        AsyncExitStack() as joined,
    ):

        async def join(viewers: int) -> None:
            for _ in range(viewers):
                await joined.enter_async_context(session.ws_connect(f"{front.url}/hub"))

        # As in an upgrade: somebody knocks while the other hub is away.
        await join(4)
        app = web.Application()
        app.router.add_get("/hub", take)
        app.router.add_get("/readyz", ready)
        with listen("127.0.0.1", beside) as listener:
            async with site(listener, app, 10.0):
                if name == "caddy":
                    # Who looks again has taken in what the first look has found.
                    for _ in range(2):
                        await looks.acquire()
                else:
                    # So long nginx would leave out who failed where it is told to, and then let one in to try.
                    await asyncio.sleep(6.0)
                await join(12)
                assert len(taken) == 8, "half of all"
                await joined.aclose()


@pytest.mark.parametrize("name", BOTH)
async def test_nothing_private_can_be_reached_through_it(name: Name, tmp_path: Path) -> None:
    private = (
        "/",
        "/dashboard/",
        "/overlay/",
        "/live",
        "/metrics",
        "/api/mood",
        "/api/links",
        "/api/stage",
        "/report/",
    )
    async with proxy(name, tmp_path, free_port()) as front, show_behind(front), front.viewer() as session:
        for path in private:
            async with session.get(front.url + path, headers=with_key(STREAMER_KEY), allow_redirects=False) as answer:
                assert answer.status in (403, 404), path
                assert STREAMER_KEY not in await answer.text()
        for path in ("/join/demo", "/healthz", "/readyz", "/overlay/join.js"):
            async with session.get(front.url + path) as answer:
                assert answer.status == 200, path
                assert "max-age" in answer.headers["Strict-Transport-Security"]
                assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", BOTH)
async def test_of_a_big_body_a_hub_hears_no_more_than_a_thousand_bytes(name: Name, tmp_path: Path) -> None:
    heard = bytearray()

    async def take(request: web.Request) -> web.Response:
        async for part in request.content.iter_any():
            heard.extend(part)
        return web.Response()

    app = web.Application()
    app.router.add_post("/hub", take)
    app.router.add_get("/readyz", take)
    with listen("127.0.0.1", 0) as hub:
        async with (
            site(hub, app, 10.0),
            proxy(name, tmp_path, hub.getsockname()[1]) as front,
            front.viewer() as session,
        ):
            async with session.post(f"{front.url}/hub", data=b"x" * 900) as answer:
                assert answer.status == 200 and len(heard) == 900, "the hub hears what is small"
            heard.clear()
            async with session.post(f"{front.url}/hub", data=b"x" * 100_000) as answer:
                assert answer.status in (413, 502)
            assert len(heard) <= 1000


@pytest.mark.parametrize("name", BOTH)
async def test_what_is_big_or_slow_is_cut_off_before_the_bot(name: Name, tmp_path: Path) -> None:
    async with proxy(name, tmp_path, free_port()) as front, show_behind(front) as show, front.viewer() as session:
        async with session.get(f"{front.url}/join/demo", headers={"X": "y" * 30_000}) as answer:
            assert answer.status in (400, 431)
        trusted = front.certificate.trusted()
        slow = [
            await asyncio.open_connection("127.0.0.1", front.port, ssl=trusted, server_hostname=HOST) for _ in range(20)
        ]
        for _, writer in slow:
            writer.write(b"GET /hub HTTP/1.1\r\nHost: mood")
        # By itself nginx would wait for a minute.
        async with agent(show, session, 1), asyncio.timeout(45):
            await eventually(lambda: show.crowd.mood(show.now()).viewers == 1)
            for reader, writer in slow:
                await reader.read()
                writer.close()


@needs("nginx", "caddy")
async def test_who_has_nothing_to_say_for_longer_than_a_proxy_waits_by_itself_stays(tmp_path: Path) -> None:
    """nginx would end it after 60 s of silence from the hub, which has nothing to say to who asks nothing."""

    async def wait(name: Name) -> None:
        folder = tmp_path / name
        folder.mkdir()
        async with (
            proxy(name, folder, free_port()) as front,
            show_behind(front, heartbeat=60.0) as show,
            front.viewer() as session,
            session.ws_connect(f"{front.url}/hub") as socket,
        ):
            link = parse_link(links(show, "http://127.0.0.1:1")["join"])
            await socket.send_str(join_frame(token=link.token).decode())
            assert (await socket.receive_json())["type"] == "welcome"
            await asyncio.sleep(66)
            await socket.send_str(post_frame(1).decode())
            await eventually(lambda: show.desk.counts["readings"] == 1)

    await asyncio.gather(wait("nginx"), wait("caddy"))


@needs("nginx")
async def test_nginx_limits_the_requests_of_an_address(tmp_path: Path) -> None:
    async with (
        proxy("nginx", tmp_path, free_port()) as front,
        show_behind(front),
        front.viewer("127.0.0.2") as greedy,
        front.viewer("127.0.0.3") as modest,
    ):

        async def fetch(session: aiohttp.ClientSession) -> int:
            async with session.get(f"{front.url}/overlay/join.js") as answer:
                return answer.status

        clock = asyncio.get_running_loop().time
        begun = clock()
        statuses = await asyncio.gather(*(fetch(greedy) for _ in range(200)))
        assert set(statuses) <= {200, 429} and 50 <= statuses.count(200) <= 62 + 10 * (clock() - begun)
        assert await fetch(modest) == 200


@needs("nginx")
def test_nginx_takes_the_file(tmp_path: Path) -> None:
    command = nginx_files(tmp_path, free_port(), 1, make_certificate(tmp_path))
    done = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "warn" not in done.stderr, done.stderr


@needs("caddy")
def test_caddy_takes_the_file(tmp_path: Path) -> None:
    caddy, _, *files = caddy_files(tmp_path, free_port(), 1, make_certificate(tmp_path))
    done = subprocess.run([caddy, "validate", *files], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    shipped = ROOT / "deploy" / "Caddyfile"
    done = subprocess.run([caddy, "fmt", str(shipped)], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == shipped.read_text("utf-8")
