"""`python -m bench.twitch`: how soon `!mood` is answered, and what a busy chat does to the overlay's feed.

All over loopback against the local Twitch of the tests. LERA's whole bot runs in a process of its own. The baselines,
of the same run: a bare twitchio client that answers with fixed words, asked in turn with LERA; and the same show while
nobody writes in chat.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.connection import Connection
from statistics import quantiles
from typing import Any

import aiohttp
import msgspec
import psutil
import twitchio
from twitchio.eventsub import ChatMessageSubscription

from bench.text import messages
from bot.commands import Asker
from bot.server import serving
from bot.settings import ChannelSettings, ChatSettings, Settings
from bot.show import Show
from bot.twitch.endpoints import VARIABLE, endpoints, point_twitchio
from bot.twitch.identity import Grant, Identity
from bot.twitch.scopes import chat_scopes
from bot.twitch.service import Twitch
from bot.twitch.settings import TwitchSettings
from bot.twitch.tokens import Keeper
from demo.story import Character
from lera.clock import steady_clock
from tests.standins.twitch import BOT, CLIENT_ID, STREAMER, standin
from tests.standins.twitch import Twitch as StandIn
from transport.reading import Reading

VIEWERS = 40
CHATTERS = 400
PATIENCE = 10.0
"""Seconds after which a question counts as not answered."""


def main() -> None:
    """Print both measurements, each beside its baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=90, help="to each bot, at most 95 (default 90)")
    parser.add_argument("--rate", type=float, default=500.0, help="chat messages a second (default 500)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each round with chat, and without (default 8)")
    parser.add_argument("--rounds", type=int, default=3, help="of both, in turn (default 3)")
    arguments = parser.parse_args()
    asyncio.run(measure(min(arguments.questions, 95), arguments.rate, arguments.seconds, arguments.rounds))


async def measure(questions: int, rate: float, seconds: float, rounds: int) -> None:
    """Both measurements, with both bots connected all the while."""
    async with bot("bare") as bare, bot("lera") as lera:
        print(f"{questions} times !mood, from chat to answer in chat:", flush=True)
        times = await ask(questions, {"bare twitchio (baseline)": bare, "LERA": lera})
        for name, found in times.items():
            print(f"  {name:<26} p50 {percentile(found, 50):6.1f} ms   p95 {percentile(found, 95):6.1f} ms", flush=True)
        ratio = percentile(times["LERA"], 95) / percentile(times["bare twitchio (baseline)"], 95)
        print(f"  LERA's p95 is {ratio:.1f} times the baseline's", flush=True)

        print(f"The overlay's feed, {VIEWERS} moving viewers, {rounds} times {seconds:g} s of each:", flush=True)
        still, busy, chat = Feed(), Feed(), Chatter(lera, rate)
        async with chat:  # The reader is loaded with the first message: the start of a show is not what is measured.
            await asyncio.sleep(5.0)
        quiet, loud = 0.0, 0.0
        for _ in range(rounds):
            quiet -= lera.processor()
            still += await watch(lera, seconds)
            quiet += lera.processor()
            async with chat:
                loud -= lera.processor()
                busy += await watch(lera, seconds)
                loud += lera.processor()
        for name, feed in (("nobody writes (baseline)", still), (f"{rate:.0f} messages a second", busy)):
            print(f"  {name:<26} {feed}", flush=True)
        print(f"  written {chat.said / chat.seconds:.0f}, read and scored {chat.read / chat.seconds:.0f} a second")
        print(
            f"  with chat, p50 and p95 of the interval are {busy.interval(50) / still.interval(50):.2f} and "
            f"{busy.interval(95) / still.interval(95):.2f} times, of the age {busy.age(50) / still.age(50):.2f} and "
            f"{busy.age(95) / still.age(95):.2f} times the baseline's"
        )
        print(f"  the bot's processor time: {loud:.1f} s with chat, {quiet:.1f} s without")


class Running:
    """A bot in its own process, connected to a local Twitch of its own."""

    def __init__(self, twitch: StandIn, process: psutil.Process, pipe: Connection, address: str) -> None:
        self.twitch, self.address = twitch, address
        self._process, self._pipe = process, pipe

    def processor(self) -> float:
        """Seconds of processor time that it has used."""
        return sum(self._process.cpu_times()[:2])

    async def read(self) -> int:
        """How many chat messages it has scored so far."""
        self._pipe.send(True)
        count: int = await asyncio.to_thread(self._pipe.recv)
        return count


