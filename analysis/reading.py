"""A file read from its begin to its end, faster than it plays: decoded, seen, heard, and put into columns.

Pictures and sound go through the very parts that read a stream: `Watch`, `Ear`, `fuse`. Recognised words are scored and
dropped; of a text only lines and times are kept.
"""

import heapq
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from analysis import script
from analysis.media import Picture, Recording, Sound
from analysis.tracks import Absence, Kind, Read, fused, spread, track
from bot.language import one_line
from lera.errors import LeraError
from model.modalities import MODALITIES, Modality, Sensed
from model.text import TextReader
from streamer_agent.ear import Ear
from viewer_agent.camera import Frame
from viewer_agent.watch import Sight, Watch

STALE: Final = 2.0
"""Seconds for which the last look at a face counts, in a video with few frames."""
LEFT_OVER: Final = 0.25
"""Seconds at the end that make no second of their own."""
AT_ONCE: Final = 64
"""Sentences that are scored together."""

Tell = Callable[[float, float | None], None]
"""Told how far it is and how long the whole is (None: nobody knows), both in seconds or sentences."""


class Senses(Protocol):
    """What reads each modality, made when it is needed: a text needs no camera's eyes."""

    def watch(self) -> Watch | None:
        """For the faces; None where they are left out. Raises LeraError."""

    def ear(self) -> Ear | None:
        """For voice and words; None where both are left out. Raises LeraError."""

    def text(self) -> TextReader:
        """For written words. Raises LeraError."""

    def left_out(self) -> dict[Modality, Absence]:
        """What isn't read at all, and why."""

    @property
    def frames_per_second(self) -> float:
        """How many pictures a second are looked at."""


class _Second(Struct):
    """What there was at the end of one second."""

    face: Sensed | None = None
    voice: Sensed | None = None
    words: Sensed | None = None


def kind_of(path: Path) -> Kind | None:
    """What a file is by its name; None for sound or pictures, which only its content tells. Raises LeraError."""
    name = one_line(path.name) or "This"
    try:
        there, folder = path.exists(), path.is_dir()
    except (OSError, ValueError):
        # Too long to be a name.
        there = folder = False
    if folder:
        raise LeraError(f"{name} is a folder: name a file in it.")
    if not there:
        raise LeraError(f"There is no file {one_line(str(path))}: look at its name.")
    if not path.is_file():
        # A device or a pipe might never end.
        raise LeraError(f"{name} is no ordinary file: save what it gives as a file.")
    if not path.stat().st_size:
        raise LeraError(f"{name} is empty: choose another file.")
    ending = path.suffix.lower()
    return "text" if ending in script.TEXTS else "subtitles" if ending in script.SUBTITLES else None


def read(path: Path, senses: Senses, tell: Tell) -> Read:
    """Read a file to its end. Raises LeraError, also where nothing of it is to be read."""
    kind = kind_of(path)
    if kind is not None and senses.left_out().get("words") == "left_out":
        raise _nothing_left(path)
    if kind == "text":
        return _text(path, senses, tell)
    if kind == "subtitles":
        return _subtitles(path, senses, tell)
    return _recording(path, Recording(path), senses, tell)


def _nothing_left(path: Path) -> LeraError:
    return LeraError(f"Nothing of {one_line(path.name)} is left to read: take back a --no-… option.")


def _text(path: Path, senses: Senses, tell: Tell) -> Read:
    sentences = script.sentences(script.load(path))
    sensed = _scored(senses.text(), [sentence.text for sentence in sentences], tell)
    lines = tuple(sentence.line for sentence in sentences)
    return _columns(path, "text", float(len(sentences)), {"words": sensed}, _not_written(), lines)


def _subtitles(path: Path, senses: Senses, tell: Tell) -> Read:
    cues = script.cues(script.load(path))
    sensed = _scored(senses.text(), [cue.text for cue in cues], tell)
    length = max(cue.end for cue in cues)
    felt = [(cue.begin, cue.end, one) for cue, one in zip(cues, sensed, strict=True) if one is not None]
    return _columns(path, "subtitles", length, {"words": spread(felt, math.ceil(length))}, _not_written())


