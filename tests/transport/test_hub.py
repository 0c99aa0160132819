"""Both ends of the WebSocket over real sockets: joining, pacing, coming back, and strangers who mean harm."""

import asyncio
import itertools
import json
import socket
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import WSCloseCode, web
from multidict import CIMultiDict

from lera.errors import LeraError
from tests.door import TOKEN, door
from tests.night_loop import by_night
from tests.transport.test_desk import SEVEN, VIEWER, Listener, frame, join_frame, post_frame
from transport.appearances import Appearances
from transport.desk import Desk, HubSettings
from transport.hub import Hub
from transport.hub_client import HubClient
from transport.link import HUB_PATH
from transport.newest import Newest


class Waiting(Listener):
    """A listener whose readings can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self.heard.clear()
                await self.heard.wait()

    def take(self, reading: Any) -> None:
        super().take(reading)
        self.heard.set()

    def leave(self, viewer: str) -> None:
        super().leave(viewer)
        self.heard.set()


class Server:
    """A hub on a port of its own, that can be killed and started again there."""

    def __init__(self, settings: HubSettings, audience: Waiting) -> None:
        self.audience = audience
        self.settings = settings
        self.port = 0
        self.address = ""
        self.url = ""

    async def start(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.url = f"ws://127.0.0.1:{self.port}{HUB_PATH}"
        self.appearances = Appearances()
        self.desk = Desk(self.settings, "demo", door(), self.audience, appearances=self.appearances)
        self.hub = Hub(self.desk, asyncio.get_running_loop().time)
        app = web.Application()
        app.router.add_get(HUB_PATH, self.hub.handle)
        self.watching = asyncio.create_task(self.hub.watch())
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        await web.SockSite(self.runner, listener).start()

    async def stop(self) -> None:
        self.watching.cancel()
        await self.hub.close()
        await self.runner.cleanup()


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[Server]:
    server = Server(HubSettings(**settings), Waiting())
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def joined_socket(server: Server, **changes: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as session, session.ws_connect(server.url) as page:
        await page.send_str(join_frame(**changes).decode())
        assert (await page.receive_json())["type"] == "welcome"
        yield page


@asynccontextmanager
async def running(server: Server, viewer: str = VIEWER, **settings: Any) -> AsyncIterator[HubClient]:
    client = HubClient(server.url, "demo", settings.get("token", TOKEN), viewer, settings.get("on_state"))
    task = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        await client.close()
        await asyncio.wait_for(task, 60)


@by_night
async def test_a_posted_reading_arrives_and_unchanged_ones_beat() -> None:
    async with serving(interval=0.2, heartbeat=1.0) as server, running(server) as client:
        client.post(SEVEN, 0.8, captured=123.4564)
        await server.audience.until(lambda: len(server.audience.readings) >= 2)
        first, second = server.audience.readings[:2]
        assert (first.viewer, first.probabilities, first.quality) == (VIEWER, SEVEN, 0.8)
        assert first.captured == 123.456
        assert second.captured == 0.0
        assert 0.9 <= second.time - first.time <= 2.0


@by_night
async def test_the_newest_reading_wins_and_the_pace_is_kept() -> None:
    async with serving(interval=0.3) as server, running(server) as client:
        for step in range(101):
            client.post((step / 100, 1 - step / 100, 0, 0, 0, 0, 0))
            await asyncio.sleep(0.01)
        await server.audience.until(lambda: server.audience.readings[-1:] != [] and newest(server) == 1.0)
        assert 3 <= len(server.audience.readings) <= 6
        assert not server.desk.counts["dropped: too fast"]


def newest(server: Server) -> float:
    return server.audience.readings[-1].probabilities[0]


async def test_away_withdraws_at_once_and_closing_says_goodbye() -> None:
    async with serving() as server:
        async with running(server) as client:
            client.post(SEVEN)
            await server.audience.until(lambda: bool(server.audience.readings))
            client.away("paused")
            await server.audience.until(lambda: len(server.audience.left) == 1)
        await server.audience.until(lambda: len(server.audience.left) == 2)


async def test_forgetting_is_confirmed() -> None:
    async with serving() as server, running(server) as client:
        client.post(SEVEN)
        await server.audience.until(lambda: bool(server.audience.readings))
        assert await client.forget()
        assert server.audience.forgotten == [VIEWER]


@by_night
async def test_the_client_comes_back_after_the_hub_was_killed_with_only_the_newest_reading() -> None:
    states: list[str] = []
    async with serving(interval=0.2) as server, running(server, on_state=states.append) as client:
        client.post((1, 0, 0, 0, 0, 0, 0))
        await server.audience.until(lambda: bool(server.audience.readings))
        await server.stop()
        count = len(server.audience.readings)
        client.post((0, 1, 0, 0, 0, 0, 0))
        client.post((0, 0, 1, 0, 0, 0, 0))
        await server.start()
        await server.audience.until(lambda: len(server.audience.readings) > count)
        assert server.audience.readings[count].probabilities[2] == 1
        assert states[:3] == ["connecting", "joined", "offline"] and states[-1] == "joined"


async def test_a_refusal_for_good_is_one_line_and_ends_the_client() -> None:
    async with serving() as server:
        client = HubClient(server.url, "demo", "wrong", VIEWER)
        with pytest.raises(LeraError, match="ask the streamer"):
            await asyncio.wait_for(client.run(), 60)


async def test_joining_twice_ends_the_first() -> None:
    async with serving() as server, joined_socket(server) as first, joined_socket(server):
        told = await first.receive_json()
        assert told["type"] == "refused" and "another window" in told["reason"] and not told["retry"]
        assert (await first.receive()).type is aiohttp.WSMsgType.CLOSE
        assert len(server.desk.guests) == 1


HOSTILE = [
    b'{"type":"reading","sequence":1,"probabilities":[NaN,0,0,0,0,0,0]}',
    b'{"type":"reading","sequence":1,"probabilities":[1e999,0,0,0,0,0,0]}',
    b'{"type":"reading","sequence":1,"probabilities":[-1,2,0,0,0,0,0]}',
    b'{"type":"reading","sequence":1,"probabilities":[1,1,1,1,1,1,1]}',
    b'{"type":"reading","sequence":"1","probabilities":"many"}',
    b'{"type":"nonsense"}',
    b"[" * 1000,
    b"\x00",
    b"x" * 2000,
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_frames_are_refused_with_a_reason_and_others_go_on(text: bytes) -> None:
    async with serving() as server, running(server, "b" * 22) as honest, joined_socket(server) as page:
        await page.send_str(text.decode())
        told = await page.receive_json()
        assert told["type"] == "refused" and told["reason"]
        assert (await page.receive()).type is aiohttp.WSMsgType.CLOSE
        assert page.close_code == WSCloseCode.POLICY_VIOLATION
        honest.post(SEVEN)
        await server.audience.until(lambda: bool(server.audience.readings))
        assert [reading.viewer for reading in server.audience.readings] == ["b" * 22]


async def test_a_frame_far_too_large_is_not_even_taken_in() -> None:
    async with serving() as server, joined_socket(server) as page:
        await page.send_str("x" * 8_000)
        assert (await page.receive()).type is aiohttp.WSMsgType.CLOSE
        assert page.close_code == WSCloseCode.MESSAGE_TOO_BIG
        assert server.desk.counts["refused: oversized"] == 1
    async with serving() as server, joined_socket(server) as page:
        with pytest.raises(ConnectionError):
            await page.send_str("x" * 50_000_000)


@by_night
async def test_binary_frames_and_silence_are_refused() -> None:
    async with serving(join_timeout=1) as server, aiohttp.ClientSession() as session:
        async with session.ws_connect(server.url) as page:
            await page.send_bytes(join_frame())
            assert "JSON" in (await page.receive_json())["reason"]
        async with session.ws_connect(server.url) as page:
            message = await page.receive(5)
            assert message.type is aiohttp.WSMsgType.CLOSE and "nothing heard" in str(message.extra)


@by_night
async def test_who_falls_silent_is_cut_off() -> None:
    async with serving(heartbeat=1.0) as server, joined_socket(server) as page:
        message = await page.receive(10)
        assert message.type is aiohttp.WSMsgType.CLOSE and message.extra == "nothing heard"
    assert not server.desk.guests


async def test_a_page_of_another_site_may_not_join() -> None:
    async with serving() as server, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(server.url, headers={"Origin": "https://evil.example"})
        assert refused.value.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(server.url, headers={"Origin": "http://[::1"})
        own = {"Origin": server.address}
        async with session.ws_connect(server.url, headers=own):
            pass


@by_night
async def test_a_thousand_joins_a_second_from_one_address_are_refused_and_others_go_on() -> None:
    async with serving(joins_per_second=20, join_burst=20, interval=0.2) as server, running(server) as honest:
        honest.post(SEVEN)
        await server.audience.until(lambda: bool(server.audience.readings))
        reasons: list[str] = []

        async def knock(session: aiohttp.ClientSession, number: int) -> int:
            async with session.get(server.address + HUB_PATH, headers=upgrade(number)) as answer:
                if answer.status == 429:
                    reasons.append(await answer.text())
                return answer.status

        connector = aiohttp.TCPConnector(limit=100)
        async with aiohttp.ClientSession(connector=connector) as session:
            statuses = await asyncio.gather(*(knock(session, number) for number in range(1000)))
        assert statuses.count(429) >= 800
        assert "too many joins" in reasons[0]
        count = len(server.audience.readings)
        honest.post(SEVEN)
        await server.audience.until(lambda: len(server.audience.readings) > count)


def upgrade(number: int) -> dict[str, str]:
    key = f"{number:022}=="
    return {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key}


async def test_a_proxy_can_vouch_for_addresses_only_when_the_setting_says_so() -> None:
    for behind_proxy, let_in in ((False, 1), (True, 1), (True, 5)):
        async with serving(joins_per_second=0.001, join_burst=1, behind_proxy=behind_proxy) as server:
            statuses = []
            async with aiohttp.ClientSession() as session:
                for number in range(5):
                    headers = CIMultiDict({**upgrade(number), "X-Forwarded-For": f"10.0.1.{number}"})
                    # The proxy's own line comes last; what stands before it, a stranger may have written.
                    headers.add("X-Forwarded-For", "10.0.0.1" if let_in == 1 else f"1.1.1.1, 10.0.0.{number}")
                    async with session.get(server.address + HUB_PATH, headers=headers) as answer:
                        statuses.append(answer.status)
            assert statuses.count(101) == let_in
            assert statuses.count(429) == 5 - let_in


async def test_who_vanishes_within_the_handshake_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def vanish(_response: web.WebSocketResponse) -> None:
        raise ConnectionResetError

    async with serving() as server, aiohttp.ClientSession() as session:
        with monkeypatch.context() as patch:
            patch.setattr(web.WebSocketResponse, "_write_headers", vanish)
            with pytest.raises(aiohttp.ClientError):
                await session.ws_connect(server.url)
        assert not caplog.text and server.hub._connections == 0
        async with session.ws_connect(server.url) as page:
            await page.send_str(join_frame().decode())
            assert (await page.receive_json())["type"] == "welcome"


async def pour(page: aiohttp.ClientWebSocketResponse, flood: str) -> None:
    """Until the hub has had enough of it."""
    for number in itertools.count(1):
        if flood == "pings":
            await page.ping(b"x" * 100)
        else:
            text = post_frame(number) if flood == "readings" else frame(type="forget")
            await page.send_str(text.decode())
        if number % 100 == 0:
            # Both ends share an event loop, and a sender isn't made to wait before megabytes fill the system's buffers.
            await asyncio.sleep(0)


@pytest.mark.parametrize("flood", ["readings", "forget", "pings"])
@by_night
async def test_a_flood_that_never_reads_is_cut_off_and_memory_stays_flat(flood: str) -> None:
    async with serving() as server, joined_socket(server) as page, running(server, "b" * 22) as honest:
        honest.post(SEVEN)
        await server.audience.until(lambda: bool(server.audience.readings))
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        async with asyncio.timeout(60):
            with pytest.raises(ConnectionError):
                await pour(page, flood)
        count = len(server.audience.readings)
        honest.post(SEVEN)
        await server.audience.until(lambda: len(server.audience.readings) > count)
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        assert grown < 5_000_000
        assert len(server.audience.readings) < 20
        assert server.desk.counts["refused: flood"] == 1


@by_night
async def test_pings_do_not_keep_a_connection_open_that_never_joins() -> None:
    async with (
        serving(join_timeout=1) as server,
        aiohttp.ClientSession() as session,
        session.ws_connect(server.url, autoping=False) as page,
    ):
        await page.ping()
        told = await page.receive_json(timeout=5)
        assert told["type"] == "refused"


@by_night
async def test_a_reading_that_nobody_renews_or_confirms_is_withdrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Newest, "STALE_SECONDS", 1.5)
    monkeypatch.setattr("transport.newest.steady_clock", lambda: asyncio.get_running_loop().time)
    async with serving(heartbeat=1.0) as server, running(server) as client:
        client.post(SEVEN)
        await server.audience.until(lambda: bool(server.audience.left))
        assert len(server.audience.readings) == 2
        client.post(SEVEN)
        for _ in range(6):
            client.confirm()
            await asyncio.sleep(0.5)
        assert len(server.audience.left) == 1
        assert len(server.audience.readings) >= 4


async def test_a_compressed_bomb_is_never_unpacked() -> None:
    async with (
        serving() as server,
        aiohttp.ClientSession() as session,
        session.ws_connect(server.url, compress=15) as page,
    ):
        assert page.compress == 0


def test_the_wire_is_what_the_contract_says() -> None:
    """The frames by the letter: an older agent in the field depends on them."""
    assert json.loads(join_frame()) == {
        "type": "join", "version": 1, "channel": "demo", "token": TOKEN, "viewer": VIEWER,
    }  # fmt: skip
    assert frame(type="away", reason="no_face") == b'{"type": "away", "reason": "no_face"}'
