"""Hysteresis, masking in the running crowd, and noise whose scale, budget and guarantee are what is said of them."""

import math
import random
from collections import Counter

import pytest

from bot.asking import Asker
from bot.crowd import Crowd
from bot.health import health
from bot.privacy import Noise, PrivacySettings, Showing, discrete_laplace
from bot.settings import Settings
from bot.show import Show
from model.emotions import EMOTIONS
from tests.bot.stage import HAPPY, SAD, theatre
from tests.bot.test_commands import Stage, ask
from transport.masking import Masking
from transport.partial import NO_VOTES, NOBODY, Partial
from transport.reading import Probabilities, Reading
from transport.votes import Votes


def votes_of(*feelings: Probabilities) -> Partial:
    votes = Votes()
    for number, feeling in enumerate(feelings):
        votes.take(Reading(f"viewer-{number}", "face", 0.0, feeling), 0.0)
    return votes.partial(0.0)


def test_a_crowd_is_shown_from_the_minimum_on_and_once_hidden_from_one_more() -> None:
    showing = Showing(3)
    assert [showing.look(voters) for voters in (2, 3, 4, 3, 2, 3, 4, 3, 2)] == [
        False, True, True, True, False, False, True, True, False,
    ]  # fmt: skip
    assert showing.needed == 4


def watched(crowd: Crowd, persons: list[str], begin: int, seconds: int) -> list[bool]:
    """Whether the bars are shown at each second."""
    shown = []
    for now in range(begin, begin + seconds):
        for person in persons:
            crowd.take(Reading(person, "face", float(now), HAPPY), float(now))
        shown.append(crowd.mood(float(now)).enough)
    return shown


def test_three_viewers_are_shown_at_once_and_again_when_the_third_is_back() -> None:
    crowd = Crowd(minimum_viewers=3, masking=Masking(3, random.Random(1)))
    assert not any(watched(crowd, ["ann", "ben"], 0, 10))
    assert all(watched(crowd, ["ann", "ben", "cat"], 10, 20))
    crowd.leave("cat")
    assert not any(watched(crowd, ["ann", "ben"], 30, 10))
    assert all(watched(crowd, ["ann", "ben", "cat"], 40, 20))
    crowd.leave("cat")
    assert not any(watched(crowd, ["ann", "ben"], 60, 2))
    later = watched(crowd, ["ann", "ben", "dan"], 62, 200)
    assert not any(later[:110]) and all(later[130:]), "somebody else takes two minutes"


def test_after_a_short_rest_the_same_three_are_shown_again() -> None:
    crowd = Crowd(minimum_viewers=3, masking=Masking(3, random.Random(1)))
    assert all(watched(crowd, ["ann", "ben", "cat"], 0, 10))
    crowd.clear()
    for now in range(10, 20):
        assert not crowd.rest(float(now)).enough
    assert all(watched(crowd, ["ann", "ben", "cat"], 20, 10))


def test_three_who_are_left_of_five_are_shown_after_two_minutes() -> None:
    crowd = Crowd(minimum_viewers=3, masking=Masking(3, random.Random(1)))
    assert all(watched(crowd, ["ann", "ben", "cat", "dan", "eve"], 0, 40))
    crowd.leave("dan")
    crowd.leave("eve")
    assert watched(crowd, ["ann", "ben", "cat"], 40, 200)[-60:] == [True] * 60


def test_a_streamers_own_test_comes_back_with_one_viewer() -> None:
    showing = Showing(1)
    assert [showing.look(voters) for voters in (0, 1, 0, 1)] == [False, True, False, True]


def test_a_hidden_mood_says_how_many_it_takes_now() -> None:
    crowd = Crowd(minimum_viewers=3)
    for viewer in ("ann", "ben", "cat"):
        crowd.take(Reading(viewer, "face", 0.0, HAPPY), 0.0)
    assert crowd.mood(0.0).enough
    crowd.leave("cat")
    crowd.take(Reading("dan", "face", 1.0, HAPPY), 1.0)
    assert crowd.mood(1.0).enough, "nobody has seen it with fewer"
    crowd.leave("dan")
    assert not crowd.mood(2.0).enough
    crowd.take(Reading("dan", "face", 3.0, HAPPY), 3.0)
    mood = crowd.mood(3.0)
    assert (mood.enough, mood.viewers, mood.minimum_viewers, mood.faces.shares) == (False, 3, 4, None)


def test_a_masked_crowd_counts_a_joiner_after_some_seconds_and_with_somebody() -> None:
    crowd = Crowd(minimum_viewers=3, masking=Masking(3, random.Random(1)))
    persons = ["ann", "ben", "cat", "dan", "eve"]
    numbers = []
    for second in range(40):
        if second == 10:
            persons.append("fay")
        for person in persons:
            crowd.take(Reading(person, "face", float(second), SAD if person == "fay" else HAPPY), float(second))
        numbers.append(crowd.mood(float(second)).viewers)
    assert numbers[5:13] == [4] * 8
    assert set(numbers[20:]) == {5}


