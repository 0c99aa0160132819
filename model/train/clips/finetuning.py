"""Fine-tuning on clips or pictures: `python -m model finetune lera --data … --layout ferv39k`.

The recipe is MAE-DFER's (Sun et al., ACM Multimedia 2023, section 4.1), which LERA took over: AdamW, layer-wise rates,
mixup and cutmix, label smoothing, drop path, RandAugment, erasing, warm-up and cosine. What is different on purpose:
the weights to keep are chosen on validation samples, never on the test part.
"""

import argparse
import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lera.errors import LeraError
from model.emotions import EMOTIONS
from model.train.clips.augmentation import NONE, Augmentation
from model.train.clips.holdout import Split, training_split
from model.train.clips.intake import Intake, intake_of
from model.train.clips.judging import judged
from model.train.clips.loading import TrainingClips
from model.train.clips.mixing import Mixing, mixed
from model.train.clips.optimizing import adamw
from model.train.clips.pictures import LAYOUTS, STRIDES, open_layout
from model.train.clips.run import Machine, Pace, Run, machine
from model.train.clips.starting import known_sizes, start_from
from model.zoo import create, network_of
from model.zoo.checkpoint import save


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a fine-tuning besides network and data; the defaults are the published ones."""

    pace: Pace = field(default_factory=Pace)
    mixing: Mixing = field(default_factory=Mixing)
    augmentation: Augmentation = field(default_factory=Augmentation)
    layer_decay: float = 0.75
    betas: tuple[float, float] = (0.9, 0.999)
    choose: str = "war"  # or uar: what the kept weights are best at


def finetune(
    name: str,
    sizes: Mapping[str, object],
    split: Split,
    intake: Intake,
    recipe: Recipe,
    folder: Path,
    where: Machine,
    start: Path | None = None,
) -> Path:
    """Train until all epochs are done; returns the weights that validated best, a file that `model.zoo` loads."""
    torch.manual_seed(recipe.pace.seed)
    network = create(name, **sizes)
    if start:
        for line in start_from(start, name, network):
            print(f"Note: {line}.")
    network.to(where.device)

    def keep(path: Path) -> None:
        part = path.with_suffix(".part")
        save(part, name, sizes, network.state_dict())
        part.replace(path)

    def judge() -> dict[str, float]:
        micro, bf16 = recipe.pace.micro, recipe.pace.bf16
        report = judged(network, split.validation, intake, where, batch=micro, bf16=bf16).report()
        return {key: report[key] for key in ("war", "uar", "macro_f1", "calibration_error")}

    settings = {"network": name, "sizes": dict(sizes), "recipe": recipe, "intake": intake}
    settings["start"] = start.name if start else None
    settings |= {"training samples": len(split.training), "validation samples": len(split.validation)}
    run = Run(
        folder,
        network,
        adamw(network, recipe.pace.rate, recipe.betas, recipe.pace.decay, recipe.layer_decay),
        TrainingClips(split.training, intake, recipe.augmentation, recipe.pace.seed),
        recipe.pace,
        where,
        settings,
        loss_of(network, recipe.mixing),
        keep,
        judge,
        recipe.choose,
    )
    return run.train()


def loss_of(network: nn.Module, mixing: Mixing) -> Callable[[Tensor, Tensor, np.random.Generator], Tensor]:
    """The loss of some samples: cross-entropy with the targets that mixing gives."""

    def loss(inputs: Tensor, labels: Tensor, chance: np.random.Generator) -> Tensor:
        inputs, targets = mixed(inputs, labels, len(EMOTIONS), mixing, chance)
        return cross_entropy(network(inputs).logits, targets)

    return loss


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Logits and soft targets, (B, classes) each, -> their mean cross-entropy."""
    return -(targets * logits.float().log_softmax(dim=1)).sum(dim=1).mean()


