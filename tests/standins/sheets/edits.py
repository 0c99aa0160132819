"""`spreadsheets.batchUpdate`: requests about cells."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tests.standins.sheets import masks
from tests.standins.sheets.a1 import Area, from_grid_range, to_grid_range
from tests.standins.sheets.book import Book
from tests.standins.sheets.cells import EMPTY, Cell, Value, shown, typed
from tests.standins.sheets.errors import ApiError, invalid
from tests.standins.sheets.tab import Place, Tab

Json = dict[str, Any]
CELL_FIELDS = ("userEnteredValue", "userEnteredFormat", "note", "dataValidation")
# Widths of Arial's letters in thousandths of its size; what isn't listed is as wide as a digit.
WIDTHS = {**dict.fromkeys("ABEKPSVXY&", 667), **dict.fromkeys("CDHNRUw", 722), **dict.fromkeys("GOQ", 778)}
WIDTHS |= {**dict.fromkeys("ijl'", 222), **dict.fromkeys("It /.,:;!|", 278), **dict.fromkeys("ckJsvxyz", 500)}
WIDTHS |= {"M": 833, "m": 833, "W": 944, "F": 611, "T": 611, "Z": 611, "r": 333, "-": 333, "f": 278}


def mask_of(content: Json) -> masks.Mask:
    text = content.get("fields", "")
    if not text:
        raise invalid("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    return _with_styles_too(masks.parse(text))


def _with_styles_too(mask: masks.Mask) -> masks.Mask:
    """A colour and its style are one thing under two names, so to write one is to write both."""
    wider: masks.Mask = {name: _with_styles_too(below) for name, below in mask.items()}
    for name in mask:
        if name.endswith("Color"):
            wider.setdefault(f"{name}Style", {})
        elif name.endswith("ColorStyle"):
            wider.setdefault(name.removesuffix("Style"), {})
    return wider


def area_of(book: Book, grid: Json) -> tuple[Tab, Area]:
    tab, area = book.tab_of(grid.get("sheetId", 0)), from_grid_range(grid)
    tab.must_start_inside(area)
    return tab, area.clip(tab.rows, tab.columns)


def with_styles(found: Any) -> Any:
    """Colours as Google keeps them: in steps of 1/255, as a style too, and without what is 0."""
    if isinstance(found, list):
        return [with_styles(item) for item in found]
    if not isinstance(found, dict):
        return found
    new: Json = {}
    for name, value in found.items():
        if name == "rgbColor":
            new[name] = _steps(value)
        elif name.endswith("Color") and isinstance(value, dict):
            new[name] = _steps(value)
            new[f"{name}Style"] = {"rgbColor": new[name]}
        else:
            new[name] = with_styles(value)
    for name in [name for name in found if name.endswith("ColorStyle") and "rgbColor" in found[name]]:
        new.setdefault(name.removesuffix("Style"), new[name]["rgbColor"])
    return new


def _steps(colour: Json) -> Json:
    steps = {name: int(float(value) * 255 + 1e-6) for name, value in colour.items() if name != "alpha"}
    return {name: 1 if step == 255 else float(f"{step / 255:.8g}") for name, step in steps.items() if step}


def pixels(tab: Tab, place: Place) -> int:
    """How wide a cell's text is drawn, about."""
    cell = tab.cell(*place)
    lines = shown(tab.value(*place), cell.number_format).split("\n")
    size = float(cell.format.get("textFormat", {}).get("fontSize", 10)) * 96 / 72
    return max(round(sum(WIDTHS.get(letter, 556) for letter in line) * size / 1000) for line in lines) + 7


