"""How the voice reader's small networks learn, on one thread of the CPU; a stopped run goes on from its checkpoint.

Logit adjustment by pack: Menon et al. (ICLR 2021), so that no pack's habits, such as having no disgust, are learnt.
Mixed examples: Zhang et al., "mixup" (ICLR 2018). AdamW, half a cosine: Loshchilov & Hutter (ICLR 2019 and 2017).
"""

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

from model.emotions import EMOTIONS
from model.speaker import usual
from model.train.voice.features import Features
from model.train.voice.network import Sizes, VoiceNetwork
from model.train.voice.packs import PACKS, Clips

RUN: Final = Path(__file__).resolve().parents[3] / "runs" / "voice"
DATA: Final = Path(__file__).resolve().parents[3].parent / "shared" / "data"
SHARES: Final = {"ravdess": 0.32, "nemo": 0.36, "ased": 0.2, "tess": 0.12}
"""Of an epoch's clips. nEMO has most sentences; TESS is one voice, and ASED's sentences give its emotions away."""
MATES: Final = (12, 40)
"""Segments that a speaker is known by in training: half a minute to a minute and a half."""


@dataclass(frozen=True)
class Plan:
    """Everything that decides a run besides the clips."""

    epochs: int = 24
    drawn: int = 6000
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.15
    smoothing: float = 0.05
    mixed: float = 0.5
    plain: float = 0.4
    """This share of the clips is as recorded, the rest in made-up sessions."""
    seed: int = 1


def rate_at(epoch: float, plan: Plan) -> float:
    """The learning rate at a time in epochs: half a cosine down to zero."""
    return plan.rate * min(1.0, epoch + 0.05) * 0.5 * (1 + math.cos(math.pi * min(1.0, epoch / plan.epochs)))


def weights(clips: Clips) -> NDArray[np.float64]:
    """How often each clip is drawn, (N,), sums to 1: packs by SHARES, in each all emotions alike, in these speakers by
    the root of how much they said."""
    found = np.zeros(len(clips))
    speakers = np.array(clips.speakers)
    for number, name in enumerate(PACKS):
        mine = clips.source == number
        for label in np.unique(clips.labels[mine]):
            rows = np.flatnonzero(mine & (clips.labels == label))
            _, places, counts = np.unique(speakers[rows], return_inverse=True, return_counts=True)
            each = 1 / np.sqrt(counts[places])
            found[rows] = SHARES[name] * each / each.sum() / len(np.unique(clips.labels[mine]))
    return np.asarray(found / found.sum())


def priors(clips: Clips) -> Tensor:
    """Log of how often each pack has each emotion as it is drawn, (packs, 7): those that it lacks aren't ruled out."""
    drawn = weights(clips)
    rows = np.stack([np.bincount(clips.labels, drawn * (clips.source == k), len(EMOTIONS)) for k in range(len(PACKS))])
    return torch.from_numpy(np.log(np.maximum(rows / np.maximum(rows.sum(1, keepdims=True), 1e-9), 1e-4))).float()


def targets_of(labels: NDArray[np.int64], prior: Tensor, smoothing: float) -> Tensor:
    """Labels (B,) as shares (B, 7); what is smoothed off goes to the emotions that the clip's pack has."""
    there = (prior > math.log(1e-3)).float()
    sure = functional.one_hot(torch.from_numpy(labels), len(EMOTIONS)).float()
    return sure * (1 - smoothing) + smoothing * there / there.sum(1, keepdim=True)


def loss_of(logits: Tensor, targets: Tensor, prior: Tensor) -> Tensor:
    """Cross-entropy of logits (members, B, 7) with shares (B, 7), members added up; `prior` (B, 7) makes the logits
    those of a world with equal classes."""
    return -(targets * functional.log_softmax(logits + prior, 2)).sum(2).mean(1).sum()


