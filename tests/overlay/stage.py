"""A stand-in for the bot: serves `overlay/` the way `bot/web.py` does and plays the frames that a test hands it."""

import asyncio
import json
import threading
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from bot.themes import Themes
from model.emotions import AROUSAL, EMOTIONS, VALENCE
from tests.ports import free_port

PAGES: Final = Path(__file__).parents[2] / "overlay"
POLICY: Final = "default-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"
BEAT_SECONDS: Final = 2.0
SILENCE: Final = "const SILENCE = 5000;"
"""The line of feed.js after which a page takes a silent bot for gone."""

Frame = dict[str, Any]


def mood(
    shares: Sequence[float] | None,
    *,
    viewers: int = 12,
    minimum: int = 3,
    trend: float | None = 0.08,
    spread: float = 0.09,
    at: float | None = None,
    chatters: int = 0,
    faces: int | None = None,
    paused: bool = False,
    overlay: bool = True,
    said: str | None = None,
) -> Frame:
    """A mood frame as `/live` sends it; `None` for shares is a crowd below its minimum. `trend` is the top's.

    `viewers` are faces and chatters together; `faces` says how many faces there are where they don't all count.
    """
    frame: Frame = {
        "type": "mood",
        "time": time.time() if at is None else at,
        "channel": "demo",
        "viewers": viewers,
        "connected": viewers + 2,
        "minimum_viewers": minimum,
        "enough": shares is not None,
        "session": "1763639000",
        "paused": paused,
        "overlay": overlay,
        "said": said,
    }
    counted = viewers - chatters
    weight = counted + 0.5 * chatters if shares is not None else 0
    parts = {"face": (counted if faces is None else faces, counted), "chat": (chatters, 0.5 * chatters)}
    frame["sources"] = {
        name: {"voters": voters, "part": part / weight if weight else 0, "shares": None}
        for name, (voters, part) in parts.items()
    }
    empty = dict.fromkeys(("shares", "intervals", "top", "valence", "arousal", "trend"))
    if shares is None:
        return frame | empty
    top = EMOTIONS[max(range(7), key=lambda index: shares[index])]
    return frame | {
        "shares": dict(zip(EMOTIONS, shares, strict=True)),
        "intervals": {
            name: [max(0.0, share - spread), min(1.0, share + spread)]
            for name, share in zip(EMOTIONS, shares, strict=True)
        },
        "top": top,
        "valence": sum(a * b for a, b in zip(shares, VALENCE, strict=True)),
        "arousal": sum(a * b for a, b in zip(shares, AROUSAL, strict=True)),
        "trend": None if trend is None else {name: trend if name == top else 0.0 for name in EMOTIONS},
    }


def tile(seat: str, name: str | None, top: str | None = "happiness", sure: float = 0.9) -> Frame:
    """One tile of a tiles frame; `top` None is a face that can't be read surely."""
    shares = None if top is None else {emotion: 0.7 if emotion == top else 0.05 for emotion in EMOTIONS}
    return {"seat": seat, "name": name, "top": top, "shares": shares, "sure": sure}


def tiles(*shown: Frame, more: int = 0, state: str = "on") -> Frame:
    """A tiles frame as `/live` sends it."""
    return {"type": "tiles", "state": state, "tiles": list(shown), "more": more}


def beat() -> Frame:
    """The frame that says that nothing changed."""
    return {"type": "beat", "time": time.time()}


def named_link(label: str, expires: str = "2026-12-24", *, expired: bool = False) -> Frame:
    """One of the streamer's own links, as the dashboard is told."""
    url = f"https://mood.example/join/demo#{'AQB4' * 26}"
    return {
        "id": label.encode().hex()[:12].ljust(12, "0"),
        "label": label,
        "url": url,
        "expires": expires,
        "expired": expired,
    }


