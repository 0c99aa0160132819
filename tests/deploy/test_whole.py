"""All of it as a host runs it: nginx with TLS, the bot and a hub beside it, NATS with logins; agents by one name."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.keys import Keys
from bot.nodes import attach_nodes
from bot.server import serving
from bot.settings import ChannelSettings, CrowdSettings, Settings, WebSettings
from bot.show import Show
from hub.node import Node
from tests.bot.stage import OVERLAY_KEY, STREAMER_KEY, eventually
from tests.deploy.proxies import free_port, needs, proxy
from tests.deploy.test_nats import BOT, CHANNEL, HUB
from tests.deploy.test_nats import server as nats_server
from tests.deploy.test_proxies import agent, seen
from transport.bus_login import parse_servers, read_login
from transport.hub_settings import HubSettings
from transport.listening import listen, site

VIEWERS = 20


@pytest.mark.slow
@needs("nginx", "nats-server")
async def test_viewers_spread_over_hubs_and_count_once_also_when_a_hub_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LERA_NATS_LOGIN", f"bot-my-channel:{BOT}")
    (tmp_path / "front").mkdir()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(nats_server(tmp_path))
        beside = stack.enter_context(listen("127.0.0.1", 0))
        front = await stack.enter_async_context(
            proxy("nginx", tmp_path / "front", free_port(), beside.getsockname()[1])
        )
        hub = HubSettings(interval=0.2, behind_proxy=True, nats=url)
        web = WebSettings(port=free_port(), public_port=front.upstream, public_url=front.url)
        # Of a minimum of one, each and every vote is told at once.
        settings = Settings(ChannelSettings(CHANNEL), CrowdSettings(minimum_viewers=1), hub=hub, web=web)
        show = Show(settings, Keys("s", STREAMER_KEY, OVERLAY_KEY), None, time.time)
        attach_nodes(show)
        await stack.enter_async_context(serving(show))
        node = Node(parse_servers(url), read_login(f"hub:{HUB}"), hub, time.time)
        tasks = [asyncio.create_task(each.run()) for each in (show, node)]
        door = await stack.enter_async_context(AsyncExitStack())
        await door.enter_async_context(site(beside, node.application(), 10.0))
        await eventually(lambda: CHANNEL in node.channels)
        await seen(front)
        session = await stack.enter_async_context(front.viewer())
        async with AsyncExitStack() as agents:
            for number in range(VIEWERS):
                await agents.enter_async_context(agent(show, session, number))
            most: list[int] = []

            def all_counted() -> bool:
                most.append(show.mood.viewers)
                return show.mood.viewers == VIEWERS

            await eventually(all_counted, 60)
            assert node.viewers > VIEWERS / 4 and len(show.desk.guests) > VIEWERS / 4
            # The hub goes, as in an upgrade.
            tasks[1].cancel()
            await asyncio.gather(tasks[1], return_exceptions=True)
            await door.aclose()
            await eventually(lambda: len(show.desk.guests) == VIEWERS, 60)
            await eventually(all_counted, 60)
            assert max(most) == VIEWERS, "nobody was counted twice"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
