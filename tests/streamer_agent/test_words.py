"""Speech becomes words or nothing, words become seven numbers, and nothing of them stays."""

import logging
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.words import VOICE, errors, found, noises
from lera.errors import LeraError
from model import text
from model.emotions import EMOTIONS
from model.speech import RATE, Utterance
from streamer_agent.ear import Ear
from streamer_agent.recognisers import Pocketsphinx, Word, model_folder, sure_text
from streamer_agent.recognition import Recognition
from streamer_agent.settings import RecogniserName, StreamerSettings
from streamer_agent.words import Words, load_recogniser
from tests.streamer_agent.helpers import Listener
from tests.talk import needs_espeak, needs_voices, say, takes

Sound = NDArray[np.float32]
SOUND = np.zeros(RATE, np.float32)


class Script:
    """Recognises what it is told to; a `streamer_agent.words.Recogniser`."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)

    def recognise(self, _samples: Sound) -> str:
        return self.lines.pop(0)


@pytest.fixture(scope="module")
def reader() -> text.TextReader:
    return text.load()


@pytest.fixture(scope="module")
def sphinx() -> Pocketsphinx:
    return Pocketsphinx()


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        ([Word("oh", 0.9, 0.2), Word("great", 0.8, 0.5)], "oh great"),
        ([Word("oh", 0.9, 0.2)], ""),  # one word alone is a cough as often as not
        ([], ""),
        ([Word("the", 0.9, 0.1), Word("duo", 0.1, 0.6)], ""),  # the long one counts
        ([Word("a", 0.1, 0.05), Word("wonderful", 0.9, 0.6)], "a wonderful"),
    ],
)
def test_only_what_is_sure_is_taken(words: list[Word], taken: str) -> None:
    assert sure_text(words, 0.5) == taken


def test_words_are_scored(reader: text.TextReader) -> None:
    words = Words(Script("i am so happy today", "that is disgusting"), reader)
    happy, disgusted = words.read(Utterance(SOUND, 0, 1)), words.read(Utterance(SOUND, 0, 1))
    assert happy is not None and EMOTIONS[int(happy.probabilities.argmax())] == "happiness"
    assert disgusted is not None and EMOTIONS[int(disgusted.probabilities.argmax())] == "disgust"
    assert 0 < happy.quality <= 1 and np.isclose(happy.probabilities.sum(), 1, atol=1e-3)


@pytest.mark.parametrize(
    "said", ["", "ich bin heute wirklich sehr zufrieden mit meinem neuen leben", "jestem bardzo szczęśliwy"]
)
def test_no_words_and_other_languages_are_nothing(said: str, reader: text.TextReader) -> None:
    assert Words(Script(said), reader).read(Utterance(SOUND, 0, 1)) is None


def test_noise_has_no_words(sphinx: Pocketsphinx) -> None:
    for name, sound in noises():
        assert sphinx.recognise(sound) == "", name
    assert sphinx.recognise(np.empty(0, np.float32)) == ""
    assert sphinx.recognise(np.zeros(10, np.float32)) == ""


@needs_espeak
@pytest.mark.parametrize(
    ("sentence", "emotion"), [("I am so happy today", "happiness"), ("what a wonderful surprise", "happiness")]
)
def test_espeak_is_recognised_and_scored(
    sentence: str, emotion: str, sphinx: Pocketsphinx, reader: text.TextReader
) -> None:
    words = Words(sphinx, reader).read(Utterance(found(say(sentence, VOICE, 140)), 0, 4))
    assert words is not None and EMOTIONS[int(words.probabilities.argmax())] == emotion


@needs_voices
@pytest.mark.slow
def test_of_what_is_taken_most_words_are_right(sphinx: Pocketsphinx) -> None:
    wrong = total = taken = 0
    spoken = takes("neutral")[:12]
    for sound, sentence in spoken:
        heard = sphinx.recognise(sound)
        if heard:
            one, length = errors(sentence, heard)
            wrong, total, taken = wrong + one, total + length, taken + 1
    assert taken >= 3 and wrong / total < 0.25, (taken, wrong, total)


def test_settings_choose_the_recogniser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_recogniser(StreamerSettings(recogniser="off")) is None
    assert isinstance(load_recogniser(StreamerSettings()), Pocketsphinx)
    for name in ("whisper", "vosk"):
        with pytest.raises(LeraError, match=r"recogniser_model is empty: LERA downloads none"):
            load_recogniser(StreamerSettings(recogniser=name))
        with pytest.raises(LeraError, match=r"names no folder that is there"):
            load_recogniser(StreamerSettings(recogniser=name, recogniser_model="small.en"))
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    monkeypatch.setitem(sys.modules, "vosk", None)
    with pytest.raises(LeraError, match="pip install faster-whisper"):
        load_recogniser(StreamerSettings(recogniser="whisper", recogniser_model=str(tmp_path)))
    with pytest.raises(LeraError, match="pip install vosk"):
        load_recogniser(StreamerSettings(recogniser="vosk", recogniser_model=str(tmp_path)))
    assert model_folder(str(tmp_path)) == tmp_path


def faster_whisper(pieces: list[Any], language: str = "en") -> types.ModuleType:
    """The package, as far as it is used; it must be told to stay on this computer."""

    class WhisperModel:
        def __init__(self, folder: str, **options: Any) -> None:
            assert Path(folder).is_dir() and options["local_files_only"] is True

        def transcribe(self, samples: Sound, **_options: Any) -> Any:
            assert samples.dtype == np.float32
            return iter(pieces), types.SimpleNamespace(language=language)

    module = types.ModuleType("faster_whisper")
    module.WhisperModel = WhisperModel  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize(
    ("language", "silent", "sure", "heard"),
    [("en", 0.1, 0.9, "good game"), ("de", 0.1, 0.9, ""), ("en", 0.9, 0.9, ""), ("en", 0.1, 0.2, "")],
)
def test_whisper_is_taken_at_its_word_only_when_it_is_sure(
    language: str, silent: float, sure: float, heard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [types.SimpleNamespace(word=f" {word}", probability=sure, start=0, end=0.4) for word in ("good", "game")]
    piece = types.SimpleNamespace(no_speech_prob=silent, words=words)
    monkeypatch.setitem(sys.modules, "faster_whisper", faster_whisper([piece], language))
    # As a shell may have it that is used for other things.
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    (tmp_path / "tokenizer.json").touch()
    recogniser = load_recogniser(StreamerSettings(recogniser="whisper", recogniser_model=str(tmp_path)))
    assert recogniser is not None and recogniser.recognise(SOUND) == heard
    import os

    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_a_whisper_without_its_tokenizer_is_refused_as_it_would_fetch_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setitem(sys.modules, "faster_whisper", faster_whisper([]))
    with pytest.raises(LeraError, match="holds no model that faster-whisper can load"):
        load_recogniser(StreamerSettings(recogniser="whisper", recogniser_model=str(tmp_path)))


@pytest.mark.parametrize("name", ["whisper", "vosk"])
def test_whatever_a_library_raises_is_one_line_or_no_words(
    name: RecogniserName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = True

    class Bare:
        def __init__(self, *_: Any, **_options: Any) -> None:
            if fails:
                raise Exception("my secret is xylophone")

        def transcribe(self, *_: Any, **_options: Any) -> Any:
            raise Exception("my secret is xylophone")

    def kaldi(*_: Any) -> Any:
        raise Exception("my secret is xylophone")

    modules = {
        "faster_whisper": types.SimpleNamespace(WhisperModel=Bare),
        "vosk": types.SimpleNamespace(Model=Bare, KaldiRecognizer=kaldi, SetLogLevel=lambda _level: None),
    }
    for module, content in modules.items():
        monkeypatch.setitem(sys.modules, module, content)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "tokenizer.json").touch()
    settings = StreamerSettings(recogniser=name, recogniser_model=str(tmp_path))
    with pytest.raises(LeraError, match="holds no model that") as found:
        load_recogniser(settings)
    assert "xylophone" not in str(found.value)
    fails = False
    recogniser = load_recogniser(settings)
    assert recogniser is not None and recogniser.recognise(SOUND) == ""


@pytest.mark.parametrize(("conf", "heard"), [(0.95, "good game"), (0.4, "")])
def test_vosk_is_loaded_from_its_folder(
    conf: float, heard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    class Kaldi:
        def __init__(self, _model: Any, rate: int) -> None:
            assert rate == RATE

        def SetWords(self, _on: bool) -> None: ...  # noqa: N802
        def AcceptWaveform(self, data: bytes) -> None:  # noqa: N802
            assert len(data) == 2 * len(SOUND)

        def FinalResult(self) -> str:  # noqa: N802
            return json.dumps(
                {"result": [{"word": word, "conf": conf, "start": 0, "end": 0.3} for word in ("good", "[unk]", "game")]}
            )

    def model(*, model_path: str) -> object:
        assert model_path == str(tmp_path)
        return object()

    module = types.ModuleType("vosk")
    module.Model, module.KaldiRecognizer, module.SetLogLevel = model, Kaldi, lambda _level: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vosk", module)
    recogniser = load_recogniser(StreamerSettings(recogniser="vosk", recogniser_model=str(tmp_path)))
    assert recogniser is not None and recogniser.recognise(SOUND) == heard


def test_nothing_of_the_words_is_logged_or_kept(
    reader: text.TextReader, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    words = Words(Script("my secret is xylophone and i love it"), reader)
    assert words.read(Utterance(SOUND, 0, 1)) is not None
    said = capfd.readouterr()
    assert "xylophone" not in caplog.text + said.out + said.err
    assert not any("xylophone" in repr(value) for value in vars(words).values())


def speech(seconds: float = 1.5) -> Sound:
    """What the finder takes for speech: a voice's harmonics that rise and fall."""
    time = np.arange(int(seconds * RATE)) / RATE
    pitch = 2 * np.pi * np.cumsum(120 + 20 * np.sin(2 * np.pi * 3 * time)) / RATE
    tone = sum(np.sin(over * pitch) / over for over in range(1, 20)) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))
    return np.concatenate([SOUND, (0.2 * tone).astype(np.float32), SOUND])