def test_who_has_left_counts_for_eight_seconds_at_most_and_has_no_vote_of_their_own() -> None:
    crowd = Crowd(minimum_viewers=3, masking=Masking(3, random.Random(1)))
    persons = [f"viewer-{number}" for number in range(8)]
    for second in range(40):
        now = float(second)
        for person in persons if second < 20 else persons[1:]:
            crowd.take(Reading(person, "face", now, HAPPY), now)
        if second == 20:
            before = crowd.mood(now).viewers
            crowd.leave("viewer-0")
            assert "viewer-0" not in crowd and crowd.reading_of("viewer-0", now) is None
            assert crowd.mood(now).viewers == before
        crowd.mood(now)
    assert crowd.votes.frozen == 0 and crowd.mood(40.0).viewers == 6


def test_while_a_moderator_lets_the_mood_rest_nobody_stays_frozen() -> None:
    crowd = Crowd(minimum_viewers=3, masking=Masking(3, random.Random(1)))
    for number in range(8):
        crowd.take(Reading(f"viewer-{number}", "face", 0.0, HAPPY), 0.0)
    crowd.mood(0.0)
    for number in range(8):
        crowd.leave(f"viewer-{number}")
    assert crowd.votes.frozen > 0
    assert crowd.rest(1.0).shares is None and crowd.votes.frozen == 0


async def test_the_show_masks_joins_unless_it_is_told_not_to() -> None:
    async with theatre(privacy=PrivacySettings()) as stage:
        for number in range(6):
            stage.join(number)
        frame = await stage.until(lambda frame: frame["connected"] == 6 and frame["enough"])
        assert frame["viewers"] < 6
        assert frame["privacy"] is None


async def test_noise_is_told_with_what_it_costs() -> None:
    async with theatre(privacy=PrivacySettings(epsilon=600.0, release_seconds=1.0)) as stage:
        for number in range(8):
            stage.join(number)
        frame = await stage.until(lambda frame: frame["enough"] and frame["privacy"]["spent"] > 20)
        assert frame["privacy"]["epsilon"] == 10.0 and frame["privacy"]["seconds"] == 1.0
        assert frame["connected"] == frame["sources"]["face"]["voters"]


@pytest.mark.parametrize(("numerator", "denominator"), [(1, 1), (7, 2), (25, 1)])
def test_discrete_laplace_has_the_stated_distribution(numerator: int, denominator: int) -> None:
    chance = random.Random(1)
    draws = 60_000
    found = Counter(discrete_laplace(numerator, denominator, chance) for _ in range(draws))
    q = math.exp(-denominator / numerator)
    expected = {z: draws * (1 - q) / (1 + q) * q ** abs(z) for z in range(-400, 401)}
    likely = {z: number for z, number in expected.items() if number >= 20}
    rest = draws - sum(found[z] for z in likely), draws - sum(likely.values())
    chi2 = sum((found[z] - number) ** 2 / number for z, number in likely.items())
    chi2 += (rest[0] - rest[1]) ** 2 / rest[1] if rest[1] > 1 else 0.0
    # 99.9 % of the chi-squared distribution with that many degrees of freedom (Wilson and Hilferty, 1931).
    degrees = len(likely)
    assert chi2 < degrees * (1 - 2 / (9 * degrees) + 3.09 * math.sqrt(2 / (9 * degrees))) ** 3


def test_noise_has_the_stated_scale() -> None:
    """Mean and mean distance of many releases of one crowd: number with scale 2 / e, sums with 2 * 1032 / 1024 / e."""
    exact = votes_of(*[HAPPY] * 300)
    epsilon = 0.5
    voters, happiness = [], []
    for seed in range(3000):
        noise = Noise(PrivacySettings(epsilon=epsilon * 6, release_seconds=10.0), random.Random(seed))
        told = noise.look(exact, 0.0).anonymous
        voters.append(told.voters - 300)
        happiness.append(told.totals[0] - 210.0)
    for errors, scale in ((voters, 2 / epsilon), (happiness, 2 * 1032 / 1024 / epsilon)):
        assert sum(errors) / len(errors) == pytest.approx(0.0, abs=5 * scale * math.sqrt(2 / len(errors)))
        # The mean distance of a Laplace distribution is its scale, and that of a distance too.
        assert sum(map(abs, errors)) / len(errors) == pytest.approx(scale, rel=5 / math.sqrt(len(errors)) + 0.02)


def test_one_viewer_more_or_less_changes_no_outcome_by_more_than_e_to_the_epsilon() -> None:
    """Releases of a crowd with and without one viewer, put into boxes that tell the two apart as well as any."""
    epsilon, draws = 1.0, 6000
    settings = PrivacySettings(epsilon=epsilon * 60, release_seconds=1.0)
    outcomes = []
    for feelings in ([HAPPY, SAD, SAD, HAPPY], [HAPPY, SAD, SAD, HAPPY, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)]):
        exact = votes_of(*feelings)
        found: Counter[tuple[bool, bool]] = Counter()
        for seed in range(draws):
            told = Noise(settings, random.Random(seed * 7919 + len(feelings))).look(exact, 0.0).anonymous
            found[told.voters > 4, told.totals[0] > 2.0] += 1
        outcomes.append(found)
    without, with_one = outcomes
    for box in without.keys() | with_one.keys():
        a, b = without[box], with_one[box]
        # Three standard deviations of each count in the attacker's favour.
        assert max(a, b) - 3 * math.sqrt(max(a, b)) <= math.exp(epsilon) * (min(a, b) + 3 * math.sqrt(min(a, b)))
    assert with_one[True, True] > 1.2 * without[True, True], "the boxes do tell them apart"


