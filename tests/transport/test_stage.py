"""Both ends of the stage's line over real sockets: who may speak, for how long, and what becomes of nonsense."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, get_args

import aiohttp
import pytest
from aiohttp import WSMsgType, web

import transport.stage_host
from lera.errors import LeraError
from model.modalities import Modality as FusedModality
from tests.night_loop import by_night
from tests.transport.strangers import answering, counted_waits
from transport.reading import MAX_FRAME_BYTES, Reading, Source
from transport.stage import (
    MODALITIES,
    SOURCES,
    STAGE_PATH,
    STAGE_VERSION,
    Modality,
    StageClient,
    parse_stage_address,
)
from transport.stage_host import StageHost

SEVEN = [0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
KEY = {"Authorization": "Bearer streamer"}
JOIN = json.dumps({"type": "stage", "version": STAGE_VERSION})


class Listener:
    """What a host feeds, written down."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.lost: list[Source] = []
        self.present: list[bool] = []
        self._heard = asyncio.Event()

    def sense(self, reading: Reading) -> None:
        self.readings.append(reading)
        self._heard.set()

    def lose(self, source: Source) -> None:
        self.lost.append(source)
        self._heard.set()

    def attend(self, present: bool) -> None:
        self.present.append(present)
        self._heard.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._heard.clear()
                await self._heard.wait()


class Server:
    def __init__(self, host: StageHost, listener: Listener, url: str) -> None:
        self.host, self.listener, self.url = host, listener, url


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """A host behind a guard that knows one key."""
    listener = Listener()
    host = StageHost("demo", listener, asyncio.get_running_loop().time)

    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") == "Bearer overlay":
            raise web.HTTPForbidden
        if request.headers.get("Authorization") not in (None, "Bearer streamer"):
            raise web.HTTPUnauthorized
        return await host.handle(request)

    app = web.Application()
    app.router.add_get(STAGE_PATH, guarded)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield Server(host, listener, f"ws://127.0.0.1:{port}{STAGE_PATH}")
    finally:
        await host.end()
        await runner.cleanup()


@asynccontextmanager
async def running(server: Server, key: str = "streamer") -> AsyncIterator[StageClient]:
    client = StageClient(server.url, key)
    task = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        await client.close()
        with contextlib.suppress(LeraError):
            await task


@asynccontextmanager
async def joined(server: Server) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as session, session.ws_connect(server.url, headers=KEY) as page:
        await page.send_str(JOIN)
        assert (await page.receive_json())["type"] == "stage_welcome"
        yield page


def feel(**changes: Any) -> str:
    return json.dumps({"type": "feel", "modality": "face", "probabilities": SEVEN, "quality": 0.8, **changes})


