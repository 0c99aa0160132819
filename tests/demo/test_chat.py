"""The simulated chat: lines of our own, that follow the story."""

import random
from collections import Counter

import pytest

from bot.inbox import ChatMessage, Inbox
from demo.chat import LINES, SHARED, line_of
from demo.story import ACTS, Character
from model.emotions import EMOTIONS

EVERY_LINE = [line for lines in LINES.values() for line in lines] + list(SHARED.values())


def test_there_are_lines_for_all_seven_and_each_is_read() -> None:
    assert set(LINES) == set(EMOTIONS)
    inbox = Inbox("demo", b"secret")
    for line in EVERY_LINE:
        assert inbox.put(ChatMessage("demo", "1", line, 0.0)), line


def test_what_is_shared_belongs_to_an_act() -> None:
    assert set(SHARED) <= {act.title for act in ACTS}


@pytest.mark.parametrize(("seconds", "feeling"), [(3.0, "neutral"), (48.0, "happiness")])
def test_chat_says_what_the_crowd_feels(seconds: float, feeling: str) -> None:
    chance = random.Random(1)
    written = Counter(line_of(Character(number % 50), chance, seconds, 60.0) for number in range(1000))
    of_feeling = sum(count for line, count in written.items() if line in (*LINES[feeling], *SHARED.values()))
    assert of_feeling > 400
