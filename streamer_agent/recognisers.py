"""Recognisers of speech: pocketsphinx, which comes with LERA, and two that a streamer may install.

None downloads anything: pocketsphinx brings its model in its wheel, the others take a folder on this computer. None
writes or logs a word. What they aren't sure of is "no words": a wrong word is worse than none.
"""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lera.errors import LeraError
from model.speech import RATE


class Word(NamedTuple):
    """A word as recognised, with its posterior probability 0..1 and how long it lasts in seconds."""

    text: str
    probability: float
    seconds: float


def sure_text(words: Iterable[Word], least: float, fewest: int = 2) -> str:
    """The words as text, or "" where they are fewer than `fewest` or their mean probability, weighed by their lengths,
    is under `least`. A long word that is right says more than a short one."""
    kept = list(words)
    length = sum(word.seconds for word in kept)
    if len(kept) < fewest or not length > 0:
        return ""
    mean = sum(word.probability * word.seconds for word in kept) / length
    return " ".join(word.text for word in kept) if mean >= least else ""


class Pocketsphinx:
    """American English, offline, with the model of pocketsphinx's own wheel."""

    SURE: Final = 0.475
    """What its mean of words and sound must reach. Chosen on RAVDESS's validation and training speakers, espeak-ng,
    Polish, Amharic and German; `python -m bench.words` measures what it does on others."""
    FRAME: Final = 0.01
    """Seconds of one of its frames."""

    def __init__(self, least: float = SURE) -> None:
        """Raises LeraError when its model can't be loaded."""
        from pocketsphinx import Decoder

        self._least = least
        try:
            self._decoder: Any = Decoder(samprate=RATE, loglevel="FATAL", bestpath=True)
        except (RuntimeError, ValueError):
            raise LeraError(
                "pocketsphinx's model is damaged: run LERA's set-up again, or set recogniser off."
            ) from None

    def recognise(self, samples: NDArray[np.float32]) -> str:
        """The words in `samples` (mono, 16 kHz, -1..1), "" for none. Not for two threads at once."""
        words, fit = self.words(samples)
        return sure_text(words, 2 * self._least - fit)

    def words(self, samples: NDArray[np.float32]) -> tuple[list[Word], float]:
        """All words, sure or not, and how well the sound fits them, 0..1.

        The words' posteriors say how far they stand out among all others, even where none fits (a foreign language);
        the fit says whether it sounds like these at all. Noise fits well, and has no two words.
        """
        decoder = self._decoder
        if not len(samples):
            return [], 0.0
        try:
            decoder.start_utt()
            try:
                decoder.process_raw(_sixteen_bit(samples), full_utt=True)
            finally:
                decoder.end_utt()
            found = decoder.hyp()
            if found is None:
                return [], 0.0
            words = [
                Word(
                    _spelt(part.word), min(float(part.prob), 1.0), (part.end_frame + 1 - part.start_frame) * self.FRAME
                )
                for part in decoder.seg()
                if part.word[:1] not in "<["
            ]
            return words, min(max(float(found.score), 0.0), 1.0)
        except (RuntimeError, ValueError):
            # Too short, or nothing that it can align.
            return [], 0.0


class Whisper:
    """faster-whisper, with a model in a folder of this computer."""

    SURE: Final = 0.5
    """Mean probability of the words under which they are not taken."""
    SILENT: Final = 0.5
    """Its own probability of "no speech" above which a piece is not taken: it makes words up out of noise."""

    def __init__(self, folder: Path) -> None:
        """Raises LeraError when the package or the model is missing."""
        # Read by huggingface_hub when it is loaded: nothing is asked of any network, whatever the user's shell says.
        os.environ["HF_HUB_OFFLINE"] = "1"
        try:
            from faster_whisper import WhisperModel
        except ImportError:
            raise LeraError(_install("whisper", "faster-whisper")) from None
        try:
            # Without this file it would look for one of its own on the network.
            if not (folder / "tokenizer.json").is_file():
                raise FileNotFoundError
            self._model: Any = WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True
            )
        except Exception:  # The libraries below raise bare ones, too.
            raise LeraError(f"{folder} holds no model that faster-whisper can load: {_MEND_FOLDER}") from None

    def recognise(self, samples: NDArray[np.float32]) -> str:
        """The words in `samples` (mono, 16 kHz, -1..1), "" for none, for noise and for a language but English."""
        try:
            pieces, info = self._model.transcribe(
                samples, beam_size=1, word_timestamps=True, condition_on_previous_text=False, without_timestamps=False
            )
            # The chat reader knows English; a model of one language says its own.
            if info.language != "en":
                return ""
            words = [
                Word(word.word.strip(), float(word.probability), max(float(word.end - word.start), 0.01))
                for piece in pieces
                if piece.no_speech_prob <= self.SILENT
                for word in piece.words or ()
            ]
        except Exception:  # Whatever it stumbles over, these are no words.
            return ""
        return sure_text(words, self.SURE)


class Vosk:
    """vosk, with a model in a folder of this computer."""

    SURE: Final = 0.7
    """Mean confidence of the words under which they are not taken."""

    def __init__(self, folder: Path) -> None:
        """Raises LeraError when the package or the model is missing."""
        try:
            import vosk
        except ImportError:
            raise LeraError(_install("vosk", "vosk")) from None
        vosk.SetLogLevel(-1)
        try:
            # A path, never a name: names are looked up on the network.
            self._model: Any = vosk.Model(model_path=str(folder))
        except Exception:  # The library raises a bare one.
            raise LeraError(f"{folder} holds no model that vosk can load: {_MEND_FOLDER}") from None
        self._make = vosk.KaldiRecognizer

    def recognise(self, samples: NDArray[np.float32]) -> str:
        """The words in `samples` (mono, 16 kHz, -1..1), "" for none."""
        try:
            recogniser = self._make(self._model, RATE)
            recogniser.SetWords(True)
            recogniser.AcceptWaveform(_sixteen_bit(samples))
            found = json.loads(recogniser.FinalResult()).get("result", [])
            words = [
                Word(str(word["word"]), float(word["conf"]), max(float(word["end"]) - float(word["start"]), 0.01))
                for word in found
                if word["word"] != "[unk]"
            ]
        except Exception:  # The library raises bare ones; whatever it is, these are no words.
            return ""
        return sure_text(words, self.SURE)


def model_folder(named: str) -> Path:
    """The folder of a model that the settings name. Raises LeraError, as nothing is ever downloaded."""
    folder = Path(named).expanduser()
    if not named or not folder.is_dir():
        said = f"[streamer_agent] recogniser_model names no folder that is there ({named})" if named else _NO_FOLDER
        raise LeraError(f"{said}: {_MEND_FOLDER}")
    return folder


_NO_FOLDER: Final = "[streamer_agent] recogniser_model is empty"
_MEND_FOLDER: Final = "LERA downloads none; download one yourself and name its folder there."


def _install(name: str, package: str) -> str:
    return (
        f'recogniser = "{name}" needs its package: `.venv/bin/python -m pip install {package}`, or take pocketsphinx.'
    )


def _spelt(word: str) -> str:
    """Without the mark of a second pronunciation, as in "the(2)"."""
    return re.sub(r"\(\d+\)$", "", word)


def _sixteen_bit(samples: NDArray[np.float32]) -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