def written(cell: Cell, data: Json, mask: masks.Mask) -> Cell:
    """The cell after the fields of a CellData that the mask names were written to it."""
    before: Json = {"userEnteredFormat": cell.format, "note": cell.note, "dataValidation": cell.rule}
    after = {name: value for name, value in before.items() if value}
    if cell.filled:
        after["userEnteredValue"] = {"kept": True}
    masks.assign(after, with_styles(data), mask if "*" not in mask else {name: {} for name in CELL_FIELDS})
    looks = after.get("userEnteredFormat", {})
    new = replace(cell, format=looks, note=after.get("note") or None, rule=after.get("dataValidation"))
    value = after.get("userEnteredValue", {})
    if "kept" in value:
        return new
    entered: Value = next((value[kind] for kind in ("numberValue", "stringValue", "boolValue") if kind in value), None)
    return replace(new, entered=None if entered == "" else entered, formula=value.get("formulaValue"))


def update_cells(book: Book, content: Json, _: str) -> None:
    mask = mask_of(content)
    rows = [row.get("values", []) for row in content.get("rows", [])]
    if "start" in content:
        start = content["start"]
        tab = book.tab_of(start.get("sheetId", 0))
        top, left = start.get("rowIndex", 0), start.get("columnIndex", 0)
        if top < 0 or left < 0:
            raise invalid("start.rowIndex and start.columnIndex must be at least 0.")
        tab.must_start_inside(Area(top, left, top + 1, left + 1))
        area = Area(top, left, min(top + len(rows), tab.rows), tab.columns)
    else:
        tab, area = area_of(book, content.get("range", {}))
        if len(rows) > area.height:
            last = area.top + area.height - 1
            raise invalid(f"Attempting to write row: {last + 1}, beyond the last requested row of: {last}")
    for row, values in enumerate(rows, area.top):
        if len(values) > area.width:
            last = area.left + area.width - 1
            raise invalid(f"Attempting to write column: {last + 1}, beyond the last requested column of: {last}")
        for column, data in enumerate(values, area.left):
            tab.put(row, column, written(tab.cell(row, column), data, mask))
    if "range" in content:  # what the rows don't reach is cleared
        for place in [place for place in tab.cells if area.holds(place)]:
            line = rows[place[0] - area.top] if place[0] - area.top < len(rows) else []
            if place[1] - area.left >= len(line):
                tab.put(*place, written(tab.cells[place], {}, mask))


def append_cells(book: Book, content: Json, _: str) -> None:
    mask, tab = mask_of(content), book.tab_of(content.get("sheetId", 0))
    bottom = max((row for row, _ in tab.cells), default=-1) + 1
    for row, line in enumerate(content.get("rows", []), bottom):
        tab.grid["rowCount"] = max(tab.rows, row + 1)
        for column, data in enumerate(line.get("values", [])):
            tab.grid["columnCount"] = max(tab.columns, column + 1)
            tab.put(row, column, written(EMPTY, data, mask))


def repeat_cell(book: Book, content: Json, _: str) -> None:
    mask = mask_of(content)
    tab, area = area_of(book, content.get("range", {}))
    tab.change(area, lambda _place, cell: written(cell, content.get("cell", {}), mask))


def merge_cells(book: Book, content: Json, _: str) -> None:
    tab, area = area_of(book, content.get("range", {}))
    kind = content.get("mergeType", "MERGE_ALL")
    crossing = [other for other in tab.merges if other.meets(area) and not area.covers(other)]
    if crossing:
        raise invalid("You must select all cells in a merged range to merge or unmerge them.")
    tab.merges = [other for other in tab.merges if not area.covers(other)]
    assert area.bottom is not None and area.right is not None
    if kind == "MERGE_COLUMNS":
        parts = [Area(area.top, at, area.bottom, at + 1) for at in range(area.left, area.right)]
    elif kind == "MERGE_ROWS":
        parts = [Area(at, area.left, at + 1, area.right) for at in range(area.top, area.bottom)]
    else:
        parts = [area]
    for part in parts:
        if part.is_cell:
            continue
        filled = tab.filled(part)
        if filled and filled[0] != part[:2]:
            tab.put(part.top, part.left, tab.cells[filled[0]])
        for place in filled:
            if place != part[:2]:
                tab.put(*place, replace(tab.cells[place], entered=None, formula=None))
        tab.merges.append(part)


