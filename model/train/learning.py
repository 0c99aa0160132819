"""How the face network learns: one process on the CPU, in bf16, that goes on from its last checkpoint.

Soft targets: Barsoum et al., ICMI 2016. Logit adjustment: Menon et al., "Long-Tail Learning via Logit Adjustment",
ICLR 2021. A constant rate, then a straight line down to zero: Hägele et al., "Scaling Laws and Compute-Optimal Training
Beyond Fixed Training Durations", NeurIPS 2024. Averaged weights: Polyak & Juditsky, SIAM J. Control Optim. 30 (1992).
"""

import csv
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from model.train import eyes, packs
from model.train.augment import Strength, jitter, sample, weather
from model.train.network import FaceNetwork, Sizes
from model.train.packs import Pack
from model.train.scores import accuracy, mean_recall

DATA: Final = Path(__file__).resolve().parents[2].parent / "shared" / "data"
RUN: Final = Path(__file__).resolve().parents[2] / "runs" / "face"


@dataclass(frozen=True)
class Plan:
    """Everything that decides a run besides the pictures. `epochs` may be changed on the way, before the rate sinks."""

    epochs: int = 15
    batch: int = 64
    rate: float = 0.06
    momentum: float = 0.9
    decay: float = 5e-4
    warm: float = 1.0
    sinking: float = 0.45
    average: float = 0.998
    whole: float = 0.5
    seed: int = 7


def rate_at(epoch: float, plan: Plan) -> float:
    """The learning rate at a time in epochs: up, level, and down to zero over the last `sinking` share of the run."""
    up = min(1.0, epoch / plan.warm) if plan.warm > 0 else 1.0
    down = min(1.0, (plan.epochs - epoch) / max(plan.sinking * plan.epochs, 1e-9))
    return plan.rate * max(0.0, min(up, down))


def priors(pack: Pack) -> Tensor:
    """Log of the mean target of each source, (sources, 7): what that pack says before it has seen a picture."""
    rows = []
    for source in range(len(packs.FILES)):
        mine = pack.targets[pack.source == source]
        rows.append(np.log(mine.mean(0) + 1e-6) if len(mine) else np.zeros(pack.targets.shape[1], np.float32))
    return torch.from_numpy(np.stack(rows).astype(np.float32))


def loss_of(logits: Tensor, targets: Tensor, prior: Tensor) -> Tensor:
    """Cross-entropy with soft targets; `prior` (B, 7) makes the logits those of a world with equal classes."""
    return -(targets * functional.log_softmax(logits.float() + prior, 1)).sum(1).mean()


@torch.no_grad()
def logits_of(network: torch.nn.Module, pack: Pack, aligned: bool, side: int, batch: int = 256) -> Tensor:
    """Logits (N, 7) of a pack without any augmentation, through the detector's framing or of the whole pictures."""
    network.eval()
    frames = pack.frames if aligned else np.repeat(packs.WHOLE[None], len(pack), 0)
    rows = []
    for start in range(0, len(pack), batch):
        part = slice(start, start + batch)
        crops = sample(torch.from_numpy(pack.pictures[part]), torch.from_numpy(frames[part]).float(), side)
        with torch.autocast("cpu", torch.bfloat16):
            rows.append(network(crops.contiguous(memory_format=torch.channels_last)).float())
    return torch.cat(rows) if rows else torch.zeros(0, 7)


def validate(network: torch.nn.Module, pack: Pack, side: int) -> dict[str, float]:
    """Accuracy and mean recall on each source's validation pictures, both framings, and their mean as `score`.

    The logits are of a world with equal classes, so half of the log prior is added back for a fair accuracy.
    """
    half = 0.5 * priors(pack)[torch.from_numpy(pack.source)]
    result: dict[str, float] = {}
    for view, aligned in (("whole", False), ("aligned", True)):
        answers = (logits_of(network, pack, aligned, side) + half).argmax(1).numpy()
        for number, name in enumerate(packs.FILES):
            mine = pack.source == number
            if mine.any():
                result[f"{name}_{view}_accuracy"] = accuracy(answers[mine], pack.labels[mine])
                result[f"{name}_{view}_uar"] = mean_recall(answers[mine], pack.labels[mine])
    return {"score": float(np.mean(list(result.values()))), **result}


