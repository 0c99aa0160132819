"""What the agent's end of the WebSocket asks for, and how long it waits to come back."""

import asyncio
import contextlib
import itertools

import aiohttp
import pytest
from aiohttp import web

from tests.door import TOKEN
from tests.night_loop import by_night
from tests.transport.strangers import answering, counted_waits
from tests.transport.test_desk import VIEWER, frame
from tests.transport.test_hub import joined_socket, running, serving
from transport.hub_client import HubClient, Tries, backoff
from transport.link import HUB_PATH
from transport.reading import Appear, Refused, Renewed, Shown, Welcome, encode


@by_night
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

    attempts = counted_waits(monkeypatch, "transport.hub_client")
    given: list[str] = []
    async with asyncio.timeout(300), answering(HUB_PATH, flood) as url:
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
    async with asyncio.timeout(30), answering(HUB_PATH, lead) as url, aiohttp.ClientSession() as session:
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
    async with asyncio.timeout(30), answering(HUB_PATH, lead) as url, serving() as server:
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


WELCOME = Welcome(1, "demo", 0, 1.0, 5.0)


async def until_offline(url: str, times: int = 1) -> tuple[list[str], HubClient]:
    """The states of an agent until a hub has lost it so often, and the agent."""
    states: list[str] = []
    ended = asyncio.Event()

    def hear(state: str) -> None:
        states.append(f"{state}: {client.fault}" if client.fault else state)
        if state == "offline" and sum(each.startswith("offline") for each in states) >= times:
            ended.set()

    client = HubClient(url, "demo", "token", VIEWER, hear)
    task = asyncio.create_task(client.run())
    async with asyncio.timeout(20):
        await ended.wait()
    await client.close()
    await task
    return states, client


@pytest.mark.parametrize("silent", ["before the handshake", "after it", "drips"])
async def test_a_hub_that_lets_nobody_in_and_sends_nobody_away_is_left(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def say_nothing(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        if silent != "before the handshake":
            await socket.prepare(request)
        while True:
            await asyncio.sleep(0.05)
            if silent == "drips":
                await socket.ping()
                await socket.send_str("{}")

    monkeypatch.setattr(HubClient, "LET_IN", 0.4)
    async with answering(HUB_PATH, say_nothing) as url:
        assert (await until_offline(url))[0] == ["connecting", "offline"]


@by_night
async def test_who_was_let_in_in_time_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HubClient, "LET_IN", 0.4)
    states: list[str] = []
    async with asyncio.timeout(20), serving() as server:
        client = HubClient(server.url, "demo", TOKEN, VIEWER, states.append)
        task = asyncio.create_task(client.run())
        await asyncio.sleep(1.0)
        assert states == ["connecting", "joined"]
        await client.close()
        await task


@by_night
async def test_a_hub_that_says_later_is_left_at_once_and_its_reason_told_without_what_moves_a_cursor() -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(600):
                # Also from one that goes on and on.
                await socket.send_str(encode(Refused("not\x1b[2J live\u202e\n", retry=True)))
                await asyncio.sleep(0.1)
        return socket

    async with answering(HUB_PATH, refuse) as url:
        states, _ = await until_offline(url)
    assert states == ["connecting", "offline: The stream's hub says: not[2J live."]


def test_tries_before_a_hub_lets_in_do_not_count_against_it_and_short_stays_do() -> None:
    tries = Tries()
    assert [tries.ended(False, False) for _ in range(5)] == [1, 2, 3, 4, 5]
    assert [tries.ended(True, False) for _ in range(3)] == [1, 2, 3]
    assert [tries.ended(*each) for each in ((False, False), (True, False), (True, True), (False, True))] == [4, 4, 0, 1]


@by_night
async def test_a_hub_that_lets_in_and_ends_it_at_once_is_waited_for_ever_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def let_in(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(encode(WELCOME))
        await socket.close()
        return socket

    waits = counted_waits(monkeypatch, "transport.hub_client")
    async with answering(HUB_PATH, let_in) as url:
        await until_offline(url, 4)
        monkeypatch.setattr(HubClient, "STEADY", 0.0)
        await until_offline(url, 4)
    attempts = [waits.get_nowait() for _ in range(waits.qsize())]
    assert attempts[:3] == [1, 2, 3] and attempts[-1] == 0


@pytest.mark.parametrize(("told", "taken"), [(-7, 1), (10**900, 1_000_000), (5, 5)], ids=["below", "above", "usual"])
async def test_a_stranger_number_of_viewers_makes_no_strange_line(told: int, taken: int) -> None:
    async def let_in(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(encode(WELCOME).replace('"minimum_viewers":3', f'"minimum_viewers":{told}'))
        await socket.close()
        return socket

    async with answering(HUB_PATH, let_in) as url:
        assert (await until_offline(url))[1].minimum_viewers == taken
