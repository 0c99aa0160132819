"""A spreadsheet: its sheets, its named ranges, who may see it, and how it answers `spreadsheets.get`."""

import random
from dataclasses import dataclass, field
from typing import Any

from tests.standins.sheets import masks
from tests.standins.sheets.a1 import Area, parse_area, split_title, to_grid_range
from tests.standins.sheets.cells import Cell, Value, plain, shown
from tests.standins.sheets.errors import invalid
from tests.standins.sheets.tab import Tab

ROW_PIXELS, COLUMN_PIXELS = 21, 100


def rgb(red: float = 0, green: float = 0, blue: float = 0) -> dict[str, float]:
    """A colour as the API answers it: what is 0 is left away."""
    return {name: value for name, value in (("red", red), ("green", green), ("blue", blue)) if value}


def styled(**colour: float) -> dict[str, Any]:
    return {"rgbColor": rgb(**colour)}


WHITE = {"red": 1.0, "green": 1.0, "blue": 1.0}
DEFAULT_FORMAT: dict[str, Any] = {
    "backgroundColor": rgb(**WHITE),
    "padding": {"top": 2, "right": 3, "bottom": 2, "left": 3},
    "verticalAlignment": "BOTTOM",
    "wrapStrategy": "OVERFLOW_CELL",
    "textFormat": {
        "foregroundColor": {},
        "fontFamily": "arial,sans,sans-serif",
        "fontSize": 10,
        **dict.fromkeys(("bold", "italic", "strikethrough", "underline"), False),
        "foregroundColorStyle": styled(),
    },
    "backgroundColorStyle": styled(**WHITE),
}
THEME = {
    "TEXT": rgb(),
    "BACKGROUND": rgb(**WHITE),
    "ACCENT1": rgb(0.25882354, 0.52156866, 0.95686275),
    "ACCENT2": rgb(0.91764706, 0.2627451, 0.20784314),
    "ACCENT3": rgb(0.9843137, 0.7372549, 0.015686275),
    "ACCENT4": rgb(0.20392157, 0.65882355, 0.3254902),
    "ACCENT5": rgb(1, 0.42745098, 0.003921569),
    "ACCENT6": rgb(0.27450982, 0.7411765, 0.7764706),
    "LINK": rgb(0.06666667, 0.33333334, 0.8),
}


