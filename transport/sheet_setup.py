"""Makes the three sheets in a spreadsheet, and checks those that are there: `bot --sheet-setup`."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from transport.reading import sayable
from transport.sheet_api import Table
from transport.sheet_layout import (
    FIRST_ROW,
    HEAD_RANGE,
    HISTORY,
    HISTORY_COLUMNS,
    HISTORY_HEAD_RANGE,
    LIVE,
    LIVE_COLUMNS,
    READ_ME,
    SHEET_IDS,
    VERSION,
    Cell,
    LayoutFault,
    read_head,
    read_history_head,
    write_rows,
)

READ_ME_LINES: Final = (
    "LERA Read me",
    "",
    "This spreadsheet is where the viewers' agents and the streamer's bot of LERA meet. Programs write it.",
    "Please don't edit, sort, filter or rename anything in `Live`. `History` is yours to chart; sort a copy of it.",
    "",
    "Live, row 1: what this sheet is, and the version of its layout.",
    "Live, row 2: the bot's control row: a running number, the seconds between two posts of a viewer, the seconds",
    "after which an unchanged viewer reports again, how many viewers it takes until the crowd is shown, how many there",
    "are, the stream's channel, which run of the bot writes, and whether it is open.",
    "Live, row 3: the names of the columns. From row 4 on: one row for each viewer.",
    "viewer: a random key of this stream, and which claim of the row it is; `free` where nobody has the row.",
    "sequence: grows with every post. The seven: percentages of what the face shows. quality: 0 to 1, how sure.",
    "state: face, waiting, no_face, too_dark, paused, no_camera, forget. captured: when the picture was taken.",
    "",
    "History: one row for every ten seconds with viewers: when they began (UTC), viewers on average, and how many",
    "viewers' worth of each emotion there was. Empty where too few took part to be split. No row is of one person.",
    "",
    "Who may edit this spreadsheet can read every row and forge any. LERA's PRIVACY.md says more.",
)
_ROWS: Final = {LIVE: FIRST_ROW - 1, HISTORY: 1000, READ_ME: len(READ_ME_LINES)}
_COLUMNS: Final = {LIVE: len(LIVE_COLUMNS), HISTORY: len(HISTORY_COLUMNS), READ_ME: 1}


async def set_up(table: Table, now: float, owner: str = "", say: Callable[[str], None] = print) -> None:
    """Make what is missing and check the rest. Raises LayoutFault where a person has changed it, and SheetFault.

    `owner`: the bot's e-mail address, if known; then nobody but it and the spreadsheet's owner may change what viewers
    have no business with.
    """
    sheets = await table.sheets()
    missing = missing_sheets({title: number for title, (number, _) in sheets.items()})
    if missing:
        await table.write([request for title in missing for request in make_requests(title, now, owner)])
        say(f"Made {', '.join(f'`{title}`' for title in missing)}.")
    head, history = await table.read(HEAD_RANGE, HISTORY_HEAD_RANGE)
    read_head(head)
    read_history_head(history)
    say("The spreadsheet is ready: its layout is as it must be.")


def missing_sheets(sheets: Mapping[str, int]) -> list[str]:
    """Which of our sheets have to be made. Raises LayoutFault where a name or an id is taken."""
    titles = {number: title for title, number in sheets.items()}
    missing = []
    for title, number in SHEET_IDS.items():
        if sheets.get(title) == number:
            continue
        if title in sheets:
            raise LayoutFault(f"There is a sheet `{title}` that LERA didn't make: rename it, and run this again.")
        if number in titles:
            renamed = sayable(titles[number], 50)
            raise LayoutFault(f"The sheet `{title}` was renamed to `{renamed}`: name it `{title}` again.")
        missing.append(title)
    return missing


def make_requests(title: str, now: float, owner: str = "") -> list[dict[str, Any]]:
    """What makes one of our sheets."""
    grid = {"rowCount": _ROWS[title], "columnCount": _COLUMNS[title]}
    if title != READ_ME:
        grid["frozenRowCount"] = FIRST_ROW - 1
        # A sheet must have a row that isn't frozen.
        grid["rowCount"] = max(grid["rowCount"], FIRST_ROW)
    made: list[dict[str, Any]] = [
        {"addSheet": {"properties": {"sheetId": SHEET_IDS[title], "title": title, "gridProperties": grid}}},
        write_rows(title, 1, _head(title, now)),
    ]
    if owner:
        span: dict[str, Any] = {"sheetId": SHEET_IDS[title]}
        if title == LIVE:
            span |= {"startRowIndex": 0, "endRowIndex": FIRST_ROW - 1}
        guarded = {"range": span, "description": "LERA's bot writes here", "editors": {"users": [owner]}}
        made.append({"addProtectedRange": {"protectedRange": guarded}})
    return made


def _head(title: str, now: float) -> list[list[Cell]]:
    if title == READ_ME:
        return [[line] for line in READ_ME_LINES]
    name: list[Cell] = [f"LERA {title}", VERSION, "Programs write here. `Read me` tells more."]
    if title == LIVE:
        return [name, ["control"], list(LIVE_COLUMNS)]
    return [name, ["made", round(now)], list(HISTORY_COLUMNS)]