@contextlib.asynccontextmanager
async def bot(kind: str) -> AsyncIterator[Running]:
    """A bot of this kind, `bare` or `lera`, listening to chat."""
    here, there = multiprocessing.Pipe()
    async with standin() as twitch:
        # Twitch lets a moderator say a hundred things in half a minute.
        twitch.streamer.moderators.add(twitch.bot.id)
        tokens = {name: twitch.tokens(name, chat_scopes()) for name in (STREAMER, BOT)}
        arguments = (kind, twitch.base, tokens, twitch.streamer.id, twitch.bot.id, there)
        process = multiprocessing.get_context("spawn").Process(target=serve, args=arguments, daemon=True)
        process.start()
        try:
            address = await asyncio.to_thread(here.recv)
            await twitch.until(twitch.subscribed, 60.0)
            yield Running(twitch, psutil.Process(process.pid), here, address)
        finally:
            here.send(False)
            await asyncio.to_thread(process.join, 10)
            process.kill()


async def ask(questions: int, bots: dict[str, Running]) -> dict[str, list[float]]:
    """Ask each in turn; milliseconds until the answer was in chat."""
    times: dict[str, list[float]] = {name: [] for name in bots}
    for number in range(questions):
        for name, running in bots.items():
            twitch = running.twitch
            began = time.perf_counter()
            asked = await twitch.say(f"asker{number}", "!mood")
            with contextlib.suppress(TimeoutError):
                await twitch.until(lambda t=twitch, a=asked: bool(t.sent) and t.sent[-1].reply_to == a, PATIENCE)  # type: ignore[misc]
            times[name].append(1000 * (time.perf_counter() - began))
            await asyncio.sleep(0.02)
    return times


@dataclass
class Feed:
    """What arrived of the feed, in milliseconds: between two frames, and from a frame's making to its arrival."""

    intervals: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)

    def __add__(self, other: "Feed") -> "Feed":
        return Feed(self.intervals + other.intervals, self.ages + other.ages)

    def interval(self, part: int) -> float:
        return percentile(self.intervals, part)

    def age(self, part: int) -> float:
        return percentile(self.ages, part)

    def __str__(self) -> str:
        return (
            f"interval p50 {self.interval(50):6.1f} p95 {self.interval(95):6.1f} ms   "
            f"age p50 {self.age(50):5.1f} p95 {self.age(95):5.1f} ms   {len(self.ages)} frames"
        )


async def watch(running: Running, seconds: float) -> Feed:
    """Read the feed for so long, in a process that does nothing else."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=look, args=(running.address, seconds, there), daemon=True
    )
    process.start()
    feed: Feed = await asyncio.to_thread(here.recv)
    await asyncio.to_thread(process.join)
    return feed


def look(address: str, seconds: float, pipe: Connection) -> None:
    """The overlay's process."""
    pipe.send(asyncio.run(_look(address, seconds)))


async def _look(address: str, seconds: float) -> Feed:
    arrivals: list[float] = []
    ages: list[float] = []
    address, _, key = address.partition("#key=")
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.ws_connect(f"{address}/live") as page:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            frame = json.loads(await page.receive_str(timeout=PATIENCE))
            if frame["type"] == "mood":
                arrivals.append(time.perf_counter())
                ages.append(1000 * (time.time() - frame["time"]))
    # The first frame was made before anybody looked.
    return Feed([1000 * (after - before) for before, after in pairwise(arrivals[1:])], ages[1:])


