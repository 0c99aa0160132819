"""Viewers who move in lockstep: copies of one program's numbers, which count as one. Pure; time comes in.

Once a second the last votes are noted, 32 s of them. Two viewers are copies when over 24 s at least 80 % of one's
notes are the other's, to 0.016 in each of the seven, with at least five changes (of 0.1 or more, to a face that isn't
all one emotion) among them. The other's may be up to 3 s older or younger, and a second off here and there. Only three
or more such viewers are put together, and no fewer than a hundredth of the hub's: in a large crowd some are alike
by chance, and so few steer nothing.

What this does not find, each of which keeps its vote: noise of more than about 0.01 in each number; one vote held for
long, or changed fewer than five times in 24 s (as on a Sheet); votes all for one emotion, though they change (a sure
model gives such, and an eventful story makes a whole honest crowd change alike then); delays of more than 3 s between
all of the copies; a copy's first half minute; copies at another hub, where they count as one once more. Against those
stand the cap on anonymous votes and the trimming (`bot/robust.py`).

A crowd that rests is never put together, however alike its faces: nothing in it moves.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from model.emotions import EMOTIONS

WINDOW: Final = 32
"""Seconds of votes that are kept of each viewer, of 8 bytes each."""
DELAY: Final = 3
JITTER: Final = 1
TOLERANCE: Final = 4
"""All numbers are in parts of 255, as the notes."""
CHANGE: Final = 26
SURE: Final = 230
CHANGES: Final = 5
MATCHED: Final = 0.8
GLANCE: Final = 6
GLANCED: Final = 0.5
"""Of those seconds, more or less than half tells most pairs that are no copies from those that may be."""
COPIES: Final = 3
PART: Final = 0.01
HOLD: Final = 30
"""Seconds after which a copy that moves on its own is one no longer."""
PAIRS: Final = 2000
CHECKS: Final = 1000
"""At most so many are compared each second, some ten milliseconds' work."""
TRUST: Final = 2
# Copies' means over the window differ by a delay's part of the window at most.
_NEAR: Final = 13 * WINDOW
_EDGE: Final = DELAY + JITTER
_SEVEN: Final = len(EMOTIONS)

_COLUMNS: Final = ("_notes", "_moved", "_changes", "_means", "_groups", "_found", "_trust")

Notes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.intp]


