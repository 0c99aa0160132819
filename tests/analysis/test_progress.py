"""How far it is: in a terminal one line, in a log few."""

import io

from analysis.progress import SELDOM, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_is_not_flooded() -> None:
    stream, time = io.StringIO(), [0.0]
    progress = Progress(stream, lambda: time[0])
    for second in range(600):
        time[0] = second / 10
        progress.tell(float(second), 600.0)
    progress.end()
    lines = stream.getvalue().splitlines()
    assert len(lines) == int(60 / SELDOM) - 1 and lines[0] == "Read 2:30 of 10:00 (25 %)"


def test_a_terminals_line_stays_one_and_goes_away() -> None:
    stream, time = Terminal(), [0.0]
    progress = Progress(stream, lambda: time[0], counts=True)
    for number in (900, 5):
        progress.tell(float(number), None)
        time[0] += 1.0
    progress.end()
    assert "\n" not in stream.getvalue() and stream.getvalue().endswith(" \r")
    assert "Read 900 sentences" in stream.getvalue() and "Read 5 sentences  \r" in stream.getvalue()
