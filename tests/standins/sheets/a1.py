"""A1 notation, such as `'My sheet'!A2:C`, and the areas of a grid that it names."""

import re
from typing import Any, NamedTuple

CORNER = re.compile(r"\$?([A-Za-z]{0,3})\$?([1-9]\d{0,7})?")
R1C1 = re.compile(r"R(\d+)C(\d+)(?::R(\d+)C(\d+))?", re.IGNORECASE)
PLAIN_TITLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class Area(NamedTuple):
    """Half-open rows and columns, from 0; None is no end."""

    top: int = 0
    left: int = 0
    bottom: int | None = None
    right: int | None = None

    def clip(self, rows: int, columns: int) -> "Area":
        """The part inside a grid of that size, with every end known."""
        bottom = rows if self.bottom is None else min(self.bottom, rows)
        right = columns if self.right is None else min(self.right, columns)
        return Area(self.top, self.left, bottom, right)

    @property
    def height(self) -> int:
        assert self.bottom is not None
        return max(0, self.bottom - self.top)

    @property
    def width(self) -> int:
        assert self.right is not None
        return max(0, self.right - self.left)

    @property
    def is_cell(self) -> bool:
        return self.bottom == self.top + 1 and self.right == self.left + 1

    def holds(self, place: tuple[int, int]) -> bool:
        row, column = place
        below = self.bottom is not None and row >= self.bottom
        beyond = self.right is not None and column >= self.right
        return row >= self.top and column >= self.left and not below and not beyond

    def meets(self, other: "Area") -> bool:
        apart = (
            (self.bottom is not None and other.top >= self.bottom)
            or (other.bottom is not None and self.top >= other.bottom)
            or (self.right is not None and other.left >= self.right)
            or (other.right is not None and self.left >= other.right)
        )
        return not apart

    def covers(self, other: "Area") -> bool:
        below = self.bottom is None or (other.bottom is not None and other.bottom <= self.bottom)
        beyond = self.right is None or (other.right is not None and other.right <= self.right)
        return other.top >= self.top and other.left >= self.left and below and beyond


def column_name(index: int) -> str:
    """0 is A, 26 is AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def column_index(name: str) -> int:
    index = 0
    for letter in name.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def split_title(text: str) -> tuple[str | None, str]:
    """`'It''s'!A1` is ("It's", "A1"); a text without a sheet's title has None."""
    if text.startswith("'"):
        quoted = re.fullmatch(r"'((?:[^']|'')*)'(?:!(.*))?", text, re.DOTALL)
        if quoted:
            return quoted[1].replace("''", "'"), quoted[2] or ""
    if "!" in text:
        title, _, area = text.rpartition("!")
        return title, area
    return None, text


def parse_area(text: str) -> Area | None:
    """What `A1:B2`, `A:B`, `2:3`, `A2:C`, `A2:2` or `R1C1:R2C2` names; None where it is no such thing."""
    if numbers := R1C1.fullmatch(text):
        top, left = int(numbers[1]) - 1, int(numbers[2]) - 1
        bottom, right = int(numbers[3] or numbers[1]), int(numbers[4] or numbers[2])
        return Area(top, left, bottom, right) if min(top, left) >= 0 and bottom > top and right > left else None
    corners = text.split(":")
    if len(corners) > 2:
        return None
    found = [CORNER.fullmatch(corner) for corner in corners]
    if not all(corner and corner[0] for corner in found):
        return None
    ends = [(corner[1], corner[2]) for corner in found if corner]
    if len(ends) == 1:
        if not all(ends[0]):
            return None
        ends *= 2
    columns = sorted(column_index(name) for name, _ in ends if name)
    rows = sorted(int(row) - 1 for _, row in ends if row)
    return Area(
        rows[0] if rows else 0,
        columns[0] if columns else 0,
        rows[1] + 1 if len(rows) == 2 else None,
        columns[1] + 1 if len(columns) == 2 else None,
    )


def write_title(title: str) -> str:
    """The title as Google writes it before `!`: in quotes where it could be misread."""
    if PLAIN_TITLE.fullmatch(title) and not parse_area(title):
        return title
    return "'" + title.replace("'", "''") + "'"


def write_area(area: Area) -> str:
    """`D4` or `A1:C2`; an end that is open is left away."""
    start = f"{column_name(area.left)}{area.top + 1}"
    if area.is_cell:
        return start
    end = (column_name(area.right - 1) if area.right else "") + (str(area.bottom) if area.bottom else "")
    return f"{start}:{end}"


def write(title: str, area: Area) -> str:
    return f"{write_title(title)}!{write_area(area)}"


def from_grid_range(grid: dict[str, Any]) -> Area:
    """Raises ValueError for a range that ends before it begins, or begins before the grid."""
    top, left = grid.get("startRowIndex", 0), grid.get("startColumnIndex", 0)
    area = Area(top, left, grid.get("endRowIndex"), grid.get("endColumnIndex"))
    for start, end in ((area.top, area.bottom), (area.left, area.right)):
        if start < 0 or (end is not None and end < start):
            raise ValueError(f"startIndex[{start}] must be at least 0, and at most endIndex[{end}].")
    return area


def to_grid_range(sheet_id: int, area: Area) -> dict[str, int]:
    """As the API answers: no id where it is 0, no end where there is none."""
    grid = {"sheetId": sheet_id} if sheet_id else {}
    grid |= {"startRowIndex": area.top}
    if area.bottom is not None:
        grid["endRowIndex"] = area.bottom
    grid["startColumnIndex"] = area.left
    if area.right is not None:
        grid["endColumnIndex"] = area.right
    return grid
