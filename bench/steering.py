"""`python -m bench.steering`: how far coordinated fakes move the worst bar, and what the defence costs the honest.

Honest viewers live through the demo's story; fakes, always anonymous, push one emotion that it hardly has. All go the
way of the bot (`Votes`, `Crowd`). The baseline is the plain mean of all last readings of the same run, weighed by
quality: 0.7 of honest cameras, and 1 as fakes say. A number is the most that any of the seven bars is off from the same
crowd without fakes, in points, at any second of the last third.
"""

import argparse
from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from bot.crowd import Crowd
from bot.robust import trimmed_means
from demo.story import Character
from model.emotions import EMOTIONS
from transport.partial import tally
from transport.reading import Probabilities, Reading, one_hot

Sevens = npt.NDArray[np.float64]
Acting = Callable[[int, int, np.random.Generator], Sevens]
"""The second, how many fakes, chance: their votes, (fakes, 7)."""

FRACTIONS: Final = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
TRIMS: Final = (0.0, 0.02, 0.05, 0.1)
LINKED: Final = {"all": 1.0, "half": 0.5, "none": 0.0}
SECONDS: Final = 60
STORY: Final = 120.0
QUALITY: Final = 0.7
TARGET: Final = EMOTIONS.index("disgust")


def script(second: int) -> Sevens:
    """What coordinated fakes act: the target, as high as lockstep still looks at, and always something new."""
    chance = np.random.default_rng(second // 2)
    rest = chance.dirichlet(np.ones(6))
    top = chance.uniform(0.6, 0.9)
    return np.insert((1 - top) * rest, TARGET, top)


def copies(second: int, fakes: int, _: np.random.Generator) -> Sevens:
    """One program, many times."""
    return np.tile(script(second), (fakes, 1))


def noisy(second: int, fakes: int, chance: np.random.Generator) -> Sevens:
    """The same with more noise than lockstep finds."""
    votes = (script(second) + chance.uniform(-0.03, 0.03, (fakes, 7))).clip(0.0, 1.0)
    return np.asarray(votes / votes.sum(axis=1, keepdims=True))


def all_in(_: int, fakes: int, __: np.random.Generator) -> Sevens:
    """All for the target, and still: the most that one vote can do."""
    return np.tile(one_hot(EMOTIONS[TARGET]), (fakes, 1))


KINDS: Final[dict[str, Acting]] = {"exact copies": copies, "noisy copies": noisy, "all-in": all_in}


def steered(
    honest: int, fraction: float, linked: float, acting: Acting, trims: Iterable[float] = TRIMS
) -> tuple[float, list[float]]:
    """How many points the worst bar is moved, in the plain mean and in the mood at each trim.

    `fraction` of all viewers are fakes, and `linked` of the honest have proved who they are.
    """
    trims = list(trims)
    fakes = round(honest * fraction / (1 - fraction))
    alone, together = Crowd(), Crowd()
    chance = np.random.default_rng(0)
    characters = [Character(number) for number in range(honest)]
    plain, moved = 0.0, [0.0] * len(trims)
    for second in range(SECONDS):
        felt = [each.feel(second, STORY) for each in characters]
        faked = [seven(row) for row in acting(second, fakes, chance).round(4).tolist()]
        for number, vote in enumerate(felt):
            reading = Reading(f"{number}", "face", second, vote, QUALITY, linked=number < linked * honest)
            alone.take(reading, second)
            together.take(reading, second)
        for number, vote in enumerate(faked):
            together.take(Reading(f"fake {number}", "face", second, vote), second)
        # Once each second, as hubs do, also while nobody looks.
        with_them, without = shares(together, 0.0, second), shares(alone, 0.0, second)
        if second < SECONDS * 2 // 3:
            continue
        mean = np.array(felt).mean(axis=0)
        mixed = (QUALITY * np.sum(felt, axis=0) + np.sum(faked, axis=0)) / (QUALITY * honest + fakes)
        plain = max(plain, worst(mixed, mean))
        for place, trim in enumerate(trims):
            with_them, without = shares(together, trim, second), shares(alone, trim, second)
            moved[place] = max(moved[place], worst(with_them, without))
    return plain, moved


def shares(crowd: Crowd, trim: float, now: float) -> Sevens:
    """The bars."""
    crowd.trim = trim
    return np.array(crowd.mood(now).shares)


def worst(bars: Sevens, others: Sevens) -> float:
    """The most that two sets of bars differ, in points."""
    return float(np.abs(bars - others).max()) * 100


def seven(row: list[float]) -> Probabilities:
    """Seven numbers as the tuple that they are everywhere."""
    a, b, c, d, e, f, g = row
    return (a, b, c, d, e, f, g)


def resting(viewers: int, part: float) -> Sevens:
    """A crowd at rest, of which a part laughs."""
    calm, laughing = np.full(7, 0.05 / 6), np.full(7, 0.1 / 6)
    calm[EMOTIONS.index("neutral")], laughing[EMOTIONS.index("happiness")] = 0.95, 0.9
    votes = np.tile(calm, (viewers, 1))
    votes[: round(part * viewers)] = laughing
    return votes


def bias(votes: Sevens, trim: float) -> float:
    """How many points the trimming alone moves the worst bar."""
    found = tally(np.ones(len(votes)), votes)
    return worst(trimmed_means(found.weights, found.sums, trim), votes.mean(axis=0))


def main() -> None:
    """Print the cost-to-move curve and the bias."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=400, help="honest viewers (default 400)")
    viewers: int = parser.parse_args().viewers
    heads = " ".join(f"{f'trim {trim:g}':>9}" for trim in TRIMS)
    print(f"{viewers} honest viewers; how many points the worst bar moves:", flush=True)
    for name, linked in LINKED.items():
        for kind, acting in KINDS.items():
            print(f"\n{name} of the honest are linked; the fakes are {kind}\n  fakes  plain mean {heads}")
            for fraction in FRACTIONS:
                plain, moved = steered(viewers, fraction, linked, acting)
                print(f"  {fraction:4.0%}  {plain:10.1f}  {' '.join(f'{each:9.1f}' for each in moved)}", flush=True)
    print("\nWhat the trimming moves the worst bar of honest crowds of 1000, in points:")
    print(f"  {'':38} {heads}")
    characters = [Character(number) for number in range(1000)]
    story = [np.array([each.feel(second, STORY) for each in characters]) for second in range(0, int(STORY), 4)]
    found = [max(bias(votes, trim) for votes in story) for trim in TRIMS]
    print(f"  {'the demo story, at its worst second':38} {' '.join(f'{each:9.1f}' for each in found)}")
    for part in (0.01, 0.02, 0.05, 0.1, 0.3, 0.5):
        found = [bias(resting(1000, part), trim) for trim in TRIMS]
        print(f"  {f'at rest, and {part:.0%} laugh':38} {' '.join(f'{each:9.1f}' for each in found)}")


if __name__ == "__main__":
    main()
