"""The simulated viewers: real connections to the hub or the Sheet, made-up feelings."""

import asyncio
import secrets
from collections.abc import Callable

import aiohttp

from demo.story import Character, act_at
from lera.errors import LeraError
from transport.hub_client import HubClient
from transport.link import Link
from transport.reading import Appear
from transport.sheet_client import SheetClient

JOINS_PER_SECOND = 30.0

Client = HubClient | SheetClient

# Simulated viewers who want to be seen; every third one, so that there is a crowd besides. None: without a name.
SHOWN = (
    "Ann", "moon_moth", None, "小明", "Zoë", "PixelPirate", "Leïla", None, "Ben", "さくら", "Okubo 37",
    "Nyx", None, "Juan",
)  # fmt: skip
SHY_SECONDS = 12.0


async def play(link: Link, viewers: int, length: float) -> None:
    """Let `viewers` join the hub, one after the other, and live through the story until cancelled."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        await play_with(lambda viewer: HubClient(*link, viewer, session=session), viewers, length)


async def play_with(connect: Callable[[str], Client], viewers: int, length: float) -> None:
    """As `play`, with clients of any kind: `connect` gets each viewer's key."""
    begun = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_narrate(length, begun))
        for number in range(viewers):
            client = connect(secrets.token_urlsafe(16))
            client.appearing.want(wish_of(number))
            tasks.create_task(_run(client))
            tasks.create_task(_act(client, number, length, begun))
            await asyncio.sleep(1 / JOINS_PER_SECOND)


def wish_of(number: int, seconds: float = 0.0) -> Appear:
    """How simulated viewer `number` wants to be shown, so far into the demo; one of them can't make up their mind."""
    turn, other = divmod(number, 3)
    if other or turn >= len(SHOWN) or (turn == 1 and seconds % (2 * SHY_SECONDS) >= SHY_SECONDS):
        return Appear("no")
    name = SHOWN[turn]
    return Appear("seat") if name is None else Appear("name", name)


async def _run(client: Client) -> None:
    try:
        await client.run()
    except LeraError:
        return  # A simulated viewer that the hub refuses stays away; the summary counts it.


async def _act(client: Client, number: int, length: float, begun: float) -> None:
    loop = asyncio.get_running_loop()
    character = Character(number)
    try:
        while True:
            client.post(character.feel(loop.time() - begun, length), quality=0.9)
            wish = wish_of(number, loop.time() - begun)
            if wish != client.appearing.wanted:
                client.appearing.want(wish)
            # Each in its own rhythm, as real agents are.
            await asyncio.sleep(client.interval * (1 + 0.1 * character.delay))
    finally:
        await client.close()


async def _narrate(length: float, begun: float) -> None:
    loop = asyncio.get_running_loop()
    told = None
    while True:
        act = act_at(loop.time() - begun, length)
        if act is not told:
            told = act
            seconds = int(loop.time() - begun)
            print(f"  {seconds // 60}:{seconds % 60:02}  {act.title}", flush=True)
        await asyncio.sleep(0.25)
