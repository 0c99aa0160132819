"""What the dashboard does: pause, hide the overlay, name the session, renew a key; and what it asks for besides.

The guard has let only the streamer's key in. What OBS is asked for is in `bot/obs/pages.py`.
"""

import io
from collections.abc import Awaitable, Callable
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
import segno
from aiohttp import web
from msgspec import Meta

from bot.access_pages import join_address
from bot.body import wanted_by
from bot.guard import Guard, protect
from bot.health import health
from bot.keys import Power, Secret
from bot.language import one_line
from bot.obs.setup import page_url
from bot.show import Show
from lera.errors import LeraError

MAX_TITLE: Final = 140
"""As on Twitch."""
_NO_STORE: Final = {"Cache-Control": "no-store"}


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be changed; None: as it is."""

    paused: bool | None = None
    overlay: bool | None = None
    title: Annotated[str, Meta(max_length=MAX_TITLE)] | None = None


class Renewal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which secret is to be made anew."""

    renew: Secret


class Controls:
    """The routes of one show."""

    def __init__(
        self,
        show: Show,
        guard: Guard,
        base_url: str,
        overlays: Callable[[], int],
        end_feeds: Callable[[Power], Awaitable[None]],
    ) -> None:
        """`overlays` counts those that are open; `end_feeds` ends the feeds that a renewed key had opened."""
        self._show = show
        self._guard = guard
        self._base_url = base_url
        self._overlays = overlays
        self._end_feeds = end_feeds

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/api/controls", self._tell)
        app.router.add_post("/api/controls", self._do)
        app.router.add_get("/api/health", self._health)
        app.router.add_get("/api/links", self._links)
        app.router.add_get("/api/join.svg", self._code)
        app.router.add_post("/api/keys", self._renew)

    async def _tell(self, _request: web.Request) -> web.Response:
        show = self._show
        return web.json_response(
            {
                "paused": show.paused,
                "overlay": show.board.overlay_shown,
                "title": show.sessions.title,
                "category": show.sessions.category,
                "titled_by": "twitch" if self._is_titled_by_twitch() else "you",
                "started": round(show.started, 1),
            }
        )

    async def _do(self, request: web.Request) -> web.Response:
        wanted = await wanted_by(request, Wanted)
        show = self._show
        if wanted.title is not None:
            if self._is_titled_by_twitch():
                raise web.HTTPConflict(text="The title is Twitch's: change it there.")
            show.stream_changed(one_line(wanted.title), show.sessions.category)
        if wanted.paused is not None:
            show.pause(wanted.paused)
        if wanted.overlay is not None:
            show.show_overlay(wanted.overlay)
        return await self._tell(request)

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"connections": msgspec.to_builtins(health(self._show, self._overlays()))})

    async def _links(self, _request: web.Request) -> web.Response:
        return self._told_links()

    async def _code(self, _request: web.Request) -> web.Response:
        """The join link as a QR code, black on white with its quiet zone, as every reader wants it."""
        picture = io.BytesIO()
        code = segno.make(links(self._show, self._base_url)["join"], error="m", micro=False)
        code.save(picture, kind="svg", border=4, scale=1, dark="#000", light="#fff", omitsize=True, title="Join link")
        return web.Response(body=picture.getvalue(), content_type="image/svg+xml", headers=_NO_STORE)

    async def _renew(self, request: web.Request) -> web.Response:
        wanted = (await wanted_by(request, Renewal, 'renew must be "overlay", "streamer" or "join"')).renew
        try:
            await self._show.renew(wanted)
        except LeraError as error:
            raise web.HTTPServiceUnavailable(text=str(error)) from None
        response = self._told_links()
        if wanted == "join":
            return response
        if wanted == "streamer":
            # The dashboard that asked for it goes on; all others need the new address.
            self._guard.give_cookie(response, "streamer")
        # Answered before its own feed ends, so that it comes back with the new cookie.
        protect(response)
        try:
            await response.prepare(request)
            await response.write_eof()
        finally:
            await self._end_feeds(wanted)
        return response

    def _told_links(self) -> web.Response:
        return web.json_response(links(self._show, self._base_url), headers=_NO_STORE)

    def _is_titled_by_twitch(self) -> bool:
        return self._show.twitch.state not in ("off", "unset")


def links(show: Show, base_url: str) -> dict[str, str]:
    """The addresses that a streamer needs, each with its key: none of them is for the screen.

    `waiting` is the page on this machine's disk that waits for the bot and then becomes the overlay.
    """
    found = {
        "overlay": f"{base_url}/overlay/#key={show.keys.overlay}",
        "waiting": page_url(urlsplit(base_url).netloc, key=show.keys.overlay),
        "dashboard": f"{base_url}/dashboard/#key={show.keys.streamer}",
        "join": join_address(show, base_url, show.access.token(show.now())),
    }
    return found | {"sheet": show.sheet_link} if show.sheet_link else found
