"""What pages send to be done: whatever it is, it is answered in one line and is no fault of the bot's."""

import aiohttp
import pytest

from tests.bot.stage import theatre

JSON = {"Content-Type": "application/json"}
BODIES = {
    "another encoding": b'{"key": "\xff", "do": "\xff", "renew": "\xff"}',
    "lists without end": b'{"key": ' + b"[" * 1000,
    "no JSON": b"renew",
    "another shape": b"[]",
}


@pytest.mark.parametrize("path", ["session", "controls", "keys", "obs", "tiles/hide", "tiles/switch", "twitch/login"])
async def test_a_body_that_cannot_be_read_is_told_so(path: str) -> None:
    async with theatre() as stage:
        for what, body in BODIES.items():
            async with stage.session.post(f"/api/{path}", data=body, headers=JSON) as answer:
                said = await answer.text()
                assert answer.status == 400 and 0 < len(said) < 300 and "\n" not in said, (what, said)


async def test_without_a_key_as_well() -> None:
    async with theatre() as stage, aiohttp.ClientSession(stage.address) as stranger:
        for body in BODIES.values():
            async with stranger.post("/api/session", data=body, headers=JSON) as answer:
                assert answer.status == 400
