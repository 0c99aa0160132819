"""Makes the face reader from nothing: trains, exports, judges. `python -m model.train.face --data ../shared/data`.

Two rounds of training, about two hours on two CPU cores. Started again, it goes on from its last checkpoint. Test
pictures are read only by the last step, after the checkpoint and the calibration have been chosen on validation
pictures.
"""

import argparse
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from model.train import evaluate, export, learning
from model.train.augment import GENTLE, Strength
from model.train.learning import DATA, FIRST, RUN, SECOND
from model.train.network import Sizes
from model.train.notes import note


def main(arguments: list[str] | None = None) -> int:
    """Trains into `--run`, then writes `model/weights/face.onnx`, its cards and the README's table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds face/*.parquet")
    parser.add_argument("--run", type=Path, default=RUN, help="folder for checkpoints and the log; a run goes on there")
    options = parser.parse_args(arguments)
    training = learning.split(options.data, "train", options.run)
    validation = learning.split(options.data, "val", options.run)
    print(f"{len(training)} training pictures, {len(validation)} validation pictures", flush=True)
    first = learning.train(training, validation, options.run / "first", FIRST, Sizes(), Strength())
    second = learning.train(
        training, validation, options.run / "second", SECOND, Sizes(dropout=0.1), GENTLE, start=first
    )
    shutil.copyfile(second, options.run / "best.pt")
    note(options.run, plans=[asdict(FIRST), asdict(SECOND)])
    paths = ["--data", str(options.data), "--run", str(options.run)]
    return export.main(paths) or evaluate.main([*paths, "--write"])


if __name__ == "__main__":
    sys.exit(main())
