"""Every limit of a hub acts before a stranger's JSON is parsed: here the decoders fail the test when they are asked."""

import asyncio
import contextlib
from typing import Any, NoReturn

import aiohttp
import pytest

import transport.desk
import transport.first_frame
from tests.door import door
from tests.transport.test_desk import Listener, frame, join_frame, post_frame
from tests.transport.test_frames import masked
from tests.transport.test_hub import Server, joined_socket, pour, serving, upgrade
from transport.desk import Desk, HubSettings
from transport.link import HUB_PATH
from transport.load import LEVELS
from transport.reading import MAX_FRAME_BYTES, Pace, agent_decoder


class Untouched:
    """A decoder that nobody may use."""

    def decode(self, text: bytes) -> NoReturn:
        raise AssertionError(f"parsed: {text[:80]!r}")


class Counting:
    """The agents' decoder, which counts what it is given."""

    def __init__(self) -> None:
        self.parsed = 0
        self._decoder = agent_decoder

    def decode(self, text: bytes) -> Any:
        self.parsed += 1
        return self._decoder.decode(text)


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is parsed from here on."""
    for module, name in (
        (transport.desk, "agent_decoder"), (transport.first_frame, "_addressed"),
        (transport.first_frame, "hello_decoder"), (transport.first_frame, "join_decoder"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, Untouched())


def counted(server: Server, cause: str) -> int:
    return server.desk.counts[f"refused: {cause}"]


async def until(condition: Any) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("size", [MAX_FRAME_BYTES + 1, 4 * MAX_FRAME_BYTES + 1, 10_000_000])
async def test_an_oversized_first_frame(size: int) -> None:
    async with serving() as server, aiohttp.ClientSession() as session, session.ws_connect(server.url) as page:
        with contextlib.suppress(ConnectionError):
            await page.send_str("x" * size)
        await until(lambda: counted(server, "oversized") == 1)


@pytest.mark.usefixtures("untouched")
async def test_a_first_frame_that_is_no_text_or_never_comes() -> None:
    async with serving(join_timeout=1) as server, aiohttp.ClientSession() as session:
        async with session.ws_connect(server.url) as page:
            await page.send_bytes(b"{}")
            await until(lambda: counted(server, "malformed") == 1)
        async with session.ws_connect(server.url):
            await until(lambda: counted(server, "silent or slow") == 1)


@pytest.mark.usefixtures("untouched")
async def test_a_compressed_frame_though_no_compression_was_agreed() -> None:
    async with serving() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        lines = [f"GET {HUB_PATH} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in upgrade(1).items())]
        lines.append("Sec-WebSocket-Extensions: permessage-deflate")
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"101" in head and b"Extensions" not in head
        # FIN, RSV1 and text, masked with zeros: a frame that says that it is packed.
        writer.write(b"\xc1\x85" + bytes(4) + b"\xaaV*\xa9,")
        await until(lambda: counted(server, "malformed") == 1)
        writer.close()


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("limits", [{"connections_per_address": 2}, {"join_burst": 2, "joins_per_second": 0.001}])
async def test_connections_and_joins_of_one_address(limits: dict[str, Any]) -> None:
    async with (
        serving(**limits) as server,
        aiohttp.ClientSession() as session,
        session.ws_connect(server.url),
        session.ws_connect(server.url),
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(server.url)
        assert refused.value.status == 429
        assert refused.value.headers is not None and "Retry-After" in refused.value.headers


@pytest.mark.usefixtures("untouched")
async def test_connections_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(max_viewers=1) as server, aiohttp.ClientSession() as session:
        monkeypatch.setattr(server.hub, "_connections", 257)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(server.url)
        assert refused.value.status == 503
        monkeypatch.undo()


async def test_a_flood_is_parsed_no_further_than_its_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport.desk, "agent_decoder", decoder := Counting())
    async with serving() as server, joined_socket(server) as page:
        async with asyncio.timeout(60):
            with pytest.raises(ConnectionError):
                await pour(page, "readings")
        assert counted(server, "flood") == 1
    assert decoder.parsed <= 50 + 10 * 10


EMPTY_PING, FIRST_PART, NEXT_PART = (bytes([first, 0x80, 0, 0, 0, 0]) for first in (0x89, 0x01, 0x00))


@pytest.mark.parametrize("joins", [False, True])
@pytest.mark.parametrize(("first", "flood"), [(b"", EMPTY_PING), (FIRST_PART, NEXT_PART)])
async def test_a_flood_of_empty_frames_is_cut_off_at_once(joins: bool, first: bytes, flood: bytes) -> None:
    async with serving() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        lines = [f"GET {HUB_PATH} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in upgrade(1).items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        await reader.readuntil(b"\r\n\r\n")
        if joins:
            writer.write(masked(join_frame()))
            await reader.readuntil(b"welcome")
        writer.write(first + flood * 10_000)
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(10):
                await reader.read(-1)
        writer.close()
        await until(lambda: server.hub._connections == 0)
        refused = {cause: count for cause, count in server.desk.counts.items() if cause.startswith("refused")}
        assert refused in ({"refused: flood": 1}, {"refused: malformed": 1}), "a first frame must be a text"


@pytest.mark.usefixtures("untouched")
async def test_joins_while_the_machine_is_overloaded() -> None:
    async with serving() as server, aiohttp.ClientSession() as session:
        # Nobody measures meanwhile, and eases it.
        server.watching.cancel()
        server.hub.load.level = 1
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(server.url)
        assert refused.value.status == 503
        assert refused.value.headers is not None and int(refused.value.headers["Retry-After"]) >= 5
        assert counted(server, "overloaded") == 1


def test_of_shed_readings_none_is_parsed_and_every_guest_loses_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener()
    desk = Desk(HubSettings(interval=0.2), "demo", door(), listener)
    guests = [desk.admit(f"{number:022}", 0.0) for number in range(50)]
    desk.bear(LEVELS[2])
    monkeypatch.setattr(transport.desk, "agent_decoder", decoder := Counting())
    for number in range(1, 101):
        for guest in guests:
            desk.take(guest, post_frame(number), float(number))
    heard = {guest.viewer: 0 for guest in guests}
    for reading in listener.readings:
        heard[reading.viewer] += 1
    assert set(heard.values()) == {25}
    assert decoder.parsed == 25 * 50 and desk.counts["shed"] == 75 * 50


def test_who_leaves_or_wants_to_be_forgotten_is_never_shed() -> None:
    listener = Listener()
    desk = Desk(HubSettings(), "demo", door(), listener)
    guests = [desk.admit(f"{number:022}", 0.0) for number in range(20)]
    desk.bear(LEVELS[2])
    for guest in guests:
        desk.take(guest, frame(type="away", reason="paused"), 1.0)
        desk.take(guest, frame(type="forget"), 2.0)
    assert len(listener.forgotten) == 20 and not desk.counts["shed"]


def test_a_strained_hub_asks_all_for_a_slower_pace_and_keeps_their_votes_so_long() -> None:
    desk = Desk(HubSettings(interval=1.0), "demo", door(), Listener())
    guest = desk.admit("a" * 22, 0.0)
    renewal = desk.renewal
    desk.bear(LEVELS[2])
    assert desk.interval == 4.0 and desk.renewal >= 3 * renewal
    answers = [desk.take(guest, post_frame(number), 1.0 * number) for number in range(1, 4)]
    assert [answer.interval for answer in answers if isinstance(answer, Pace)] == [4.0]
    desk.bear(LEVELS[0])
    assert desk.interval == 1.0 and desk.renewal == renewal
