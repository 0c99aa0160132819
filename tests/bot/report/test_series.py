"""Units, gaps, and what a second is worth."""

import pytest

from bot.history import Row
from bot.report.series import buckets, columns, gaps, voters

HAPPY = (0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05)


def row(time: float, viewers: int = 10, shown: bool = True, faces: int = 10, chat: float = 0.0) -> Row:
    return Row(time, viewers, HAPPY if shown else None, None, None, faces, viewers - faces, chat)


def test_a_unit_without_a_second_is_not_there() -> None:
    seconds = columns([row(101.0), row(109.0), row(131.0)], begin=100.0)
    assert [(bucket.begin, bucket.counted) for bucket in buckets(seconds, 10)] == [(0.0, 2), (30.0, 1)]
    assert [bucket.begin for bucket in buckets(seconds, 60)] == [0.0]


def test_a_stream_without_a_second_has_no_unit_and_is_one_gap() -> None:
    seconds = columns([], begin=100.0)
    assert buckets(seconds, 10) == []
    assert [(gap.begin, gap.end, gap.reason) for gap in gaps(seconds, 60.0)] == [(0.0, 60.0, "away")]


def test_a_lost_second_is_no_gap_but_a_rest_is() -> None:
    seconds = columns([row(float(time)) for time in (1, 2, 4, 5, 20, 21)], begin=0.0)
    assert [(gap.begin, gap.end, gap.reason) for gap in gaps(seconds, 21.0)] == [(5.0, 19.0, "away")]


def test_too_few_viewers_are_told_apart_from_nobody() -> None:
    rows = [row(1.0), *(row(float(time), 2, shown=False, faces=2) for time in range(2, 12)), row(12.0)]
    assert [gap.reason for gap in gaps(columns(rows, 0.0), 12.0)] == ["few"]


@pytest.mark.parametrize(
    ("seen", "worth"),
    [
        (row(0, viewers=12, faces=12), 12.0),  # faces only
        (row(0, viewers=30, faces=0, chat=1.0), 30.0),  # chat only
        (row(0, viewers=105, faces=5, chat=0.75), 20.0),  # five faces are a quarter of the weight
        (row(0, viewers=12, faces=10, chat=0.5), 12.0),  # never more than there are
    ],
)
def test_chatters_are_worth_what_they_weigh(seen: Row, worth: float) -> None:
    assert voters(seen) == worth
