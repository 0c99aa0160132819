"""Google Sheet, the bot's end: reads viewers' rows every one to two seconds, writes once every ten."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec

from lera.errors import LeraError
from transport.desk import Desk
from transport.sheet_api import SheetFault, Table
from transport.sheet_board import Board
from transport.sheet_layout import (
    FIRST_ROW,
    HEAD_RANGE,
    HISTORY,
    HISTORY_HEAD_RANGE,
    LIVE,
    LIVE_RANGE,
    Control,
    LayoutFault,
    Moment,
    control_cells,
    grow_history,
    moment_cells,
    new_claim,
    read_head,
    read_history_head,
    read_live,
    read_time,
    shrink_history,
    write_rows,
)
from transport.sheet_pace import Quota, full_jitter, read_interval, write_interval

logger = logging.getLogger(__name__)

Moments = Callable[[float], Awaitable[Sequence[Moment]]]
"""The finished ten seconds of the crowd after a time, oldest first."""


class SheetHost:
    """The bot's end: one batched read every one to two seconds, one batched write every ten."""

    def __init__(
        self,
        open_table: Callable[[], Table],
        desk: Desk,
        now: Callable[[], float],
        *,
        live: bool,
        shared: bool = False,
        moments: Moments | None = None,
        quota: Quota | None = None,
        keep_seconds: float = math.inf,
    ) -> None:
        """`live` reads viewers' rows; `moments` gives what `History` is to hold, and `keep_seconds` for how long.

        `shared` as in `Board`.
        """
        self.quota = quota or Quota()
        self.board = Board(desk, self.quota, shared)
        self._faults: dict[str, str] = {}
        self._logged: dict[str, float] = {}
        self._open_table = open_table
        self._desk = desk
        self._now = now
        self._live = live
        self._shared = shared
        self._moments = moments
        self._keep_seconds = keep_seconds
        # Runs are told apart by when they began, so that of two bots on one Sheet the later one steps back.
        self._run = f"{int(now()):012}-{new_claim()}"
        self._control: Control | None = None
        self._rival = _Rival(self._run, 3 * write_interval(self.quota))
        self._hurry = asyncio.Event()
        self._ledger: _Ledger | None = None
        self._told_pace = 0.0
        # Whether the head was as it must be at the last look; nothing is written into what people have changed.
        self._sound = False
        self._crowded = False
        self._looked = float("-inf")

    @property
    def fault(self) -> str | None:
        """What is wrong now, in a line for people."""
        return " ".join(self._faults.values()) or None

    @property
    def line(self) -> str:
        """How it goes, in a line for people."""
        if self.fault is not None:
            return self.fault
        if self._control is None:
            return "The Sheet is being opened."
        if not self._live:
            return "The history is mirrored into the Sheet."
        board = self.board
        hub = " It is time for the hub." if self._crowded else ""
        return f"Viewers in the Sheet: {board.viewers}. Each may post every {board.pace.interval:.1f} s.{hub}"

    async def run(self) -> None:
        """Serve until cancelled; then say goodbye. Faults are said once, and tried again."""
        reader, writer = self._open_table(), self._open_table()
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._live:
                    looks = read_interval(self.quota, self._shared)
                    tasks.create_task(self._keep("reading", lambda: self._read(reader), looks))
                writes = write_interval(self.quota)
                tasks.create_task(self._keep("writing", lambda: self._write(writer), writes, self._hurry))
        finally:
            self.board.close()
            last = self._control
            if last is not None and not self._rival.rules(self._now()):
                goodbye = msgspec.structs.replace(last, beat=last.beat + 1, viewers=0, state="closed")
                with contextlib.suppress(SheetFault, TimeoutError):
                    async with asyncio.timeout(3.0):
                        await writer.write([write_rows(LIVE, 2, [control_cells(goodbye)])])
            await reader.close()
            await writer.close()

    async def _keep(
        self, name: str, turn: Callable[[], Awaitable[None]], interval: float, hurry: asyncio.Event | None = None
    ) -> None:
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            begun = loop.time()
            wait = interval
            try:
                await turn()
                attempt = 0
                self._say(name, None)
            except LeraError as fault:
                self._say(name, str(fault))
                asked = fault.wait if isinstance(fault, SheetFault) else 0.0
                wait = max(interval, full_jitter(attempt, self.quota, asked))
                attempt += 1
            except Exception as error:
                # A mistake of ours must not end the show that this is a part of.
                self._say(name, f"The Sheet failed with {type(error).__name__}: please report it; trying again.")
                wait = max(interval, full_jitter(attempt, self.quota))
                attempt += 1
            if hurry is None or attempt:
                await asyncio.sleep(max(0.0, begun + wait - loop.time()))
            else:
                # Never faster than a fifth of the pace, however much there is to hurry for.
                await asyncio.sleep(interval / 5)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, begun + wait - loop.time())):
                        await hurry.wait()
            if hurry is not None:
                hurry.clear()

    async def _read(self, table: Table) -> None:
        if self._rival.rules(self._now()) and self._now() - self._looked < write_interval(self.quota):
            return  # Two bots have one account; if both looked at full pace, they would use up its reads.
        self._looked = self._now()
        (values,) = await table.read(LIVE_RANGE)
        self._sound = False
        live = read_live(values)
        self._sound = True
        now = self._now()
        self._rival.see(live.control, now)
        self.board.take(live, now)
        self._advise()
        if self.board.pace.interval >= 1.5 * self._told_pace or self.board.to_tidy:
            # Growing crowds and gone viewers don't wait ten seconds.
            self._hurry.set()

    async def _write(self, table: Table) -> None:
        now = self._now()
        if self._live and not self._sound:
            return  # The reader says why, or has not looked yet.
        if not self._live:
            (head,) = await table.read(HEAD_RANGE)
            self._rival.see(read_head(head), now)
        if self._rival.rules(now):
            raise LeraError("Another bot writes to this Sheet: this one only reads until you stop the other.")
        pace = self.board.pace
        self._control = Control(
            self._control.beat + 1 if self._control is not None else 1,
            pace.interval,
            pace.heartbeat,
            self._desk.minimum_viewers,
            self.board.viewers,
            self._desk.channel,
            self._run,
            "open" if self._live else "archive",
        )
        requests = [write_rows(LIVE, 2, [control_cells(self._control)]), *self.board.requests()]
        # Until this write is known to have worked, nothing is known of the History's end.
        ledger, self._ledger = self._ledger, None
        fault = None
        if self._moments is not None:
            try:
                ledger = ledger or await _open_ledger(table, now, now - self._keep_seconds)
                requests += ledger.requests(await self._moments(ledger.last))
            except LayoutFault as broken:
                # A broken History is no reason to leave the viewers without their pace.
                ledger, fault = None, broken
        await table.write(requests)
        self._told_pace = pace.interval
        if ledger is not None:
            ledger.written()
            self._ledger = ledger
        if fault is not None:
            raise fault

    def _advise(self) -> None:
        crowded = self.board.crowded if not self._crowded else self.board.nearly_crowded
        if crowded and not self._crowded:
            logger.warning(
                "%d viewers are too many for one Sheet: each may post only every %.0f s. It is time for the hub.",
                self.board.viewers,
                self.board.pace.interval,
            )
        self._crowded = crowded

    def _say(self, name: str, fault: str | None) -> None:
        if fault is None:
            self._faults.pop(name, None)
        elif fault not in self._faults.values():
            # What comes and goes with every other call is said once a minute.
            now = self._now()
            self._logged = {text: time for text, time in self._logged.items() if now - time < self.quota.minute}
            if fault not in self._logged:
                self._logged[fault] = now
                logger.error("%s The show goes on.", fault)
        if fault is not None:
            self._faults[name] = fault


