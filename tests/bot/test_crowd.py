"""The crowd's rules: one viewer one vote, expiry, intervals, and nothing below the minimum."""

import math

import pytest

from bot.crowd import ChatVotes, Crowd, Part, wilson_interval
from transport.reading import Probabilities, Reading

HAPPY: Probabilities = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
SAD: Probabilities = (0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def reading(viewer: str, time: float, probabilities: Probabilities = HAPPY, quality: float = 1.0) -> Reading:
    return Reading(viewer, "face", time, probabilities, quality)


def chat(viewer: str, time: float, probabilities: Probabilities = HAPPY, quality: float = 1.0) -> Reading:
    return Reading(f"chat:{viewer}", "chat", time, probabilities, quality)


def crowd_of(faces: int, chatters: int, minimum: int = 3, votes: ChatVotes | None = None) -> Crowd:
    """Happy faces, sad chatters."""
    crowd = Crowd(minimum, chat=votes)
    for number in range(faces):
        crowd.take(reading(str(number), 0.0, HAPPY), 0.0)
    for number in range(chatters):
        crowd.take(chat(str(number), 0.0, SAD), 0.0)
    return crowd


def test_one_viewer_has_one_vote_however_often_it_reports() -> None:
    crowd = Crowd(minimum_viewers=2)
    for _ in range(50):
        crowd.take(reading("loud", 0.0, HAPPY), 0.0)
    crowd.take(reading("quiet", 0.0, SAD), 0.0)
    mood = crowd.mood(0.0)
    assert mood.viewers == 2
    assert mood.shares == (0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_a_larger_crowd_is_counted_as_well_while_it_comes_and_goes() -> None:
    crowd = Crowd(minimum_viewers=1, trim=0.0)
    for number in range(1000):
        crowd.take(reading(str(number), 0.0, HAPPY if number % 4 else SAD), 0.0)
    mood = crowd.mood(0.0)
    assert mood.shares is not None and mood.shares[:2] == pytest.approx((0.75, 0.25))
    for number in range(0, 1000, 4):
        assert crowd.leave(str(number))
    mood = crowd.mood(0.0)
    assert (mood.viewers, mood.shares) == (750, HAPPY)


def test_the_split_is_hidden_below_the_minimum() -> None:
    crowd = Crowd(minimum_viewers=3)
    for viewer in ("a", "b"):
        crowd.take(reading(viewer, 0.0), 0.0)
    mood = crowd.mood(0.0)
    assert (mood.viewers, mood.enough, mood.top) == (2, False, None)
    assert {mood.shares, mood.intervals, mood.valence, mood.arousal, mood.trend} == {None}
    crowd.take(reading("c", 0.0), 0.0)
    assert crowd.mood(0.0).top == "happiness"


def test_a_late_reading_does_not_undo_a_newer_one() -> None:
    crowd = Crowd(minimum_viewers=1)
    assert crowd.take(reading("a", 10.0, SAD), 10.0)
    assert not crowd.take(reading("a", 9.0, HAPPY), 10.5)
    assert crowd.mood(10.5).top == "sadness"


def test_a_vote_expires_and_can_be_withdrawn() -> None:
    crowd = Crowd(minimum_viewers=1, expiry=15.0)
    crowd.take(reading("a", 0.0), 0.0)
    assert crowd.mood(14.9).viewers == 1
    assert crowd.mood(15.0).viewers == 0
    crowd.take(reading("a", 16.0), 16.0)
    assert crowd.leave("a")
    assert not crowd.leave("a")
    assert crowd.mood(16.0).viewers == 0


def test_a_reading_from_the_future_does_not_live_longer() -> None:
    crowd = Crowd(minimum_viewers=1, expiry=15.0)
    crowd.take(reading("a", 1e9), 0.0)
    assert crowd.mood(15.0).viewers == 0


def test_a_clock_that_is_set_back_keeps_every_age() -> None:
    crowd = Crowd(minimum_viewers=1, expiry=15.0)
    crowd.take(reading("a", 1000.0), 1000.0)
    assert crowd.mood(1010.0).viewers == 1
    assert crowd.mood(10.0).viewers == 1
    assert crowd.mood(14.9).viewers == 1
    assert crowd.mood(15.1).viewers == 0


def test_quality_weighs_a_vote_and_none_is_no_vote() -> None:
    crowd = Crowd(minimum_viewers=1)
    crowd.take(reading("sure", 0.0, HAPPY, 1.0), 0.0)
    crowd.take(reading("unsure", 0.0, SAD, 0.25), 0.0)
    shares = crowd.mood(0.0).shares
    assert shares is not None and shares[0] == pytest.approx(0.8)
    assert not crowd.take(reading("unsure", 1.0, SAD, 0.0), 1.0)
    assert crowd.mood(1.0).viewers == 1


def test_the_trend_compares_with_half_a_minute_ago() -> None:
    crowd = Crowd(minimum_viewers=1)
    for second in range(61):
        crowd.take(reading("a", second, HAPPY if second >= 45 else SAD), second)
        mood = crowd.mood(second)
        if second < 30:
            assert mood.trend is None
    assert mood.trend is not None
    assert mood.trend[:2] == (1.0, -1.0)


def test_no_trend_across_a_gap() -> None:
    crowd = Crowd(minimum_viewers=1)
    crowd.take(reading("a", 0.0), 0.0)
    crowd.mood(0.0)
    crowd.take(reading("a", 500.0), 500.0)
    assert crowd.mood(500.0).trend is None


def test_a_chatter_who_is_known_to_be_a_viewer_has_one_vote_the_faces() -> None:
    pairs: dict[str, str] = {}
    crowd = Crowd(minimum_viewers=1, viewers=pairs)
    crowd.take(reading("ann", 0.0, HAPPY), 0.0)
    crowd.take(chat("ann", 0.0, SAD), 0.0)
    assert crowd.mood(0.0).viewers == 2
    pairs["chat:ann"] = "ann"
    mood = crowd.mood(0.0)
    assert (mood.viewers, mood.shares, mood.faces, mood.chat) == (1, HAPPY, Part(1, 1.0, HAPPY), Part())
    crowd.leave("ann")
    assert crowd.mood(0.0).shares == SAD, "while the face is away, what they wrote counts"


def test_few_linked_faces_leave_their_chat_vote_alone() -> None:
    """Faces that are too few to count must not take a vote away that does."""
    pairs = {f"chat:{number}": str(number) for number in range(2)}
    crowd = Crowd(minimum_viewers=3, viewers=pairs)
    for number in range(2):
        crowd.take(reading(str(number), 0.0, HAPPY), 0.0)
    for number in range(3):
        crowd.take(chat(str(number), 0.0, SAD), 0.0)
    assert (crowd.mood(0.0).viewers, crowd.mood(0.0).shares) == (3, SAD)
    crowd.take(reading("2", 0.0, HAPPY), 0.0)
    assert (crowd.mood(0.0).faces.voters, crowd.mood(0.0).chat.voters) == (3, 1)


def test_a_tap_is_a_vote_of_chats() -> None:
    crowd = Crowd(minimum_viewers=1, expiry=15.0)
    crowd.take(Reading("chat:ann", "tap", 0.0, HAPPY), 0.0)
    crowd.take(reading("bob", 20.0, SAD), 20.0)
    mood = crowd.mood(20.0)
    assert (mood.faces.voters, mood.chat.voters) == (1, 1) and mood.chat.part == pytest.approx(0.2)
    assert crowd.mood(60.0).viewers == 0


def test_all_votes_can_be_withdrawn_at_once() -> None:
    crowd = crowd_of(faces=100, chatters=100)
    crowd.mood(0.0)
    crowd.clear()
    mood = crowd.mood(31.0)
    assert (mood.viewers, mood.trend, crowd.reading_of("1", 31.0)) == (0, None, None)
    assert not crowd.votes._table.any() and not crowd._written._table.any(), "nothing of anybody stays behind"


def test_a_channel_without_a_camera_has_a_mood() -> None:
    mood = crowd_of(faces=0, chatters=3).mood(0.0)
    assert (mood.viewers, mood.top) == (3, "sadness")
    assert (mood.faces, mood.chat) == (Part(), Part(3, 1.0, SAD))


def test_faces_and_chat_are_joined_by_weight_and_told_apart() -> None:
    mood = crowd_of(faces=10, chatters=20).mood(0.0)
    assert mood.viewers == 30 and mood.shares is not None and mood.shares[:2] == pytest.approx((0.5, 0.5))
    assert (mood.faces, mood.chat) == (Part(10, 0.5, HAPPY), Part(20, 0.5, SAD))
    heavier = crowd_of(faces=10, chatters=20, votes=ChatVotes(weight=2.0)).mood(0.0)
    assert heavier.shares is not None and heavier.shares[1] == pytest.approx(0.8)
    assert heavier.chat.part == pytest.approx(0.8)


@pytest.mark.parametrize("faces", [1, 2])
def test_chat_never_hides_a_few_faces(faces: int) -> None:
    """Chat is public: who reads it could take its part off the sum and see the single face behind it."""
    alone, with_faces = crowd_of(0, 40).mood(0.0), crowd_of(faces, 40).mood(0.0)
    assert with_faces.faces == Part(faces, 0.0, None), "their number is no secret"
    for name in ("viewers", "shares", "intervals", "valence", "arousal", "trend", "chat"):
        assert getattr(with_faces, name) == getattr(alone, name), name
    assert crowd_of(3, 40).mood(0.0).faces.part > 0


@pytest.mark.parametrize(("faces", "chatters", "gathered"), [(2, 2, 2), (1, 2, 2), (2, 0, 2), (0, 1, 1)])
def test_too_few_of_either_show_nothing(faces: int, chatters: int, gathered: int) -> None:
    mood = crowd_of(faces, chatters).mood(0.0)
    assert (mood.viewers, mood.enough) == (gathered, False)
    assert (mood.faces, mood.chat) == (Part(faces), Part(chatters))


@pytest.mark.parametrize(("faces", "chatters", "apart"), [(3, 1, False), (3, 2, False), (3, 3, True), (2, 3, True)])
def test_shares_of_one_source_are_told_only_where_they_single_nobody_out(
    faces: int, chatters: int, apart: bool
) -> None:
    mood = crowd_of(faces, chatters).mood(0.0)
    assert mood.enough and mood.chat.part > 0
    assert (mood.chat.shares is not None) == apart
    assert (mood.faces.shares is not None) == (apart and faces >= 3)


def test_a_chatters_vote_fades_and_then_expires() -> None:
    crowd = crowd_of(0, 3, votes=ChatVotes(half_life=20.0, expiry=60.0))
    for number in range(3):
        crowd.take(chat(f"late {number}", 20.0, HAPPY), 20.0)
    shares = crowd.mood(20.0).shares
    assert shares is not None and shares[:2] == pytest.approx((2 / 3, 1 / 3))
    assert crowd.mood(59.9).chat.voters == 6
    assert crowd.mood(60.0).chat.voters == 3
    assert crowd.mood(80.0).chat.voters == 0
    assert not crowd.take(chat("old", 20.0), 80.0)


def test_faces_and_chat_expire_each_in_their_own_time() -> None:
    crowd = crowd_of(5, 5)
    assert (crowd.mood(14.9).faces.voters, crowd.mood(14.9).chat.voters) == (5, 5)
    assert (crowd.mood(15.0).faces.voters, crowd.mood(15.0).chat.voters) == (0, 5)
    assert crowd.reading_of("chat:1", 59.0) == SAD
    assert crowd.reading_of("chat:1", 60.0) is None


def width(crowd: Crowd, now: float = 0.0) -> float:
    intervals = crowd.mood(now).intervals
    assert intervals is not None
    return intervals[1][1] - intervals[1][0]


def mixed(chatters: int, quality: float = 1.0, weight: float = 0.5) -> Crowd:
    crowd = Crowd(3, chat=ChatVotes(weight=weight))
    for number in range(chatters):
        crowd.take(chat(str(number), 0.0, SAD if number % 2 else HAPPY, quality), 0.0)
    return crowd


def test_intervals_are_as_wide_as_the_evidence_is_thin() -> None:
    # A hundred who share one message in parts are worth the votes that they share, and no more.
    shared = (1 + math.log2(100)) / 100
    assert width(mixed(100, shared)) == pytest.approx(2 * (wilson_interval(0.5, 1 + math.log2(100))[1] - 0.5))
    assert width(mixed(100)) == pytest.approx(2 * (wilson_interval(0.5, 100)[1] - 0.5))
    assert width(mixed(100, weight=0.1)) == pytest.approx(width(mixed(100, weight=1.0))), "nothing to weigh against"
    assert width(mixed(100), 20.0) > width(mixed(100)), "what was said a while ago is less sure"


def test_a_small_part_of_a_shared_vote_counts_though_a_face_so_poor_does_not() -> None:
    crowd = Crowd(3)
    assert crowd.take(chat("a", 0.0, quality=0.003), 0.0)
    assert not crowd.take(reading("a", 0.0, quality=0.003), 0.0)
    assert not crowd.take(chat("a", 0.0, quality=0.0), 0.0) and crowd.mood(0.0).chat.voters == 0


def test_the_interval_covers_nine_times_of_ten() -> None:
    """Exact coverage over all outcomes of a binomial crowd, averaged over shares: Wilson's is close to nominal."""
    covered = []
    for viewers in (5, 20, 100):
        for share in (0.1, 0.3, 0.5, 0.8):
            hits = 0.0
            for votes in range(viewers + 1):
                low, high = wilson_interval(votes / viewers, viewers)
                chance = math.comb(viewers, votes) * share**votes * (1 - share) ** (viewers - votes)
                hits += chance * (low <= share <= high)
            covered.append(hits)
    assert sum(covered) / len(covered) == pytest.approx(0.90, abs=0.02)


def test_the_interval_narrows_with_the_crowd() -> None:
    widths = [high - low for low, high in (wilson_interval(0.4, voters) for voters in (3, 30, 300))]
    assert widths == sorted(widths, reverse=True)
