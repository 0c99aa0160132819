"""A viewer's name, whatever it is, from the agent through the hub and the bot to a real page, and away again."""

import asyncio

import aiohttp
import pytest

from tests.bot.stage import OVERLAY_KEY, theatre
from tests.chromium import browser_page, needs_chromium
from tests.overlay.test_tiles import NASTY, THEME
from tests.transport.test_desk import frame, join_frame
from transport.names import clean_name
from transport.reading import Appear


@pytest.mark.browser
@needs_chromium
async def test_from_the_agent_through_the_hub_to_the_page() -> None:
    typed = [*NASTY, "x" * 10_000]
    async with asyncio.timeout(240), theatre() as stage, browser_page() as page:
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        clients = [stage.join(number) for number in range(len(typed))]
        for client, name in zip(clients, typed, strict=True):
            client.appearing.want(Appear("name", clean_name(name)))
        await page.goto(f"{stage.address}{THEME}#key={OVERLAY_KEY}")
        seats = page.locator(".seat:not(.seat-gone)")
        await seats.nth(len(typed) - 1).wait_for(timeout=60_000)
        shown = await page.locator(".seat-name").all_text_contents()
        assert sorted(shown) == sorted(map(clean_name, typed))
        assert await page.locator(".seat-name *").count() == 0 and await page.title() == "LERA overlay"
        # A program that isn't ours sends the ten thousand as they are: it is out, and no page hears of it.
        async with stage.session.ws_connect("/hub") as rude:
            await rude.send_str(join_frame(viewer="r" * 22).decode())
            await rude.receive_json()
            await rude.send_str(frame(type="appear", seat="name", name="x" * 10_000).decode())
            answer = await rude.receive()
            assert answer.type is aiohttp.WSMsgType.CLOSE or answer.json()["type"] == "refused"
        for client in clients[1:]:
            client.appearing.want(Appear("no"))
        await seats.nth(1).wait_for(state="detached", timeout=60_000)
        left = await page.locator(".seat-name").all_text_contents()
        assert left in ([clean_name(typed[0])], []), "one of six beside five who are not shown: either is right"
        assert not errors
