from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import pytest

from tests.viewer_agent.helpers import frame
from transport.appearances import Appearing
from transport.identities import Linking
from transport.reading import Appear, Code, Linked, Shown, Welcome
from viewer_agent.agent import Agent
from viewer_agent.appearance import Appearance
from viewer_agent.chat_link import ChatLink
from viewer_agent.preview import Preview
from viewer_agent.showing import Showing
from viewer_agent.watch import Sight

HEADER = {"X-Lera": "1"}


class FakeAgent(SimpleNamespace):
    paused: bool

    def toggle_pause(self) -> None:
        self.paused = not self.paused


@pytest.fixture
def agent() -> Any:
    sight = Sight("face", (64.0, 48.0, 320.0, 240.0), 0.8, np.full(7, 1 / 7), None)
    link = ChatLink(Linking(), lambda _line: None)
    showing = Showing("name", "Ann <b>", "0" * 64, "2026-01-01T00:00:00+00:00")
    appearance = Appearance(Appearing(), lambda _line: None, showing)
    return FakeAgent(paused=False, hub="joined", frame=frame(1), sight=sight, chat_link=link, appearance=appearance)


@pytest.fixture
async def page(agent: Any) -> AsyncIterator[str]:
    async with Preview(cast(Agent, agent)).serve() as address:
        yield address


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_is_served_to_this_machine_only_under_a_random_path(page: str, session: aiohttp.ClientSession) -> None:
    parts = urlsplit(page)
    assert parts.hostname == "127.0.0.1"
    assert len(parts.path) > 30
    for address in (f"http://{parts.netloc}/", f"http://{parts.netloc}/{'x' * 32}/", f"http://{parts.netloc}/x/state"):
        async with session.get(address, headers=HEADER) as answer:
            assert answer.status == 404


async def test_another_host_name_is_turned_away(page: str, session: aiohttp.ClientSession) -> None:
    for host in ("rebound.example", f"rebound.example:{urlsplit(page).port}", "127.0.0.1"):
        async with session.get(page, headers={"Host": host}) as answer:
            assert answer.status == 404


async def test_the_page_may_load_nothing_from_elsewhere(page: str, session: aiohttp.ClientSession) -> None:
    async with session.get(page) as answer:
        policy = answer.headers["Content-Security-Policy"]
        text = await answer.text()
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert f'<script nonce="{nonce}">' in text
    assert "{nonce}" not in text


async def test_shows_the_newest_frame_from_memory(page: str, session: aiohttp.ClientSession, agent: Any) -> None:
    async with session.get(page + "frame", headers=HEADER) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert (await answer.read())[:2] == b"\xff\xd8"
    agent.frame = None
    async with session.get(page + "frame", headers=HEADER) as answer:
        assert answer.status == 204


async def test_tells_the_state_and_pauses(page: str, session: aiohttp.ClientSession, agent: Any) -> None:
    async with session.get(page + "state", headers=HEADER) as answer:
        state = await answer.json()
    assert state["box"] == [0.1, 0.1, 0.5, 0.5]
    assert len(state["probabilities"]) == len(state["emotions"]) == 7
    async with session.post(page + "pause", headers=HEADER) as answer:
        assert (await answer.json()) == {"paused": True}
    assert agent.paused


async def test_a_form_of_another_page_can_not_pause(page: str, session: aiohttp.ClientSession, agent: Any) -> None:
    async with session.post(page + "pause") as answer:
        assert answer.status == 403
    assert not agent.paused


async def test_links_with_chat(page: str, session: aiohttp.ClientSession, agent: Any) -> None:
    async def told() -> tuple[bool, str, str | None]:
        async with session.get(page + "state", headers=HEADER) as answer:
            state = await answer.json()
        return state["linked"], state["name"], state["line"]

    linking: Linking = agent.chat_link._linking
    linking.joined(Welcome(1, "demo", 0, 1.0, 5.0, links=True))
    async with session.post(page + "link") as answer:
        assert answer.status == 403 and linking.due() is None, "a form of another page can't"
    async with session.post(page + "link", headers=HEADER) as answer:
        assert answer.status == 200 and linking.due() is not None
    linking.hear(Code("!mood link ABCD2345", 300.0))
    assert await told() == (False, "", "!mood link ABCD2345")
    linking.hear(Linked("ann"))
    assert await told() == (True, "ann", None)


async def test_says_who_is_shown_and_hides_at_once(page: str, session: aiohttp.ClientSession, agent: Any) -> None:
    async def told() -> tuple[str, bool, bool]:
        async with session.get(page + "state", headers=HEADER) as answer:
            state = await answer.json()
        return state["appearance"], state["shown"], state["showable"]

    appearing: Appearing = agent.appearance._appearing
    appearing.joined(Welcome(1, "demo", 0, 1.0, 5.0, shows=True))
    appearing.hear(Shown("name", "Ann <b>"))
    assert await told() == ("Shown on the stream as Ann <b>. s hides you at once.", True, True)
    async with session.post(page + "show") as answer:
        assert answer.status == 403, "a form of another page can't"
    assert appearing.due() == Appear("name", "Ann <b>")
    async with session.post(page + "show", headers=HEADER) as answer:
        assert answer.status == 200
    assert appearing.due() == Appear("no")
    appearing.hear(Shown())
    assert await told() == ("Not shown on the stream. s shows you again, as Ann <b>.", False, True)
