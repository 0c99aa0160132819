"""When a rule begins, holds and ends, and what becomes of rules that want the same thing. No OBS, no clock."""

from collections.abc import Iterable
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from bot.crowd import Mood
from bot.obs.reactions import FOLLOW_GAP, SCENE, SCENE_GAP, Fire, Keep, Note, Order, Reactions, Restore, Set
from model.emotions import EMOTIONS
from tests.bot.obs.moods import mood, nobody, rules

JOY: dict[str, Any] = {"name": "joy", "when": "share", "emotion": "happiness", "above": 0.5, "seconds": 3}
HAPPY = mood(happiness=0.7)
CALM = mood(neutral=0.7)
PARTY = {**JOY, "do": "scene", "scene": "Party"}


def played(reactions: Reactions, moods: Iterable[tuple[float, Mood]]) -> list[tuple[float, Order]]:
    """What is ordered, and when."""
    return [(time, order) for time, now in moods for order in reactions.step(now, time)]


def seconds(start: float, end: float, mood: Mood) -> list[tuple[float, Mood]]:
    """The same mood, five times a second."""
    return [(start + step / 5, mood) for step in range(round(5 * (end - start)))]


def test_begins_after_it_has_held_and_ends_below_the_release() -> None:
    reactions = Reactions(rules(PARTY))
    orders = played(reactions, [*seconds(0, 10, HAPPY), *seconds(10, 12, mood(happiness=0.45))])
    assert [(time, type(order), order.why) for time, order in orders] == [
        (3.0, Set, "joy: happiness 70% for 3 s: scene Party")
    ], "0.45 is under `above` and over `release`"
    assert reactions.active == ["joy"]
    ((time, order),) = played(reactions, seconds(12, 14, mood(happiness=0.4)))
    assert (time, order) == (12.0, Restore(SCENE, "joy: happiness 40%: back to what was there"))


def test_a_short_laugh_is_not_enough() -> None:
    reactions = Reactions(rules(PARTY))
    moods = [each for start in range(0, 60, 3) for each in (*seconds(start, start + 2, HAPPY), (start + 2.5, CALM))]
    assert played(reactions, moods) == []


def test_a_rule_cools_down_before_it_begins_again() -> None:
    reactions = Reactions(rules({**JOY, "do": "chapter", "seconds": 0, "cooldown": 30}))
    moods = [each for start in range(0, 100, 4) for each in (*seconds(start, start + 2, HAPPY), (start + 3, CALM))]
    times = [time for time, _ in played(reactions, moods)]
    assert len(times) == 4 and all(later - earlier >= 30 for earlier, later in pairwise(times))


def test_too_few_viewers_end_it() -> None:
    reactions = Reactions(rules(PARTY))
    played(reactions, seconds(0, 9, HAPPY))
    ((_, order),) = played(reactions, [(9, nobody())])
    assert order.why == "joy: too few viewers to tell: back to what was there"


def test_scenes_are_never_switched_twice_in_five_seconds_whatever_the_crowd_does() -> None:
    dice = Random(3)
    kinds = [
        {**PARTY, "name": name, "emotion": name, "scene": name, "above": 0.2, "seconds": 0, "cooldown": 1}
        for name in EMOTIONS
    ]
    reactions = Reactions(rules(*kinds))
    moods = [(step / 5, mood(10, None, **{dice.choice(EMOTIONS): dice.uniform(0.1, 0.9)})) for step in range(5000)]
    times = [time for time, order in played(reactions, moods) if isinstance(order, Set | Restore)]
    assert len(times) > 50
    assert min(later - earlier for earlier, later in pairwise(times)) >= SCENE_GAP


def test_the_streamers_own_switch_counts_and_a_rule_waits_for_it() -> None:
    reactions = Reactions(rules({**PARTY, "seconds": 0}))
    assert reactions.saw_scene("Game", 0.0) == []
    orders = played(reactions, seconds(1, 8, HAPPY))
    assert [(time, type(order)) for time, order in orders] == [(1.0, Note), (5.0, Set)]
    assert "waits" in orders[0][1].why


