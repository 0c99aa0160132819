"""What may be said when: Twitch's limit is never broken, a flood gets the newest answers, equal ones are one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.twitch.outbox import MAX_LENGTH, SPAN, USUAL, Outbox, Window, fitting


def said(outbox: Outbox, now: float) -> list[str]:
    """All that may be said at this moment."""
    texts = []
    while outbox.wait(now) == 0:
        texts.append(outbox.take(now).text)
        outbox.window.settle(now)
    return texts


def test_answers_go_out_in_the_order_they_were_asked_for_while_all_may() -> None:
    outbox = Outbox()
    for text in ("one", "two", "three"):
        assert outbox.put(text, text, 0.0)
    assert said(outbox, 0.0) == ["one", "two", "three"] and outbox.wait(0.0) is None


def test_in_a_flood_the_newest_wins() -> None:
    outbox = Outbox()
    outbox.window.limit = 2
    for number in range(10):
        outbox.put(f"answer {number}", None, 0.0)
    assert said(outbox, 0.0) == ["answer 8", "answer 9"]
    assert outbox.counts["pushed out"] == 8
    outbox.put("answer 10", None, 1.0)
    assert outbox.wait(1.0) == SPAN - 1.0


def test_an_answer_that_waited_too_long_is_not_said() -> None:
    outbox = Outbox(life=30.0)
    outbox.put("late", None, 0.0)
    assert outbox.wait(30.0) == 0 and outbox.wait(30.1) is None and outbox.counts["too old"] == 1


def test_equal_answers_within_seconds_are_one() -> None:
    outbox = Outbox(merge=5.0)
    assert outbox.put("The crowd looks happy.", "ann", 0.0)
    assert not outbox.put("The  crowd looks happy. ", "bob", 5.0)
    assert outbox.put("The crowd looks happy.", "cat", 5.1)
    assert outbox.counts["merged"] == 1 and len(outbox) == 2


def test_nothing_is_said_while_twitch_wants_silence() -> None:
    outbox = Outbox()
    outbox.put("hello", None, 0.0)
    outbox.close(7.0)
    assert outbox.wait(0.0) == 7.0 and outbox.wait(7.0) == 0


def test_one_that_failed_goes_before_the_others() -> None:
    outbox = Outbox()
    outbox.window.limit = 2
    outbox.put("first", None, 0.0)
    failed = outbox.take(0.0)
    outbox.window.settle(0.0)
    for text in ("second", "third"):
        outbox.put(text, None, 0.0)
    outbox.put_back(failed)
    assert said(outbox, 0.0) == ["first"]


def test_what_the_streamer_types_with_the_same_account_counts() -> None:
    window = Window(limit=2)
    window.count(0.0)
    window.count(1.0)
    assert window.wait(2.0) == SPAN - 2.0


def test_one_under_way_holds_its_place_for_as_long_as_that_takes() -> None:
    window = Window(limit=1)
    window.begin()
    assert window.wait(100.0) == float("inf")
    window.settle(101.0)
    assert window.wait(101.0) == SPAN


@given(
    st.integers(1, USUAL),
    st.lists(st.tuples(st.floats(0, 40), st.floats(0, 20), st.floats(0, 1)), min_size=1, max_size=80),
)
def test_no_window_ever_holds_more_than_the_limit(limit: int, sends: list[tuple[float, float, float]]) -> None:
    """However long each takes, and whenever on its way Twitch counts it."""
    window, now, counted = Window(limit), 0.0, []
    for pause, way, part in sends:
        now += pause
        wait = window.wait(now)
        now += wait
        window.begin()
        counted.append(now + part * way)
        now += way
        window.settle(now)
    for moment in counted:
        assert sum(moment <= other < moment + SPAN for other in counted) <= limit


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\nlines\tand  spaces ", "two lines and spaces"),
        ("/ban ann", "ban ann"),
        (" .timeout ann", "timeout ann"),
        ("...wow", "wow"),
        ("\x07\u2028", ""),
        ("100 % joy / calm.", "100 % joy / calm."),
    ],
)
def test_what_is_said_is_one_line_and_no_command_of_twitchs(text: str, line: str) -> None:
    assert fitting(text) == line


@given(st.text(max_size=2000))
def test_no_message_is_too_long_for_twitch(text: str) -> None:
    assert len(fitting(text).encode("utf-16-le")) // 2 <= MAX_LENGTH


def test_long_messages_are_cut_at_a_word() -> None:
    cut = fitting("word " * 200)
    assert len(cut) <= MAX_LENGTH and cut.endswith("word…")
    assert len(fitting("群" * 600)) == MAX_LENGTH, "a text without spaces is cut where it must be"
    assert fitting("w" * MAX_LENGTH) == "w" * MAX_LENGTH
