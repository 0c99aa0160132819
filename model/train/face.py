"""Makes the face reader from nothing: trains, exports, judges. `python -m model.train.face --data ../shared/data`.

Two rounds of training, then a teacher of more work, and a student of the shipped shape that learns from it: some hours
on two CPU cores. Started again, it goes on from its last checkpoint. Test pictures are read only by the last step,
after the checkpoint and the calibration have been chosen on validation pictures.
"""

import argparse
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch

from model.face import WEIGHTS
from model.train import calibration, distillation, evaluate, export, learning, packs, shipped
from model.train.augment import GENTLE, Strength
from model.train.learning import DATA, FIRST, RUN, SECOND, STUDENT, TEACHER, TEACHER_SIDE
from model.train.network import Sizes
from model.train.notes import note
from model.train.packs import Pack

FROM_SHIPPED: Final = "the first two rounds in an earlier run; this one read its network back out of the 8-bit file"


def main(arguments: list[str] | None = None) -> int:
    """Trains into `--run`, then writes `model/weights/face.onnx`, its cards and the README's table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds face/*.parquet")
    parser.add_argument("--run", type=Path, default=RUN, help="folder for checkpoints and the log; a run goes on there")
    parser.add_argument(
        "--from-shipped", action="store_true", help="start from the shipped weights instead of the first two rounds"
    )
    options = parser.parse_args(arguments)
    training = learning.split(options.data, "train", options.run)
    validation = learning.split(options.data, "val", options.run)
    print(f"{len(training)} training pictures, {len(validation)} validation pictures", flush=True)
    if options.from_shipped:
        plain = kept_of_shipped(options.run)
        note(options.run, history=FROM_SHIPPED)
    else:
        plain = rounds(training, validation, options.run)
    student = distilled(training, validation, options.run, plain)
    best = better(plain, student, training, validation)
    shutil.copyfile(best, options.run / "best.pt")
    note(options.run, **facts(best == student))
    paths = ["--data", str(options.data), "--run", str(options.run)]
    return export.main(paths) or evaluate.main([*paths, "--write"])


def rounds(training: Pack, validation: Pack, run: Path) -> Path:
    """The first two rounds, on the annotators' targets alone; the best checkpoint of the second."""
    first = learning.train(training, validation, run / "first", FIRST, Sizes(), Strength())
    return learning.train(training, validation, run / "second", SECOND, Sizes(dropout=0.1), GENTLE, start=first)


def kept_of_shipped(run: Path) -> Path:
    """The shipped weights as a checkpoint in `run`, made once: a run that replaces them still goes on from them."""
    path = run / "shipped.pt"
    if not path.exists():
        run.mkdir(parents=True, exist_ok=True)
        network = shipped.network_in(WEIGHTS, Sizes())
        torch.save({"sizes": asdict(network.sizes), "epoch": 0, "network": network.state_dict()}, path)
    return path


def distilled(training: Pack, validation: Pack, run: Path, plain: Path) -> Path:
    """A teacher from the checkpoint `plain`, and a student of both; the student's best checkpoint."""
    large = Sizes(side=TEACHER_SIDE, dropout=0.1)
    teacher = learning.train(training, validation, run / "teacher", TEACHER, large, GENTLE, start=plain)
    answers = distillation.answers_of([plain, teacher], training, run)
    lessons = distillation.taught(training, answers, packs.frequencies(training, STUDENT.balance))
    return learning.train(lessons, validation, run / "student", STUDENT, Sizes(dropout=0.1), GENTLE, start=plain)


def better(plain: Path, student: Path, training: Pack, validation: Pack) -> Path:
    """The checkpoint of the two that validates better in the way it would ship; `plain` where they are equal."""
    prior = calibration.log_prior_of(training.targets)
    merits = []
    for name, path in (("without a teacher", plain), ("student", student)):
        looks = calibration.look(learning.network_of(path)[0], validation)
        merits.append(calibration.balance(looks, prior)[2])
        print(f"{name}: {merits[-1]}", flush=True)
    return student if merits[1] > merits[0] else plain


def facts(taught: bool) -> dict[str, Any]:
    """What the card is told of how the weights were made; `taught` says that they are the student's."""
    plans = [asdict(FIRST), asdict(SECOND)]
    if not taught:
        return {"plans": plans}
    return {
        "plans": [*plans, asdict(STUDENT)],
        "teacher": asdict(TEACHER) | {"side": TEACHER_SIDE},
        "distillation": {"share": distillation.SHARE, "softening": distillation.SOFTENING},
    }


if __name__ == "__main__":
    sys.exit(main())
