"""What the dashboard does: pause, the overlay, the title; and what it asks for: links and their QR code."""

from typing import Any
from xml.etree import ElementTree

import pytest

from bot.controls import MAX_TITLE
from bot.history import History
from lera.folders import data_folder
from tests.bot.stage import OVERLAY_KEY, STREAMER_KEY, Theatre, eventually, theatre

JSON = {"Content-Type": "application/json"}


async def told(stage: Theatre, path: str) -> Any:
    async with stage.session.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def do(stage: Theatre, **wanted: Any) -> tuple[int, Any]:
    """What the dashboard's buttons send; gives status and answer."""
    async with stage.session.post("/api/controls", json=wanted) as answer:
        return answer.status, await answer.json() if answer.status == 200 else await answer.text()


async def test_the_pause_is_the_moderators_and_so_is_the_overlay() -> None:
    async with theatre(minimum_viewers=1) as stage:
        stage.join(1)
        await stage.until(lambda frame: frame["enough"])
        assert (await do(stage, paused=True))[1]["paused"] is True and stage.show.board.paused
        await stage.until(lambda frame: frame["paused"] and not frame["enough"])
        assert (await do(stage, overlay=False, paused=False))[1] == await told(stage, "/api/controls")
        await stage.until(lambda frame: not frame["paused"] and frame["overlay"] is False)
        assert (await do(stage, overlay=True))[0] == 200 and stage.show.board.overlay_shown


async def test_a_title_is_one_plain_line_and_kept_with_the_session() -> None:
    history = History(data_folder() / "history.sqlite3")
    async with theatre(history=history) as stage:
        await eventually(lambda: stage.show.session > 0)
        status, now = await do(stage, title="  Boss\nrush\u2028 \u202e\u200f<b>觀眾</b> 🎉\x00 ")
        assert status == 200 and now["title"] == "Boss rush <b>觀眾</b> 🎉" and now["titled_by"] == "you"
        await eventually(lambda: history.sessions()[0].title == now["title"])
        assert (await do(stage, title="觀" * MAX_TITLE))[0] == 200, "a title fits into the body's limit in any script"
        assert (await do(stage, title="x" * (MAX_TITLE + 1)))[0] == 400
        stage.show.twitch = type("Connected", (), {"state": "connected"})()
        status, said = await do(stage, title="mine")
        assert status == 409 and "Twitch" in said and stage.show.sessions.title == "觀" * MAX_TITLE
    history.close()


@pytest.mark.parametrize("body", ["", "[]", '{"paused": "yes"}', '{"overlay": 1}', '{"pausd": true}', '{"title": 5}'])
async def test_what_makes_no_sense_changes_nothing(body: str) -> None:
    async with theatre() as stage:
        async with stage.session.post("/api/controls", data=body, headers=JSON) as answer:
            assert answer.status == 400
        before = await told(stage, "/api/controls")
        assert (before["paused"], before["overlay"], before["title"]) == (False, True, "")
        async with stage.session.post("/api/controls", data="x" * 2000, headers=JSON) as answer:
            assert answer.status == 413


async def test_links_have_their_keys_and_the_join_link_is_a_code_for_phones() -> None:
    async with theatre() as stage:
        links = await told(stage, "/api/links")
        assert links["overlay"].endswith(f"/overlay/#key={OVERLAY_KEY}")
        assert links["dashboard"].endswith(f"/dashboard/#key={STREAMER_KEY}")
        port = stage.address.rsplit(":", 1)[1]
        assert links["waiting"].startswith("file:") and f"port={port}" in links["waiting"]
        assert links["waiting"].endswith(f"#key={OVERLAY_KEY}") and "streamer" not in links["waiting"]
        async with stage.session.get("/api/join.svg") as answer:
            assert answer.content_type == "image/svg+xml" and answer.headers["Cache-Control"] == "no-store"
            before = await answer.text()
        assert ElementTree.fromstring(before).tag.endswith("svg") and "secret" not in before
        async with stage.session.post("/api/keys", json={"renew": "join"}):
            pass
        async with stage.session.get("/api/join.svg") as answer:
            assert await answer.text() != before, "another link is another code"