class _Rival:
    """Notices another bot that writes to the same Sheet."""

    def __init__(self, run: str, patience: float) -> None:
        self._run = run
        self._patience = patience
        self._seen = ("", 0)
        self._moved = float("-inf")

    def see(self, control: Control | None, now: float) -> None:
        """Look at who wrote the control row last."""
        if control is None:
            return
        seen = (control.bot, control.beat)
        first = self._seen == ("", 0)
        if seen != self._seen and control.bot != self._run and control.state != "closed" and not first:
            self._moved = now
        self._seen = seen

    def rules(self, now: float) -> bool:
        """Whether an older run is alive."""
        return now - self._moved <= self._patience and self._seen[0] < self._run


class _Ledger:
    """Where `History` ends. Rows are written by their number, so a write that is carried out twice does no harm."""

    LONGEST: Final = 500

    def __init__(self, last: float, next_row: int, rows: int) -> None:
        self.last = last
        self._next = next_row
        self._rows = rows
        self._pending: list[Moment] = []

    def requests(self, moments: Sequence[Moment]) -> list[dict[str, Any]]:
        """What adds these moments."""
        self._pending = [moment for moment in moments if moment.time > self.last][: self.LONGEST]
        if not self._pending:
            return []
        written = [write_rows(HISTORY, self._next, [moment_cells(moment) for moment in self._pending])]
        missing = self._next + len(self._pending) - self._rows
        return [grow_history(missing + 1000), *written] if missing > 0 else written

    def written(self) -> None:
        """The last requests have been carried out."""
        if self._pending:
            end = self._next + len(self._pending)
            self._rows = max(self._rows, end + 1000) if end > self._rows else self._rows
            self.last, self._next, self._pending = self._pending[-1].time, end, []


