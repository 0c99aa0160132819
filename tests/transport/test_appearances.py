"""Who is shown on the stream: only who asked, under a name that can be shown, until they or the streamer say no."""

import re

import pytest

from transport.appearances import HIDDEN, NAME_SECONDS, NAMES_OFF, NO_NAME, TOO_OFTEN, Appearances, Appearing
from transport.names import clean_name
from transport.reading import Appear, Shown, Welcome

ANN = Appear("name", "Ann")
SEAT = Appear("seat")
NO = Appear("no")
WELCOME = Welcome(1, "demo", 0, 1.0, 5.0, shows=True)


def shown(appearances: Appearances) -> dict[str, str | None]:
    return dict(appearances)


def test_a_viewer_is_shown_as_asked_and_no_more_at_once() -> None:
    appearances = Appearances()
    gone: list[str] = []
    appearances.on_gone = gone.append
    assert appearances.appear("a", ANN, 0.0) == Shown("name", "Ann")
    assert appearances.appear("b", SEAT, 0.0) == Shown("seat")
    assert shown(appearances) == {"a": "Ann", "b": None} and not gone
    assert appearances.appear("a", NO, 0.0) == Shown()
    assert shown(appearances) == {"b": None} and gone == ["a"]
    assert appearances.appear("a", NO, 0.0) == Shown() and gone == ["a"], "again is nothing new"


def test_seats_tell_no_key_and_are_others_on_another_evening() -> None:
    tonight, tomorrow = Appearances(), Appearances()
    seats = {tonight.seat_of(f"{number:022}") for number in range(1000)}
    assert len(seats) == 1000 and all(re.fullmatch("[a-z2-7]{8}", seat) for seat in seats)
    assert tonight.seat_of("a" * 22) == tonight.seat_of("a" * 22) != tomorrow.seat_of("a" * 22)


@pytest.mark.parametrize("name", ["", "  ", "\u200d\u2066\u3164", "\x00"])
def test_a_name_that_shows_nothing_shows_nobody(name: str) -> None:
    appearances = Appearances()
    appearances.appear("a", ANN, 0.0)
    assert appearances.appear("a", Appear("name", name), 1.0) == Shown(reason=NO_NAME)
    assert shown(appearances) == {}, "what was agreed to before was another name"


def test_names_are_cleaned_here_too_since_any_program_may_send_them() -> None:
    appearances = Appearances()
    name = "\u202e<img src=x onerror=alert(1)>" + "x" * 300
    answer = appearances.appear("a", Appear("name", name), 0.0)
    assert answer == Shown("name", "<img src=x onerror=alert(") and answer.name == clean_name(name)


def test_names_change_only_so_often_but_to_be_hidden_waits_for_nothing() -> None:
    appearances = Appearances()
    answers = [appearances.appear("a", Appear("name", f"name {number}"), 0.0) for number in range(6)]
    assert [answer.seat for answer in answers] == ["name"] * 4 + ["no"] * 2
    assert answers[-1].reason == TOO_OFTEN and shown(appearances) == {}
    assert appearances.appear("a", NO, 0.0) == Shown()
    appearances.drop("a")
    assert appearances.appear("a", ANN, 0.1).reason == TOO_OFTEN, "nor by leaving and coming back"
    assert appearances.appear("a", SEAT, 0.1) == Shown("seat"), "without a name there is nothing to change"
    assert appearances.appear("a", ANN, NAME_SECONDS) == Shown("name", "Ann")


def test_the_same_name_again_is_no_change() -> None:
    appearances = Appearances()
    assert all(appearances.appear("a", ANN, 0.0).seat == "name" for _ in range(20))


def test_of_two_names_the_first_is_gone_before_the_second_comes() -> None:
    appearances = Appearances()
    gone: list[str] = []
    appearances.on_gone = gone.append
    appearances.appear("a", ANN, 0.0)
    appearances.appear("a", Appear("name", "Bob"), 0.0)
    assert gone == ["a"] and shown(appearances) == {"a": "Bob"}


def test_whom_the_streamer_has_hidden_no_name_brings_back() -> None:
    appearances = Appearances()
    appearances.appear("troll", Appear("name", "Évil"), 0.0)
    appearances.appear("other", Appear("name", "EVIL"), 0.0)
    appearances.appear("ann", ANN, 0.0)
    assert appearances.hide(appearances.seat_of("troll")) == ["troll", "other"]
    assert shown(appearances) == {"ann": "Ann"}
    for wish in (Appear("name", "Nice"), SEAT, Appear("name", "Évil")):
        assert appearances.appear("troll", wish, 100.0) == Shown(reason=HIDDEN)
    assert appearances.appear("new key", Appear("name", "e v i l"), 100.0) == Shown(reason=HIDDEN)
    assert appearances.appear("other", Appear("name", "Olga"), 100.0).seat == "name"
    assert appearances.hide("nowhere1") == []


def test_a_streamer_may_have_seats_without_names() -> None:
    appearances = Appearances(names=False)
    assert appearances.appear("a", ANN, 0.0) == Shown("seat", reason=NAMES_OFF)
    assert shown(appearances) == {"a": None}


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Appearances, "REMEMBERED", 10)
    appearances = Appearances()
    for number in range(100):
        appearances.appear(str(number), ANN, 0.0)
        appearances.drop(str(number))
    assert len(appearances._rates) <= 10 and len(appearances) == 0 and not appearances._viewers


def test_an_agent_asks_again_after_every_connection_and_only_who_wants() -> None:
    appearing = Appearing()
    appearing.joined(WELCOME)
    assert appearing.due() is None, "off by default"
    appearing.want(ANN)
    assert appearing.due() == ANN and appearing.due() is None
    appearing.hear(Shown("name", "Ann"))
    appearing.lost()
    assert appearing.shown == Shown()
    appearing.joined(WELCOME)
    assert appearing.due() == ANN
    appearing.want(NO)
    assert appearing.due() == NO
    appearing.lost()
    appearing.joined(WELCOME)
    assert appearing.due() is None


def test_what_is_wanted_last_is_what_is_asked_for() -> None:
    appearing = Appearing()
    appearing.want(ANN)
    appearing.want(NO)
    appearing.joined(WELCOME)
    assert appearing.due() is None


def test_an_older_hub_is_asked_for_nothing() -> None:
    appearing = Appearing()
    appearing.want(ANN)
    appearing.joined(Welcome(1, "demo", 0, 1.0, 5.0))
    appearing.want(SEAT)
    assert appearing.due() is None and not appearing.possible
