"""The numbers that tell how well a voice reader reads, and how the listener should choose its moments."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model import key_segments
from model.emotions import EMOTIONS
from model.metrics import calibration_error, confusion_matrix, metrics
from model.speech import RATE
from model.train.voice.packs import PACKS, Clips
from model.voice import WINDOW, VoiceReader

DRAWS: Final = 1000
TOGETHER: Final = 8.0
"""Seconds of one speaker in one mood, as long as the listener looks back."""


def report(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, Any]:
    """The card's numbers for answers (N, 7), rounded to 4 digits; `uar_95` is where the UAR of 95 % of 1,000 draws
    with replacement of the clips lies (Efron's bootstrap), which knows nothing of other speakers."""
    answers = probabilities.argmax(1).astype(np.int64)
    confusion = confusion_matrix(labels, answers, len(EMOTIONS))
    found = metrics(confusion)
    random = np.random.default_rng(7)
    draws = [random.integers(len(labels), size=len(labels)) for _ in range(DRAWS)]
    scores = [metrics(confusion_matrix(labels[rows], answers[rows], len(EMOTIONS))).uar for rows in draws]
    return {
        "clips": len(labels),
        "war": round(found.war, 4),
        "uar": round(found.uar, 4),
        "uar_95": [round(float(end), 4) for end in np.quantile(scores, [0.025, 0.975])],
        "macro_f1": round(found.macro_f1, 4),
        "calibration_error": round(calibration_error(probabilities, labels), 4),
        "classes": {
            name: {"clips": int(confusion[k].sum()), "recall": round(found.recalls[k], 4)}
            for k, name in enumerate(EMOTIONS)
        },
        "confusion": confusion.tolist(),
    }


def stretches(clips: Clips) -> list[tuple[NDArray[np.float32], int, int]]:
    """Clips of one speaker in one mood put together to TOGETHER seconds: sound, label, pack."""
    random, found = np.random.default_rng(9), []
    keys = np.array([f"{speaker} {label}" for speaker, label in zip(clips.speakers, clips.labels, strict=True)])
    for key in dict.fromkeys(keys.tolist()):
        rows = random.permutation(np.flatnonzero(keys == key))
        sound = np.concatenate([clips.sounds[row] for row in rows])
        size = round(TOGETHER * RATE)
        starts = range(0, len(sound) - size + 1, size)
        label, source = int(clips.labels[rows[0]]), int(clips.source[rows[0]])
        found += [(sound[start : start + size], label, source) for start in starts]
    return found


def rules(answers: NDArray[np.float32], loud: NDArray[np.float64]) -> dict[str, NDArray[np.float32]]:
    """What each rule makes of the answers (N, 7) of N moments, (7,)."""
    count = len(answers)
    even = np.full(count, 1 / count)
    return {
        "key segments (the surest four, logarithms pooled)": key_segments.pooled(
            answers, key_segments.weights(answers, loud)
        ),
        "all moments alike, logarithms pooled": key_segments.pooled(answers, even),
        "all moments alike, mean": answers.mean(0),
        "the middle moment": answers[count // 2],
        "the surest moment": answers[int(answers.max(1).argmax())],
        "the loudest moment": answers[int(loud.argmax())],
    }


def moments(reader: VoiceReader, clips: Clips) -> dict[str, Any]:
    """Mean UAR of the packs, and how surprising the truth is (nats), for each rule."""
    step, size = round(WINDOW / 2 * RATE), round(WINDOW * RATE)
    found: dict[str, list[NDArray[np.float32]]] = {}
    made = stretches(clips)
    for sound, _, _ in made:
        parts = [sound[start : start + size] for start in range(0, len(sound) - size + 1, step)]
        answers = reader.probabilities(parts)
        loud = np.array([np.log(np.sqrt(np.square(part).mean()) + 1e-9) for part in parts])
        for name, made_of_them in rules(answers, loud).items():
            found.setdefault(name, []).append(made_of_them)
    labels, source = (np.array([one[k] for one in made]) for k in (1, 2))
    told: dict[str, Any] = {}
    for name, rows in found.items():
        mean = np.array(rows)
        scores = {}
        for pack in np.unique(source).tolist():
            mine = source == pack
            confusion = confusion_matrix(labels[mine], mean[mine].argmax(1).astype(np.int64), len(EMOTIONS))
            scores[PACKS[pack]] = round(metrics(confusion).uar, 4)
        surprise = -np.log(np.maximum(mean[np.arange(len(labels)), labels], 1e-6)).mean()
        told[name] = {"uar": scores, "surprise": round(float(surprise), 4)}
    return {"stretches": len(made), "rules": told}
