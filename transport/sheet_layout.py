"""Layout v1 of the Google Sheet: what its cells mean, read as a stranger's, and how they are written. Pure.

`Live` holds one row for each viewer, under three rows of head: what this is, the bot's control row, the names of the
columns. `History` holds one row for every ten seconds of the crowd, `Read me` tells people. Rows are counted from 1, as
in Sheets.

Programs address rows by their number, which people can change by sorting or inserting. So a row is always written
whole, with the viewer's key in it, and changes hands only by a swap of its first cell, which Google carries out as one.
"""

import math
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from lera.errors import LeraError
from model.emotions import EMOTIONS
from transport.reading import UNREADABLE, AwayReason, Channel, Clock, Number, Probabilities, sayable, sums_to_one
from transport.reading import Sequence as SequenceNumber

VERSION: Final = 1
LIVE: Final = "Live"
HISTORY: Final = "History"
READ_ME: Final = "Read me"
SHEET_IDS: Final = {LIVE: 7001, HISTORY: 7002, READ_ME: 7003}
"""Chosen when the sheets are made, so that nobody has to ask for them."""

FIRST_ROW: Final = 4
MAX_ROWS: Final = 1000
LIVE_COLUMNS: Final = ("viewer", "sequence", *EMOTIONS, "quality", "state", "captured")
HISTORY_COLUMNS: Final = ("time (UTC)", "viewers", *EMOTIONS)
LIVE_RANGE: Final = f"{LIVE}!A1:L{FIRST_ROW + MAX_ROWS - 1}"
NAMES_RANGE: Final = f"{LIVE}!A1:A{FIRST_ROW + MAX_ROWS - 1}"
HEAD_RANGE: Final = f"{LIVE}!A1:L3"
HISTORY_HEAD_RANGE: Final = f"{HISTORY}!A1:I3"
FREE: Final = "free"
"""In the first cell of a row that nobody has: the next viewer takes it. Deleting rows would move others."""

_HELD: Final = "held"
_IDENT: Final = re.compile(r"viewer:([A-Za-z0-9_-]{16,64}):([0-9a-f]{8})")

Cell = str | float | int | None
State = Literal["face", "waiting", "forget"] | AwayReason
"""`face` has a reading; `waiting` has none yet; `forget` asks the bot to erase; else why there is none now."""


BotState = Literal["open", "archive", "closed"]


class LayoutFault(LeraError):
    """A person has changed what the programs rely on."""


class Control(Struct, frozen=True):
    """The bot's row. `beat` counts its writes, `bot` names the run that writes.

    `state`: `open` for viewers, only an `archive`, or `closed` after a goodbye.
    """

    beat: int
    interval: float
    heartbeat: float
    minimum_viewers: int
    viewers: int
    channel: str
    bot: str
    state: BotState

    @property
    def open(self) -> bool:
        """Whether viewers are read."""
        return self.state == "open"


class LiveRow(Struct, frozen=True):
    """A viewer's row. `sequence` 0 and state `waiting` when only its first cell is filled."""

    row: int
    key: str
    claim: str
    sequence: int
    probabilities: Probabilities | None
    quality: float
    state: State
    captured: float

    @property
    def ident(self) -> str:
        """What stands in the first cell: who has the row, and by which claim."""
        return ident(self.key, self.claim)


class Live(Struct, frozen=True):
    """All of `Live` as it was read: viewers' rows, free rows, blank rows between others, rows that make no sense."""

    control: Control | None
    rows: list[LiveRow]
    free: list[int]
    blank: list[int]
    damaged: list[tuple[int, str]]
    """Rows of viewers whose other cells can't be used, and what their first cell says."""
    end: int
    """The last row that holds anything."""


class Moment(Struct, frozen=True):
    """Ten seconds of the crowd: start in seconds since 1970, mean viewers, and how many showed each emotion.

    `counts` is None where there were too few viewers to be split.
    """

    time: float
    viewers: float
    counts: Probabilities | None


class _Numbers(Struct, array_like=True):
    """The cells of a viewer's row behind the first, as they must be."""

    sequence: SequenceNumber
    percentages: Any
    quality: Number
    state: State
    captured: Clock


class _ControlCells(Struct, array_like=True):
    name: Literal["control"]
    beat: int
    interval: float
    heartbeat: float
    minimum_viewers: int
    viewers: int
    channel: Channel
    bot: str
    state: BotState


def ident(key: str, claim: str) -> str:
    """The first cell of a viewer's row. It starts with a word, so that no cell takes it for a number or a formula."""
    return f"viewer:{key}:{claim}"


