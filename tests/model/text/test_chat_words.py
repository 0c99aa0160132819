"""Chat put into plain words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.chat_language import english_share, latin_share
from model.chat_words import LONGEST, Message, emote, read, spelled, without_repeats
from model.text import load_words

LEXICON, _ = load_words()
LAUGH = "(laughing so funny)"


def words(text: str) -> str:
    return read(text, LEXICON).words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # drawn-out words, rows of signs
        ("soooo goooood", "so good"),
        ("noooooooo way", "no way"),
        ("hahahahaha", "laughing"),
        ("what??????????", "what???"),
        # shouting is marked, and names that are all capitals are not
        ("THIS IS INSANE", "THIS IS INSANE !"),
        ("NASA", "NASA"),
        # leet and masked words
        ("what the f*ck", "what the fuck"),
        ("sh1t game", "shit game"),
        ("h4te th1s", "hate this"),
        ("1v1 me", "1v1 me"),
        # emotes: as typed, in lower case, varied, with a channel's name in front
        ("KEKW", LAUGH),
        ("kekw", LAUGH),
        ("KEKWW", LAUGH),
        ("PogChamp!", "(wow amazing exciting)"),
        ("widepeepoHappy", "(happy great)"),
        ("<3", "(love adorable)"),
        (":) :)", "(smiling)"),
        # emoji, one or many, alone or at a word's end
        ("😂😂😂😂", LAUGH),
        ("nice😂", f"nice {LAUGH}"),
        ("👍🏽", "(good agreement)"),
        ("🐢", "(turtle)"),
        # copypasta, inside one message
        ("LUL LUL LUL LUL", LAUGH),
        ("hello LUL hello LUL hello LUL", f"hello {LAUGH} !"),
        # links, names, spaced words, fancy letters, short forms
        ("look https://x.org/a?b=c", "look"),
        ("look clips.twitch.tv/abc", "look"),
        ("@bob you rock", "someone you rock"),
        ("[NAME] rocks", "someone rocks"),
        ("S W A T", "SWAT"),
        ("\U0001d4f1\U0001d4ee\U0001d4f5\U0001d4f5\U0001d4f8 \uff57\uff4f\uff52\uff4c\uff44", "hello world"),
        ("idk tbh", "i don't know to be honest"),
        ("don\u2019t", "don't"),
        ("a\u200bb\u202e game", "ab game"),
    ],
)
def test_chat_is_put_into_plain_words(text: str, expected: str) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\u200b\u200d",
        "\ud800",
        "...",
        "12345",
        "https://example.org/page",
        "www.example.org example.tv",
        "!mood",
        "  !roulette all",
        "@user the channel has been live for 02h, 48m",
        "Follow me on everything! socials.example",
        "你好吗朋友",
        "今日はいい天気ですね",
        "привет как дела",
        "hola amigo como estas",
        "das ist nicht gut",
        "c'est trop bien",
        "obrigado mano, muito bom jogo",
        "bu oyun cok guzel abi",
    ],
)
def test_what_cannot_be_read_is_no_guess(text: str) -> None:
    assert read(text, LEXICON) == Message("", 0.0)


@pytest.mark.parametrize("text", ["今日はいい天気ですね 😂", "que pasa amigo KEKW", "ㅋㅋㅋ", "哈哈哈"])
def test_emotes_and_emoji_are_read_in_every_language(text: str) -> None:
    message = read(text, LEXICON)
    assert message.words == LAUGH and message.readable >= 0.5


def test_english_is_read_in_full_and_gibberish_for_little() -> None:
    assert read("what a great game that was", LEXICON).readable == 1
    assert read("i love this new boss", LEXICON).readable == 1
    assert 0 < read("asdkjhaskjd", LEXICON).readable < 0.4


def test_a_very_long_message_is_read_from_its_start() -> None:
    assert len(words("good game " * 1000)) <= LONGEST
    assert words("x" * 10_000) == words("x" * LONGEST)
    assert read("\ud83d" * 10_000, LEXICON).readable == 0


def test_one_letter_names_count_only_in_short_messages() -> None:
    assert emote("W", LEXICON) and emote("W", LEXICON, 3)
    assert emote("W", LEXICON, 4) is None


@pytest.mark.parametrize(
    ("tokens", "once"),
    [
        ("a a a a", "a"),
        ("a b a b a b", "a b"),
        ("x a b a b", "x a b"),
        ("a b c", "a b c"),
        ("", ""),
    ],
)
def test_blocks_that_follow_themselves_are_said_once(tokens: str, once: str) -> None:
    assert without_repeats(tokens.split()) == once.split()


def test_the_commonest_spelling_wins() -> None:
    rank = {"so": 1, "soo": 2, "good": 3, "god": 4}
    assert (spelled("sooo", rank), spelled("goood", rank), spelled("plain", rank)) == ("so", "good", "plain")


def test_language_is_told_by_script_and_small_words() -> None:
    assert latin_share("hello") == 1 and latin_share("привет") == 0 and latin_share("123") == 1
    assert english_share(["the", "boss", "is", "dead"], LEXICON.rank) > 0.7
    assert english_share(["el", "jefe", "esta", "muerto"], LEXICON.rank) == 0
    assert english_share([], LEXICON.rank) == 0


@given(st.text(max_size=700))
def test_any_text_can_be_put_into_words(text: str) -> None:
    message = read(text, LEXICON)
    assert 0 <= message.readable <= 1
    assert bool(message.words.strip()) or message.readable == 0
