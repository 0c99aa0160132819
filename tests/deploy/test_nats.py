"""A real NATS server with `deploy/nats.conf`: who may say what on the bus, and a show over it."""

import asyncio
import re
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client

from bot.controls import links
from bot.keys import Keys
from bot.nodes import attach_nodes
from bot.server import serving
from bot.settings import ChannelSettings, CrowdSettings, Settings, WebSettings
from bot.show import Show
from hub.node import Node
from tests.bot.stage import HAPPY, OVERLAY_KEY, PATIENCE, STREAMER_KEY, eventually, looking
from tests.conftest import ROOT
from tests.deploy.proxies import filled_in, free_port, make_certificate, needs, program
from transport.bus import subjects_of_bot, subjects_of_node
from transport.bus_login import parse_servers, read_login
from transport.hub_client import HubClient
from transport.hub_settings import HubSettings
from transport.link import parse_link
from transport.listening import listen, site
from transport.metrics import Metrics, bus_metrics
from transport.nats import Bus

pytestmark = [pytest.mark.slow, needs("nats-server")]
CHANNEL = "my-channel"
BOT, HUB = "bot-of-the-tests-password", "hub-of-the-tests-password"
NODE = "abcdef0123456789"
SAID_BY_BOT = ["nodes.terms", "nodes.tell", "nodes.joins", "nodes.recall", f"node.{NODE}.joins"]
SAID_BY_HUB = ["nodes.joins", "nodes.recall", f"node.{NODE}.joins", "bot.report", "bot.seat", "bot.ask", "bot.want"]


def configuration(folder: Path, tls: bool = False) -> tuple[Path, int]:
    """The file with a port of its own; with the lines for TLS in force, if so wished.

    And with patience: whom a busy machine holds up for some seconds is neither gone nor a stranger.
    """
    port = free_port()
    changes = {r"127\.0\.0\.1:4222": f"127.0.0.1:{port}"}
    changes |= {r'ping_interval: "5s"': 'ping_interval: "60s"', r"timeout: 2\b": "timeout: 30"}
    if tls:
        certificate = make_certificate(folder)
        changes |= {r"(?m)^#(?=tls|  \w|\})": "", "/etc/nats/chain.pem": str(certificate.chain)}
        changes |= {"/etc/nats/key.pem": str(certificate.key)}
    path = folder / "nats.conf"
    path.write_text(filled_in((ROOT / "deploy" / "nats.conf").read_text("utf-8"), changes))
    return path, port


def environment() -> dict[str, str]:
    return {"LERA_NATS_BOT": BOT, "LERA_NATS_HUB": HUB}


