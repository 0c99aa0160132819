"""What the agent's end of the WebSocket asks for, and how long it waits to come back."""

import asyncio

import aiohttp

from tests.transport.test_desk import VIEWER, frame
from tests.transport.test_hub import joined_socket, running, serving
from transport.hub_client import backoff
from transport.reading import Appear, Shown


async def test_who_wants_to_be_shown_is_shown_and_withdraws_at_once_and_asks_again_after_a_restart() -> None:
    answers: asyncio.Queue[Shown] = asyncio.Queue()
    async with asyncio.timeout(30), serving() as server, running(server) as client:
        client.appearing.on_change = answers.put_nowait
        client.appearing.want(Appear("name", "Ann <3"))
        assert await answers.get() == Shown("name", "Ann <3")
        assert dict(server.appearances) == {VIEWER: "Ann <3"}
        await server.stop()
        assert not dict(server.appearances), "nobody is shown who can't withdraw any more"
        await server.start()
        assert await answers.get() == Shown("name", "Ann <3")
        client.appearing.want(Appear("no"))
        assert await answers.get() == Shown()
        assert not dict(server.appearances)


async def test_a_name_without_end_costs_the_stranger_the_connection() -> None:
    async with asyncio.timeout(30), serving() as server, joined_socket(server) as page:
        await page.send_str(frame(type="appear", seat="name", name="x" * 10_000).decode())
        message = await page.receive()
        assert message.type is aiohttp.WSMsgType.CLOSE or message.json()["type"] == "refused"
        assert not dict(server.appearances)


def test_the_wait_grows_is_capped_and_jitters() -> None:
    for attempt in range(60):
        waits = {backoff(attempt, 30.0) for _ in range(50)}
        assert all(0.25 <= wait <= min(30.0, 2.0**attempt) for wait in waits)
        assert len(waits) > 10
