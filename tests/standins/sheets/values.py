"""`spreadsheets.values`: read, update, append, clear."""

from collections import deque
from collections.abc import Sequence
from typing import Any

from tests.standins.sheets.a1 import Area, column_name, write
from tests.standins.sheets.book import Book
from tests.standins.sheets.cells import DATE_KINDS, LONGEST, Value, plain, shown, typed
from tests.standins.sheets.errors import ApiError, invalid
from tests.standins.sheets.tab import Place, Tab

Json = dict[str, Any]
Table = list[list[Any]]


def get(book: Book, text: str, options: Json) -> Json:
    """values.get: a ValueRange."""
    tab, area = book.resolve(text)
    tab.must_start_inside(area)
    return value_range(tab, area.clip(tab.rows, tab.columns), options)


def batch_get(book: Book, ranges: Sequence[str], options: Json) -> Json:
    answer: Json = {"spreadsheetId": book.id}
    if ranges:
        answer["valueRanges"] = [get(book, text, options) for text in ranges]
    return answer


def value_range(tab: Tab, area: Area, options: Json, prefix: str = "") -> Json:
    """The values of an area, without the empty cells and rows that end it."""
    assert area.bottom is not None and area.right is not None

    def option(name: str, default: str) -> str:
        found = options.get(prefix + name if not prefix else prefix + name[0].upper() + name[1:])
        return default if not found or found.endswith("UNSPECIFIED") else str(found)

    render = option("valueRenderOption", "FORMATTED_VALUE")
    dates = option("dateTimeRenderOption", "SERIAL_NUMBER")
    by_columns = not prefix and option("majorDimension", "ROWS") == "COLUMNS"
    rows: dict[int, dict[int, Any]] = {}
    for row, column in tab.filled(area):
        line, item = (column - area.left, row - area.top) if by_columns else (row - area.top, column - area.left)
        rows.setdefault(line, {})[item] = rendered(tab, (row, column), render, dates)
    answer: Json = {"range": write(tab.title, area), "majorDimension": "COLUMNS" if by_columns else "ROWS"}
    if rows:
        lines = [rows.get(line, {}) for line in range(max(rows) + 1)]
        answer["values"] = [[line.get(item, "") for item in range(max(line, default=-1) + 1)] for line in lines]
    return answer


def rendered(tab: Tab, place: Place, render: str, dates: str) -> Value:
    cell, value = tab.cell(*place), tab.value(*place)
    if render == "FORMATTED_VALUE":
        return shown(value, cell.number_format)
    if render == "FORMULA" and cell.formula is not None:
        return cell.formula
    is_date = cell.number_format.get("type") in DATE_KINDS and isinstance(value, int | float)
    if is_date and dates == "FORMATTED_STRING":
        return shown(value, cell.number_format)
    return plain(value)


def update(book: Book, text: str, body: Json, options: Json) -> Json:
    """values.update. The cells that are null are left as they are."""
    input_option(options)
    tab, area = book.resolve(body.get("range", text))
    if "range" in body and book.resolve(text) != (tab, area):
        raise invalid(f"Requested writing within range [{text}], but the body's range is [{body['range']}].")
    return written(book, tab, area, body, options)[0]


def batch_update(book: Book, body: Json) -> Json:
    input_option(body)
    answer: Json = {"spreadsheetId": book.id}
    responses: list[Json] = []
    rows: set[tuple[int, int]] = set()
    columns: set[tuple[int, int]] = set()
    for index, data in enumerate(body.get("data", [])):
        try:
            tab, area = book.resolve(data.get("range", ""))
            response, places = written(book, tab, area, data, body)
        except ApiError as error:
            raise ApiError(error.code, f"Invalid data[{index}]: {error.message}") from None
        responses.append(response)
        rows |= {(tab.sheet_id, row) for row, _ in places}
        columns |= {(tab.sheet_id, column) for _, column in places}
    totals = {
        "totalUpdatedRows": len(rows),
        "totalUpdatedColumns": len(columns),
        "totalUpdatedCells": sum(response.get("updatedCells", 0) for response in responses),
        "totalUpdatedSheets": len({sheet for sheet, _ in rows}),
    }
    answer |= {name: total for name, total in totals.items() if total}
    return answer | ({"responses": responses} if responses else {})


def append(book: Book, text: str, body: Json, options: Json) -> Json:
    """values.append: after the last table that lies in the range, or at its start where there is none."""
    input_option(options)
    tab, area = book.resolve(text)
    tab.must_start_inside(area)
    lines = table_of(body)
    found = last_table(tab, area)
    start = (found.bottom or 0, found.left) if found else (area.top, area.left)
    width = max((len(line) for line in lines), default=0)
    if options.get("insertDataOption") == "INSERT_ROWS" and found and lines and start[0] < tab.rows:
        tab.insert("ROWS", start[0], len(lines), from_before=True)
    tab.grid["rowCount"] = max(tab.rows, start[0] + len(lines))
    tab.grid["columnCount"] = max(tab.columns, start[1] + width)
    answer: Json = {"spreadsheetId": book.id}
    if found:
        answer["tableRange"] = write(tab.title, found)
    cell = Area(start[0], start[1], start[0] + 1, start[1] + 1)
    answer["updates"] = written(book, tab, cell, body, options)[0]
    return answer


