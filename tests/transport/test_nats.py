"""The bus's end of a connection to NATS."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nats.aio.client import Client

from tests.bot.stage import eventually
from tests.standins.nats import Nats, nats_standin
from transport.bus_login import parse_servers, read_login
from transport.nats import Bus


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """All connections that are made, in order."""
    made: list[Client] = []

    class Watched(Client):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr("transport.nats.Client", Watched)
    return made


@asynccontextmanager
async def connecting(server: Nats) -> AsyncIterator[Bus]:
    """A bus that runs."""
    bus = Bus(parse_servers(server.url), read_login(""), "hub", ["lera.*.nodes.*"], lambda _heard: None)
    running = asyncio.create_task(bus.run())
    try:
        yield bus
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_connection_that_is_cut_while_it_is_made_is_made_anew(
    number: int, clients: list[Client], caplog: pytest.LogCaptureFixture
) -> None:
    async with nats_standin() as server:
        server.cuts_at_ping = number
        async with connecting(server) as bus:
            await eventually(lambda: bus.connected and server.connections == 1)
            # And it is a whole one: nats-py takes half a handshake for an end of it.
            assert all(client.is_closed for client in clients[:-1]) and clients[-1].is_connected
            assert bus.counts["connections"] == 1
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_connection_of_which_nothing_is_read_any_more_is_made_anew(
    clients: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nor does nats-py notice it by its own pings.
    monkeypatch.setattr(Client, "_ping_interval", never)
    async with nats_standin() as server, connecting(server) as bus:
        await eventually(lambda: bus.connected)
        assert clients[0]._reading_task is not None
        clients[0]._reading_task.cancel()
        await eventually(lambda: len(clients) > 1 and bus.connected and server.connections == 1)


async def never(_client: Client) -> None:
    await asyncio.Event().wait()


async def test_who_ends_while_a_ping_is_under_way_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Bus, "PING_SECONDS", 0.1)
    monkeypatch.setattr(Bus, "MISSED_PINGS", 600)
    async with nats_standin() as server:
        async with connecting(server) as bus:
            await eventually(lambda: bus.connected)
            server.holds_pongs = True
            await eventually(lambda: server.pongs_owed > 0)
            server.holds_pongs = False
        assert not caplog.records
