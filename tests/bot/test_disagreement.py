"""Where faces, chat and streamer disagree: only what is clear, only what lasts, and nothing that the mood hides."""

import numpy as np
import pytest

from bot.crowd import Crowd, Mood
from bot.disagreement import BEGINS, ENDS, Disagreement, Disagreements, views_of
from model.emotions import EMOTIONS
from model.modalities import Fused
from transport.reading import Probabilities, Reading

HAPPY: Probabilities = (0.8, 0.04, 0.04, 0.03, 0.03, 0.03, 0.03)
SAD: Probabilities = (0.04, 0.8, 0.04, 0.03, 0.03, 0.03, 0.03)
CALM: Probabilities = (0.04, 0.04, 0.8, 0.03, 0.03, 0.03, 0.03)


def mood(
    now: float, faces: Probabilities | None, chat: Probabilities | None, many: int = 20, writing: int = 20
) -> Mood:
    crowd = Crowd(3)
    for number in range(many if faces else 0):
        crowd.take(Reading(f"{number}", "face", now, faces or HAPPY), now)
    for number in range(writing if chat else 0):
        crowd.take(Reading(f"chat:{number}", "chat", now, chat or HAPPY), now)
    return crowd.mood(now)


def own(shares: Probabilities, quality: float = 0.9) -> Fused:
    return Fused(np.array(shares, np.float32), quality, {"face": 1.0})


def watched(
    seconds: int, streamer: Fused | None, faces: Probabilities | None, chat: Probabilities | None
) -> list[Disagreement]:
    watch = Disagreements()
    found: list[Disagreement] = []
    for second in range(seconds):
        found = watch.look(100.0 + second, streamer, mood(100.0 + second, faces, chat))
    return found


def test_faces_that_laugh_while_chat_cries_disagree() -> None:
    assert watched(10, None, HAPPY, SAD) == [Disagreement(("faces", "chat"), ("happiness", "sadness"), 100.0)]
    assert watched(int(BEGINS), None, HAPPY, SAD) == [], "a moment is not enough"


def test_each_pair_is_named_and_all_at_once() -> None:
    found = watched(10, own(SAD), HAPPY, (0.03, 0.03, 0.03, 0.8, 0.05, 0.03, 0.03))
    assert [(each.between, each.says) for each in found] == [
        (("faces", "chat"), ("happiness", "anger")),
        (("streamer", "faces"), ("sadness", "happiness")),
        (("streamer", "chat"), ("sadness", "anger")),
    ]


@pytest.mark.parametrize(
    ("streamer", "faces", "chat"),
    [
        (None, HAPPY, HAPPY),
        (None, CALM, SAD),
        (None, (0.45, 0.40, 0.03, 0.03, 0.03, 0.03, 0.03), (0.40, 0.45, 0.03, 0.03, 0.03, 0.03, 0.03)),
        (own(HAPPY, quality=0.2), SAD, None),
        (own((0.4, 0.35, 0.05, 0.05, 0.05, 0.05, 0.05)), SAD, None),
        (own(HAPPY), None, None),
        (None, None, SAD),
    ],
    ids=["the same", "neutral is no opinion", "ranges meet", "badly read", "unsure", "nobody there", "one side"],
)
def test_what_is_not_clear_is_none(
    streamer: Fused | None, faces: Probabilities | None, chat: Probabilities | None
) -> None:
    assert watched(30, streamer, faces, chat) == []


@pytest.mark.parametrize(("many", "writing"), [(2, 20), (20, 2), (2, 2), (4, 4)])
def test_few_say_nothing_and_nothing_hidden_is_told(many: int, writing: int) -> None:
    watch = Disagreements()
    for second in range(20):
        now = 100.0 + second
        found = watch.look(now, own(SAD), mood(now, HAPPY, SAD, many, writing))
        views = views_of(own(SAD), mood(now, HAPPY, SAD, many, writing))
        whole = mood(now, HAPPY, SAD, many, writing)
        assert ("faces" in views) == (whole.faces.shares is not None)
        assert ("chat" in views) == (whole.chat.shares is not None)
        if min(many, writing) < 3:
            assert not any({"faces", "chat"} <= set(each.between) for each in found)


def test_it_ends_after_some_seconds_without_and_does_not_flicker() -> None:
    watch = Disagreements()
    told = []
    for second in range(40):
        agreed = second >= 25 or second in (10, 13, 14)
        told.append(bool(watch.look(second, None, mood(second, HAPPY, HAPPY if agreed else SAD))))
    begins, ends = told.index(True), len(told) - told[::-1].index(True)
    assert begins == BEGINS and all(told[begins:ends])
    assert 25 <= ends <= 25 + ENDS + 1


def test_other_words_for_it_are_another_disagreement() -> None:
    watch = Disagreements()
    for second in range(10):
        first = watch.look(second, own(HAPPY), mood(second, SAD, None))
    for second in range(10, 20):
        later = watch.look(second, own(SAD), mood(second, HAPPY, None))
    assert [each.since for each in first] == [0.0] and [each.since for each in later] == [10.0]
    watch.clear()
    assert watch.look(20.0, own(SAD), mood(20.0, HAPPY, None)) == []


def test_a_clock_that_was_set_back_starts_anew() -> None:
    watch = Disagreements()
    for second in range(10):
        watch.look(1000.0 + second, None, mood(1000.0 + second, HAPPY, SAD))
    assert watch.look(10.0, None, mood(10.0, HAPPY, SAD)) == []
    assert all(name in EMOTIONS for name in ("happiness", "sadness"))