def test_without_the_noise_the_same_boxes_give_the_viewer_away() -> None:
    with_one, without = votes_of(HAPPY, SAD, HAPPY), votes_of(HAPPY, SAD)
    noise = Noise(PrivacySettings())
    assert noise.look(with_one, 0.0) is with_one and noise.look(without, 1.0) is without
    assert noise.spent == 0.0 and noise.frame() is None and not noise.on


def test_one_vote_changes_the_rounded_sums_by_no_more_than_the_stated_sensitivity() -> None:
    chance = random.Random(1)

    def feeling() -> Probabilities:
        a, b, c, d, e, f, g = (chance.random() ** 3 + 1e-3 for _ in EMOTIONS)
        whole = a + b + c + d + e + f + g
        return (a / whole, b / whole, c / whole, d / whole, e / whole, f / whole, g / whole)

    for _ in range(200):
        crowd = [feeling() for _ in range(chance.randrange(1, 30))]
        before, after = votes_of(*crowd), votes_of(*crowd, feeling())
        steps = [round(value * Noise.GRID) for value in before.anonymous.totals.tolist()]
        more = [round(value * Noise.GRID) for value in after.anonymous.totals.tolist()]
        assert sum(abs(one - other) for one, other in zip(steps, more, strict=True)) <= Noise.SENSITIVITY


def test_releases_hold_and_the_budget_adds_up() -> None:
    exact = votes_of(*[HAPPY] * 100)
    noise = Noise(PrivacySettings(epsilon=1.2, release_seconds=5.0), random.Random(1))
    assert noise.epsilon == pytest.approx(0.1)
    told = [noise.look(exact, second / 10) for second in range(600)]
    assert len({id(each) for each in told}) == 12
    assert noise.spent == pytest.approx(1.2), "a minute costs what the setting says"
    assert noise.frame() == {"epsilon": 0.1, "seconds": 5.0, "spent": 1.2}


def test_a_clock_that_is_set_back_brings_no_more_releases() -> None:
    noise = Noise(PrivacySettings(epsilon=6.0, release_seconds=10.0), random.Random(1))
    exact = votes_of(*[HAPPY] * 100)
    for second in range(100):
        noise.look(exact, 1000.0 - second)
    assert noise.spent == pytest.approx(1.0)


def test_whatever_the_noise_says_a_mood_is_one() -> None:
    for seed in range(200):
        noise = Noise(PrivacySettings(epsilon=1.0), random.Random(seed))
        crowd = Crowd(minimum_viewers=1, noise=noise)
        crowd.take(Reading("viewer", "face", 0.0, HAPPY), 0.0)
        mood = crowd.mood(0.0)
        assert mood.viewers >= 0
        if mood.shares is not None:
            assert sum(mood.shares) == pytest.approx(1.0) and min(mood.shares) >= 0.0


def test_an_empty_crowd_may_be_told_as_none() -> None:
    noise = Noise(PrivacySettings(epsilon=600.0, release_seconds=60.0), random.Random(3))
    assert noise.look(Partial(NO_VOTES, NO_VOTES), 0.0).voters in (0, 1)


def test_ones_own_reading_is_not_told_in_chat_where_it_tells_of_others() -> None:
    stage = Stage()
    ann = Asker("ann", viewer="key-of-ann")
    assert "looks like" in ask("!mood me", stage, ann)
    stage.tellable.clear()
    assert "too few others" in ask("!mood me", stage, ann)


def test_privacy_says_what_noise_there_is_and_what_it_has_cost() -> None:
    assert "seven numbers" in ask("!mood privacy")
    noisy = Stage()
    noisy.noise = Noise(PrivacySettings(epsilon=3.0, release_seconds=10.0))
    for second in range(40):
        noisy.noise.look(NOBODY, float(second))
    assert "epsilon 0.5 for each release, one every 10 s, 2 spent" in ask("!mood privacy", noisy)


def test_the_dashboard_is_told_what_noise_costs() -> None:
    clock = [0.0]
    settings = Settings(privacy=PrivacySettings(epsilon=1.0))
    show = Show(settings, "secret", None, lambda: clock[0])
    show.desk.admit("viewer-key-0123456789", 0.0)
    for second in range(61):
        clock[0] = float(second)
        show.crowd.mood(clock[0])
    line = next(each.line for each in health(show, 1) if each.name == "viewers")
    assert line == "1 agent is connected. The mood has noise: epsilon 1.17 spent, 0.167 every 10 s."
