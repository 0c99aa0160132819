"""Copies of one program count as one viewer; people who live through the same story, or rest together, don't."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from demo.story import Character
from transport.lockstep import COPIES, Lockstep
from transport.reading import Probabilities, Reading, one_hot
from transport.votes import Votes

Sevens = npt.NDArray[np.float64]
SCRIPT = np.random.default_rng(7).dirichlet(np.full(7, 0.8), 200)
"""What the copies act: a new face every two seconds."""


def act(second: float) -> Sevens:
    return np.asarray(SCRIPT[int(second // 2) + 10])


def normal(votes: Sevens) -> Sevens:
    votes = votes.clip(0.0, 1.0)
    return np.asarray((votes / votes.sum(axis=1, keepdims=True)).round(4))


def audience(viewers: int, length: float = 120.0) -> Callable[[float], Sevens]:
    """Honest viewers: the demo's, who all live through one story."""
    characters = [Character(number) for number in range(viewers)]
    return lambda second: normal(np.array([each.feel(second, length) for each in characters]).reshape(-1, 7))


def exact(second: float, copies: int, _: np.random.Generator) -> Sevens:
    return np.tile(act(second), (copies, 1))


def noisy(second: float, copies: int, chance: np.random.Generator) -> Sevens:
    return act(second) + chance.uniform(-0.008, 0.008, (copies, 7))


def delayed(second: float, copies: int, _: np.random.Generator) -> Sevens:
    return np.stack([act(second - 3.0 * copy / copies) for copy in range(copies)])


def one_face(_: float, copies: int, chance: np.random.Generator) -> Sevens:
    """A resting crowd: neutral, and a little noise of each camera."""
    return np.array([0.005, 0.005, 0.97, 0.005, 0.005, 0.005, 0.005]) + chance.uniform(0, 0.004, (copies, 7))


