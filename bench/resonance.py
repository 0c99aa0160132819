"""Whether resonance finds what is there and nothing else: `python -m bench.resonance`. All pairs are made up, seeded.

Prints false alarms on pairs that know nothing of each other, how far a planted lag is missed, how the score grows with
the planted coupling, and what an estimate costs beside one plain lag correlation of the same window in numpy.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Final, Literal

import numpy as np

from bot.coupling import LONGEST_LAG, Floats, couple
from bot.resonance import WINDOW, Resonance, ResonanceState

Kind = Literal["mean-reverting", "wandering", "events"]
Following = Literal["at once", "last 15 s", "fading 20 s"]
KINDS: Final[tuple[Kind, ...]] = ("mean-reverting", "wandering", "events")
FOLLOWING: Final[tuple[Following, ...]] = ("at once", "last 15 s", "fading 20 s")
RATE: Final = 10
"""Steps a second of what is felt; what is told comes once a second."""


def felt(kind: Kind, seconds: float, dice: np.random.Generator) -> Floats:
    """What somebody feels, ten steps a second: seven strengths (n, 7), of which `shares` makes a mood.

    An AR(1) that forgets within 3 to 60 s; a random walk; or calm with outbursts of some seconds now and then.
    """
    steps = int(seconds * RATE)
    if kind == "wandering":
        return np.asarray(np.cumsum(dice.standard_normal((steps, 7)), axis=0) * 0.15 / np.sqrt(RATE))
    if kind == "mean-reverting":
        keep = float(np.exp(-1.0 / (dice.choice([3, 10, 30, 60]) * RATE)))
        pushes = dice.standard_normal((steps, 7)) * np.sqrt(1.0 - keep * keep)
        found = np.zeros((steps, 7))
        found[0] = dice.standard_normal(7)
        for step in range(1, steps):
            found[step] = keep * found[step - 1] + pushes[step]
        return found
    found = np.zeros((steps, 7))
    found[:, 2] = 1.5
    gap = float(dice.choice([15, 30, 60]))
    at = dice.exponential(gap)
    while at < seconds:
        since = np.arange(steps) / RATE - at
        lasting = dice.uniform(3.0, 15.0)
        rise = np.where(since > 0, 1.0 - np.exp(-np.maximum(since, 0.0)), 0.0)
        found[:, dice.choice([0, 0, 0, 1, 3, 4, 6])] += (
            dice.uniform(1.5, 3.5) * rise * np.exp(-np.maximum(since - lasting, 0.0) / 3.0)
        )
        at += dice.exponential(gap)
    return found


def shares(strengths: Floats) -> Floats:
    """Strengths (n, 7) as moods (n, 7): softmax."""
    risen = np.exp(strengths - strengths.max(axis=1, keepdims=True))
    return np.asarray(risen / risen.sum(axis=1, keepdims=True))


def blurred(moods: Floats, how: Following, rate: int = 1) -> Floats:
    """A crowd's mood (n, 7) as votes that last make it: the mean of the last 15 s, or fading by half in 20 s."""
    if how == "at once":
        return moods
    if how == "last 15 s":
        width = 15 * rate
        sums = np.cumsum(np.vstack([np.zeros((1, 7)), np.repeat(moods[:1], width - 1, axis=0), moods]), axis=0)
        return np.asarray((sums[width:] - sums[:-width]) / width)
    keep = 0.5 ** (1.0 / (20 * rate))
    found = moods.copy()
    for step in range(1, len(found)):
        found[step] = keep * found[step - 1] + (1.0 - keep) * found[step]
    return found


def read(moods: Floats, error: float, dice: np.random.Generator) -> Floats:
    """Moods (n, 7) as they are read: with an error of so much (standard deviation, of logarithms) each second."""
    return shares(np.log(np.maximum(moods, 1e-4)) + dice.standard_normal(moods.shape) * error)


def strangers(seed: int, seconds: int) -> tuple[Floats, Floats]:
    """A streamer and a crowd, (seconds, 7) each, that know nothing of each other, of any kind."""
    dice = np.random.default_rng(seed)
    streamer, crowd = (
        shares(felt(KINDS[int(dice.integers(3))], seconds, dice)[::RATE]) for _ in range(2)
    )  # fmt: skip
    crowd = blurred(crowd, FOLLOWING[int(dice.integers(3))])
    return read(streamer, dice.choice([0.0, 0.1, 0.3]), dice), read(crowd, dice.choice([0.0, 0.05, 0.1]), dice)


