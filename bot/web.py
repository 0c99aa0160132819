"""The bot's web server: hub, overlay, dashboard, their live feed, and the small JSON API.

Two kinds of pages. Public ones (hub, join page, health) may be reached from anywhere that the server is. Private ones
(everything else) answer only this machine and `[web] trusted_addresses`, also behind a tunnel that makes every stranger
look local: such a request carries another Host name or a forwarding header.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, web

import lera
from bot.feed import beat
from bot.show import Show
from lera.errors import LeraError
from model.emotions import EMOTIONS
from transport.hub import HUB_PATH, JOIN_PATH, join_link
from transport.reading import Channel

logger = logging.getLogger(__name__)

OVERLAY_FOLDER: Final = Path(__file__).parent.parent / "overlay"
MAX_PAGES: Final = 64
"""Open live feeds at once: overlays, dashboards and docks of one streamer, with room to spare."""

_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_PUBLIC: Final = (HUB_PATH, "/healthz")
_FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Cf-Connecting-Ip")
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

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pages:
    """The routes of one show."""

    def __init__(self, show: Show, base_url: str) -> None:
        self._show = show
        self._base_url = base_url
        self._feeds: set[web.WebSocketResponse] = set()

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[self._guard], client_max_size=1024)
        app.router.add_get(HUB_PATH, self._show.hub.handle)
        app.router.add_get("/healthz", self._health)
        app.router.add_get(JOIN_PATH + "{channel}", self._file("join.html"))
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
        app.router.add_static("/overlay/", OVERLAY_FOLDER)
        app.on_shutdown.append(self._close_feeds)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_public(request.path) and not self._is_private(request):
            raise web.HTTPForbidden(text="This page is for the streamer's own machine.")
        response = await handler(request)
        if not response.prepared:
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    def _is_private(self, request: web.Request) -> bool:
        trusted = self._show.settings.web.trusted_addresses
        if any(header in request.headers for header in _FORWARDED):
            return False
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            return False
        if request.remote in trusted:
            return True
        # The Host name is checked too: a foreign page may point its own name at 127.0.0.1 (DNS rebinding).
        return request.remote in _LOCAL and (urlsplit(f"//{request.host}").hostname or "") in _LOCAL

    def _file(self, name: str) -> Handler:
        async def serve(_request: web.Request) -> web.StreamResponse:
            return web.FileResponse(OVERLAY_FOLDER / name)

        return serve

    def _redirect(self, place: str) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            query = f"?{request.query_string}" if request.query_string else ""
            raise web.HTTPFound(place + query)

        return serve

    async def _live(self, request: web.Request) -> web.StreamResponse:
        if len(self._feeds) >= MAX_PAGES:
            raise web.HTTPServiceUnavailable(text="Too many overlays are open; close some.")
        page = web.WebSocketResponse(compress=False, heartbeat=10.0, max_msg_size=1024, timeout=1.0)
        await page.prepare(request)
        self._feeds.add(page)
        feeding = asyncio.create_task(self._feed(page))
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
                    await asyncio.wait_for(page.send_str(beat(show.now())), 10.0)
                    continue
                text, seen = feed.text, newest
                await asyncio.wait_for(page.send_str(text), 10.0)
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
                "uptime": round(show.now() - show.started, 1),
                "connected": len(show.desk.guests),
                "pages": len(self._feeds),
                "counts": dict(show.desk.counts),
                "interval": show.desk.interval,
                "history": show.history_fault or ("on" if show.history else "off"),
            }
        )

    async def _health(self, _request: web.Request) -> web.Response:
        # Open to all, since the waiting page that OBS loads from the disk has no origin of its own.
        return web.json_response({"status": "ok"}, headers={"Cross-Origin-Resource-Policy": "cross-origin"})


def links(show: Show, base_url: str) -> dict[str, str]:
    """The addresses that a streamer needs. `join` holds the hub's token: it is for viewers, not for the screen."""
    public = show.settings.web.public_url.rstrip("/") or base_url
    channel: Channel = show.settings.channel.name
    return {
        "overlay": f"{base_url}/overlay/",
        "dashboard": f"{base_url}/dashboard/",
        "join": join_link(public, channel, show.desk.token),
    }


@contextlib.asynccontextmanager
async def serving(show: Show, port: int | None = None, or_any: bool = False) -> AsyncIterator[str]:
    """Serve the show's pages while the context lasts; gives the base URL.

    `port` instead of the setting's; 0 is any free one. When it is taken: any other with `or_any`, else LeraError.
    """
    host = show.settings.web.host
    wanted = show.settings.web.port if port is None else port
    here = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
    try:
        listener = _listen(host, wanted)
    except LeraError:
        if not or_any:
            raise
        listener = _listen(host, 0)
    address = f"http://{f'[{here}]' if ':' in here else here}:{listener.getsockname()[1]}"
    runner = web.AppRunner(Pages(show, address).application(), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=4096).start()
        yield address
    finally:
        await show.hub.close()
        await runner.cleanup()
        listener.close()


def _is_public(path: str) -> bool:
    # The overlay's files are code without data, and the join page shares some of them.
    return path in _PUBLIC or path.startswith(JOIN_PATH) or (path.startswith("/overlay/") and path != "/overlay/")


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Not `reuse_port`: a second bot on one port would take half of the viewers in silence.
        return socket.create_server((host, port), family=family, backlog=4096)
    except OSError as error:
        raise LeraError(
            f"Can't listen on {host} port {port} ({error.strerror or error}): is another LERA running? "
            "Close it, or set [web] port in config.toml."
        ) from None


async def _close(page: web.WebSocketResponse, code: WSCloseCode) -> None:
    with contextlib.suppress(ConnectionError, TimeoutError, RuntimeError):
        await asyncio.wait_for(page.close(code=code), 2.0)