def speakers_of(
    features: Features, labels: NDArray[np.int64], spread: NDArray[np.float32], random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """For each session by chance what its speaker usually sounds like, mean and deviation (sessions, K), and whether
    there are clips enough to say, (sessions,).

    How often each emotion is among the speaker's clips is chance, too: most people aren't evenly angry and afraid.
    """
    count = int(features.sessions.max()) + 1
    width = features.statistics.shape[1]
    mean, deviation, known = np.zeros((count, width), np.float32), np.ones((count, width), np.float32), np.zeros(count)
    for number in range(count):
        rows = np.flatnonzero(features.sessions == number)
        if len(rows) < MATES[0]:
            continue
        often = random.dirichlet(np.full(len(EMOTIONS), 1.0))[labels[rows]] + 0.02
        size = min(len(rows), int(random.integers(MATES[0], MATES[1] + 1)))
        chosen = random.choice(rows, size, replace=False, p=often / often.sum())
        mean[number], deviation[number] = usual(features.statistics[chosen], spread)
        known[number] = 1
    return mean, deviation, known > 0


class State:
    """All that changes in a run: network, optimizer, epochs done."""

    def __init__(self, plan: Plan, sizes: Sizes) -> None:
        torch.manual_seed(plan.seed)
        self.network = VoiceNetwork(sizes)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=plan.rate, weight_decay=plan.decay, fused=True)
        self.epoch = 0

    def save(self, path: Path) -> None:
        """Writes a checkpoint beside the place and moves it in, so that a stop in between loses nothing."""
        part = path.with_suffix(".part")
        states = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save({"epoch": self.epoch, **states}, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Goes on from a checkpoint."""
        found = torch.load(path, weights_only=True)
        self.epoch = found["epoch"]
        self.network.load_state_dict(found["network"])
        self.optimizer.load_state_dict(found["optimizer"])


def standardise(network: VoiceNetwork, versions: list[Features], drawn: NDArray[np.float64]) -> None:
    """Gives the network mean and deviation of all training clips, as often as they are drawn (N,)."""
    mean = np.mean([np.average(one.statistics, 0, drawn) for one in versions], 0)
    square = np.mean([np.average(np.square(one.statistics.astype(np.float64) - mean), 0, drawn) for one in versions], 0)
    network.mean.copy_(torch.from_numpy(mean).float())
    network.spread.copy_(torch.from_numpy(np.sqrt(square) + 1e-4).float())


def epoch_of(state: State, clips: Clips, versions: list[Features], plan: Plan) -> float:
    """One epoch; returns its mean loss of a member's one answer."""
    # Chance depends on the epoch only, so a run that was stopped goes on just as it would have.
    random = np.random.default_rng([plan.seed, state.epoch])
    torch.manual_seed(plan.seed * 1009 + state.epoch)
    network, prior = state.network.train(), priors(clips)
    spread = network.spread.numpy()
    usuals = [speakers_of(one, clips.labels, spread, random) for one in versions]
    rows = random.choice(len(clips), plan.drawn, p=weights(clips))
    chance = [plan.plain, *[(1 - plan.plain) / max(1, len(versions) - 1)] * (len(versions) - 1)]
    which = random.choice(len(versions), plan.drawn, p=np.array(chance) / sum(chance))
    steps, total = plan.drawn // plan.batch, 0.0
    for step in range(steps):
        for group in state.optimizer.param_groups:
            group["lr"] = rate_at(state.epoch + step / steps, plan)
        part = slice(step * plan.batch, (step + 1) * plan.batch)
        pairs = list(zip(rows[part].tolist(), which[part].tolist(), strict=True))
        heard = torch.from_numpy(np.stack([versions[k].statistics[row] for row, k in pairs]))
        places = [(k, int(versions[k].sessions[row])) for row, k in pairs]
        mean, deviation = (torch.from_numpy(np.stack([usuals[k][i][s] for k, s in places])) for i in (0, 1))
        known = torch.tensor([bool(usuals[k][2][s]) for k, s in places])
        prior_of = prior[torch.from_numpy(clips.source[rows[part]])]
        targets = targets_of(clips.labels[rows[part]], prior_of, plan.smoothing)
        clip = (heard - network.mean) / network.spread
        own = torch.where(known[:, None], (heard - mean) / deviation, 0.0)
        if random.random() < plan.mixed:
            share, other = float(random.beta(0.4, 0.4)), torch.from_numpy(random.permutation(plan.batch))
            clip, own = share * clip + (1 - share) * clip[other], share * own + (1 - share) * own[other]
            targets = share * targets + (1 - share) * targets[other]
            prior_of = (share * prior_of.exp() + (1 - share) * prior_of[other].exp()).log()
            known = known & known[other]
        loss = loss_of(network.clip(clip[:, :-1]), targets, prior_of)
        loss = loss + loss_of(network.speaker(own[known]), targets[known], prior_of[known])
        state.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        state.optimizer.step()
        total += loss.item()
    return total / steps / 2 / network.sizes.members


def train(
    clips: Clips, versions: list[Features], run: Path, plan: Plan, sizes: Sizes, watch: Any = None
) -> VoiceNetwork:
    """Trains until `plan.epochs` are done and returns the network; `run` gets last.pt, from which the next call goes
    on. `watch(network)`, if given, may say something about each fifth epoch."""
    run.mkdir(parents=True, exist_ok=True)
    last = run / "last.pt"
    state = State(plan, sizes)
    if last.exists():
        state.load(last)
        print(f"going on after epoch {state.epoch}", flush=True)
    else:
        standardise(state.network, versions, weights(clips))
    while state.epoch < plan.epochs:
        began = time.perf_counter()
        loss = epoch_of(state, clips, versions, plan)
        state.epoch += 1
        state.save(last)
        said = f" {watch(state.network.eval())}" if watch and state.epoch % 6 == 0 else ""
        print(f"epoch {state.epoch} loss {loss:.4f} {time.perf_counter() - began:.1f} s{said}", flush=True)
    return state.network.eval()


def facts(plan: Plan, sizes: Sizes) -> dict[str, Any]:
    """What a card tells of a run."""
    return {"plan": asdict(plan), "sizes": asdict(sizes)}