def epoch_of(
    state: "State", pack: Pack, prior: Tensor, plan: Plan, sizes: Sizes, strength: Strength, epoch: int
) -> float:
    """One pass over the training pictures; returns the mean loss. All chance comes from seed and epoch number."""
    random = torch.Generator().manual_seed(plan.seed * 100_003 + epoch)
    torch.manual_seed(plan.seed * 100_003 + epoch)  # dropout
    order = torch.randperm(len(pack), generator=random)
    pictures, targets = torch.from_numpy(pack.pictures), torch.from_numpy(pack.targets)
    framings, source = torch.from_numpy(pack.frames).float(), torch.from_numpy(pack.source)
    whole = torch.from_numpy(packs.WHOLE).float()
    steps = max(1, len(pack) // plan.batch)
    state.network.train()
    total = 0.0
    for step in range(steps):
        rows = order[step * plan.batch : (step + 1) * plan.batch]
        use_whole = torch.rand(len(rows), generator=random) < plan.whole
        frames = torch.where(use_whole[:, None, None], whole, framings[rows])
        crops = weather(sample(pictures[rows], jitter(frames, strength, random), sizes.side), strength, random)
        for group in state.optimizer.param_groups:
            group["lr"] = rate_at(epoch + step / steps, plan)
        with torch.autocast("cpu", torch.bfloat16):
            logits = state.network(crops.contiguous(memory_format=torch.channels_last))
        loss = loss_of(logits, targets[rows], prior[source[rows]])
        state.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
        state.optimizer.step()
        state.average.update_parameters(state.network)
        total += loss.item()
        if step % 100 == 0:
            print(f"epoch {epoch + 1}/{plan.epochs} step {step}/{steps} loss {total / (step + 1):.4f}", flush=True)
    return total / steps


class State:
    """What a checkpoint holds: the network, its running average, the optimizer, and the best score so far."""

    def __init__(self, plan: Plan, sizes: Sizes) -> None:
        torch.manual_seed(plan.seed)
        self.network = FaceNetwork(sizes).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        average = get_ema_multi_avg_fn(plan.average)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)
        # Weight decay is for the weights of convolutions and the head, not for scales and offsets.
        heavy = [p for p in self.network.parameters() if p.ndim > 1]
        light = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [{"params": heavy, "weight_decay": plan.decay}, {"params": light, "weight_decay": 0.0}]
        self.optimizer = torch.optim.SGD(groups, plan.rate, plan.momentum, nesterov=True)
        self.epoch, self.best = 0, -math.inf

    def save(self, path: Path) -> None:
        """Writes the checkpoint beside its place and moves it in, so that a stop in between loses nothing."""
        kept: dict[str, Any] = {"epoch": self.epoch, "best": self.best}
        kept |= {name: getattr(self, name).state_dict() for name in ("network", "average", "optimizer")}
        part = path.with_suffix(".part")
        torch.save(kept, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Takes up a checkpoint that `save` wrote."""
        kept = torch.load(path, weights_only=True)
        self.epoch, self.best = kept["epoch"], kept["best"]
        for name in ("network", "average", "optimizer"):
            getattr(self, name).load_state_dict(kept[name])


def train(training: Pack, validation: Pack, run: Path, plan: Plan, sizes: Sizes, strength: Strength) -> Path:
    """Trains until `plan.epochs` are done; returns the checkpoint that validated best, `run`/best.pt.

    `run` also gets last.pt, from which the next call goes on, and log.csv, one row an epoch.
    """
    run.mkdir(parents=True, exist_ok=True)
    last, best, log = run / "last.pt", run / "best.pt", run / "log.csv"
    state = State(plan, sizes)
    if last.exists():
        state.load(last)
        print(f"going on after epoch {state.epoch}", flush=True)
    prior = priors(training)
    for epoch in range(state.epoch, plan.epochs):
        began = time.perf_counter()
        loss = epoch_of(state, training, prior, plan, sizes, strength, epoch)
        scores = validate(state.average.module, validation, sizes.side)
        state.epoch = epoch + 1
        if scores["score"] > state.best:
            state.best = scores["score"]
            part = best.with_suffix(".part")
            network = state.average.module.state_dict()
            torch.save({"sizes": asdict(sizes), "epoch": state.epoch, "network": network}, part)
            part.replace(best)
        state.save(last)
        row = {"epoch": state.epoch, "loss": loss, "seconds": time.perf_counter() - began, **scores}
        new = not log.exists()
        with log.open("a", newline="") as file:
            writer = csv.DictWriter(file, row)
            if new:
                writer.writeheader()
            writer.writerow({key: f"{value:.5g}" for key, value in row.items()})
        print(" ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
    return best


def split(data: Path, name: str, run: Path) -> Pack:
    """One split of both packs, framed by our detector; `run` keeps what the detector saw."""
    return packs.join(*(packs.load(data, pack, name, eyes.points_of(data, pack, name, run)) for pack in packs.FILES))


def note(run: Path, **facts: object) -> dict[str, Any]:
    """Adds facts to `run`/notes.json, for the model card; returns all of them."""
    path = run / "notes.json"
    notes: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    notes |= facts
    path.write_text(json.dumps(notes, indent=2), encoding="utf-8")
    return notes