def test_where_the_streamer_goes_meanwhile_the_show_stays() -> None:
    reactions = Reactions(rules({**PARTY, "seconds": 0}))
    played(reactions, seconds(0, 6, HAPPY))
    assert reactions.saw_scene("Party", 6.0) == [], "its own switch"
    assert reactions.saw_scene("Game", 7.0) == [Keep(SCENE, "joy: somebody switched to scene Game, which stays")]
    assert played(reactions, seconds(13, 20, CALM)) == []


def test_the_last_to_begin_is_seen_and_the_first_is_there_again_after_it() -> None:
    text = {"do": "text", "source": "Words", "seconds": 0}
    reactions = Reactions(
        rules(
            {**JOY, **text, "name": "yay", "text": "yay", "above": 0.3},
            {**JOY, **text, "name": "eek", "emotion": "surprise", "above": 0.3, "text": "eek"},
        )
    )
    both = mood(happiness=0.45, surprise=0.45)
    orders = [
        order
        for _, order in played(
            reactions, [(0, mood(happiness=0.45)), (2, both), (4, mood(surprise=0.45)), (6, both), (40, CALM)]
        )
    ]
    assert [order.wish if isinstance(order, Set) else type(order) for order in orders] == ["yay", "eek", Restore]


def test_without_back_it_stays_so() -> None:
    reactions = Reactions(rules({**PARTY, "back": False, "seconds": 0}))
    orders = [order for _, order in played(reactions, [(0, HAPPY), (10, CALM), (20, CALM)])]
    assert [type(order) for order in orders] == [Set, Keep]


def test_an_intensity_follows_seldom_in_small_steps_and_reaches_its_ends() -> None:
    glow = {
        "name": "glow", "when": "share", "emotion": "happiness", "do": "intensity", "source": "Cam", "filter": "Blur",
        "setting": "radius", "low": 0, "high": 20, "above": 0.5,
    }  # fmt: skip
    reactions = Reactions(rules(glow))
    dice = Random(5)
    shares = [min(max(0.5 + step / 2000 + dice.uniform(-0.001, 0.001), 0), 1) for step in range(1000)]
    moods = [(step / 50, mood(happiness=share)) for step, share in enumerate(shares)]
    sets = [(time, order.wish) for time, order in played(reactions, moods) if isinstance(order, Set)]
    assert 10 < len(sets) <= 101
    assert all(later[0] - earlier[0] >= FOLLOW_GAP - 1e-9 for earlier, later in pairwise(sets))
    assert sets[-1][1] == pytest.approx(20, abs=0.4)
    ((_, last),) = played(reactions, [(30, CALM)])
    assert isinstance(last, Set) and last.wish == 0


@pytest.mark.parametrize(("direction", "sign"), [("rising", 1), ("falling", -1)])
def test_trends(direction: str, sign: int) -> None:
    rule = {
        "name": "t",
        "when": direction,
        "emotion": "fear",
        "above": 0.2,
        "seconds": 0,
        "do": "hotkey",
        "hotkey": "h",
    }
    reactions = Reactions(rules(rule))
    assert played(reactions, [(0, mood(fear=0.3)), (1, mood(trend={"fear": 0.1 * sign}, fear=0.3))]) == []
    ((_, order),) = played(reactions, [(2, mood(trend={"fear": 0.25 * sign}, fear=0.3))])
    assert isinstance(order, Fire) and order.why == f"t: fear {25 * sign:+}%: hotkey h"


def test_viewers_count_also_below_the_minimum() -> None:
    rule = {"name": "v", "when": "viewers", "above": 1, "seconds": 0, "do": "event", "event": "e", "text": "{viewers}"}
    ((_, order),) = played(Reactions(rules(rule)), [(0, nobody())])
    assert isinstance(order, Fire) and order.text == "1"


def test_the_leading_emotion_must_lead_clearly() -> None:
    rule = {"name": "d", "when": "dominant", "emotion": "anger", "seconds": 1, "do": "show", "source": "Fire"}
    reactions = Reactions(rules(rule))
    close = mood(happiness=0.40, anger=0.42)
    assert played(reactions, [*seconds(0, 3, HAPPY), *seconds(3, 20, close)]) == []
    orders = played(reactions, [*seconds(20, 25, mood(anger=0.6)), *seconds(25, 40, mood(happiness=0.42, anger=0.40))])
    assert [type(order) for _, order in orders] == [Set], "and neither is it lost by a hair"
    ((_, order),) = played(reactions, [(40, HAPPY)])
    assert isinstance(order, Restore)


