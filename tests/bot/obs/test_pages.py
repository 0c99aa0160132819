"""OBS on the dashboard's API: told to the streamer's own pages, and done only for them."""

import json
from typing import Any

import pytest

from bot.show import Show
from lera.obs.settings import ObsSettings
from tests.bot.obs.moods import rules
from tests.bot.stage import Theatre, theatre

SWITCH = {"do": "switch", "mode": "dry-run"}


@pytest.fixture(autouse=True)
def a_reaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """A show whose settings hold one rule."""
    made = Show.__init__

    def with_rule(show: Show, *arguments: Any, **named: Any) -> None:
        made(show, *arguments, **named)
        show.studio.rules = rules(
            {"name": "joy", "when": "share", "emotion": "happiness", "above": 0.5, "do": "replay"}
        )

    monkeypatch.setattr(Show, "__init__", with_rule)


async def told(stage: Theatre) -> dict[str, Any]:
    async with stage.session.get("/api/obs") as answer:
        found: dict[str, Any] = await answer.json()
        return found


async def test_it_tells_what_the_dashboard_shows() -> None:
    async with theatre() as stage:
        assert await told(stage) == {
            "state": "off",
            "connected": False,
            "enabled": False,
            "source": "LERA mood",
            "mode": "on",
            "reactions": [
                {"name": "joy", "says": "happiness at 50% or more for 3 s: save the replay", "active": False}
            ],
            "why": [],
        }
        async with stage.session.get("/api/status") as answer:
            assert (await answer.json())["obs"] == "off"


async def test_reactions_are_switched() -> None:
    async with theatre() as stage:
        async with stage.session.post("/api/obs", json=SWITCH) as answer:
            assert await answer.json() == {"said": "Reactions are dry-run."}
        now = await told(stage)
        assert now["mode"] == "dry-run" and now["why"][0]["line"] == "reactions are dry-run"


@pytest.mark.parametrize("wanted", [{"do": "set-up", "position": "corner"}, {"do": "replay"}])
async def test_what_needs_obs_says_that_it_is_not_there(wanted: dict[str, Any]) -> None:
    async with theatre() as stage, stage.session.post("/api/obs", json=wanted) as answer:
        assert answer.status == 409 and "OBS is not connected (off)" in (await answer.json())["said"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Host": "evil.example:8765"},
        {"X-Forwarded-For": "203.0.113.7"},
    ],
)
async def test_no_other_site_can_make_it_do_anything(headers: dict[str, str]) -> None:
    async with theatre() as stage:
        content = {"Content-Type": "application/json", **headers}
        async with stage.session.post("/api/obs", data=json.dumps(SWITCH), headers=content) as answer:
            assert answer.status == (415 if "Content-Type" in headers else 403)
        assert (await told(stage))["mode"] == "on"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        ('{"do": "dance"}', 400),
        ('{"do": "switch", "mode": "loud"}', 400),
        ('{"do": "switch", "scene": 5}', 400),
        ('{"do": "switch", "more": 5}', 400),
        (json.dumps({"do": "set-up", "scene": "x" * 500}), 400),
        (json.dumps({"do": "set-up", "scene": "x" * 5000}), 413),
    ],
)
async def test_nonsense_is_refused(body: str, status: int) -> None:
    async with theatre() as stage:
        content = {"Content-Type": "application/json"}
        async with stage.session.post("/api/obs", data=body, headers=content) as answer:
            assert answer.status == status


def test_obs_is_off_until_somebody_wants_it() -> None:
    assert not ObsSettings().enabled