def unmerge_cells(book: Book, content: Json, _: str) -> None:
    tab, area = area_of(book, content.get("range", {}))
    if any(other.meets(area) and not area.covers(other) for other in tab.merges):
        raise invalid("You must select all cells in a merged range to merge or unmerge them.")
    tab.merges = [other for other in tab.merges if not area.covers(other)]


PASTED = {
    "PASTE_NORMAL": ("value", "format", "note", "rule"),
    "PASTE_NO_BORDERS": ("value", "format", "note", "rule"),
    "PASTE_VALUES": ("plain",),
    "PASTE_FORMAT": ("format",),
    "PASTE_FORMULA": ("value",),
    "PASTE_DATA_VALIDATION": ("rule",),
}


def pasted(tab: Tab, place: Place, target: Cell, kind: str) -> Cell:
    source, parts = tab.cell(*place), PASTED.get(kind, PASTED["PASTE_NORMAL"])
    new = target
    if "value" in parts:
        new = replace(new, entered=source.entered, formula=source.formula)
    if "plain" in parts:
        new = replace(new, entered=tab.value(*place), formula=None)
    if "format" in parts:
        new = replace(new, format=source.format)
    if "note" in parts:
        new = replace(new, note=source.note)
    return replace(new, rule=source.rule) if "rule" in parts else new


def copy_paste(book: Book, content: Json, _: str) -> None:
    """The source is repeated over a destination that is a multiple of it, as in the program."""
    source_tab, source = area_of(book, content.get("source", {}))
    tab, to = area_of(book, content.get("destination", {}))
    turned = content.get("pasteOrientation") == "TRANSPOSE"
    height, width = (source.width, source.height) if turned else (source.height, source.width)
    tall = to.height if height and to.height % height == 0 else height
    wide = to.width if width and to.width % width == 0 else width
    new: dict[Place, Cell] = {}
    for down in range(tall):
        for right in range(wide):
            from_down, from_right = (right % width, down % height) if turned else (down % height, right % width)
            at, place = (to.top + down, to.left + right), (source.top + from_down, source.left + from_right)
            new[at] = pasted(source_tab, place, tab.cell(*at), content.get("pasteType", "PASTE_NORMAL"))
    for at, cell in new.items():
        if at[0] < tab.rows and at[1] < tab.columns:
            tab.put(*at, cell)


def cut_paste(book: Book, content: Json, _: str) -> None:
    source_tab, source = area_of(book, content.get("source", {}))
    to = content.get("destination", {})
    tab = book.tab_of(to.get("sheetId", 0))
    top, left = to.get("rowIndex", 0), to.get("columnIndex", 0)
    tab.must_start_inside(Area(top, left, top + 1, left + 1))
    kind = content.get("pasteType", "PASTE_NORMAL")
    new = {
        (top + down, left + right): pasted(
            source_tab, (source.top + down, source.left + right), tab.cell(top + down, left + right), kind
        )
        for down in range(source.height)
        for right in range(source.width)
    }
    for place in [place for place in source_tab.cells if source.holds(place)]:
        source_tab.put(*place, EMPTY)
    for place, cell in new.items():
        tab.put(*place, cell)


def sort_range(book: Book, content: Json, _: str) -> None:
    tab, area = area_of(book, content.get("range", {}))
    assert area.bottom is not None and area.right is not None
    lines = [[tab.cell(row, column) for column in range(area.left, area.right)] for row in range(area.top, area.bottom)]
    order = list(range(len(lines)))
    for spec in reversed(content.get("sortSpecs", [])):
        column, down = spec.get("dimensionIndex", 0), spec.get("sortOrder") == "DESCENDING"

        def key(at: int, column: int = column) -> tuple[int, Any]:
            return sort_key(tab.value(area.top + at, column))

        empty = [at for at in order if key(at)[0] == 3]
        order = sorted((at for at in order if key(at)[0] < 3), key=key, reverse=down) + empty
    for row, at in enumerate(order, area.top):
        for column, cell in enumerate(lines[at], area.left):
            tab.put(row, column, cell)


