"""Which of the simulated viewers are seen."""

from demo.crowd import SHOWN, SHY_SECONDS, wish_of
from transport.names import clean_name
from transport.reading import Appear


def test_some_are_shown_by_names_that_can_be_shown_and_most_are_not() -> None:
    wishes = [wish_of(number) for number in range(40)]
    assert sum(wish.seat == "name" for wish in wishes) >= 8 and sum(wish.seat == "seat" for wish in wishes) >= 3
    assert sum(wish.seat == "no" for wish in wishes) > 20
    assert all(clean_name(name) == name for name in SHOWN if name is not None)


def test_one_withdraws_and_comes_back() -> None:
    assert wish_of(3, SHY_SECONDS - 1).seat == "name"
    assert wish_of(3, SHY_SECONDS + 1) == Appear("no")
    assert wish_of(3, 2 * SHY_SECONDS + 1).seat == "name"
