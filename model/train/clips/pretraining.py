"""Self-supervised pre-training of LGI-Former on clips without labels: `python -m model pretrain --data FOLDER`.

MAE-DFER's recipe (Sun et al., ACM Multimedia 2023, section 4.1): AdamW with betas .9 and .95, rate 3e-4 for a batch of
256, 100 epochs, multi-scale crops, 90 % of the patches hidden. `best.pt` holds the encoder as a MAE-DFER network with
a fresh classifier, so `finetune mae_dfer` and `finetune lera` start from it.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lera.errors import LeraError
from model.train.clips.finetuning import pace_arguments, sizes_of, told_machine
from model.train.clips.holdout import training_split
from model.train.clips.intake import Intake
from model.train.clips.loading import TrainingClips
from model.train.clips.masked import MaskedAutoencoder, MaskedSizes, tube_mask
from model.train.clips.optimizing import adamw
from model.train.clips.pictures import LAYOUTS, STRIDES, open_layout
from model.train.clips.run import Machine, Pace, Run
from model.train.clips.samples import Sample, loose
from model.zoo import create
from model.zoo.checkpoint import save

PACE = Pace(epochs=100, warm=5, batch=160, rate=3e-4, floor=1e-5)


def pretrain(
    sizes: Mapping[str, object],
    samples: Sequence[Sample],
    pace: Pace,
    stride: int,
    folder: Path,
    where: Machine,
) -> Path:
    """Train until all epochs are done; returns the encoder, a MAE-DFER that `model.zoo` loads."""
    torch.manual_seed(pace.seed)
    every = MaskedSizes(**sizes)  # type: ignore[arg-type]
    network = MaskedAutoencoder(every)
    network.to(where.device)
    encoder = {key: value for key, value in sizes.items() if key not in own_sizes()}

    def loss(inputs: Tensor, _: Tensor, chance: np.random.Generator) -> Tensor:
        return network.loss(inputs, tube_mask(every, len(inputs), chance).to(inputs.device))

    def keep(path: Path) -> None:
        with torch.random.fork_rng(devices=[]):
            whole = create("mae_dfer", **encoder).state_dict()
        trained = {f"trunk.{key}": value.cpu() for key, value in network.trunk.state_dict().items()}
        part = path.with_suffix(".part")
        save(part, "mae_dfer", encoder, whole | trained)
        part.replace(path)

    intake = Intake("clip", every.frames, every.image, stride)
    run = Run(
        folder,
        network,
        adamw(network, pace.rate, (0.9, 0.95), pace.decay),
        TrainingClips(samples, intake, None, pace.seed),
        pace,
        where,
        {"sizes": dict(sizes), "pace": pace, "intake": intake, "samples": len(samples)},
        loss,
        keep,
    )
    return run.train()


def own_sizes() -> set[str]:
    """The sizes that only the pre-training network has."""
    return {"hidden_share", "decoder_dim", "decoder_depth", "decoder_heads"}


def main(argv: list[str] | None = None) -> int:
    """Pre-train and say where the encoder is. Raises LeraError."""
    parser = argparse.ArgumentParser(
        prog="python -m model pretrain", description="Teach LGI-Former what faces look like and how they move."
    )
    parser.add_argument(
        "--layout", default="folder", choices=("folder", *LAYOUTS),
        help="folder: every video and folder of frames; else the training part, without its labels",
    )  # fmt: skip
    pace_arguments(parser, PACE)
    options = parser.parse_args(argv)
    if options.layout == "folder":
        if not options.data.is_dir():
            raise LeraError(f"there is no folder {options.data}")
        samples: Sequence[Sample] = loose(options.data)
    else:
        split = training_split(open_layout(options.layout, options.data, options.fold))
        samples = split.training
        for note in split.notes:
            print(f"Note: {note}.")
    mine = [each for each in options.size if each.partition("=")[0] in own_sizes()]
    others = [each for each in options.size if each not in mine]
    sizes = sizes_of("mae_dfer", others, None) | {"drop_path": 0.0}
    sizes |= {key: float(value) if "." in value else int(value) for key, _, value in (e.partition("=") for e in mine)}
    pace = Pace(**{field.name: getattr(options, field.name, getattr(PACE, field.name)) for field in fields(Pace)})
    stride = options.stride or STRIDES.get(options.layout, 4)
    print(f"{len(samples)} samples to train on.")
    folder = options.run or Path("runs") / f"pretrain-{options.layout}"
    best = pretrain(sizes, samples, pace, stride, folder, told_machine(options))
    print(f"Done. The encoder: {best}; `finetune … --start {best}` goes on from it.")
    return 0
