"""How the voice network learns: one process on the CPU, in bf16, that goes on from its last checkpoint.

Logit adjustment by pack: Menon et al. (ICLR 2021), so that no pack's habits, such as having no disgust, are learnt.
Mixing clips: Zhang et al., "mixup" (ICLR 2018). Averaged weights: Polyak & Juditsky (1992).
"""

import csv
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from model.emotions import EMOTIONS
from model.metrics import confusion_matrix, metrics
from model.train.voice.batches import Drawer, Strength, priors
from model.train.voice.features import Features, normal
from model.train.voice.network import Sizes, VoiceNetwork
from model.train.voice.packs import PACKS, Clips

RUN: Final = Path(__file__).resolve().parents[3] / "runs" / "voice"
DATA: Final = Path(__file__).resolve().parents[3].parent / "shared" / "data"
MINUTE: Final = 6000
"""Frames of a speaker's own speech that a speaker is known by."""


@dataclass(frozen=True)
class Plan:
    """Everything that decides a run besides the clips."""

    epochs: int = 30
    drawn: int = 4800
    batch: int = 32
    rate: float = 2e-3
    decay: float = 0.03
    warm: float = 1.0
    average: float = 0.997
    smoothing: float = 0.1
    seed: int = 1


def rate_at(epoch: float, plan: Plan) -> float:
    """The learning rate at a time in epochs: half a cosine down to zero, on which it starts from zero in a line."""
    return plan.rate * min(1.0, epoch / plan.warm) * 0.5 * (1 + math.cos(math.pi * min(1.0, epoch / plan.epochs)))


def targets_of(labels: NDArray[np.int64], prior: Tensor, smoothing: float) -> Tensor:
    """Labels (B,) as shares (B, 7); what is smoothed off goes to the emotions that the clip's pack has."""
    there = (prior > math.log(1e-3)).float()
    sure = functional.one_hot(torch.from_numpy(labels), len(EMOTIONS)).float()
    return sure * (1 - smoothing) + smoothing * there / there.sum(1, keepdim=True)


def loss_of(logits: Tensor, targets: Tensor, prior: Tensor) -> Tensor:
    """Cross-entropy with soft targets; `prior` (B, 7) makes the logits those of a world with equal classes."""
    return -(targets * functional.log_softmax(logits.float() + prior, 1)).sum(1).mean()


