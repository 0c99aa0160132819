"""Who has joined another hub, and goes on speaking here all the same."""

import asyncio
import contextlib

import pytest

from tests.transport.test_desk import VIEWER, join_frame, post_frame
from tests.transport.test_frames import masked
from tests.transport.test_hub import Server, serving, upgrade
from transport.link import HUB_PATH


async def raw_socket(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that has joined, whose end is up to the test."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    lines = [f"GET {HUB_PATH} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in upgrade(1).items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await reader.readuntil(b"\r\n\r\n")
    writer.write(masked(join_frame()))
    await reader.readuntil(b"}")
    return reader, writer


@pytest.mark.parametrize("again", [False, True])
async def test_who_has_joined_another_hub_has_no_vote_here_though_they_go_on_sending(again: bool) -> None:
    async with serving() as server:
        reader, writer = await raw_socket(server)
        writer.write(masked(post_frame(1)))
        await server.audience.until(lambda: len(server.audience.readings) == 1)
        server.hub.dismiss(VIEWER, again=again)
        for sequence in range(2, 8):
            writer.write(masked(post_frame(sequence)))
        # No answer to the goodbye, and on and on until the hub hangs up.
        with contextlib.suppress(ConnectionError):
            while await reader.read(1000):
                writer.write(masked(post_frame(100)))
        assert len(server.audience.readings) == 1
        writer.close()
