"""`spreadsheets.batchUpdate`: requests about sheets, rows, columns and ranges; all of a batch happen, or none."""

from collections.abc import Callable
from typing import Any

from tests.standins.sheets import edits, masks
from tests.standins.sheets.a1 import Area, from_grid_range, to_grid_range
from tests.standins.sheets.book import Book, shown_properties
from tests.standins.sheets.errors import ApiError, invalid
from tests.standins.sheets.tab import MOST_CELLS, Tab

Json = dict[str, Any]


def run(book: Book, body: Json, caller: str, mask: masks.Mask) -> tuple[Book, Json]:
    """The spreadsheet as the requests leave it, and the answer. The one given isn't changed."""
    requests: list[Json] = body.get("requests", [])
    if not requests:
        raise invalid("Must specify at least one request.")
    trial = book.copy()
    replies: list[Json] = []
    for index, request in enumerate(requests):
        if len(request) != 1:
            raise invalid(f"Invalid requests[{index}]: No request set.")
        ((name, content),) = request.items()
        handler = HANDLERS.get(name)
        if handler is None:
            raise ApiError(501, f"The stand-in doesn't know requests[{index}].{name} yet.")
        try:
            reply = handler(trial, content, caller)
        except ApiError as error:
            raise ApiError(error.code, f"Invalid requests[{index}].{name}: {error.message}") from None
        except ValueError as error:
            raise invalid(f"Invalid requests[{index}].{name}: {error}") from None
        trial.settle()
        replies.append({} if reply is None else {name: reply})
    answer: Json = {"spreadsheetId": book.id, "replies": replies}
    if body.get("includeSpreadsheetInResponse"):
        below = mask.get("updatedSpreadsheet", {})
        data = bool(body.get("responseIncludeGridData"))
        answer["updatedSpreadsheet"] = trial.answer(body.get("responseRanges", []), data, below)
    return trial, answer


def add_sheet(book: Book, content: Json, _: str) -> Json:
    tab = book.add_tab(edits.with_styles(content.get("properties", {})))

    must_fit(book)
    return {"properties": shown_properties(tab)}


def delete_sheet(book: Book, content: Json, _: str) -> None:
    tab = book.tab_of(content.get("sheetId", 0))
    if len(book.tabs) == 1:
        raise invalid("You can't remove all the sheets in a document.")
    must_show_one(book, tab)
    book.tabs.remove(tab)
    book.named_ranges = [named for named in book.named_ranges if named["range"].get("sheetId", 0) != tab.sheet_id]


def duplicate_sheet(book: Book, content: Json, _: str) -> Json:
    source = book.tab_of(content.get("sourceSheetId", 0))
    title = content.get("newSheetName") or free_title(book, source.title)
    wanted = {**source.properties, "title": title, "index": content.get("insertSheetIndex", 0)}
    wanted.pop("sheetId")
    if "newSheetId" in content:
        wanted["sheetId"] = content["newSheetId"]
    return {"properties": add_copy(book, source, wanted)}


def add_copy(book: Book, source: Tab, wanted: Json) -> Json:
    """A sheet like the source, with the cells and all."""

    tab, twin = book.add_tab(wanted), source.copy()
    twin.properties = {**twin.properties, **tab.properties, "gridProperties": twin.properties["gridProperties"]}
    twin.protected = []
    if twin.basic_filter and "range" in twin.basic_filter:
        twin.basic_filter["range"]["sheetId"] = twin.sheet_id
    book.tabs[book.tabs.index(tab)] = twin
    book.settle()
    must_fit(book)
    return shown_properties(twin)


def free_title(book: Book, title: str) -> str:
    wanted, number = f"Copy of {title}", 2
    while book.find(wanted):
        wanted, number = f"Copy of {title} {number}", number + 1
    return wanted


def update_sheet_properties(book: Book, content: Json, _: str) -> None:
    wanted = edits.with_styles(content.get("properties", {}))
    mask = edits.mask_of(content)
    tab = book.tab_of(wanted.get("sheetId", 0))
    new: Json = {name: dict(value) if isinstance(value, dict) else value for name, value in tab.properties.items()}
    masks.assign(new, {"index": tab.properties["index"], **wanted} if "*" in mask else wanted, mask)
    kept = {name: tab.properties[name] for name in ("sheetId", "sheetType", "title", "index") if name not in new}
    new |= {**kept, "sheetId": tab.sheet_id}
    other = book.find(new["title"])
    if other is not None and other is not tab:
        raise invalid(f'A sheet with the name "{new["title"]}" already exists. Please enter another name.')
    if not new["title"]:
        raise invalid("The sheet title cannot be empty.")
    grid = {"rowCount": tab.rows, "columnCount": tab.columns, **new.get("gridProperties", {})}
    if grid["rowCount"] < 1 or grid["columnCount"] < 1:
        raise invalid("You can't delete all the rows or columns on the sheet.")
    if grid.get("frozenRowCount", 0) >= grid["rowCount"] or grid.get("frozenColumnCount", 0) >= grid["columnCount"]:
        raise invalid("You can't freeze all visible rows or columns on the sheet.")
    if new.get("hidden") and not tab.properties.get("hidden"):
        must_show_one(book, tab)
    rows, columns = grid["rowCount"], grid["columnCount"]
    new["gridProperties"] = grid | {"rowCount": tab.rows, "columnCount": tab.columns}
    tab.properties = new
    tab.resize(rows, columns)
    must_fit(book)
    if masks.has(mask, "index") and "index" in wanted:
        reorder(book, tab, wanted["index"])