async def ending(page: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """The last frame before the other end closes; empty when it closes at once."""
    last: dict[str, Any] = {}
    async with asyncio.timeout(20):
        async for message in page:
            if message.type is WSMsgType.TEXT:
                last = json.loads(message.data)
    return last


def test_the_modalities_are_those_that_are_fused() -> None:
    assert get_args(Modality) == get_args(FusedModality) == MODALITIES
    assert set(SOURCES.values()) <= set(get_args(Source))


async def test_readings_of_each_modality_arrive_and_a_silent_one_is_withdrawn() -> None:
    async with serving() as server, running(server) as client:
        for modality in MODALITIES:
            client.post(modality, SEVEN, 0.8, captured=12.34567)
        await server.listener.until(lambda: len(server.listener.readings) == 3)
        assert {reading.source for reading in server.listener.readings} == set(SOURCES.values())
        assert server.listener.readings[0].probabilities == tuple(SEVEN)
        assert (server.listener.readings[0].quality, server.listener.readings[0].captured) == (0.8, 12.346)
        client.away("voice", "silence")
        await server.listener.until(lambda: server.listener.lost == ["streamer_voice"])
        assert client.state == "joined" and client.channel == "demo" and server.listener.present == [True]
    await server.listener.until(lambda: server.listener.present == [True, False])


@by_night
async def test_the_newest_reading_wins_and_the_pace_is_kept() -> None:
    async with serving() as server, running(server) as client:
        client.post("face", SEVEN, 0.01)
        await server.listener.until(lambda: len(server.listener.readings) == 1)
        for number in range(2, 51):
            client.post("face", SEVEN, number / 100)
        await server.listener.until(lambda: len(server.listener.readings) == 2)
        assert server.listener.readings[1].quality == 0.5
        between = server.listener.readings[1].time - server.listener.readings[0].time
        assert between >= 0.8 * transport.stage_host.INTERVAL


async def test_a_newer_agent_takes_the_place_of_an_older_one_which_is_told() -> None:
    async with serving() as server:
        first = StageClient(server.url, "streamer")
        stopped = asyncio.create_task(first.run())
        await server.listener.until(lambda: server.listener.present == [True])
        async with running(server) as second:
            with pytest.raises(LeraError, match="taken over"):
                await stopped
            second.post("face", SEVEN)
            await server.listener.until(lambda: bool(server.listener.readings))
            assert server.listener.present == [True, True], "the older one's end takes nothing from the newer"
        await server.listener.until(lambda: server.listener.present[-1] is False)


@pytest.mark.parametrize(("key", "complaint"), [("wrong", "doesn't know that key"), ("overlay", "dashboard's key")])
async def test_a_wrong_key_ends_the_agent_with_what_to_do(key: str, complaint: str) -> None:
    async with serving() as server:
        with pytest.raises(LeraError, match=complaint):
            await StageClient(server.url, key).run()
        assert not server.listener.present
        with pytest.raises(LeraError, match="no stage at that address"):
            await StageClient(server.url + "x", "streamer").run()


@pytest.mark.parametrize("headers", [{}, {**KEY, "Origin": "http://127.0.0.1"}])
async def test_a_page_in_a_browser_is_let_in_by_no_cookie(headers: dict[str, str]) -> None:
    async with serving() as server, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(server.url, headers=headers)
        assert refused.value.status == 403 and not server.listener.present


@pytest.mark.parametrize(
    "first", ["", "{}", "[]", feel(), '{"type": "stage"}', '{"type": "stage", "version": 999}', "x" * 3000]
)
async def test_who_does_not_say_hello_is_sent_away(first: str) -> None:
    async with serving() as server, aiohttp.ClientSession() as session:
        async with session.ws_connect(server.url, headers=KEY) as page:
            await page.send_str(first)
            assert (await ending(page))["type"] == "refused"
        assert not server.listener.present


@pytest.mark.parametrize(
    "frame",
    [
        "nonsense", "null", "{}", '{"type": "feel"}', feel(modality="smell"), feel(quality=1.1), feel(quality=-0.1),
        feel(probabilities=[0.5] * 7), feel(probabilities=[1.0, *[0.0] * 5]), feel(probabilities=["a"] * 7),
        feel(probabilities=[-1.0, 2.0, *[0.0] * 5]), feel(captured=-1.0), feel().replace("0.4", "NaN"),
        feel(pad="x" * MAX_FRAME_BYTES), feel(pad="x" * 9000),
        '{"type": "gone", "modality": "face", "reason": "bored"}',
    ],
)  # fmt: skip
async def test_nonsense_ends_the_connection_and_counts_for_nothing(frame: str) -> None:
    async with serving() as server:
        async with joined(server) as page:
            await page.send_str(frame)
            await ending(page)
        await server.listener.until(lambda: server.listener.present == [True, False])
        assert not server.listener.readings
        # The next one is let in as if nothing had been.
        async with running(server) as client:
            client.post("face", SEVEN)
            await server.listener.until(lambda: len(server.listener.readings) == 1)


async def test_bytes_are_no_frame() -> None:
    async with serving() as server, joined(server) as page:
        await page.send_bytes(b"\xff\xfe")
        assert "JSON" in (await ending(page))["reason"]


@pytest.mark.parametrize("kind", ["frames", "pings"])
@by_night
async def test_a_flood_is_cut_off(kind: str) -> None:
    async with serving() as server, joined(server) as page:
        for _ in range(500):
            try:
                await (page.ping() if kind == "pings" else page.send_str(feel()))
            except (aiohttp.ClientError, ConnectionError):
                break
        await ending(page)
        await server.listener.until(lambda: server.listener.present == [True, False])
        assert len(server.listener.readings) <= 4, "what comes too fast isn't counted either"
        assert server.host.counts["refused: flood"] == 1


@by_night
async def test_an_agent_that_falls_silent_is_withdrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport.stage_host, "SILENT_SECONDS", 0.3)
    async with serving() as server, joined(server) as page:
        await page.send_str(feel())
        await server.listener.until(lambda: server.listener.present == [True, False])


