"""What a network answers for clips, each by itself and beside its speaker's others."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from model.emotions import EMOTIONS
from model.metrics import confusion_matrix, metrics
from model.speaker import usual
from model.train.voice.features import Features
from model.train.voice.network import VoiceNetwork
from model.train.voice.packs import PACKS, Clips

MINUTE: Final = 25
"""Clips of a speaker that make about a minute, by which the speaker is known here as in the listener."""


def minutes(
    statistics: NDArray[np.float32], speakers: Sequence[str], spread: NDArray[np.float32], seed: int = 5
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each of N clips, what its speaker usually sounds like, from a minute of their clips by chance: mean and
    deviation (N, K). Labels aren't looked at."""
    random = np.random.default_rng(seed)
    mean, deviation = np.zeros_like(statistics), np.ones_like(statistics)
    names = np.array(speakers)
    for name in dict.fromkeys(speakers):
        rows = np.flatnonzero(names == name)
        chosen = random.permutation(rows)[:MINUTE]
        mean[rows], deviation[rows] = usual(statistics[chosen], spread)
    return mean, deviation


@torch.no_grad()
def logits_of(network: VoiceNetwork, features: Features, speakers: Sequence[str] | None) -> NDArray[np.float32]:
    """Logits (N, 7); with `speakers`, the mean of both answers."""
    heard = torch.from_numpy(features.statistics)
    found = network.by_clip(heard).mean(0)
    if speakers is not None:
        keys = [f"{name} {number}" for name, number in zip(speakers, features.sessions, strict=True)]
        mean, deviation = minutes(features.statistics, keys, network.spread.numpy())
        own = network.by_speaker(heard, torch.from_numpy(mean), torch.from_numpy(deviation)).mean(0)
        found = (found + own) / 2
    return np.asarray(found.numpy(), np.float32)


def recalls(logits: NDArray[np.float32], clips: Clips) -> dict[str, float]:
    """UAR of each pack. Where a pack lacks an emotion, answering it is wrong."""
    found = {}
    for source in np.unique(clips.source).tolist():
        mine = clips.source == source
        answers = logits[mine].argmax(1).astype(np.int64)
        found[PACKS[source]] = metrics(confusion_matrix(clips.labels[mine], answers, len(EMOTIONS))).uar
    return found
