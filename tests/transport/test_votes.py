"""A hub's votes: one a viewer, late, doubled or stale; and what the hub says of them all."""

import pytest

from transport.partial import viewer_hash
from transport.reading import Probabilities, Reading, one_hot
from transport.votes import Votes

HAPPY, SAD = one_hot("happiness"), one_hot("sadness")


def reading(
    viewer: str, time: float, felt: Probabilities = HAPPY, quality: float = 1.0, linked: bool = False
) -> Reading:
    return Reading(viewer, "face", time, felt, quality, linked=linked)


def votes_of(*readings: Reading, expiry: float = 15.0) -> Votes:
    votes = Votes(expiry)
    for each in readings:
        votes.take(each, each.time)
    return votes


def test_one_viewer_has_one_vote_the_newest() -> None:
    votes = votes_of(reading("a", 1.0, SAD), reading("a", 2.0, HAPPY), reading("b", 2.0, HAPPY))
    assert not votes.take(reading("a", 1.5, SAD), 2.0), "late"
    partial = votes.partial(2.0)
    assert (partial.voters, partial.anonymous.totals.tolist()) == (2, [2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])


def test_standing_is_the_last_readings() -> None:
    votes = votes_of(reading("a", 0.0), reading("b", 0.0, linked=True), reading("c", 0.0, SAD, 0.5, linked=True))
    partial = votes.partial(0.0)
    assert (partial.anonymous.voters, partial.linked.voters) == (1, 2)
    assert (partial.anonymous.weight, partial.linked.weight) == (1.0, 1.5)
    votes.take(reading("b", 1.0, linked=False), 1.0)
    assert votes.partial(1.0).anonymous.voters == 2


def test_a_vote_that_sums_to_more_is_no_more() -> None:
    votes = votes_of(reading("a", 0.0, (0.51, 0.51, 0.0, 0.0, 0.0, 0.0, 0.0)))
    assert votes.partial(0.0).anonymous.totals[:2].tolist() == [0.5, 0.5]


def test_votes_expire_also_when_the_clock_is_set_back() -> None:
    votes = votes_of(reading("a", 1000.0))
    assert votes.partial(1010.0).voters == 1
    assert votes.partial(10.0).voters == 1, "10 s old, as before"
    assert votes.partial(14.9).voters == 1
    assert votes.partial(15.1).voters == 0 and "a" not in votes


def test_thousands_come_and_go_without_gaps() -> None:
    votes = votes_of(*(reading(str(number), 0.0, HAPPY if number % 4 else SAD) for number in range(1000)))
    for number in range(0, 1000, 4):
        assert votes.leave(str(number))
    assert not votes.leave("0")
    partial = votes.partial(0.0)
    assert (partial.voters, partial.anonymous.totals[:2].tolist()) == (750, [750.0, 0.0])
    assert votes.vote_of("999", 0.0) == (HAPPY, 1.0) and votes.vote_of("0", 0.0) is None
    votes.clear()
    assert len(votes) == 0 and votes.partial(0.0).voters == 0


def test_it_says_which_of_those_asked_about_have_a_vote() -> None:
    votes = votes_of(reading("a", 0.0), reading("b", 0.0))
    assert votes.partial(0.0).voting == frozenset()
    votes.ask([viewer_hash("b"), viewer_hash("elsewhere")])
    assert votes.partial(0.0).voting == {viewer_hash("b")}
    assert votes.viewer_of(viewer_hash("b")) == "b"
    votes.leave("b")
    assert votes.partial(0.0).voting == frozenset() and votes.viewer_of(viewer_hash("b")) is None


@pytest.mark.parametrize("quality", [0.0, 0.04])
def test_a_face_that_can_hardly_be_read_withdraws_its_vote(quality: float) -> None:
    votes = votes_of(reading("a", 0.0))
    assert not votes.take(reading("a", 1.0, quality=quality), 1.0)
    assert "a" not in votes
