"""How the face network learns: one process on the CPU, in bf16, that goes on from its last checkpoint.

Soft targets: Barsoum et al., ICMI 2016. Logit adjustment: Menon et al., "Long-Tail Learning via Logit Adjustment",
ICLR 2021. AdamW and a cosine down to zero: Loshchilov & Hutter, ICLR 2019 and 2017. Lower rates for the layers nearer
to the picture: Howard & Ruder, ACL 2018. Averaged weights: Polyak & Juditsky, SIAM J. Control Optim. 30 (1992).
"""

import csv
import math
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from model.emotions import EMOTIONS
from model.train import eyes, packs, trunk
from model.train.augment import Strength, jitter, mixed, partners, sample, weather
from model.train.network import FaceNetwork, Sizes
from model.train.packs import Pack
from model.train.scores import accuracy, mean_recall

DATA: Final = Path(__file__).resolve().parents[2].parent / "shared" / "data"
RUN: Final = Path(__file__).resolve().parents[2] / "runs" / "face"

SHARE: Final = 0.5
"""Of the prior, for choosing a checkpoint; the export fits its own."""


@dataclass(frozen=True)
class Plan:
    """Everything that decides a run besides the pictures.

    `drawn` pictures make an epoch, `balance` is the power of `packs.frequencies`; `early` is the share of the rate that
    the trunk's first block gets (the stem half of it, the last block all of it), `head` the head's multiple. A share
    `whole` of the crops is the pack's picture, the rest as our detector frames it; `clean` see no bad weather. `mixup`
    is the alpha of `augment.partners`, 0 mixes nothing.
    """

    epochs: int
    rate: float
    drawn: int = 40_000
    batch: int = 64
    balance: float = 0.35
    early: float = 0.3
    head: float = 3.0
    decay: float = 0.05
    warm: float = 0.5
    average: float = 0.9985
    whole: float = 0.5
    clean: float = 0.0
    seed: int = 1
    mixup: float = 0.0


FIRST: Final = Plan(epochs=14, rate=4e-4)
"""From the recognition network, under hard conditions."""
SECOND: Final = Plan(epochs=12, rate=6e-4, early=0.5, balance=0.25, clean=0.5, seed=2)
"""From the first round's network, in fairer weather: under hard conditions alone, it had learnt its own training
pictures too little (.84 of FER+, where validation gave .83). Warm restarts: Loshchilov & Hutter, ICLR 2017."""
TEACHER: Final = replace(SECOND, epochs=3, rate=5e-4, drawn=26_000, warm=0.3, average=0.995, mixup=0.2, seed=3)
"""From the second round's network, at the side that the recognition network was taught at."""
TEACHER_SIDE: Final = 150
STUDENT: Final = replace(SECOND, epochs=2, rate=4e-4, drawn=26_000, warm=0.3, average=0.995, mixup=0.2, seed=4)
"""From the second round's network, towards the annotators and the teachers (`distillation.py`)."""


def rate_at(epoch: float, plan: Plan) -> float:
    """The learning rate at a time in epochs: half a cosine down to zero, on which it starts from zero in a line."""
    up = min(1.0, epoch / plan.warm) if plan.warm > 0 else 1.0
    return plan.rate * up * 0.5 * (1 + math.cos(math.pi * min(1.0, epoch / plan.epochs)))


def priors(pack: Pack, drawn: NDArray[np.float64]) -> Tensor:
    """Log of the mean target of each source, (sources, 7), as it is drawn: what it says before a picture is seen."""
    rows = []
    for source in range(len(packs.FILES)):
        mine = pack.source == source
        mean = np.average(pack.targets[mine], 0, drawn[mine]) if mine.any() else np.ones(pack.targets.shape[1])
        rows.append(np.log(np.maximum(mean, 1e-3)))
    return torch.from_numpy(np.stack(rows).astype(np.float32))


