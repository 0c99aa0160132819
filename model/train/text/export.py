"""The trained network as one ONNX file of 8-bit products: `python -m model.train.text.export --data ../shared/data`.

Fitted on GoEmotions' validation part and built in: how far rare classes are lifted (a share of the log prior that is
taken off: Menon et al., ICLR 2021), by macro-F1, then a temperature (Guo et al., ICML 2017), by likelihood.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from model.metrics import confusion_matrix, metrics
from model.text import WEIGHTS, load_words, open_session
from model.train.notes import note
from model.train.text import graph, packs
from model.train.text.encoder import Shape, TextNetwork
from model.train.text.graph import Range
from model.train.text.learning import DATA, RUN, logits_of, padded
from model.train.text.packs import Pack
from model.train.text.reading import Reading, read
from model.zoo.quantisation import scale_and_zero

SAMPLES: Final = 512
"""Training texts that show what range the products read."""
AGREEMENT: Final = 0.96
"""The 8-bit network must name the same emotion as torch at least this often, or it isn't written."""
CUTS: Final = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
"""Shares of a range that are tried."""
EVENED: Final = ("query", "wide")
"""Products whose input is evened out before it becomes bytes: those that read a norm, where few channels stick out."""
LIFTS: Final = np.linspace(0, 0.5, 11)


@dataclass(frozen=True)
class Calibration:
    """What is done to logits z before softmax: (z - lift * log prior) / temperature."""

    lift: float
    log_prior: NDArray[np.float32]
    temperature: float

    @property
    def bias(self) -> NDArray[np.float32]:
        """What is added to the logits, (7,); its mean is 0."""
        bias = -np.float32(self.lift) * self.log_prior
        return np.asarray(bias - bias.mean(), np.float32)


def network_of(checkpoint: Path) -> tuple[TextNetwork, int]:
    """The network of a checkpoint, ready to answer, and the epoch that it is of."""
    kept = torch.load(checkpoint, weights_only=True)
    layers = {name.split(".")[1] for name in kept["network"] if name.startswith("layers.")}
    network = TextNetwork(Shape(layers=len(layers)))
    network.load_state_dict(kept["network"])
    return network.eval(), int(kept["epoch"])


def calibrate(logits: torch.Tensor, labels: NDArray[np.int64], prior: NDArray[np.float32]) -> Calibration:
    """Fits the lift (best macro-F1), then the temperature (best likelihood), to logits (N, 7) and labels (N,)."""
    log_prior = np.log(prior + 1e-6).astype(np.float32)
    found = logits.numpy()

    def score(lift: float) -> float:
        answers = (found - lift * log_prior).argmax(1).astype(np.int64)
        return metrics(confusion_matrix(labels, answers, len(prior))).macro_f1

    lift = max(LIFTS.tolist(), key=score)
    lifted = logits - lift * torch.from_numpy(log_prior)

    def surprise(temperature: float) -> float:
        return float(functional.cross_entropy(lifted / temperature, torch.from_numpy(labels)))

    temperature = min(np.exp(np.linspace(math.log(0.5), math.log(3), 200)).tolist(), key=surprise)
    return Calibration(lift, log_prior, temperature)


