"""Bodies of answers: whole, however they come, and never longer than what is wanted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from lera.http_body import read_body

PIECES = [b"0123456789" * 10] * 5


@asynccontextmanager
async def answer(pieces: list[bytes], length: int | None = None) -> AsyncIterator[aiohttp.ClientResponse]:
    """A server's answer in pieces; where `length` says that there are more, the line is cut behind them."""

    async def serve(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = length
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(0.01)
        if length is not None and request.transport is not None:
            request.transport.abort()
        return response

    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/") as response,
        ):
            yield response
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("pieces", "whole"), [(PIECES, b"0123456789" * 50), ([], b"")])
async def test_a_body_in_pieces_is_whole(pieces: list[bytes], whole: bytes) -> None:
    async with answer(pieces) as response:
        assert await read_body(response, 1000) == whole


@pytest.mark.parametrize("most", [0, 1, 100, 101, 499, 500])
async def test_no_more_than_the_limit_is_taken(most: int) -> None:
    async with answer(PIECES) as response:
        assert await read_body(response, most) == (b"0123456789" * 50)[:most]


async def test_a_line_that_breaks_gives_no_half_of_it() -> None:
    async with answer(PIECES, 1000) as response:
        with pytest.raises(aiohttp.ClientError):
            await read_body(response, 1000)
