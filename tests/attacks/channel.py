"""A channel as its public sees it: the real show, a clock of the test's, persons whose faces never move.

Faces that don't move are the attacker's best case: whatever changes in the bars, somebody's coming or going did it.
"""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.asking import Asker
from bot.crowd import Crowd
from bot.privacy import Noise, PrivacySettings
from bot.settings import ChannelSettings, ChatSettings, CrowdSettings, Settings
from bot.show import Show
from bot.tiles import Tiles, TileSettings
from model.emotions import EMOTIONS
from tests.bot.readers import WordReader
from transport.masking import Masking
from transport.reading import Appear, Probabilities, Reading

Sums = npt.NDArray[np.float64]


def face(emotion: int) -> Probabilities:
    """A face that shows one of the seven."""
    a, b, c, d, e, f, g = (0.82 if place == emotion else 0.03 for place in range(len(EMOTIONS)))
    return (a, b, c, d, e, f, g)


class Channel:
    """Persons come and go, and the public looks."""

    def __init__(
        self, seed: int, *, masked: bool = True, minimum: int = 3, shown_minimum: int = 3, epsilon: float = 0.0
    ) -> None:
        """`masked` False and `shown_minimum` 1 switch off what holds against changes, and against known votes."""
        self.chance = random.Random(seed)
        self.now = 1_000_000.0
        privacy = PrivacySettings(masked, epsilon)
        chat = ChatSettings(user_cooldown=0.0, channel_cooldown=0.0)
        settings = Settings(ChannelSettings("attacked"), CrowdSettings(minimum), chat=chat, privacy=privacy)
        self.show = Show(settings, "secret", None, lambda: self.now, WordReader)
        masking = Masking(minimum, random.Random(seed + 1), on=masked)
        self.show.crowd = Crowd(minimum, masking=masking, noise=Noise(privacy, random.Random(seed + 2)))
        self.show.noise = self.show.crowd.noise
        roster = self.show.roster
        roster.tiles = Tiles(TileSettings(), shown_minimum, roster.appearances)
        roster.follow(self.show.crowd)
        self.faces: dict[str, int] = {}

    def join(self, *persons: str, emotion: int | None = None) -> None:
        """They are read from now on, each with a face of their own."""
        for person in persons:
            self.faces[person] = self.chance.randrange(len(EMOTIONS)) if emotion is None else emotion
            self._read(person)

    def leave(self, *persons: str) -> None:
        """They say goodbye."""
        for person in persons:
            del self.faces[person]
            self.show.leave(person)

    def appear(self, *persons: str) -> None:
        """They choose to be shown as tiles."""
        for person in persons:
            self.show.roster.appearances.appear(person, Appear("seat"), self.now)

    async def ask_own(self, person: str) -> str:
        """What chat is told when this person types `!mood me`."""
        return str(await self.show.respond("!mood me", Asker(person, viewer=person, id=person)))

    def look(self, seconds: float = 1.0) -> dict[str, Any]:
        """What the overlay shows so many seconds later; everybody's agent has spoken meanwhile."""
        end = self.now + seconds
        while True:
            self.now = min(self.now + 1.0, end)
            for person in self.faces:
                self._read(person)
            self.show._publish()
            if self.now >= end:
                return self.show.feed.frame or {}

    def changes(self, seconds: float, event: Callable[[], None]) -> list[Sums]:
        """What each change of the bars within so many seconds after an event added to the sums of the seven."""
        before, found = sums(self.look(0.0)), []
        event()
        for _ in range(round(seconds)):
            after = sums(self.look())
            if before is not None and after is not None and np.abs(after - before).max() > 0.01:
                found.append(after - before)
            before = after if after is not None else before
        return found

    def _read(self, person: str) -> None:
        self.show.take(Reading(person, "face", self.now, face(self.faces[person])))


def sums(frame: dict[str, Any]) -> Sums | None:
    """The sum of all counted votes, as anybody can work it out from a frame."""
    if not frame["enough"]:
        return None
    return np.array([frame["shares"][emotion] for emotion in EMOTIONS]) * float(frame["viewers"])


def success(attack: Callable[[int], bool | None], trials: int = 120) -> float:
    """How often an attack names the victim's emotion. Where it can't tell (None), it guesses: one of seven."""
    outcomes = [attack(seed) for seed in range(trials)]
    return sum(1 / len(EMOTIONS) if each is None else each for each in outcomes) / trials
