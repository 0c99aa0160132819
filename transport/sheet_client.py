"""Google Sheet, the agent's end: keeps one row of `Live`, in which the viewer's newest word stands.

Each post is one call, `spreadsheets.batchUpdate`, which writes the row, tells whether it was still the viewer's, and
brings back the control row.
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from lera.clock import steady_clock
from lera.errors import LeraError
from transport.appearances import Appearing
from transport.hub_client import State
from transport.identities import Linking
from transport.newest import Newest
from transport.reading import AwayReason, Post
from transport.sheet_api import SheetFault, Table, Written
from transport.sheet_layout import (
    FIRST_ROW,
    FREE,
    HEAD_RANGE,
    LIVE,
    LIVE_RANGE,
    MAX_ROWS,
    NAMES_RANGE,
    Control,
    LayoutFault,
    Live,
    LiveRow,
    live_cells,
    new_claim,
    read_head,
    read_live,
    release,
    renew,
    swap,
    swapped,
)
from transport.sheet_pace import Quota, full_jitter, sheet_pace, write_interval


class SheetClient:
    """The agent's end: keeps one row, in which the newest reading stands. Used as `HubClient` is."""

    PATIENCE: Final = 3
    """Refusals in a row that may be a passing fault of Google's."""

    def __init__(
        self,
        table: Table,
        channel: str,
        viewer: str,
        on_state: Callable[[str], None] | None = None,
        quota: Quota | None = None,
        *,
        shared: bool = False,
        now: Callable[[], float] | None = None,
    ) -> None:
        """`shared`: the account is a service account, which others use as well. `now`: seconds of a clock that counts
        the machine's sleep; `steady_clock` where none is given."""
        # The loop's own clock stands still while Linux and macOS sleep, and a row goes to another meanwhile.
        self._now = now or steady_clock()
        self.quota = quota or Quota()
        self.interval, self.heartbeat = astuple(sheet_pace(0, self.quota, shared))
        self._fastest = self.interval
        self.minimum_viewers = 3
        self.state: State = "offline"
        self.readings_sent = 0
        # Never used: all who read the Sheet would read the code as well.
        self.linking = Linking()
        # Never used either: a row has no place for a name.
        self.appearing = Appearing()
        self._shared = shared
        self._table = table
        self._channel = channel
        self._viewer = viewer
        self._on_state = on_state
        self._newest = Newest(self._now)
        self._fresh = False
        self._seat: LiveRow | None = None
        self._claims: set[str] = set()
        self._held = self._posted = self._heard = float("-inf")
        self._beat = -1
        self._losses: deque[float] = deque(maxlen=3)
        self._erasing = False
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()

    def post(self, probabilities: Sequence[float], quality: float = 1.0, captured: float = 0.0) -> None:
        """Post this reading as soon as the pace allows; a newer one takes its place. `captured`: wall-clock seconds."""
        self._newest.post(probabilities, quality, captured)
        self._hear_news()

    def confirm(self) -> None:
        """The newest reading still holds."""
        self._newest.confirm()

    def away(self, reason: AwayReason) -> None:
        """Say that there is nothing to read, and why: the vote is withdrawn."""
        self._newest.away(reason)
        self._hear_news()

    async def run(self) -> None:
        """Keep the row until `close`. Raises LeraError when the Sheet can't be used and waiting won't help."""
        attempt = 0
        self._become("connecting")
        while not self._closing.is_set():
            if self._erasing:
                # Who has asked to be forgotten says nothing more.
                await self._pause(self.heartbeat)
                continue
            try:
                await (self._claim() if self._seat is None else self._turn())
                attempt = 0
            except (SheetFault, LayoutFault) as fault:
                if self._closing.is_set():
                    return
                attempt += 1
                passing = isinstance(fault, SheetFault) and not fault.lasting
                if not passing and attempt >= self.PATIENCE:
                    raise
                # A quota that is used up is a matter of seconds, and the row stands.
                if not (isinstance(fault, SheetFault) and fault.kind == "quota" and self._seat is not None):
                    self._become("offline")
                await self._pause(full_jitter(attempt, self.quota, fault.wait if isinstance(fault, SheetFault) else 0))

    async def close(self) -> None:
        """Free the row and stop `run`."""
        self._closing.set()
        seat, self._seat = self._seat, None
        if seat is not None:
            with contextlib.suppress(SheetFault, TimeoutError):
                async with asyncio.timeout(3.0):
                    await self._table.write(release(seat.row, seat.ident))
        await self._table.close()

    async def forget(self, seconds: float = 30.0) -> bool:
        """Ask the bot to erase what it keeps of this viewer; the row goes in any case. True when the bot did it."""
        seat = self._seat
        if seat is None:
            return False
        self._erasing = True
        self._wake.set()
        with contextlib.suppress(SheetFault, TimeoutError):
            async with asyncio.timeout(seconds):
                last = msgspec.structs.replace(
                    seat, sequence=seat.sequence + 1, state="forget", probabilities=None, quality=0.0, captured=0.0
                )
                await self._table.write(renew(last))
                while True:
                    await asyncio.sleep(self.quota.seconds(3.0))
                    (cells,) = await self._table.read(NAMES_RANGE)
                    if [seat.ident] not in cells:
                        self._seat = None
                        return True
        return False

    async def _claim(self) -> None:
        """Take a row: the viewer's own from before, a free one, or a new one at the end."""
        if self._often_lost():
            # That is no person who sorts: let another window of this viewer's write, so that it shows.
            await self._pause(self.heartbeat * random.uniform(1.0, 2.0))
            self._losses.clear()
            if self._closing.is_set():
                return
        (values,) = await self._table.read(LIVE_RANGE)
        live = read_live(values)
        told = live.control
        if told is not None:
            self._obey(told)
            if told.channel != self._channel:
                raise LeraError(f"This Sheet belongs to the stream {told.channel}: ask the streamer for the link.")
        own = [row for row in live.rows if row.key == self._viewer]
        if self._claims and any(row.claim not in self._claims for row in own):
            raise LeraError("You joined again from another window; this one stops.")
        claim = new_claim()
        self._claims.add(claim)
        # As below: the row may have been ours for long when the answer is read.
        asked = self._now()
        mine = LiveRow(0, self._viewer, claim, 0, None, 0.0, "waiting", 0.0)
        seat = await self._take_row(live, own, mine)
        if seat is None:
            await self._pause(self.quota.seconds(random.uniform(0.0, 1.0)))
            return
        self._seat = seat
        self._held, self._heard = asked, self._now()
        # Of a crowd that comes at once the bot has not told the pace yet: go by the rows, of which as many may follow.
        crowd = max(len(live.rows), seat.row - FIRST_ROW) + 1
        if crowd > 3 + (told.viewers if told is not None else 0):
            self.interval = max(self.interval, sheet_pace(2 * crowd, self.quota, self._shared).interval)
        self._posted = asyncio.get_running_loop().time() - random.uniform(0.0, self.interval / 2)
        self._become("joined" if told is None or told.open else "offline")

    async def _take_row(self, live: Live, own: Sequence[LiveRow], mine: LiveRow) -> LiveRow | None:
        """The row that is ours now; None when somebody else was faster."""
        if own:
            newest = max(own, key=lambda row: row.sequence)
            rest = [request for row in own if row is not newest for request in release(row.row, row.ident)]
            return await self._swap_in(newest.row, newest.ident, mine, rest)
        if live.free:
            return await self._swap_in(random.choice(live.free), FREE, mine, [])
        if live.end >= FIRST_ROW + MAX_ROWS - 1:
            raise SheetFault("full", "The stream's Sheet is full; trying again.")
        # A row of one's own may bring the first reading with it, which saves a call.
        first, self._fresh = self._word(mine), False
        number = await self._table.append(f"{LIVE}!A3:L3", live_cells(first))
        return msgspec.structs.replace(first, row=number)

    async def _swap_in(self, row: int, old: str, mine: LiveRow, more: list[dict[str, Any]]) -> LiveRow | None:
        written = await self._table.write([swap(row, old, mine.ident), *more], HEAD_RANGE)
        self._hear(written)
        self._fresh = True
        return msgspec.structs.replace(mine, row=row) if swapped(written.replies[0]) else None

    async def _turn(self) -> None:
        """Wait for the next post, and make it."""
        loop = asyncio.get_running_loop()
        self._wake.clear()
        due = self._posted + (self.interval if self._fresh else self.heartbeat)
        if due > loop.time():
            await self._pause(due - loop.time(), self._wake)
            return
        # Who was away for long may have lost the row to another, and must not write into it: three heartbeats are all
        # that the bot waits.
        if self._seat is None or self._now() - self._held > 2.5 * self.heartbeat:
            self._seat = None
            return
        self._seat = seat = self._word(self._seat)
        self._fresh = False
        self._posted = loop.time()
        # The row was still ours when Google did it; the machine may sleep before the answer is read.
        asked = self._now()
        try:
            written = await self._table.write(renew(seat), HEAD_RANGE)
        except SheetFault:
            self._fresh = True
            raise
        if not swapped(written.replies[0]):
            # Somebody moved the rows. The other who was overwritten finds out in the same way.
            self._seat = None
            self._losses.append(self._now())
            return
        self._held = asked
        self.readings_sent += seat.state == "face"
        self._hear(written)

    def _often_lost(self) -> bool:
        full = len(self._losses) == self._losses.maxlen
        return full and self._losses[-1] - self._losses[0] < 10 * self.heartbeat

    def _word(self, row: LiveRow) -> LiveRow:
        """The row with what is to be said now."""
        word = self._newest.take()
        changes: dict[str, Any] = {"probabilities": None, "quality": 0.0, "state": "waiting", "captured": 0.0}
        if isinstance(word, Post):
            changes = {"probabilities": word.probabilities, "quality": word.quality, "state": "face"}
            # A heartbeat repeats the reading, and has no fresh frame whose lag could be measured.
            changes["captured"] = word.captured if self._fresh else 0.0
        elif word is not None:
            changes["state"] = word.reason
        return msgspec.structs.replace(row, sequence=row.sequence + 1, **changes)

    def _hear(self, written: Written) -> None:
        if len(written.cells) < FIRST_ROW - 1:
            return
        try:
            control = read_head(written.cells)
        except LayoutFault:
            # Rows are no longer where they were.
            self._seat = None
            raise
        if control is not None:
            self._obey(control)
        elif self._silent():
            # No bot has ever been here.
            self._become("offline")

    def _silent(self) -> bool:
        return self._now() - self._heard > 6 * write_interval(self.quota)

    def _obey(self, control: Control) -> None:
        # Who forges the control row can't make a crowd use up Google's quotas.
        self.interval = max(control.interval, self._fastest)
        self.heartbeat = max(control.heartbeat, self.interval)
        self.minimum_viewers = control.minimum_viewers
        if control.open and control.beat != self._beat:
            self._beat, self._heard = control.beat, self._now()
        if self._seat is not None:
            self._become("offline" if self._silent() or not control.open else "joined")

    def _hear_news(self) -> None:
        if not self._fresh:
            self._fresh = True
            self._wake.set()

    async def _pause(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Wait for `close`, for the event, or for the time to pass."""
        waiting = [asyncio.create_task(event.wait()) for event in (self._closing, until) if event is not None]
        try:
            await asyncio.wait(waiting, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    def _become(self, state: State) -> None:
        if state != self.state:
            self.state = state
            if self._on_state is not None:
                self._on_state(state)
