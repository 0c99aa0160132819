"""Judges the shipped face reader: `python -m model evaluate face --data ../shared/data`.

It reads the shipped ONNX file just as the agent does, through `model.face`, and the simplest baselines beside it in the
same run. This is the only command that opens test pictures. With `--write` it also writes the model cards and the
README's table, from the very numbers that it prints.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lera.errors import LeraError
from model.detector import Detector
from model.face import WEIGHTS, FaceReader, open_session
from model.train import card, certainties, eyes, linear, odd_looks, packs, provenance, readings, resting, sheet
from model.train.groups import groups
from model.train.learning import DATA, RUN
from model.train.readings import Readings
from model.train.scores import brief, report
from model.train.statements import CERTAINTY, CLIP, LIMITS, RESTING, SUMMARY, TRIED, USE
from model.train.tables import measurements

GROUPED: Final = ("ferplus_test", "rafdb_val", "muxspace_test")
"""One set of each source: pictures of different sources differ in more than what is grouped by."""
CHOOSING: Final = ("ferplus_val", "rafdb_val")
"""Clips and certainty are tuned by these, so no test picture is among them."""
VIEWS: Final = ("whole", "aligned")


def results(read: dict[str, Readings]) -> dict[str, Any]:
    """Every number of the reader, for each set and framing."""
    return {key: {view: report(one.view(view), one.labels) for view in VIEWS} for key, one in read.items()}


def baselines(read: dict[str, Readings], simple: linear.Linear, prior: NDArray[np.floating]) -> dict[str, Any]:
    """The same of the linear reader and of the training pictures' shares `prior` (7,), which are always answered."""
    found: dict[str, Any] = {"linear": {}, "commonest": {}}
    for key, one in read.items():
        shown = {"whole": one.pictures, "aligned": one.crops}
        answers = {view: simple.probabilities(linear.features_of(shown[view])) for view in VIEWS}
        answers["aligned"] = np.where(one.found[:, None], answers["aligned"], answers["whole"])
        found["linear"][key] = {view: brief(answers[view], one.labels) for view in VIEWS}
        same = brief(np.tile(prior, (len(one), 1)), one.labels)
        found["commonest"][key] = dict.fromkeys(VIEWS, same)
    return found


def measured(data: Path, picture: Path | None = None) -> dict[str, Any]:
    """The parts of the card that are measured; `picture` gets a contact sheet of failures."""
    with FaceReader(Detector(eyes.CONFIDENCE), open_session(WEIGHTS), {}) as reader:
        read = {}
        for key in readings.SETS:
            print(f"reading {key} …", file=sys.stderr, flush=True)
            read[key] = readings.load(reader, data, key)
        chosen = [read[key] for key in CHOOSING]
        print("reading simulated clips …", file=sys.stderr, flush=True)
        clips = odd_looks.measured(reader, chosen)
    if picture is not None:
        sheet.save({key: read[key] for key in GROUPED}, picture)
    print("fitting the linear reader …", file=sys.stderr, flush=True)
    prior = np.concatenate([packs.opinions(data, name, "train")[1] for name in linear.PACKS]).mean(0)
    people = {"muxspace": resting.muxspace(data, read), "RAVDESS (action units)": resting.ravdess(data)}
    return {
        "results": results(read),
        "baselines": baselines(read, linear.trained(data), prior),
        "groups": {key: groups(read[key]) for key in GROUPED},
        "clip": {"how": CLIP, **clips},
        "certainty": {
            "how": CERTAINTY,
            **certainties.measured(
                np.concatenate([one.aligned for one in chosen]), np.concatenate([one.labels for one in chosen])
            ),
        },
        "resting": {"how": RESTING, "sets": {name: resting.measured(one) for name, one in people.items()}},
    }


def origin(run: Path, data: Path) -> dict[str, Any]:
    """The card without its numbers. Without a checkpoint in `run` it keeps what it says of these weights' training.

    Raises LeraError when the card is of other weights and `run` can't tell of these.
    """
    sha256 = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    if (run / "best.pt").exists():
        told = provenance.told(run, data)
    else:
        told = json.loads(card.JSON.read_text(encoding="utf-8"))
        if told["sha256"] != sha256:
            raise LeraError(
                "The card is of other weights, and the run has no best.pt to tell of these: give its --run."
            )
    words = {"summary": SUMMARY, "intended_use": USE, "limits": LIMITS, "tried": TRIED}
    return told | words | {"bytes": WEIGHTS.stat().st_size, "sha256": sha256}


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; `--write` writes `model/weights/face.json`, `face.md` and the README's table, too."""
    parser = argparse.ArgumentParser(prog="python -m model evaluate face", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds face/*.parquet")
    parser.add_argument("--run", type=Path, default=RUN, help="folder of the training run that the weights are of")
    parser.add_argument("--write", action="store_true", help="write the model cards and the README's table")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="draw a contact sheet of failures; keep it")
    options = parser.parse_args(arguments)
    # Before the minutes of measuring, so that what can fail fails at once.
    told = origin(options.run, options.data) if options.write else {}
    numbers = measured(options.data, options.sheet)
    print(measurements(numbers))
    if options.write:
        card.write(told | numbers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
