"""The switches hold until somebody turns them; a line goes by itself."""

from bot.board import Board


def test_the_switches() -> None:
    board = Board()
    assert board.frame(0.0) == {"paused": False, "overlay": True, "said": None}
    board.paused, board.overlay_shown = True, False
    assert board.frame(1e6) == {"paused": True, "overlay": False, "said": None}


def test_a_line_is_shown_for_its_time_and_a_newer_one_takes_its_place() -> None:
    board = Board()
    board.show_line("hello", 10.0, 100.0)
    assert (board.line(100.0), board.line(109.9)) == ("hello", "hello")
    board.show_line("hello again", 10.0, 109.9)
    assert board.line(119.0) == "hello again"
    assert board.line(119.9) is None and board.line(100.0) is None, "gone is gone, whatever the clock says"
