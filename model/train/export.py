"""The trained network as one ONNX file: `python -m model.train.export --data ../shared/data`.

Two numbers are fitted on validation pictures and built in: how much of the training world's prior goes back into the
logits (training made them those of a world with equal classes), and a temperature (Guo et al., "On Calibration of
Modern Neural Networks", ICML 2017).

What ships computes its convolutions in 8-bit integers: a quarter of the size, and half of the time. Ranges come from
training pictures, weights have a scale for each channel (Krishnamoorthi, arXiv:1806.08342) and seven bits, because
processors without VNNI, which many gaming PCs have, would cut off what two products of eight add up to.
"""

import argparse
import math
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from model.emotions import EMOTIONS
from model.face import WEIGHTS, open_session
from model.train import learning, packs
from model.train.augment import sample
from model.train.learning import DATA, RUN, logits_of, network_of
from model.train.network import FaceNetwork
from model.train.notes import note
from model.train.packs import Pack
from model.train.scores import accuracy, mean_recall

TOLERANCE: Final = 1e-4
OPSET: Final = 17
NEUTRAL: Final = EMOTIONS.index("neutral")
RESTLESS: Final = 0.15
CALIBRATING: Final = 400
"""Training pictures from which the ranges of the integers come."""


@dataclass(frozen=True)
class Calibration:
    """What is done to logits z before softmax: (z + share * log prior) / temperature."""

    temperature: float
    share: float
    log_prior: tuple[float, ...]


class Answers(nn.Module):
    """The network with its calibration: grey (B, 1, side, side), 0..1, to probabilities (B, 7)."""

    def __init__(self, network: FaceNetwork, calibration: Calibration) -> None:
        super().__init__()
        self.network = network
        self.temperature = calibration.temperature
        self.register_buffer("bias", calibration.share * torch.tensor(calibration.log_prior))

    def forward(self, grey: Tensor) -> Tensor:
        return torch.softmax((self.network(grey) + self.bias) / self.temperature, 1)


def calibrate(network: FaceNetwork, validation: Pack, training_targets: np.ndarray) -> Calibration:
    """Fits the prior's share, then the temperature, both on validation pictures seen whole and through the
    detector's framing.

    The share is the one with the best mean of accuracy and UAR over packs, of those that answer at most RESTLESS of
    each pack's neutral faces as an emotion: a crowd that only looks on must not look sad. The temperature is the one
    with the best likelihood of the labels. (The one with the least calibration error of the pack where it is greatest
    was tried: .054 for both packs, instead of .02 to .03 for FER+ and .07 for RAF-DB.)

    Packs without pictures of some class have no say: what they lack would count as mistakes.
    """
    full = [
        s for s in np.unique(validation.source) if len(set(validation.labels[validation.source == s])) == len(EMOTIONS)
    ]
    counted = np.isin(validation.source, full)
    views = [logits_of(network, validation, aligned, network.sizes.side)[counted] for aligned in (False, True)]
    logits = torch.cat(views)
    labels, source = (np.concatenate([each[counted]] * 2) for each in (validation.labels, validation.source))
    log_prior = torch.from_numpy(np.log(training_targets.mean(0) + 1e-6).astype(np.float32))

    def score(share: float) -> tuple[bool, float]:
        answers = (logits + share * log_prior).argmax(1).numpy()
        parts = [(answers[source == s], labels[source == s]) for s in np.unique(source)]
        calm = all((told[label == NEUTRAL] != NEUTRAL).mean() <= RESTLESS for told, label in parts)
        return calm, float(np.mean([accuracy(*part) + mean_recall(*part) for part in parts]))

    share = max(np.linspace(0, 1.2, 25).tolist(), key=score)

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


class Crops(CalibrationDataReader):  # type: ignore[misc]
    """Training pictures for the ranges, in batches, as `quantize_static` asks for them."""

    def __init__(self, pack: Pack, side: int, count: int) -> None:
        rows = np.random.default_rng(0).choice(len(pack), min(count, len(pack)), replace=False)
        pictures = torch.from_numpy(pack.pictures[rows])
        # Half as the detector frames them, half whole, as in training.
        frames = np.where(np.arange(len(rows))[:, None, None] % 2, packs.WHOLE, pack.frames[rows])
        crops = sample(pictures, torch.from_numpy(frames).float(), side).numpy()
        self._batches = iter([{"grey": crops[start : start + 16]} for start in range(0, len(crops), 16)])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next batch; None behind the last."""
        return next(self._batches, None)


def quantise(path: Path, target: Path, crops: CalibrationDataReader) -> None:
    """Writes the int8 form of an exported file."""
    with tempfile.TemporaryDirectory(prefix="lera-") as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(path, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            target,
            crops,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Relu", "Add", "MaxPool", "AveragePool"],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )


def agreement(one: Path, other: Path, pack: Pack, side: int) -> tuple[float, float]:
    """Of two files on a pack's pictures as the detector frames them: the share of equal answers, and the mean
    difference in probability."""
    answers = []
    for path in (one, other):
        session, rows = open_session(path), []
        for start in range(0, len(pack), 64):
            part = slice(start, start + 64)
            frames = torch.from_numpy(pack.frames[part]).float()
            crops = sample(torch.from_numpy(pack.pictures[part]), frames, side).numpy()
            rows.append(session.run(None, {"grey": crops})[0])
        answers.append(np.concatenate(rows))
    same = answers[0].argmax(1) == answers[1].argmax(1)
    return float(same.mean()), float(np.abs(answers[0] - answers[1]).mean())


def main(arguments: list[str] | None = None) -> int:
    """Exports the best checkpoint of a run to `model/weights/face.onnx`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds face/*.parquet")
    parser.add_argument("--run", type=Path, default=RUN, help="folder of the training run")
    options = parser.parse_args(arguments)
    network, epoch = network_of(options.run / "best.pt")
    training, validation = (learning.split(options.data, name, options.run) for name in ("train", "val"))
    calibration = calibrate(network, validation, training.targets)
    side, exact = network.sizes.side, options.run / "face.fp32.onnx"
    worst = export(network, calibration, exact)
    quantise(exact, WEIGHTS, Crops(training, side, CALIBRATING))
    same, apart = agreement(exact, WEIGHTS, validation, side)
    note(
        options.run,
        epoch=epoch,
        temperature=calibration.temperature,
        prior_share=calibration.share,
        integers={"same_answer": round(same, 4), "mean_difference": round(apart, 5)},
    )
    print(
        f"{WEIGHTS.name}: epoch {epoch}, {WEIGHTS.stat().st_size / 1e6:.1f} MB, temperature "
        f"{calibration.temperature:.3f}, prior share {calibration.share:.2f}; fp32 {worst:.1e} from torch; int8 gives "
        f"the same answer to {same:.2%} of the validation pictures"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