class Lockstep:
    """What is known of each row of a table of votes; rows come at the end, and the last one moves into a gap."""

    def __init__(self, seed: int = 0) -> None:
        self._chance = np.random.default_rng(seed)
        self._second = 0
        self._looked = float("-inf")
        self._notes = np.zeros((64, WINDOW, _SEVEN), np.uint8)
        # Whether each note was a change that tells something, and sums over the window of both.
        self._moved = np.zeros((64, WINDOW), np.bool_)
        self._changes = np.zeros(64, np.int32)
        self._means = np.zeros((64, _SEVEN), np.int32)
        # Rows of one group, 0 for none, and the second in which each was last found to be in it.
        self._groups = np.zeros(64, np.int64)
        self._found = np.zeros(64, np.int64)
        # How much oftener each was like another of its group, drawn by lot, than not; -3 to 3.
        self._trust = np.zeros(64, np.int8)
        self._next_group = 1

    def drop(self, row: int, last: int) -> None:
        """Forget a row; the last one takes its place."""
        if last >= len(self._groups):
            return
        for name in _COLUMNS:
            column = getattr(self, name)
            column[row] = column[last]
            column[last] = 0

    def copies(self, ranks: npt.NDArray[np.integer]) -> Rows:
        """The rows that don't count: all of each group but one, which is the first of the highest of `ranks` (n,)."""
        groups = self._groups[: len(ranks)]
        rows = np.flatnonzero((groups > 0) & (self._trust[: len(ranks)] >= TRUST))
        enough = max(COPIES, PART * len(ranks))
        if len(rows) < enough:
            return rows[:0]
        # By group, in each the highest first, then by row.
        rows = rows[np.lexsort((-ranks[rows], groups[rows]))]
        _, first, sizes = np.unique(groups[rows], return_index=True, return_counts=True)
        counts = np.repeat(sizes < enough, sizes)
        counts[first] = True
        return np.sort(rows[~counts])

    def look(self, votes: npt.NDArray[np.float64], now: float) -> None:
        """Note the votes (n, 7) of all rows, once a second of the clock `now`; sooner calls do nothing."""
        if 0.0 <= now - self._looked < 0.95:
            return
        self._looked = now
        self._second += 1
        self._reserve(len(votes))
        self._note(votes)
        self._release(len(votes))
        self._search(len(votes))
        self._check(len(votes))

    def _reserve(self, rows: int) -> None:
        while len(self._groups) < rows:
            for name in _COLUMNS:
                column = getattr(self, name)
                setattr(self, name, np.concatenate([column, np.zeros_like(column)]))

    def _note(self, votes: npt.NDArray[np.float64]) -> None:
        end, place = len(votes), self._second % WINDOW
        new = np.rint(votes * 255).astype(np.uint8)
        before = self._notes[:end, (self._second - 1) % WINDOW]
        change = _difference(new, before).max(axis=1)
        # A viewer's first note is no change of theirs.
        moved = (change >= CHANGE) & (new.max(axis=1) < SURE) & before.any(axis=1)
        self._means[:end] += new.astype(np.int32) - self._notes[:end, place]
        self._changes[:end] += moved.astype(np.int32) - self._moved[:end, place]
        self._notes[:end, place] = new
        self._moved[:end, place] = moved

    def _release(self, end: int) -> None:
        alone = self._found[:end] <= self._second - HOLD
        self._groups[:end][alone] = 0
        self._trust[:end][alone] = 0

    def _search(self, end: int) -> None:
        """Compare some of those who moved with whom their means lie next to, and join those who are copies."""
        rows = np.flatnonzero(self._changes[:end] >= CHANGES)
        if len(rows) < COPIES:
            return
        # Along another direction each time: whom one of them keeps apart, the next brings together.
        rows = rows[np.argsort(self._means[rows] @ self._chance.standard_normal(_SEVEN))]
        some, others = np.concatenate([rows[1:], rows[2:]]), np.concatenate([rows[:-1], rows[:-2]])
        near = (np.abs(self._means[some] - self._means[others]) <= _NEAR).all(axis=1)
        # Whoever was found not long ago is left alone.
        fresh = np.minimum(self._found[some], self._found[others]) > self._second - HOLD // 2
        near &= ~(fresh & (self._groups[some] == self._groups[others]) & (self._groups[some] > 0))
        some, others = some[near], others[near]
        if len(some) > PAIRS:
            chosen = self._chance.choice(len(some), PAIRS, replace=False)
            some, others = some[chosen], others[chosen]
        # Most pairs are none, and a look at some seconds tells so: a copy fails it once in fifty seconds.
        glanced = self._chance.choice(WINDOW - 2 * _EDGE, GLANCE, replace=False)
        maybe = self._matched(some, others, glanced, GLANCED, 0)
        some, others = some[maybe], others[maybe]
        alike = self._matched(some, others, np.arange(WINDOW - 2 * _EDGE), MATCHED, CHANGES)
        self._join(some[alike], others[alike])

    def _check(self, end: int) -> None:
        """Compare some with any other of their group: all copies are alike, a chain of people who are not is none."""
        rows = np.flatnonzero(self._groups[:end])
        if not len(rows):
            return
        rows = rows[np.argsort(self._groups[rows], kind="stable")]
        _, first, sizes = np.unique(self._groups[rows], return_index=True, return_counts=True)
        first, sizes = np.repeat(first, sizes), np.repeat(sizes, sizes)
        steps = 1 + (self._chance.random(len(rows)) * (sizes - 1)).astype(np.intp)
        others = rows[first + (np.arange(len(rows)) - first + steps) % sizes]
        if len(rows) > CHECKS:
            # Those first of whom less is known.
            chosen = np.argsort(self._trust[rows] + self._chance.random(len(rows)))[:CHECKS]
            rows, others = rows[chosen], others[chosen]
        alike = self._matched(rows, others, np.arange(WINDOW - 2 * _EDGE), MATCHED, CHANGES)
        self._found[rows[alike]] = self._second
        self._trust[rows] = np.clip(self._trust[rows] + np.where(alike, 1, -1), -TRUST - 1, TRUST + 1)

    def _matched(self, some: Rows, others: Rows, seconds: Rows, part: float, changes: int) -> npt.NDArray[np.bool_]:
        """Whether of some `seconds` of the window's middle each of `some` has `part` in common with its other."""
        order = (self._second + 1 + np.arange(WINDOW)) % WINDOW
        some, others, seconds = some[:, None], others[:, None], seconds + _EDGE
        mine, moved = self._notes[some, order[seconds]], self._moved[some, order[seconds]]
        # Who wasn't there yet is like nobody.
        here = mine.any(axis=2)
        shifted = [
            _difference(mine, self._notes[others, order[seconds + shift]]).max(axis=2) <= TOLERANCE
            for shift in range(-_EDGE, _EDGE + 1)
        ]
        alike = np.zeros(len(some), np.bool_)
        for middle in range(JITTER, len(shifted) - JITTER):
            same = np.logical_or.reduce(shifted[middle - JITTER : middle + JITTER + 1])
            same &= here
            alike |= (same.mean(axis=1) >= part) & ((same & moved).sum(axis=1) >= changes)
        return alike

    def _join(self, some: Rows, others: Rows) -> None:
        """Put each of `some` and its other into one group, with all that are in theirs."""
        if not len(some):
            return
        both = np.concatenate([some, others])
        self._found[both] = self._second
        alone = np.unique(both[self._groups[both] == 0])
        self._groups[alone] = self._next_group + np.arange(len(alone))
        self._next_group += len(alone)
        # The smallest number of all that hang together, found by handing it on until nothing changes.
        names, numbers = np.unique(self._groups, return_inverse=True)
        numbers = numbers.reshape(-1)
        one, other = numbers[some], numbers[others]
        smallest = np.arange(len(names))
        while True:
            before = smallest.copy()
            least = np.minimum(smallest[one], smallest[other])
            np.minimum.at(smallest, one, least)
            np.minimum.at(smallest, other, least)
            smallest = smallest[smallest]
            if (smallest == before).all():
                break
        self._groups[:] = names[smallest[numbers]]


def _difference(a: Notes, b: Notes) -> Notes:
    difference: Notes = np.maximum(a, b) - np.minimum(a, b)
    return difference
