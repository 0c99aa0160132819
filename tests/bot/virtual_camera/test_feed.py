"""What the camera asks the bot for."""

import asyncio

import msgspec
from aiohttp import web

from bot.virtual_camera.feed import Feed
from bot.virtual_camera.settings import VirtualCameraSettings


async def test_settings_that_come_in_pieces_are_settings() -> None:
    wanted = VirtualCameraSettings(width=480, height=360)
    body = msgspec.json.encode(wanted)

    async def serve(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(body[:20])
        await asyncio.sleep(0.02)
        await response.write(body[20:])
        return response

    app = web.Application()
    app.router.add_get("/api/virtual-camera", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        assert await Feed(f"http://127.0.0.1:{runner.addresses[0][1]}", "key").settings() == wanted
    finally:
        await runner.cleanup()
