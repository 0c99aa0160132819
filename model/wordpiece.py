"""Words as numbers, the way the pretrained language network learnt them: WordPiece, lower case, no accents.

Wu et al., "Google's Neural Machine Translation System" (arXiv:1609.08144), section 4.1: the longest piece that the
vocabulary knows is cut off a word's front, again and again. Pieces inside a word carry `##`. Standard library only.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

UNKNOWN: Final = "[UNK]"
START: Final = "[CLS]"
END: Final = "[SEP]"
LONGEST: Final = 48
"""Letters; a longer word is one unknown piece, so that no word can take quadratic time."""


class WordPiece:
    """Cuts text into the numbers of pieces. `pieces` are the vocabulary, in order of their numbers.

    Raises ValueError for a vocabulary that lacks one of the three special pieces.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        self.pieces = tuple(pieces)
        self._numbers = {piece: number for number, piece in enumerate(pieces)}
        missing = {UNKNOWN, START, END} - set(self._numbers)
        if missing:
            raise ValueError(f"the vocabulary lacks {', '.join(sorted(missing))}")
        self._unknown = self._numbers[UNKNOWN]

    def number(self, piece: str) -> int:
        """The number of one piece, KeyError where the vocabulary has none."""
        return self._numbers[piece]

    def numbers(self, text: str, most: int) -> list[int]:
        """`text` as at most `most` numbers, of which the first and the last say start and end."""
        found = [self._numbers[START]]
        for word in words_of(text):
            found += self._pieces_of(word)
            if len(found) >= most:
                break
        return [*found[: most - 1], self._numbers[END]]

    def _pieces_of(self, word: str) -> tuple[int, ...]:
        if len(word) > LONGEST:
            return (self._unknown,)
        found: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                number = self._numbers.get(piece)
                if number is not None:
                    break
            else:
                return (self._unknown,)
            found.append(number)
            start = end
        return tuple(found)


def words_of(text: str) -> Iterator[str]:
    """Lower-case words without accents; each sign and each Chinese character is a word of its own."""
    if not text.isascii():
        text = "".join(_kept(text))
    word: list[str] = []
    for letter in text.lower():
        if letter.isalnum() and not _alone(letter):
            word.append(letter)
            continue
        if word:
            yield "".join(word)
            word = []
        if not letter.isspace() and letter.isprintable():
            yield letter
    if word:
        yield "".join(word)


def _kept(text: str) -> Iterator[str]:
    """The letters of `text` with their accents taken off."""
    for letter in unicodedata.normalize("NFD", text):
        if unicodedata.category(letter) != "Mn":
            yield letter


def _alone(letter: str) -> bool:
    """Whether it is an ideograph, which the vocabulary knows one by one."""
    return letter >= "\u3400" and ("\u3400" <= letter <= "\u9fff" or "\U00020000" <= letter <= "\U0002fa1f")
