"""What one hub knows of a crowd, as sums that can be added: `Partial`. Its size does not grow with viewers.

For each standing (anonymous, linked) and each of the seven there is a histogram over 0..1 of what viewers report, with
weight and weighed sum of each bin: means come out of merged partials as if all votes were in one place, and trimmed
means to within a bin's width times the part that is cut.
"""

import hashlib
import math
from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from model.emotions import EMOTIONS

Row = npt.NDArray[np.float64]

BINS: Final = 64
"""Of each histogram. Two hundredths cut at each end are then off by at most 0.02 / 64 = 0.0003."""
MAX_VOTERS: Final = 10_000_000
MAX_VOTING: Final = 500
"""So many viewers can be asked about; of more linked chatters, the rest count twice where their node is remote."""
HASH_BYTES: Final = 8
MAX_PARTIAL_BYTES: Final = 16_384
"""Two full histograms have 9 kB, and 500 hashes 5 kB."""

_EMOTIONS: Final = len(EMOTIONS)
_CELLS: Final = _EMOTIONS * BINS
_LOW: Final = np.tile(np.arange(BINS) / BINS, _EMOTIONS)
# Weights travel as 32-bit floats.
_TOLERANCE: Final = 1e-4


class Tally(Struct, frozen=True):
    """The votes of one standing: how many, and (7, BINS) arrays of their weights and of weight times value.

    `weights` of each emotion add up to the same weight of all votes, `sums` of all emotions together, too.
    """

    voters: int
    weights: Row
    sums: Row

    @property
    def weight(self) -> float:
        """What all votes weigh together; a vote of quality q weighs q."""
        return float(self.weights[0].sum())

    @property
    def totals(self) -> Row:
        """The seven, weighed and added, (7,)."""
        totals: Row = self.sums.sum(axis=1)
        return totals


class Partial(Struct, frozen=True):
    """The votes of one hub, or of several. `voting`: the hashes of those asked about who have a vote here."""

    anonymous: Tally
    linked: Tally
    voting: frozenset[bytes] = frozenset()

    @property
    def voters(self) -> int:
        """How many have a vote."""
        return self.anonymous.voters + self.linked.voters


def viewer_hash(viewer: str) -> bytes:
    """The 8 bytes by which hubs name a viewer to each other."""
    return hashlib.blake2b(viewer.encode(), digest_size=HASH_BYTES).digest()


def _nothing() -> Row:
    nothing = np.zeros((_EMOTIONS, BINS))
    nothing.flags.writeable = False
    return nothing


NO_VOTES: Final = Tally(0, _nothing(), _nothing())
NOBODY: Final = Partial(NO_VOTES, NO_VOTES)


def tally(weights: Row, votes: Row) -> Tally:
    """Count `votes` (n, 7), each of which has its weight (n,). A vote's sum may be a little off 1; it is made 1."""
    if not len(weights):
        return NO_VOTES
    # No one gets two hundredths of a vote extra.
    values = votes / votes.sum(axis=1, keepdims=True)
    cells = np.minimum((values * BINS).astype(np.intp), BINS - 1)
    cells += np.arange(_EMOTIONS) * BINS
    flat = cells.ravel()
    in_bins: Row = np.bincount(flat, np.repeat(weights, _EMOTIONS), _CELLS).astype(np.float64)
    sums: Row = np.bincount(flat, (values * weights[:, None]).ravel(), _CELLS).astype(np.float64)
    return Tally(len(weights), in_bins.reshape(_EMOTIONS, BINS), sums.reshape(_EMOTIONS, BINS))


def merge(partials: Iterable[Partial]) -> Partial:
    """All votes together. Nobody may have a vote in two of them."""
    partials = list(partials)
    if len(partials) == 1:
        return partials[0]
    voting = frozenset[bytes]().union(*(each.voting for each in partials))
    return Partial(_added(each.anonymous for each in partials), _added(each.linked for each in partials), voting)


def _added(tallies: Iterable[Tally]) -> Tally:
    voters, weights, sums = 0, np.zeros((_EMOTIONS, BINS)), np.zeros((_EMOTIONS, BINS))
    for each in tallies:
        if each.voters:
            voters += each.voters
            weights += each.weights
            sums += each.sums
    return Tally(voters, weights, sums)