def new_claim() -> str:
    """Eight random hex digits that tell this claim of a row from every other."""
    return secrets.token_hex(4)


# Reading


def read_live(values: Sequence[Sequence[Any]]) -> Live:
    """What the cells of `LIVE_RANGE` say. Raises LayoutFault when the head is not ours; a bad row is only set aside."""
    control = read_head(values)
    rows: list[LiveRow] = []
    free: list[int] = []
    blank: list[int] = []
    damaged: list[tuple[int, str]] = []
    for number, cells in enumerate(values[FIRST_ROW - 1 :], FIRST_ROW):
        first = cells[0] if cells else ""
        if first == "" and not any(cell != "" for cell in cells):
            blank.append(number)
        elif first == FREE:
            free.append(number)
        elif isinstance(first, str) and (named := _IDENT.fullmatch(first)):
            row = _read_row(number, named[1], named[2], cells)
            if row is not None:
                rows.append(row)
            else:
                damaged.append((number, first))
    return Live(control, rows, free, blank, damaged, max(len(values), FIRST_ROW - 1))


def read_head(values: Sequence[Sequence[Any]]) -> Control | None:
    """Check the three rows of head and return the control row, None before the bot's first. Raises LayoutFault."""
    _check_head(LIVE, values, LIVE_COLUMNS)
    return read_control(values[1])


def read_control(cells: Sequence[Any]) -> Control | None:
    """The control row, or None where it can't be read (before the bot's first write, for example)."""
    try:
        read = msgspec.convert([_whole(cell) for cell in cells[:9]], _ControlCells)
    except UNREADABLE:
        return None
    if math.isnan(read.interval) or math.isnan(read.heartbeat):
        return None
    pace = (min(max(read.interval, 0.01), 600.0), min(max(read.heartbeat, 0.01), 1800.0))
    if not all(0 <= number <= 2**53 for number in (read.beat, read.minimum_viewers, read.viewers)):
        return None
    return Control(read.beat, *pace, read.minimum_viewers, read.viewers, read.channel, read.bot[:64], read.state)


def read_history_head(values: Sequence[Sequence[Any]]) -> float:
    """Check the head of `History`; returns when it was made, in seconds since 1970. Raises LayoutFault."""
    _check_head(HISTORY, values, HISTORY_COLUMNS)
    made = values[1][1] if len(values[1]) > 1 else 0
    honest = isinstance(made, int | float) and not isinstance(made, bool) and 0 <= made < 1e12
    return float(made) if honest else 0.0


