"""What reads the modalities, loaded when a file needs it, and let go of at the end."""

from contextlib import ExitStack
from typing import Self

import numpy as np
from numpy.typing import NDArray

from analysis.tracks import Absence
from lera.errors import LeraError
from model import face, text, voice
from model.modalities import Modality
from model.text import TextReader
from model.voice import VoiceAnswer, VoiceListener
from streamer_agent.ear import Ear
from streamer_agent.settings import StreamerSettings
from streamer_agent.words import Recogniser, Words, load_recogniser
from viewer_agent.settings import ViewerSettings
from viewer_agent.watch import Watch


class LoadedSenses:
    """The shipped readers; `analysis.reading.Senses` tells what each method gives. Use it in `with`."""

    def __init__(self, settings: StreamerSettings, without: set[Modality], *, written: bool = False) -> None:
        """`without` are the modalities that the user doesn't want read; `written` words need no recogniser."""
        self.frames_per_second = settings.frames_per_second
        self.trouble: LeraError | None = None
        """Why words can't be recognised here, where that is so."""
        self._settings = settings
        self._without = without
        self._open = ExitStack()
        self._recogniser: Recogniser | None = None
        if "words" not in without and not written:
            try:
                self._recogniser = load_recogniser(settings)
            except LeraError as error:
                self.trouble = error

    def left_out(self) -> dict[Modality, Absence]:
        left: dict[Modality, Absence] = dict.fromkeys(self._without, "left_out")
        return left if self._recogniser is not None else {"words": "no_words", **left}

    def watch(self) -> Watch | None:
        if "face" in self._without:
            return None
        return Watch(self._open.enter_context(face.load()), ViewerSettings())

    def ear(self) -> Ear | None:
        words = None if self._recogniser is None else Words(self._recogniser, self.text())
        if "voice" not in self._without:
            reader = voice.load()
            self._open.callback(reader.close)
            return Ear(VoiceListener(reader), words)
        return None if words is None else Ear(_Deaf(), words)

    def text(self) -> TextReader:
        return text.load()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()


class _Deaf(VoiceListener):
    """Hears no voice, for an ear that is to read words alone."""

    def __init__(self) -> None:
        pass

    def hear(self, samples: NDArray[np.floating], time: float) -> None:
        pass

    def answer(self) -> VoiceAnswer | None:
        return None
