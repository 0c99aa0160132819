"""Ctrl-C ends it, whatever OBS does in that moment; and nothing that OBS says does."""

import asyncio
import json
import time
from typing import Any

import pytest
from aiohttp import web

from bot.obs.studio import Studio
from lera.obs.connection import Password
from lera.obs.settings import ObsSettings
from tests.bot.obs.moods import mood, nobody, rules
from tests.bot.stage import PATIENCE, eventually
from tests.standins.obs import PASSWORD, obs_standin


@pytest.mark.parametrize("passes", range(6))
async def test_also_when_obs_goes_in_the_same_moment(passes: int) -> None:
    async with obs_standin() as obs:
        settings = ObsSettings(enabled=True, port=obs.port, timeout=20.0)
        there = Studio(settings, rules(), nobody, time.monotonic, password=lambda: Password(PASSWORD))
        running = asyncio.create_task(there.run())
        await eventually(lambda: there.connected)
        assert there._obs is not None
        there._obs._break()
        for _ in range(passes):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running], timeout=PATIENCE)
        assert running.cancelled()


TEXT = {
    "when": "share", "emotion": "happiness", "above": 0.5, "seconds": 0, "name": "joy", "do": "text", "source": "Line",
    "text": "joy",
}  # fmt: skip
LISTED = {"inputKind": "text_ft2", "inputSettings": ["none"]}


async def say_too_deep(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    """An answer that no reader of JSON can read."""
    status = {"requestType": message["d"]["requestType"], "requestStatus": {"result": True, "code": 100}}
    found = "[" * 100_000 + "]" * 100_000
    await socket.send_str(f'{{"op": 7, "d": {json.dumps(status)[:-1]}, "responseData": {found}}}}}')


@pytest.mark.parametrize("what", ["event", "answer", "depth"])
async def test_nothing_that_obs_says_ends_the_show(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with obs_standin() as obs:
        settings = ObsSettings(enabled=True, port=obs.port, timeout=20.0)
        felt = [nobody()]
        there = Studio(settings, rules(TEXT), lambda: felt[0], time.monotonic, password=lambda: Password(PASSWORD))
        running = asyncio.create_task(there.run())
        await eventually(lambda: there.connected)
        before, done = there._obs, obs._done
        if what == "event":
            event = {"eventType": "ReplayBufferStateChanged", "eventIntent": 64, "eventData": ["none"]}
            for socket in list(obs.sockets):
                await socket.send_json({"op": 5, "d": event})
        elif what == "answer":
            monkeypatch.setattr(
                obs, "_done", lambda name, data: (100, LISTED) if name == "GetInputSettings" else done(name, data)
            )
            felt[0] = mood(happiness=0.7)
        else:
            monkeypatch.setattr(obs, "_answer", say_too_deep)

        def has_met_it() -> bool:
            return there._obs is not before or any("is odd" in line for _, line in there.why)

        await eventually(lambda: running.done() or has_met_it())
        assert not running.done()
        running.cancel()
        await asyncio.wait([running], timeout=PATIENCE)
        assert running.cancelled()
