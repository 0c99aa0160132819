"""A local OBS: obs-websocket 5 as far as a show without reactions uses it, a scene and filters for reactions to switch,
and what goes wrong with an OBS.

After the protocol's description (https://github.com/obsproject/obs-websocket/blob/master/docs/generated/protocol.md);
what a real one answers is checked in tests/bot/obs.
"""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
from aiohttp import web

PASSWORD: Final = "the-password-of-the-local-obs"
_ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "GetVersion": {"obsVersion": "29.0.2", "obsWebSocketVersion": "5.1.0", "rpcVersion": 1},
    "GetSceneList": {"currentProgramSceneName": "Scene", "scenes": [{"sceneIndex": 0, "sceneName": "Scene"}]},
}
_UNKNOWN: Final = 204
_NOT_READY: Final = 207
_NOT_FOUND: Final = 600


class Obs:
    """Takes programs in by their password, and answers a few requests."""

    def __init__(self) -> None:
        self.port = 0
        self.running = True
        # Answers nobody any more, as a machine that sleeps.
        self.silent = False
        # Answers everything with 207, as from obs-websocket 5.3 on while the scene collection changes.
        self.ready = True
        self.collection = "Untitled"
        self.collections = ["Untitled", "Travel"]
        self.scene = "Scene"
        # Scene collection, source and filter; whether it is on.
        self.filters: dict[tuple[str, str, str], bool] = {}
        self.sockets: set[web.WebSocketResponse] = set()

    def crash(self) -> None:
        """Gone, without a goodbye, until `start`."""
        self.running = False
        for socket in self.sockets:
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()

    def start(self) -> None:
        """There again."""
        self.running, self.silent, self.ready = True, False, True

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One program's connection."""
        if not self.running:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.add(socket)
        try:
            if await self._let_in(socket):
                async for message in socket:
                    if not self.silent and message.type is aiohttp.WSMsgType.TEXT:
                        await self._answer(socket, message.json())
        except (ConnectionError, TypeError):
            pass
        finally:
            self.sockets.discard(socket)
        return socket

    async def _let_in(self, socket: web.WebSocketResponse) -> bool:
        challenge, salt = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        asked = {"challenge": challenge, "salt": salt}
        await socket.send_json(
            {"op": 0, "d": {"obsWebSocketVersion": "5.1.0", "rpcVersion": 1, "authentication": asked}}
        )
        identify = await socket.receive_json()
        proof = _digest(_digest(PASSWORD + salt) + challenge)
        if identify["op"] != 1 or identify["d"].get("authentication") != proof:
            await socket.close(code=4009, message=b"Authentication failed.")
            return False
        await socket.send_json({"op": 2, "d": {"negotiatedRpcVersion": 1}})
        return True

    async def _answer(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        asked = message["d"]
        name = asked["requestType"]
        code, found = self._done(name, asked.get("requestData") or {}) if self.ready else (_NOT_READY, None)
        answer = {
            "requestType": name,
            "requestId": asked["requestId"],
            "requestStatus": {"result": found is not None, "code": code},
        }
        await socket.send_json({"op": 7, "d": {**answer, **({"responseData": found} if found else {})}})

    def _done(self, name: str, data: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        """A request's code, and its answer, None where it was refused."""
        if name == "GetSceneCollectionList":
            return 100, {"currentSceneCollectionName": self.collection, "sceneCollections": self.collections}
        if name == "GetCurrentProgramScene":
            return 100, {"currentProgramSceneName": self.scene}
        if name == "SetCurrentProgramScene":
            self.scene = data["sceneName"]
            return 100, {}
        if name in ("GetSourceFilter", "SetSourceFilterEnabled"):
            place = (self.collection, data["sourceName"], data["filterName"])
            if place not in self.filters:
                return _NOT_FOUND, None
            if name == "GetSourceFilter":
                return 100, {"filterEnabled": self.filters[place], "filterSettings": {}}
            self.filters[place] = data["filterEnabled"]
            return 100, {}
        return (100, _ANSWERS[name]) if name in _ANSWERS else (_UNKNOWN, None)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@asynccontextmanager
async def obs_standin() -> AsyncIterator[Obs]:
    """A local OBS on a free port."""
    obs = Obs()
    app = web.Application()
    app.router.add_get("/", obs.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    obs.port = runner.addresses[0][1]
    try:
        yield obs
    finally:
        obs.crash()
        await asyncio.sleep(0)
        await runner.cleanup()
