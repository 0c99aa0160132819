"""What the dashboard does: pause, the overlay, the title; and what it asks for: links, QR code, health."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from bot.controls import MAX_TITLE
from bot.health import health
from bot.history import History
from bot.settings import Settings
from bot.show import Show
from bot.virtual_camera.supervisor import VirtualCamera
from lera.folders import data_folder
from tests.bot.stage import OVERLAY_KEY, STREAMER_KEY, Theatre, eventually, theatre, with_key

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
        status, now = await do(stage, title="  Boss\nrush \u202e<b>觀眾</b> 🎉\x00 ")
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


async def test_health_tells_each_connection_with_its_mend() -> None:
    async with theatre() as stage:
        by_name = {each["name"]: each for each in (await told(stage, "/api/health"))["connections"]}
        assert list(by_name) == ["overlay", "viewers", "chat", "twitch", "obs", "history"]
        assert by_name["overlay"]["state"] == by_name["viewers"]["state"] == "waiting"
        assert "OBS" in by_name["overlay"]["mend"] and "public_port" in by_name["viewers"]["mend"]
        assert by_name["obs"]["state"] == by_name["twitch"]["state"] == by_name["history"]["state"] == "off"

        stage.join(1)
        await stage.until(lambda frame: frame["connected"] == 1)
        # What the streamer's own page looks at is no overlay on the stream.
        async with stage.session.ws_connect("/live", headers=with_key(OVERLAY_KEY)) as page:
            await page.receive()
            by_name = {each["name"]: each for each in (await told(stage, "/api/health"))["connections"]}
        assert by_name["overlay"] == {"name": "overlay", "state": "good", "line": "1 overlay is open.", "mend": ""}
        assert by_name["viewers"]["line"] == "1 agent is connected."


def test_whatever_fails_is_a_line_and_a_mend() -> None:
    show = Show(Settings(), "secret", None, lambda: 0.0)
    show.sheet_fault = "There is no such spreadsheet: check [sheet] spreadsheet."
    show.chat.fault = "The text reader can't be loaded."
    show.virtual_camera = VirtualCamera("http://bot", lambda: "key")
    show.virtual_camera.fault = "Install v4l2loopback." + "x" * 10_000
    found = {each.name: each for each in health(show, 2)}
    assert {name for name, each in found.items() if each.state == "bad"} == {"sheet", "chat", "camera"}
    assert found["chat"].mend == show.chat.fault and found["camera"].mend.startswith("Install v4l2loopback.")
    assert found["overlay"].line == "2 overlays are open."
    assert max(len(each.line + each.mend) for each in found.values()) < 700
    assert json.dumps([each.state for each in found.values()])