@by_night
async def test_an_agent_with_nothing_to_say_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport.stage_host, "SILENT_SECONDS", 1.5)
    monkeypatch.setattr(StageClient, "BEAT", 0.2)
    async with serving() as server, running(server) as client:
        await server.listener.until(lambda: server.listener.present == [True])
        await asyncio.sleep(3.0)
        assert server.listener.present == [True] and client.state == "joined"


async def test_more_than_a_few_connections_at_once_are_turned_away() -> None:
    async with serving() as server, contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        for _ in range(transport.stage_host.MAX_CONNECTIONS):
            await stack.enter_async_context(session.ws_connect(server.url, headers=KEY))
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(server.url, headers=KEY)
        assert refused.value.status == 503


@by_night
async def test_the_agent_comes_back_by_itself_and_brings_nothing_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StageClient, "STALE", 0.0)
    monkeypatch.setattr(StageClient, "LONGEST_WAIT", 0.5)
    async with serving() as server, running(server) as client:
        await server.listener.until(lambda: server.listener.present == [True])
        await server.host.end()
        client.post("face", SEVEN)
        await server.listener.until(lambda: server.listener.present == [True, False, True])
        client.away("face", "no_face")
        await server.listener.until(lambda: server.listener.lost == ["streamer_face"])
        assert not server.listener.readings


def test_the_dashboards_address_tells_all_that_the_agent_needs() -> None:
    address = parse_stage_address(" http://127.0.0.1:8765/dashboard/#key=abc-DEF_1 \n")
    assert address == ("ws://127.0.0.1:8765/api/stage", "abc-DEF_1")
    assert parse_stage_address("https://192.168.1.4/dashboard/#key=k").url == "wss://192.168.1.4/api/stage"


@pytest.mark.parametrize(
    "address",
    ["", "nonsense", "http://", "ftp://a/#key=b", "http://a/dashboard/", "http://a/#key=", "http://a/join/demo#token",
     "http://a:99999/#key=b", "http://[::1/#key=b", "http://a:0/#key=b"],
)  # fmt: skip
def test_another_address_is_refused_in_one_line(address: str) -> None:
    with pytest.raises(LeraError, match="dashboard's address"):
        parse_stage_address(address)


async def test_what_was_read_before_the_machine_slept_is_not_sent_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    boot = [500.0]
    monkeypatch.setattr("lera.clock._since_boot", lambda: lambda: boot[0])
    async with asyncio.timeout(30), serving() as server:
        client = StageClient(server.url, "streamer")
        client.post("face", SEVEN)
        # Python's monotonic clock has stood still meanwhile.
        boot[0] += 3600
        client.post("voice", SEVEN)
        task = asyncio.create_task(client.run())
        await server.listener.until(lambda: bool(server.listener.readings))
        await client.close()
        await task
    assert [reading.source for reading in server.listener.readings] == ["streamer_voice"]


async def test_who_is_cancelled_ends_even_in_the_moment_in_which_the_line_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    tidying = asyncio.Event()

    async def send(*_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            tidying.set()
            await asyncio.sleep(0)

    monkeypatch.setattr(StageClient, "_send", send)
    async with serving() as server:
        client = StageClient(server.url, "streamer")
        task = asyncio.create_task(client.run())
        await server.listener.until(lambda: server.listener.present == [True])
        async with asyncio.timeout(20):
            while client.state != "joined":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await server.host.end()
        await tidying.wait()
        task.cancel()
        await asyncio.wait([task], timeout=5.0)
        assert task.cancelled()


@pytest.mark.parametrize("lets_in", [True, False])
@by_night
async def test_a_bot_that_is_silent_or_ends_it_at_once_is_left_and_waited_for_ever_longer(
    lets_in: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if not lets_in:
            await asyncio.sleep(60)
        await socket.send_str('{"type":"stage_welcome","version":1,"channel":"demo","interval":0.5}')
        await socket.close()
        return socket

    attempts = counted_waits(monkeypatch, "transport.stage")
    monkeypatch.setattr(StageClient, "LET_IN", 0.3 if not lets_in else 20.0)
    async with answering(STAGE_PATH, answer) as url:
        client = StageClient(url, "streamer")
        task = asyncio.create_task(client.run())
        async with asyncio.timeout(20):
            assert [await attempts.get() for _ in range(3)] == [1, 2, 3]
        await client.close()
        await task
