"""Which camera and microphone are meant, and what reads them."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lera.configuration import Configuration
from lera.errors import LeraError
from lera.files import is_file
from streamer_agent.devices import Devices, PortAudio
from streamer_agent.ear import Ear
from streamer_agent.listening import Listening, LoadEar
from streamer_agent.looking import Looking
from streamer_agent.microphone import Microphone
from streamer_agent.sense import Client, Lines, Sense
from streamer_agent.settings import StreamerSettings
from streamer_agent.sound import MakeSource, SoundSource
from streamer_agent.sound_file import SoundFile
from streamer_agent.words_process import WordsProcess

if TYPE_CHECKING:
    from viewer_agent.watch import Reader

OBS: Final = "obs:"
"""What a camera's name begins with that is a source of OBS."""


class Chosen(NamedTuple):
    """What is looked at and listened to. A camera is a number, a device, a video file or `obs:` and a source's name; a
    microphone is a number, a name or a file; None is neither."""

    camera: int | str | None
    microphone: int | str | Path | None

    @property
    def watches_somebody(self) -> bool:
        """Whether a camera or a microphone is opened; files are neither."""
        # A file of such a name makes no film of an OBS source.
        film = isinstance(self.camera, str) and not self.camera.startswith(OBS) and is_file(self.camera)
        return (self.camera is not None and not film) or isinstance(self.microphone, int | str)

    def __str__(self) -> str:
        """For people."""
        parts = [
            *(["no camera"] if self.camera is None else [f"camera {self.camera}"]),
            *(["no microphone"] if self.microphone is None else [f"microphone {self.microphone}"]),
        ]
        return " and ".join(parts)


def chosen(settings: StreamerSettings, camera: str | None, microphone: str | None) -> Chosen:
    """What the command line says, or where it says nothing (None) the settings; "" is none. Raises LeraError."""
    seen = str(settings.camera) if camera is None else camera
    heard = str(settings.microphone) if microphone is None else microphone
    found = Chosen(_camera(seen), _microphone(heard))
    if found.camera is None and found.microphone is None:
        raise LeraError("With neither camera nor microphone there is nothing to read: leave one of them in.")
    return found


def _camera(text: str) -> int | str | None:
    if not text:
        return None
    if text.startswith(OBS):
        if not text.removeprefix(OBS).strip():
            raise LeraError("Name the OBS source, as in --camera obs:Webcam.")
        return text
    from viewer_agent.camera import parse_source

    return parse_source(text)


def _microphone(text: str) -> int | str | Path | None:
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    path = Path(text)
    if is_file(path):
        return path
    if os.sep in text or path.suffix.lower() in (".wav", ".mp3", ".mp4", ".ogg", ".opus", ".flac", ".mkv", ".m4a"):
        raise LeraError(f"There is no file {text}: name an audio or video file, or a microphone.")
    return text


def senses(
    settings: StreamerSettings,
    configuration: Configuration,
    wanted: Chosen,
    *,
    loop: bool = False,
    devices: Devices | None = None,
) -> Callable[[Client, Lines], list[Sense]]:
    """What makes the senses that are wanted, for a client and somewhere to say things."""

    def make(client: Client, lines: Lines) -> list[Sense]:
        made: list[Sense] = []
        if wanted.camera is not None:
            camera = _make_camera(wanted.camera, settings, configuration, loop=loop)
            made.append(Looking(client, lines, _load_reader, camera, settings.frames_per_second))
        if wanted.microphone is not None:
            source = _make_microphone(wanted.microphone, devices or PortAudio(), loop=loop)
            made.append(Listening(client, lines, _load_ear(settings, lines), source))
        return made

    return make


def _load_reader() -> "Reader":
    from model import face

    return face.load()


def _make_camera(
    camera: int | str, settings: StreamerSettings, configuration: Configuration, *, loop: bool
) -> Callable[[Callable[[], None]], Any]:
    if isinstance(camera, str) and camera.startswith(OBS):
        from lera.obs.connection import kept_password
        from lera.obs.settings import ObsSettings
        from streamer_agent.obs_camera import ObsCamera

        obs, password = configuration.section("obs", ObsSettings), kept_password()
        name = camera.removeprefix(OBS).strip()
        return lambda on_change: ObsCamera(name, obs, password, settings.frames_per_second, on_change)
    from viewer_agent.camera import Camera

    return lambda on_change: Camera(camera, settings.frames_per_second, on_change, loop=loop)


def _make_microphone(microphone: int | str | Path, devices: Devices, *, loop: bool) -> MakeSource:
    def make(on_change: Callable[[], None]) -> SoundSource:
        if isinstance(microphone, Path):
            return SoundFile(microphone, on_change, loop=loop)
        return Microphone(microphone, devices, on_change)

    return make


def _load_ear(settings: StreamerSettings, lines: Lines) -> LoadEar:
    def load(recognise: Callable[[Callable[[], None]], None], closing: ExitStack) -> Ear:
        from model import voice

        reader = voice.load()
        closing.callback(reader.close)
        words = None
        if settings.recogniser != "off":
            try:
                given_up = "The recogniser has died again and again. LERA goes on without words until it is restarted."
                words = WordsProcess(settings, lambda: lines.once("words", given_up))
                closing.callback(words.close)
            except LeraError as error:
                # The voice can be read without its words.
                lines.once("words", f"{error} LERA goes on without words.")
        return Ear(voice.VoiceListener(reader), words, recognise)

    return load
