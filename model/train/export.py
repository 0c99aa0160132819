"""The trained network as one ONNX file: `python -m model.train.export --data ../shared/data`.

Two numbers are fitted on validation pictures and built in: how much of the training world's prior goes back into the
logits (training made them those of a world with equal classes), and a temperature (Guo et al., "On Calibration of
Modern Neural Networks", ICML 2017).
"""

import argparse
import math
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from model.face import WEIGHTS
from model.train import learning, packs
from model.train.learning import DATA, RUN, logits_of
from model.train.network import FaceNetwork, Sizes
from model.train.packs import Pack
from model.train.scores import accuracy, mean_recall

TOLERANCE: Final = 1e-4
OPSET: Final = 17


@dataclass(frozen=True)
class Calibration:
    """What is done to logits z before softmax: (z + share * log prior) / temperature."""

    temperature: float
    share: float
    log_prior: tuple[float, ...]


class Answers(nn.Module):
    """The network with its calibration: grey (B, 1, 64, 64), 0..1, to probabilities (B, 7)."""

    def __init__(self, network: FaceNetwork, calibration: Calibration) -> None:
        super().__init__()
        self.network = network
        self.temperature = calibration.temperature
        self.register_buffer("bias", calibration.share * torch.tensor(calibration.log_prior))

    def forward(self, grey: Tensor) -> Tensor:
        return torch.softmax((self.network(grey) + self.bias) / self.temperature, 1)


def network_of(checkpoint: Path) -> tuple[FaceNetwork, int]:
    """The network of a checkpoint, ready to answer, and the epoch that it is of."""
    kept = torch.load(checkpoint, weights_only=True)
    network = FaceNetwork(Sizes(**kept["sizes"]))
    network.load_state_dict(kept["network"])
    return network.eval(), int(kept["epoch"])


def calibrate(network: FaceNetwork, validation: Pack, training_targets: np.ndarray) -> Calibration:
    """Fits the prior's share (best mean of accuracy and UAR over packs and framings), then the temperature (best
    likelihood of the labels), both on validation pictures seen whole and through the detector's framing."""
    logits = torch.cat([logits_of(network, validation, aligned, network.sizes.side) for aligned in (False, True)])
    labels = np.concatenate([validation.labels] * 2)
    source = np.concatenate([validation.source] * 2)
    log_prior = torch.from_numpy(np.log(training_targets.mean(0) + 1e-6).astype(np.float32))

    def score(share: float) -> float:
        answers = (logits + share * log_prior).argmax(1).numpy()
        parts = [(answers[source == s], labels[source == s]) for s in np.unique(source)]
        return float(np.mean([accuracy(*part) + mean_recall(*part) for part in parts]))

    share = max(np.linspace(0, 1, 21).tolist(), key=score)

    def surprise(temperature: float) -> float:
        shifted = (logits + share * log_prior) / temperature
        return float(nn.functional.cross_entropy(shifted, torch.from_numpy(labels)))

    temperature = min(np.exp(np.linspace(math.log(0.25), math.log(4), 400)).tolist(), key=surprise)
    return Calibration(temperature, share, tuple(log_prior.tolist()))


def export(network: FaceNetwork, calibration: Calibration, path: Path) -> float:
    """Writes the ONNX file; returns the largest difference from torch, in probability.

    Raises ValueError, and leaves no file, when that is more than 1e-4.
    """
    answers = Answers(network, calibration).eval()
    side = network.sizes.side
    example = torch.rand(3, 1, side, side, generator=torch.Generator().manual_seed(1))
    part = path.with_suffix(".part")
    with warnings.catch_warnings():
        # The exporter that needs no further package says that it is the older one.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            answers,
            (example,),
            str(part),
            dynamo=False,
            opset_version=OPSET,
            input_names=["grey"],
            output_names=["probabilities"],
            dynamic_axes={"grey": {0: "batch"}, "probabilities": {0: "batch"}},
        )
    session = onnxruntime.InferenceSession(part, providers=["CPUExecutionProvider"])
    worst = 0.0
    for batch in (1, 2, 16):
        given = torch.rand(batch, 1, side, side, generator=torch.Generator().manual_seed(batch))
        with torch.no_grad():
            expected = answers(given).numpy()
        worst = max(worst, float(np.abs(session.run(None, {"grey": given.numpy()})[0] - expected).max()))
    if not worst <= TOLERANCE:
        part.unlink()
        raise ValueError(f"the ONNX file answers {worst:.2g} away from torch, which is more than {TOLERANCE}")
    part.replace(path)
    return worst


def main(arguments: list[str] | None = None) -> int:
    """Exports the best checkpoint of a run to `model/weights/face.onnx`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds face/*.parquet")
    parser.add_argument("--run", type=Path, default=RUN, help="folder of the training run")
    options = parser.parse_args(arguments)
    network, epoch = network_of(options.run / "best.pt")
    targets = np.concatenate([packs.opinions(options.data, name, "train")[1] for name in packs.FILES])
    calibration = calibrate(network, learning.split(options.data, "val", options.run), targets)
    WEIGHTS.parent.mkdir(parents=True, exist_ok=True)
    worst = export(network, calibration, WEIGHTS)
    learning.note(options.run, epoch=epoch, temperature=calibration.temperature, prior_share=calibration.share)
    print(
        f"{WEIGHTS.name}: epoch {epoch}, {WEIGHTS.stat().st_size / 1e6:.1f} MB, temperature "
        f"{calibration.temperature:.3f}, prior share {calibration.share:.2f}, {worst:.1e} from torch"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
