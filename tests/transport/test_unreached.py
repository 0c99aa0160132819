"""Agents say once why a stream or a bot can't be reached, where somebody can mend it, over real sockets and TLS."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.bot.stage import eventually
from tests.deploy.proxies import Certificate, make_certificate
from transport.hub_client import HubClient, State
from transport.link import Link
from transport.stage import StageClient
from transport.unreached import why_unreached
from viewer_agent.channels import join_channel
from viewer_agent.connection import connection

UNTRUSTED = "The stream's address has a certificate that this computer doesn't trust: tell the streamer."


@asynccontextmanager
async def server(
    certificate: Certificate | None = None, status: int = 404, headers: dict[str, str] | None = None
) -> AsyncIterator[tuple[int, list[web.Request]]]:
    """What answers everybody with this; gives its port, and the requests that it was shown."""
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        return web.Response(status=status, headers=headers, text="\x1b[2Jwords of its own")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        await web.SockSite(runner, listener, ssl_context=certificate and certificate.served()).start()
        yield int(listener.getsockname()[1]), asked
    finally:
        await runner.cleanup()


async def viewer_says(url: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a viewer's agent says in three tries."""
    monkeypatch.setattr(HubClient, "LONGEST_WAIT", 0.02)
    said: list[str] = []
    states: list[str] = []
    link = Link(url, "demo", "token")
    client = connection(join_channel(link), link.token, "", say=said.append)(states.append)
    running = asyncio.create_task(client.run())
    await eventually(lambda: states.count("offline") >= 3)
    await client.close()
    await running
    return said


async def streamer_says(url: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a streamer's agent says in three tries."""
    monkeypatch.setattr(StageClient, "LONGEST_WAIT", 0.02)
    said: list[str] = []
    states: list[str] = []
    client = StageClient(url, "key", states.append, say=said.append)
    running = asyncio.create_task(client.run())
    await eventually(lambda: states.count("offline") >= 3)
    await client.close()
    await running
    return said


async def fault_of(url: str, trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> str:
    """Why a hub can't be reached by who trusts these certificates."""
    monkeypatch.setattr(HubClient, "LONGEST_WAIT", 0.02)
    faults: list[str] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted)) as session:
        client = HubClient(url, "demo", "token", "v" * 22, lambda _state: faults.append(client.fault), session)
        running = asyncio.create_task(client.run())
        # The first is that of "connecting".
        await eventually(lambda: len(faults) >= 2)
        await client.close()
        await running
    return faults[1]


async def test_a_certificate_that_nobody_trusts_is_said_once_and_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server(make_certificate(tmp_path)) as (port, asked):
        assert await viewer_says(f"wss://127.0.0.1:{port}/hub", monkeypatch) == [UNTRUSTED]
        assert not asked


@pytest.mark.parametrize(
    ("days", "host", "told"),
    [((-2, -1), "127.0.0.1", "expired"), ((1, 2), "127.0.0.1", "valid yet"), ((-1, 1), "localhost", "another name")],
)
async def test_what_is_wrong_with_a_certificate_is_told(
    days: tuple[int, int], host: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path, days)
    async with server(certificate) as (port, asked):
        said = await fault_of(f"wss://{host}:{port}/hub", certificate.trusted(), monkeypatch)
    assert told in said and not asked


async def test_https_to_a_port_without_it_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with server() as (port, asked):
        (said,) = await viewer_says(f"wss://127.0.0.1:{port}/hub", monkeypatch)
        assert "begins with https" in said and "check the link" in said and not asked


@pytest.mark.parametrize(
    ("number", "told"), [(socket.EAI_NONAME, "isn't known"), (socket.EAI_AGAIN, "can't be looked up now")]
)
async def test_a_host_that_isnt_known_is_said_once(number: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_up(*_args: object, **_kwargs: object) -> list[object]:
        raise socket.gaierror(number, "\x1b[2Jwords of a system")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", look_up)
    (said,) = await viewer_says("wss://nobody.example/hub", monkeypatch)
    assert told in said and "check this computer's connection to the internet" in said
    assert ("link" in said) == (number == socket.EAI_NONAME), "a network that is away is no fault of the link"
    assert await streamer_says("ws://nobody.example/api/stage", monkeypatch) == [
        said.replace("stream", "bot").replace("the link", "its address")
    ]


@pytest.mark.parametrize(
    ("status", "location", "told"),
    [(200, "", "isn't LERA"), (403, "", "isn't LERA"), (302, "http://elsewhere.example/hub", "leads to another host")],
)
async def test_what_answers_without_being_a_hub_is_said_once_and_never_in_its_own_words(
    status: int, location: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server(status=status, headers={"Location": location} if location else None) as (port, _):
        (said,) = await viewer_says(f"ws://127.0.0.1:{port}/hub", monkeypatch)
    assert told in said and said.isprintable() and "elsewhere" not in said and "words" not in said


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
async def test_what_passes_by_itself_is_no_fault(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async with server(status=status) as (port, asked):
        assert await viewer_says(f"ws://127.0.0.1:{port}/hub", monkeypatch) == []
        assert len(asked) >= 3
    assert await viewer_says(f"ws://127.0.0.1:{port}/hub", monkeypatch) == []


async def test_a_fault_that_comes_back_after_the_stream_was_joined_is_said_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    states: list[str] = []
    link = Link("ws://127.0.0.1:1/hub", "demo", "token")
    client = connection(join_channel(link), link.token, "", say=said.append)(states.append)
    assert isinstance(client, HubClient)
    told: list[State] = ["connecting", "offline", "connecting", "offline", "joined", "offline"]
    for state in told:
        monkeypatch.setattr(client, "fault", "" if state == "joined" else "It is broken.")
        client._become(state)
    assert said == ["It is broken."] * 2 and states == told


async def test_the_streamers_agent_says_once_what_is_wrong_with_the_bots_address_and_shows_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server(make_certificate(tmp_path)) as (port, asked):
        (said,) = await streamer_says(f"wss://127.0.0.1:{port}/api/stage", monkeypatch)
        assert said.startswith("The bot's address has a certificate") and "streamer" not in said and not asked
    async with server(status=200) as (port, _):
        (said,) = await streamer_says(f"ws://127.0.0.1:{port}/api/stage", monkeypatch)
        assert said.startswith("What answers at the bot's address isn't LERA")


def test_only_what_ends_a_try_to_connect_blames_the_address() -> None:
    number = ssl.SSLCertVerificationError(1, "words")
    number.verify_code = 64
    assert "another name" in why_unreached(number, "stream")
    # In the middle of a connection, or an end without a goodbye: a network that is away.
    key = aiohttp.client_reqrep.ConnectionKey("host", 1, True, True, None, None, None, None)
    for error in (
        ssl.SSLError(ssl.SSL_ERROR_SSL, "bad record"),
        aiohttp.ClientConnectorSSLError(key, ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "gone")),
        aiohttp.ClientConnectorError(key, ConnectionResetError(104, "reset")),
        aiohttp.ServerDisconnectedError(),
        TimeoutError(),
        UnicodeError(),
    ):
        assert why_unreached(error, "stream") == ""