def sort_key(value: Value) -> tuple[int, Any]:
    """Numbers before texts before truths; the empty come last either way."""
    if value is None or value == "":
        return 3, ""
    if isinstance(value, bool):
        return 2, value
    return (1, value.lower()) if isinstance(value, str) else (0, value)


def set_data_validation(book: Book, content: Json, _: str) -> None:
    tab, area = area_of(book, content.get("range", {}))
    rule = {name: value for name, value in content.get("rule", {}).items() if value} or None
    tab.change(area, lambda _place, cell: replace(cell, rule=rule))


def set_basic_filter(book: Book, content: Json, _: str) -> None:
    wanted = dict(content.get("filter", {}))
    tab, area = area_of(book, wanted.get("range", {}))
    tab.basic_filter = wanted | {"range": to_grid_range(tab.sheet_id, area)}


def clear_basic_filter(book: Book, content: Json, _: str) -> None:
    book.tab_of(content.get("sheetId", 0)).basic_filter = None


def find_replace(book: Book, content: Json, _: str) -> Json:
    """In what the cells show; a replaced cell is read again as if it had been typed. No regular expressions."""
    scopes = [name for name in ("range", "sheetId", "allSheets") if content.get(name) not in (None, False)]
    if len(scopes) != 1 or not content.get("find"):
        raise invalid("Must specify a text to find, and exactly one of range, sheetId and allSheets.")
    if content.get("searchByRegex") or content.get("includeFormulas"):
        raise ApiError(501, "The stand-in finds and replaces plain texts only.")
    places = [(tab, place) for tab, area in _scope(book, content) for place in tab.filled(area)]
    shown_text = re.escape(content["find"])
    pattern = re.compile(f"^{shown_text}$" if content.get("matchEntireCell") else shown_text, _case(content))
    changed, times = set[tuple[int, int, int]](), 0
    for tab, place in places:
        cell = tab.cells[place]
        if cell.formula is not None:
            continue
        text, count = pattern.subn(lambda _: content.get("replacement", ""), shown(cell.entered, cell.number_format))
        if count:
            value, formula, _form = typed(text)
            tab.put(*place, replace(cell, entered=None if value == "" else value, formula=formula))
            changed, times = changed | {(tab.sheet_id, *place)}, times + count
    counts = {
        "valuesChanged": len(changed),
        "rowsChanged": len({(sheet, row) for sheet, row, _ in changed}),
        "sheetsChanged": len({sheet for sheet, _, _ in changed}),
        "occurrencesChanged": times,
    }
    return {name: count for name, count in counts.items() if count}


def _scope(book: Book, content: Json) -> list[tuple[Tab, Area]]:
    if "range" in content:
        return [area_of(book, content["range"])]
    tabs = book.tabs if content.get("allSheets") else [book.tab_of(content["sheetId"])]
    return [(tab, Area()) for tab in tabs]


def _case(content: Json) -> int:
    return 0 if content.get("matchCase") else re.IGNORECASE


def change_text(change: Callable[[str], str], book: Book, content: Json, _: str) -> None:
    tab, area = area_of(book, content.get("range", {}))
    for place in tab.filled(area):
        cell = tab.cells[place]
        if isinstance(cell.entered, str):
            tab.put(*place, replace(cell, entered=change(cell.entered)))


HANDLERS: dict[str, Callable[[Book, Json, str], Json | None]] = {
    "updateCells": update_cells,
    "appendCells": append_cells,
    "repeatCell": repeat_cell,
    "mergeCells": merge_cells,
    "unmergeCells": unmerge_cells,
    "copyPaste": copy_paste,
    "cutPaste": cut_paste,
    "sortRange": sort_range,
    "setDataValidation": set_data_validation,
    "setBasicFilter": set_basic_filter,
    "clearBasicFilter": clear_basic_filter,
    "findReplace": find_replace,
    "trimWhitespace": partial(change_text, lambda text: " ".join(text.split())),
}
