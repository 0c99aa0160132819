"""Sound and pictures out of a file, with their times, through FFmpeg's libraries (PyAV). No other file is opened.

A file is a stranger's: playlists, which would make FFmpeg open other files and addresses, are no formats here, and
length and number of pixels are limited before anything is decoded.
"""

import fractions
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from bot.language import one_line
from lera.errors import LeraError
from model.speech import RATE

LONGEST: Final = 12 * 3600.0
"""Seconds of the longest file that is read."""
MOST_PIXELS: Final = 8192 * 4352
"""Of one picture: 8K, and a little more."""
SIDE: Final = 1280
"""Longer side to which larger pictures are shrunk: a face that is readable stays so, and decoding 4K stays cheap."""
BLOCK: Final = RATE // 2
"""Samples handed out at once: half a second, so that a block ends where a second does."""
MOST_SILENCE: Final = 60.0
"""Seconds of a hole in the sound, where the file doesn't say how long it is; a longer one is a broken clock."""
# Demuxers by FFmpeg's names: each holds its sound and pictures in itself. No playlists, no image sequences, no devices.
FORMATS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,wav,mp3,ogg,flac,aac,avi,flv,mpegts,mpeg,asf,aiff,caf,amr,w64,mpegvideo,"
    "h264,hevc,ac3,eac3,au,wv,ape,dv,ivf,nut"
)


class Picture(NamedTuple):
    """One frame: `time` in seconds since the file's begin, `pixels` uint8 (H, W, 3) RGB, upright."""

    time: float
    pixels: NDArray[np.uint8]


class Sound(NamedTuple):
    """A piece of sound: `time` in seconds since the file's begin, of the end of its last sample; `samples` float32
    (N,), mono, RATE, -1..1."""

    time: float
    samples: NDArray[np.float32]