def clear(book: Book, text: str) -> Json:
    tab, area = book.resolve(text)
    tab.must_start_inside(area)
    area = area.clip(tab.rows, tab.columns)
    tab.clear_values(area)
    return {"spreadsheetId": book.id, "clearedRange": write(tab.title, area)}


def batch_clear(book: Book, body: Json) -> Json:
    cleared = []
    for index, text in enumerate(body.get("ranges", [])):
        try:
            cleared.append(clear(book, text)["clearedRange"])
        except ApiError as error:
            raise ApiError(error.code, f"Invalid ranges[{index}]: {error.message}") from None
    return {"spreadsheetId": book.id} | ({"clearedRanges": cleared} if cleared else {})


def input_option(options: Json) -> None:
    if options.get("valueInputOption", "INPUT_VALUE_OPTION_UNSPECIFIED") == "INPUT_VALUE_OPTION_UNSPECIFIED":
        raise invalid("'valueInputOption' is required but not specified")


def table_of(body: Json) -> Table:
    """The values of a ValueRange by rows, each one checked."""
    lines: Table = body.get("values", [])
    for line, items in enumerate(lines):
        for index, item in enumerate(items):
            if isinstance(item, list | dict):
                kind = "list_value" if isinstance(item, list) else "struct_value"
                raise invalid(f"Invalid values[{line}][{index}]: {kind} {{\n}}\n")
            if isinstance(item, str) and len(item) > LONGEST:
                raise invalid("Your input contains more than the maximum of 50000 characters in a single cell.")
    if body.get("majorDimension") == "COLUMNS":
        height = max((len(items) for items in lines), default=0)
        return [[items[at] if at < len(items) else None for items in lines] for at in range(height)]
    return lines


def written(book: Book, tab: Tab, area: Area, body: Json, options: Json) -> tuple[Json, list[Place]]:
    """Write the values of a ValueRange into the area, and an UpdateValuesResponse about it."""
    tab.must_start_inside(area)
    lines = table_of(body)
    height, width = len(lines), max((len(line) for line in lines), default=0)
    limit = Area(area.top, area.left) if area.is_cell else area
    for edge, size, name in ((limit.bottom, area.top + height, "row"), (limit.right, area.left + width, "column")):
        if edge is not None and size > edge:
            at = str(edge + 1) if name == "row" else column_name(edge)
            within = f"Requested writing within range [{write(tab.title, area)}]"
            raise invalid(f"{within}, but tried writing to {name} [{at}]")
    target = Area(area.top, area.left, area.top + max(height, 1), area.left + max(width, 1))
    if target.bottom > tab.rows or target.right > tab.columns:  # type: ignore[operator]
        raise tab.beyond(target)
    places = []
    for row, line in enumerate(lines, area.top):
        for column, item in enumerate(line, area.left):
            if item is not None:
                tab.enter(row, column, *entered(item, options["valueInputOption"]))
                places.append((row, column))
    answer: Json = {"spreadsheetId": book.id, "updatedRange": write(tab.title, target)}
    counts = {
        "updatedRows": len({row for row, _ in places}),
        "updatedColumns": len({column for _, column in places}),
        "updatedCells": len(places),
    }
    answer |= {name: count for name, count in counts.items() if count}
    if options.get("includeValuesInResponse"):
        answer["updatedData"] = value_range(tab, target, options, "response")
    return answer, places


def entered(item: Any, option: str) -> tuple[Value, str | None, dict[str, str] | None]:
    if isinstance(item, str) and option == "USER_ENTERED":
        return typed(item)
    return (float(item) if isinstance(item, int) and not isinstance(item, bool) else item), None, None


def last_table(tab: Tab, area: Area) -> Area | None:
    """The block of filled cells that ends lowest among those that reach into the area."""
    inside = tab.filled(area)
    if not inside:
        return None
    lowest = inside[-1][0]
    start = next(place for place in inside if place[0] == lowest)
    filled = set(tab.filled(Area()))
    block: set[Place] = set()
    edge = deque([start])
    while edge:
        while edge:
            row, column = edge.popleft()
            if (row, column) in block:
                continue
            block.add((row, column))
            around = ((row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1))
            edge.extend(place for place in around if place in filled and place not in block)
        rows, columns = [row for row, _ in block], [column for _, column in block]
        bounds = Area(min(rows), min(columns), max(rows) + 1, max(columns) + 1)
        halo = Area(bounds.top - 1, bounds.left - 1, max(rows) + 2, max(columns) + 2)
        edge.extend(place for place in filled - block if halo.holds(place))
    return bounds
