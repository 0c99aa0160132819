"""NATS lets a login not do what it needs, as deploy/nats.conf does for another channel: that is said, and passes."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.health import health
from hub.node import Node
from tests.bot.stage import eventually, theatre
from tests.conftest import ROOT
from tests.nats import PATIENCE, NatsServer, nats_server, needs_nats
from transport.bus import Want
from transport.bus_login import parse_servers, read_login
from transport.hub_settings import HubSettings
from transport.listening import site
from transport.metrics import Metrics, bus_metrics
from transport.nats import Bus

pytestmark = [pytest.mark.slow, needs_nats]
BOT, HUB = "bot:bot-of-the-tests-password", "hub:hub-of-the-tests-password"


def permissions(channel: str) -> str:
    """The users of deploy/nats.conf, for a bot of this channel."""
    users = (ROOT / "deploy" / "nats.conf").read_text("utf-8").partition("\nauthorization")[2]
    for name, value in {
        "bot-my-channel": "bot", "my-channel": channel, "$LERA_NATS_BOT": BOT.partition(":")[2],
        "$LERA_NATS_HUB": HUB.partition(":")[2],
    }.items():  # fmt: skip
        users = users.replace(name, value)
    return f"authorization{users}"


def reload(server: NatsServer, folder: Path, settings: str) -> None:
    """Give a server that runs other settings."""
    path = folder / "nats.conf"
    path.write_text(f"{path.read_text().splitlines()[0]}\n{settings}\n")
    os.kill(server.pid, signal.SIGHUP)


@asynccontextmanager
async def serving(node: Node) -> AsyncIterator[str]:
    """A node that runs; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    async with site(listener, node.application(), 10.0):
        running = asyncio.create_task(node.run())
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def asked(address: str) -> tuple[int, dict[str, Any]]:
    """What a node answers, but for the moment in which it connects anew."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
        while True:
            async with session.get(address) as answer:
                told = await answer.json()
            if told["status"] != "no bus":
                return answer.status, told
            await asyncio.sleep(0.05)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of the login; nats-py's own words would come with a traceback."""
    assert "ermissions violation" not in caplog.text.lower()
    return [record.message for record in caplog.records if "this login" in record.message]


@pytest.mark.parametrize("login", [BOT, HUB])
async def test_a_bot_whose_channel_is_another_than_its_logins(
    login: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Bus, "DENIED_SECONDS", 0.5)
    monkeypatch.setenv("LERA_NATS_LOGIN", login)
    with nats_server(tmp_path, permissions("other")) as server:
        async with theatre(nats=server.url) as stage:

            def told() -> tuple[str, str]:
                return next((each.state, each.mend) for each in health(stage.show, 0) if each.name == "nodes")

            nodes = stage.show.nodes
            assert nodes is not None
            await eventually(lambda: nodes.bus.counts["connections"] >= 3)
            state, mend = told()
            assert state == "bad" and re.match(r"NATS doesn't let this login (subscribe|publish) to lera\.demo\.", mend)
            assert "name into its permissions in nats.conf" in mend and len(mend) < 300
            assert len(said(caplog)) == len(set(said(caplog))) <= 2, "once for what is heard, once for what is said"
            if login == BOT:
                reload(server, tmp_path, permissions("demo"))
                await eventually(lambda: told()[0] == "waiting")
                assert nodes.bus.connected
    said(caplog)


async def test_a_hub_with_a_bots_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Bus, "DENIED_SECONDS", 0.5)
    with nats_server(tmp_path, permissions("demo")) as server:
        node = Node(parse_servers(server.url), read_login(BOT), HubSettings(), lambda: 1000.0)
        async with serving(node) as address:
            await eventually(lambda: node.bus.counts["connections"] >= 3)
            await eventually(lambda: node.bus.connected)
            for path in ("/healthz", "/readyz"):
                status, answer = await asked(f"{address}{path}")
                assert status == 503 and "this login subscribe to lera.*.…: it is no hub's" in answer["status"]
            assert len(said(caplog)) == 1
            assert "lera_bus_denied_total" in Metrics(lambda: bus_metrics(node.bus)).text()
            # Who runs NATS gives that login what hubs may.
            everything = '["lera.>"]'
            reload(server, tmp_path, re.sub(r"((publish|subscribe): )\[.*\]", rf"\1{everything}", permissions("demo")))
            await eventually(lambda: not node.bus.fault)
            assert (await asked(f"{address}/readyz"))[0] == (await asked(f"{address}/healthz"))[0] == 200
    said(caplog)


async def test_a_subject_that_is_refused_now_and_then_is_told_with_its_letters_and_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Bus, "DENIED_SECONDS", 0.5)
    with nats_server(tmp_path, permissions("demo")) as server:
        bus = Bus(parse_servers(server.url), read_login(BOT), "test", [], lambda _heard: None)
        running = asyncio.create_task(bus.run())
        await eventually(lambda: bus.connected)
        for _ in range(2):
            assert bus.publish("MyChannel", Want("b" * 16))
            await eventually(lambda: "publish to lera.MyChannel.…" in bus.fault)
            await eventually(lambda: not bus.fault)
        assert bus.counts["denied"] == 2 and bus.counts["connections"] == 1 and len(said(caplog)) == 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
