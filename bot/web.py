"""The bot's web server: hub, overlay, dashboard, their live feed, and the small JSON API.

Two kinds of pages. Public ones (hub, join page, health) may be reached from anywhere that the server is. Private ones
(everything else) answer only this machine and `[web] trusted_addresses`, and what holds data asks for a key as well. A
tunnel makes every stranger look local, so it belongs at `[web] public_port`, where nothing private is served; for one
that stands at the wrong port, `bot/guard.py` refuses requests with another Host name or a forwarding header.
"""

import asyncio
import contextlib
import math
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import WSCloseCode, web

import lera
from bot.access_pages import AccessPages
from bot.body import wanted_by
from bot.cards import Cards
from bot.controls import Controls
from bot.drawing.words import LANGUAGES
from bot.feed import beat
from bot.guard import READY_PATH, SESSION_PATH, Guard, Handler
from bot.keys import Power
from bot.metrics import show_metrics
from bot.obs.pages import ObsPages
from bot.report.pages import ReportPages
from bot.sheet import sheet_line
from bot.show import Show
from bot.themes import Themes
from bot.tile_pages import TilePages
from bot.twitch.scopes import Role
from lera.errors import LeraError
from model.emotions import EMOTIONS
from transport.limits import Visitors
from transport.link import HUB_PATH, JOIN_PATH
from transport.metrics import METRICS_PATH
from transport.sockets import address_of
from transport.stage import STAGE_PATH

OVERLAY_FOLDER: Final = Path(__file__).parent.parent / "overlay"
MAX_PAGES: Final = 64
"""Open live feeds at once: overlays, dashboards and docks of one streamer, with room to spare."""

POWERS: Final[dict[str, Power]] = {
    "/live": "overlay", "/api/mood": "overlay", "/api/virtual-camera": "overlay", METRICS_PATH: "overlay",
}  # fmt: skip
"""What the overlay's key opens; all else that holds data needs the streamer's. The camera is an overlay, too."""
CLOSE_KEY_RENEWED: Final = 4401
"""A feed's close code: the key that opened it is worth nothing any more."""


class LoginRequest(msgspec.Struct, frozen=True):
    """What the dashboard's login buttons send."""

    account: Role


