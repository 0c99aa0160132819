"""A stream that is over, at a node that has others."""

import asyncio
import socket

import aiohttp
from aiohttp import WSMsgType

from hub.node import Node
from tests.bot.stage import PATIENCE
from tests.door import door
from tests.transport.test_desk import join_frame
from tests.transport.test_frames import masked
from tests.transport.test_hub import upgrade
from transport.bus import STAND_SECONDS, Heard, Terms
from transport.bus_login import Login, Server
from transport.desk import HubSettings
from transport.link import HUB_PATH
from transport.listening import site
from transport.nats import Bus


class Quiet(Bus):
    """A bus that is always there, on which others' terms are heard, and nothing of ours."""

    connected = True

    def __init__(self, node: "StagedNode") -> None:
        self.node = node
        self.deaf_since = None

    def publish(self, channel: str, said: object, to: str = "") -> bool:
        del channel, said, to
        return True


class StagedNode(Node):
    """A node with a clock of the test's own, at whose bus nobody is."""

    def __init__(self) -> None:
        self.time = 1000.0
        super().__init__([Server("nobody", 4222, False)], Login({}), HubSettings(), lambda: self.time)
        self.bus = Quiet(self)

    def live(self, channel: str) -> None:
        """The bot of a channel says its terms."""
        self._hear(Heard(channel, Terms(1, "b" * 16, self.time, door(channel).terms)))


async def test_a_stream_that_is_over_holds_up_no_other_and_takes_nobody_in() -> None:
    node = StagedNode()
    node.live("demo")
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    async with site(listener, node.application(), 10.0), aiohttp.ClientSession() as session:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = [f"GET {HUB_PATH} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in upgrade(1).items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(masked(join_frame()))
        await reader.readuntil(b"}")
        assert node.viewers == 1
        node.time += node.OVER_SECONDS + 1.0
        node.live("other")
        beating = asyncio.create_task(node._beat())
        await asyncio.sleep(0)
        node.time += STAND_SECONDS
        async with asyncio.timeout(PATIENCE):
            # The goodbye has come, and is not answered.
            while b"the stream is over" not in await reader.read(1000):
                pass
        assert list(node.channels) == ["other"], "at once, whoever answers"
        async with session.ws_connect(f"ws://127.0.0.1:{port}{HUB_PATH}") as page:
            await page.send_str(join_frame().decode())
            told = await page.receive_json()
            assert told["type"] == "refused" and told["retry"] and "not live" in told["reason"]
            assert (await page.receive()).type is WSMsgType.CLOSE
        writer.close()
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
