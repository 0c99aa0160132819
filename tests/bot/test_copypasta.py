"""When many write the same, it is one feeling shared."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.copypasta import Repeats, essence, fingerprint, part_of_a_vote


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("KEKW", "kekw"),
        ("KEKW", "KEKW KEKW  KEKW"),
        ("what a win", "  What   a WIN "),
        ("lol", "looooool"),
        ("haha", "hahahahaha"),
        ("no!", "Nooooo!!!!"),
        ("PogChamp", "PogChamp \U000e0000"),
        ("😂", "😂😂😂 😂"),
        ("哈", "哈哈哈哈"),
        ("you are a wizard", "you are a wizard you are a wizard you are a wizard"),
        ("\uff27\uff27", "GG"),
    ],
)
def test_what_is_the_same(one: str, other: str) -> None:
    assert essence(one) == essence(other)


@pytest.mark.parametrize(
    ("one", "other"), [("gg", "g h"), ("KEKW", "LULW"), ("10", "100"), ("no!", "no?"), ("a b", "b a")]
)
def test_what_is_not(one: str, other: str) -> None:
    assert essence(one) != essence(other)


@given(st.text(max_size=500))
def test_any_text_has_an_essence_that_is_no_longer(text: str) -> None:
    assert len(essence(text)) <= max(len(text) * 18, 1)  # NFKC makes at most 18 letters of one.
    assert len(fingerprint(text, b"key")) == 16


def test_a_fingerprint_needs_the_runs_secret() -> None:
    assert fingerprint("GG", b"one") == fingerprint("g g".replace(" ", ""), b"one") != fingerprint("GG", b"two")


@pytest.mark.parametrize("writers", [1, 2, 8, 100, 5000])
def test_n_who_write_the_same_are_one_and_log2_n_votes(writers: int) -> None:
    assert writers * part_of_a_vote(writers) == pytest.approx(1 + math.log2(writers))
    assert part_of_a_vote(writers) <= 1.0


def test_writers_are_chatters_and_not_messages_and_leave_the_window() -> None:
    repeats = Repeats(window=60.0)
    assert [repeats.add(b"gg", "ann", 0.0) for _ in range(5)] == [1] * 5
    assert repeats.add(b"gg", "bob", 10.0) == 2
    assert repeats.add(b"lol", "bob", 10.0) == 1
    assert repeats.add(b"gg", "eve", 65.0) == 2, "ann said it too long ago"
    assert set(repeats.writers(b"gg")) == {"bob", "eve"}
    repeats.forget("bob")
    assert set(repeats.writers(b"gg")) == {"eve"} and set(repeats.writers(b"lol")) == set()
    repeats.expire(1000.0)
    assert len(repeats) == 0 and repeats._writers == {} and repeats._messages == {}


def test_what_is_remembered_is_bounded() -> None:
    repeats = Repeats(window=60.0, remembered=100)
    for number in range(5000):
        repeats.add(str(number % 7).encode(), str(number), 0.0)
    assert len(repeats) == 100 and sum(map(len, repeats._writers.values())) == 100


def test_forgetting_one_chatter_looks_at_no_other() -> None:
    class Watched(str):
        """A chatter's key that counts what it is compared with."""

        compared = 0
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            Watched.compared += 1
            return str.__eq__(self, other)

    repeats = Repeats(window=60.0)
    for number in range(1000):
        repeats.add(b"gg", str(number), 0.0)
    repeats.add(b"gg", "ann", 0.0)
    repeats.forget(Watched("ann"))
    assert len(repeats) == 1000 and "ann" not in repeats.writers(b"gg")
    assert Watched.compared < 20
