"""A strict stand-in for the text reader: knows a few words, and refuses what no caller may hand it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.inbox import MAX_TEXT
from model.emotions import EMOTIONS

WORDS = {"joy": "happiness", "cry": "sadness", "rage": "anger", "wow": "surprise"}


class WordReader:
    """`joy` is 0.7 happiness with quality 0.9, and so on; anything else is not understood (quality 0)."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def read(self, messages: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        assert isinstance(messages, Sequence) and not isinstance(messages, str) and messages
        assert all(type(message) is str and 0 < len(message) <= MAX_TEXT for message in messages)
        self.batches.append(len(messages))
        sevens = np.full((len(messages), len(EMOTIONS)), 1 / 7, np.float32)
        qualities = np.zeros(len(messages), np.float32)
        for row, message in enumerate(messages):
            for word, emotion in WORDS.items():
                if word in message.casefold():
                    sevens[row] = 0.05
                    sevens[row, EMOTIONS.index(emotion)] = 0.7
                    qualities[row] = 0.9
        return sevens, qualities
