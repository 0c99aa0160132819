"""The last reading of each viewer of one hub, and what they add to the crowd. Pure: time comes in as an argument.

Readings may be late, doubled or stale, and the clock may jump; nobody counts twice.
"""

import math
import struct
from collections.abc import Container, Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from model.emotions import EMOTIONS
from transport.lockstep import Lockstep
from transport.masking import Masking
from transport.partial import NO_VOTES, Partial, Tally, tally, viewer_hash
from transport.reading import Probabilities, Reading

Row = npt.NDArray[np.float64]

MINIMUM_QUALITY: Final = 0.05
"""Of a face: what is read worse is no vote."""

# A row of the table: time, quality, 1 for a linked viewer, the seven.
_TIME, _QUALITY, _LINKED, _SEVEN = 0, 1, 2, 3
_WIDTH = _SEVEN + len(EMOTIONS)
# Ten numbers at once straight into the table: three times as fast as numpy's own assignments, one by one.
_pack = struct.Struct(f"{_WIDTH}d").pack_into
_BYTES = 8 * _WIDTH


class Votes:
    """The last reading of each viewer. One viewer, one vote, weighed by its quality (0..1), gone after `expiry` s.

    Taking a reading is the hub's hot path; all else is work on whole columns, at each mood or partial.
    """

    def __init__(
        self, expiry: float = 15.0, minimum_quality: float = MINIMUM_QUALITY, masking: Masking | None = None
    ) -> None:
        """`masking` says whose votes count while others come and go; without, all do. It is for this object alone."""
        self.expiry = expiry
        self._masking = masking
        self._minimum_quality = minimum_quality
        # One row for each viewer, without gaps, so that a mood of thousands is a few array operations.
        self._rows: dict[str, int] = {}
        self._viewers: list[str] = []
        self._hashes: dict[bytes, str] = {}
        self._asked: frozenset[bytes] = frozenset()
        self._counts = np.zeros(64, np.bool_)
        self._lockstep = Lockstep()
        # How many were left out of the last partial since they are copies of others.
        self.copies = 0
        self._keep(np.zeros((64, _WIDTH)))
        self._now = float("-inf")

    def take(self, reading: Reading, now: float) -> bool:
        """Count a reading. False when it changes nothing: older than the viewer's last, expired, or without quality."""
        if now < self._now:
            self.advance(now)
        self._now = now
        # The hub's clock decides: a reading can't come from the future, and can't buy itself a longer life there.
        time = reading.time
        if time > now:
            time = now
        if time <= now - self.expiry:
            return False
        viewer, quality = reading.viewer, reading.quality
        row = self._rows.get(viewer)
        if row is not None and time < self._cells[row * _WIDTH]:
            return False
        if quality <= 0.0 or quality < self._minimum_quality:
            self.leave(viewer)
            return False
        if row is None:
            row = self._new_row(viewer)
        quality = min(quality, 1.0)
        _pack(self._cells, row * _BYTES, time, quality, reading.linked, *reading.probabilities)
        return True

    def leave(self, viewer: str) -> bool:
        """Withdraw a viewer's vote. True when there was one."""
        if viewer not in self._rows:
            return False
        self._hashes.pop(viewer_hash(viewer), None)
        frozen = self._masking.leave(viewer) if self._masking else None
        if frozen is None:
            self._drop(viewer)
        else:
            # The row stays for some seconds, under a name that tells nobody's, and is too old at no time.
            row = self._rename(viewer, frozen)
            self._table[row, _TIME] = math.inf
        return True

    def forget(self, viewer: str) -> bool:
        """Withdraw a viewer's vote, and keep nothing by which this viewer could be known again."""
        had = self.leave(viewer)
        if self._masking:
            self._masking.forget(viewer)
        return had

    def move(self, viewer: str) -> bool:
        """A viewer's vote is at another hub from now on: nothing of it stays here for the masking's sake."""
        frozen = self._masking.move(viewer) if self._masking else None
        had = viewer in self._rows
        for name in (viewer, frozen):
            if name is not None and name in self._rows:
                self._drop(name)
        self._hashes.pop(viewer_hash(viewer), None)
        return had

    def _drop(self, name: str) -> None:
        row = self._rows.pop(name)
        # The last row moves into the gap, and nothing of who left stays behind.
        last = self._viewers.pop()
        end = len(self._viewers)
        if last != name:
            self._rows[last] = row
            self._viewers[row] = last
            self._table[row] = self._table[end]
            self._counts[row] = self._counts[end]
        self._table[end] = 0.0
        self._lockstep.drop(row, end)

    def _rename(self, name: str, to: str) -> int:
        row = self._rows[to] = self._rows.pop(name)
        self._viewers[row] = to
        return row

    def clear(self) -> None:
        """Withdraw every vote."""
        if self._masking:
            self._masking.clear()
        for name in list(self._viewers):
            self._drop(name)
        self._hashes.clear()

    def __contains__(self, viewer: str) -> bool:
        """Whether this viewer's vote was in the last partial, or has come since."""
        return viewer in self._rows

    def __len__(self) -> int:
        """How many viewers have a vote, counted or not."""
        return len(self._hashes)

    @property
    def counted(self) -> int:
        """How many viewers who have a vote count."""
        return len(self) if self._masking is None else self._masking.counted - self._masking.frozen

    def counts(self, viewer: str) -> bool:
        """Whether this viewer has a vote that counts."""
        return viewer in self._rows and (self._masking is None or self._masking.counts(viewer))

    @property
    def ready(self) -> bool:
        """Whether enough would count if the bars, hidden now, were shown."""
        return self._masking is None or self._masking.ready

    @property
    def whole(self) -> bool:
        """Whether all whose votes were shown last have one again."""
        return self._masking is not None and self._masking.whole

    @property
    def frozen(self) -> int:
        """How many votes count of viewers who have left."""
        return 0 if self._masking is None else self._masking.frozen

    def row_of(self, viewer: str) -> int | None:
        """The place of a viewer in what `columns` returns."""
        return self._rows.get(viewer)

    def viewer_of(self, hashed: bytes) -> str | None:
        """The viewer with a vote here that other hubs know by this hash."""
        return self._hashes.get(hashed)

    def vote_of(self, viewer: str, now: float) -> tuple[Probabilities, float] | None:
        """A viewer's own counted vote and its quality, for that viewer and where they chose to show it."""
        self.advance(now)
        row = self._rows.get(viewer)
        if row is None or self._table[row, _TIME] <= now - self.expiry:
            return None
        a, b, c, d, e, f, g = (self._table[row, _SEVEN:] / self._table[row, _SEVEN:].sum()).tolist()
        return (a, b, c, d, e, f, g), float(self._table[row, _QUALITY])

    def ask(self, hashes: Iterable[bytes]) -> None:
        """Have each partial say which of these viewers have a vote here."""
        self._asked = frozenset(hashes)

    def settle(self, now: float, *, shown: bool = True, known: Container[str] = (), elsewhere: int = 0) -> None:
        """Withdraw what is too old by `now`, and let the masking have its way, as `partial` does."""
        self.advance(now)
        self.expire(now)
        ended = self._masking.settle(now, shown=shown, known=known, elsewhere=elsewhere) if self._masking else None
        if ended is None or self._masking is None:
            return
        for name in ended:
            self._drop(name)
        for row, name in enumerate(self._viewers):
            self._counts[row] = self._masking.counts(name)

    def partial(self, now: float, *, shown: bool = True, known: Container[str] = (), elsewhere: int = 0) -> Partial:
        """The votes that count at `now`, added. Copies in lockstep count as one.

        `shown`, `known` and `elsewhere` are for the masking: whether the bars were shown after the last one, viewers
        whose votes everybody sees, and how many votes count at other hubs.
        """
        self.settle(now, shown=shown, known=known, elsewhere=elsewhere)
        table = self._table[: len(self._viewers)]
        linked = table[:, _LINKED] > 0.0
        self._lockstep.look(table[:, _SEVEN:], now)
        # Of copies one counts that is let in already, if possible a linked one.
        copies = self._lockstep.copies(2 * self._counts[: len(table)] + linked)
        self.copies = len(copies)
        if len(copies) or (self._masking and self._masking.counted < len(table)):
            counts = self._counts[: len(table)].copy()
            counts[copies] = False
            table, linked = table[counts], linked[counts]
        voting = frozenset(self._asked & self._hashes.keys()) if self._asked else frozenset()
        if not linked.any():
            return Partial(_tally(table), NO_VOTES, voting)
        return Partial(_tally(table[~linked]), _tally(table[linked]), voting)

    def columns(self) -> tuple[Row, Row, Row]:
        """Times (n,), qualities (n,) and the seven (n, 7) of all rows; views, which the next change spoils."""
        table = self._table[: len(self._viewers)]
        return table[:, _TIME], table[:, _QUALITY], table[:, _SEVEN:]

    def advance(self, now: float) -> None:
        """Follow the clock. After one that was set back, every age stays what it was."""
        # Otherwise votes would live as long as the jump.
        if now < self._now:
            self._table[:, _TIME] -= self._now - now
        self._now = now

    def expire(self, now: float) -> None:
        """Withdraw the votes that have become too old."""
        times = self._table[: len(self._viewers), _TIME]
        for viewer in [self._viewers[row] for row in np.flatnonzero(times <= now - self.expiry)]:
            self.leave(viewer)

    def _new_row(self, viewer: str) -> int:
        frozen = self._masking.join(viewer) if self._masking else None
        self._hashes[viewer_hash(viewer)] = viewer
        if frozen is not None:
            return self._rename(frozen, viewer)
        row = len(self._viewers)
        if row == len(self._table):
            self._keep(np.concatenate([self._table, np.zeros_like(self._table)]))
            self._counts = np.concatenate([self._counts, np.zeros_like(self._counts)])
        self._viewers.append(viewer)
        self._rows[viewer] = row
        self._counts[row] = self._masking is None or self._masking.counts(viewer)
        return row

    def _keep(self, table: Row) -> None:
        self._table = table
        self._cells = table.reshape(-1).data


def _tally(table: Row) -> Tally:
    return tally(table[:, _QUALITY], table[:, _SEVEN:])
