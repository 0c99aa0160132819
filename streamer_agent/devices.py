"""The system's microphones, through PortAudio (sounddevice). The only module that knows it."""

import sys
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lera.errors import LeraError

Hear = Callable[[NDArray[np.float32]], None]
"""Is given each piece of sound, float32 (N, channels), from PortAudio's own thread: it must only put it away."""


class Device(NamedTuple):
    """A microphone: its number and name as PortAudio has them, channels to open, and its own rate."""

    number: int
    name: str
    channels: int
    rate: int


class Stream(Protocol):
    """An open microphone."""

    @property
    def active(self) -> bool:
        """False once it has died."""

    def close(self) -> None: ...


class Devices(Protocol):
    """What `microphone.Microphone` needs of a sound system."""

    def refresh(self) -> None:
        """Look anew at what is plugged in."""

    def list(self) -> list[Device]: ...
    def find(self, which: int | str) -> Device:
        """The microphone of a number, of a name or part of one, or "default". Raises LeraError."""

    def open(self, device: Device, hear: Hear) -> Stream:
        """Open it; sound comes at its own rate. Raises LeraError."""


class PortAudio:
    """The real ones."""

    def __init__(self) -> None:
        self._library: ModuleType | None = None

    def refresh(self) -> None:
        """Look anew at what is plugged in. No stream may be open."""
        library = self._load()
        # PortAudio looks once, when it starts; it has no other way to look again.
        with suppress(library.PortAudioError):
            library._terminate()
            library._initialize()

    def list(self) -> list[Device]:
        """All microphones. Raises LeraError when there is no PortAudio."""
        found = [_device(entry) for entry in self._ask("query_devices")]
        return [device for device in found if device.channels]

    def find(self, which: int | str) -> Device:
        """The microphone that is meant. Raises LeraError, which tells those that there are."""
        devices = self.list()
        if not devices:
            raise LeraError(
                "This machine has no microphone that LERA can see: plug one in (LERA looks again by itself), name a "
                "file with --microphone, or start with --no-microphone."
            )
        if which == "default":
            number = self._default()
            return next((device for device in devices if device.number == number), devices[0])
        if isinstance(which, int) or which.isdecimal():
            meant = [device for device in devices if device.number == int(which)]
        else:
            exact = [device for device in devices if device.name == which]
            meant = exact or [device for device in devices if which.casefold() in device.name.casefold()]
        if not meant:
            names = "; ".join(f"{device.number} {device.name}" for device in devices)
            raise LeraError(f"There is no microphone {which}; this machine has {names}. Choose one with --microphone.")
        return meant[0]

    def open(self, device: Device, hear: Hear) -> Stream:
        """Open it at its own rate. Raises LeraError."""
        library = self._load()

        def take(data: NDArray[np.float32], _frames: int, _time: Any, _status: Any) -> None:
            # PortAudio uses its buffer again.
            hear(data.copy())

        try:
            stream: Any = library.InputStream(
                samplerate=device.rate,
                device=device.number,
                channels=device.channels,
                dtype="float32",
                blocksize=device.rate // 20,
                callback=take,
            )
            stream.start()
        except (library.PortAudioError, ValueError, OSError) as error:
            raise LeraError(f"{device.name} can't be opened ({_reason(error)}): {_MEND_OPEN}.") from None
        return _Open(stream, library.PortAudioError)

    def _default(self) -> int:
        try:
            return int(self._ask("query_devices", kind="input")["index"])
        except LeraError:
            return -1

    def _ask(self, question: str, **arguments: Any) -> Any:
        library = self._load()
        try:
            return getattr(library, question)(**arguments)
        except (library.PortAudioError, ValueError, OSError) as error:
            raise LeraError(
                f"The system's sound does not answer ({_reason(error)}): restart its sound service."
            ) from None

    def _load(self) -> ModuleType:
        if self._library is None:
            try:
                import sounddevice
            except (ImportError, OSError):
                raise LeraError(MISSING) from None
            self._library = sounddevice
        return self._library


MISSING: Final = (
    "The sound library PortAudio is missing: on Debian or Ubuntu `sudo apt install libportaudio2`; or start with "
    "--no-microphone."
)
_MEND_OPEN: Final = {
    "win32": "allow microphones for desktop apps in Settings > Privacy > Microphone, or close what uses it",
    "darwin": "allow the microphone for your terminal in System Settings > Privacy & Security > Microphone",
}.get(sys.platform, "close what uses it, or choose another with --microphone")


class _Open:
    """A stream of sounddevice; closing one whose device is gone is no fault."""

    def __init__(self, stream: Any, fault: type[Exception]) -> None:
        self._stream = stream
        self._fault = fault

    @property
    def active(self) -> bool:
        try:
            return bool(self._stream.active)
        except self._fault:
            return False

    def close(self) -> None:
        with suppress(self._fault):
            # Not stop(), which waits until all has been heard.
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)


def _device(entry: dict[str, Any]) -> Device:
    rate = round(float(entry.get("default_samplerate") or 0))
    # Two channels at most: some cards have dozens, and a stereo microphone's are averaged.
    channels = min(2, int(entry.get("max_input_channels") or 0))
    return Device(int(entry["index"]), str(entry["name"]), channels, rate if 8000 <= rate <= 384_000 else 48_000)


def _reason(error: Exception) -> str:
    return str(error.args[0] if error.args else error).strip().splitlines()[0].rstrip(".")[:120] or "no reason given"