def sizes_of(name: str, given: Sequence[str], start: Path | None) -> dict[str, object]:
    """The sizes of the network: those of the starting weights, overruled by `--size key=value`. Raises LeraError."""
    network, _ = network_of(name)
    known = {each.name for each in fields(network.sizes)}
    sizes: dict[str, object] = dict(known_sizes(name, start)) if start else {}
    if "drop_path" in known:
        sizes["drop_path"] = 0.1
    for each in given:
        key, _, value = each.partition("=")
        if key not in known or not value:
            raise LeraError(f"--size {each}: `{name}` has the sizes {', '.join(sorted(known))}, given as key=value")
        try:
            sizes[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            sizes[key] = value
    return sizes


def recipe_of(options: argparse.Namespace) -> Recipe:
    """The recipe that the command line asks for."""
    names = [each.name for each in fields(Pace)]
    pace = Pace(**{key: value for key in names if (value := getattr(options, key, None)) is not None})
    mixing = Mixing(0.0, 0.0) if options.plain else Mixing()
    augmentation = NONE if options.plain else Augmentation()
    if options.no_mirror:
        augmentation = replace(augmentation, mirror=0.0)
    return Recipe(pace, mixing, augmentation, options.layer_decay, choose=options.choose)


def pace_arguments(parser: argparse.ArgumentParser, pace: Pace) -> None:
    """The options that fine-tuning and pre-training share."""
    parser.add_argument("--data", type=Path, required=True, help="the data set's folder, or a Parquet pack")
    parser.add_argument("--fold", type=int, default=1, help="DFEW and MAFW have 1 to 5")
    parser.add_argument("--run", type=Path, help="folder of the run; the same one goes on (default: runs/…)")
    parser.add_argument("--size", action="append", default=[], metavar="KEY=VALUE", help="a size of the network")
    parser.add_argument("--epochs", type=int, default=pace.epochs)
    parser.add_argument("--warm", type=int, default=pace.warm, help="epochs of rising rate")
    parser.add_argument("--batch", type=int, default=pace.batch, help="samples in one step")
    parser.add_argument("--micro", type=int, default=pace.micro, help="of them at once; gradients add up")
    parser.add_argument("--rate", type=float, default=pace.rate, help="learning rate for a batch of 256")
    parser.add_argument("--seed", type=int, default=pace.seed)
    parser.add_argument("--stride", type=int, help="frames between a clip's frames (default: the paper's)")
    parser.add_argument("--device", help="cuda or cpu (default: cuda where it is)")
    parser.add_argument("--workers", type=int, help="processes that read clips (default: 8 beside cuda, else 0)")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16 where that is safe")


def told_machine(options: argparse.Namespace) -> Machine:
    """Where it runs, in words, too."""
    where = machine(options.device, options.workers)
    print(f"Runs on {where.device}. Ctrl-C stops it; the same command goes on.", flush=True)
    return where


def main(argv: list[str] | None = None) -> int:
    """Fine-tune and say where the weights are. Raises LeraError."""
    parser = argparse.ArgumentParser(prog="python -m model finetune", description=Recipe.__doc__)
    parser.add_argument("network", help="its name in the zoo")
    parser.add_argument("--layout", required=True, choices=LAYOUTS)
    parser.add_argument("--start", type=Path, metavar="FILE", help="weights to start from: ours, or a published file")
    parser.add_argument("--layer-decay", type=float, default=0.75)
    parser.add_argument("--choose", default="war", choices=("war", "uar"), help="what the kept weights are best at")
    parser.add_argument("--balanced", action="store_true", help="draw every class equally often")
    parser.add_argument("--plain", action="store_true", help="no mixing and no augmentation")
    parser.add_argument("--no-mirror", action="store_true", help="never mirror clips")
    pace_arguments(parser, Pace())
    options = parser.parse_args(argv)
    stride = options.stride or STRIDES.get(options.layout, 1)
    sizes = sizes_of(options.network, options.size, options.start)
    if sizes.get("classes", len(EMOTIONS)) != len(EMOTIONS):
        raise LeraError("clips are trained for the seven emotions: leave --size classes away")
    intake = intake_of(options.network, sizes | {"classes": len(EMOTIONS)}, stride)
    split = training_split(open_layout(options.layout, options.data, options.fold))
    for note in split.notes:
        print(f"Note: {note}.")
    print(f"{len(split.training)} samples to train on, {len(split.validation)} to choose on.")
    folder = options.run or Path("runs") / f"{options.network}-{options.layout}"
    where, recipe = told_machine(options), recipe_of(options)
    every: dict[str, Any] = sizes | {"classes": len(EMOTIONS)}
    best = finetune(options.network, every, split, intake, recipe, folder, where, options.start)
    print(f"Done. Best on validation: {best}. The test part was not opened; `evaluate-clips` judges on it.")
    return 0
