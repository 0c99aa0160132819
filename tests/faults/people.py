"""Who is at both ends of the show: viewers with their agents, and overlay pages."""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable

import aiohttp

from lera.errors import LeraError
from tests.faults.wire import Wire
from transport.hub_client import HubClient
from transport.reading import Probabilities


def a_feeling(chance: random.Random) -> Probabilities:
    """One that nobody else has."""
    parts = [chance.random() ** 3 + 0.01 for _ in range(7)]
    a, b, c, d, e, f, g = (part / sum(parts) for part in parts)
    return (a, b, c, d, e, f, g)


class Viewer:
    """A viewer, whose agent may be there or not."""

    def __init__(
        self, number: int, wire: Wire, chance: random.Random, link: Callable[[], tuple[str, str, str]]
    ) -> None:
        """`link` gives address, channel and token of the link that the viewer was last given."""
        self.key = f"viewer-{number:015}"
        self.wire = wire
        self.feeling = a_feeling(chance)
        # Whether the agent runs and its face can be seen.
        self.up = self.seen = False
        self.banned = False
        # When the last vote of this viewer can have been sent.
        self.last = float("-inf")
        self.refused = ""
        # When the agent last changed its state, for a finding.
        self.changed = float("-inf")
        self._link = link
        self._client: HubClient | None = None
        self._tasks: list[asyncio.Task[None]] = []
        # Windows that were left behind, until they are closed, and what runs in each.
        self._behind: dict[HubClient, list[asyncio.Task[None]]] = {}

    @property
    def votes(self) -> bool:
        """Whether a vote of this viewer can be sent now. A window that was left behind may have it back, when the newer
        one is killed before the other has heard of it."""
        return (self.up and self.seen) or any(client.state == "joined" for client in self._behind)

    @property
    def counts(self) -> bool:
        """Whether this one has a vote, once everything is well."""
        return self.up and self.seen and not self.banned

    @property
    def joined(self) -> bool:
        """Whether the agent believes that it is joined."""
        return self._client is not None and self._client.state == "joined"

    def story(self) -> str:
        """For a finding."""
        state = "none" if self._client is None else self._client.state
        agent = f"agent {state} since {self.changed:.2f} s, {self.refused!r}"
        return f"{self.key} (up {self.up}, seen {self.seen}, banned {self.banned}, {agent})"

    def start(self) -> None:
        """Start the agent."""
        if self.up:
            return
        self.up = self.seen = True
        self.refused = ""
        client = HubClient(*self._link(), self.key, on_state=lambda _state: self._note_change())
        # Half a minute of waiting is for crowds; here it would only be half a minute.
        client.LONGEST_WAIT = 8.0  # type: ignore[misc]
        self._client = client
        self._tasks = [asyncio.create_task(self._run(client)), asyncio.create_task(self._look(client))]

    def start_again(self) -> Callable[[], None]:
        """Start the agent in another window; gives what closes the first one."""
        first = self._client
        if first is not None:
            self._behind[first] = self._tasks
        self.up, self._tasks = False, []
        self.start()
        return lambda: self._leave_behind(first)

    async def kill(self) -> None:
        """kill -9: the connection breaks, and nothing is said."""
        self.wire.cut()
        await self._stop()

    async def close(self) -> None:
        """Ctrl-C: the agent says goodbye, and its vote ends."""
        if self._client is not None:
            await self._client.close()
        await self._stop()

    async def forget(self) -> None:
        """Ask for everything to be erased; what is read next is a new vote."""
        if self._client is not None and self.up:
            await self._client.forget(2.0)

    def away(self) -> None:
        """Turn the face away, or back."""
        self.seen = not self.seen
        if self._client is not None and not self.seen:
            self._client.away("no_face")

    def _note_change(self) -> None:
        self.changed = asyncio.get_running_loop().time()

    def _leave_behind(self, client: HubClient | None) -> None:
        for task in self._behind.pop(client, ()) if client is not None else ():
            task.cancel()

    async def _stop(self) -> None:
        self.up = self.seen = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks, self._client = [], None

    async def _run(self, client: HubClient) -> None:
        try:
            await client.run()
        except LeraError as error:
            # What a window that was left behind is told is nobody's concern.
            if client is self._client:
                self.refused = str(error)

    async def _look(self, client: HubClient) -> None:
        while True:
            if self.seen:
                client.post(self.feeling)
            await asyncio.sleep(2.0)


class Page:
    """An overlay: it takes what the feed gives, and comes back by itself."""

    def __init__(self, wire: Wire, key: Callable[[], str], check: Callable[[dict[str, object]], None]) -> None:
        self.wire = wire
        self.key = key
        self.check = check
        self.frame: dict[str, object] = {}
        self.open = False
        self.reading = asyncio.Event()
        self.reading.set()
        self._again = asyncio.Event()
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def run(self) -> None:
        """Until cancelled."""
        async with aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                    await self._show(session)
                self.open = False
                await asyncio.sleep(1.0)

    async def reload(self) -> None:
        """Close, and open anew."""
        if self._socket is not None:
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with asyncio.timeout(2.0):
                    await self._socket.close()

    async def _show(self, session: aiohttp.ClientSession) -> None:
        headers = {"Authorization": f"Bearer {self.key()}"}
        url = f"http://127.0.0.1:{self.wire.port}/live"
        async with asyncio.timeout(5.0):
            self._socket = socket = await session.ws_connect(
                url, headers=headers, timeout=aiohttp.ClientWSTimeout(ws_close=2.0)
            )
        try:
            self.open = True
            while True:
                await self.reading.wait()
                # As the page's own script: no beat for a few times its pause, and the feed is dead.
                async with asyncio.timeout(8.0):
                    message = await socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return
                frame = json.loads(message.data)
                if frame["type"] == "mood":
                    self.frame = frame
                    self.check(frame)
        finally:
            self._socket = None
            # Whatever the network does, a page that was closed is gone.
            if socket._response.connection is not None and socket._response.connection.transport is not None:
                socket._response.connection.transport.abort()
