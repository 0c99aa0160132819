"""A night of a thousand faults: whatever Twitch and the network do, chat is answered, once, within the limits.

The real service and the real twitchio against the local Twitch, with the timing of real nights, on a loop whose time
jumps.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import pytest

from bot.commands import Asker
from bot.settings import ChannelSettings, ChatSettings, Settings
from bot.show import Show
from bot.twitch.endpoints import stand_in
from bot.twitch.service import Twitch
from bot.twitch.settings import TwitchSettings
from tests.bot.twitch.stage import keep_login
from tests.night_loop import through_the_night
from tests.standins.twitch import BOT, CLIENT_ID, DROP, STREAMER, standin
from tests.standins.twitch import Twitch as StandIn

FAULTS: Final = 1000
IN_TIME: Final = 30.0
"""Seconds after which an answer is too old to be said."""
MOST_LOST_SENDS: Final = 2
"""The service tries each answer three times."""
MOST_EXPIRIES: Final = 2
"""A request survives the end of two tokens, one after the other."""
READING: Final = ("helix/users", "helix/streams", "helix/channels", "oauth2/validate")
CODES: Final = (4000, 4001, 4002, 4003, 4004, 4005, 4006, 4007, 1001, 1011)


class Parrot(Show):
    """A show that gives each question an answer of its own: equal ones would be merged."""

    async def respond(self, text: str, asker: Asker) -> str | None:
        return f"{asker.name}: {text.removeprefix('!mood ')}"


class Night:
    """The faults, and what they leave owed."""

    def __init__(self, seed: int, twitch: StandIn, service: Twitch) -> None:
        self.chance = random.Random(seed)
        self.twitch, self.service = twitch, service
        self.faults: Counter[str] = Counter()
        self.asked: list[str] = []
        self.owed: dict[str, str] = {}
        """Questions that must be answered, and the faults around them."""
        self.lost_sends = self.expiries = 0
        # What leaves the connection as it is; the others cut it.
        self.harmless: list[Callable[[], Awaitable[None]]] = [
            self.handover, self.failed_handover, self.failed_send, self.lost_answer, self.limited, self.rate_drop,
            self.expired, self.expired_in_mid_send, self.twice, self.shuffled, self.failed_reading, self.stream,
        ]  # fmt: skip
        self.cutting: list[Callable[[], Awaitable[None]]] = [
            self.cut, self.closed, self.silence, self.refused_socket, self.refused_subscription, self.repeated,
        ]  # fmt: skip

    async def run(self, faults: int) -> None:
        while self.faults.total() < faults:
            await self.up()
            await self.round()
        await self.up()

    async def up(self) -> None:
        """Wait until the connection is as it should be."""

        def fine() -> bool:
            sessions = self.twitch.sessions
            whole = len(sessions) == 1 and sessions[0].leaving_since is None and not sessions[0].muted
            return whole and self.service.state == "connected" and self.twitch.subscribed()

        await self.twitch.until(fine, seconds=900.0)

    async def round(self) -> None:
        """Some faults, questions before, between and after them, and time to answer."""
        self.lost_sends = self.expiries = 0
        if self.chance.random() < 0.03:
            await self.flood()
            return
        cuts = self.chance.random() < 0.4
        kinds = self.chance.choices(self.cutting if cuts else self.harmless, k=self.chance.randint(1, 3))
        names = " + ".join(kind.__name__ for kind in kinds)
        before = len(self.asked)
        await self.ask()
        for kind in kinds:
            await self.pause(0.5)
            await kind()
            self.faults[kind.__name__] += 1
        await self.pause(2.0)
        await self.ask()
        if cuts:
            await self.up()
            await self.pause(1.0)
            before = len(self.asked)
            await self.ask()
        questions = self.asked[before:]
        self.owed |= dict.fromkeys(questions, names)
        await asyncio.sleep(IN_TIME)
        missing = [question for question in questions if question not in self.answers()]
        assert not missing, f"after {names}, {self.faults.total()} faults into the night: {self.service.line}"

    def answers(self) -> Counter[str | None]:
        return Counter(sent.reply_to for sent in self.twitch.sent)

    async def ask(self, count: int = 1, twice: bool = False) -> None:
        for _ in range(count):
            name = self.chance.choice(("ann", "ben", "cleo"))
            self.asked.append(await self.twitch.say(name, f"!mood {len(self.asked)}", twice=twice))

    async def pause(self, longest: float) -> None:
        """As often as not, no time at all passes between two things."""
        await asyncio.sleep(self.chance.choice((0.0, self.chance.uniform(0.0, longest))))

    def may_lose(self, times: int) -> int:
        """How many sends may fail yet, of so many wanted."""
        times = min(times, MOST_LOST_SENDS - self.lost_sends)
        self.lost_sends += times
        return times

    def expire(self) -> None:
        if self.expiries < MOST_EXPIRIES:
            self.expiries += 1
            self.twitch.expire_tokens()

    # What leaves the connection as it is.

    async def handover(self) -> None:
        await self.twitch.reconnect()
        await self.pause(0.1)
        await self.ask()

    async def failed_handover(self) -> None:
        self.twitch.fail_next("/ws", self.chance.choice((500, 503, DROP)))
        await self.handover()

    async def failed_send(self) -> None:
        if times := self.may_lose(self.chance.randint(1, 2)):
            self.twitch.fail_next("chat/messages", self.chance.choice((500, 502, 503, DROP)), times)
            await self.ask()

    async def lost_answer(self) -> None:
        if self.may_lose(1):
            self.twitch.fail_next("chat/messages", self.chance.choice((500, 504, DROP)), after=True)
            await self.ask()

    async def limited(self) -> None:
        reset = str(int(self.twitch.clock.epoch(self.twitch.clock.now())) + self.chance.randint(1, 5))
        headers = self.chance.choice(({}, {"Ratelimit-Reset": reset}, {"Ratelimit-Reset": "soon"}))
        self.twitch.fail_next("chat/messages", 429, headers=headers)
        await self.ask()

    async def rate_drop(self) -> None:
        if self.may_lose(1):
            self.twitch.drop_next_message("msg_ratelimit")
            await self.ask()

    async def expired(self) -> None:
        self.expire()
        if self.chance.random() < 0.3 and (times := self.may_lose(self.chance.randint(1, 2))):
            self.twitch.fail_next("oauth2/token", self.chance.choice((500, 503, 429, DROP)), times)
        await self.ask(2)

    async def expired_in_mid_send(self) -> None:
        asking = asyncio.create_task(self.ask(3))
        for _ in range(self.chance.randint(0, 40)):
            await asyncio.sleep(0)
        self.expire()
        await asking

    async def twice(self) -> None:
        await self.ask(twice=True)
        await self.twitch.repeat(2)

    async def shuffled(self) -> None:
        async with self.twitch.shuffled(self.chance.randrange(1000)):
            await self.ask(3)

    async def failed_reading(self) -> None:
        self.twitch.fail_next(self.chance.choice(READING), self.chance.choice((500, 503, 429, DROP)))

    async def stream(self) -> None:
        if self.twitch.streamer.stream is None:
            await self.twitch.go_live(f"Night {self.faults.total()}", "Little Nightmares")
        elif self.chance.random() < 0.5:
            await self.twitch.change(f"Night {self.faults.total()}")
        else:
            await self.twitch.go_offline()

    # What cuts it.

    async def cut(self) -> None:
        self.twitch.drop()

    async def closed(self) -> None:
        await self.twitch.close(self.chance.choice(CODES))

    async def silence(self) -> None:
        self.twitch.silence()
        await self.ask()

    async def refused_socket(self) -> None:
        self.twitch.fail_next("/ws", self.chance.choice((500, 503, 429, DROP)), self.chance.randint(1, 3))
        self.twitch.drop()

    async def refused_subscription(self) -> None:
        status = self.chance.choice((500, 503, 429, DROP))
        self.twitch.fail_next(
            "eventsub/subscriptions", status, self.chance.randint(1, 3), after=self.chance.random() < 0.3
        )
        self.twitch.drop()

    async def repeated(self) -> None:
        """The new connection is told again what the old one was."""
        await self.ask(2)
        await self.pause(0.5)
        self.twitch.drop()
        await self.up()
        await self.twitch.repeat(10)

    async def flood(self) -> None:
        """More questions than may be answered: nothing is owed but the limits, and that each is answered once."""
        pause = self.chance.choice((0.0, 0.1, 0.5))
        for _ in range(60):
            await self.ask()
            await asyncio.sleep(pause)
        self.faults["flood"] += 1
        await asyncio.sleep(2 * IN_TIME + 5.0)


@contextlib.asynccontextmanager
async def on_air(twitch: StandIn, alone: bool) -> AsyncIterator[Twitch]:
    """The show's way to the local Twitch; `alone`: the streamer's own account answers, there is no other."""
    keep_login(twitch, "broadcaster", STREAMER)
    if not alone:
        keep_login(twitch, "bot", BOT)
    loop = asyncio.get_running_loop()
    settings = Settings(
        channel=ChannelSettings(STREAMER),
        chat=ChatSettings(enabled=False),
        twitch=TwitchSettings(client_id=CLIENT_ID),
    )
    show = Parrot(settings, "secret", None, lambda: 1_800_000_000.0 + loop.time())
    service = Twitch(show, places=stand_in(twitch.base))
    running = asyncio.create_task(service.run())
    try:
        yield service
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def night(seed: int, faults: int, alone: bool = False) -> Night:
    async with standin() as twitch, on_air(twitch, alone) as service:
        this = Night(seed, twitch, service)
        await this.run(faults)

        answers = this.answers()
        assert max(answers.values()) == 1, "a question was answered twice"
        assert all(question in answers for question in this.owed)
        assert not twitch.exceeded, twitch.exceeded
        assert set(answers) <= set(this.asked)
        return this


@pytest.mark.slow
def test_a_night_of_a_thousand_faults() -> None:
    this = through_the_night(night(seed=20, faults=FAULTS))
    assert this.faults.total() >= FAULTS
    assert all(this.faults[kind.__name__] for kind in (*this.harmless, *this.cutting, this.flood))
    assert len(this.owed) > FAULTS / 2


@pytest.mark.parametrize("alone", [False, True])
def test_the_beginning_of_another(alone: bool) -> None:
    assert through_the_night(night(seed=1, faults=15, alone=alone)).owed
