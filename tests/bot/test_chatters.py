"""One chatter, one vote: a mean that fades, however much is written."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chatters import MINIMUM_QUALITY, Chatters
from transport.reading import Probabilities, Reading

HAPPY: Probabilities = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
SAD: Probabilities = (0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def chatters(**more: int) -> Chatters:
    return Chatters(half_life=20.0, expiry=60.0, **more)


def votes(state: Chatters) -> dict[str, Reading]:
    return {reading.viewer: reading for reading in state.readings()}


def test_a_message_becomes_a_reading_of_chat() -> None:
    state = chatters()
    assert state.add("ann", b"1", HAPPY, 0.8, 10.0, 11.0)
    (reading,) = state.readings()
    assert (reading.viewer, reading.source, reading.time, reading.probabilities) == ("ann", "chat", 10.0, HAPPY)
    assert reading.quality == pytest.approx(0.8)
    assert state.readings() == [], "told once"


def test_a_tap_starts_the_vote_anew_and_what_is_written_then_joins_it() -> None:
    state = chatters()
    for number in range(9):
        state.add("ann", str(number).encode(), SAD, 1.0, 0.0, 0.0)
    tap = state.tap("ann", HAPPY, 1.0)
    assert (tap.source, tap.time, tap.probabilities, tap.quality) == ("tap", 1.0, HAPPY, 1.0)
    assert state.readings() == [], "told already"
    assert not state.add("ann", b"late", SAD, 1.0, 0.5, 2.0), "written before the tap"
    state.add("ann", b"new", SAD, 1.0, 21.0, 21.0)
    joined = votes(state)["ann"]
    assert joined.source == "chat" and joined.probabilities[:2] == pytest.approx((1 / 3, 2 / 3))
    state.expire(100.0)
    assert len(state) == 0


def test_taps_are_everybodys_own_however_many_say_the_same() -> None:
    state = chatters()
    taps = [state.tap(f"ann{number}", HAPPY, 0.0) for number in range(50)]
    assert {tap.quality for tap in taps} == {1.0} and state.readings() == []


def test_all_can_be_forgotten_at_once() -> None:
    state = chatters()
    for number in range(50):
        state.add(str(number), b"same", HAPPY, 1.0, 0.0, 0.0)
    state.clear()
    assert len(state) == 0 and state.readings() == [] and state.gone() == []
    state.add("new", b"same", HAPPY, 0.8, 1.0, 1.0)
    assert votes(state)["new"].quality == pytest.approx(0.8), "nobody is left to share it with"


def test_what_was_written_a_half_life_ago_counts_half() -> None:
    state = chatters()
    state.add("ann", b"1", HAPPY, 1.0, 0.0, 0.0)
    state.add("ann", b"2", SAD, 1.0, 20.0, 20.0)
    assert votes(state)["ann"].probabilities[:2] == pytest.approx((1 / 3, 2 / 3))
    state.add("ann", b"3", SAD, 1.0, 40.0, 40.0)
    assert votes(state)["ann"].probabilities[:2] == pytest.approx((1 / 7, 6 / 7))


def test_quality_weighs_messages_and_writing_more_gives_no_more_vote() -> None:
    state = chatters()
    state.add("ann", b"1", HAPPY, 0.9, 0.0, 0.0)
    state.add("ann", b"2", SAD, 0.1, 0.0, 0.0)
    assert votes(state)["ann"].probabilities[:2] == pytest.approx((0.9, 0.1))
    for number in range(100):
        state.add("bob", str(number).encode(), HAPPY, 0.5, 0.0, 0.0)
    bob = votes(state)["bob"]
    assert bob.quality == pytest.approx(0.5) and bob.probabilities == pytest.approx(HAPPY)


def test_what_the_reader_cannot_read_changes_nothing() -> None:
    state = chatters()
    state.add("ann", b"1", HAPPY, 0.9, 0.0, 0.0)
    before = votes(state)
    assert not state.add("ann", b"2", SAD, MINIMUM_QUALITY / 2, 1.0, 1.0)
    assert not state.add("ann", b"3", SAD, 1.0, 1.0, 100.0), "too old"
    assert state.readings() == [] and before["ann"].quality == pytest.approx(0.9)


@pytest.mark.parametrize("writers", [2, 10, 300])
def test_copypasta_is_one_feeling_shared(writers: int) -> None:
    state = chatters()
    found: dict[str, Reading] = {}
    for number in range(writers):
        state.add(f"{number}", b"copypasta", HAPPY, 1.0, float(number % 10), 10.0)
        if number % 7 == 0:
            found |= votes(state)
    found |= votes(state)
    assert len(found) == writers
    # Parts are dealt out anew when a tenth more share the feeling, so their sum may lag by that.
    assert sum(reading.quality for reading in found.values()) == pytest.approx(1 + math.log2(writers), rel=0.1)


def test_alternating_two_copypastas_is_no_way_around_it() -> None:
    state = chatters()
    for turn in range(20):
        for number in range(64):
            state.add(f"{number}", b"AB"[turn % 2 : turn % 2 + 1], HAPPY, 1.0, float(turn), float(turn))
    assert sum(reading.quality for reading in state.readings()) == pytest.approx(1 + math.log2(64), rel=0.4)


def test_who_repeats_alone_takes_nothing_from_others() -> None:
    state = chatters()
    state.add("ann", b"gg", HAPPY, 1.0, 0.0, 0.0)
    for _ in range(100):
        state.add("spammer", b"gg", HAPPY, 1.0, 1.0, 1.0)
    assert {reading.quality for reading in state.readings()} == {1.0}


def test_a_copypasta_that_starts_anew_is_shared_anew() -> None:
    state = chatters()
    for number in range(100):
        state.add(f"{number}", b"gg", HAPPY, 1.0, 0.0, 0.0)
    state.readings()
    for number in range(8):
        state.add(f"late {number}", b"gg", HAPPY, 1.0, 1000.0, 1000.0)
    found = votes(state)
    assert len(found) == 8 and sum(reading.quality for reading in found.values()) == pytest.approx(4.0)


def test_an_own_message_after_it_is_worth_a_whole_vote_again() -> None:
    state = chatters()
    for number in range(100):
        state.add(f"{number}", b"gg", HAPPY, 1.0, 0.0, 0.0)
    state.readings()
    state.add("7", b"my own words", SAD, 1.0, 20.0, 20.0)
    found = votes(state)["7"]
    assert found.probabilities[1] > 0.9 and found.quality > 0.6


def test_the_silent_are_forgotten_and_a_flood_of_chatters_is_bounded() -> None:
    state = chatters(remembered=50)
    for number in range(2000):
        state.add(f"{number}", str(number % 5).encode(), HAPPY, 1.0, number / 500, number / 500)
    assert len(state) == 50 and len(state.gone()) == 1950 and len(state.readings()) == 50
    state.add("last", b"x", HAPPY, 1.0, 100.0, 100.0)
    assert len(state) == 1 and len(state.gone()) == 50 and state.gone() == []


def test_nothing_outlives_the_expiry() -> None:
    state = chatters()
    for number in range(100):
        state.add(f"{number}", b"gg", HAPPY, 1.0, 0.0, 0.0)
    state.readings()
    state.expire(59.0)
    assert len(state) == 100
    state.expire(60.0)
    assert len(state) == len(state._repeats) == len(state._dealt) == 0 and len(state.gone()) == 100


def test_forgetting_leaves_nothing() -> None:
    state = chatters()
    state.add("ann", b"gg", HAPPY, 1.0, 0.0, 0.0)
    state.forget("ann")
    assert len(state) == 0 and state.readings() == [] and len(state._repeats) == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from([b"1", b"2", b"3"]),
            st.lists(st.floats(0.001, 1), min_size=7, max_size=7),
            st.floats(0, 1),
            st.floats(0, 30),
        ),
        max_size=40,
    )
)
def test_every_vote_is_a_distribution_of_at_most_one(
    written: list[tuple[str, bytes, list[float], float, float]],
) -> None:
    state, now = chatters(), 1000.0
    for viewer, text, seven, quality, pause in written:
        now += pause
        state.add(viewer, text, [value / sum(seven) for value in seven], quality, now - pause / 2, now)
        for reading in state.readings():
            assert math.fsum(reading.probabilities) == pytest.approx(1.0)
            assert min(reading.probabilities) >= 0 and 0 < reading.quality <= 1
            assert now - 60 < reading.time <= now
