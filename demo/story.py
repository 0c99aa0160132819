"""The story that the simulated crowd lives through, and how each viewer takes it. Pure, and seeded."""

import math
import random
from typing import Final, NamedTuple

from model.emotions import EMOTIONS
from transport.reading import Probabilities


class Act(NamedTuple):
    """A part of the story: its share of the whole, and how strongly each emotion is felt (any scale)."""

    title: str
    share: float
    feeling: dict[str, float]


ACTS: Final = (
    Act("A quiet start in the village", 0.15, {"neutral": 6, "happiness": 2, "surprise": 0.5}),
    Act("Deep in the cave: something moves", 0.15, {"neutral": 3, "fear": 3, "surprise": 1}),
    Act("BOSS FIGHT!", 0.22, {"fear": 3, "anger": 3, "surprise": 2, "neutral": 1}),
    Act("The boss takes the last potion. Really?", 0.10, {"sadness": 4, "disgust": 2.5, "anger": 2, "neutral": 1}),
    Act("JUMP SCARE!", 0.08, {"surprise": 7, "fear": 3}),
    Act("WIN! The crowd goes wild", 0.22, {"happiness": 9, "surprise": 2, "neutral": 0.5}),
    Act("Loot, and a deep breath", 0.08, {"happiness": 4, "neutral": 4}),
)


class Character:
    """One simulated viewer: how fast, how strongly, and in which colour this one feels."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self.delay = chance.uniform(0.2, 1.8)
        self._strength = chance.uniform(0.5, 1.6)
        self._colour = [chance.gammavariate(1.2, 0.5) for _ in EMOTIONS]
        self._phase = chance.uniform(0, 2 * math.pi)

    def feel(self, seconds: float, length: float) -> Probabilities:
        """What this viewer shows `seconds` into a story of `length` seconds (which starts over at its end)."""
        act = act_at(max(0.0, seconds - self.delay), length)
        sway = 1 + 0.3 * math.sin(seconds * 1.7 + self._phase)
        felt = [
            0.05 + colour + self._strength * sway * act.feeling.get(emotion, 0.0)
            for emotion, colour in zip(EMOTIONS, self._colour, strict=True)
        ]
        total = sum(felt)
        a, b, c, d, e, f, g = (value / total for value in felt)
        return (a, b, c, d, e, f, g)


def act_at(seconds: float, length: float) -> Act:
    """The act that is on `seconds` into a story of `length` seconds, which starts over at its end."""
    place = (seconds / length) % 1.0
    for act in ACTS:
        place -= act.share
        if place < 0:
            return act
    return ACTS[-1]
