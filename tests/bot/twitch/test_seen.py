"""At least once becomes once, in bounded memory."""

from bot.twitch.seen import Seen


def test_only_the_first_counts() -> None:
    seen = Seen()
    assert [seen.first(each, 1.0) for each in ("a", "b", "a", "a")] == [True, True, False, False]


def test_what_is_long_ago_is_forgotten() -> None:
    seen = Seen(life=10.0)
    assert seen.first("a", 0.0) and not seen.first("a", 10.0) and seen.first("a", 10.1)
    assert seen.knows("a", 20.0) and not seen.knows("a", 20.2)


def test_memory_is_bounded_by_number() -> None:
    seen = Seen(size=100)
    for number in range(1000):
        assert seen.first(str(number), 0.0)
    assert len(seen) == 100 and not seen.first("999", 0.0) and seen.first("0", 0.0)


def test_forgetting_makes_the_next_the_first() -> None:
    seen = Seen()
    seen.first("a", 0.0)
    seen.forget("a")
    assert seen.first("a", 0.0)