def reorder(book: Book, tab: Tab, index: int) -> None:
    """The index counts before the sheet is taken out of its place, as Google documents it."""
    if index > len(book.tabs):
        raise invalid(f"The sheet index {index} is out of bounds.")
    old = book.tabs.index(tab)
    book.tabs.remove(tab)
    book.tabs.insert(index - 1 if index > old else index, tab)


def must_show_one(book: Book, tab: Tab) -> None:
    if not any(other is not tab and not other.properties.get("hidden") for other in book.tabs):
        raise invalid("You can't hide all the sheets in a document.")


def must_fit(book: Book) -> None:
    if sum(tab.rows * tab.columns for tab in book.tabs) > MOST_CELLS:
        what = "This action would increase the number of cells in the workbook above the limit of"
        raise invalid(f"{what} {MOST_CELLS} cells.")


def update_spreadsheet_properties(book: Book, content: Json, _: str) -> None:
    properties = dict(book.properties)
    masks.assign(properties, content.get("properties", {}), edits.mask_of(content))
    if not properties.get("title"):
        raise invalid("The spreadsheet title cannot be empty.")
    book.properties = properties | {"defaultFormat": book.properties["defaultFormat"]}  # which only Google sets


def span_of(book: Book, span: Json) -> tuple[Tab, str, int, int]:
    tab, dimension = book.tab_of(span.get("sheetId", 0)), span.get("dimension", "DIMENSION_UNSPECIFIED")
    if dimension not in ("ROWS", "COLUMNS"):
        raise invalid("No dimension specified.")
    size = tab.rows if dimension == "ROWS" else tab.columns
    start, end = span.get("startIndex", 0), span.get("endIndex", size)
    if start < 0 or end < start:
        raise invalid(f"startIndex[{start}] must be at least 0, and at most endIndex[{end}].")
    return tab, dimension, start, end


def insert_dimension(book: Book, content: Json, _: str) -> None:
    tab, dimension, start, end = span_of(book, content.get("range", {}))
    from_before = bool(content.get("inheritFromBefore"))
    size = tab.rows if dimension == "ROWS" else tab.columns
    if start > size or end <= start:
        raise invalid(f"range.startIndex[{start}] is too large. Need < {size}" if end > start else "range is empty.")
    if from_before and start == 0:
        raise invalid("inheritFromBefore cannot be true when inserting at index 0.")
    tab.insert(dimension, start, end - start, from_before)
    must_fit(book)


def append_dimension(book: Book, content: Json, _: str) -> None:
    tab, dimension, _start, _end = span_of(book, content)
    length = content.get("length", 0)
    if length < 1:
        raise invalid("length must be at least 1.")
    name = "rowCount" if dimension == "ROWS" else "columnCount"
    tab.grid[name] += length
    must_fit(book)


def delete_dimension(book: Book, content: Json, _: str) -> None:
    tab, dimension, start, end = span_of(book, content.get("range", {}))
    size = tab.rows if dimension == "ROWS" else tab.columns
    if start >= size or end <= start:
        raise invalid(f"Cannot delete {dimension.lower()} {start} to {end}: the sheet has {size}.")
    if start == 0 and end >= size:
        raise invalid(f"You can't delete all the {dimension.lower()} on the sheet.")
    tab.remove(dimension, start, min(end, size))


def move_dimension(book: Book, content: Json, _: str) -> None:
    tab, dimension, start, end = span_of(book, content.get("source", {}))
    tab.move(dimension, start, end, content.get("destinationIndex", 0))


def update_dimension_properties(book: Book, content: Json, _: str) -> None:
    tab, dimension, start, end = span_of(book, content.get("range", {}))
    mask = edits.mask_of(content)
    for index in range(start, end):
        found = dict(tab.metadata[dimension].get(index, {}))
        masks.assign(found, content.get("properties", {}), mask)
        tab.metadata[dimension][index] = {name: value for name, value in found.items() if value}


