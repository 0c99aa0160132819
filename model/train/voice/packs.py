"""The voice packs as sound: RAVDESS, TESS, nEMO and ASED, speakers apart.

RAVDESS: Livingstone & Russo (PLoS ONE 2018). TESS: Pichora-Fuller & Dupuis (2020). nEMO: Christop (LREC-COLING 2024).
ASED: Retta et al. (2022). The parts named test are read by nobody but `model.train.voice.evaluate`.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from model.emotions import EMOTIONS
from model.speech import RATE

PACKS: Final = ("ravdess", "nemo", "ased", "tess")
TESS: Final = 700
"""Clips of TESS that are used: it is one young woman with one sentence, whose clips differ in a word."""


@dataclass(frozen=True)
class Clips:
    """N clips: `sounds` float32 each, 16 kHz; `labels` int64 (N,) into EMOTIONS; `source` int64 (N,) into PACKS;
    `speakers` and `texts`, names."""

    sounds: list[NDArray[np.float32]]
    labels: NDArray[np.int64]
    source: NDArray[np.int64]
    speakers: list[str]
    texts: list[str]

    def __len__(self) -> int:
        return len(self.labels)


def decode(content: bytes) -> NDArray[np.float32]:
    """An audio file's samples, mono, 16 kHz."""
    with av.open(io.BytesIO(content), mode="r") as container:
        resampler = av.AudioResampler("flt", "mono", RATE)
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)


def load(data: Path, split: str, names: Sequence[str] = PACKS, sound: bool = True) -> Clips:
    """One split of some packs, without `sound` only what is known of the clips.

    Raises FileNotFoundError, which says which folder was looked into.
    """
    rows, source = [], []
    for name in names:
        path = data / "voice" / f"{name}.parquet"
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing; --data must name the folder that holds voice/*.parquet")
        columns = ["label", "speaker", "text_id", *(["audio"] if sound else [])]
        found = parquet.read_table(path, columns=columns, filters=[("split", "==", split)]).to_pylist()
        if name == "tess":
            found = [found[k] for k in np.random.default_rng(11).permutation(len(found))[:TESS]]
        rows += found
        source += [PACKS.index(name)] * len(found)
    return Clips(
        [decode(row["audio"]) for row in rows] if sound else [],
        np.array([EMOTIONS.index(row["label"]) for row in rows], np.int64),
        np.array(source, np.int64),
        [row["speaker"] for row in rows],
        [f"{PACKS[k]}:{row['text_id']}" for k, row in zip(source, rows, strict=True)],
    )