def loss_of(logits: Tensor, targets: Tensor, prior: Tensor) -> Tensor:
    """Cross-entropy with soft targets; `prior` (B, 7) makes the logits those of a world with equal classes."""
    return -(targets * functional.log_softmax(logits.float() + prior, 1)).sum(1).mean()


@torch.no_grad()
def logits_of(
    network: torch.nn.Module,
    pack: Pack,
    aligned: bool,
    side: int,
    batch: int = 256,
    mirrored: bool = False,
) -> Tensor:
    """Logits (N, 7) of a pack without any augmentation, through the detector's framing or of the whole pictures.

    `mirrored` averages those of each picture and of its mirror image, as what ships does.
    """
    network.eval()
    frames = pack.frames if aligned else np.repeat(packs.WHOLE[None], len(pack), 0)
    rows = []
    for start in range(0, len(pack), batch):
        part = slice(start, start + batch)
        crops = sample(torch.from_numpy(pack.pictures[part]), torch.from_numpy(frames[part]).float(), side)
        with torch.autocast("cpu", torch.bfloat16):
            seen = [crops, crops.flip(3)] if mirrored else [crops]
            answers = [network(each.contiguous(memory_format=torch.channels_last)).float() for each in seen]
        rows.append(torch.stack(answers).mean(0))
    return torch.cat(rows) if rows else torch.zeros(0, 7)


def validate(network: torch.nn.Module, pack: Pack, side: int) -> dict[str, float]:
    """Accuracy and mean recall on each source's validation pictures, both framings.

    `score` is the mean over the packs that have all seven classes and chooses the checkpoint. The logits are of a world
    with equal classes, so SHARE of the log of the classes' mean share is added back for a fair accuracy.
    """
    prior = SHARE * torch.from_numpy(np.log(pack.targets.mean(0) + 1e-6).astype(np.float32))
    result: dict[str, float] = {}
    whole_packs: list[float] = []
    for view, aligned in (("whole", False), ("aligned", True)):
        answers = (logits_of(network, pack, aligned, side) + prior).argmax(1).numpy()
        for number, name in enumerate(packs.FILES):
            mine = pack.source == number
            if mine.any():
                pair = accuracy(answers[mine], pack.labels[mine]), mean_recall(answers[mine], pack.labels[mine])
                result[f"{name}_{view}_accuracy"], result[f"{name}_{view}_uar"] = pair
                if len(np.unique(pack.labels[mine])) == len(EMOTIONS):
                    whole_packs += pair
    return {"score": float(np.mean(whole_packs)), **result}


def epoch_of(state: "State", pack: Pack, plan: Plan, sizes: Sizes, strength: Strength, epoch: int) -> float:
    """`plan.drawn` training pictures; returns the mean loss. All chance comes from seed and epoch number."""
    random = torch.Generator().manual_seed(plan.seed * 100_003 + epoch)
    torch.manual_seed(plan.seed * 100_003 + epoch)  # dropout
    chance = np.random.default_rng([plan.seed, epoch])  # mixing
    drawn = packs.frequencies(pack, plan.balance)
    prior = priors(pack, drawn)
    steps = max(1, plan.drawn // plan.batch)
    order = torch.multinomial(torch.from_numpy(drawn), steps * plan.batch, replacement=True, generator=random)
    pictures, targets = torch.from_numpy(pack.pictures), torch.from_numpy(pack.targets)
    framings, source = torch.from_numpy(pack.frames).float(), torch.from_numpy(pack.source)
    whole = torch.from_numpy(packs.WHOLE).float()
    state.network.train()
    total = 0.0
    for step in range(steps):
        rows = order[step * plan.batch : (step + 1) * plan.batch]
        use_whole = torch.rand(len(rows), generator=random) < plan.whole
        frames = torch.where(use_whole[:, None, None], whole, framings[rows])
        fair = sample(pictures[rows], jitter(frames, strength, random), sizes.side)
        spared = torch.rand(len(rows), 1, 1, 1, generator=random) < plan.clean
        crops = torch.where(spared, fair, weather(fair.clone(), strength, random))
        for group in state.optimizer.param_groups:
            group["lr"] = group["share"] * rate_at(epoch + step / steps, plan)
        wanted, before = targets[rows], prior[source[rows]]
        if plan.mixup > 0:
            pair = partners(len(rows), plan.mixup, chance)
            crops, wanted, before = (mixed(each, *pair) for each in (crops, wanted, before))
        with torch.autocast("cpu", torch.bfloat16):
            logits = state.network(crops.contiguous(memory_format=torch.channels_last))
        loss = loss_of(logits, wanted, before)
        state.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), 2.0)
        state.optimizer.step()
        state.average.update_parameters(state.network)
        total += loss.item()
        if step % 100 == 0:
            print(f"epoch {epoch + 1}/{plan.epochs} step {step}/{steps} loss {total / (step + 1):.4f}", flush=True)
    return total / steps


