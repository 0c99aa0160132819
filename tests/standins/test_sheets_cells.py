"""How the Sheets stand-in understands what is typed, shows what is there, and reads A1 notation."""

from typing import Any

import pytest

from tests.standins.sheets import values
from tests.standins.sheets.a1 import Area, column_name, parse_area, split_title, write, write_title
from tests.standins.sheets.book import Book
from tests.standins.sheets.cells import shown, typed


@pytest.mark.parametrize(
    ("text", "raw", "seen"),
    [
        ("0042", 42, "42"),
        ("1,234.5", 1234.5, "1,234.50"),
        ("12.5%", 0.125, "12.50%"),
        ("$3", 3, "$3"),
        ("2020-02-29", 43890, "2020-02-29"),
        ("2020-02-30", "2020-02-30", "2020-02-30"),
        ("13:30", 0.5625, "13:30"),
        ("2020-01-01 06:00:00", 43831.25, "2020-01-01 6:00:00"),
        ("true", True, "TRUE"),
        ("'5", "5", "5"),
        ("=1/3", 1 / 3, "0.3333333333"),
        ("=1/0", "#DIV/0!", "#DIV/0!"),
        ('=IF(SUM(B1:B3)>5, "many", "few") & "!"', "many!", "many!"),
        ("=NONSENSE(1)", "#NAME?", "#NAME?"),
        ("plain text", "plain text", "plain text"),
    ],
)
def test_what_is_typed_is_understood(text: str, raw: Any, seen: str) -> None:
    book, plain = Book.new("book"), {"valueRenderOption": "UNFORMATTED_VALUE"}
    values.update(book, "B1", {"values": [[1], [2], [3]]}, {"valueInputOption": "RAW"})
    values.update(book, "A1", {"values": [[text]]}, {"valueInputOption": "USER_ENTERED"})
    assert values.get(book, "A1", {})["values"] == [[seen]]
    assert values.get(book, "A1", plain)["values"] == [[raw]]
    values.update(book, "A2", {"values": [[text]]}, {"valueInputOption": "RAW"})
    assert values.get(book, "A2", plain)["values"] == [[text]]


def test_numbers_are_shown_as_the_program_shows_them() -> None:
    assert [shown(value, {}) for value in (0.1 + 0.2, 1e15, 123456789012.0, -0.5)] == [
        "0.3",
        "1E+15",
        "123456789012",
        "-0.5",
    ]
    assert typed("") == ("", None, None)


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("A1", Area(0, 0, 1, 1)),
        ("d4:a1", Area(0, 0, 4, 4)),
        ("B:B", Area(0, 1, None, 2)),
        ("2:3", Area(1, 0, 3, None)),
        ("A2:C", Area(1, 0, None, 3)),
        ("A2:2", Area(1, 0, 2, None)),
        ("R2C3", Area(1, 2, 2, 3)),
        ("A0", None),
        ("A", None),
        ("A1:B2:C3", None),
        ("", None),
    ],
)
def test_a1_notation(text: str, area: Area | None) -> None:
    assert parse_area(text) == area


def test_titles_are_quoted_where_they_could_be_misread() -> None:
    titles = {
        "Live": "Live",
        "Read me": "'Read me'",
        "It's": "'It''s'",
        "AB12": "'AB12'",
        "Sheet1": "Sheet1",
        "7": "'7'",
    }
    for title, written in titles.items():
        assert write_title(title) == written and split_title(f"{written}!A1") == (title, "A1")
    assert (column_name(0), column_name(26), write("Live", Area(0, 701, 2, 703))) == ("A", "AA", "Live!ZZ1:AAA2")
