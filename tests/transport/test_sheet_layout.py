"""What stands in the Sheet's cells, and what strangers may have put there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.emotions import EMOTIONS
from transport.reading import Probabilities, sums_to_one
from transport.sheet_layout import (
    FIRST_ROW,
    FREE,
    LIVE_COLUMNS,
    Control,
    LayoutFault,
    LiveRow,
    Moment,
    control_cells,
    live_cells,
    moment_cells,
    new_claim,
    read_control,
    read_head,
    read_history_head,
    read_live,
    read_time,
    swapped,
    write_rows,
)
from transport.sheet_setup import make_requests, missing_sheets

KEY = "a-viewer-of-16-letters"
HEAD: list[list[Any]] = [["LERA Live", 1, "words"], ["control"], list(LIVE_COLUMNS)]
HAPPY: Probabilities = (0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05)

# What a cell can come back as: numbers, texts, truths, and nothing.
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=60),
    st.just(""),
    st.just(FREE),
)
numbers = st.lists(st.integers(0, 10_000), min_size=7, max_size=7).filter(any)


def sevenths(parts: list[int]) -> Probabilities:
    a, b, c, d, e, f, g = (round(part / sum(parts), 4) for part in parts)
    return (a, b, c, d, e, f, g)


def there_and_back(cells: list[Any]) -> list[Any]:
    return ["" if cell is None else cell for cell in cells]


@given(numbers, st.integers(1, 2**53), st.integers(0, 1000), st.floats(0, 2e9))
def test_a_reading_goes_there_and_back(parts: list[int], sequence: int, quality: int, captured: float) -> None:
    row = LiveRow(FIRST_ROW, KEY, new_claim(), sequence, sevenths(parts), quality / 1000, "face", round(captured, 3))
    (read,) = read_live([*HEAD, there_and_back(live_cells(row))]).rows
    assert read.probabilities == pytest.approx(row.probabilities, abs=1e-9)
    assert (read.ident, read.sequence, read.quality, read.captured) == (
        row.ident, row.sequence, row.quality, row.captured,
    )  # fmt: skip


@pytest.mark.parametrize("state", ["waiting", "forget", "no_face", "too_dark", "paused", "no_camera"])
def test_an_absence_goes_there_and_back_without_numbers(state: Any) -> None:
    row = LiveRow(FIRST_ROW, KEY, new_claim(), 7, None, 0.0, state, 0.0)
    cells = live_cells(row)
    assert cells[2:10] == [None] * 8
    assert read_live([*HEAD, there_and_back(cells)]).rows == [row]


@given(st.lists(st.lists(anything, max_size=14), max_size=8))
def test_whatever_strangers_write_is_only_set_aside(rows: list[list[Any]]) -> None:
    named = [["viewer:" + KEY + ":0123abcd", *cells] for cells in rows]
    honest = LiveRow(FIRST_ROW, KEY, new_claim(), 1, HAPPY, 1.0, "face", 0.0)
    live = read_live([*HEAD, there_and_back(live_cells(honest)), *rows, *named])
    assert live.rows[0] == honest
    for row in live.rows:
        assert row.probabilities is None or (
            sums_to_one(row.probabilities) and all(0 <= p <= 1 for p in row.probabilities)
        )
        assert 0 <= row.quality <= 1 and row.sequence >= 0


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (1, 0), (1, -1), (1, 1.5), (1, "1"), (1, True), (1, 2**60),
        (2, 101), (2, -1), (2, "70"), (2, ""), (2, float("nan")), (2, 73), (9, 1.1), (9, "high"), (10, "asleep"),
        (10, 1), (11, "now"), (11, 1e300),
    ],
)  # fmt: skip
def test_a_row_with_one_bad_cell_is_damaged(place: int, value: Any) -> None:
    row = LiveRow(FIRST_ROW, KEY, new_claim(), 1, HAPPY, 1.0, "face", 5.0)
    cells = there_and_back(live_cells(row))
    cells[place] = value
    live = read_live([*HEAD, cells])
    assert not live.rows and live.damaged == [(FIRST_ROW, row.ident)]


def test_rows_are_told_apart_by_their_first_cell() -> None:
    claim = new_claim()
    live = read_live([*HEAD, [FREE], [], [f"viewer:{KEY}:{claim}"], ["=1+1"], ["viewer:short:0123abcd"]])
    assert live.free == [FIRST_ROW] and live.blank == [FIRST_ROW + 1] and live.end == FIRST_ROW + 4
    assert live.rows == [LiveRow(FIRST_ROW + 2, KEY, claim, 0, None, 0.0, "waiting", 0.0)]


def test_a_control_row_goes_there_and_back() -> None:
    control = Control(12, 2.6, 15.0, 3, 40, "demo", "000000000001-abcd", "open")
    cells = there_and_back(control_cells(control))
    assert read_control(cells) == control
    # Sheets knows one kind of number.
    assert read_control([float(cell) if isinstance(cell, int) else cell for cell in cells]) == control


@given(st.lists(anything, max_size=10))
def test_a_strange_control_row_is_none_at_all(cells: list[Any]) -> None:
    control = read_control(["control", *cells])
    assert control is None or (0.01 <= control.interval <= 600 and 0.01 <= control.heartbeat <= 1800)


@pytest.mark.parametrize(
    ("row", "column", "value", "said"),
    [
        (0, 0, "My list", "A1"), (0, 1, 2, "layout 2"), (2, 3, "sad?", "D3.*`sadness`"), (2, 11, "", "L3.*`captured`"),
    ],
)  # fmt: skip
def test_a_head_that_a_person_broke_is_refused_with_the_cell_and_the_mend(
    row: int, column: int, value: Any, said: str
) -> None:
    head = [list(line) for line in HEAD]
    head[row][column] = value
    with pytest.raises(LayoutFault, match=said) as fault:
        read_head(head)
    assert "\n" not in str(fault.value) and "--sheet-setup" in str(fault.value)


FORGED = "\x1b[2J\x1b]0;title\x07LERA: type this\n"


@pytest.mark.parametrize("version", [FORGED, FORGED + "x" * 50_000, "\u202e", "\x1b"])
def test_a_strangers_version_of_the_layout_is_said_shortly_and_moves_no_cursor(version: str) -> None:
    head = [list(line) for line in HEAD]
    head[0][1] = version
    with pytest.raises(LayoutFault, match=r"has layout .+, this LERA knows") as fault:
        read_head(head)
    assert str(fault.value).isprintable() and len(str(fault.value)) < 200


def test_nor_does_a_strangers_title_of_a_sheet() -> None:
    with pytest.raises(LayoutFault, match=r"renamed to `.*LERA: type this.*`: name it `Live` again") as fault:
        missing_sheets({FORGED + "x" * 1000: 7001})
    assert str(fault.value).isprintable() and len(str(fault.value)) < 200


@pytest.mark.parametrize("values", [[], [[]], [[""]], [["LERA Live"]], [["LERA Live", 1]]])
def test_an_emptied_sheet_is_refused(values: list[list[Any]]) -> None:
    with pytest.raises(LayoutFault):
        read_live(values)


def test_moments_have_a_time_that_reads_back_and_hide_what_must_be_hidden() -> None:
    cells = moment_cells(Moment(1_767_225_600.0, 4.25, (2.0, 1.0, 0.5, 0.25, 0.25, 0.25, 0.004)))
    assert cells == ["2026-01-01 00:00:00", 4.2, 2.0, 1.0, 0.5, 0.25, 0.25, 0.25, 0.0]
    assert read_time(cells[0]) == 1_767_225_600.0
    assert moment_cells(Moment(1_767_225_610.0, 2.0, None))[2:] == [None] * len(EMOTIONS)


@given(anything)
def test_what_is_no_time_is_none(cell: Any) -> None:
    assert read_time(cell) is None


def test_texts_are_written_as_texts_and_never_as_formulas() -> None:
    (cells,) = write_rows("Live", 9, [["=IMPORTXML(1)", 1.5, None]])["updateCells"]["rows"]
    assert cells["values"] == [
        {"userEnteredValue": {"stringValue": "=IMPORTXML(1)"}}, {"userEnteredValue": {"numberValue": 1.5}}, {},
    ]  # fmt: skip


@pytest.mark.parametrize("reply", [None, [], {}, {"findReplace": {}}, {"findReplace": None}, {"findReplace": 1}])
def test_a_reply_without_a_count_swapped_nothing(reply: Any) -> None:
    assert not swapped(reply)
    assert swapped({"findReplace": {"occurrencesChanged": 1}})


def test_setup_makes_what_is_missing_and_refuses_what_is_in_the_way() -> None:
    assert missing_sheets({"Sheet1": 0}) == ["Live", "History", "Read me"]
    assert missing_sheets({"Live": 7001, "History": 7002, "Read me": 7003}) == []
    with pytest.raises(LayoutFault, match="`Live` that LERA didn't make: rename it"):
        missing_sheets({"Live": 0})
    with pytest.raises(LayoutFault, match="`History` was renamed to `Old`: name it `History` again"):
        missing_sheets({"Live": 7001, "Old": 7002})


def test_what_setup_makes_is_what_is_read() -> None:
    made = {title: make_requests(title, 1_767_225_600.0) for title in ("Live", "History")}
    heads = {
        title: [
            [next(iter(cell["userEnteredValue"].values()), "") for cell in row["values"]]
            for row in requests[1]["updateCells"]["rows"]
        ]
        for title, requests in made.items()
    }
    assert read_head(heads["Live"]) is None
    assert read_history_head(heads["History"]) == 1_767_225_600.0
