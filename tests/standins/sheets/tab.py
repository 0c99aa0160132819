"""One sheet of a spreadsheet: its grid of cells, and what happens when rows and columns come and go."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.standins.sheets.a1 import Area, write
from tests.standins.sheets.cells import EMPTY, Cell, Value
from tests.standins.sheets.errors import invalid
from tests.standins.sheets.formula import evaluate

Place = tuple[int, int]  # row, column, from 0
MOST_CELLS = 10_000_000


@dataclass
class Tab:
    """`properties` are SheetProperties as the API answers them; cells that hold nothing are not in `cells`."""

    properties: dict[str, Any]
    cells: dict[Place, Cell] = field(default_factory=dict)
    merges: list[Area] = field(default_factory=list)
    metadata: dict[str, dict[int, dict[str, Any]]] = field(default_factory=lambda: {"ROWS": {}, "COLUMNS": {}})
    groups: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"ROWS": [], "COLUMNS": []})
    protected: list[dict[str, Any]] = field(default_factory=list)
    basic_filter: dict[str, Any] | None = None
    neighbours: dict[str, "Tab"] = field(default_factory=dict, repr=False)  # by title, itself among them

    @property
    def sheet_id(self) -> int:
        return int(self.properties["sheetId"])

    @property
    def title(self) -> str:
        return str(self.properties["title"])

    @property
    def grid(self) -> dict[str, Any]:
        found: dict[str, Any] = self.properties["gridProperties"]
        return found

    @property
    def rows(self) -> int:
        return int(self.grid["rowCount"])

    @property
    def columns(self) -> int:
        return int(self.grid["columnCount"])

    def copy(self) -> "Tab":
        """So that a batch of requests can be tried and thrown away; cells are shared, being immutable."""
        return Tab(
            copy.deepcopy(self.properties), dict(self.cells), list(self.merges), copy.deepcopy(self.metadata),
            copy.deepcopy(self.groups), copy.deepcopy(self.protected), copy.deepcopy(self.basic_filter),
        )  # fmt: skip

    # Cells

    def cell(self, row: int, column: int) -> Cell:
        return self.cells.get((row, column), EMPTY)

    def value(self, row: int, column: int, depth: int = 0) -> Value:
        """The effective value, formulas worked out."""
        cell = self.cell(row, column)
        return evaluate(cell.formula, self, depth) if cell.formula is not None else cell.entered

    def put(self, row: int, column: int, cell: Cell) -> None:
        if cell == EMPTY:
            self.cells.pop((row, column), None)
        else:
            self.cells[row, column] = cell

    def enter(self, row: int, column: int, value: Value, formula: str | None, form: dict[str, str] | None) -> None:
        """Write a value; what lies under a merge goes nowhere, a cell's own number format stays."""
        if any(area.holds((row, column)) and (row, column) != area[:2] for area in self.merges):
            return
        cell = self.cell(row, column)
        looks = cell.format
        if form and "numberFormat" not in looks:
            looks = {**looks, "numberFormat": form}
        entered = None if value == "" else value
        self.put(row, column, replace(cell, entered=entered, formula=formula, format=looks))

    def change(self, area: Area, edit: Callable[[Place, Cell], Cell]) -> None:
        """Every cell of the area, the empty ones too."""
        area = area.clip(self.rows, self.columns)
        assert area.bottom is not None and area.right is not None
        for row in range(area.top, area.bottom):
            for column in range(area.left, area.right):
                self.put(row, column, edit((row, column), self.cell(row, column)))

    def clear_values(self, area: Area) -> None:
        for place in [place for place in self.cells if area.holds(place)]:
            self.put(*place, replace(self.cells[place], entered=None, formula=None))

    def filled(self, area: Area) -> list[Place]:
        if area.bottom is not None and area.right is not None and area.height * area.width < len(self.cells):
            rows, columns = range(area.top, area.bottom), range(area.left, area.right)
            return [(row, column) for row in rows for column in columns if self.cell(row, column).filled]
        return sorted(place for place, cell in self.cells.items() if cell.filled and area.holds(place))

    # The grid

    def must_start_inside(self, area: Area, within: str = "") -> None:
        if area.top >= self.rows or area.left >= self.columns:
            raise self.beyond(area, within)

    def beyond(self, area: Area, within: str = "") -> Exception:
        size = f"Max rows: {self.rows}, max columns: {self.columns}"
        return invalid(f"{within}Range ({write(self.title, area)}) exceeds grid limits. {size}")

    def resize(self, rows: int, columns: int) -> None:
        if rows < self.rows:
            self.remove("ROWS", rows, self.rows)
        if columns < self.columns:
            self.remove("COLUMNS", columns, self.columns)
        self.grid["rowCount"], self.grid["columnCount"] = rows, columns

    def insert(self, dimension: str, start: int, count: int, from_before: bool = False) -> None:
        """New rows or columns before `start`; they look like the ones before or after."""
        self._renumber(dimension, lambda index: index + count if index >= start else index)
        self._reshape(dimension, lambda edge, is_end: edge + count if edge > start - (not is_end) else edge)
        self._count(dimension, self._size(dimension) + count)
        model = start - 1 if from_before else start + count
        for row, column in [place for place in self.cells if place[dimension == "COLUMNS"] == model]:
            looks = self.cells[row, column].format
            for index in range(start, start + count) if looks else ():
                self.put(*((index, column) if dimension == "ROWS" else (row, index)), Cell(format=looks))

    def remove(self, dimension: str, start: int, end: int) -> None:
        count = end - start
        axis = dimension == "COLUMNS"
        self.cells = {place: cell for place, cell in self.cells.items() if not start <= place[axis] < end}
        self.metadata[dimension] = {i: m for i, m in self.metadata[dimension].items() if not start <= i < end}
        self._renumber(dimension, lambda index: index - count if index >= end else index)
        self._reshape(dimension, lambda edge, _: edge - count if edge >= end else min(edge, start))
        self._count(dimension, self._size(dimension) - count)
        frozen = "frozenRowCount" if dimension == "ROWS" else "frozenColumnCount"
        kept = min(self.grid.get(frozen, 0), self._size(dimension))
        if frozen in self.grid:
            self.grid[frozen] = kept

    def move(self, dimension: str, start: int, end: int, to: int) -> None:
        """Rows or columns start..end come to stand before `to`, as it was numbered before."""
        order = list(range(self._size(dimension)))
        moved = order[start:end]
        rest = [index for index in order if not start <= index < end]
        at = to if to <= start else to - len(moved)
        order = rest[:at] + moved + rest[at:]
        place_of = {old: new for new, old in enumerate(order)}
        self._renumber(dimension, lambda index: place_of[index])

    def _size(self, dimension: str) -> int:
        return self.rows if dimension == "ROWS" else self.columns

    def _count(self, dimension: str, size: int) -> None:
        self.grid["rowCount" if dimension == "ROWS" else "columnCount"] = size

    def _renumber(self, dimension: str, new: Callable[[int], int]) -> None:
        if dimension == "ROWS":
            self.cells = {(new(row), column): cell for (row, column), cell in self.cells.items()}
        else:
            self.cells = {(row, new(column)): cell for (row, column), cell in self.cells.items()}
        self.metadata[dimension] = {new(index): found for index, found in self.metadata[dimension].items()}

    def _reshape(self, dimension: str, edge: Callable[[int, bool], int]) -> None:
        """Move the edges of merges, groups, protected ranges and the filter."""

        def shift(area: Area) -> Area:
            top, left, bottom, right = area
            if dimension == "ROWS":
                return Area(edge(top, False), left, None if bottom is None else edge(bottom, True), right)
            return Area(top, edge(left, False), bottom, None if right is None else edge(right, True))

        self.merges = [area for area in map(shift, self.merges) if area.height and area.width and not area.is_cell]
        for group in self.groups[dimension]:
            span = group["range"]
            span["startIndex"], span["endIndex"] = edge(span["startIndex"], False), edge(span["endIndex"], True)
        self.groups[dimension] = [
            g for g in self.groups[dimension] if g["range"]["endIndex"] > g["range"]["startIndex"]
        ]
        names = ("startRowIndex", "endRowIndex") if dimension == "ROWS" else ("startColumnIndex", "endColumnIndex")
        for held in self._ranges():
            for name in names:
                if name in held:
                    held[name] = edge(held[name], name.startswith("end"))

    def _ranges(self) -> Iterable[dict[str, Any]]:
        yield from (found["range"] for found in self.protected if "range" in found)
        if self.basic_filter and "range" in self.basic_filter:
            yield self.basic_filter["range"]
