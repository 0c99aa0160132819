"""OBS on the dashboard: `GET /api/obs` tells, `POST /api/obs` does. `bot/web.py`'s guard keeps other sites out."""

from typing import Literal

import msgspec
from aiohttp import web

from bot.body import wanted_by
from bot.obs.settings import Name, Position
from bot.obs.studio import Studio
from lera.errors import LeraError
from lera.obs.settings import Mode


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to do; the others' fields are not looked at."""

    do: Literal["switch", "reconnect", "set-up", "replay"]
    mode: Mode = "off"
    scene: Name = ""
    position: Position | None = None


class ObsPages:
    """The routes of one studio."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/api/obs", self._tell)
        app.router.add_post("/api/obs", self._do)

    async def _tell(self, _request: web.Request) -> web.Response:
        studio = self._studio
        active = studio.active
        return web.json_response(
            {
                "state": studio.state,
                "connected": studio.connected,
                "enabled": studio.settings.enabled,
                "source": studio.settings.source,
                "mode": studio.mode,
                "reactions": [
                    {"name": rule.name, "says": rule.says(), "active": rule.name in active} for rule in studio.rules
                ],
                "why": [{"time": round(time, 1), "line": line} for time, line in studio.why],
            }
        )

    async def _do(self, request: web.Request) -> web.Response:
        wanted = await wanted_by(request, Wanted)
        try:
            said = await self._said(wanted)
        except LeraError as error:
            return web.json_response({"said": str(error)}, status=409)
        return web.json_response({"said": said})

    async def _said(self, wanted: Wanted) -> str:
        """Do it; returns one line for the streamer."""
        match wanted.do:
            case "switch":
                await self._studio.switch(wanted.mode)
                return f"Reactions are {wanted.mode}."
            case "reconnect":
                self._studio.reconnect()
                return "Trying to reach OBS."
            case "set-up":
                done = await self._studio.set_up(wanted.scene, wanted.position)
                return done.says(self._studio.settings.source)
            case "replay":
                path = await self._studio.save_replay("by hand")
                return f"Saved {path.name}."