def auto_resize_dimensions(book: Book, content: Json, _: str) -> None:
    tab, dimension, start, end = span_of(book, content.get("dimensions", {}))
    for index in range(start, end) if dimension == "COLUMNS" else ():
        filled = tab.filled(Area(0, index, None, index + 1))
        widest = max((edits.pixels(tab, place) for place in filled), default=0)
        if widest:
            tab.metadata[dimension].setdefault(index, {})["pixelSize"] = widest


def add_dimension_group(book: Book, content: Json, _: str) -> Json:
    tab, dimension, start, end = span_of(book, content.get("range", {}))
    groups = tab.groups[dimension]
    inside = [g for g in groups if start >= g["range"]["startIndex"] and end <= g["range"]["endIndex"]]
    depth = max((group["depth"] for group in inside), default=0) + 1
    span = {"dimension": dimension, "startIndex": start, "endIndex": end}
    if tab.sheet_id:
        span["sheetId"] = tab.sheet_id
    groups.append({"range": span, "depth": depth})
    tab.grid["rowGroupControlAfter" if dimension == "ROWS" else "columnGroupControlAfter"] = True
    return {"dimensionGroups": groups}


def delete_dimension_group(book: Book, content: Json, _: str) -> Json:
    tab, dimension, start, end = span_of(book, content.get("range", {}))
    groups = [g for g in tab.groups[dimension] if g["range"]["startIndex"] < end and g["range"]["endIndex"] > start]
    if not groups:
        raise invalid("There is no group to delete over the specified dimensions.")
    deepest = max(groups, key=lambda group: int(group["depth"]))
    tab.groups[dimension].remove(deepest)
    left = tab.groups[dimension]
    return {"dimensionGroups": left} if left else {}


def add_named_range(book: Book, content: Json, _: str) -> Json:
    named = dict(content.get("namedRange", {}))
    span = named.get("range", {})
    tab = book.tab_of(span.get("sheetId", 0))
    if any(other["name"] == named.get("name") for other in book.named_ranges):
        raise invalid(f"A named range with the name '{named.get('name')}' already exists.")
    listed = {
        "namedRangeId": named.get("namedRangeId") or str(book.new_id()),
        "name": named.get("name", ""),
        "range": to_grid_range(tab.sheet_id, from_grid_range(span)),
    }
    book.named_ranges.append(listed)
    return {"namedRange": listed}


def delete_named_range(book: Book, content: Json, _: str) -> None:
    name = content.get("namedRangeId")
    if not any(named["namedRangeId"] == name for named in book.named_ranges):
        raise invalid(f"No named range with id: {name}")
    book.named_ranges = [named for named in book.named_ranges if named["namedRangeId"] != name]


def add_protected_range(book: Book, content: Json, caller: str) -> Json:
    wanted = dict(content.get("protectedRange", {}))
    tab = book.tab_of(wanted.get("range", {}).get("sheetId", 0))
    area = to_grid_range(tab.sheet_id, from_grid_range(wanted.get("range", {})))
    people = wanted.get("editors", {}).get("users", [])
    listed = {"protectedRangeId": wanted.get("protectedRangeId") or book.new_id(), "range": area}
    listed |= {name: wanted[name] for name in ("description", "warningOnly") if wanted.get(name)}
    listed |= {"requestingUserCanEdit": True}
    tab.protected.append(listed | {"editors": {"users": [caller, *(p for p in people if p != caller)]}})
    return {"protectedRange": listed | {"editors": {"users": people} if people else {}}}


def delete_protected_range(book: Book, content: Json, _: str) -> None:
    wanted = content.get("protectedRangeId")
    for tab in book.tabs:
        for found in tab.protected:
            if found["protectedRangeId"] == wanted:
                tab.protected.remove(found)
                return
    raise invalid(f"No protected range with ID: {wanted}")


Handler = Callable[[Book, Json, str], Json | None]
HANDLERS: dict[str, Handler] = {
    "addSheet": add_sheet,
    "deleteSheet": delete_sheet,
    "duplicateSheet": duplicate_sheet,
    "updateSheetProperties": update_sheet_properties,
    "updateSpreadsheetProperties": update_spreadsheet_properties,
    "insertDimension": insert_dimension,
    "appendDimension": append_dimension,
    "deleteDimension": delete_dimension,
    "moveDimension": move_dimension,
    "updateDimensionProperties": update_dimension_properties,
    "autoResizeDimensions": auto_resize_dimensions,
    "addDimensionGroup": add_dimension_group,
    "deleteDimensionGroup": delete_dimension_group,
    "addNamedRange": add_named_range,
    "deleteNamedRange": delete_named_range,
    "addProtectedRange": add_protected_range,
    "deleteProtectedRange": delete_protected_range,
    **edits.HANDLERS,
}
