"""Tiles on the pages: sent over `/live` beside the mood, and the dashboard's `POST /api/tiles/…`."""

import asyncio
from typing import Annotated

import msgspec
from aiohttp import web

from bot.body import wanted_by
from bot.show import Show


class Seat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose tile it is about."""

    seat: Annotated[str, msgspec.Meta(pattern=r"^[a-z2-7]{8}$")]


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether tiles are shown at all."""

    show: bool


class TilePages:
    """The routes of one show."""

    def __init__(self, show: Show) -> None:
        self._show = show

    def add_to(self, app: web.Application) -> None:
        """Add the routes; `bot/web.py`'s guard keeps strangers and other sites out."""
        app.router.add_post("/api/tiles/hide", self._hide)
        app.router.add_post("/api/tiles/ban", self._ban)
        app.router.add_post("/api/tiles/switch", self._switch)

    async def feed(self, page: web.WebSocketResponse) -> None:
        """Send a page of `/live` the tiles: first as they are, then whenever they change, until it is gone."""
        feed, seen = self._show.roster.feed, 0
        while not page.closed:
            try:
                newest = await feed.next(seen)
                text, seen = feed.text, newest
                async with asyncio.timeout(10.0):
                    await page.send_str(text)
            except TimeoutError:
                # Nothing new, or a page that doesn't read, whose mood is late as well: that one closes it.
                continue
            except (ConnectionError, RuntimeError):
                return

    async def _hide(self, request: web.Request) -> web.Response:
        wanted = await wanted_by(request, Seat)
        if not self._show.roster.hide(wanted.seat):
            return web.json_response({"said": "That viewer is not shown any more."}, status=409)
        return web.json_response({"said": "Hidden until the bot is started anew."})

    async def _ban(self, request: web.Request) -> web.Response:
        wanted = await wanted_by(request, Seat)
        banned = self._show.roster.ban_seat(wanted.seat)
        if banned == "nobody":
            return web.json_response({"said": "That viewer is not shown any more."}, status=409)
        return web.json_response({"said": "Banned.", "banned": banned})

    async def _switch(self, request: web.Request) -> web.Response:
        wanted = await wanted_by(request, Switch)
        self._show.hide_tiles(not wanted.show)
        return web.json_response({"said": "Tiles are shown." if wanted.show else "No tiles are shown anywhere."})