@dataclass
class Book:
    """`people` may read or write ("reader", "writer", "owner"); `link` is what anyone with the link may do."""

    id: str
    properties: dict[str, Any]
    tabs: list[Tab] = field(default_factory=list)
    named_ranges: list[dict[str, Any]] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    link: str = ""
    maker: str = ""  # the application that made it: what the scope drive.file may see
    numbers: random.Random = field(default_factory=random.Random, repr=False)

    @classmethod
    def new(
        cls, book_id: str, title: str = "Untitled spreadsheet", sheets: list[dict[str, Any]] | None = None
    ) -> "Book":
        properties = {
            "title": title, "locale": "en_US", "autoRecalc": "ON_CHANGE", "timeZone": "Etc/GMT",
            "defaultFormat": DEFAULT_FORMAT,
            "spreadsheetTheme": {
                "primaryFontFamily": "Arial",
                "themeColors": [{"colorType": name, "color": {"rgbColor": c}} for name, c in THEME.items()],
            },
        }  # fmt: skip
        book = cls(book_id, properties, numbers=random.Random(book_id))
        for index, sheet in enumerate(sheets or [{"properties": {"sheetId": 0}}]):
            book.add_tab({"title": f"Sheet{index + 1}", **sheet.get("properties", {})})
        return book

    # Sheets

    def add_tab(self, wanted: dict[str, Any]) -> Tab:
        """A new sheet by SheetProperties; what they leave open is as Google fills it."""
        number = len(self.tabs) + 1
        while wanted.get("title") is None and self.find(f"Sheet{number}"):
            number += 1
        title = wanted.get("title") or f"Sheet{number}"
        if self.find(title):
            raise invalid(f'A sheet with the name "{title}" already exists. Please enter another name.')
        sheet_id = wanted["sheetId"] if "sheetId" in wanted else self.new_id()
        if any(tab.sheet_id == sheet_id for tab in self.tabs):
            raise invalid(f"Sheet with ID {sheet_id} already exists.")
        grid = {"rowCount": 1000, "columnCount": 26, **wanted.get("gridProperties", {})}
        if grid["rowCount"] < 1 or grid["columnCount"] < 1:
            raise invalid("gridProperties.rowCount and gridProperties.columnCount must be at least 1.")
        properties = {**wanted, "sheetId": sheet_id, "title": title, "sheetType": "GRID", "gridProperties": grid}
        tab = Tab(properties)
        self.tabs.insert(min(wanted.get("index", len(self.tabs)), len(self.tabs)), tab)
        self.settle()
        return tab

    def settle(self) -> None:
        """Number the sheets in their order, and let formulas find their neighbours."""
        for index, tab in enumerate(self.tabs):
            tab.properties["index"] = index
            tab.neighbours = {other.title: other for other in self.tabs}

    def new_id(self) -> int:
        return self.numbers.randrange(1, 2**31)

    def find(self, title: str) -> Tab | None:
        return next((tab for tab in self.tabs if tab.title.lower() == title.lower()), None)

    def tab_of(self, sheet_id: int) -> Tab:
        for tab in self.tabs:
            if tab.sheet_id == sheet_id:
                return tab
        raise invalid(f"No sheet with id: {sheet_id}")

    def resolve(self, text: str) -> tuple[Tab, Area]:
        """The sheet and the area that a range in A1 notation or a named range names."""
        title, rest = split_title(text)
        if title is None and (tab := self.find(text)):
            return tab, Area()
        named = next((named for named in self.named_ranges if named["name"] == rest), None)
        if named:
            span = named["range"]
            ends = span.get("endRowIndex"), span.get("endColumnIndex")
            area = Area(span.get("startRowIndex", 0), span.get("startColumnIndex", 0), *ends)
            return self.tab_of(span.get("sheetId", 0)), area
        found_tab = self.tabs[0] if title is None else self.find(title)
        found = Area() if title is not None and not rest else parse_area(rest)
        if found_tab is None or found is None:
            raise invalid(f"Unable to parse range: {text}")
        return found_tab, found

    def copy(self) -> "Book":
        """So that a batch of requests can be tried and thrown away."""
        twin = Book(
            self.id, dict(self.properties), [tab.copy() for tab in self.tabs],
            [{**named, "range": dict(named["range"])} for named in self.named_ranges],
            self.people, self.link, self.maker, self.numbers,
        )  # fmt: skip
        twin.settle()
        return twin

    # Answers

    def answer(self, ranges: list[str], grid_data: bool, mask: masks.Mask) -> dict[str, Any]:
        """The Spreadsheet resource; a mask decides about grid data where there is one."""
        wanted = [self.resolve(text) for text in ranges]
        for tab, area in wanted:
            tab.must_start_inside(area)
        with_data = masks.has(mask, "sheets", "data") if mask else grid_data
        sheets = []
        for tab in self.tabs:
            areas = [area for other, area in wanted if other is tab]
            if areas or not wanted:
                sheets.append(self._sheet(tab, areas or [Area()], with_data))
        resource: dict[str, Any] = {"spreadsheetId": self.id, "properties": self.properties, "sheets": sheets}
        if self.named_ranges:
            resource["namedRanges"] = self.named_ranges
        resource["spreadsheetUrl"] = f"https://docs.google.com/spreadsheets/d/{self.id}/edit"
        return dict(masks.select(mask, resource))

    def _sheet(self, tab: Tab, areas: list[Area], with_data: bool) -> dict[str, Any]:
        sheet: dict[str, Any] = {"properties": shown_properties(tab)}
        if with_data:
            sheet["data"] = [self._data(tab, area.clip(tab.rows, tab.columns)) for area in areas]
        merges = [area for area in tab.merges if any(area.meets(wanted) for wanted in areas)]
        listed = {
            "merges": [to_grid_range(tab.sheet_id, area) for area in merges],
            "protectedRanges": tab.protected,
            "basicFilter": tab.basic_filter,
            "rowGroups": tab.groups["ROWS"],
            "columnGroups": tab.groups["COLUMNS"],
        }
        return sheet | {name: value for name, value in listed.items() if value}

    def _data(self, tab: Tab, area: Area) -> dict[str, Any]:
        assert area.bottom is not None and area.right is not None
        rows: dict[int, dict[int, Cell]] = {}
        for place, cell in tab.cells.items():
            if area.holds(place):
                rows.setdefault(place[0], {})[place[1]] = cell
        listed = []
        for row in range(area.top, max(rows, default=area.top - 1) + 1):
            found = rows.get(row, {})
            columns = range(area.left, max(found, default=area.left - 1) + 1)
            values = [self.cell_data(tab, row, column) if column in found else {} for column in columns]
            listed.append({"values": values} if values else {})
        start = {name: at for name, at in (("startRow", area.top), ("startColumn", area.left)) if at}
        return start | ({"rowData": listed} if listed else {}) | {
            "rowMetadata": [
                {"pixelSize": ROW_PIXELS, **tab.metadata["ROWS"].get(row, {})} for row in range(area.top, area.bottom)
            ],
            "columnMetadata": [
                {"pixelSize": COLUMN_PIXELS, **tab.metadata["COLUMNS"].get(column, {})}
                for column in range(area.left, area.right)
            ],
        }  # fmt: skip

    def cell_data(self, tab: Tab, row: int, column: int) -> dict[str, Any]:
        """A CellData."""
        cell, data = tab.cell(row, column), dict[str, Any]()
        if cell.filled:
            value = tab.value(row, column)
            formula = {"formulaValue": cell.formula}
            data["userEnteredValue"] = formula if cell.formula is not None else extended(value)
            data["effectiveValue"] = extended(value)
            data["formattedValue"] = shown(value, cell.number_format)
        if cell.format:
            data["userEnteredFormat"] = cell.format
        if cell.filled or cell.format:
            data["effectiveFormat"] = {**self.properties["defaultFormat"], **cell.format}
        if cell.note is not None:
            data["note"] = cell.note
        if cell.rule is not None:
            data["dataValidation"] = cell.rule
        return data


def extended(value: Value) -> dict[str, Any]:
    """An ExtendedValue; what a formula shows as #… is an error."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int | float):
        return {"numberValue": plain(value)}
    kinds = {"#DIV/0!": "DIVIDE_BY_ZERO", "#REF!": "REF", "#NAME?": "NAME", "#VALUE!": "VALUE", "#ERROR!": "ERROR"}
    if value in kinds:
        return {"errorValue": {"type": kinds[str(value)], "message": str(value)}}
    return {"stringValue": value or ""}


def shown_properties(tab: Tab) -> dict[str, Any]:
    """SheetProperties as they are answered: without what is false or 0 by default."""
    always = ("sheetId", "title", "index")
    properties = {name: value for name, value in tab.properties.items() if value or name in always}
    return properties | {"gridProperties": {name: value for name, value in tab.grid.items() if value}}
