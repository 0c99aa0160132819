"""Partials of several hubs add up to what one hub would say, and a stranger's is checked in all its parts."""

import msgspec
import numpy as np
import pytest

from bot.robust import trimmed_means
from transport.partial import (
    BINS,
    MAX_PARTIAL_BYTES,
    MAX_VOTING,
    NOBODY,
    Partial,
    decode_partial,
    encode_partial,
    merge,
    viewer_hash,
)
from transport.reading import Reading
from transport.votes import Votes


def crowds(viewers: int, hubs: int, seed: int = 0) -> tuple[Votes, list[Votes]]:
    """The same viewers at one hub, and spread over several."""
    chance = np.random.default_rng(seed)
    whole, parts = Votes(), [Votes() for _ in range(hubs)]
    for number in range(viewers):
        a, b, c, d, e, f, g = chance.dirichlet(np.full(7, 0.3)).round(4).tolist()
        quality, linked = float(chance.uniform(0.05, 1.0)), bool(number % 3)
        reading = Reading(str(number), "face", 0.0, (a, b, c, d, e, f, g), quality, linked=linked)
        whole.take(reading, 0.0)
        parts[number % hubs].take(reading, 0.0)
    return whole, parts


def same(one: Partial, other: Partial) -> bool:
    pairs = ((one.anonymous, other.anonymous), (one.linked, other.linked))
    numbers = all(mine.voters == theirs.voters for mine, theirs in pairs)
    weights = all(np.allclose(mine.weights, theirs.weights) for mine, theirs in pairs)
    return numbers and weights and all(np.allclose(mine.sums, theirs.sums) for mine, theirs in pairs)


def test_partials_of_hubs_add_up_to_one_crowd() -> None:
    whole, parts = crowds(1000, 4)
    merged = merge([each.partial(0.0) for each in parts])
    assert same(merged, whole.partial(0.0)) and merged.voters == 1000
    assert same(merge([]), NOBODY)


@pytest.mark.parametrize("viewers", [0, 1, 20, 3000])
def test_a_partial_travels_and_its_size_does_not_grow_with_viewers(viewers: int) -> None:
    partial = crowds(viewers, 1)[0].partial(0.0)
    data = encode_partial(partial)
    assert same(decode_partial(data), partial)
    assert len(data) < 9500


def test_trimmed_means_come_out_of_histograms() -> None:
    """Against the votes themselves, sorted."""
    chance = np.random.default_rng(1)
    votes = Votes()
    sevens = chance.dirichlet(np.full(7, 0.5), 1000)
    for number, (a, b, c, d, e, f, g) in enumerate(sevens.tolist()):
        votes.take(Reading(str(number), "face", 0.0, (a, b, c, d, e, f, g)), 0.0)
    tally = votes.partial(0.0).anonymous
    for cut in (0.0, 0.02, 0.1):
        kept = np.sort(sevens, axis=0)[int(cut * 1000) : 1000 - int(cut * 1000)].mean(axis=0)
        assert trimmed_means(tally.weights, tally.sums, cut) == pytest.approx(kept / kept.sum(), abs=0.1 / BINS)


def test_the_largest_partial_fits() -> None:
    votes = crowds(3000, 1)[0]
    votes.ask(viewer_hash(str(number)) for number in range(600))
    data = encode_partial(votes.partial(0.0))
    assert len(data) <= MAX_PARTIAL_BYTES and len(decode_partial(data).voting) == MAX_VOTING


def wire(**changes: object) -> bytes:
    """Two voters, all happy, with some of it changed; NaN, as anything, may stand in a stranger's."""
    bins = [BINS - 1, *(BINS * number for number in range(1, 7))]
    fields: dict[str, object] = {
        "voters": 2, "bins": bins, "weights": [2.0] * 7, "sums": [2.0, *[0.0] * 6], "voting": b"",
    }  # fmt: skip
    fields |= changes
    linked = [
        fields["voters"], np.array(fields["bins"], "<u2").tobytes(), np.array(fields["weights"], "<f4").tobytes(),
        np.array(fields["sums"], "<f4").tobytes(),
    ]  # fmt: skip
    return msgspec.msgpack.encode([[0, b"", b"", b""], linked, fields["voting"]])


def test_what_the_others_are_made_from_is_read() -> None:
    assert decode_partial(wire()).linked.totals.tolist() == [2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "changes",
    [
        {"voters": -1},
        {"voters": 0},
        {"voters": 10**9},
        {"voters": 1},
        {"weights": [np.nan] * 7},
        {"weights": [np.inf] * 7},
        {"weights": [-2.0] * 7},
        {"weights": [2.0] * 6 + [1.0]},
        {"weights": [2.0] * 6},
        {"sums": [np.nan, *[0.0] * 6]},
        {"sums": [-1.0, *[0.0] * 6]},
        {"sums": [1.0, *[0.0] * 6]},
        {"sums": [2.0, 0.02, *[0.0] * 5]},
        {"bins": [7 * BINS, *(BINS * number for number in range(1, 7))]},
        {"bins": [63, 64, 128, 128, 256, 320, 384]},
        {"bins": []},
        {"voting": b"1234567"},
        {"voting": b"12345678" * 2},
        {"voting": bytes(range(24))},
        {"voting": bytes(8 * 501)},
    ],
    ids=str,
)
def test_a_partial_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="partial"):
        decode_partial(wire(**changes))


@pytest.mark.parametrize("data", [b"", b"\xc1", b"[]", b"\x90", b"\xff" * 20_000, encode_partial(NOBODY)[:-1]])
def test_what_is_no_partial_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="partial"):
        decode_partial(data)