def test_words_fade_and_newer_ones_join(reader: text.TextReader) -> None:
    ear = Ear(Listener(), Words(Script("i am so happy today", "i hate this so much"), reader))
    ear.hear(speech(), 3.5)
    fresh = ear.words()
    assert ear.utterances == ear.readable == 1 and fresh is not None and (ear.words_age() or 0) > 0
    ear.hear(SOUND, 13.5)
    faded = ear.words()
    assert faded is not None and faded.quality == pytest.approx(fresh.quality / 2, rel=0.02)
    ear.hear(speech(), 17.0)
    mixed = ear.words()
    assert mixed is not None and EMOTIONS[int(mixed.probabilities.argmax())] in ("anger", "disgust")
    assert mixed.probabilities[EMOTIONS.index("happiness")] > 0.1
    ear.hear(SOUND, 120.0)
    assert ear.words() is None
    ear.reset()
    assert ear.words() is None and ear.words_age() is None


def test_words_that_come_after_a_pause_are_dropped(reader: text.TextReader) -> None:
    waiting: list[Callable[[], None]] = []
    ear = Ear(Listener(), Words(Script("i am so happy today"), reader), waiting.append)
    ear.hear(speech(), 3.5)
    assert len(waiting) == 1
    ear.reset()
    waiting[0]()
    assert ear.words() is None and ear.readable == 0


def test_a_slow_recogniser_delays_nothing_and_reads_the_newest() -> None:
    recognition = Recognition()
    begun, go = threading.Event(), threading.Event()
    done: list[int] = []

    def slow() -> None:
        begun.set()
        assert go.wait(30)

    recognition.put(slow)
    assert begun.wait(30)
    for number in range(10):
        recognition.put(lambda number=number: done.append(number))  # type: ignore[misc]
    go.set()
    finished = threading.Event()
    recognition.put(finished.set)
    assert finished.wait(30)
    recognition.close()
    assert done == [8, 9] or done == [7, 8, 9]
    assert recognition.dropped >= 7
    recognition.put(lambda: done.append(-1))
    assert -1 not in done
