"""Packs as the numbers that the network reads, after the same normalisation as live messages."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model import chat_words
from model.chat_words import Lexicon
from model.text import PIECES
from model.train.text.packs import Pack
from model.wordpiece import WordPiece


@dataclass(frozen=True)
class Reading:
    """What the network is given: `numbers` of each text, `readable` of each, and the numbers that are punctuation."""

    numbers: list[list[int]]
    readable: list[float]
    marks: frozenset[int]

    def varied(self, row: int, bare: float, random: np.random.Generator) -> Sequence[int]:
        """One text's numbers, in a share `bare` of the cases without its punctuation."""
        numbers = self.numbers[row]
        if random.random() >= bare:
            return numbers
        kept = [number for number in numbers if number not in self.marks]
        return kept if len(kept) > 2 else numbers


def read(pack: Pack, lexicon: Lexicon, pieces: WordPiece) -> Reading:
    """A pack as the network meets it."""
    said = [chat_words.read(text, lexicon) for text in pack.texts]
    numbers = [pieces.numbers(message.words, PIECES) for message in said]
    marks = frozenset(pieces.number(mark) for mark in ".,!?;:-\"'")
    return Reading(numbers, [message.readable for message in said], marks)