def followers(
    seed: int, seconds: int, lag: float, coupling: float, kind: Kind = "mean-reverting"
) -> tuple[Floats, Floats]:
    """A streamer and a crowd, (seconds, 7) each, that feels `coupling` (0..1) of what the streamer felt `lag` s ago.

    The rest of what the crowd feels is its own, of the same kind. `lag` is at most 20 s, in steps of 0.1.
    """
    dice = np.random.default_rng(seed)
    before = int(LONGEST_LAG * RATE)
    streamer, own = (felt(kind, seconds + LONGEST_LAG, dice) for _ in range(2))
    late = before - round(lag * RATE)
    end = len(streamer) - before
    crowd = coupling * streamer[late : late + end : RATE] + (1.0 - coupling) * own[before::RATE]
    return read(shares(streamer[before::RATE]), 0.15, dice), read(shares(crowd), 0.05, dice)


def told(streamer: Floats, crowd: Floats) -> list[ResonanceState]:
    """What the show would have known, second by second."""
    resonance = Resonance()
    states = []
    for second, (leading, following) in enumerate(zip(streamer, crowd, strict=True)):
        resonance.add(float(second), leading.tolist(), following.tolist())
        states.append(resonance.state(float(second)))
    return states


def false_alarms(seeds: Iterable[int], seconds: int = 2 * WINDOW) -> tuple[float, float]:
    """Of strangers: the share that is significant after one window, and at any second of all of them."""
    after, ever = [], []
    for seed in seeds:
        states = told(*strangers(seed, seconds))
        after.append(states[WINDOW - 1].significant)
        ever.append(any(state.significant for state in states))
    return statistics.mean(after), statistics.mean(ever)


def microseconds(work: Callable[[], object], rounds: int = 30) -> float:
    """Of processor time that a call takes, as the median."""
    taken = []
    for _ in range(rounds):
        begun = time.process_time_ns()
        work()
        taken.append((time.process_time_ns() - begun) / 1000)
    return statistics.median(taken)


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000, help="pairs of strangers (default 1000)")
    parser.add_argument("--lags", type=int, default=100, help="pairs for each coupling and kind (default 100)")
    arguments = parser.parse_args()

    streamer, crowd = followers(1, WINDOW, 6.0, 0.7)
    plain = microseconds(lambda: _plain(streamer, crowd))
    whole = microseconds(lambda: couple([(streamer, crowd)]))
    print("cost of an estimate, once in five seconds (medians of processor time)")
    print(f"  plain correlations, lag by lag (baseline) {plain / 1000:6.2f} ms")
    print(f"  LERA's, with its 399 surrogates           {whole / 1000:6.2f} ms   {whole / plain:.1f} of it", flush=True)

    print(f"planted lags of 2 to 15 s, {WINDOW} s each, {arguments.lags} pairs in a line")
    print("  kind            coupling  found  score  half of the lags within  95 % within  within 0.5 s")
    for kind in KINDS:
        for coupling in (0.0, 0.3, 0.5, 0.7, 0.9):
            _print_lags(kind, coupling, arguments.lags)

    after, ever = false_alarms(range(arguments.draws))
    print(f"false alarms of {arguments.draws} pairs that know nothing of each other")
    print(f"  after {WINDOW} s                         {after:6.1%}")
    print(f"  at any time within {2 * WINDOW} s            {ever:6.1%}")


def _print_lags(kind: Kind, coupling: float, pairs: int) -> None:
    missed, scores = [], []
    for seed in range(pairs):
        lag = round(float(np.random.default_rng(seed).uniform(2.0, 15.0)), 1)
        state = told(*followers(10_000 + seed, WINDOW, lag, coupling, kind))[-1]
        if state.score is not None:
            scores.append(state.score)
        if state.lag is not None:
            missed.append(abs(state.lag - lag))
    line = f"  {kind:15} {coupling:8.1f} {len(missed) / pairs:6.0%} {statistics.mean(scores):6.0f}"
    if coupling and len(missed) > 1:
        half, most = float(np.quantile(missed, 0.5)), float(np.quantile(missed, 0.95))
        line += f" {half:21.2f} s {most:10.2f} s {np.mean(np.array(missed) <= 0.5 + 1e-9):13.0%}"
    print(line, flush=True)


def _plain(streamer: Floats, crowd: Floats) -> float:
    """The highest of the correlations at whole seconds, without any test."""
    leading, following = streamer - streamer.mean(axis=0), crowd - crowd.mean(axis=0)
    found = []
    for lag in range(int(LONGEST_LAG) + 1):
        first, second = leading[: len(leading) - lag].ravel(), following[lag:].ravel()
        found.append(float(first @ second / np.sqrt((first @ first) * (second @ second))))
    return max(found)


if __name__ == "__main__":
    main()
