"""Target: what another hub says of its votes, which may be anything, as the bus takes it from whoever has a login."""

import math
from typing import Any

import msgspec
import numpy as np
from hypothesis import strategies as st

from bot.crowd import Crowd
from tests.fuzz.strategies import numbers, values
from tests.fuzz.target import Target, holds
from transport.partial import BINS, HASH_BYTES, MAX_PARTIAL_BYTES, decode_partial, encode_partial, merge, tally
from transport.reading import Reading

CELLS = 7 * BINS


def check_partial(data: bytes) -> None:
    """Refused with a ValueError, or a partial that travels on and, added to a crowd, leaves it whole."""
    try:
        partial = decode_partial(data)
    except ValueError as error:
        holds("partial" in str(error) and len(str(error)) < 300, error)
        return
    again = encode_partial(partial)
    holds(len(again) <= MAX_PARTIAL_BYTES and encode_partial(decode_partial(again)) == again, data)
    holds(merge([partial, partial]).voters == 2 * partial.voters, data)
    crowd = Crowd(trim=0.1)
    crowd.take(Reading("a" * 22, "face", 0.0, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)), 0.0)
    for node in ("one", "two"):
        crowd.receive(node, 1, partial, 0.0)
    mood = crowd.mood(0.0)
    holds(mood.viewers == 2 * partial.voters + 1, data)
    if mood.shares is not None and mood.intervals is not None:
        holds(all(0 <= share <= 1 for share in mood.shares) and math.isclose(sum(mood.shares), 1), data)
        holds(all(0 <= low <= high <= 1 for low, high in mood.intervals), data)


def honest(votes: int, seed: int) -> list[Any]:
    """The parts of one standing's votes, as they travel."""
    chance = np.random.default_rng(seed)
    found = tally(chance.uniform(0.05, 1.0, votes), chance.dirichlet(np.full(7, 0.2), votes))
    weights, sums = found.weights.ravel(), found.sums.ravel()
    bins = np.flatnonzero(weights)
    return [
        votes,
        bins.astype("<u2").tobytes(),
        weights[bins].astype("<f4").tobytes(),
        sums[bins].astype("<f4").tobytes(),
    ]


def made_up(voters: Any, bins: list[int], weights: list[float], sums: list[float]) -> list[Any]:
    return [
        voters,
        np.array(bins, "<u2").tobytes(),
        np.array(weights, "<f4").tobytes(),
        np.array(sums, "<f4").tobytes(),
    ]


def partials() -> st.SearchStrategy[bytes]:
    """Honest ones, such with something changed in them, made-up ones, cut ones, and no partials."""
    floats = st.one_of(st.floats(width=32), st.floats(0, 2, width=32), st.sampled_from([0.0, -0.0, 1.0]))
    good = st.builds(honest, st.integers(0, 40), st.integers(0, 99))
    made = st.builds(
        made_up, st.one_of(st.integers(-1, 5), numbers()), st.lists(st.integers(0, CELLS + 1), max_size=9),
        st.lists(floats, max_size=9), st.lists(floats, max_size=9),
    )  # fmt: skip
    changed = st.builds(
        lambda parts, place, byte, at: [
            each if number != place or not isinstance(each, bytes) else each[:at] + byte + each[at + len(byte) :]
            for number, each in enumerate(parts)
        ],
        good, st.integers(1, 3), st.binary(min_size=1, max_size=4), st.integers(0, 400),
    )  # fmt: skip
    side = st.one_of(good, good, changed, made, values())
    voting = st.one_of(
        st.just(b""), st.binary(max_size=3 * HASH_BYTES), st.integers(0, 600).map(lambda n: bytes(8 * n))
    )
    plain = st.floats(allow_nan=False)
    whole = st.builds(lambda *parts: packed(list(parts)), side, side, st.one_of(voting, plain))
    cut = st.builds(lambda data, at: data[: at % (len(data) + 1)], whole, st.integers(0, 9000))
    return st.one_of(whole, whole, whole, cut, st.binary(max_size=200))


def packed(parts: list[Any]) -> bytes:
    """As msgpack; numbers that it can't hold are left out."""
    try:
        return msgspec.msgpack.encode(parts)
    except (OverflowError, UnicodeError, msgspec.MsgspecError):
        return msgspec.msgpack.encode(parts[2:])


TARGETS = [Target("partials", partials(), check_partial, 150, with_text=lambda said: said.encode("utf-8", "replace"))]
