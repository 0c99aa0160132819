"""Makes the text reader from nothing: trains, exports, judges. `python -m model.train.text --data ../shared/data`.

A teacher of six layers learns GoEmotions, then a student of four, which ships, learns from it and from all packs.
Started again, it goes on from its last checkpoint. GoEmotions' test part is read by the last step only.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch

from model.text import load_words
from model.train.text import evaluate, export, lexicon, packs, pretrained
from model.train.text.learning import DATA, RUN, Plan, logits_of, train
from model.train.text.reading import read

TEACHER: Final = replace(Plan(), epochs=2, deeper=1.0, bare=0.0)
STUDENT: Final = replace(Plan(), epochs=3, rate=2e-4)
KEPT: Final = (0, 1, 3, 5)
"""The teacher's layers that the student starts with."""


def main(arguments: list[str] | None = None) -> int:
    """Trains into `--run`, then writes the weights, the lexicon and the cards into `model/weights/`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds text/*.parquet")
    parser.add_argument("--run", type=Path, default=RUN, help="folder for checkpoints; a run goes on there")
    parser.add_argument("--threads", type=int, default=0, help="processor threads (all, unless told)")
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    lexicon.main()
    words, pieces = load_words()
    first, pack = packs.load(options.data, "goemotions", "train"), packs.training(options.data)
    chat = packs.load(options.data, "twitch", "train")
    judged = {
        "goemotions": packs.load(options.data, "goemotions", "val").single(),
        "meld": packs.load(options.data, "meld", "val"),
        "twitch": chat.rows(packs.held_out(chat)),
    }
    validation = {name: (part, read(part, words, pieces)) for name, part in judged.items()}
    print(
        f"{len(pack)} texts to learn; to choose by: " + ", ".join(f"{len(p)} {n}" for n, p in judged.items()),
        flush=True,
    )

    known = read(first, words, pieces)
    torch.manual_seed(TEACHER.seed)
    teacher = train(pretrained.network(), first, known, validation, options.run / "teacher", TEACHER)
    taught = torch.zeros(len(pack), len(first.emotions[0]))
    taught[: len(first)] = logits_of(teacher, known.numbers).softmax(1)  # GoEmotions comes first in the whole pack

    reading = read(pack, words, pieces)
    readable = np.array([value > 0 for value in reading.readable], bool)
    pack, taught = pack.rows(readable), taught[torch.from_numpy(readable)]
    reading = read(pack, words, pieces)
    torch.manual_seed(STUDENT.seed)
    student = pretrained.smaller(teacher, KEPT)
    train(student, pack, reading, validation, options.run / "student", STUDENT, taught)
    paths = ["--data", str(options.data), "--run", str(options.run)]
    return export.main(paths) or evaluate.main([*paths, "--write"])


if __name__ == "__main__":
    sys.exit(main())
