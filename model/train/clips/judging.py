"""How well a network knows a part of a data set: `python -m model evaluate-clips`.

The published rule: 2 temporal and 2 spatial views of a clip, the softmax of each, their mean.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lera.errors import LeraError
from model.clip import over_views
from model.emotions import EMOTIONS
from model.metrics import Counts, calibration_error, confusion_matrix, metrics
from model.train.clips.confusion import draw
from model.train.clips.holdout import training_split
from model.train.clips.intake import Intake, intake_of
from model.train.clips.layouts import Part
from model.train.clips.loading import TestClips, test_batches
from model.train.clips.pictures import LAYOUTS, STRIDES, open_layout
from model.train.clips.run import Machine, machine
from model.train.clips.samples import Sample
from model.zoo import create
from model.zoo.checkpoint import FORMAT, import_file, load, load_safely
from model.zoo.registry import base_name


@dataclass(frozen=True)
class Answers:
    """Probabilities (N, 7) and what is right, (N,)."""

    probabilities: NDArray[np.float64]
    truth: Counts

    def confusion(self) -> Counts:
        """(7, 7): row the truth, column the answer."""
        return confusion_matrix(self.truth, self.probabilities.argmax(axis=1), len(EMOTIONS))

    def report(self) -> dict[str, Any]:
        """Every figure; shares are 0..1."""
        confusion = self.confusion()
        found = metrics(confusion)
        counts = confusion.sum(axis=1).tolist()
        return {
            "samples": len(self.truth),
            "war": found.war,
            "uar": found.uar,
            "macro_f1": found.macro_f1,
            "calibration_error": calibration_error(self.probabilities, self.truth),
            "classes": {
                emotion: {"samples": count, "recall": recall if count else None}
                for emotion, count, recall in zip(EMOTIONS, counts, found.recalls, strict=True)
            },
            "confusion": confusion.tolist(),
        }


@torch.no_grad()
def judged(
    network: nn.Module,
    samples: Sequence[Sample],
    intake: Intake,
    where: Machine,
    *,
    temporal: int = 2,
    spatial: int = 2,
    batch: int = 16,
    bf16: bool = False,
) -> Answers:
    """The network's answers to samples, in evaluation mode; the mode it was in comes back."""
    before = network.training
    network.eval()
    rows: list[NDArray[np.float64]] = []
    told = time.monotonic()
    try:
        for views, counts in test_batches(TestClips(samples, intake, temporal, spatial), batch, where.workers):
            with torch.autocast(where.device.type, torch.bfloat16, enabled=bf16):
                logits = network(views.to(where.device, non_blocking=True)).logits
            parts = np.split(logits.float().cpu().numpy(), np.cumsum(counts)[:-1])
            rows += [over_views(part) for part in parts]
            if time.monotonic() - told > 10:
                told = time.monotonic()
                print(f"judged {len(rows)} of {len(samples)}", flush=True)
    finally:
        network.train(before)
    return Answers(np.stack(rows), np.array([sample.label for sample in samples], np.int64))


def opened(name: str, path: Path) -> tuple[nn.Module, dict[str, Any]]:
    """A network of ours or a published file, and its sizes. Raises LeraError when it is another network."""
    content = load_safely(path)
    if isinstance(content, dict) and content.get("format") == FORMAT:
        found, network = load(path)
        if found != base_name(name):
            raise LeraError(f"{path.name} is a {found}, not a {name}")
        return network, dict(content["sizes"])
    sizes, state, _ = import_file(name, path)
    network = create(name, **sizes)
    network.load_state_dict(state)
    return network.eval(), dict(sizes)


def judged_part(layout_name: str, data: Path, fold: int, part: str) -> Part:
    """What is judged: a part of the official layout, or the samples that training holds out."""
    layout = open_layout(layout_name, data, fold)
    if part == "val" and "val" not in layout.parts:
        split = training_split(layout)
        return Part(split.validation, split.notes)
    return layout.part(part)


def lines_of(report: dict[str, Any]) -> list[str]:
    """The report in words."""
    lines = [
        f"{report['samples']} samples: WAR {100 * report['war']:.2f} %, UAR {100 * report['uar']:.2f} %, "
        f"macro-F1 {report['macro_f1']:.4f}, calibration error {report['calibration_error']:.4f}"
    ]
    for emotion, one in report["classes"].items():
        recall = "      -" if one["recall"] is None else f"{100 * one['recall']:5.1f} %"
        lines.append(f"  {emotion:<10} {recall} of {one['samples']}")
    return lines


def main(argv: list[str] | None = None) -> int:
    """Judge weights, print and write the report and the confusion matrix. Raises LeraError."""
    parser = argparse.ArgumentParser(
        prog="python -m model evaluate-clips", description="Judge a network on a part of a data set."
    )
    parser.add_argument("network", help="its name in the zoo")
    parser.add_argument("weights", type=Path, help="weights of ours, or a published file")
    parser.add_argument("--data", type=Path, required=True, help="the data set's folder, or a Parquet pack")
    parser.add_argument("--layout", required=True, choices=LAYOUTS)
    parser.add_argument("--fold", type=int, default=1, help="DFEW and MAFW have 1 to 5")
    parser.add_argument("--part", default="test", choices=("test", "val", "train"))
    parser.add_argument("--stride", type=int, help="frames between a clip's frames (default: the paper's)")
    parser.add_argument("--keep-aspect", action="store_true", help="cut windows instead of squeezing the face")
    parser.add_argument("--batch", type=int, default=16, help="clips at once")
    parser.add_argument("--device")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--out", type=Path, help="folder for report.json and confusion.png (default: beside the file)")
    options = parser.parse_args(argv)
    network, sizes = opened(options.network, options.weights)
    stride = options.stride or STRIDES.get(options.layout, 1)
    intake = intake_of(options.network, sizes, stride, not options.keep_aspect)
    part = judged_part(options.layout, options.data, options.fold, options.part)
    for note in part.notes:
        print(f"Note: {note}.")
    if sizes.get("classes", len(EMOTIONS)) != len(EMOTIONS):
        raise LeraError(f"{options.weights.name} has {sizes['classes']} classes; the seven are judged here")
    where = machine(options.device, options.workers)
    network.to(where.device)
    answers = judged(network, part.samples, intake, where, batch=options.batch, bf16=options.bf16)
    report = answers.report() | {
        "network": options.network,
        "weights": options.weights.name,
        "layout": options.layout,
        "part": options.part,
        "views": {"temporal": 2, "spatial": 2, **asdict(intake)},
        "notes": list(part.notes),
    }
    for line in lines_of(report):
        print(line)
    out = options.out or options.weights.parent
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    draw(answers.confusion(), f"{options.network}, {options.layout} {options.part}").save(out / "confusion.png")
    print(f"Written: {out / 'report.json'}, {out / 'confusion.png'}")
    return 0
