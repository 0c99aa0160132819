"""The command: nothing opens without consent, and every fault is one line."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from bot.keys import kept_keys
from bot.settings import ChannelSettings, WebSettings
from lera.configuration import Configuration
from lera.errors import LeraError
from lera.vault import secret
from model.speech import Utterance
from streamer_agent import __main__ as program
from streamer_agent import consent, devices
from streamer_agent.__main__ import main
from streamer_agent.address import _Channel, _Web, other_bot, own_bot
from streamer_agent.consent import consent_text, has_consent, payload, require_consent, withdraw_consent
from streamer_agent.setting_up import chosen
from streamer_agent.settings import StreamerSettings
from streamer_agent.words_process import WordsProcess
from tests.streamer_agent.helpers import FakeDevices
from tests.talk import write_wav
from transport.stage import Feel, stage_decoder
from viewer_agent import camera


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of its own, where the bot has run once."""
    path = tmp_path / "config.toml"
    path.write_text('[channel]\nname = "demo"\n[streamer_agent]\nlow_priority = false\n')
    monkeypatch.chdir(tmp_path)
    kept_keys("demo")
    return path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whatever was opened."""
    seen: list[str] = []

    def open_capture(source: Any) -> Any:
        seen.append(f"camera {source}")
        raise LeraError("no camera")

    monkeypatch.setattr(camera, "open_capture", open_capture)
    monkeypatch.setattr(devices.PortAudio, "open", lambda *_: seen.append("microphone"))
    monkeypatch.setattr(devices.PortAudio, "list", lambda _self: FakeDevices().list())
    return seen


def test_consent_shows_the_very_lines_that_are_sent_and_names_all() -> None:
    lines = payload().splitlines()
    assert [stage_decoder.decode(line).modality for line in lines] == ["face", "voice", "words"]
    assert all(isinstance(stage_decoder.decode(line), Feel) and line in consent_text() for line in lines)
    for words in ("camera", "microphone", "recognises", "No picture, no sound and no word is sent", "18 or older"):
        assert words in consent_text()


def test_consent_is_one_of_its_own(lera_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_consent(lambda _question: "y", lambda _text: None, terminal=True)
    assert (lera_home / "streamer-consent.json").exists() and not (lera_home / "consent.json").exists()
    require_consent(lambda _question: pytest.fail("asked again"), terminal=False)
    monkeypatch.setattr(consent, "consent_text", lambda: "another text")
    assert not has_consent()
    assert withdraw_consent() and not withdraw_consent()


@pytest.mark.parametrize("answer", ["n", "", "nonsense"])
def test_consent_that_is_refused_opens_neither(
    answer: str, opened: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        program, "require_consent", lambda: require_consent(lambda _question: answer, lambda _text: None, terminal=True)
    )
    assert main(["--seconds", "1"]) == 1
    assert "stay closed and nothing is sent" in capsys.readouterr().err
    assert not opened and not has_consent()


def test_without_a_terminal_nobody_is_asked_and_nothing_opens(
    opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--no-camera", "--seconds", "1"]) == 1
    assert "start this in a terminal" in capsys.readouterr().err and not opened


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--no-camera", "--no-microphone"], "nothing to read"),
        (["--no-camera", "--microphone", "nowhere/talk.wav"], "There is no file nowhere/talk.wav"),
        (["--camera", "obs:", "--no-microphone"], "--camera obs:Webcam"),
        (["--camera", "/nowhere.mp4"], "no camera or video file"),
        (["--camera", "a" * 400], "no camera or video file"),
        (["--no-camera", "--microphone", "a" * 400 + ".wav"], "There is no file"),
        (["--no-camera", "--bot", "http://1.2.3.4:8765/#key=abc"], "Leave the key out"),
        (["--no-camera", "--bot", "ftp://somewhere"], "is no bot's address"),
        (["--no-camera", "--bot", "http://1.2.3.4:8765"], "start this once in a terminal"),
    ],
)
def test_faults_are_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_an_unknown_setting_is_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("[streamer_agent]\nmicrophon = 1\n")
    assert main(["--no-camera"]) == 1
    assert "did you mean `microphone`?" in capsys.readouterr().err


def test_a_bot_that_has_never_run_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text('[channel]\nname = "another"\n')
    assert main(["--no-camera"]) == 1
    assert "has never run on this machine" in capsys.readouterr().err


def test_the_own_bot_is_found_as_the_bot_is_set() -> None:
    for mine, bots in ((_Web, WebSettings), (_Channel, ChannelSettings)):
        theirs = bots()
        assert all(value == getattr(theirs, name) for name, value in msgspec.structs.asdict(mine()).items())
    found = own_bot(Configuration('[channel]\nname = "demo"\n[web]\nhost = "0.0.0.0"\nport = 9000\n'))
    assert found.address.url == "ws://127.0.0.1:9000/api/stage" and found.address.key == kept_keys("demo").streamer
    assert own_bot(Configuration('[channel]\nname = "demo"\n[web]\nhost = "::1"\n')).place == "http://[::1]:8765"


def test_another_machines_key_is_asked_for_once_and_forgotten_when_it_is_wrong() -> None:
    whole = "http://10.0.0.5:8765/dashboard/#key=abcdefgh12345678"
    bot = other_bot("10.0.0.5:8765", ask=lambda _question: whole, terminal=True)
    assert bot.address.key == "abcdefgh12345678" and bot.place == "http://10.0.0.5:8765"
    again = other_bot("http://10.0.0.5:8765/", ask=lambda _question: pytest.fail("asked again"), terminal=True)
    assert again == bot and secret(bot.kept_as) == "abcdefgh12345678"
    again.forget_key()
    assert secret(bot.kept_as) is None
    with pytest.raises(LeraError, match="That is no key"):
        other_bot("10.0.0.5:8765", ask=lambda _question: "two words", terminal=True)


def test_what_is_chosen(tmp_path: Path) -> None:
    sound = write_wav(tmp_path / "talk.wav", np.zeros(100, np.float32))
    settings = StreamerSettings(camera="", microphone=str(sound))
    assert not chosen(settings, None, None).watches_somebody
    assert chosen(settings, "0", None).watches_somebody
    assert chosen(settings, None, "default").watches_somebody and chosen(settings, None, "2").microphone == 2
    (tmp_path / "obs:Webcam").touch()
    assert chosen(settings, "obs:Webcam", "").watches_somebody, "a file of that name is not what is opened"
    assert str(chosen(settings, "0", "")) == "camera 0 and no microphone"


def test_microphones_are_listed(opened: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-microphones"]) == 0
    assert capsys.readouterr().out == "3  Fake Mic\n" and not opened


async def test_a_recogniser_that_dies_is_started_anew_and_given_up() -> None:
    utterance = Utterance(np.zeros(16_000, np.float32), 0, 1)

    def live() -> None:
        given_up: list[bool] = []
        words = WordsProcess(StreamerSettings(), lambda: given_up.append(True))
        try:
            assert words.read(utterance) is None
            for _ in range(words.TRIES + 1):
                if words._process is not None:
                    words._process.kill()
                    words._process.wait()
                assert words.read(utterance) is None
                assert words.read(utterance) is None
            assert words._tries == 0 and given_up == [True]
        finally:
            words.close()
        assert words._process is None

    await asyncio.to_thread(live)


def test_a_recogniser_without_its_model_is_told() -> None:
    with pytest.raises(LeraError, match="LERA downloads none"):
        WordsProcess(StreamerSettings(recogniser="vosk"))
