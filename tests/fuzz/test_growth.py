"""What long input costs: lines of our own code that run, counted; four times the input may not cost sixteen times.

Time inside of regular expressions isn't counted, so those are bounded by what they are given: cut texts, single lines.
"""

import functools
import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from analysis.script import cues, decoded, sentences
from bot.copypasta import essence
from bot.language import one_line
from bot.report.markup import outside
from model import chat_words, text
from tests.door import door
from transport.desk import Desk, HubSettings, Refusal
from transport.names import clean_name
from transport.sheet_layout import LIVE_COLUMNS, read_live


def steps(work: Callable[[], object]) -> int:
    """How many lines of Python run."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    # What a collection runs belongs to whoever left something behind, and Hypothesis times each of them.
    collects = gc.isenabled()
    gc.disable()
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
        if collects:
            gc.enable()
    return count


def sheet(rows: int) -> list[list[Any]]:
    cells = [f"viewer:{'a' * 22}:00000000", 1, 100, 0, 0, 0, 0, 0, 0, 1, "face", 0]
    return [["LERA Live", 1], [], list(LIVE_COLUMNS), *[cells] * rows]


LONG: dict[str, Callable[[int], object]] = {
    "sentences": lambda n: sentences("Well. " * n),
    "one_sentence": lambda n: sentences("word " * n),
    "marks": lambda n: sentences(".\"'" * n),
    "cues": lambda n: cues("00:00:01,000 --> 00:00:02,000\nhi\n\n" * n),
    "arrows": lambda n: cues("00:00:01,000 --> 00:00:02,000\n" + "-->\n" * n + "hi"),
    "decoded": lambda n: decoded(b"\xff\xfea\x00\r\x00" * n),
    "one_line": lambda n: one_line("a\u200b " * n),
    "essence": lambda n: essence("a b c d e f g " * n),
    "outside": lambda n: outside("<b>" * n),
    "sheet": lambda n: read_live(sheet(n)),
}


@pytest.mark.parametrize("name", LONG)
def test_long_input_costs_no_more_than_its_length(name: str) -> None:
    work = LONG[name]
    work(3)
    short, long = steps(lambda: work(200)), steps(lambda: work(800))
    assert long <= 5 * short + 200


def test_the_count_sees_what_is_quadratic() -> None:
    def quadratic(n: int) -> None:
        for _ in range(n):
            for _ in range(n):
                pass

    assert steps(lambda: quadratic(400)) > 10 * steps(lambda: quadratic(100))


def test_what_is_cut_costs_the_same_however_long_it_is() -> None:
    lexicon, _ = text.load_words()
    for piece in ("a", "ha", "\u0301", "\ufdfa", "a ", "\U0001f469\u200d"):
        for work in (clean_name, lambda said: chat_words.read(said, lexicon)):
            # Once before, since patterns are compiled when they are first used.
            _, short, long = (steps(functools.partial(work, piece * times)) for times in (5_000, 5_000, 50_000))
            assert short == long


def test_what_is_too_long_is_refused_unread() -> None:
    def join(size: int) -> None:
        desk = Desk(HubSettings(), "demo", door(), None)  # type: ignore[arg-type]
        with pytest.raises(Refusal):
            desk.join(b'{"type":"join"' + b" " * size, 0.0)

    join(2_000)
    assert steps(lambda: join(2_000)) == steps(lambda: join(2_000_000))