class Chatter:
    """Chat at a rate, while it is entered; counts what was written, and what the bot has read of it."""

    def __init__(self, running: Running, rate: float) -> None:
        self.said, self.read, self.seconds = 0, 0, 0.0
        self._running, self._rate = running, rate
        self._lines, self._chance = messages(2000), random.Random(0)

    async def __aenter__(self) -> None:
        self._before, self._began = await self._running.read(), time.monotonic()
        self._talking = asyncio.create_task(self._talk())

    async def __aexit__(self, *_: object) -> None:
        self._talking.cancel()
        await asyncio.gather(self._talking, return_exceptions=True)
        self.seconds += time.monotonic() - self._began
        await asyncio.sleep(2.0)  # What waits is read, and doesn't disturb the baseline.
        self.read += await self._running.read() - self._before

    async def _talk(self) -> None:
        began, said = time.monotonic(), 0
        while True:
            while said < (time.monotonic() - began) * self._rate:
                name = f"chatter{self._chance.randrange(CHATTERS)}"
                await self._running.twitch.say(name, self._chance.choice(self._lines))
                said += 1
                self.said += 1
            await asyncio.sleep(0.005)


def percentile(values: list[float], part: int) -> float:
    return quantiles(values, n=100, method="inclusive")[part - 1]


def serve(kind: str, base: str, tokens: dict[str, Any], channel: str, me: str, pipe: Connection) -> None:
    """A bot's process: tells where its pages are, then how many messages it has scored, whenever it is asked."""
    os.environ[VARIABLE] = base
    with tempfile.TemporaryDirectory() as home:
        # A folder of its own keeps its own secrets: the user's logins stay as they are.
        os.environ["LERA_HOME"] = home
        asyncio.run(_bare(tokens[BOT], channel, me, pipe) if kind == "bare" else _lera(tokens, pipe))


async def _bare(tokens: dict[str, Any], channel: str, me: str, pipe: Connection) -> None:
    class Echo(twitchio.Client):
        async def event_message(self, payload: twitchio.ChatMessage) -> None:
            if payload.text == "!mood":
                text = f"The crowd feels something ({payload.id})."
                await payload.broadcaster.send_message(text, me, token_for=me, reply_to_message_id=payload.id)

    point_twitchio(endpoints())
    logging.getLogger("twitchio").setLevel(logging.ERROR)
    async with Echo(client_id=CLIENT_ID, bot_id=me, fetch_client_user=False) as client:
        await client.login(token=tokens["access_token"], load_tokens=False, save_tokens=False)
        await client.add_token(tokens["access_token"], tokens["refresh_token"])
        chat = ChatMessageSubscription(broadcaster_user_id=channel, user_id=me)
        await client.subscribe_websocket(chat, token_for=me)
        pipe.send("")
        while await asyncio.to_thread(pipe.recv):
            pipe.send(0)


class _Numbered(Show):
    """Equal answers within seconds are said once; here each is to be timed."""

    answers = 0

    async def respond(self, text: str, asker: Asker) -> str | None:
        self.answers += 1
        answer = await super().respond(text, asker)
        return answer and f"{answer} ({self.answers})"


async def _lera(tokens: dict[str, Any], pipe: Connection) -> None:
    settings = Settings(
        channel=ChannelSettings(STREAMER),
        chat=ChatSettings(user_cooldown=0.0, channel_cooldown=0.0),
        twitch=TwitchSettings(client_id=CLIENT_ID, clips=False, markers=False),
    )
    places = endpoints()
    async with aiohttp.ClientSession() as session:
        keeper = Keeper(Identity(session, CLIENT_ID, places.identity))
        await keeper.adopt("broadcaster", msgspec.convert(tokens[STREAMER], Grant))
        await keeper.adopt("bot", msgspec.convert(tokens[BOT], Grant))
    show = _Numbered(settings, "bench", None, steady_clock())
    async with serving(show, 0) as address, asyncio.TaskGroup() as tasks:
        show.twitch = service = Twitch(show, places=places)
        running = [tasks.create_task(part) for part in (show.run(), service.run(), _feel(show))]
        pipe.send(f"{address}#key={show.keys.overlay}")
        while await asyncio.to_thread(pipe.recv):
            pipe.send(show.chat.counts["read"] + show.chat.counts["unsure"])
        for task in running:
            task.cancel()


async def _feel(show: Show) -> None:
    """A crowd that changes all the time."""
    crowd = [Character(number) for number in range(VIEWERS)]
    while True:
        for number, character in enumerate(crowd):
            show.take(Reading(f"{number:022}", "face", show.now(), character.feel(show.now() % 60.0, 60.0)))
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    main()
