"""A training run in a folder: it goes on where it stopped, and ends where it would have without the stop.

`last.pt` holds everything the next step depends on. All chance of a step is drawn from the seed and the number of the
step, so there is no state of a random generator to lose, and Ctrl-C between any two steps changes nothing.
"""

import csv
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from lera.errors import LeraError
from model.train.clips.loading import TrainingClips, order_of, training_batches
from model.train.clips.optimizing import rate_at, set_rate
from model.zoo.checkpoint import load_safely

FORMAT: Final = "lera-run-1"


@dataclass(frozen=True)
class Pace:
    """How long, how fast, how much at once: what fine-tuning and pre-training share. `rate` is for a batch of 256."""

    epochs: int = 100
    warm: int = 5  # epochs
    batch: int = 96  # samples a step
    micro: int = 16  # of them at once; gradients add up
    rate: float = 1e-3
    floor: float = 1e-6
    decay: float = 0.05
    seed: int = 0
    balanced: bool = False
    bf16: bool = False

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "micro"):
            if getattr(self, name) < 1:
                raise LeraError(f"--{name} must be at least 1")


@dataclass(frozen=True)
class Machine:
    """Where it runs; no part of the result, so a run may be moved."""

    device: torch.device
    workers: int = 0
    minutes: float = 10.0  # between checkpoints within an epoch


def machine(device: str | None = None, workers: int | None = None) -> Machine:
    """CUDA when it is there, the CPU otherwise. Raises LeraError for a device that is not there."""
    chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(chosen)
        torch.empty(1, device=found)
    except (RuntimeError, AssertionError) as error:
        raise LeraError(f"the device `{chosen}` can't be used: {str(error).splitlines()[0]}") from None
    return Machine(found, workers if workers is not None else (8 if found.type == "cuda" else 0))


