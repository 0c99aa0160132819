"""Attacks on the noise: differencing and averaging. They cost what the budget says, and no more is to be had for it.

The attacker knows when the victim joins, and nobody else moves. Masking is off, so that noise alone stands in the way.
"""

import math

import numpy as np

from model.emotions import EMOTIONS
from tests.attacks.channel import Channel, Sums, success, sums
from tests.attacks.test_coming_and_going import CROWD, WORKS


def averaged(channel: Channel, releases: int) -> Sums | None:
    """The mean of so many releases' sums."""
    found = [told for _ in range(releases) if (told := sums(channel.look(10.0))) is not None]
    return np.mean(found, axis=0) if found else None


def difference(seed: int, epsilon: float, releases: int) -> bool | None:
    """Average before and after the victim joins, and take the one off the other. `epsilon` is for a minute."""
    channel = Channel(seed, masked=False, epsilon=epsilon)
    channel.join(*CROWD)
    before = averaged(channel, releases)
    channel.join("victim")
    after = averaged(channel, releases)
    if epsilon:
        assert abs(channel.show.noise.spent - 2 * releases * epsilon / 6) <= epsilon / 6 + 1e-4, "one every ten seconds"
    if before is None or after is None:
        return None
    return int(np.argmax(after - before)) == channel.faces["victim"]


def test_without_noise_a_difference_names_the_victims_emotion() -> None:
    assert success(lambda seed: difference(seed, 0.0, 1), trials=40) >= WORKS


def test_within_a_budget_of_one_neither_a_difference_nor_an_average_helps() -> None:
    """By the definition, whoever has seen releases worth e is right at most e^e times as often as by guessing."""
    for releases, epsilon in ((1, 1.5), (5, 0.3)):
        # Of the victim only the releases after the join tell: half a minute's budget at most.
        told_of_victim = releases * epsilon / 6
        trials = 300
        found = success(lambda seed, e=epsilon, n=releases: difference(seed, e, n), trials=trials)  # type: ignore[misc]
        chance = 1 / len(EMOTIONS)
        allowed = min(1.0, math.exp(2 * told_of_victim) * chance)
        assert found <= allowed + 3 * math.sqrt(allowed * (1 - allowed) / trials)


def test_a_large_budget_protects_nobody_and_says_so() -> None:
    """Averaging over many releases works when each is cheap on noise, and `spent` tells how far it has come."""
    assert success(lambda seed: difference(seed, 1000.0, 5), trials=20) >= WORKS
