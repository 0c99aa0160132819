"""When a change of mood is worth a line that nobody asked for: clear, held, bounded, and never twice unanswered."""

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.announcer import Announcer, Change
from bot.crowd import Mood
from model.emotions import EMOTIONS
from transport.reading import Probabilities

SHARES: dict[str, Probabilities] = {
    "neutral": (0.1, 0.1, 0.5, 0.1, 0.1, 0.05, 0.05),
    "happiness": (0.5, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05),
    "fear": (0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.5),
    "close": (0.33, 0.1, 0.32, 0.1, 0.05, 0.05, 0.05),
}


def look(announcer: Announcer, seconds: range, leading: str | None) -> list[Change]:
    """A mood a second; all changes that are announced."""
    found = [announcer.look(Mood(float(second), 9, 3, SHARES.get(leading or ""))) for second in seconds]
    return [change for change in found if change is not None]


def test_a_clear_change_that_holds_is_told_once() -> None:
    announcer = Announcer(minutes=10)
    assert look(announcer, range(60), "neutral") == [], "the first mood is no change"
    assert look(announcer, range(60, 80), "happiness") == []
    assert look(announcer, range(80, 200), "happiness") == [Change("neutral", "happiness")]


def test_what_comes_and_goes_or_is_level_is_not_told() -> None:
    announcer = Announcer(minutes=10)
    look(announcer, range(60), "neutral")
    for begin in range(60, 260, 20):
        assert look(announcer, range(begin, begin + 15), "happiness") == []
        assert look(announcer, range(begin + 15, begin + 20), "neutral") == []
    assert look(announcer, range(260, 400), "close") == []


def test_not_more_often_than_the_minutes_say_and_old_news_never() -> None:
    announcer = Announcer(minutes=2)
    look(announcer, range(60), "neutral")
    assert len(look(announcer, range(60, 100), "happiness")) == 1
    announcer.heard()
    assert look(announcer, range(100, 300), "fear") == [], "that was within the two minutes"
    assert look(announcer, range(300, 350), "happiness") == [Change("fear", "happiness")]


def test_never_two_in_a_row_unanswered() -> None:
    announcer = Announcer(minutes=1)
    look(announcer, range(60), "neutral")
    assert len(look(announcer, range(60, 100), "happiness")) == 1
    assert look(announcer, range(1000, 1100), "fear") == []
    announcer.heard()
    assert look(announcer, range(1100, 1200), "neutral") == [Change("fear", "neutral")]


def test_after_a_rest_nothing_has_changed() -> None:
    announcer = Announcer(minutes=1)
    look(announcer, range(60), "neutral")
    assert look(announcer, range(60, 90), None) == []
    assert look(announcer, range(90, 200), "happiness") == []


@given(
    steps=st.lists(st.tuples(st.sampled_from([*SHARES, None]), st.integers(1, 60), st.booleans())),
    minutes=st.floats(1, 10),
)
def test_whatever_the_crowd_does_the_bounds_hold(steps: list[tuple[str | None, int, bool]], minutes: float) -> None:
    announcer = Announcer(minutes)

    def live() -> Iterator[tuple[float, Change | None, bool]]:
        now, answered = 0, True
        for leading, seconds, heard in steps:
            if heard:
                announcer.heard()
                answered = True
            for _ in range(seconds):
                now += 1
                change = announcer.look(Mood(float(now), 9, 3, SHARES.get(leading or "")))
                yield now, change, answered
                answered = answered and change is None

    told = [(now, change, answered) for now, change, answered in live() if change is not None]
    assert all(answered for _, _, answered in told)
    assert all(change.before != change.after and {*change} <= {*EMOTIONS} for _, change, _ in told)
    assert all(later[0] - earlier[0] >= 60 * minutes for earlier, later in pairwise(told))
