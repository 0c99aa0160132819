"""Words as numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.text import load_words
from model.wordpiece import UNKNOWN, WordPiece, words_of

PIECES = ["[PAD]", UNKNOWN, "[CLS]", "[SEP]", "play", "##ing", "##s", "!", "好", "cafe", "un", "##play", "##able"]


def pieces(text: str) -> list[str]:
    small = WordPiece(PIECES)
    return [small.pieces[number] for number in small.numbers(text, 20)[1:-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("play", ["play"]),
        ("Playing!", ["play", "##ing", "!"]),
        ("unplayable", ["un", "##play", "##able"]),
        ("plays  \n play", ["play", "##s", "play"]),
        ("café", ["cafe"]),
        ("好好", ["好", "好"]),
        ("xyz", [UNKNOWN]),
        ("playx", [UNKNOWN]),
        ("", []),
        ("play" * 20, [UNKNOWN]),
    ],
)
def test_the_longest_known_piece_is_cut_off_again_and_again(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_the_shipped_vocabulary_numbers_as_bert_does() -> None:
    _, shipped = load_words()
    assert len(shipped.pieces) == 30_522
    assert shipped.numbers("i am so happy today", 48) == [101, 1045, 2572, 2061, 3407, 2651, 102]


def test_length_is_bounded_and_the_end_stays() -> None:
    small = WordPiece(PIECES)
    assert small.numbers("play " * 100, 8) == [2, *[4] * 6, 3]


def test_a_vocabulary_without_its_special_pieces_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[CLS\], \[SEP\]"):
        WordPiece([UNKNOWN])


@given(st.text())
def test_any_text_has_words_and_numbers(text: str) -> None:
    assert all(word and not any(map(str.isspace, word)) for word in words_of(text))
    numbers = WordPiece(PIECES).numbers(text, 10)
    assert 2 <= len(numbers) <= 10 and numbers[0] == 2 and numbers[-1] == 3
