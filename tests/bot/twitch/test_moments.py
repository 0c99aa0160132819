"""Clips and markers: their limits, and what people are told when there is none."""

from types import SimpleNamespace
from typing import Any

import pytest

from bot.twitch.helix import Refused
from bot.twitch.moments import CLIP_COOLDOWN, MARKER_COOLDOWN, Moments
from bot.twitch.settings import TwitchSettings
from bot.twitch.tokens import Account
from lera.errors import LeraError


class FakeHelix:
    """Answers with what it is given, or raises it."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    async def _ask(self, **asked: Any) -> object:
        self.asked.append(asked)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    post_create_clip = post_stream_marker = _ask


def keeper(*scopes: str) -> Any:
    """A keeper whose broadcaster has allowed this."""
    return SimpleNamespace(broadcaster=Account("app", "", "", "1", "ann", scopes))


ALLOWED = keeper("clips:edit", "channel:manage:broadcast")
CLIP = {"data": [{"id": "FunnyClip-x_1", "edit_url": "http://clips.twitch.tv/FunnyClip-x_1/edit"}]}


async def clip(answer: object, keeper: Any = ALLOWED, live: bool = True, **settings: Any) -> str:
    """Make a first clip."""
    return await Moments(TwitchSettings(**settings)).create_clip(FakeHelix(answer), keeper, live, 0.0)  # type: ignore[arg-type]


async def test_a_clip_has_an_address() -> None:
    assert await clip(CLIP) == "https://clips.twitch.tv/FunnyClip-x_1"


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, "not live"), (403, "settings forbid"), (401, "log in again"), (429, "in a minute"), (500, "500: oops")],
)
async def test_every_refusal_is_one_line(status: int, said: str) -> None:
    with pytest.raises(LeraError, match=said):
        await clip(Refused(status, "oops"))


@pytest.mark.parametrize("answer", [{"data": []}, {"data": [{"id": "../evil?x"}]}, "nonsense", None])
async def test_an_odd_answer_gives_no_odd_address(answer: object) -> None:
    with pytest.raises(LeraError, match="can't be read"):
        await clip(answer)


async def test_what_is_off_or_not_allowed_or_not_live_asks_nobody() -> None:
    with pytest.raises(LeraError, match="switched off"):
        await clip(CLIP, clips=False)
    with pytest.raises(LeraError, match="--login"):
        await clip(CLIP, keeper())
    with pytest.raises(LeraError, match="not live"):
        await clip(CLIP, live=False)
    helix: Any = FakeHelix({})
    with pytest.raises(LeraError, match="switched off"):
        await Moments(TwitchSettings(markers=False)).create_marker("x", helix, ALLOWED, True, 0.0)


async def test_both_rest_between_two() -> None:
    moments, helix = Moments(TwitchSettings(markers=True)), FakeHelix(CLIP)
    client: Any = helix
    await moments.create_clip(client, ALLOWED, True, 0.0)
    with pytest.raises(LeraError, match="less than 30"):
        await moments.create_clip(client, ALLOWED, True, CLIP_COOLDOWN - 0.1)
    await moments.create_clip(client, ALLOWED, True, CLIP_COOLDOWN)
    await moments.create_marker("one\nline " * 40, client, ALLOWED, True, 0.0)
    with pytest.raises(LeraError, match="less than 5"):
        await moments.create_marker("", client, ALLOWED, True, MARKER_COOLDOWN - 0.1)
    assert len(helix.asked) == 3 and len(helix.asked[-1]["description"]) <= 140
    assert "\n" not in helix.asked[-1]["description"]