class Pages:
    """The routes of one show."""

    def __init__(self, show: Show, base_url: str) -> None:
        self._show = show
        self._base_url = base_url
        self._feeds: dict[web.WebSocketResponse, Power] = {}
        self._guard = Guard(show.settings.web, show.keys, urlsplit(base_url).port or 80, POWERS, show.now)
        self._cards = Cards(show)
        pages_per_second = show.settings.web.pages_per_second
        self._visitors = Visitors(pages_per_second, math.ceil(10 * pages_per_second))
        self._tiles = TilePages(show)
        self._metrics = show_metrics(show, self._open_pages)

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = self.public_application()
        app.router.add_get("/", self._redirect("/dashboard/"))
        app.router.add_get("/overlay", self._redirect("/overlay/"))
        app.router.add_get("/overlay/", self._file("index.html"))
        app.router.add_get("/dashboard", self._redirect("/dashboard/"))
        app.router.add_get("/dashboard/", self._file("dashboard.html"))
        app.router.add_get(SESSION_PATH, self._guard.session)
        app.router.add_post(SESSION_PATH, self._guard.session)
        app.router.add_get("/live", self._live)
        app.router.add_get(STAGE_PATH, self._show.stage_host.handle)
        app.router.add_get("/api/mood", self._mood)
        app.router.add_get("/api/history", self._history)
        app.router.add_get("/api/status", self._status)
        app.router.add_get(METRICS_PATH, self._metrics.handle)
        app.router.add_get("/api/card.png", self._card)
        app.router.add_get("/api/virtual-camera", self._virtual_camera)
        app.router.add_get("/api/twitch", self._twitch)
        app.router.add_post("/api/twitch/login", self._twitch_login)
        Controls(self._show, self._guard, self._base_url, self._overlays, self._end_feeds).add_to(app)
        AccessPages(self._show, self._base_url).add_to(app)
        ObsPages(self._show.studio).add_to(app)
        self._tiles.add_to(app)
        Themes().add_to(app)
        ReportPages(self._show.history, self._show.settings.commands.language).add_to(app)
        app.on_shutdown.append(self._close_feeds)
        return app

    def public_application(self) -> web.Application:
        """Only what strangers may reach: hub, join page, health, and the pages' files, which hold no data."""
        app = web.Application(middlewares=[self._guard.check], client_max_size=1024)
        app.router.add_get(HUB_PATH, self._show.hub.handle)
        app.router.add_get("/healthz", self._limited(self._health))
        app.router.add_get(READY_PATH, self._limited(self._ready))
        app.router.add_get(JOIN_PATH + "{channel}", self._limited(self._file("join.html")))
        app.router.add_get("/overlay/{name:[a-z]+\\.(?:js|css|svg)}", self._limited(self._page_file))
        return app

    def _limited(self, handler: Handler) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            show = self._show
            if not self._visitors.allow(address_of(request, show.settings.hub.behind_proxy), show.now()):
                raise web.HTTPTooManyRequests(text="Too many requests; wait a moment.", headers={"Retry-After": "2"})
            return await handler(request)

        return serve

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
        except (ConnectionError, UnicodeEncodeError):
            # Vanished within the handshake, or shook hands in bytes that are no text: no error of ours.
            return web.Response(status=400)
        # The guard has let it in, so that it has a power.
        power = self._feeds[page] = self._guard.power_of(request) or "overlay"
        # An overlay in the browser that the dashboard is open in has its cookie, too, and is for all eyes even so.
        shown: Power = "overlay" if request.query.get("as") == "overlay" else power
        feeding = asyncio.gather(self._feed(page, shown), self._tiles.feed(page))
        try:
            # Pages have nothing to say; reading is what answers their pings and notices that they have gone.
            async for _ in page:
                pass
        finally:
            self._feeds.pop(page, None)
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
        return page

    async def _feed(self, page: web.WebSocketResponse, power: Power) -> None:
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
                text, seen = feed.streamer_text if power == "streamer" else feed.text, newest
                async with asyncio.timeout(10.0):
                    await page.send_str(text)
                show.delivered(seen)
        except (ConnectionError, TimeoutError, RuntimeError):
            # A page that is gone, or that hasn't read for ten seconds; it comes back by itself.
            await _close(page, WSCloseCode.TRY_AGAIN_LATER)

    def _open_pages(self) -> Counter[Power]:
        return Counter(self._feeds.values())

    def _overlays(self) -> int:
        return self._open_pages()["overlay"]

    async def _end_feeds(self, power: Power) -> None:
        """Those that a key of this power had opened, which is worth nothing any more."""
        if power == "streamer":
            await self._show.stage_host.end(CLOSE_KEY_RENEWED, "the key was renewed")
        ended = [page for page, known in self._feeds.items() if known == power]
        await asyncio.gather(*(_close(page, CLOSE_KEY_RENEWED) for page in ended))

    async def _close_feeds(self, _app: web.Application) -> None:
        await asyncio.gather(*(_close(page, WSCloseCode.GOING_AWAY) for page in list(self._feeds)))

    async def _mood(self, request: web.Request) -> web.Response:
        feed = self._show.feed
        text = feed.streamer_text if self._guard.power_of(request) == "streamer" else feed.text
        return web.Response(text=text, content_type="application/json")

    async def _history(self, request: web.Request) -> web.Response:
        show = self._show
        try:
            seconds = min(max(float(request.query.get("seconds", "600")), 1.0), 86_400.0)
            if math.isnan(seconds):
                raise ValueError
        except ValueError:
            raise web.HTTPBadRequest(text="seconds must be a number") from None
        if show.history is None:
            return web.json_response({"rows": [], "resonance": []})
        since = show.now() - seconds
        try:
            rows = await asyncio.to_thread(show.history.rows, show.session, since)
            scores = await asyncio.to_thread(show.history.scores, show.session, since)
        except LeraError as error:
            raise web.HTTPServiceUnavailable(text=str(error)) from None
        return web.json_response(
            {
                "resonance": [
                    [round(time, 3), *(None if value is None else round(value, 1) for value in known)]
                    for time, *known in scores
                ],
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
                ],
            }
        )

    async def _status(self, _request: web.Request) -> web.Response:
        show = self._show
        return web.json_response(
            {
                "version": lera.__version__,
                "channel": show.settings.channel.name,
                "uptime": round(show.now() - show.begun, 1),
                "connected": show.connected,
                "nodes": show.nodes.count if show.nodes is not None else 0,
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
                "streamer": show.streamer_side.present,
                "stage": dict(show.stage_host.counts),
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
        asked = await wanted_by(request, LoginRequest, 'account must be "broadcaster" or "bot"')
        try:
            await self._show.twitch.begin_login(asked.account)
        except LeraError as error:
            raise web.HTTPConflict(text=str(error)) from None
        return await self._twitch(request)

    async def _health(self, _request: web.Request) -> web.Response:
        # Open to all, since the waiting page that OBS loads from the disk has no origin of its own.
        return web.json_response({"status": "ok"}, headers={"Cross-Origin-Resource-Policy": "cross-origin"})

    async def _ready(self, _request: web.Request) -> web.Response:
        """For who spreads viewers over hubs, and who restarts a bot: 503 while no viewer can be let in."""
        why = self._show.hub.closed
        return web.json_response({"status": why or "ready"}, status=503 if why else 200)


async def _close(page: web.WebSocketResponse, code: int) -> None:
    with contextlib.suppress(ConnectionError, TimeoutError, RuntimeError):
        async with asyncio.timeout(2.0):
            await page.close(code=code)