@asynccontextmanager
async def server(folder: Path, tls: bool = False) -> AsyncIterator[str]:
    """The server, as long as the context lasts; gives its address."""
    path, port = configuration(folder, tls)
    process = await asyncio.create_subprocess_exec(
        program("nats-server") or "", "-c", str(path), env=environment(), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    break
                except ConnectionError:
                    await asyncio.sleep(0.02)
            writer.close()
        yield f"{'tls' if tls else 'nats'}://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def client(url: str, user: str, password: str) -> AsyncIterator[tuple[Client, list[str]]]:
    """A connection, and what the server has refused it."""
    refused: list[str] = []

    async def on_error(error: Exception) -> None:
        refused.append(str(error).lower())

    connected = await nats.connect(url, user=user, password=password, error_cb=on_error, allow_reconnect=False)
    try:
        yield connected, refused
    finally:
        await connected.close()


async def heard(url: str, user: str, password: str, subjects: list[str], expected: list[str]) -> list[str]:
    """Which of these subjects a user's words get through to, once the expected ones are among them."""
    got: list[str] = []

    async def take(message: Any) -> None:
        got.append(message.subject)

    # Together, both users may hear everything.
    async with (
        client(url, user, password) as (speaker, _),
        client(url, "bot-my-channel", BOT) as (bot, _),
        client(url, "hub", HUB) as (hub, _),
    ):
        for subject in subjects_of_bot(CHANNEL, NODE):
            await bot.subscribe(subject, cb=take)
        for subject in subjects_of_node(NODE):
            await hub.subscribe(subject, cb=take)
        for each in (bot, hub):
            await each.flush()
        # Twice: once its first round has been heard again, nothing of that is still on its way.
        for subject in (*subjects, *subjects):
            await speaker.publish(f"lera.{CHANNEL}.{subject}", b"x")
        await speaker.flush()
        await eventually(lambda: all(got.count(f"lera.{CHANNEL}.{subject}") >= 2 for subject in expected))
        for each in (bot, hub):
            await each.flush()
        await eventually(lambda: _taken(bot) and _taken(hub))
    return sorted({subject.removeprefix(f"lera.{CHANNEL}.") for subject in got})


def _taken(client: Client) -> bool:
    return all(not subscription.pending_msgs for subscription in client._subs.values())


async def test_a_bot_says_its_terms_and_a_hub_its_votes_and_neither_the_others(tmp_path: Path) -> None:
    every = sorted({*SAID_BY_BOT, *SAID_BY_HUB})
    async with server(tmp_path) as url:
        assert await heard(url, "bot-my-channel", BOT, every, SAID_BY_BOT) == sorted(SAID_BY_BOT)
        assert await heard(url, "hub", HUB, every, SAID_BY_HUB) == sorted(SAID_BY_HUB)


async def test_what_is_refused_is_said(tmp_path: Path) -> None:
    async with server(tmp_path) as url, client(url, "hub", HUB) as (hub, refused):
        for subject in (
            f"lera.{CHANNEL}.nodes.terms",
            f"lera.{CHANNEL}.nodes.tell",
            "lera.other.nodes.terms",
            "$SYS.x",
        ):
            await hub.publish(subject, b"x")
        await hub.subscribe(f"lera.{CHANNEL}.bot.report")
        await hub.subscribe(">")
        await eventually(lambda: len(refused) == 6)
        assert all("permissions violation" in line for line in refused), refused


async def test_a_bot_speaks_for_its_own_channel_only(tmp_path: Path) -> None:
    async with server(tmp_path) as url, client(url, "bot-my-channel", BOT) as (bot, refused):
        await bot.publish("lera.other.nodes.terms", b"x")
        await bot.subscribe("lera.other.bot.*")
        await eventually(lambda: len(refused) == 2)


@pytest.mark.parametrize("login", ["", f"hub:{BOT}", "hub:", f"stranger:{HUB}", HUB])
async def test_nobody_else_is_let_in(login: str, tmp_path: Path) -> None:
    async with server(tmp_path) as url:
        bus = Bus(parse_servers(url), read_login(login), "stranger", [], lambda _heard: None)
        running = asyncio.create_task(bus.run())
        await eventually(lambda: bus.fault != "not connected yet")
        assert not bus.connected and "login" in bus.fault.lower(), bus.fault
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("trusted", [True, False])
async def test_with_tls_nothing_is_let_in_that_is_not_encrypted(
    trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server(tmp_path, tls=True) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        assert b'"tls_required":true' in await reader.readline()
        writer.write(b"PING\r\n")
        assert b"PONG" not in await reader.read()
        writer.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "chain.pem") if trusted else "")
        bus = Bus(parse_servers(url), read_login(f"hub:{HUB}"), "hub", [], lambda _heard: None)
        running = asyncio.create_task(bus.run())
        await eventually(lambda: bus.connected if trusted else "certificate" in bus.fault)
        assert bus.connected == trusted
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_show_and_its_hub_need_no_more_than_they_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LERA_NATS_LOGIN", f"bot-my-channel:{BOT}")
    async with server(tmp_path) as url, AsyncExitStack() as stack:
        hub = HubSettings(interval=0.2, nats=url)
        web_settings = WebSettings(port=free_port(), public_port=0)
        settings = Settings(ChannelSettings(CHANNEL), CrowdSettings(minimum_viewers=1), hub=hub, web=web_settings)
        show = Show(settings, Keys("secret", STREAMER_KEY, OVERLAY_KEY), None, time.time)
        attach_nodes(show)
        address = await stack.enter_async_context(serving(show))
        node = Node(parse_servers(url), read_login(f"hub:{HUB}"), hub, time.time)
        listener = stack.enter_context(listen("127.0.0.1", 0))
        await stack.enter_async_context(site(listener, node.application(), 10.0))
        running = [asyncio.create_task(each.run()) for each in (show, node)]
        await eventually(lambda: CHANNEL in node.channels and node.bus.connected)
        # A word of the bot's that comes before the hub's connection stands is answered in vain, and so once more.
        in_vain = node.bus.counts["unsent"]
        token = parse_link(links(show, address)["join"]).token
        clients = [
            HubClient(f"ws://127.0.0.1:{listener.getsockname()[1]}/hub", CHANNEL, token, f"{number:022}")
            for number in range(3)
        ]
        for client in clients:
            client.post(HAPPY)
            running.append(asyncio.create_task(client.run()))
        running.append(asyncio.create_task(looking(clients)))
        await eventually(lambda: show.mood.viewers == 3)
        told = Metrics(lambda: bus_metrics(node.bus)).text()
        assert "lera_bus_connected 1.0" in told and f"lera_bus_unsent_total {in_vain:.1f}" in told
        # What a viewer asks for at a hub goes to the bot and back.
        assert await clients[0].forget(PATIENCE)
        await eventually(lambda: show.mood.viewers == 2)
        for client in clients:
            await client.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    assert "ermission" not in caplog.text


@pytest.mark.parametrize("tls", [False, True])
def test_the_server_takes_the_file(tls: bool, tmp_path: Path) -> None:
    path, _ = configuration(tmp_path, tls)
    done = subprocess.run(
        [program("nats-server") or "", "-t", "-c", str(path)],
        env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert tls == bool(re.search(r"(?m)^tls \{", path.read_text()))