class Stage:
    """A real HTTP and WebSocket server in its own thread. It can stop and start again on the same port.

    `current` is what a page is told when it connects, `beating` whether beats are sent, `refusing` whether `/live` is
    shut while the pages are served; `joins` counts the connections and `requests` keeps every path and query asked for.
    `patient` gives the pages an hour before silence tells them anything: this machine may stand still for seconds.
    """

    def __init__(self, own_themes: Path | None = None) -> None:
        """`own_themes` is a streamer's folder of themes; what is put into it later is served as well."""
        self._theme_files = Themes(own=own_themes or PAGES / "no-themes-here")
        self.port = free_port()
        self.current: Frame | None = None
        # The tiles that a page is told when it connects; None: it is told of none.
        self.tiles: Frame | None = None
        self.history: list[Frame] = []
        self.scores: list[Any] = []
        self.twitch: dict[str, Any] = {"state": "unset", "line": "Twitch is not set up.", "login": None}
        self.connections: list[Frame] = [{"name": "overlay", "state": "good", "line": "1 overlay is open.", "mend": ""}]
        self.controls: Frame = {"paused": False, "overlay": True, "title": "", "category": "", "titled_by": "you"}
        self.themes: list[Frame] = [{"name": "bars", "title": {"en": "Bars", "zh-TW": "長條"}, "fields": []}]
        self.links = {"overlay": "/overlay/", "dashboard": "/dashboard/", "join": "/join/demo#example-token_123"}
        # Who may join, as the dashboard is told; what it wanted changed goes to `wanted`.
        self.access: Frame = {
            "public": {"id": "0" * 12, "label": "", "url": "", "expires": "2027-02-20", "expired": False},
            "links": [], "bans": [], "fault": "",
        }  # fmt: skip
        self.renewed: list[str] = []
        self.asked_login: list[Any] = []
        self.beating = True
        self.patient = False
        self.refusing = False
        self.joins = 0
        self.requests: list[str] = []
        # What the dashboard is told of OBS, and what it wanted done there.
        self.obs: Frame = {
            "state": "off", "connected": False, "enabled": False, "mode": "on", "reactions": [], "why": [],
        }  # fmt: skip
        self.wanted: list[Frame] = []
        # The key that pages must have shown, while this is not "": then the cookie that it gave is worth nothing, too.
        self.key = ""
        self.shown_keys: list[str] = []
        self._sockets: set[web.WebSocketResponse] = set()
        self._runner: web.AppRunner | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stage", daemon=True)
        self._thread.start()
        self._beats = asyncio.run_coroutine_threadsafe(self._beat_forever(), self._loop)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Opens the doors; nothing happens when they are open."""
        self._wait(self._start())

    def stop(self) -> None:
        """Ends every connection and stops listening, like a bot that is closed."""
        self._wait(self._stop())

    def play(self, frame: Frame) -> None:
        """Sends the frame to every page; a mood is also what later pages are told first."""
        if frame["type"] == "mood":
            self.current = frame
        if frame["type"] == "tiles":
            self.tiles = frame
        self.send(json.dumps(frame))

    def send(self, text: str) -> None:
        """Sends any text at all, so that a test can be rude."""
        self._wait(self._send(text))

    def play_all(self, frames: Sequence[Frame]) -> None:
        """Sends the frames as fast as the pages take them."""
        self.current = frames[-1]
        self._wait(self._send(*map(json.dumps, frames)))

    def drop(self) -> None:
        """Ends every page's feed; they may come back."""
        self._wait(self._drop())

    def close(self) -> None:
        """The end: stops the server and its thread."""
        self.stop()
        self._loop.call_soon_threadsafe(self._beats.cancel)
        self._wait(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _start(self) -> None:
        if self._runner is not None:
            return
        app = web.Application(middlewares=[self._note_and_guard])
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/live", self._live)
        app.router.add_get("/api/session", self._session)
        app.router.add_post("/api/session", self._session)
        app.router.add_get("/api/mood", self._mood)
        app.router.add_get("/api/history", self._history)
        app.router.add_get("/api/links", self._links)
        app.router.add_get("/api/access", self._told_access)
        app.router.add_post("/api/access", self._change_access)
        app.router.add_post("/api/tiles/ban", self._ban)
        app.router.add_get("/api/health", self._told_connections)
        app.router.add_get("/api/controls", self._controls)
        app.router.add_post("/api/controls", self._control)
        app.router.add_get("/api/themes", self._themes)
        app.router.add_get("/api/join.svg", self._code)
        app.router.add_post("/api/keys", self._renew)
        app.router.add_get("/api/twitch", self._twitch)
        app.router.add_post("/api/twitch/login", self._twitch_login)
        app.router.add_get("/api/obs", self._obs)
        app.router.add_post("/api/obs", self._do_in_obs)
        app.router.add_post("/api/tiles/{what}", self._do_with_tiles)
        app.router.add_get("/overlay", self._slash)
        app.router.add_get("/dashboard", self._slash)
        app.router.add_get("/overlay/", self._page("index.html"))
        app.router.add_get("/dashboard/", self._page("dashboard.html"))
        app.router.add_get("/join/{channel}", self._page("join.html"))
        app.router.add_get("/overlay/feed.js", self._feed)
        # Its list comes after ours, which tests may change: the first one is asked.
        self._theme_files.add_to(app)
        app.router.add_static("/overlay/", PAGES)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"}, headers={"Cross-Origin-Resource-Policy": "cross-origin"})

    async def _stop(self) -> None:
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        for connection in list(self._sockets):
            await connection.close()
        await runner.cleanup()

    async def _drop(self) -> None:
        for connection in list(self._sockets):
            await connection.close()

    async def _send(self, *texts: str) -> None:
        for connection in list(self._sockets):
            # A page that is just leaving hears no more.
            with suppress(ConnectionError):
                for text in texts:
                    await connection.send_str(text)

    async def _beat_forever(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            if self.beating:
                await self._send(json.dumps(beat()))

    @web.middleware
    async def _note_and_guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append(request.path_qs)
        held = request.path == "/live" or request.path.startswith("/api/")
        if held and self.key and request.method == "GET" and request.cookies.get("lera-key") != self.key:
            raise web.HTTPUnauthorized
        response: web.StreamResponse = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = POLICY
            response.headers["Cache-Control"] = "no-cache"
        return response

    async def _live(self, request: web.Request) -> web.WebSocketResponse:
        if self.refusing:
            raise web.HTTPServiceUnavailable
        connection = web.WebSocketResponse()
        await connection.prepare(request)
        self.joins += 1
        if self.current is not None:
            await connection.send_str(json.dumps(self.current))
        if self.tiles is not None:
            await connection.send_str(json.dumps(self.tiles))
        self._sockets.add(connection)
        try:
            async for _ in connection:
                pass
        finally:
            self._sockets.discard(connection)
        return connection

    async def _session(self, request: web.Request) -> web.Response:
        response = web.json_response({"power": "streamer"})
        if request.method == "POST":
            key = (await request.json())["key"]
            self.shown_keys.append(key)
            if key != self.key:
                raise web.HTTPUnauthorized
            response.set_cookie("lera-key", key, httponly=True, samesite="Strict")
        return response

    async def _mood(self, _request: web.Request) -> web.Response:
        return web.json_response(self.current)

    async def _history(self, _request: web.Request) -> web.Response:
        return web.json_response({"rows": self.history, "resonance": self.scores})

    async def _links(self, _request: web.Request) -> web.Response:
        waiting = {"waiting": "file:///lera/overlay/start.html?port=1"}
        return web.json_response({name: self.url + path for name, path in self.links.items()} | waiting)

    async def _told_access(self, _request: web.Request) -> web.Response:
        return web.json_response(self.access)

    async def _change_access(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        self.wanted.append(wanted)
        if "add" in wanted:
            self.access["links"].append(named_link(wanted["add"]["label"]))
        kept = [link for link in self.access["links"] if link["id"] != wanted.get("revoke")]
        bans = [ban for ban in self.access["bans"] if not wanted.get("lift_all") and ban["id"] != wanted.get("lift")]
        self.access |= {"links": kept, "bans": bans}
        return web.json_response(self.access)

    async def _ban(self, request: web.Request) -> web.Response:
        self.wanted.append({"ban": (await request.json())["seat"]})
        return web.json_response({"said": "Banned.", "banned": "viewer"})

    async def _told_connections(self, _request: web.Request) -> web.Response:
        return web.json_response({"connections": self.connections})

    async def _controls(self, _request: web.Request) -> web.Response:
        return web.json_response(self.controls)

    async def _control(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        self.wanted.append(wanted)
        self.controls = self.controls | wanted
        return web.json_response(self.controls)

    async def _themes(self, _request: web.Request) -> web.Response:
        return web.json_response({"themes": self.themes})

    async def _code(self, _request: web.Request) -> web.Response:
        square = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1H0z"/></svg>'
        return web.Response(text=square, content_type="image/svg+xml")

    async def _renew(self, request: web.Request) -> web.Response:
        self.renewed.append((await request.json())["renew"])
        self.links = self.links | {"overlay": f"/overlay/#key=number-{len(self.renewed)}"}
        return await self._links(request)

    async def _twitch(self, _request: web.Request) -> web.Response:
        return web.json_response(self.twitch)

    async def _twitch_login(self, request: web.Request) -> web.Response:
        self.asked_login.append(await request.json())
        return web.json_response(self.twitch)

    async def _obs(self, _request: web.Request) -> web.Response:
        return web.json_response(self.obs)

    async def _do_in_obs(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        wanted = await request.json()
        self.wanted.append(wanted)
        self.obs = self.obs | ({"mode": wanted["mode"]} if wanted["do"] == "switch" else {})
        return web.json_response({"said": f"Done: {wanted['do']}."})

    async def _do_with_tiles(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        self.wanted.append({"do": request.match_info["what"], **await request.json()})
        return web.json_response({"said": f"Done: {request.match_info['what']}."})

    async def _feed(self, _request: web.Request) -> web.Response:
        text = (PAGES / "feed.js").read_text("utf-8")
        assert text.count(SILENCE) == 1
        wanted = "const SILENCE = 3_600_000;" if self.patient else SILENCE
        return web.Response(text=text.replace(SILENCE, wanted), content_type="text/javascript")

    async def _slash(self, request: web.Request) -> web.Response:
        query = f"?{request.query_string}" if request.query_string else ""
        raise web.HTTPFound(f"{request.path}/{query}")

    @staticmethod
    def _page(name: str) -> Any:
        async def serve(_request: web.Request) -> web.FileResponse:
            return web.FileResponse(PAGES / name)

        return serve
