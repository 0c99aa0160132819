"""What the agent's end of the WebSocket asks for, and how long it waits to come back."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from tests.door import TOKEN
from tests.transport.test_desk import VIEWER, frame
from tests.transport.test_hub import joined_socket, running, serving
from transport.hub_client import HubClient, backoff
from transport.link import HUB_PATH
from transport.reading import Appear, Renewed, Shown, Welcome, encode


async def test_who_wants_to_be_shown_is_shown_and_withdraws_at_once_and_asks_again_after_a_restart() -> None:
    answers: asyncio.Queue[Shown] = asyncio.Queue()
    async with asyncio.timeout(30), serving() as server, running(server) as client:
        client.appearing.on_change = answers.put_nowait
        client.appearing.want(Appear("name", "Ann <3"))
        assert await answers.get() == Shown("name", "Ann <3")
        assert dict(server.appearances) == {VIEWER: "Ann <3"}
        await server.stop()
        assert not dict(server.appearances), "nobody is shown who can't withdraw any more"
        await server.start()
        assert await answers.get() == Shown("name", "Ann <3")
        client.appearing.want(Appear("no"))
        assert await answers.get() == Shown()
        assert not dict(server.appearances)


async def test_a_name_without_end_costs_the_stranger_the_connection() -> None:
    async with asyncio.timeout(30), serving() as server, joined_socket(server) as page:
        await page.send_str(frame(type="appear", seat="name", name="x" * 10_000).decode())
        message = await page.receive()
        assert message.type is aiohttp.WSMsgType.CLOSE or message.json()["type"] == "refused"
        assert not dict(server.appearances)


@asynccontextmanager
async def answering(handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """A hub that does as it likes; gives its address."""
    app = web.Application()
    app.router.add_get(HUB_PATH, handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}{HUB_PATH}"
    finally:
        await runner.cleanup()


async def test_a_hub_that_says_things_without_end_is_left_and_waited_for_ever_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        page = web.WebSocketResponse()
        await page.prepare(request)
        await page.receive()
        with contextlib.suppress(ConnectionError):
            await page.send_str(encode(Welcome(1, "demo", 0, 1.0, 5.0)))
            for number in itertools.count():
                await page.send_str(encode(Renewed(f"token-{number}")))
        return page

    attempts: asyncio.Queue[int] = asyncio.Queue()

    def wait(attempt: int, _longest: float) -> float:
        attempts.put_nowait(attempt)
        return 0.0

    monkeypatch.setattr("transport.hub_client.backoff", wait)
    given: list[str] = []
    async with asyncio.timeout(60), answering(flood) as url:
        client = HubClient(url, "demo", "token", VIEWER, on_given=given.append)
        task = asyncio.create_task(client.run())
        assert [await attempts.get() for _ in range(3)] == [1, 2, 3]
        await client.close()
        await task
    assert 0 < len(given) < 1000


@pytest.mark.parametrize("place", ["http://a..b/", f"http://{'x' * 70}.example/", "http://[::1/", "ftp://x/"])
async def test_a_hub_that_leads_nowhere_is_one_that_cant_be_reached(place: str) -> None:
    async def lead(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": place})

    states: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.timeout(30), answering(lead) as url, aiohttp.ClientSession() as session:
        client = HubClient(url, "demo", "token", VIEWER, states.put_nowait, session)
        task = asyncio.create_task(client.run())
        assert [await states.get(), await states.get()] == ["connecting", "offline"]
        await client.close()
        await task


async def test_nobody_is_led_from_the_links_own_host_to_another() -> None:
    asked: list[str] = []
    to = ""

    async def lead(request: web.Request) -> web.StreamResponse:
        asked.append(request.host)
        return web.Response(status=302, headers={"Location": to})

    states: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.timeout(30), answering(lead) as url, serving() as server:
        for host, expected in (("localhost", "offline"), ("127.0.0.1", "joined")):
            to = server.address.replace("127.0.0.1", host) + HUB_PATH
            client = HubClient(url, "demo", TOKEN, VIEWER, states.put_nowait)
            task = asyncio.create_task(client.run())
            assert [await states.get(), await states.get()] == ["connecting", expected]
            await client.close()
            await task
        assert server.desk.counts["joined"] == 1 and asked


def test_the_wait_grows_is_capped_and_jitters() -> None:
    for attempt in range(60):
        waits = {backoff(attempt, 30.0) for _ in range(50)}
        assert all(0.25 <= wait <= min(30.0, 2.0**attempt) for wait in waits)
        assert len(waits) > 10
