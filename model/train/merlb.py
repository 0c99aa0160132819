"""`python -m model.train.merlb --data FOLDER`: trains MERLB on clips in its published layout.

The loss is the sum of the three heads' cross-entropies, each with class weights of its own; every head is judged by its
own answers, on streamers who are in no training clip. All chance of an epoch comes from the seed and its number, so a
run that was stopped goes on with the same command and ends where it would have.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lera.errors import LeraError
from model.metrics import Metrics, confusion_matrix, metrics
from model.train.clips.run import interrupts
from model.train.merlb_clips import HEADS, Clip, class_weights, held_out, read_clip, read_labels
from model.zoo.checkpoint import load_safely, save
from model.zoo.merlb import Merlb, MerlbOutput, MerlbSizes

FORMAT: Final = "lera-merlb-run-1"


@dataclass(frozen=True)
class Settings:
    """How it learns. As published: Adam at 5e-4, batches of 32, 100 epochs; `heads` are those that the loss has."""

    epochs: int = 100
    batch: int = 32
    rate: float = 5e-4
    seed: int = 0
    heads: tuple[str, ...] = tuple(HEADS)

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch) < 1 or self.rate <= 0:
            raise LeraError("--epochs and --batch must be at least 1, and --rate above 0")
        unknown = [name for name in self.heads if name not in HEADS]
        if unknown or not self.heads:
            raise LeraError(f"there is no head `{(*unknown, '')[0]}`; known are {', '.join(HEADS)}")


class Training:
    """One run in a folder: `last.pt` to go on from, `best.pt` with the weights that judged best."""

    def __init__(self, folder: Path, sizes: dict[str, Any], settings: Settings, train: list[Clip], judge: list[Clip]):
        if not train or not judge:
            raise LeraError("training needs clips to learn from and clips to judge by")
        self.folder, self.given, self.settings = folder, sizes, settings
        self.train_clips, self.judge_clips = train, judge
        self.sizes = MerlbSizes(**sizes)
        torch.manual_seed(settings.seed)
        self.network = Merlb(self.sizes)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.rate)
        self.weights = dict(zip(HEADS, class_weights(train), strict=True))
        self.epoch, self.best = 0, -1.0

    def run(self) -> dict[str, Metrics]:
        """All epochs that are left; returns the last one's scores. Ctrl-C ends after the epoch, and raises."""
        self.folder.mkdir(parents=True, exist_ok=True)
        last = self.folder / "last.pt"
        if last.exists():
            self.load(last)
            print(f"Going on after epoch {self.epoch} of {self.settings.epochs}.", flush=True)
        found = self.judged()
        with interrupts() as stopped:
            while self.epoch < self.settings.epochs:
                loss = self.one_epoch()
                found = self.judged()
                self.epoch += 1
                score = float(np.mean([found[head].macro_f1 for head in self.settings.heads]))
                if score > self.best:
                    self.best = score
                    save(self.folder / "best.pt", "merlb", self.given, self.network.state_dict())
                self.save(last)
                told = ", ".join(f"{head} macro-F1 {found[head].macro_f1:.3f}" for head in self.settings.heads)
                print(f"epoch {self.epoch}/{self.settings.epochs}: loss {loss:.4f}, {told}", flush=True)
                if stopped.is_set() and self.epoch < self.settings.epochs:
                    print(f"Stopped after epoch {self.epoch}: the same command goes on from here.", flush=True)
                    raise KeyboardInterrupt
        return found

    def one_epoch(self) -> float:
        """Every training clip once; returns the mean loss. Raises LeraError when it bursts."""
        chance = np.random.default_rng((self.settings.seed, self.epoch))
        torch.manual_seed(int(chance.integers(2**62)))  # dropout
        order = chance.permutation(len(self.train_clips))
        batches = np.array_split(order, max(1, len(order) // self.settings.batch))
        self.network.train()
        total = 0.0
        for chosen in batches:
            inputs, labels = self.batch([self.train_clips[place] for place in chosen])
            loss = self.loss(self.network(*inputs), labels)
            self.optimizer.zero_grad()
            torch.autograd.backward(loss)
            self.optimizer.step()
            total += float(loss.detach()) * len(chosen)
        if not np.isfinite(total):
            raise LeraError(f"the loss is no number any more in epoch {self.epoch + 1}: try a lower --rate")
        return total / len(order)

    def loss(self, output: MerlbOutput, labels: dict[str, Tensor]) -> Tensor:
        """The heads' weighted cross-entropies, added."""
        parts = [
            functional.cross_entropy(getattr(output, head), labels[head], weight=self.weights[head], reduction="none")
            for head in self.settings.heads
        ]
        return torch.stack(parts).sum(0).mean()

    def judged(self) -> dict[str, Metrics]:
        """Each head's scores, by that head's own answers, on the clips that judge."""
        answers: dict[str, list[int]] = {head: [] for head in HEADS}
        self.network.eval()
        with torch.no_grad():
            for start in range(0, len(self.judge_clips), self.settings.batch):
                inputs, _ = self.batch(self.judge_clips[start : start + self.settings.batch])
                output = self.network(*inputs)
                for head, told in answers.items():
                    told += getattr(output, head).argmax(dim=1).tolist()
        found = {}
        for index, (head, classes) in enumerate(HEADS.items()):
            truth = [clip.labels[index] for clip in self.judge_clips]
            found[head] = metrics(confusion_matrix(truth, answers[head], len(classes)))
        return found

    def batch(self, clips: Sequence[Clip]) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Face, screen and sound of B clips, and each head's labels (B,)."""
        read = [read_clip(clip, self.sizes) for clip in clips]
        inputs = [torch.stack(each) for each in zip(*read, strict=True)]
        return inputs, {head: torch.tensor([clip.labels[k] for clip in clips]) for k, head in enumerate(HEADS)}

    def told(self) -> dict[str, str]:
        """What a run that goes on must have in common with its beginning."""
        settings = {name: str(value) for name, value in vars(self.settings).items() if name != "epochs"}
        clips = {"clips": str(len(self.train_clips)), "first clip": self.train_clips[0].folder.name}
        return {**settings, **{name: str(value) for name, value in vars(self.sizes).items()}, **clips}

    def save(self, path: Path) -> None:
        """Writes beside the old file and moves it in, so that a stop in between loses nothing."""
        kept = {
            "format": FORMAT,
            "told": self.told(),
            "at": {"epoch": self.epoch, "best": self.best},
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        part = path.with_suffix(".part")
        torch.save(kept, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Takes up what `save` wrote. Raises LeraError when it was begun with other settings."""
        kept: Any = load_safely(path)
        if not isinstance(kept, dict) or kept.get("format") != FORMAT:
            raise LeraError(f"{path} is not the checkpoint of a MERLB run; take another --run folder")
        for name, value in self.told().items():
            if kept["told"].get(name) != value:
                before = kept["told"].get(name)
                raise LeraError(f"{path.parent} was begun with {name} {before}, not {value}; take another --run folder")
        self.network.load_state_dict(kept["network"])
        self.optimizer.load_state_dict(kept["optimizer"])
        self.epoch, self.best = kept["at"]["epoch"], kept["at"]["best"]


def main(argv: list[str] | None = None) -> int:
    """Train and judge. Raises LeraError."""
    parser = argparse.ArgumentParser(prog="python -m model.train.merlb", description="Train MERLB on its own layout.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with one folder for each clip")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="the table (default: trainingdata.csv in it)")
    parser.add_argument("--judge", type=Path, metavar="FILE", help="a table of clips that judge (default: streamers)")
    parser.add_argument("--run", type=Path, default=Path("runs") / "merlb", metavar="FOLDER")
    parser.add_argument("--fusion", choices=("early", "late", "tensor_train"), default="tensor_train")
    parser.add_argument("--heads", nargs="+", choices=tuple(HEADS), default=list(HEADS), help="what the loss is of")
    parser.add_argument("--epochs", type=int, default=Settings.epochs)
    parser.add_argument("--batch", type=int, default=Settings.batch)
    parser.add_argument("--rate", type=float, default=Settings.rate)
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args(argv)
    clips = read_labels(told.labels or told.data / "trainingdata.csv", told.data)
    train, judge = (clips, read_labels(told.judge, told.data)) if told.judge else held_out(clips, 0.2)
    shared = {clip.folder for clip in train} & {clip.folder for clip in judge}
    if shared:
        raise LeraError(f"{min(shared).name} is to train and to judge: take it out of one table")
    settings = Settings(told.epochs, told.batch, told.rate, told.seed, tuple(told.heads))
    found = Training(told.run, {"fusion": told.fusion}, settings, train, judge).run()
    for head in settings.heads:
        one = found[head]
        recalls = ", ".join(f"{name} {value:.3f}" for name, value in zip(HEADS[head], one.recalls, strict=True))
        print(f"{head}: accuracy {one.war:.3f}, UAR {one.uar:.3f}, macro-F1 {one.macro_f1:.3f}; recalls: {recalls}")
    print(f"Written: {told.run / 'best.pt'}")
    return 0


if __name__ == "__main__":
    from lera.cli import run_program

    sys.exit(run_program(main))