async def _open_ledger(table: Table, now: float, oldest: float) -> _Ledger:
    """Find the end of `History`, and delete the rows at its beginning that are older than `oldest`."""
    sheets = await table.sheets()
    if HISTORY not in sheets:
        raise LayoutFault(f"The sheet `{HISTORY}` is gone: run `python run.py bot --sheet-setup`.")
    (head,) = await table.read(HISTORY_HEAD_RANGE)
    # Of a time far ahead, which a person or a clock that was wrong has written, nothing would follow until then.
    latest = now + 3600
    last, rows = min(read_history_head(head), latest), sheets[HISTORY][1]
    gone = await _old_rows(table, rows, oldest)
    if gone:
        await table.write([shrink_history(gone)])
        rows -= gone
    # From the end backwards: after some months the whole is more than should be read at every start.
    high, step = rows, 3000
    while high >= FIRST_ROW:
        low = max(FIRST_ROW, high - step + 1)
        (cells,) = await table.read(f"{HISTORY}!A{low}:A{high}")
        times = (read_time(row[0] if row else None) for row in cells)
        known = [time for time in times if time is not None and time <= latest]
        if cells:
            return _Ledger(max([last, *known]), low + len(cells), rows)
        high, step = low - 1, 20_000
    return _Ledger(last, FIRST_ROW, rows)


async def _old_rows(table: Table, rows: int, oldest: float) -> int:
    """How many rows stand before the first that is no older; of very many only some, the next start sees more."""
    if oldest <= 0.0 or rows <= FIRST_ROW:
        return 0
    # One row must stay, and those of a day or two are enough for each start.
    (cells,) = await table.read(f"{HISTORY}!A{FIRST_ROW}:A{min(rows - 1, FIRST_ROW + 19_999)}")
    times = [read_time(row[0] if row else None) for row in cells]
    old = [place for place, time in enumerate(times) if time is not None and time < oldest]
    young = next((place for place, time in enumerate(times) if time is not None and time >= oldest), len(times))
    return max((place + 1 for place in old if place < young), default=0)
