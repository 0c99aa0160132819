"""Judges the shipped voice reader beside the simplest baselines: `python -m model evaluate voice`.

It reads the weights just as the agent does, through `model.voice`. This is the only place that opens the parts named
test. `--write` makes the model cards and the README's table from what it prints.
"""

import argparse
import hashlib
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from model.emotions import EMOTIONS
from model.train.notes import note
from model.train.voice import baselines, card, features, packs
from model.train.voice.answers import minutes
from model.train.voice.judging import moments, report
from model.train.voice.learning import DATA, RUN
from model.train.voice.packs import PACKS, Clips
from model.voice import WEIGHTS, Speaker, VoiceReader, open_session

ODD: Final = 2
"""Which of the made-up versions judges; the training clips' sessions are others, since they have other speakers."""


def by_speaker(reader: VoiceReader, sounds: list[NDArray[np.float32]], speakers: list[str],
               measured: NDArray[np.float32]) -> NDArray[np.float32]:  # fmt: skip
    """Answers (N, 7) beside what each clip's speaker usually sounds like, from a minute of their clips by chance."""
    mean, deviation = minutes(measured, speakers, np.ones(measured.shape[1], np.float32))
    rows = zip(sounds, mean, deviation, strict=True)
    return np.concatenate([reader.read([sound], Speaker(one, other))[0] for sound, one, other in rows])


def results(reader: VoiceReader, data: Path, run: Path) -> dict[str, dict[str, Any]]:
    """Every set, and on each of them every reader: ours first."""
    clips, versions = features.kept(data, "train", 1, run)
    linear = {beside: baselines.Linear(clips, versions[0], beside) for beside in (False, True)}
    found = {}
    for key in card.SETS:
        pack, _, split = key.partition("_")
        print(f"reading {key} …", file=sys.stderr, flush=True)
        part = packs.load(data, split, [pack])
        found[key] = {name: report(one, part.labels) for name, one in answers(reader, part, linear, clips)}
    return found


def answers(
    reader: VoiceReader, part: Clips, linear: dict[bool, baselines.Linear], training: Clips
) -> list[tuple[str, NDArray[np.float32]]]:
    """What each reader answers for a set's clips, (N, 7)."""
    alone, measured = reader.read(part.sounds)
    sounds, sessions = features.heard(part, ODD)
    odd, odd_measured = reader.read(sounds)
    places = [f"{name} {number}" for name, number in zip(part.speakers, sessions.tolist(), strict=True)]
    simple = features.simple(part.sounds)
    return [
        (card.ALONE, alone),
        (card.BESIDE, by_speaker(reader, part.sounds, part.speakers, measured)),
        (card.ODD_ALONE, odd),
        (card.ODD_BESIDE, by_speaker(reader, sounds, places, odd_measured)),
        (card.LINEAR, linear[False].probabilities(simple, part.speakers)),
        (card.LINEAR_BESIDE, linear[True].probabilities(simple, part.speakers)),
        (card.COMMONEST, baselines.commonest(training, int(part.source[0]), len(part))),
    ]


def describe(run: Path, data: Path, measured: dict[str, Any]) -> dict[str, Any]:
    """The whole card."""
    notes, content = note(run), WEIGHTS.read_bytes()
    used = []
    for name, (title, licence) in card.PACKS.items():
        counts = {}
        for split in ("train", "val", "test"):
            # TESS has no other speaker to judge by.
            counts[split] = 0 if name == "tess" and split != "train" else len(packs.load(data, split, [name], False))
        used.append({"name": title, "licence": licence, **counts})
    return {
        "name": "LERA voice reader",
        **card.PROSE,
        "emotions": list(EMOTIONS),
        "file": WEIGHTS.name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        **measured,
        "calibration": {
            "how": "Training makes the classes equal (logit adjustment for each pack's own prior). The logits are "
            "divided by a temperature, one for answers by the clip alone and one for those beside the speaker, chosen "
            "by likelihood on validation clips as recorded and in made-up sessions; both are part of the ONNX file.",
            "temperature_clip": round(notes["temperature_clip"], 4),
            "temperature_speaker": round(notes["temperature_speaker"], 4),
        },
        "data": used,
        "training": card.TRAINING
        | {name: ", ".join(f"{k} {v}" for k, v in notes[name].items()) for name in ("plan", "sizes")}
        | {"this run": notes.get("history", "in one go, just as the command does it")},
    }


def main(arguments: list[str] | None = None) -> int:
    """Measures, prints, and with `--write` writes `model/weights/voice.json`, `voice.md` and the README's table."""
    parser = argparse.ArgumentParser(prog="python -m model evaluate voice", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds voice/*.parquet")
    parser.add_argument("--run", type=Path, default=RUN, help="folder of the training run; what is missing is made")
    parser.add_argument("--write", action="store_true", help="write the model cards and the README's table")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    reader = VoiceReader(open_session(WEIGHTS), {})
    measured = {"results": results(reader, options.data, options.run)}
    print("comparing rules for moments …", file=sys.stderr, flush=True)
    measured["moments"] = moments(reader, packs.load(options.data, "val", list(PACKS[:3])))
    print(card.measurements(measured))
    if options.write:
        card.write(describe(options.run, options.data, measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
