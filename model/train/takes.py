"""RAVDESS takes as face and voice of the same moment: action units and the sound's statistics, joined by file name.

Livingstone & Russo, "The Ryerson audio-visual database of emotional speech and song", PLoS ONE 13(5), 2018. A take is
named by seven numbers, of which the first is the kind of file and the last the actor: the video 01-01-03-02-01-01-12
and the sound 03-01-03-02-01-01-12 are one take.
"""

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lera.errors import LeraError
from model.emotions import EMOTIONS
from model.train.voice_statistics import COUNT, RATE, statistics
from model.zoo.action_units import COLUMNS

FACES: Final = Path("face") / "au_ravdess_openface_video_mean.parquet"
VOICES: Final = Path("voice") / "ravdess.parquet"
VOICE_COLUMNS: Final = ["audio", "file", "label", "split"]


@dataclass(frozen=True)
class Takes:
    """N takes: `face` float64 (N, 35), `voice` float64 (N, 214), `labels` int64 (N,) into EMOTIONS, `actors` (N,)."""

    face: NDArray[np.float64]
    voice: NDArray[np.float64]
    labels: NDArray[np.int64]
    actors: NDArray[np.int64]
    splits: NDArray[np.str_]
    names: tuple[str, ...]
    """Without the kind of file: 01-03-02-01-01-12."""

    def __len__(self) -> int:
        return len(self.labels)

    def by_person(self) -> "Takes":
        """Both modalities with each actor's own mean and deviation taken out; no label is read for that."""
        face, voice = self.face.copy(), self.voice.copy()
        for values in (face, voice):
            for actor in np.unique(self.actors):
                mine = self.actors == actor
                values[mine] = (values[mine] - values[mine].mean(0)) / (values[mine].std(0) + 1e-3)
        return replace(self, face=face, voice=voice)


def read_takes(data: Path, cache: Path | None = None) -> Takes:
    """The takes of which `data` has face and voice, by name. Sound is decoded once if there is a `cache` to keep it.

    Raises LeraError when a pack is missing or is none, and when both say different labels or splits of one take.
    """
    faces = _rows(data / FACES, [*COLUMNS, "name", "label", "split"])
    voices = _rows(data / VOICES, VOICE_COLUMNS)
    place = {name[3:]: index for index, name in enumerate(faces["name"])}
    found = [(name[3:].removesuffix(".wav"), row) for row, name in enumerate(voices["file"])]
    joined = sorted((name, place[name], row) for name, row in found if name in place)
    if not joined:
        raise LeraError("no take of the voice pack is in the face pack: they are joined by RAVDESS' file names")
    for name, left, right in joined:
        if any(faces[key][left] != voices[key][right] for key in ("label", "split")):
            raise LeraError(f"the packs disagree about take {name}: label or split differ")
    names = tuple(name for name, _, _ in joined)
    units = np.array([[faces[column][left] for column in COLUMNS] for _, left, _ in joined], np.float64)
    sounds = [voices["audio"][right] for _, _, right in joined]
    return Takes(
        face=units,
        voice=_voices(sounds, names, cache),
        labels=np.array([EMOTIONS.index(faces["label"][left]) for _, left, _ in joined], np.int64),
        actors=np.array([int(name[-2:]) for name in names], np.int64),
        splits=np.array([faces["split"][left] for _, left, _ in joined]),
        names=names,
    )


def _voices(sounds: list[bytes], names: tuple[str, ...], cache: Path | None) -> NDArray[np.float64]:
    """`statistics` of every sound, from the cache when it holds just these takes."""
    if cache and cache.is_file():
        with np.load(cache, allow_pickle=False) as kept:
            if tuple(kept["names"].tolist()) == names and kept["voice"].shape == (len(names), COUNT):
                return np.asarray(kept["voice"], np.float64)
    rows = []
    for index, sound in enumerate(sounds):
        rows.append(statistics(decoded(sound)))
        if index % 200 == 199:
            print(f"heard {index + 1} of {len(sounds)} takes", flush=True)
    voice = np.stack(rows)
    if cache:
        np.savez_compressed(cache, names=np.array(names), voice=voice)
    return voice


def decoded(sound: bytes) -> NDArray[np.float32]:
    """A sound file's content as mono samples (N,) at 16 kHz. Raises LeraError when it is none."""
    import av

    try:
        with av.open(io.BytesIO(sound), "r") as file:
            resampler = av.AudioResampler("flt", "mono", RATE)
            parts = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
            parts += resampler.resample(None)
    except (av.FFmpegError, IndexError) as error:
        raise LeraError(f"a take's sound can't be decoded: {str(error).splitlines()[0]}") from None
    if not parts:
        raise LeraError("a take's sound is empty")
    return np.concatenate([part.to_ndarray()[0] for part in parts]).astype(np.float32)


def _rows(path: Path, columns: list[str]) -> dict[str, list[Any]]:
    from pyarrow import ArrowException, parquet

    try:
        table: dict[str, list[Any]] = parquet.read_table(path, columns=columns).to_pydict()
    except (ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise LeraError(
            f"{path.name} can't be read ({reason}): --data must name the folder with face/ and voice/"
        ) from None
    missing = [column for column in columns if column not in table]
    if missing:
        raise LeraError(f"{path.name} has no column {missing[0]}")
    return table