def references(features: Features, speakers: list[str], random: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
    """Mean and deviation (N, BANDS) of each clip's speaker, from about a minute of their clips by chance."""
    names = np.array(speakers)
    sums = np.zeros((len(names), 2, features.bands.shape[1]))
    counts = np.zeros(len(names), np.int64)
    for row, name in enumerate(speakers):
        chosen = random.permutation(np.flatnonzero((names == name) & (features.sessions == features.sessions[row])))
        enough = int(np.searchsorted(np.cumsum(features.counts[chosen]), MINUTE)) + 1
        sums[row], counts[row] = features.sums[chosen[:enough]].sum(0), features.counts[chosen[:enough]].sum()
    return normal(sums, counts)


@torch.no_grad()
def logits_of(network: torch.nn.Module, features: Features, speakers: list[str] | None = None) -> Tensor:
    """Logits (N, 7) of whole clips, normalised by themselves, or by their speakers where these are told."""
    was = network.training
    network.eval()
    if speakers is None:
        mean, spread = normal(features.sums, features.counts)
    else:
        mean, spread = references(features, speakers, np.random.default_rng(5))
    known = torch.full((1,), float(speakers is not None))
    found = torch.zeros(len(features.counts), len(EMOTIONS))
    lengths = np.diff(features.starts)
    # Clips of the same length go together, so nothing is filled up.
    for length in np.unique(lengths):
        for rows in np.array_split(np.flatnonzero(lengths == length), 1):
            bands = np.stack([(features.clip(r).astype(np.float32) - mean[r]) / spread[r] for r in rows.tolist()])
            found[rows] = network(torch.from_numpy(bands), known.expand(len(rows))).float()
    network.train(was)
    return found


def mean_recall(logits: Tensor, clips: Clips, source: int) -> float:
    """UAR of one pack; emotions that the pack lacks can't be answered wrongly by it, but may be answered."""
    mine = clips.source == source
    answers = logits.argmax(1).numpy()[mine].astype(np.int64)
    return metrics(confusion_matrix(clips.labels[mine], answers, len(EMOTIONS))).uar


def validate(network: torch.nn.Module, clips: Clips, versions: list[Features]) -> dict[str, float]:
    """UAR of each pack by clip and by speaker, as recorded and (`…_odd`) in made-up sessions, and a weighed `score`."""
    found: dict[str, float] = {}
    for odd, some in (("", versions[:1]), ("_odd", versions[1:])):
        for how, speakers in (("clip", None), ("speaker", clips.speakers)):
            logits = [logits_of(network, one, speakers) for one in some]
            for source in np.unique(clips.source).tolist():
                scores = [mean_recall(one, clips, source) for one in logits]
                found[f"{PACKS[source]}_{how}{odd}"] = float(np.mean(scores))
    weight = {"ravdess": 1.0, "nemo": 1.0, "ased": 0.5}
    total = sum(weight[key.split("_")[0]] for key in found)
    found["score"] = sum(weight[key.split("_")[0]] * value for key, value in found.items()) / total
    return found


class State:
    """All that changes in a run: network, averaged network, optimizer, epochs done."""

    def __init__(self, plan: Plan, sizes: Sizes) -> None:
        torch.manual_seed(plan.seed)
        self.network = VoiceNetwork(sizes)
        # Channels last: the same numbers, in the order that the processor's convolutions are quickest in.
        self.network.stages = self.network.stages.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        average = get_ema_multi_avg_fn(plan.average)
        self.average = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)  # type: ignore[no-untyped-call]
        kinds: list[list[Tensor]] = [[], []]
        for parameter in self.network.parameters():
            kinds[parameter.ndim > 1].append(parameter)
        groups = [{"params": kinds[1], "weight_decay": plan.decay}, {"params": kinds[0], "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=plan.rate)
        self.epoch = 0

    def parts(self) -> dict[str, Any]:
        """What a checkpoint holds the state of."""
        return {"network": self.network, "average": self.average, "optimizer": self.optimizer}

    def save(self, path: Path) -> None:
        """Writes a checkpoint beside the place and moves it in, so that a stop in between loses nothing."""
        part = path.with_suffix(".part")
        torch.save({"epoch": self.epoch, **{name: one.state_dict() for name, one in self.parts().items()}}, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Goes on from a checkpoint."""
        found = torch.load(path, weights_only=True)
        self.epoch = found["epoch"]
        for name, one in self.parts().items():
            one.load_state_dict(found[name])


def epoch_of(state: State, clips: Clips, drawer: Drawer, plan: Plan, strength: Strength, prior: Tensor) -> float:
    """One epoch; returns its mean loss."""
    # Chance depends on the epoch only, so a run that was stopped goes on just as it would have.
    random = np.random.default_rng([plan.seed, state.epoch])
    torch.manual_seed(plan.seed * 1009 + state.epoch)
    state.network.train()
    rows = drawer.rows(plan.drawn, random)
    steps, total = len(rows) // plan.batch, 0.0
    for step in range(steps):
        for group in state.optimizer.param_groups:
            group["lr"] = rate_at(state.epoch + step / steps, plan)
        chosen = rows[step * plan.batch : (step + 1) * plan.batch]
        bands, known = drawer.batch(chosen, random)
        priors_of = prior[torch.from_numpy(clips.source[chosen])]
        targets = targets_of(clips.labels[chosen], priors_of, plan.smoothing)
        if random.random() < strength.mixed:
            # Clips normalised the same way are mixed; their priors are, too.
            order = torch.from_numpy(np.argsort(known.numpy() + random.random(len(chosen)) * 0.5))
            other = torch.roll(order, 1)
            share = float(random.beta(0.4, 0.4))
            part = torch.empty_like(order)
            part[order] = other
            bands = share * bands + (1 - share) * bands[part]
            loud = share * torch.exp(priors_of) + (1 - share) * torch.exp(priors_of[part])
            targets, priors_of = share * targets + (1 - share) * targets[part], loud.log()
        with torch.autocast("cpu", torch.bfloat16):
            logits = state.network(bands, known)
        loss = loss_of(logits, targets, priors_of)
        state.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), 2.0)
        state.optimizer.step()
        state.average.update_parameters(state.network)
        total += loss.item()
    return total / steps


def train(
    clips: Clips,
    versions: list[Features],
    validation: tuple[Clips, list[Features]],
    run: Path,
    plan: Plan,
    sizes: Sizes,
    strength: Strength,
    every: int = 1,
) -> Path:
    """Trains until `plan.epochs` are done; returns the checkpoint, `run`/last.pt, from which a stopped run goes on.

    `run` also gets log.csv, one row for each `every` epochs.
    """
    run.mkdir(parents=True, exist_ok=True)
    last, log = run / "last.pt", run / "log.csv"
    state = State(plan, sizes)
    if last.exists():
        state.load(last)
        print(f"going on after epoch {state.epoch}", flush=True)
    drawer, prior = Drawer(clips, versions, strength), priors(clips)
    while state.epoch < plan.epochs:
        began = time.perf_counter()
        loss = epoch_of(state, clips, drawer, plan, strength, prior)
        state.epoch += 1
        state.save(last)
        row = {"epoch": state.epoch, "loss": loss, "seconds": time.perf_counter() - began}
        if state.epoch % every == 0 or state.epoch == plan.epochs:
            row |= validate(state.average.module, *validation)
            with log.open("a", newline="") as file:
                writer = csv.DictWriter(file, row)
                if file.tell() == 0:
                    writer.writeheader()
                writer.writerow({key: f"{value:.5g}" for key, value in row.items()})
        print(" ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
    return last


def network_of(checkpoint: Path, plan: Plan, sizes: Sizes) -> VoiceNetwork:
    """The averaged network of a checkpoint, ready to answer."""
    state = State(plan, sizes)
    state.load(checkpoint)
    network = state.average.module
    assert isinstance(network, VoiceNetwork)
    return network.eval()


def facts(plan: Plan, sizes: Sizes, strength: Strength) -> dict[str, Any]:
    """What a card tells of a run."""
    return {"plan": asdict(plan), "sizes": asdict(sizes), "strength": asdict(strength)}