def test_any_change_of_the_leading_emotion_but_not_the_first() -> None:
    rule = {
        "name": "any", "when": "dominant", "seconds": 1, "cooldown": 1, "do": "text", "source": "W", "text": "{top}"
    }  # fmt: skip
    reactions = Reactions(rules(rule))
    moods = [*seconds(0, 5, HAPPY), *seconds(5, 10, CALM), *seconds(10, 10.6, HAPPY), *seconds(10.6, 20, CALM)]
    orders = played(reactions, [*moods, *seconds(20, 25, HAPPY)])
    assert [(round(time), order.wish) for time, order in orders if isinstance(order, Set)] == [
        (6, "neutral"), (21, "happiness"),
    ]  # fmt: skip
    assert [type(order) for order in reactions.stop()] == [Restore]


def test_moments_close_together_are_one_replay() -> None:
    replay = {**JOY, "do": "replay", "seconds": 0}
    reactions = Reactions(rules({**replay, "name": "a"}, {**replay, "name": "b", "above": 0.6}))
    orders = [order for _, order in played(reactions, [(0, HAPPY)])]
    assert [type(order) for order in orders] == [Fire, Note] and "which shows this as well" in orders[1].why


def test_after_obs_was_away_what_holds_is_ordered_again() -> None:
    text = {**JOY, "do": "text", "source": "W", "text": "yay", "seconds": 0}
    reactions = Reactions(rules(text, {**PARTY, "name": "scene", "seconds": 0}))
    played(reactions, seconds(0, 1, HAPPY))
    reactions.resume()
    orders = played(reactions, seconds(1, 7, HAPPY))
    assert [(time, order.why) for time, order in orders if not isinstance(order, Note)] == [
        (1.0, "joy: OBS is back: text of W"),
        (5.0, "scene: OBS is back: scene Party"),
    ], "and the scene not before its time"
    reactions.resume()
    assert [type(order) for _, order in played(reactions, [(20, CALM)])] == [Restore, Restore]


def test_what_failed_is_not_tried_over_and_over() -> None:
    glow = {
        "name": "glow", "when": "share", "emotion": "happiness", "do": "intensity", "source": "Cam", "filter": "Blur",
        "setting": "radius", "low": 0, "high": 20,
    }  # fmt: skip
    reactions = Reactions(rules(glow))
    tries = 0
    for time, now in seconds(0, 100, HAPPY):
        for order in reactions.step(now, time):
            assert isinstance(order, Set)
            reactions.failed(order, time)
            tries += 1
    assert tries == 4


def test_a_rule_that_can_not_be_done_keeps_none_from_going_back() -> None:
    reactions = Reactions(rules(PARTY, {**PARTY, "name": "typo", "scene": "Partty", "above": 0.6, "seconds": 9}))
    ((_, party),) = played(reactions, seconds(0, 9, HAPPY))
    ((_, typo),) = played(reactions, seconds(9, 10, HAPPY))
    assert isinstance(party, Set) and isinstance(typo, Set) and typo.wish == "Partty"
    reactions.failed(typo, 10)
    assert reactions.shows(SCENE) == "Party"
    assert played(reactions, seconds(10, 20, HAPPY)) == [], "Party is still on"
    ((_, order),) = played(reactions, seconds(20, 30, CALM))
    assert order == Restore(SCENE, "joy: happiness 5%: back to what was there")


def test_stop_puts_back_all_but_the_scene_and_forgets() -> None:
    text = {**JOY, "do": "text", "source": "W", "text": "yay", "seconds": 0}
    reactions = Reactions(rules(text, {**PARTY, "name": "scene", "seconds": 0}))
    played(reactions, [(0, HAPPY)])
    assert [(type(order), order.target) for order in reactions.stop() if isinstance(order, Restore | Keep)] == [
        (Restore, ("text", "W")),
        (Keep, SCENE),
    ]
    assert reactions.active == [] and reactions.stop() == []


def test_a_thousand_moods_of_a_full_set_cost_little() -> None:
    many = [{**JOY, "name": str(number), "do": "show", "source": str(number)} for number in range(64)]
    reactions = Reactions(rules(*many))
    assert len(played(reactions, seconds(0, 200, HAPPY))) == 64
