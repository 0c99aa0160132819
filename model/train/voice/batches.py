"""Clips as the network meets them in training: cut, stretched, another tract, masked, normalised for clip or speaker.

SpecAugment: Park et al. (Interspeech 2019). Vocal tract length perturbation: Jaitly & Hinton (ICML workshop, 2013), here
as a stretch of the mel axis, since bands are all that is kept.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from model.emotions import EMOTIONS
from model.log_mel import BANDS
from model.train.voice.features import Features, normal
from model.train.voice.packs import PACKS, Clips

LENGTHS: Final = (128, 160, 192, 224, 256)
"""Frames of a batch's clips, one of these: what the listener's windows have."""
SHARES: Final = {"ravdess": 0.32, "nemo": 0.38, "ased": 0.2, "tess": 0.1}
"""Of an epoch's clips. nEMO has most sentences; TESS is one voice, and ASED's sentences tell its emotions."""


@dataclass(frozen=True)
class Strength:
    """How much clips are changed: a share `speaker` is normalised for the speaker, `mixed` with another clip, `joined`
    to another of the same speaker and emotion; `tract` and `tempo` are the largest stretch either way."""

    speaker: float = 0.55
    mixed: float = 0.3
    joined: float = 0.3
    tract: float = 0.10
    tempo: float = 0.2
    bands: int = 12
    frames: int = 24
    tilt: float = 0.3


def weights(clips: Clips) -> NDArray[np.float64]:
    """How often each clip is drawn, (N,), sums to 1: packs by SHARES, in each all emotions alike, in these speakers by
    the root of how much they said."""
    found = np.zeros(len(clips))
    speakers = np.array(clips.speakers)
    for number, name in enumerate(PACKS):
        mine = clips.source == number
        for label in np.unique(clips.labels[mine]):
            rows = np.flatnonzero(mine & (clips.labels == label))
            names, places, counts = np.unique(speakers[rows], return_inverse=True, return_counts=True)
            each = 1 / np.sqrt(counts[places])
            found[rows] = SHARES[name] * each / each.sum() / len(np.unique(clips.labels[mine]))
    return np.asarray(found / found.sum())


def priors(clips: Clips) -> Tensor:
    """Log of how often each pack has each emotion as it is drawn, (packs, 7): those that it lacks aren't ruled out."""
    drawn = weights(clips)
    rows = [np.bincount(clips.labels, drawn * (clips.source == k), len(EMOTIONS)) for k in range(len(PACKS))]
    return torch.from_numpy(np.log(np.maximum(np.stack(rows) / np.maximum(np.sum(rows, 1)[:, None], 1e-9), 1e-4))).float()


class Drawer:
    """Draws batches from the versions of the clips."""

    def __init__(self, clips: Clips, versions: list[Features], strength: Strength) -> None:
        self._clips, self._versions, self._strength = clips, versions, strength
        self._weights = weights(clips)
        keys = [f"{speaker} {label}" for speaker, label in zip(clips.speakers, clips.labels, strict=True)]
        self._alike = {key: np.flatnonzero(np.array(keys) == key) for key in set(keys)}
        self._keys = keys
        self._sessions = [[np.flatnonzero(one.sessions == k) for k in range(int(one.sessions.max()) + 1)]
                          for one in versions]  # fmt: skip

    def rows(self, count: int, random: np.random.Generator) -> NDArray[np.int64]:
        """Clips of an epoch; each at most a few times."""
        # Systematic draws have less chance in them than single ones.
        places = (np.arange(count) + random.random()) / count
        return random.permutation(np.searchsorted(np.cumsum(self._weights), places).clip(0, len(self._clips) - 1))

    def batch(self, rows: NDArray[np.int64], random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Normalised bands (B, T, BANDS) and whether for the speaker (B,), float32."""
        length = int(random.choice(LENGTHS))
        bands = np.zeros((len(rows), length * 2, BANDS), np.float32)
        known = np.zeros(len(rows), np.float32)
        for place, row in enumerate(rows.tolist()):
            version = int(random.integers(len(self._versions)))
            bands[place], known[place] = self._one(row, version, length * 2, random)
        return self._changed(torch.from_numpy(bands), length, random), torch.from_numpy(known)

    def _one(self, row: int, version: int, length: int, random: np.random.Generator) -> tuple[NDArray[np.float32], bool]:
        """A clip of `length` frames, repeated where it is shorter."""
        features, strength = self._versions[version], self._strength
        clip = features.clip(row).astype(np.float32)
        sums, counts = features.sums[row], features.counts[row]
        if random.random() < strength.joined:
            other = int(random.choice(self._alike[self._keys[row]]))
            if features.sessions[other] == features.sessions[row]:
                clip = np.concatenate([clip, features.clip(other).astype(np.float32)])
                sums, counts = sums + features.sums[other], counts + features.counts[other]
        speaker = random.random() < strength.speaker
        if speaker:
            mates = self._sessions[version][int(features.sessions[row])]
            chosen = random.choice(mates, min(len(mates), int(random.integers(12, 40))), replace=False)
            speaker = len(chosen) >= 6
            if speaker:
                sums, counts = features.sums[chosen].sum(0), features.counts[chosen].sum()
        mean, spread = normal(sums, counts)
        clip = (clip - mean) / spread
        start = int(random.integers(len(clip)))
        if len(clip) > length:
            start = int(random.integers(len(clip) - length + 1))
        return np.take(clip, np.arange(start, start + length), axis=0, mode="wrap"), speaker

    def _changed(self, bands: Tensor, length: int, random: np.random.Generator) -> Tensor:
        """(B, 2 length, BANDS) -> (B, length, BANDS), stretched in time and mel, tilted and masked."""
        strength, count = self._strength, len(bands)

        def chance(low: float, high: float) -> Tensor:
            return torch.from_numpy(random.uniform(low, high, (count, 1))).float()

        tempo = torch.exp(chance(-strength.tempo, strength.tempo))
        tract = torch.exp(chance(-strength.tract, strength.tract))
        shift = chance(-0.04, 0.04)
        across = torch.linspace(-1, 1, BANDS)[None]
        # The axis is stretched about its low end, where voices begin.
        across = ((across + 1) * tract - 1 + shift)[:, None, :].expand(-1, length, -1)
        along = (torch.linspace(-1, 1, length)[None] * 0.5 * tempo)[:, :, None].expand(-1, -1, BANDS)
        grid = torch.stack([across, along], -1)
        made = functional.grid_sample(bands[:, None], grid, padding_mode="border", align_corners=True)[:, 0]
        made = made + chance(-strength.tilt, strength.tilt)[:, :, None] * torch.linspace(-1, 1, BANDS)
        for _ in range(2):
            for axis, most in ((1, strength.frames), (2, strength.bands)):
                size = made.shape[axis]
                wide = random.integers(0, most + 1, count)
                start = random.integers(0, size - most, count)
                places = np.arange(size)[None]
                hidden = torch.from_numpy((places >= start[:, None]) & (places < (start + wide)[:, None]))
                made = made.masked_fill(hidden.unsqueeze(3 - axis), 0.0)
        return made