class Recording:
    """A file with sound, pictures or both. `length` is what the file claims, in seconds; None where it doesn't say."""

    def __init__(self, path: Path) -> None:
        """Look at the file without decoding it. Raises LeraError where it can't be read here."""
        self._path = path
        self._name = one_line(path.name)
        self.sound = False
        """Whether there is a sound track."""
        self.pictures = False
        """Whether there is a video track (a cover's picture is none)."""
        with self._opened() as file, self._container(file) as container:
            video, audio = _video(container), _audio(container)
            self.sound, self.pictures = audio is not None, video is not None
            if not self.sound and not self.pictures:
                raise LeraError(f"{self._name} has neither sound nor pictures: choose a video, a recording or a text.")
            self.length = _length(container, [one for one in (video, audio) if one is not None])
            self._begin = (container.start_time or 0) / av.time_base
            if self.length is not None and self.length > LONGEST:
                raise self._too_long()
            if video is not None and not 0 < _pixels(video.codec_context) <= MOST_PIXELS:
                size = f"{video.codec_context.width} x {video.codec_context.height}"
                raise LeraError(f"{self._name} has pictures of {size} pixels: convert it to 1920 x 1080 or less.")

    def frames(self, rate: float) -> Iterator[Picture]:
        """At most `rate` frames a second, in order, upright. Parts that are damaged are skipped. Raises LeraError."""
        with self._opened() as file, self._container(file) as container:
            stream = _video(container)
            assert stream is not None
            stream.thread_type = "AUTO"
            stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
            slot, last = -1, -1 / rate
            for frame in self._decoded(container, stream):
                # Without a clock of its own a frame comes right behind the one before it.
                time = last + 1 / rate if frame.time is None else frame.time - self._begin
                if time > LONGEST:
                    raise self._too_long()
                # One of each eighth of a second, whatever the file's own pace is.
                if int(time * rate + 1e-6) <= slot or frame.is_corrupt:
                    continue
                slot, last = int(time * rate + 1e-6), time
                try:
                    pixels = _upright(frame, stream.sample_aspect_ratio)
                except (av.FFmpegError, ValueError, MemoryError):
                    continue
                yield Picture(max(0.0, time), pixels)

    def blocks(self) -> Iterator[Sound]:
        """All sound, in blocks of half a second (the last one may be shorter); holes are silence. Raises LeraError."""
        held: list[NDArray[np.float32]] = []
        count = passed = 0
        for samples in self._sound():
            held.append(samples)
            count += len(samples)
            if count < BLOCK:
                continue
            ready = np.concatenate(held)
            whole = len(ready) // BLOCK * BLOCK
            for start in range(0, whole, BLOCK):
                passed += BLOCK
                if passed > LONGEST * RATE:
                    raise self._too_long()
                yield Sound(passed / RATE, ready[start : start + BLOCK])
            held, count = [ready[whole:]], len(ready) - whole
        if count:
            yield Sound((passed + count) / RATE, np.concatenate(held))

    def _sound(self) -> Iterator[NDArray[np.float32]]:
        """Samples as they are decoded, from the file's begin on without holes."""
        with self._opened() as file, self._container(file) as container:
            stream = _audio(container)
            assert stream is not None
            made = 0
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            for frame in self._decoded(container, stream):
                for silence in self._silence(frame, made):
                    made += len(silence)
                    yield silence
                try:
                    heard = resampler.resample(frame)
                except (av.FFmpegError, ValueError):
                    # Rate or channels have changed in the middle of it: this piece is lost, the next ones are heard.
                    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
                    continue
                for piece in heard:
                    samples = piece.to_ndarray().reshape(-1).astype(np.float32)
                    made += len(samples)
                    yield samples
            for piece in resampler.resample(None):
                yield piece.to_ndarray().reshape(-1).astype(np.float32)

    def _silence(self, frame: Any, made: int) -> Iterator[NDArray[np.float32]]:
        """Silence for the hole between the samples that were made so far and a frame, in blocks."""
        if frame.time is None:
            return
        begins = frame.time - self._begin
        last = made / RATE + MOST_SILENCE if self.length is None else self.length
        hole = round((begins - made / RATE) * RATE) if begins <= last else 0
        if hole > RATE / 10:
            yield from (np.zeros(min(BLOCK, hole - start), np.float32) for start in range(0, hole, BLOCK))

    def _decoded(self, container: Any, stream: Any) -> Iterator[Any]:
        """The stream's frames. What is damaged is left out; a file that ends too early just ends."""
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
            except (av.FFmpegError, OSError):
                return
            try:
                yield from packet.decode()
            except (av.FFmpegError, ValueError):
                continue

    def _opened(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise LeraError(f"{self._name} can't be opened ({error.strerror or error}); look at its rights.") from None

    def _container(self, file: BinaryIO) -> Any:
        try:
            return av.open(
                file, mode="r", options={"format_whitelist": FORMATS, "protocol_whitelist": "none"},
                metadata_errors="replace",
            )  # fmt: skip
        except (av.FFmpegError, OSError, ValueError):
            raise LeraError(
                f"{self._name} is broken, cut off, or of a kind that can't be read here: convert it to MP4, WAV or TXT."
            ) from None

    def _too_long(self) -> LeraError:
        return LeraError(f"{self._name} is longer than {LONGEST / 3600:.0f} hours: cut it into parts.")


def _video(container: Any) -> Any | None:
    """The first video track that is one, no cover of a song."""
    return next((one for one in container.streams.video if not one.disposition & Disposition.attached_pic), None)


def _audio(container: Any) -> Any | None:
    return next(iter(container.streams.audio), None)


def _pixels(context: Any) -> int:
    return int(context.width) * int(context.height)


def _length(container: Any, streams: list[Any]) -> float | None:
    if container.duration:
        return float(container.duration / av.time_base)
    known = [float(one.duration * one.time_base) for one in streams if one.duration and one.time_base]
    return max(known, default=None)


def _upright(frame: Any, ratio: fractions.Fraction | None) -> NDArray[np.uint8]:
    """The frame as RGB: shrunk where it is large, with square pixels, and turned as the camera was.

    `ratio` is a pixel's width by its height, where the file says.
    """
    width, height = frame.width, frame.height
    if ratio and ratio != 1:
        width = round(width * min(max(float(ratio), 0.25), 4.0))
    shrink = min(1.0, SIDE / max(width, height))
    size = {"width": max(2, round(width * shrink)), "height": max(2, round(height * shrink))}
    pixels = frame.reformat(format="rgb24", **size).to_ndarray()
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90) % 4), np.uint8)