def groups_of(network: FaceNetwork, plan: Plan) -> list[dict[str, Any]]:
    """Each tensor with its share of the rate; weight decay is for kernels and the head, not for offsets and scales."""
    last = max(1, len(network.blocks) - 1)
    shares = {f"blocks.{place}": plan.early + (1 - plan.early) * place / last for place in range(last + 1)}
    shares["stem"] = plan.early / 2
    groups = []
    for name, tensor in network.named_parameters():
        part = name.rsplit(".", 2 if name.startswith("blocks") else 1)[0]
        share = shares.get(part, plan.head)
        groups.append({"params": [tensor], "share": share, "weight_decay": plan.decay if tensor.ndim > 1 else 0.0})
    return groups


class State:
    """What a checkpoint holds: the network, its running average, the optimizer, and the best score so far."""

    def __init__(self, plan: Plan, sizes: Sizes, start: Path | None) -> None:
        torch.manual_seed(plan.seed)
        network = FaceNetwork(sizes)
        if start is not None:
            network.load_state_dict(network_of(start)[0].state_dict())
        elif sizes.widths == trunk.WIDTHS:
            trunk.start(network.stem, network.trunk)
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        average = get_ema_multi_avg_fn(plan.average)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)
        self.optimizer = torch.optim.AdamW(groups_of(self.network, plan), plan.rate, (0.9, 0.99))
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


def network_of(checkpoint: Path) -> tuple[FaceNetwork, int]:
    """The network of a checkpoint, ready to answer, and the epoch that it is of."""
    kept = torch.load(checkpoint, weights_only=True)
    network = FaceNetwork(Sizes(**kept["sizes"]))
    network.load_state_dict(kept["network"])
    return network.eval(), int(kept["epoch"])


def train(
    training: Pack,
    validation: Pack,
    run: Path,
    plan: Plan,
    sizes: Sizes,
    strength: Strength,
    start: Path | None = None,
) -> Path:
    """Trains until `plan.epochs` are done; returns the checkpoint that validated best, `run`/best.pt.

    It starts from the checkpoint `start`, or from the recognition network. `run` also gets last.pt, from which the next
    call goes on, and log.csv, one row an epoch.
    """
    run.mkdir(parents=True, exist_ok=True)
    last, best, log = run / "last.pt", run / "best.pt", run / "log.csv"
    state = State(plan, sizes, start)
    if last.exists():
        state.load(last)
        print(f"going on after epoch {state.epoch}", flush=True)
    for epoch in range(state.epoch, plan.epochs):
        began = time.perf_counter()
        loss = epoch_of(state, training, plan, sizes, strength, epoch)
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
    """One split of all packs, framed by our detector; `run` keeps what the detector saw."""
    return packs.join(*(packs.load(data, pack, name, eyes.points_of(data, pack, name, run)) for pack in packs.FILES))