def _scored(reader: TextReader, texts: list[str], tell: Tell) -> list[Sensed | None]:
    found: list[Sensed | None] = []
    for start in range(0, len(texts), AT_ONCE):
        probabilities, quality = reader.read(texts[start : start + AT_ONCE])
        found += [
            Sensed(row, float(worth)) if worth > 0 else None for row, worth in zip(probabilities, quality, strict=True)
        ]
        tell(float(len(found)), float(len(texts)))
    return found


def _not_written() -> dict[Modality, Absence]:
    return {"face": "no_stream", "voice": "no_stream"}


def _recording(path: Path, recording: Recording, senses: Senses, tell: Tell) -> Read:
    absent = senses.left_out()
    there: dict[Modality, bool] = {
        "face": recording.pictures, "voice": recording.sound, "words": recording.sound,
    }  # fmt: skip
    absent |= {modality: "no_stream" for modality, has in there.items() if not has}
    watch = senses.watch() if "face" not in absent else None
    ear = senses.ear() if {"voice", "words"} - set(absent) else None
    if watch is None and ear is None:
        raise _nothing_left(path)
    seconds, length = _sense(recording, watch, ear, senses.frames_per_second, tell)
    sensed: dict[Modality, list[Sensed | None]] = {
        modality: [getattr(second, modality) for second in seconds] for modality in MODALITIES if modality not in absent
    }
    return _columns(
        path, "video" if recording.pictures else "sound", length, sensed, absent, claimed=recording.length
    )  # fmt: skip


def _sense(
    recording: Recording, watch: Watch | None, ear: Ear | None, rate: float, tell: Tell
) -> tuple[list[_Second], float]:
    """What there was at the end of each second, and the length that was really there."""
    seconds: list[_Second] = []
    sight: Sight | None = None
    seen = length = 0.0

    def close() -> None:
        end = len(seconds) + 1.0
        second = _Second()
        if sight is not None and sight.probabilities is not None and end - seen <= STALE:
            second.face = Sensed(sight.probabilities, sight.quality)
        if ear is not None:
            second.voice, second.words = ear.voice(), ear.words()
        seconds.append(second)
        tell(min(end, length), recording.length)

    for number, event in enumerate(_events(recording, watch is not None, ear is not None, rate)):
        # A block of sound that ends with a second belongs to it; a picture at that moment is the next one's.
        while event.time > len(seconds) + 1 + (1e-6 if isinstance(event, Sound) else -1e-6):
            close()
        if isinstance(event, Sound):
            assert ear is not None
            ear.hear(event.samples, event.time)
            length = max(length, event.time)
        else:
            assert watch is not None
            sight, seen = watch.look(Frame(number, event.time, event.time, event.pixels), 1.0), event.time
            length = max(length, event.time + 1 / rate)
    if not length:
        raise LeraError("Nothing in this file can be decoded: convert it to MP4 or WAV.")
    if ear is not None:
        ear.flush()
    if recording.length is not None:
        length = min(length, max(recording.length, length - 1.0))
    while len(seconds) + LEFT_OVER < length or not seconds:
        close()
    return seconds, length


def _events(recording: Recording, pictures: bool, sound: bool, rate: float) -> Iterator[Picture | Sound]:
    """Both streams in the order of their times."""
    streams: list[Iterator[Picture | Sound]] = []
    if sound:
        streams.append(recording.blocks())
    if pictures:
        streams.append(recording.frames(rate))
    return heapq.merge(*streams, key=lambda event: event.time)


def _columns(
    path: Path,
    kind: Kind,
    length: float,
    sensed: dict[Modality, list[Sensed | None]],
    absent: dict[Modality, Absence],
    lines: tuple[int, ...] = (),
    claimed: float | None = None,
) -> Read:
    tracks = {modality: track(found) for modality, found in sensed.items()}
    for modality in [modality for modality, one in tracks.items() if not one.known]:
        absent[modality] = "nothing"
    places = max((len(found) for found in sensed.values()), default=0)
    known = {modality: one for modality, one in tracks.items() if one.known}
    mood, parts = fused(known, places)
    # A name of other letters than the system's own has some that no file of ours can hold.
    name = path.name.encode(errors="replace").decode()
    return Read(name, kind, length, known, absent, mood, parts, lines, claimed)
