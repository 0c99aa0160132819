"""How each connection of a show is, in one line, with its mend."""

import json
from typing import Any

import numpy as np

from bot.access import Access, Kept
from bot.health import health
from bot.keys import Keys
from bot.metrics import show_metrics
from bot.settings import Settings
from bot.show import Show
from bot.virtual_camera.supervisor import VirtualCamera
from lera.errors import LeraError
from tests.bot.stage import OVERLAY_KEY, Theatre, theatre, with_key
from transport.reading import Reading


async def connections(stage: Theatre) -> list[dict[str, Any]]:
    """As the dashboard is told them."""
    async with stage.session.get("/api/health") as answer:
        found: list[dict[str, Any]] = (await answer.json())["connections"]
        return found


async def test_health_tells_each_connection_with_its_mend() -> None:
    async with theatre() as stage:
        by_name = {each["name"]: each for each in await connections(stage)}
        assert list(by_name) == ["overlay", "viewers", "chat", "twitch", "obs", "streamer", "history"]
        assert by_name["overlay"]["state"] == by_name["viewers"]["state"] == "waiting"
        assert "OBS" in by_name["overlay"]["mend"] and "public_port" in by_name["viewers"]["mend"]
        assert by_name["obs"]["state"] == by_name["twitch"]["state"] == by_name["history"]["state"] == "off"
        assert by_name["streamer"]["state"] == "off", "most streams have no agent of the streamer's own"

        stage.join(1)
        await stage.until(lambda frame: frame["connected"] == 1)
        # What the streamer's own page looks at is no overlay on the stream.
        async with stage.session.ws_connect("/live", headers=with_key(OVERLAY_KEY)) as page:
            await page.receive()
            by_name = {each["name"]: each for each in await connections(stage)}
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


def test_the_streamer_is_told_of_programs_that_move_in_lockstep() -> None:
    clock = [0.0]
    show = Show(Settings(), "secret", None, lambda: clock[0])
    for second in range(50):
        clock[0] = float(second)
        a, b, c, d, e, f, g = np.random.default_rng(second // 2).dirichlet(np.ones(7)).tolist()
        for number in range(8):
            show.take(Reading(f"copy-{number:017}", "face", clock[0], (a, b, c, d, e, f, g)))
        show.crowd.mood(clock[0])
    (line,) = [each for each in health(show, 1) if each.name == "viewers"]
    assert "7 of them move in lockstep" in line.line and "link" in line.mend


def test_links_and_bans_that_the_disk_refuses_are_told_with_the_mend() -> None:
    def keep(_kept: Kept) -> bool:
        if full:
            raise LeraError("Can't write it (No space left on device); free some disk space.")
        return True

    full = False
    keys = Keys("seed")
    show = Show(Settings(), keys, None, lambda: 0.0, access=Access("demo", keys, 90, 0.0, None, keep))
    pages = show_metrics(show, dict)

    def told() -> tuple[str, str]:
        (line,) = [each for each in health(show, 0) if each.name == "links"]
        return line.state, line.mend

    assert told() == ("good", "") and 'lera_part_good{part="links"} 1.0' in pages.text()
    full = True
    show.access.ban(["aa" * 12], 0.0)
    assert told()[0] == "bad" and "free some disk space" in told()[1]
    assert 'lera_part_good{part="links"} 0.0' in pages.text()
    full = False
    show.access.lift(None, 0.0)
    assert told() == ("good", "")
