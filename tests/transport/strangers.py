"""Hubs and bots that do as they like, and how long agents wait for them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web


@asynccontextmanager
async def answering(path: str, handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Who answers at this path as `handle` does; gives the address."""
    app = web.Application()
    app.router.add_get(path, handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}{path}"
    finally:
        await runner.cleanup()


def counted_waits(monkeypatch: pytest.MonkeyPatch, module: str) -> asyncio.Queue[int]:
    """The number of each try that an agent of this module would wait for; now it waits for none."""
    attempts: asyncio.Queue[int] = asyncio.Queue()

    def wait(attempt: int, _longest: float) -> float:
        attempts.put_nowait(attempt)
        return 0.0

    monkeypatch.setattr(f"{module}.backoff", wait)
    return attempts
