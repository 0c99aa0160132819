"""How the text network learns: one process on the CPU, in bf16, that goes on from its last checkpoint.

Sums of the seven answer for sentiment, so chat that is labelled good or bad teaches the same seven. A student learns
from its teachers' answers (Hinton et al., "Distilling the Knowledge in a Neural Network", 2015) as well as from labels.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from model.metrics import confusion_matrix, metrics
from model.train.text.encoder import TextNetwork
from model.train.text.packs import SUMS, Pack
from model.train.text.reading import Reading

RUN: Final = Path(__file__).resolve().parents[3] / "runs" / "text"
DATA: Final = Path(__file__).resolve().parents[3].parent / "shared" / "data"


@dataclass(frozen=True)
class Plan:
    """Everything that decides a run besides the texts."""

    epochs: int = 3
    batch: int = 64
    rate: float = 1.5e-4
    deeper: float = 0.9
    """Each layer below the last learns this much slower (Howard & Ruder, ACL 2018)."""
    decay: float = 0.01
    warm: int = 150
    average: float = 0.995
    bare: float = 0.2
    """This share of the texts is read without its punctuation, as chat writes."""
    taught: float = 0.7
    """A student's share of the loss that comes from its teachers."""
    seed: int = 7


def loss_of(logits: Tensor, emotions: Tensor, sentiments: Tensor) -> Tensor:
    """Cross-entropy (B,) of logits (B, 7) with soft targets, of which each row has one kind or, for 0, none."""
    logs = functional.log_softmax(logits.float(), 1)
    sums = (logs.exp() @ torch.from_numpy(SUMS).T).clamp_min(1e-9).log()
    return -((emotions * logs).sum(1) + (sentiments * sums).sum(1))


def batches(lengths: Sequence[int], size: int, random: np.random.Generator | None = None) -> list[NDArray[np.int64]]:
    """Row numbers in batches of like length; with `random`, in another order each time."""
    keys = np.asarray(lengths, np.float64)
    if random is not None:
        keys = keys + random.random(len(keys)) * 2
    order = np.argsort(keys, kind="stable")
    found = [order[start : start + size] for start in range(0, len(order), size)]
    if random is not None:
        random.shuffle(found)
    return found


def padded(rows: Sequence[Sequence[int]]) -> Tensor:
    """(B, T) of rows of like length, 0 where there is none."""
    width = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])


@torch.no_grad()
def logits_of(network: nn.Module, numbers: Sequence[Sequence[int]], size: int = 64) -> Tensor:
    """Logits (N, 7), without dropout, in bf16."""
    was = network.training
    network.eval()
    found = torch.zeros(len(numbers), 7)
    for rows in batches([len(row) for row in numbers], size):
        with torch.autocast("cpu", torch.bfloat16):
            found[torch.from_numpy(rows)] = network(padded([numbers[row] for row in rows])).float()
    network.train(was)
    return found


def scores(network: nn.Module, validation: dict[str, tuple[Pack, Reading]]) -> dict[str, float]:
    """Macro-F1 on each validation pack; sentiment packs through the sums of the seven."""
    found = {}
    for name, (pack, reading) in validation.items():
        seven = logits_of(network, reading.numbers).softmax(1).numpy()
        answers = (seven @ SUMS.T if pack.sentiments.any() else seven).argmax(1)
        classes = 3 if pack.sentiments.any() else 7
        found[name] = metrics(confusion_matrix(pack.labels, answers, classes)).macro_f1
    return found


def groups_of(network: TextNetwork, plan: Plan) -> list[dict[str, Any]]:
    """Parameters with their rates: the answers fastest, lower layers slower, the pretrained pieces not at all."""
    network.pieces.weight.requires_grad_(False)
    network.places.weight.requires_grad_(False)
    groups = []
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        part, _, rest = name.partition(".")
        layer = int(rest.split(".")[0]) if part == "layers" else -1 if part == "norm" else network.shape.layers
        rate = plan.rate * (10 if part == "answer" else plan.deeper ** (network.shape.layers - 1 - layer))
        decay = plan.decay if parameter.ndim > 1 else 0.0
        groups.append({"params": [parameter], "peak": rate, "lr": rate, "weight_decay": decay})
    return groups


def train(
    network: TextNetwork,
    pack: Pack,
    reading: Reading,
    validation: dict[str, tuple[Pack, Reading]],
    run: Path,
    plan: Plan,
    taught: Tensor | None = None,
) -> TextNetwork:
    """Trains until `plan.epochs` are done and returns the averaged network with the best mean score on the packs.

    `taught` (N, 7) are a teacher's probabilities for a student, 0 in rows that it says nothing of. `run` gets last.pt,
    from which the next call goes on, and best.pt.
    """
    run.mkdir(parents=True, exist_ok=True)
    last, best = run / "last.pt", run / "best.pt"
    torch.manual_seed(plan.seed)
    optimizer = torch.optim.AdamW(groups_of(network, plan), fused=True)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(plan.average))  # type: ignore[no-untyped-call]
    done, top = 0, -1.0
    if last.exists():
        kept = torch.load(last, weights_only=True)
        done, top = kept["epoch"], kept["top"]
        for part, name in ((network, "network"), (average, "average"), (optimizer, "optimizer")):
            part.load_state_dict(kept[name])
        print(f"going on after epoch {done}", flush=True)
    lengths = [len(row) for row in reading.numbers]
    emotions, sentiments = torch.from_numpy(pack.emotions), torch.from_numpy(pack.sentiments)
    steps = len(batches(lengths, plan.batch))
    for epoch in range(done, plan.epochs):
        random = np.random.default_rng([plan.seed, epoch])
        torch.manual_seed(plan.seed * 1009 + epoch)
        began, total = time.perf_counter(), 0.0
        network.train()
        for step, rows in enumerate(batches(lengths, plan.batch, random)):
            place = epoch * steps + step
            factor = min(1.0, place / plan.warm) * (1 - place / (plan.epochs * steps))
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * factor
            given = padded([reading.varied(row, plan.bare, random) for row in rows])
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(given)
            loss = loss_of(logits, emotions[rows], sentiments[rows])
            if taught is not None:
                lesson, heard = loss_of(logits, taught[rows], torch.zeros(1, 3)), plan.taught * taught[rows].sum(1)
                loss = heard * lesson + (1 - heard) * loss
            loss = loss.mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            average.update_parameters(network)
            total += loss.item()
            if step % 100 == 99:
                speed = (time.perf_counter() - began) / (step + 1)
                print(f"epoch {epoch + 1}/{plan.epochs} step {step + 1}/{steps} loss {total / (step + 1):.4f} "
                      f"{speed:.2f} s a step", flush=True)  # fmt: skip
        found = scores(average.module, validation)
        print(f"epoch {epoch + 1} " + " ".join(f"{name} {value:.4f}" for name, value in found.items()), flush=True)
        state = average.module.state_dict()
        # The mean, since chat and speech count as much as the pack that has most texts.
        if (mean := sum(found.values()) / len(found)) > top:
            top = mean
            _save({"network": state, "epoch": epoch + 1, "scores": found}, best)
        kept = {"epoch": epoch + 1, "top": top, "network": network.state_dict(), "average": average.state_dict()}
        _save(kept | {"optimizer": optimizer.state_dict()}, last)
    network.load_state_dict(torch.load(best, weights_only=True)["network"])
    return network.eval()


def _save(kept: dict[str, Any], path: Path) -> None:
    """Writes beside the place and moves in, so that a stop in between loses nothing."""
    part = path.with_suffix(".part")
    torch.save(kept, part)
    part.replace(path)
