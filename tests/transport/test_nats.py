"""The bus's end of a connection to NATS."""

import asyncio

import pytest

from tests.bot.stage import eventually
from tests.standins.nats import nats_standin
from transport.bus_login import parse_servers, read_login
from transport.nats import Bus


async def test_who_ends_while_a_ping_is_under_way_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Bus, "PING_SECONDS", 0.1)
    monkeypatch.setattr(Bus, "MISSED_PINGS", 600)
    async with nats_standin() as server:
        bus = Bus(parse_servers(server.url), read_login(""), "hub", [], lambda _heard: None)
        running = asyncio.create_task(bus.run())
        await eventually(lambda: bus.connected)
        server.holds_pongs = True
        await eventually(lambda: server.pongs_owed > 0)
        server.holds_pongs = False
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert not caplog.records
