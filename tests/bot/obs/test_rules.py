"""Rules that can't work are refused when they are loaded, in one line that says which and what to do."""

from typing import Any

import pytest

from bot.obs.rules import MOST, filled
from bot.settings import settings_from
from lera.configuration import Configuration
from lera.errors import LeraError
from tests.bot.obs.moods import mood, nobody, rules

PARTY = """
[[reaction]]
name = "party"
when = "share"
emotion = "happiness"
above = 0.6
do = "scene"
scene = "Party"
"""
JOY: dict[str, Any] = {"when": "share", "emotion": "happiness", "above": 0.5}


def complaint(*tables: dict[str, Any]) -> str:
    with pytest.raises(LeraError) as error:
        rules(*tables)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_rule_of_config_toml() -> None:
    (rule,) = settings_from(Configuration(PARTY)).reaction
    assert rule.says() == "happiness at 60% or more for 3 s: scene Party"
    assert rule.release == pytest.approx(0.51)
    assert rule.cooldown == 30 and rule.back


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("above = 0.0", 2, "would hold all the time"),
        ("above = nan", 2, "must be 0.01 to 0.99"),
        ("above = 60", 2, "must be 0.01 to 0.99 of 1, not 60"),
        ('emotion = "happyness"', 2, "did you mean `happiness`"),
        ('emotion = "joy"', 2, "known are anger, disgust"),
        ('when = "shares"', 2, "did you mean `share`"),
        ('do = "scenes"', 2, "did you mean `scene`"),
        ('sceen = "x"', 9, "did you mean `scene`"),
        ("cooldown = 0", 9, ">= 1"),
        ("seconds = -1", 9, ">= 0"),
        ("release = 0.6", 2, "would flicker"),
        ("release = -0.1", 2, "would flicker"),
        ('source = "x"', 2, "has no use for `source`; delete"),
        ('scene = ""', 2, "needs `scene`"),
    ],
)
def test_a_wrong_line_is_named(line: str, place: int, words: str) -> None:
    key = line.split(" = ")[0]
    lines = [each for each in PARTY.splitlines() if not each.startswith(f"{key} =")]
    with pytest.raises(LeraError) as error:
        settings_from(Configuration("\n".join([*lines, line])))
    assert words in str(error.value) and "\n" not in str(error.value)
    expected = place if place == 2 else len(lines) + 1
    assert str(error.value).startswith(f"config.toml line {expected}:")


def test_the_line_is_of_the_table_that_is_wrong() -> None:
    with pytest.raises(LeraError, match=r"config.toml line 14: \[reaction\] above must be float, got str"):
        settings_from(Configuration(PARTY + PARTY.replace("0.6", '"a lot"').replace("party", "two", 1) + PARTY))
    with pytest.raises(LeraError, match=r"line 1: reaction must be \[\[reaction\]\] tables"):
        settings_from(Configuration("[reaction]\n"))


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({"do": "scene", "scene": "A"}, {"do": "scene", "scene": "B"}, "both switch the scene"),
        ({"do": "show", "source": "A"}, {"do": "hide", "source": "A"}, "fight over A"),
        (
            {"do": "filter_on", "source": "A", "filter": "F"},
            {"do": "filter_off", "source": "A", "filter": "F"},
            "fight over A",
        ),
        ({"do": "text", "source": "A", "text": "x"}, {"do": "text", "source": "A", "text": "y"}, "fight over A"),
    ],
)
def test_two_rules_that_fight_are_refused(first: dict[str, Any], second: dict[str, Any], words: str) -> None:
    said = complaint({**JOY, "name": "one", **first}, {**JOY, "name": "two", **second})
    assert words in said and "`one`" in said and "`two`" in said
    # At other moments they take turns.
    rules({**JOY, "name": "one", **first}, {**JOY, "name": "two", **second, "emotion": "anger"})


def test_two_that_move_one_setting_always_fight() -> None:
    glow = {
        "when": "share", "emotion": "anger", "do": "intensity", "source": "A", "filter": "F", "setting": "s",
        "low": 0, "high": 1,
    }  # fmt: skip
    assert "both move s of F" in complaint({**glow, "name": "one"}, {**glow, "name": "two", "emotion": "fear"})


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "when: it is missing"),
        ({**JOY, "do": "hotkey"}, "needs `hotkey`"),
        ({**JOY, "do": "hotkey", "hotkey": "OBSBasic.StopStreaming"}, "may crash"),
        ({**JOY, "do": "event", "event": "a b"}, "one word"),
        ({**JOY, "do": "text", "source": "A", "text": "{joy}"}, "no `joy`"),
        ({"when": "viewers", "above": 0, "do": "replay"}, "1 to 1e+06 viewers, not 0"),
        ({"when": "viewers", "emotion": "fear", "above": 5, "do": "replay"}, "takes no emotion"),
        ({"when": "dominant", "above": 0.5, "do": "replay"}, "takes no `above`"),
        ({"when": "dominant", "do": "scene", "scene": "A"}, "has no end"),
        ({"when": "rising", "emotion": "fear", "do": "replay"}, "needs `above`"),
        (
            {**JOY, "do": "intensity", "source": "A", "filter": "F", "setting": "s", "low": 1, "high": 1},
            "nothing would move",
        ),
        (
            {
                "when": "viewers", "above": 3, "do": "intensity", "source": "A", "filter": "F", "setting": "s",
                "low": 0, "high": 1,
            },
            'set `when = "share"`',
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(table: dict[str, Any], words: str) -> None:
    assert words in complaint(table)


def test_names_are_unique_and_rules_are_few() -> None:
    rule = {**JOY, "do": "replay"}
    assert "same name" in complaint({**rule, "name": "one"}, {**rule, "name": "one"})
    assert len(rules(*[rule] * MOST)) == MOST
    assert f"more than {MOST}" in complaint(*[rule] * (MOST + 1))


def test_words_in_a_text() -> None:
    assert filled("{top} {happiness} {viewers} {x}", mood(happiness=0.7, viewers=12)) == "happiness 70% 12 ?"
    assert filled("{top} {happiness} {viewers}", nobody()) == "? ? 1"