def flipping(second: float, copies: int, _: np.random.Generator) -> Sevens:
    """A sure model's answers, which are all for one."""
    return np.tile(one_hot("happiness" if second // 2 % 2 else "neutral"), (copies, 1))


def watched(
    lockstep: Lockstep, honest: int, others: int, acting: Callable[..., Sevens], seconds: int = 60
) -> npt.NDArray[np.intp]:
    """Let them act, and return which rows don't count in the end; the honest ones are first."""
    feel, chance = audience(honest), np.random.default_rng(1)
    for second in range(seconds):
        votes = np.concatenate([feel(float(second)), normal(acting(float(second), others, chance))])
        lockstep.look(votes, float(second))
    return lockstep.copies(np.zeros(honest + others, np.intp))


@pytest.mark.parametrize("acting", [exact, noisy, delayed])
@pytest.mark.parametrize("copies", [4, 60])
def test_copies_count_as_one_and_the_honest_as_themselves(acting: Callable[..., Sevens], copies: int) -> None:
    found = watched(Lockstep(), 140, copies, acting)
    assert len(found) == copies - 1 and (found >= 140).all()


@pytest.mark.parametrize("length", [60.0, 600.0])
def test_honest_viewers_of_one_story_are_themselves(length: float) -> None:
    lockstep, feel = Lockstep(), audience(1000, length)
    for second in range(100):
        lockstep.look(feel(second + 0.5), float(second))
        assert not len(lockstep.copies(np.zeros(1000, np.intp)))


@pytest.mark.parametrize("sureness", [1, 2, 8, 30])
@pytest.mark.parametrize("hold", [2, 4])
def test_honest_viewers_of_an_eventful_story_are_themselves(hold: int, sureness: int) -> None:
    """All feel something else every few seconds, each in their own way, by models of any sureness."""
    chance, viewers, lockstep = np.random.default_rng(5), 1000, Lockstep()
    story = chance.dirichlet(np.full(7, 0.3), 100) * 10
    late, strength = chance.uniform(0.2, 1.8, viewers), chance.uniform(0.5, 1.6, (viewers, 1))
    colour, phase = 0.05 + chance.gamma(1.2, 0.5, (viewers, 7)), chance.uniform(0, 7, (viewers, 1))
    for second in range(100):
        sway = 1 + 0.3 * np.sin(1.7 * second + phase)
        felt = (colour + strength * sway * story[((second + 10 - late) // hold).astype(int)]) ** sureness
        lockstep.look(normal(felt / felt.sum(axis=1, keepdims=True)), float(second))
        assert not len(lockstep.copies(np.zeros(viewers, np.intp)))


@pytest.mark.parametrize("acting", [one_face, flipping])
def test_a_crowd_that_rests_or_is_sure_is_not_one_viewer(acting: Callable[..., Sevens]) -> None:
    assert not len(watched(Lockstep(), 20, 200, acting))


def test_fewer_than_three_alike_are_people_who_are_alike() -> None:
    assert not len(watched(Lockstep(), 50, COPIES - 1, exact))
    assert len(watched(Lockstep(), 50, COPIES, exact)) == COPIES - 1


def test_what_is_not_found_is_as_the_docstring_says() -> None:
    def far_apart(second: float, copies: int, _: np.random.Generator) -> Sevens:
        return np.stack([act(second - 5.0 * copy) for copy in range(copies)])

    def much_noise(second: float, copies: int, chance: np.random.Generator) -> Sevens:
        return act(second) + chance.uniform(-0.05, 0.05, (copies, 7))

    assert not len(watched(Lockstep(), 20, 4, far_apart))
    assert not len(watched(Lockstep(), 20, 60, much_noise))
    assert not len(watched(Lockstep(), 20, 60, exact, seconds=20)), "a copy's first half minute"


def test_the_highest_in_rank_stands_for_the_copies_and_who_moves_alone_is_alone_again() -> None:
    lockstep = Lockstep()
    watched(lockstep, 10, 5, exact)
    ranks = np.zeros(15, np.intp)
    ranks[12:] = 2, 1, 1
    assert lockstep.copies(ranks).tolist() == [10, 11, 13, 14]
    feel = audience(15)
    for second in range(60, 150):
        lockstep.look(feel(float(second)), float(second))
    assert not len(lockstep.copies(ranks))


def test_rows_that_move_take_their_past_along() -> None:
    lockstep = Lockstep()
    assert watched(lockstep, 10, 5, exact).tolist() == [11, 12, 13, 14]
    lockstep.drop(2, 14)
    assert sorted(lockstep.copies(np.zeros(14, np.intp)).tolist()) == [10, 11, 12, 13]
    lockstep.drop(2, 13)
    lockstep.drop(12, 12)
    lockstep.drop(11, 11)
    assert not len(lockstep.copies(np.zeros(11, np.intp))), "two are none"


def test_votes_count_copies_once_also_while_readings_come_in_their_own_time() -> None:
    votes, feel = Votes(), audience(30)
    post(votes, 0.0, [], feel)
    for tick in range(240):
        now = tick / 4
        copies = [f"copy {number}" for number in range(12) if (tick + number) % 4 == 0]
        post(votes, now, copies, feel)
        partial = votes.partial(now)
    assert partial.voters == 31 and "copy 3" in votes
    for number in range(12):
        votes.leave(f"copy {number}")
    assert votes.partial(60.0).voters == 30


def post(votes: Votes, now: float, copies: list[str], feel: Callable[[float], Sevens]) -> None:
    if now % 1 == 0:
        for number, seven in enumerate(feel(now).tolist()):
            votes.take(Reading(f"viewer {number}", "face", now, seven_of(seven)), now)
    for copy in copies:
        votes.take(Reading(copy, "face", now, seven_of(act(now).tolist())), now)


def seven_of(numbers: list[float]) -> Probabilities:
    a, b, c, d, e, f, g = numbers
    return (a, b, c, d, e, f, g)