class _WireTally(Struct, array_like=True):
    """The bins that aren't empty: their places as 16-bit, weights and sums as 32-bit numbers, little-endian."""

    voters: int
    bins: bytes
    weights: bytes
    sums: bytes


class _WirePartial(Struct, array_like=True):
    anonymous: _WireTally
    linked: _WireTally
    voting: bytes


_decoder: Final = msgspec.msgpack.Decoder(_WirePartial)


def encode_partial(partial: Partial) -> bytes:
    """The partial as at most MAX_PARTIAL_BYTES of msgpack."""
    voting = b"".join(sorted(partial.voting)[:MAX_VOTING])
    return msgspec.msgpack.encode(_WirePartial(_packed(partial.anonymous), _packed(partial.linked), voting))


def decode_partial(data: bytes) -> Partial:
    """The partial that another hub sent, checked in all its parts. Raises ValueError in words."""
    if len(data) > MAX_PARTIAL_BYTES:
        raise ValueError(f"a partial has at most {MAX_PARTIAL_BYTES} bytes, not {len(data)}")
    try:
        wire = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(f"that partial can't be read: {error}") from None
    voting = wire.voting
    if len(voting) % HASH_BYTES or len(voting) > MAX_VOTING * HASH_BYTES:
        raise ValueError(f"a partial names at most {MAX_VOTING} viewers of {HASH_BYTES} bytes each")
    names = frozenset(voting[start : start + HASH_BYTES] for start in range(0, len(voting), HASH_BYTES))
    partial = Partial(_unpacked(wire.anonymous), _unpacked(wire.linked), names)
    if len(names) * HASH_BYTES != len(voting) or len(names) > partial.voters:
        raise ValueError("a partial names more viewers than it has")
    return partial


def _packed(votes: Tally) -> _WireTally:
    weights, sums = votes.weights.ravel(), votes.sums.ravel()
    bins = np.flatnonzero(weights)
    return _WireTally(
        votes.voters,
        bins.astype("<u2").tobytes(),
        weights[bins].astype("<f4").tobytes(),
        sums[bins].astype("<f4").tobytes(),
    )


def _unpacked(wire: _WireTally) -> Tally:
    places = len(wire.bins) // 2
    if len(wire.bins) != 2 * places or {len(wire.weights), len(wire.sums)} != {4 * places}:
        raise ValueError("a partial has one weight and one sum for each bin")
    bins = np.frombuffer(wire.bins, "<u2").astype(np.intp)
    weights = np.frombuffer(wire.weights, "<f4").astype(np.float64)
    sums = np.frombuffer(wire.sums, "<f4").astype(np.float64)
    if places and (bins[-1] >= _CELLS or (np.diff(bins) <= 0).any()):
        raise ValueError(f"a partial's bins go up, and there are {_CELLS}")
    if not 0 <= wire.voters <= MAX_VOTERS:
        raise ValueError(f"a partial has 0 to {MAX_VOTERS} voters")
    # Written so that NaN fails.
    if not ((weights > 0).all() and (weights <= wire.voters * (1 + _TOLERANCE)).all() and (sums >= 0).all()):
        raise ValueError("a partial's weights are more than 0 and at most one for each voter")
    low = _LOW[bins] * weights
    slack = _TOLERANCE * weights
    if not ((sums >= low - slack) & (sums <= low + weights / BINS + slack)).all():
        raise ValueError("a partial's sums lie within their bins")
    all_weights, all_sums = np.zeros(_CELLS), np.zeros(_CELLS)
    all_weights[bins], all_sums[bins] = weights, sums
    found = Tally(wire.voters, all_weights.reshape(_EMOTIONS, BINS), all_sums.reshape(_EMOTIONS, BINS))
    weight = found.weight
    even = (np.abs(found.weights.sum(axis=1) - weight) <= _TOLERANCE * weight).all()
    if not (
        even and abs(float(sums.sum()) - weight) <= _TOLERANCE * weight and weight <= wire.voters * (1 + _TOLERANCE)
    ):
        raise ValueError("a partial's seven histograms are of the same votes")
    if not math.isfinite(weight) or (weight > 0) != (wire.voters > 0):
        raise ValueError("a partial's votes have weight")
    return found
