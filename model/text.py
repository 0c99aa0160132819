"""Chat in, seven probabilities out: `load()` once, then `read` the messages as they come.

What a message says is told by a small language network after `model.chat_words` has put emotes, emoji and chat's ways
of writing into plain words. Messages are scored and dropped: nothing here keeps, logs or sends one.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from lera.errors import LeraError
from model import chat_words
from model.chat_words import Lexicon, Message
from model.emotions import EMOTIONS
from model.wordpiece import WordPiece

__all__ = ["LEXICON", "NOTHING", "VOCABULARY", "WEIGHTS", "TextReader", "load"]

WEIGHTS: Final = Path(__file__).with_name("weights") / "text.onnx"
CARD: Final = WEIGHTS.with_suffix(".json")
LEXICON: Final = WEIGHTS.with_name("text_lexicon.json")
VOCABULARY: Final = WEIGHTS.with_name("text_vocabulary.txt")
PIECES: Final = 48
"""Pieces of a message that are read, start and end included; a chat message has about ten."""
BATCH: Final = 8
"""Messages of like length go through the network together; with more of them, more of the table would be empty."""
NOTHING: Final = np.full(len(EMOTIONS), 0.05, np.float32)
"""What is answered where nothing could be read: neutral, as good as no answer; its quality is 0."""
NOTHING[EMOTIONS.index("neutral")] = 1 - 0.05 * (len(EMOTIONS) - 1)
NOTHING.setflags(write=False)
SURE: Final = 0.5
"""A top answer with at least this probability counts in full; less lowers the quality in proportion."""


class TextReader:
    """Reads chat messages on one CPU thread. Made by `load`."""

    def __init__(
        self, session: onnxruntime.InferenceSession, lexicon: Lexicon, pieces: WordPiece, card: dict[str, Any]
    ) -> None:
        self._session = session
        self._lexicon = lexicon
        self._pieces = pieces
        self.card = card
        """The model card, as in `model/weights/text.json`."""

    def read(self, messages: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities float32 (N, 7) in the order of EMOTIONS, rows sum to 1, and qualities float32 (N,), 0..1.

        Quality 0 says that nothing could be read (another language, a command, a bot's line, links only, no words): its
        row is neutral and means nothing. Raises TypeError for anything but strings, also for one bare string.
        """
        if isinstance(messages, str) or not all(isinstance(message, str) for message in messages):
            raise TypeError("messages must be a sequence of strings")
        said = [self.plain(message) for message in messages]
        probabilities = np.tile(NOTHING, (len(said), 1))
        quality = np.zeros(len(said), np.float32)
        rows = [row for row, message in enumerate(said) if message.readable > 0]
        if rows:
            # Copypasta is read once a call. Nothing is remembered between calls: texts are dropped.
            places = {text: place for place, text in enumerate(dict.fromkeys(said[row].words for row in rows))}
            read = self._answers([self._pieces.numbers(text, PIECES) for text in places])
            answered = read[[places[said[row].words] for row in rows]]
            probabilities[rows] = answered
            readable = np.array([said[row].readable for row in rows], np.float32)
            quality[rows] = readable * np.minimum(1, answered.max(1) / SURE)
        return probabilities, quality

    def probabilities(self, messages: Sequence[str]) -> NDArray[np.float32]:
        """The seven probabilities of each message, float32 (N, 7) in the order of EMOTIONS; rows sum to 1."""
        return self.read(messages)[0]

    def plain(self, message: str) -> Message:
        """What the network is given for a message."""
        return chat_words.read(message, self._lexicon)

    def _answers(self, numbers: Sequence[list[int]]) -> NDArray[np.float32]:
        """Probabilities (N, 7); messages of like length go together, so that little room is left empty."""
        order = sorted(range(len(numbers)), key=lambda row: len(numbers[row]))
        answered = np.empty((len(numbers), len(EMOTIONS)), np.float32)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            table = np.zeros((len(rows), len(numbers[rows[-1]])), np.int64)
            for place, row in enumerate(rows):
                table[place, : len(numbers[row])] = numbers[row]
            answered[rows] = self._session.run(None, {"pieces": table})[0]
        seven: NDArray[np.float32] = answered / answered.sum(1, keepdims=True)
        return seven


def load() -> TextReader:
    """A reader with the shipped weights. Raises LeraError when they can't be had."""
    try:
        card = json.loads(CARD.read_text(encoding="utf-8"))
        content = WEIGHTS.read_bytes()
        lexicon, pieces = load_words()
    except (OSError, ValueError) as error:
        raise LeraError(f"The text reader's weights or card are missing in {WEIGHTS.parent}: get LERA anew.") from error
    if hashlib.sha256(content).hexdigest() != card["sha256"]:
        raise LeraError(f"The text reader's weights in {WEIGHTS} are not those of their card: get LERA anew.")
    return TextReader(open_session(content), lexicon, pieces, card)


def load_words() -> tuple[Lexicon, WordPiece]:
    """The lexicon and the vocabulary that ship. Raises OSError or ValueError where they are missing or broken."""
    pieces = VOCABULARY.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    known = json.loads(LEXICON.read_text(encoding="utf-8"))
    return Lexicon(**known, rank=chat_words.known_words(pieces)), WordPiece(pieces)


def open_session(weights: Path | bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """The network, ready to run, without threads that spin beside the stream."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The graph is made of onnxruntime's own large nodes; its further fusing of norms makes them many times slower.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
