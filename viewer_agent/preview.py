"""What the agent sees, shown on a page that only this machine can open. Off unless asked for.

This is the one file in which a frame becomes a picture file's bytes, and they stay in memory.
"""

import contextlib
import hmac
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import cv2
from aiohttp import web
from aiohttp.typedefs import Handler

from model.emotions import EMOTIONS
from viewer_agent.agent import Agent

_PAGE: Final = Path(__file__).with_name("preview.html")
# A page of another site can send a form here, but never with this header.
_HEADER: Final = "X-Lera"


class Preview:
    """The page's server. Everything is under a path that starts with a random token."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._token = secrets.token_urlsafe(24)
        self._host = ""

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve on 127.0.0.1, on a free port; gives the page's address."""
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/{token}/", self._page),
                web.get("/{token}/frame", self._frame),
                web.get("/{token}/state", self._state),
                web.post("/{token}/pause", self._pause),
                web.post("/{token}/link", self._link),
                web.post("/{token}/show", self._show),
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self._host = f"127.0.0.1:{runner.addresses[0][1]}"
            yield f"http://{self._host}/{self._token}/"
        finally:
            await runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        token = request.match_info.get("token", "")
        # A name that was re-bound to 127.0.0.1 arrives with its own Host.
        if request.host != self._host or not hmac.compare_digest(token.encode(), self._token.encode()):
            raise web.HTTPNotFound
        response = await handler(request)
        response.headers.update(
            {
                "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
                "Cross-Origin-Resource-Policy": "same-origin",
                "Cross-Origin-Opener-Policy": "same-origin",
            }
        )
        response.headers.setdefault("Content-Security-Policy", "default-src 'none'")
        return response

    async def _page(self, _request: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src blob:; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        text = _PAGE.read_text("utf-8").replace("{nonce}", nonce)
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def _frame(self, request: web.Request) -> web.Response:
        self._require_header(request)
        frame = self._agent.frame
        if frame is None:
            return web.Response(status=204)
        fine, jpeg = cv2.imencode(".jpg", cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 75])
        return web.Response(body=jpeg.tobytes(), content_type="image/jpeg") if fine else web.Response(status=204)

    async def _state(self, request: web.Request) -> web.Response:
        self._require_header(request)
        agent, sight, frame = self._agent, self._agent.sight, self._agent.frame
        box = None
        if sight is not None and sight.box is not None and frame is not None:
            height, width = frame.pixels.shape[:2]
            left, top, right, bottom = (float(edge) for edge in sight.box)
            box = [left / width, top / height, right / width, bottom / height]
        seven = sight.probabilities.tolist() if sight is not None and sight.probabilities is not None else None
        return web.json_response(
            {
                "paused": agent.paused,
                "hub": agent.hub,
                "seen": sight.seen if sight is not None else None,
                "box": box,
                "quality": sight.quality if sight is not None else 0.0,
                "emotions": EMOTIONS,
                "probabilities": seven,
                "linked": agent.chat_link.linked,
                "name": agent.chat_link.name,
                "line": agent.chat_link.line,
                "appearance": agent.appearance.line,
                "shown": agent.appearance.shown,
                "showable": agent.appearance.possible,
            }
        )

    async def _pause(self, request: web.Request) -> web.Response:
        self._require_header(request)
        self._agent.toggle_pause()
        return web.json_response({"paused": self._agent.paused})

    async def _link(self, request: web.Request) -> web.Response:
        self._require_header(request)
        self._agent.chat_link.toggle()
        return web.json_response({})

    async def _show(self, request: web.Request) -> web.Response:
        self._require_header(request)
        self._agent.appearance.toggle()
        return web.json_response({})

    def _require_header(self, request: web.Request) -> None:
        if _HEADER not in request.headers:
            raise web.HTTPForbidden
