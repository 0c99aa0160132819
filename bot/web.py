"""The bot's web server: hub, overlay, dashboard, their live feed, and the small JSON API.

Two kinds of pages. Public ones (hub, join page, health) may be reached from anywhere that the server is. Private ones
(everything else) answer only this machine and `[web] trusted_addresses`. A tunnel makes every stranger look local, so
it belongs at `[web] public_port`, where nothing private is served; for one that stands at the wrong port, requests with
another Host name or a forwarding header are refused here too.
"""

import asyncio
import contextlib
import ipaddress
import math
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import WSCloseCode, web

import lera
from bot.cards import Cards
from bot.drawing.words import LANGUAGES
from bot.feed import beat
from bot.obs.pages import ObsPages
from bot.sheet import sheet_line
from bot.show import Show
from bot.themes import Themes
from bot.tile_pages import TilePages
from bot.twitch.scopes import Role
from lera.errors import LeraError
from model.emotions import EMOTIONS
from transport.link import HUB_PATH, JOIN_PATH, host_of, join_link, netloc

OVERLAY_FOLDER: Final = Path(__file__).parent.parent / "overlay"
MAX_PAGES: Final = 64
"""Open live feeds at once: overlays, dashboards and docks of one streamer, with room to spare."""

LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_PUBLIC: Final = (HUB_PATH, "/healthz")
_FORWARDED: Final = (
    "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server",
    "X-Real-IP", "Via", "Cf-Connecting-Ip",
)  # fmt: skip
_POLICY: Final = (
    "default-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class LoginRequest(msgspec.Struct, frozen=True):
    """What the dashboard's login buttons send."""

    account: Role


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pages:
    """The routes of one show."""

    def __init__(self, show: Show, base_url: str) -> None:
        self._show = show
        self._base_url = base_url
        self._feeds: set[web.WebSocketResponse] = set()
        self._cards = Cards(show)
        self._tiles = TilePages(show)

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = self.public_application()
        app.router.add_get("/", self._redirect("/dashboard/"))
        app.router.add_get("/overlay", self._redirect("/overlay/"))
        app.router.add_get("/overlay/", self._file("index.html"))
        app.router.add_get("/dashboard", self._redirect("/dashboard/"))
        app.router.add_get("/dashboard/", self._file("dashboard.html"))
        app.router.add_get("/live", self._live)
        app.router.add_get("/api/mood", self._mood)
        app.router.add_get("/api/history", self._history)
        app.router.add_get("/api/links", self._links)
        app.router.add_get("/api/status", self._status)
        app.router.add_get("/api/card.png", self._card)
        app.router.add_get("/api/virtual-camera", self._virtual_camera)
        app.router.add_get("/api/twitch", self._twitch)
        app.router.add_post("/api/twitch/login", self._twitch_login)
        ObsPages(self._show.studio).add_to(app)
        self._tiles.add_to(app)
        Themes().add_to(app)
        app.on_shutdown.append(self._close_feeds)
        return app

    def public_application(self) -> web.Application:
        """Only what strangers may reach: hub, join page, health, and the pages' files, which hold no data."""
        app = web.Application(middlewares=[self._guard], client_max_size=1024)
        app.router.add_get(HUB_PATH, self._show.hub.handle)
        app.router.add_get("/healthz", self._health)
        app.router.add_get(JOIN_PATH + "{channel}", self._file("join.html"))
        app.router.add_get("/overlay/{name:[a-z]+\\.(?:js|css|svg)}", self._page_file)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_public(request.path) and not self._is_private(request):
            raise web.HTTPForbidden(text="This page is for the streamer's own machine.")
        # What changes something must be asked for by a page of ours: no other site's page, nor its form, sends JSON.
        if request.method not in ("GET", "HEAD"):
            if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
                raise web.HTTPForbidden(text="Only the dashboard may do that.")
            if request.content_type != "application/json":
                raise web.HTTPUnsupportedMediaType(text="Send JSON.")
        response = await handler(request)
        if not response.prepared:
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    def _is_private(self, request: web.Request) -> bool:
        headers = request.headers
        if any(header in headers for header in _FORWARDED):
            return False
        # A page of another site may lead here, but may not read or embed anything.
        if headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") and headers.get("Sec-Fetch-Mode") != "navigate":
            return False
        if "Origin" in headers and netloc(headers["Origin"]) != request.host:
            return False
        # The Host name is checked too: a foreign page may point its own name at 127.0.0.1 (DNS rebinding).
        host = host_of(request.host)
        web_settings = self._show.settings.web
        if request.remote in web_settings.trusted_addresses:
            return host in LOCAL or _is_address(host)
        own = {*LOCAL, web_settings.host}
        return request.remote in own and host in own

    def _file(self, name: str) -> Handler:
        async def serve(_request: web.Request) -> web.StreamResponse:
            return web.FileResponse(OVERLAY_FOLDER / name)

        return serve

    async def _page_file(self, request: web.Request) -> web.StreamResponse:
        path = OVERLAY_FOLDER / request.match_info["name"]
        if not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path)

    def _redirect(self, place: str) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            query = f"?{request.query_string}" if request.query_string else ""
            raise web.HTTPFound(place + query)

        return serve

    async def _live(self, request: web.Request) -> web.StreamResponse:
        if len(self._feeds) >= MAX_PAGES:
            raise web.HTTPServiceUnavailable(text="Too many overlays are open; close some.")
        page = web.WebSocketResponse(compress=False, heartbeat=10.0, max_msg_size=1024, timeout=1.0)
        try:
            await page.prepare(request)
        except ConnectionError:
            # Vanished within the handshake: nobody is left to feed, and it is no error of ours.
            return web.Response(status=400)
        self._feeds.add(page)
        feeding = asyncio.gather(self._feed(page), self._tiles.feed(page))
        try:
            # Pages have nothing to say; reading is what answers their pings and notices that they have gone.
            async for _ in page:
                pass
        finally:
            self._feeds.discard(page)
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
        return page

    async def _feed(self, page: web.WebSocketResponse) -> None:
        show, feed = self._show, self._show.feed
        seen = 0
        try:
            while True:
                try:
                    newest = await feed.next(seen)
                except TimeoutError:
                    async with asyncio.timeout(10.0):
                        await page.send_str(beat(show.now()))
                    continue
                text, seen = feed.text, newest
                async with asyncio.timeout(10.0):
                    await page.send_str(text)
                show.delivered(seen)
        except (ConnectionError, TimeoutError, RuntimeError):
            # A page that is gone, or that hasn't read for ten seconds; it comes back by itself.
            await _close(page, WSCloseCode.TRY_AGAIN_LATER)

    async def _close_feeds(self, _app: web.Application) -> None:
        await asyncio.gather(*(_close(page, WSCloseCode.GOING_AWAY) for page in list(self._feeds)))

    async def _mood(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._show.feed.text, content_type="application/json")

    async def _history(self, request: web.Request) -> web.Response:
        show = self._show
        try:
            seconds = min(max(float(request.query.get("seconds", "600")), 1.0), 86_400.0)
            if math.isnan(seconds):
                raise ValueError
        except ValueError:
            raise web.HTTPBadRequest(text="seconds must be a number") from None
        if show.history is None:
            return web.json_response({"rows": []})
        try:
            rows = await asyncio.to_thread(show.history.rows, show.session, show.now() - seconds)
        except LeraError as error:
            raise web.HTTPServiceUnavailable(text=str(error)) from None
        return web.json_response(
            {
                "rows": [
                    {
                        "time": round(row.time, 3),
                        "viewers": row.viewers,
                        "faces": row.faces,
                        "chatters": row.chatters,
                        "chat_part": row.chat_part,
                        "shares": row.shares and dict(zip(EMOTIONS, (round(s, 4) for s in row.shares), strict=True)),
                        "valence": row.valence,
                        "arousal": row.arousal,
                    }
                    for row in rows
                ]
            }
        )

    async def _links(self, _request: web.Request) -> web.Response:
        return web.json_response(links(self._show, self._base_url))

    async def _status(self, _request: web.Request) -> web.Response:
        show = self._show
        return web.json_response(
            {
                "version": lera.__version__,
                "channel": show.settings.channel.name,
                "uptime": round(show.now() - show.begun, 1),
                "connected": len(show.desk.guests),
                "pages": len(self._feeds),
                "counts": dict(show.desk.counts),
                "interval": show.desk.interval,
                "paused": show.paused,
                "history": show.history_fault or ("on" if show.history else "off"),
                "chat": show.chat.fault or "on",
                "twitch": show.twitch.line,
                "sheet": sheet_line(show) or "off",
                "messages": dict(show.chat.counts),
                "obs": show.studio.state,
            }
        )

    async def _card(self, request: web.Request) -> web.Response:
        asked = request.query.get("lang", "en")
        language = next((known for known in LANGUAGES if known == asked), None)
        if language is None:
            raise web.HTTPBadRequest(text=f"lang must be one of {', '.join(LANGUAGES)}")
        name = f"mood-{datetime.fromtimestamp(self._show.now()):%Y-%m-%d-%H%M}.png"
        return web.Response(
            body=await self._cards.png(language),
            content_type="image/png",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    async def _virtual_camera(self, _request: web.Request) -> web.Response:
        return web.json_response(msgspec.to_builtins(self._show.settings.virtual_camera))

    async def _twitch(self, _request: web.Request) -> web.Response:
        twitch = self._show.twitch
        told = {"state": twitch.state, "line": twitch.line, "note": twitch.note, "login": twitch.login_card()}
        return web.json_response(told, headers={"Cache-Control": "no-store"})

    async def _twitch_login(self, request: web.Request) -> web.Response:
        try:
            asked = msgspec.json.decode(await request.read(), type=LoginRequest)
        except msgspec.MsgspecError:
            raise web.HTTPBadRequest(text='account must be "broadcaster" or "bot"') from None
        try:
            await self._show.twitch.begin_login(asked.account)
        except LeraError as error:
            raise web.HTTPConflict(text=str(error)) from None
        return await self._twitch(request)

    async def _health(self, _request: web.Request) -> web.Response:
        # Open to all, since the waiting page that OBS loads from the disk has no origin of its own.
        return web.json_response({"status": "ok"}, headers={"Cross-Origin-Resource-Policy": "cross-origin"})


def links(show: Show, base_url: str) -> dict[str, str]:
    """The addresses that a streamer needs. `join` and `sheet` let people in: for viewers, not for the screen."""
    found = {
        "overlay": f"{base_url}/overlay/",
        "dashboard": f"{base_url}/dashboard/",
        "join": join_link(show.public_url or base_url, show.settings.channel.name, show.desk.token),
    }
    return found | {"sheet": show.sheet_link} if show.sheet_link else found


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(path: str) -> bool:
    # The overlay's files are code without data, and the join page shares some of them.
    return path in _PUBLIC or path.startswith(JOIN_PATH) or (path.startswith("/overlay/") and path != "/overlay/")


async def _close(page: web.WebSocketResponse, code: WSCloseCode) -> None:
    with contextlib.suppress(ConnectionError, TimeoutError, RuntimeError):
        async with asyncio.timeout(2.0):
            await page.close(code=code)
