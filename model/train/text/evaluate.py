"""Judges the shipped text reader beside the simplest baselines: `python -m model evaluate text --data ../shared/data`.

It reads the weights just as the bot does, through `model.text`. This is the only place that opens GoEmotions' test
part. `--write` makes the model cards from what it prints.
"""

import argparse
import hashlib
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model.emotions import EMOTIONS
from model.metrics import calibration_error, confusion_matrix, metrics
from model.text import LEXICON, VOCABULARY, WEIGHTS, TextReader, load_words, open_session
from model.train.notes import note
from model.train.text import baselines, card, packs
from model.train.text.learning import DATA, RUN
from model.train.text.packs import SENTIMENTS, SUMS, Pack

OURS: Final = "LERA"
SETS: Final = {
    "goemotions_test": ("goemotions", "test"),
    "goemotions_val": ("goemotions", "val"),
    "meld_val": ("meld", "val"),
    "twitch_val": ("twitch", "val"),
}


def report(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, Any]:
    """The card's numbers for answers (N, classes), classes being EMOTIONS or SENTIMENTS; rounded to 4 digits."""
    names = SENTIMENTS if probabilities.shape[1] == len(SENTIMENTS) else EMOTIONS
    confusion = confusion_matrix(labels, probabilities.argmax(1).astype(np.int64), len(names))
    found = metrics(confusion)
    return {
        "texts": len(labels),
        "war": round(found.war, 4),
        "uar": round(found.uar, 4),
        "macro_f1": round(found.macro_f1, 4),
        "calibration_error": round(calibration_error(probabilities, labels), 4),
        "classes": {
            name: {"texts": int(confusion[k].sum()), "recall": round(found.recalls[k], 4)}
            for k, name in enumerate(names)
        },
        "confusion": confusion.tolist(),
    }


def answers(reader: TextReader, pack: Pack) -> NDArray[np.float32]:
    """Ours (N, 7), or (N, 3) through the sums of the seven where the pack has sentiments."""
    seven = reader.probabilities(pack.texts)
    return np.asarray(seven @ SUMS.T, np.float32) if pack.sentiments.any() else seven


def results(reader: TextReader, data: Path) -> dict[str, dict[str, Any]]:
    """Every set, and on each of them every reader: ours first. TF-IDF learns from the same pack's training part."""
    found: dict[str, dict[str, Any]] = {}
    learnt: dict[str, NDArray[np.float32]] = {}
    for name in dict.fromkeys(name for name, _ in SETS.values()):
        parts = {key: packs.load(data, *where).single() for key, where in SETS.items() if where[0] == name}
        training = packs.load(data, name, "train").single()
        texts = [text for part in parts.values() for text in part.texts]
        classes = len(SENTIMENTS) if training.sentiments.any() else len(EMOTIONS)
        told = np.split(
            baselines.regression(training, texts, classes), np.cumsum([len(part) for part in parts.values()])[:-1]
        )
        learnt |= dict(zip(parts, told, strict=True))
        for key, part in parts.items():
            found[key] = {
                OURS: report(answers(reader, part), part.labels),
                "TF-IDF and logistic regression": report(learnt[key], part.labels),
                "commonest class": report(baselines.majority(training, len(part), classes), part.labels),
            }
            if classes == len(SENTIMENTS):
                found[key]["emote and emoji lexicons"] = report(baselines.by_lexicon(data, part.texts), part.labels)
    return {key: found[key] for key in SETS}


def show(measured: dict[str, dict[str, Any]]) -> None:
    """Prints all of it."""
    for key, readers in measured.items():
        print(f"\n{card.SETS[key]} ({readers[OURS]['texts']:,} texts)")
        for name, one in readers.items():
            numbers = " ".join(f"{label} {one[field]:.3f}" for field, label in card.NUMBERS.items())
            print(f"  {name:32} {numbers}")
        for name, kind in readers[OURS]["classes"].items():
            print(f"    recall of {name:10} {kind['recall']:.3f} of {kind['texts']:,}")


def describe(run: Path, measured: dict[str, dict[str, Any]], data: Path) -> dict[str, Any]:
    """The whole card."""
    notes, content = note(run), WEIGHTS.read_bytes()
    size = len(content) + LEXICON.stat().st_size + VOCABULARY.stat().st_size
    used = []
    for name, (title, licence) in card.PACKS.items():
        counts = {part: len(packs.load(data, name, part)) if part in parts else 0 for part in ("train", "val", "test")
                  for parts in (("train", "val", "test") if name == "goemotions" else ("train", "val"),)}  # fmt: skip
        used.append({"name": title, "licence": licence, **counts})
    return {
        "name": "LERA text reader",
        **card.PROSE,
        "emotions": list(EMOTIONS),
        "file": WEIGHTS.name,
        "bytes": len(content),
        "bytes_with_words": size,
        "sha256": hashlib.sha256(content).hexdigest(),
        "input": {"name": "pieces", "shape": ["batch", "length"], "type": "int64"},
        "output": {"name": "probabilities", "shape": ["batch", len(EMOTIONS)], "type": "float32", "sum": 1},
        "results": measured,
        "calibration": {
            "how": "Rare classes are lifted by a share of the log prior, chosen by macro-F1, and the logits are "
            "divided by a temperature, chosen by likelihood; both on GoEmotions validation, both part of the ONNX "
            "file.",
            "lift": round(notes["lift"], 4),
            "temperature": round(notes["temperature"], 4),
        },
        "data": used,
        "training": card.TRAINING
        | {"epoch that ships": notes["epoch"], "8-bit agrees with torch": f"{notes['agreement']:.1%} of answers"}
        | {"this run": notes.get("history", "in one go, just as the command does it")},
    }


def main(arguments: list[str] | None = None) -> int:
    """Measures, prints, and with `--write` writes `model/weights/text.json` and `text.md`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds text/*.parquet")
    parser.add_argument("--run", type=Path, default=RUN, help="folder of the training run")
    parser.add_argument("--write", action="store_true", help="write the model cards, too")
    options = parser.parse_args(arguments)
    reader = TextReader(open_session(WEIGHTS), *load_words(), {})
    measured = results(reader, options.data)
    show(measured)
    if options.write:
        card.write(describe(options.run, measured, options.data))
    return 0


if __name__ == "__main__":
    sys.exit(main())
