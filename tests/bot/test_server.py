"""The ports: what a tunnel can reach, who hangs on in silence, and addresses that work."""

import asyncio
import logging

import aiohttp
import pytest

from bot.__main__ import welcome
from bot.server import serving
from bot.settings import ChannelSettings, Settings, WebSettings
from bot.show import Show
from lera.errors import LeraError
from tests.bot.stage import PATIENCE, STREAMER_KEY, theatre
from tests.ports import free_port
from transport.link import HUB_PATH
from transport.listening import _is_our_fault, listen, open_files_as_allowed
from transport.stage import STAGE_PATH


def show_with(**web: object) -> Show:
    settings = Settings(ChannelSettings("demo"), web=WebSettings(port=free_port(), **web))  # type: ignore[arg-type]
    return Show(settings, "secret", None, asyncio.get_running_loop().time)


async def test_the_port_for_a_tunnel_serves_nothing_private_whatever_a_request_says() -> None:
    port = free_port()
    show = show_with(public_port=port)
    async with serving(show), aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        for place in ("/", "/overlay", "/overlay/", "/dashboard/", "/live", "/api/mood", "/api/links", "/api/status"):
            async with session.get(place, headers={"Host": "127.0.0.1:8765"}, allow_redirects=False) as answer:
                assert answer.status in (403, 404), place
                assert "secret" not in await answer.text()
        for place in ("/join/demo", "/healthz", "/overlay/join.js", "/overlay/join.css"):
            async with session.get(place, headers={"Host": "mood.example"}) as answer:
                assert answer.status == 200, place
        assert f":{port}/join/demo#{show.access.token(show.now())}" in "".join(welcome(show, "http://127.0.0.1:1"))


async def test_one_address_gets_so_many_pages_and_is_told_when_to_come_back() -> None:
    port = free_port()
    show = show_with(public_port=port, pages_per_second=0.001)
    async with serving(show), aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        answers = []
        for place in ("/join/demo", "/overlay/join.js", "/healthz"):
            async with session.get(place) as answer:
                answers.append((answer.status, answer.headers.get("Retry-After")))
        assert answers == [(200, None), (429, "2"), (429, "2")]
        async with session.ws_connect("/hub"):
            pass  # The hub has limits of its own.


async def test_a_link_that_works_only_here_says_so() -> None:
    show = show_with(public_port=0)
    async with serving(show) as address:
        assert "this machine only" in "".join(welcome(show, address))
    show = show_with(public_port=0, public_url="https://mood.example/")
    async with serving(show) as address:
        lines = "".join(welcome(show, address))
        assert (
            f"https://mood.example/join/demo#{show.access.token(show.now())}" in lines
            and "this machine only" not in lines
        )


async def test_connections_that_say_nothing_are_closed_and_the_show_goes_on() -> None:
    async with theatre(join_timeout=1) as stage:
        port = int(stage.address.rsplit(":", 1)[1])
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(50)]
        half = [await asyncio.open_connection("127.0.0.1", port) for _ in range(10)]
        for _, writer in half:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127")
        async with stage.session.get("/healthz") as answer:
            assert answer.status == 200
        async with asyncio.timeout(PATIENCE):
            for reader, writer in [*silent, *half]:
                assert await reader.read() == b""
                writer.close()


async def test_an_overlay_that_is_only_watched_is_not_silent() -> None:
    async with theatre(join_timeout=1) as stage, stage.session.ws_connect("/live") as page:
        frames = [await page.receive_json(timeout=PATIENCE) for _ in range(5)]
        assert [frame["type"] for frame in frames] == ["mood", "tiles", "beat", "beat", "beat"]


@pytest.mark.parametrize("host", ["nowhere.invalid", "256.1.1.1"])
async def test_a_host_that_is_none_of_ours_is_one_line(host: str) -> None:
    from lera.errors import LeraError

    with pytest.raises(LeraError, match="host"):
        async with serving(show_with(host=host)):
            pass


async def test_nonsense_from_strangers_is_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async with theatre() as stage:
        for headers in ({"Host": "[x"}, {"Origin": "http://[::1"}, {"X": "y" * 20_000}):
            for place in ("/api/links", "/hub", "/healthz"):
                async with stage.session.get(place, headers=headers) as answer:
                    assert answer.status < 500
    assert "Traceback" not in caplog.text


def test_our_own_faults_are_still_logged() -> None:
    record = logging.LogRecord("aiohttp.server", logging.ERROR, "", 0, "", (), (ValueError, ValueError(), None))
    assert _is_our_fault(record)


def test_as_many_connections_as_the_system_allows() -> None:
    allowed = open_files_as_allowed()
    assert allowed is None or allowed >= 256


def test_only_a_port_that_is_taken_is_said_to_be_another_leras() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(LeraError, match="is another LERA running"):
        listen("127.0.0.1", taken.getsockname()[1])
    # An address for documentation (RFC 5737), which no machine has.
    with pytest.raises(LeraError, match=r"port 9000 \(.*\): mend host and port in"):
        listen("192.0.2.1", 9000)


@pytest.mark.parametrize("path", [HUB_PATH, "/live", STAGE_PATH])
async def test_a_handshake_that_is_no_text_is_refused_without_a_traceback(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with theatre() as stage:
        host = stage.address.partition("//")[2]
        reader, writer = await asyncio.open_connection(*host.split(":"))
        key = f"Authorization: Bearer {STREAMER_KEY}"
        asked = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{key}\r\nConnection: close\r\nUpgrade: "
        writer.write(asked.encode() + b"\xff\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()
    assert not caplog.records
