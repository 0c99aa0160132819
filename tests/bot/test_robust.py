"""What an anonymous vote weighs, and means without the votes at both ends."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.crowd import Crowd
from bot.robust import anonymous_weight, cut_part, trimmed_means
from model.emotions import EMOTIONS
from transport.partial import NO_VOTES, Tally, tally
from transport.reading import Probabilities, Reading, one_hot

HAPPY, SAD = one_hot("happiness"), one_hot("sadness")


def votes(voters: int, quality: float = 1.0) -> Tally:
    return tally(np.full(voters, quality), np.tile(np.array(HAPPY), (voters, 1)))


@pytest.mark.parametrize(
    ("anonymous", "share"), [(0, 0.0), (10, 0.0011), (30, 0.0371), (50, 0.2), (90, 0.879), (100, 1.0)]
)
def test_the_anonymous_share_is_a_cubed(anonymous: int, share: float) -> None:
    weight = anonymous_weight(votes(anonymous), votes(100 - anonymous))
    assert anonymous * weight / (anonymous * weight + 100 - anonymous) == pytest.approx(share, abs=1e-3)


def test_a_quality_that_strangers_claim_buys_no_share() -> None:
    """Honest cameras in dim rooms beside programs that say to be perfect."""
    weight = anonymous_weight(votes(30, 1.0), votes(70, 0.4))
    assert 30 * weight / (30 * weight + 70 * 0.4) == pytest.approx(0.0371, abs=1e-3)
    assert anonymous_weight(votes(30, 0.2), votes(70, 0.4)) == pytest.approx(0.09), "worse ones weigh less, as ever"


def test_nobody_linked_means_that_all_weigh_alike() -> None:
    assert anonymous_weight(votes(5), NO_VOTES) == anonymous_weight(NO_VOTES, NO_VOTES) == 1.0


@pytest.mark.parametrize(("voters", "cut"), [(0, 0), (49, 0), (50, 1), (99, 1), (100, 2)])
def test_whole_votes_are_cut(voters: int, cut: int) -> None:
    assert cut_part(0.02, voters) * voters == pytest.approx(cut)


def test_the_most_extreme_votes_are_the_ones_that_are_cut() -> None:
    felt = np.tile([0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0], (100, 1))
    felt[:2] = HAPPY
    felt[2:4] = SAD
    felt[4] = one_hot("fear")
    found = tally(np.ones(100), felt)
    assert trimmed_means(found.weights, found.sums, 0.03) == pytest.approx([0.5, 0.5, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("felt", [EMOTIONS, EMOTIONS[:5], EMOTIONS[:4]])
def test_a_crowd_that_is_evenly_divided_is_told_as_it_is(felt: tuple[str, ...]) -> None:
    """With `trim = 0.25`, nothing would be left of four emotions that a quarter of the crowd feels each."""
    crowd = Crowd(trim=0.25)
    for number in range(20 * len(felt)):
        crowd.take(face(f"viewer {number}", one_hot(felt[number % len(felt)])), 0.0)
    expected = [1 / len(felt) if emotion in felt else 0.0 for emotion in EMOTIONS]
    assert crowd.mood(0.0).shares == pytest.approx(expected)


@given(
    st.lists(st.integers(0, 12), min_size=7, max_size=7).filter(any),
    st.sampled_from([0.0, 1e-12, 1e-3, 0.3, 1.0]),
    st.floats(0.05, 1.0),
    st.just(0.25) | st.floats(0.0, 0.25),
)
def test_whatever_is_felt_and_trimmed_shares_add_up_to_one(
    voters: list[int], mixed: float, quality: float, trim: float
) -> None:
    felt = np.repeat(np.arange(7), voters)
    found = tally(np.linspace(quality, 1.0, len(felt)), (1 - mixed) * np.eye(7)[felt] + mixed / 7)
    shares = trimmed_means(found.weights, found.sums, cut_part(trim, found.voters)).tolist()
    assert all(math.isfinite(share) and 0.0 <= share <= 1.0 + 1e-9 for share in shares)
    assert sum(shares) == pytest.approx(1.0)


def crowd_of(linked: int, anonymous: int, trim: float = 0.02) -> Crowd:
    """Linked faces are half happy, half calm; anonymous ones sad."""
    crowd, calm = Crowd(trim=trim), (0.5, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0)
    for number in range(linked):
        crowd.take(face(f"linked {number}", calm, linked=True), 0.0)
    for number in range(anonymous):
        crowd.take(face(f"anonymous {number}", SAD), 0.0)
    return crowd


def face(viewer: str, felt: Probabilities, linked: bool = False) -> Reading:
    return Reading(viewer, "face", 0.0, felt, linked=linked)


@pytest.mark.parametrize(("linked", "anonymous"), [(7, 3), (14, 6), (70, 30), (700, 300)])
def test_thirty_of_a_hundred_strangers_move_no_bar_by_five_points(linked: int, anonymous: int) -> None:
    shares = crowd_of(linked, anonymous).mood(0.0).shares
    assert shares is not None and shares[1] < 0.05
    assert shares[:3] == pytest.approx((0.5, 0.0, 0.5), abs=0.05)


def test_strangers_alone_are_a_crowd_as_well() -> None:
    assert crowd_of(0, 40).mood(0.0).shares == SAD


def test_the_interval_knows_how_little_strangers_weigh() -> None:
    """Kish: a hundred linked and thirty who weigh next to nothing are as sure as a hundred, not as 130."""
    alone, beside = crowd_of(100, 0, 0.0).mood(0.0).intervals, crowd_of(100, 30, 0.0).mood(0.0).intervals
    assert alone is not None and beside is not None
    assert beside[0][1] - beside[0][0] == pytest.approx(alone[0][1] - alone[0][0], abs=0.004)


def test_viewers_are_all_who_are_counted_whatever_they_weigh() -> None:
    mood = crowd_of(7, 3).mood(0.0)
    assert (mood.viewers, mood.faces.voters, mood.faces.part) == (10, 10, 1.0)
