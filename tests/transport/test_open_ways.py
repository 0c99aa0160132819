"""Agents say nothing over the internet that isn't encrypted, unless they are told to."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.controls import links
from lera.errors import LeraError
from tests.bot.stage import HAPPY, STREAMER_KEY, eventually, theatre
from tests.deploy.proxies import Certificate, Proxy, make_certificate
from transport.hub_client import HubClient
from transport.link import parse_link
from transport.stage import StageClient, parse_stage_address
from viewer_agent.channels import join_channel
from viewer_agent.connection import connection


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's own address, as if it were one of the internet."""
    monkeypatch.setattr("transport.way._LOOPBACK_IS", "open")


@pytest.mark.usefixtures("far_away")
async def test_an_agent_joins_by_http_over_the_internet_only_when_it_is_told_to() -> None:
    async with theatre() as stage:
        link = parse_link(links(stage.show, stage.address)["join"])
        client = HubClient(*link, "v" * 22)
        with pytest.raises(LeraError, match="isn't encrypted"):
            async with asyncio.timeout(10):
                await client.run()
        assert not stage.show.desk.counts["joined"] and not client.readings_sent
        bold = HubClient(*link, "v" * 22, insecure=True)
        bold.post(HAPPY)
        running = asyncio.create_task(bold.run())
        await eventually(lambda: stage.show.desk.counts["readings"] > 0)
        assert bold.way == "open"
        await bold.close()
        await running


@pytest.mark.usefixtures("far_away")
async def test_a_streamers_key_is_not_even_shown() -> None:
    async with theatre() as stage:
        address = parse_stage_address(f"{stage.address}/dashboard/#key={STREAMER_KEY}")
        with pytest.raises(LeraError, match="isn't encrypted"):
            async with asyncio.timeout(10):
                await StageClient(*address).run()
        assert not stage.show.stage_host.counts
        said: list[str] = []
        bold = StageClient(*address, insecure=True, say=said.append)
        running = asyncio.create_task(bold.run())
        await eventually(lambda: bold.state == "joined")
        assert len(said) == 1 and "everybody" in said[0]
        await bold.close()
        await running


@pytest.mark.parametrize(("way", "told"), [("local network", 1), ("this machine", 0)])
async def test_on_a_near_network_it_joins_and_says_once_that_others_could_listen(
    way: str, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transport.way._LOOPBACK_IS", way)
    said: list[str] = []
    async with theatre() as stage:
        link = parse_link(links(stage.show, stage.address)["join"])
        states: list[str] = []
        client = connection(join_channel(link), link.token, "", say=said.append)(states.append)
        running = asyncio.create_task(client.run())
        await eventually(lambda: "joined" in states)
        await client.close()
        await running
    assert len(said) == told and all("isn't encrypted" in line for line in said)


async def test_a_link_by_https_that_leads_to_a_place_without_is_not_followed(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    async with theatre() as stage, leading_to(f"{stage.address}/hub", certificate) as port:
        stage.show.public_url = f"https://mood.example:{port}"
        link = parse_link(links(stage.show, stage.address)["join"])
        async with Proxy("nginx", port, 0, certificate).viewer() as session:
            with pytest.raises(LeraError, match="leads to a place whose way isn't encrypted"):
                async with asyncio.timeout(10):
                    await HubClient(*link, "v" * 22, session=session, insecure=True).run()
        assert not stage.show.desk.counts["joined"]


async def test_a_hub_that_is_gone_at_once_is_no_open_way(monkeypatch: pytest.MonkeyPatch) -> None:
    real = aiohttp.ClientWebSocketResponse.get_extra_info
    gone = [True, True]
    monkeypatch.setattr(
        aiohttp.ClientWebSocketResponse,
        "get_extra_info",
        lambda socket, name, default=None: default if gone and gone.pop() else real(socket, name, default),
    )
    async with theatre() as stage:
        client = HubClient(*parse_link(links(stage.show, stage.address)["join"]), "v" * 22)
        running = asyncio.create_task(client.run())
        await eventually(lambda: client.state == "joined")
        assert not gone, "it has come back twice"
        await client.close()
        await running


@asynccontextmanager
async def leading_to(place: str, certificate: Certificate) -> AsyncIterator[int]:
    """A server with TLS that sends everybody elsewhere; gives its port."""

    async def redirect(_request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(place)

    app = web.Application()
    app.router.add_get("/hub", redirect)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        await web.SockSite(runner, listener, ssl_context=certificate.served()).start()
        yield int(listener.getsockname()[1])
    finally:
        await runner.cleanup()
