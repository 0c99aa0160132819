"""The words: both languages say all there is to say, and a text that can't be filled is refused."""

import string
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language import PIECES, TEXTS, VARIABLES, Language, LanguageName, _content, emotion_of, fault_of, folded
from model.emotions import EMOTIONS

LANGUAGES: tuple[LanguageName, ...] = get_args(LanguageName)


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_language_has_every_text_and_no_other(name: LanguageName) -> None:
    texts = _content(name)["texts"]
    assert set(texts) == {*TEXTS, *PIECES}
    assert {text: fault for text, template in texts.items() if (fault := fault_of(text, template))} == {}
    assert list(_content(name)["emotions"]) == list(EMOTIONS)


@pytest.mark.parametrize("name", LANGUAGES)
def test_no_word_means_two_emotions(name: LanguageName) -> None:
    words = [
        (folded(word), emotion) for emotion, entry in _content(name)["emotions"].items() for word in entry["words"]
    ]
    assert len({word for word, _ in words}) == len(words)
    assert all(emotion_of(word) == emotion for word, emotion in words)


def test_every_variable_is_used_by_some_text() -> None:
    assert set().union(*TEXTS.values(), *PIECES.values()) | {"user", "mood", "feel"} == set(VARIABLES)


WIDE = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
"""Letters as an input method for Chinese types them."""


@pytest.mark.parametrize(
    ("word", "emotion"),
    [
        ("JOY!", "happiness"), ("calm", "neutral"), ("開心", "happiness"), ("中性", "neutral"),
        ("生氣" + "!".translate(WIDE), "anger"), ("WOW".translate(WIDE), "surprise"),
    ],
)  # fmt: skip
def test_words_of_both_languages_are_known_whatever_the_setting(word: str, emotion: str) -> None:
    assert emotion_of(word) == emotion


def test_lists_read_as_people_write_them() -> None:
    english, chinese = Language("en"), Language("zh-TW")
    assert [english.joined(list(letters)) for letters in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]
    assert chinese.joined(["開心 50%", "難過 25%", "平靜 10%"]) == "開心 50%、難過 25%、平靜 10%"


def test_a_streamers_own_text_stands_in_its_place() -> None:
    own = Language("en", {"reset": "wiped, {user}"})
    assert own.say("reset", user="ann", mood="!mood", feel="!feel") == "Wiped, ann"
    assert own.say("resumed", user="ann", mood="!mood", feel="!feel") == "Done: the mood is awake."


@pytest.mark.parametrize(
    ("text", "template", "complaint"),
    [
        ("mood", "so {funny}", "knows no variable {funny}; there are {user}"),
        ("help", "{share}", "knows no variable {share}"),
        ("mood", "{user.__class__}", "knows no variable {user.__class__}"),
        ("mood", "{share:>999999}", "knows no variable"),
        ("mood", "{share!r}", "knows no variable"),
        ("mood", "{}", "knows no variable {}"),
        ("mood", "50% }", "lone { or }"),
        ("comma", "{user}", "there are {first}, {last}"),
        ("steady", "{count}", "none in this text"),
        ("greeting", "hello", "there is no text `greeting`"),
        ("mood", " ", "one line"),
        ("mood", "two\nlines", "one line"),
    ],
)
def test_a_text_that_cannot_be_filled_is_refused(text: str, template: str, complaint: str) -> None:
    assert complaint in str(fault_of(text, template))


@given(template=st.text(max_size=40) | st.sampled_from(["{user}", "{{{mood}}}", "{top}{share}"]), value=st.text())
def test_what_is_not_refused_can_be_filled(template: str, value: str) -> None:
    if fault_of("mood", template) is None:
        values = dict.fromkeys(VARIABLES, value)
        filled = Language("en", {"mood": template}).piece("mood", **values)
        fixed = sum(len(part) for part, *_ in string.Formatter().parse(template))
        assert len(filled) >= fixed