@dataclass
class Run:
    """One training: the network and its optimizer, how a loss is made, and what is done after each epoch.

    `loss` takes inputs (B, …), labels (B,) and the chance of this piece. `judge` gives the epoch's scores, of which
    `choose` decides which weights `keep` writes to best.pt; without one the newest are kept.
    """

    folder: Path
    network: nn.Module
    optimizer: torch.optim.Optimizer
    clips: TrainingClips
    pace: Pace
    machine: Machine
    settings: Mapping[str, object]
    loss: Callable[[Tensor, Tensor, np.random.Generator], Tensor]
    keep: Callable[[Path], None]
    judge: Callable[[], Mapping[str, float]] | None = None
    choose: str = "war"

    def __post_init__(self) -> None:
        self.epoch, self.batch, self.total = 0, 0, 0.0
        self.best = -math.inf
        self.batches = len(self.order(0))
        if not self.batches:
            raise LeraError("there are no training samples")

    def order(self, epoch: int) -> list[list[int]]:
        labels = [sample.label for sample in self.clips.samples]
        return order_of(labels, self.pace.batch, epoch, self.pace.seed, self.pace.balanced)

    def train(self) -> Path:
        """All epochs that are left; returns the kept weights, best.pt. Ctrl-C saves and raises KeyboardInterrupt."""
        self.folder.mkdir(parents=True, exist_ok=True)
        last, best = self.folder / "last.pt", self.folder / "best.pt"
        if last.exists():
            self.load(last)
            print(f"Going on after epoch {self.epoch}, batch {self.batch} of {self.batches}.", flush=True)
        with interrupts() as stopped:
            while self.epoch < self.pace.epochs:
                began = time.monotonic()
                self.one_epoch(last, stopped)
                scores = dict(self.judge()) if self.judge else {}
                row = {"epoch": self.epoch + 1, "loss": self.total / self.batches, **scores}
                if scores.get(self.choose, math.inf) >= self.best:  # of equals the latest, which is trained best
                    self.best = scores.get(self.choose, self.best)
                    self.keep(best)
                    row["kept"] = 1
                self.log({"kept": 0, **row, "seconds": time.monotonic() - began})
                self.epoch, self.batch, self.total = self.epoch + 1, 0, 0.0
                self.save(last)
                if stopped.is_set() and self.epoch < self.pace.epochs:
                    self.stop()
        return best

    def one_epoch(self, last: Path, stopped: threading.Event) -> None:
        """The batches of this epoch that are left."""
        self.network.train()
        batches = self.order(self.epoch)
        pace, steps = self.pace, self.pace.epochs * self.batches
        highest, lowest = pace.rate * pace.batch / 256, pace.floor * pace.batch / 256
        pieces = training_batches(self.clips, batches[self.batch :], self.epoch, pace.micro, self.machine.workers)
        began = told = saved = time.monotonic()
        first = self.batch
        for batch in batches[self.batch :]:
            step = self.epoch * self.batches + self.batch
            set_rate(self.optimizer, rate_at(step, steps, pace.warm * self.batches, highest, lowest))
            self.total += self.step(pieces, len(batch), step)
            self.batch += 1
            now = time.monotonic()
            if now - told > 10:
                told = now
                speed = (self.batch - first) / (now - began)
                left = (self.batches - self.batch) / speed
                print(
                    f"epoch {self.epoch + 1}/{pace.epochs}, batch {self.batch}/{self.batches}: loss "
                    f"{self.total / self.batch:.4f}, {speed * pace.batch:.1f} samples/s, {left:.0f} s left of it",
                    flush=True,
                )
            if stopped.is_set() or now - saved > 60 * self.machine.minutes:
                saved = now
                self.save(last)
                if stopped.is_set():
                    self.stop()

    def step(self, pieces: Iterator[tuple[Tensor, Tensor]], size: int, step: int) -> float:
        """One change of the weights from `size` samples; returns their mean loss. Raises LeraError when it bursts."""
        self.optimizer.zero_grad(set_to_none=True)
        device, total, seen, piece = self.machine.device, 0.0, 0, 0
        while seen < size:
            inputs, labels = next(pieces)
            chance = np.random.default_rng((self.pace.seed, 1, step, piece))
            torch.manual_seed(int(chance.integers(2**62)))  # drop path and the like draw from torch's own generators
            inputs, labels = inputs.to(device, non_blocking=True), labels.to(device, non_blocking=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=self.pace.bf16):
                loss = self.loss(inputs, labels, chance) * (len(inputs) / size)
            torch.autograd.backward(loss)
            total += float(loss.detach())
            seen, piece = seen + len(inputs), piece + 1
        if not math.isfinite(total):
            raise LeraError(f"the loss is no number any more in epoch {self.epoch + 1}: try a lower --rate")
        self.optimizer.step()
        return total

    def stop(self) -> None:
        """Says how to go on, and ends as Ctrl-C does."""
        print(f"Stopped after epoch {self.epoch}, batch {self.batch}: the same command goes on from here.", flush=True)
        raise KeyboardInterrupt

    def save(self, path: Path) -> None:
        """Writes beside the old file and moves it in, so that a stop in between loses nothing."""
        kept = {
            "format": FORMAT,
            "settings": {name: str(value) for name, value in self.settings.items()},
            "at": {"epoch": self.epoch, "batch": self.batch, "total": self.total, "best": self.best},
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
            raise LeraError(f"{path} is not the checkpoint of a run")
        for name, value in self.settings.items():
            if kept["settings"].get(name) != str(value):
                before = kept["settings"].get(name)
                raise LeraError(f"{path.parent} was begun with {name} {before}, not {value}; take another --run folder")
        self.network.load_state_dict(kept["network"])
        self.optimizer.load_state_dict(kept["optimizer"])
        at = kept["at"]
        self.epoch, self.batch, self.total, self.best = at["epoch"], at["batch"], at["total"], at["best"]

    def log(self, row: Mapping[str, float]) -> None:
        """One row an epoch in log.csv, and on the screen."""
        path = self.folder / "log.csv"
        told = {name: f"{value:.5g}" for name, value in row.items()}
        before: list[dict[str, str]] = []
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                # A stop between the row and the checkpoint would give this epoch two rows.
                before = [old for old in csv.DictReader(file) if int(old["epoch"]) < int(row["epoch"])]
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(told))
            writer.writeheader()
            writer.writerows([*before, told])
        part.replace(path)
        print(" ".join(f"{name} {value}" for name, value in told.items()), flush=True)


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM only set the event, so that a step is never cut in half. A second Ctrl-C ends at once."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return

    def handle(_number: int, _frame: object) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