def read_time(cell: object) -> float | None:
    """A time of `History` in seconds since 1970; None for what is no time."""
    if not isinstance(cell, str) or len(cell) > 32:
        return None
    try:
        return datetime.strptime(cell, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _check_head(title: str, values: Sequence[Sequence[Any]], columns: Sequence[str]) -> None:
    first = list(values[0]) if values else []
    if first[:1] != [f"LERA {title}"]:
        raise LayoutFault(
            f"Cell A1 of the sheet `{title}` must say `LERA {title}`: undo the edit (Ctrl-Z in Sheets), "
            "or rename that sheet and run `python run.py bot --sheet-setup`."
        )
    if first[1:2] != [VERSION]:
        found = sayable(str(first[1]), 20) if len(first) > 1 else ""
        raise LayoutFault(
            f"The sheet `{title}` has layout {found or '?'}, this LERA knows layout {VERSION}: "
            "update LERA, or rename the sheet and run `python run.py bot --sheet-setup`."
        )
    names = [str(cell) for cell in values[2]] if len(values) > 2 else []
    for place, name in enumerate(columns):
        if names[place : place + 1] != [name]:
            raise LayoutFault(
                f"Cell {chr(65 + place)}3 of the sheet `{title}` must say `{name}`: undo the edit there, "
                "or rename that sheet and run `python run.py bot --sheet-setup`."
            )


def _read_row(number: int, key: str, claim: str, cells: Sequence[Any]) -> LiveRow | None:
    if not any(cell != "" for cell in cells[1:]):
        return LiveRow(number, key, claim, 0, None, 0.0, "waiting", 0.0)
    padded = [*(_whole(cell) for cell in cells), *[""] * (len(LIVE_COLUMNS) - len(cells))]
    captured = padded[11] if padded[11] != "" else 0.0
    try:
        numbers = msgspec.convert([padded[1], None, padded[9] or 0.0, padded[10], captured], _Numbers)
        if numbers.state != "face":
            return LiveRow(number, key, claim, numbers.sequence, None, 0.0, numbers.state, 0.0)
        percentages = msgspec.convert(padded[2:9], list[float])
    except UNREADABLE:
        return None
    a, b, c, d, e, f, g = (percentage / 100 for percentage in percentages)
    probabilities = (a, b, c, d, e, f, g)
    if not all(0 <= p <= 1 for p in probabilities) or not sums_to_one(probabilities):
        return None
    return LiveRow(number, key, claim, numbers.sequence, probabilities, numbers.quality, "face", numbers.captured)


def _whole(cell: Any) -> Any:
    """Sheets has one kind of number, so 3 may come as 3.0."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53 else cell


# Writing: bodies of requests for spreadsheets.batchUpdate


def live_cells(row: LiveRow) -> list[Cell]:
    """A viewer's row as cells, the seven as percentages with two digits."""
    seven: list[Cell] = [None] * len(EMOTIONS)
    if row.probabilities is not None:
        seven = [round(100 * p, 2) for p in row.probabilities]
    reading = row.state == "face"
    quality, captured = (row.quality, row.captured or None) if reading else (None, None)
    return [row.ident, row.sequence, *seven, quality, row.state, captured]


def control_cells(control: Control) -> list[Cell]:
    """The control row as cells."""
    numbers = (control.beat, control.interval, control.heartbeat, control.minimum_viewers, control.viewers)
    return ["control", *numbers, control.channel, control.bot, control.state]


def moment_cells(moment: Moment) -> list[Cell]:
    """A row of `History`; nothing is split where `counts` is None."""
    time = datetime.fromtimestamp(moment.time, UTC).strftime("%Y-%m-%d %H:%M:%S")
    counts: Iterable[Cell] = [None] * len(EMOTIONS)
    if moment.counts is not None:
        counts = [round(count, 2) for count in moment.counts]
    return [time, round(moment.viewers, 1), *counts]


def write_rows(sheet: str, row: int, rows: Sequence[Sequence[Cell]], column: int = 0) -> dict[str, Any]:
    """Write cells from this row and column (counted from 0) on, raw: nothing is taken for a formula."""
    return {
        "updateCells": {
            "start": {"sheetId": SHEET_IDS[sheet], "rowIndex": row - 1, "columnIndex": column},
            "rows": [{"values": [_cell(value) for value in cells]} for cells in rows],
            "fields": "userEnteredValue",
        }
    }


def grow_history(rows: int) -> dict[str, Any]:
    """Add so many empty rows under `History`."""
    return {"appendDimension": {"sheetId": SHEET_IDS[HISTORY], "dimension": "ROWS", "length": rows}}


def shrink_history(rows: int) -> dict[str, Any]:
    """Delete so many of the first rows of `History`; those behind move up."""
    place = {"startIndex": FIRST_ROW - 1, "endIndex": FIRST_ROW - 1 + rows}
    return {"deleteDimension": {"range": {"sheetId": SHEET_IDS[HISTORY], "dimension": "ROWS", **place}}}


def swap(row: int, old: str, new: str) -> dict[str, Any]:
    """Change the first cell of a row of `Live` if, and only if, it says `old`; `swapped` tells from the reply."""
    return {
        "findReplace": {
            "find": old,
            "replacement": new,
            "matchCase": True,
            "matchEntireCell": True,
            "range": {
                "sheetId": SHEET_IDS[LIVE],
                "startRowIndex": row - 1,
                "endRowIndex": row,
                "startColumnIndex": 0,
                "endColumnIndex": 1,
            },
        }
    }


def swapped(reply: Any) -> bool:
    """Whether a `swap` found what it looked for."""
    found = reply.get("findReplace") if isinstance(reply, dict) else None
    return isinstance(found, dict) and bool(found.get("occurrencesChanged", 0))


def renew(row: LiveRow) -> list[dict[str, Any]]:
    """Write a viewer's row; the first reply tells (`swapped`) whether the row was still the viewer's."""
    return [swap(row.row, row.ident, _HELD), write_rows(LIVE, row.row, [live_cells(row)])]


def release(row: int, owner: str) -> list[dict[str, Any]]:
    """Free a row if it is still `owner`'s, and blank its numbers.

    The numbers go in any case. If the row has changed hands meanwhile, its new owner's next post brings them back.
    """
    blanks: list[Cell] = [None] * (len(LIVE_COLUMNS) - 1)
    return [swap(row, owner, FREE), write_rows(LIVE, row, [blanks], column=1)]


def _cell(value: Cell) -> dict[str, Any]:
    if value is None or value == "":
        return {}
    return {"userEnteredValue": {"stringValue" if isinstance(value, str) else "numberValue": value}}
