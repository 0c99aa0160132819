"""From an utterance to what its words feel like: recognised, scored by the chat reader, and dropped.

Nothing here keeps, logs or sends a word; what leaves is seven numbers and a quality.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.modalities import Sensed
from model.speech import Utterance
from model.text import TextReader
from streamer_agent.settings import StreamerSettings


class Recogniser(Protocol):
    """What turns speech into words, on this computer."""

    def recognise(self, samples: NDArray[np.float32]) -> str:
        """The words in `samples` (mono, 16 kHz, -1..1); "" where there are none or it isn't sure. Raises nothing."""


class ReadsWords(Protocol):
    """`Words`, or `words_process.WordsProcess`, which does the same in a process of its own."""

    def read(self, utterance: Utterance) -> Sensed | None:
        """What the words of an utterance feel like; None for no words."""


class Words:
    """Reads utterances. Calls are not for two threads at once."""

    def __init__(self, recogniser: Recogniser, text_reader: TextReader) -> None:
        self._recogniser = recogniser
        self._reader = text_reader

    def read(self, utterance: Utterance) -> Sensed | None:
        """What the words of an utterance feel like: seven probabilities (7,) and a quality 0..1; None for no words.

        A text that the reader can't read (another language, no words that say anything) is None as well.
        """
        text = self._recogniser.recognise(utterance.samples)
        if not text:
            return None
        probabilities, quality = self._reader.read([text])
        return Sensed(probabilities[0], float(quality[0])) if quality[0] > 0 else None


def load_recogniser(settings: StreamerSettings) -> Recogniser | None:
    """The recogniser that the settings name; None for "off".

    Loads from this computer only, nothing is ever downloaded. Raises LeraError, one line with the mend, where its
    package or model is missing.
    """
    if settings.recogniser == "off":
        return None
    # Imported only now: a recogniser that is off costs nothing.
    from streamer_agent import recognisers

    if settings.recogniser == "whisper":
        return recognisers.Whisper(recognisers.model_folder(settings.recogniser_model))
    if settings.recogniser == "vosk":
        return recognisers.Vosk(recognisers.model_folder(settings.recogniser_model))
    return recognisers.Pocketsphinx()