@torch.no_grad()
def ranges_of(network: TextNetwork, numbers: Sequence[Sequence[int]]) -> dict[str, Range]:
    """Scale and zero of what each product of the layers reads, from some texts, one at a time."""
    seen: dict[str, list[NDArray[np.float32]]] = {}

    def look(name: str) -> Any:
        def hook(_: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
            seen.setdefault(name, []).append(given[0].numpy().reshape(-1, given[0].shape[-1]))

        return hook

    products = [(name, part) for name, part in network.layers.named_modules() if isinstance(part, nn.Linear)]
    hooks = [part.register_forward_pre_hook(look(f"layers.{name}")) for name, part in products]
    for row in numbers:
        network(padded([row]))
    for one in hooks:
        one.remove()
    found = {}
    for name, values in seen.items():
        rows = np.concatenate(values)
        centre = spread = None
        if name.endswith(EVENED):
            product = network.get_submodule(name)
            assert isinstance(product, nn.Linear)
            high, low = rows.max(0), rows.min(0)
            centre = (high + low) / 2
            heavy = product.weight.detach().abs().amax(0).numpy()
            spread = np.sqrt(np.maximum(high - low, 1e-3) / np.maximum(heavy, 1e-3))
            rows = (rows - centre) / spread
        # A step that shares no factor with the width, so that every column is met.
        scale, zero = best_range(rows.ravel()[::7], float(rows.min()), float(rows.max()))
        found[name] = Range(scale, zero, centre, spread)
    return found


def best_range(values: NDArray[np.float32], low: float, high: float) -> tuple[float, int]:
    """Scale and zero point of unsigned bytes with the least squared error, among shares of the range `low` to `high`.

    Cutting outliers off is worth it here (Krishnamoorthi, arXiv:1806.08342, section 2).
    """

    def error(cut: float) -> float:
        scale, zero = scale_and_zero(low * cut, high * cut)
        back = (np.clip(np.rint(values / scale) + zero, 0, 255) - zero) * scale
        return float(np.square(back - values).mean())

    return scale_and_zero(*(end * min(CUTS, key=error) for end in (low, high)))


def export(
    network: TextNetwork, ranges: dict[str, Range], calibration: Calibration, reading: Reading, path: Path
) -> float:
    """Writes the ONNX file; returns how often it agrees with torch on `reading`.

    Raises ValueError, and leaves no file, when that is less than AGREEMENT.
    """
    made = graph.build(network, ranges, calibration.bias, calibration.temperature)
    onnx.checker.check_model(made)
    session = open_session(made.SerializeToString())
    shift = torch.from_numpy(calibration.bias)
    expected = (logits_of(network, reading.numbers) + shift).argmax(1).numpy()
    answers = [session.run(None, {"pieces": padded([row]).numpy()})[0].argmax() for row in reading.numbers]
    agreement = float((np.array(answers) == expected).mean())
    if agreement < AGREEMENT:
        raise ValueError(f"the 8-bit network agrees with torch on {agreement:.1%} only, less than {AGREEMENT:.0%}")
    part = path.with_suffix(".part")
    onnx.save(made, part)
    part.replace(path)
    return agreement


def sample(pack: Pack, count: int) -> Pack:
    """Some rows of a pack, always the same."""
    chosen = np.zeros(len(pack), bool)
    chosen[np.random.default_rng(5).permutation(len(pack))[:count]] = True
    return pack.rows(chosen)


def main(arguments: list[str] | None = None) -> int:
    """Exports the student of a run to `model/weights/text.onnx`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds text/*.parquet")
    parser.add_argument("--run", type=Path, default=RUN, help="folder of the training run")
    options = parser.parse_args(arguments)
    words, pieces = load_words()
    network, epoch = network_of(options.run / "student" / "best.pt")
    training = packs.training(options.data)
    known = packs.load(options.data, "goemotions", "train").single()
    validation = packs.load(options.data, "goemotions", "val").single()
    reading = read(validation, words, pieces)
    calibration = calibrate(logits_of(network, reading.numbers), validation.labels, known.emotions.mean(0))
    seen = [row for row in read(sample(training, SAMPLES), words, pieces).numbers if len(row) > 2]
    checked = read(sample(validation, SAMPLES), words, pieces)
    agreement = export(network, ranges_of(network, seen), calibration, checked, WEIGHTS)
    note(options.run, epoch=epoch, lift=calibration.lift, temperature=calibration.temperature, agreement=agreement)
    print(
        f"{WEIGHTS.name}: epoch {epoch}, {WEIGHTS.stat().st_size / 1e6:.1f} MB, lift {calibration.lift:.2f}, "
        f"temperature {calibration.temperature:.3f}, agrees with torch on {agreement:.1%}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
