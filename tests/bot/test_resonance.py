"""Resonance on pairs that are made up: what is planted is found, what isn't is not, and nothing is said too early."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.resonance import KINDS, Kind, blurred, followers, shares, strangers, told
from bot.coupling import LAGS, LONGEST_LAG, SURROGATES, Floats, couple
from bot.resonance import FEWEST, FRESH, SETTLE, WINDOW, Resonance, ResonanceState
from model.emotions import EMOTIONS

NOTHING = ResonanceState()


def last(streamer: Floats, crowd: Floats) -> ResonanceState:
    return told(streamer, crowd)[-1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lag", [2.0, 6.3, 15.0])
def test_a_planted_lag_is_found_within_half_a_second(kind: Kind, lag: float) -> None:
    state = last(*followers(3, WINDOW, lag, 0.8, kind))
    assert state.state == "ok" and state.significant
    assert state.lag is not None and state.lag_low is not None and state.lag_high is not None
    assert abs(state.lag - lag) <= 0.5 + 1e-9
    assert state.lag_low <= state.lag <= state.lag_high <= state.lag_low + 3.0
    assert state.score is not None and state.low is not None and state.high is not None
    assert 0 < state.low < state.score < state.high <= 100


def test_those_who_know_nothing_of_each_other_do_not_resonate() -> None:
    states = [last(*strangers(seed, WINDOW)) for seed in range(40)]
    assert sum(state.significant for state in states) <= 2, (
        "about one in a hundred, and each of these is always the same"
    )
    calm = [state for state in states if state.state == "ok" and not state.significant]
    assert len(calm) >= 30
    assert all(state.low == 0 and state.lag is state.lag_low is state.lag_high is None for state in calm)


def test_a_stronger_coupling_scores_higher() -> None:
    for seed in range(3):
        scores = [last(*followers(seed, WINDOW, 5.0, coupling)).score for coupling in (0.0, 0.3, 0.5, 0.7, 0.9)]
        assert all(score is not None for score in scores)
        assert scores == sorted(scores), scores  # type: ignore[type-var]


def test_a_crowd_that_does_the_opposite_scores_nothing() -> None:
    streamer, _ = followers(2, WINDOW, 5.0, 0.5)
    opposite = shares(-3.0 * np.log(np.maximum(streamer, 1e-4)))
    state = last(streamer, opposite)
    assert not state.significant and state.score is not None and state.score < 25


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("constant", ["flat", "one step", "trembling"])
def test_a_side_that_does_not_move_gives_no_number(side: int, constant: str) -> None:
    pair = list(followers(1, WINDOW, 5.0, 0.8))
    still = np.tile(shares(np.array([[2.0, 0, 0, 0, 0, 0, 0]])), (WINDOW, 1))
    if constant == "one step":
        still[WINDOW // 2 :] = still[0, ::-1]
    if constant == "trembling":
        still += np.random.default_rng(1).normal(0, 1e-4, still.shape)
    pair[side] = still
    assert last(pair[0], pair[1]) == NOTHING


def test_nothing_is_said_before_there_is_enough() -> None:
    states = told(*followers(1, WINDOW, 5.0, 0.9))
    first = next(place for place, state in enumerate(states) if state.state == "ok")
    assert FEWEST + SETTLE - 1 <= first <= FEWEST + SETTLE + 6
    assert all(state == NOTHING for state in states[:first])


def test_a_step_of_both_at_the_start_is_no_following() -> None:
    found = 0
    for seed in range(20):
        streamer, crowd = strangers(seed, WINDOW)
        joy = np.zeros(7)
        joy[0] = 6.0
        for moods, at in ((streamer, 20), (crowd, 24)):
            moods[at:] = shares(np.log(np.maximum(moods[at:], 1e-4)) + joy)
            moods[at:] = 0.5 * moods[at:] + 0.5 * moods[:1]
        found += last(streamer, crowd).significant
    assert found <= 1


def test_a_slow_drift_of_both_is_no_following() -> None:
    found = 0
    for seed in range(20):
        streamer, crowd = strangers(seed, WINDOW)
        drift = np.linspace(0.0, 3.0, WINDOW)[:, None] * np.eye(7)[0]
        found += last(*(shares(np.log(np.maximum(each, 1e-4)) + drift) for each in (streamer, crowd))).significant
    assert found <= 1


def test_gaps_are_bridged_or_left_out_and_make_nothing_up() -> None:
    streamer, crowd = followers(4, 2 * WINDOW, 6.0, 0.8)
    resonance = Resonance()
    dice = np.random.default_rng(5)
    for second in range(2 * WINDOW):
        away = 330 <= second < 390 or dice.random() < 0.03
        few = 450 <= second < 460
        resonance.add(second, None if away else streamer[second].tolist(), None if few else crowd[second].tolist())
    state = resonance.state(2.0 * WINDOW)
    assert state.significant and state.lag is not None and abs(state.lag - 6.0) <= 0.5 + 1e-9


def test_who_has_gone_leaves_no_number_and_comes_back_to_it() -> None:
    streamer, crowd = followers(4, WINDOW, 6.0, 0.8)
    resonance = Resonance()
    for second in range(WINDOW):
        resonance.add(second, streamer[second].tolist(), crowd[second].tolist())
    end = WINDOW - 1.0
    assert resonance.state(end).significant
    for second in range(WINDOW, WINDOW + 40):
        resonance.add(second, None, crowd[0].tolist())
    assert resonance.state(end + FRESH).state == "ok"
    assert resonance.state(end + FRESH + 1) == NOTHING
    resonance.add(end + 41, streamer[0].tolist(), crowd[0].tolist())
    assert resonance.state(end + 41).state == "ok", "a minute's break is not the stream's end"
    resonance.clear()
    assert resonance.state(end + 41) == NOTHING


def test_the_lag_stays_where_it_is_and_follows_a_stream_whose_delay_changes() -> None:
    first, second = followers(6, 3 * WINDOW, 4.0, 0.8), followers(7, 3 * WINDOW, 12.0, 0.8)
    states = told(*(np.concatenate([first[side], second[side]]) for side in (0, 1)))
    before = {state.lag for state in states[2 * WINDOW : 3 * WINDOW]}
    assert max(before, key=float) - min(before, key=float) <= 0.5  # type: ignore[arg-type, operator]
    lag = states[-1].lag
    assert lag is not None and abs(lag - 12.0) <= 0.5 + 1e-9


def test_following_that_ends_is_told_no_more_and_does_not_flicker() -> None:
    streamer, crowd = followers(8, 2 * WINDOW, 6.0, 0.8)
    _, own = strangers(9, 2 * WINDOW)
    crowd[WINDOW:] = own[WINDOW:]
    told_so = [state.significant for state in told(streamer, crowd)]
    assert told_so[WINDOW - 1] and not told_so[-1]
    changes = sum(one != other for one, other in itertools.pairwise(told_so))
    assert changes <= 3


def test_an_emotion_that_nobody_shows_has_no_score_of_its_own() -> None:
    streamer, crowd = followers(1, WINDOW, 5.0, 0.8)
    for moods in (streamer, crowd):
        moods[:, 6] = 0.0
    state = last(streamer, crowd)
    assert state.emotions is not None and len(state.emotions) == len(EMOTIONS)
    assert state.emotions[6] is None and all(each is not None and 0 <= each <= 100 for each in state.emotions[:6])


def test_a_second_that_comes_twice_late_or_from_the_past_counts_once() -> None:
    streamer, crowd = followers(1, WINDOW, 5.0, 0.8)
    plain, untidy = Resonance(), Resonance()
    for second in range(WINDOW):
        pair = streamer[second].tolist(), crowd[second].tolist()
        plain.add(second, *pair)
        untidy.add(second + 0.4, *pair)
        untidy.add(second + 0.9, *reversed(pair))
        if second:
            untidy.add(second - 0.5, *reversed(pair))
    assert plain.state(WINDOW) == untidy.state(WINDOW)
    assert plain.state(WINDOW).significant
    untidy.add(-1000.0, None, None)
    assert untidy.state(-1000.0) == NOTHING, "a clock that was set back joins nothing"


def test_the_same_seconds_always_say_the_same() -> None:
    pair = followers(2, WINDOW, 5.0, 0.5)
    assert told(*pair) == told(*pair)


def test_one_window_tells_how_sure_it_is() -> None:
    streamer, crowd = followers(2, WINDOW, 5.0, 0.9)
    found = couple([(streamer, crowd)])
    assert found is not None
    assert found.p == 1 / (SURROGATES + 1)
    assert found.correlations.shape == LAGS.shape and found.by_emotion.shape == (len(LAGS), 7)
    assert float(LAGS[-1]) == LONGEST_LAG and 5 < found.pairs < WINDOW
    assert np.all(np.abs(found.correlations) <= 1.0 + 1e-9)
    itself = couple([(streamer, streamer)])
    assert itself is not None and itself.correlations[0] == pytest.approx(1.0)
    assert couple([(streamer, np.tile(crowd[:1], (WINDOW, 1)))]) is None


def test_a_crowd_whose_votes_last_follows_within_the_time_that_they_do() -> None:
    streamer, crowd = followers(3, WINDOW, 5.0, 0.9)
    sharp, soft = last(streamer, crowd), last(streamer, blurred(crowd, "last 15 s"))
    assert sharp.lag is not None and soft.lag is not None and soft.significant
    assert sharp.lag - 0.5 <= soft.lag <= sharp.lag + 15.0


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    holes=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 80), st.booleans()), max_size=6),
    jump=st.floats(0, 100),
)
def test_whatever_is_missing_a_state_is_whole(seed: int, holes: list[tuple[int, int, bool]], jump: float) -> None:
    streamer, crowd = strangers(seed, 400)
    resonance = Resonance()
    for second in range(400):
        here = [not any(at <= second < at + length and side == first for at, length, first in holes)
                for side in (True, False)]  # fmt: skip
        time = second + (jump if second > 200 else 0.0)
        resonance.add(time, streamer[second].tolist() if here[0] else None, crowd[second].tolist() if here[1] else None)
        state = resonance.state(time)
        numbers = [state.score, state.low, state.high]
        if state.state == "not_enough":
            assert state == NOTHING
        else:
            assert all(number is not None and math.isfinite(number) and 0 <= number <= 100 for number in numbers)
            assert (state.lag is not None) == state.significant


def test_what_jumps_to_and_fro_every_second_is_no_number() -> None:
    resonance, sides = Resonance(), np.eye(7)[:2].tolist()
    for second in range(400):
        resonance.add(float(second), sides[second % 2], sides[(second + 1) % 2])
    assert not resonance.state(399.0).significant
