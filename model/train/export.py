"""The trained network as one ONNX file: `python -m model.train.export --data ../shared/data`.

Three numbers are fitted on validation pictures and built in: how much of the training world's prior goes back into the
logits (training made them those of a world with equal classes), and a temperature (Guo et al., "On Calibration of
Modern Neural Networks", ICML 2017) that follows how fine a picture's detail is. Each picture is read together with its
mirror image, and the logits of the two are averaged.

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
import onnx
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
RESTLESS: Final = 0.145
"""Less than 15 %, because the 8-bit form answers a few neutral faces otherwise."""
BOUNDS: Final = (math.log(0.6), math.log(2.0))
"""Of the temperature's logarithm."""
CALIBRATING: Final = 400
"""Training pictures from which the ranges of the integers come."""


@dataclass(frozen=True)
class Calibration:
    """What is done to logits z before softmax: (z + share * log prior) / t, where log t is `warmth` plus `rise` times
    the picture's `fineness`."""

    warmth: float
    rise: float
    share: float
    log_prior: tuple[float, ...]


def fineness(grey: Tensor) -> Tensor:
    """Log of the finest detail's size beside that of all edges, (B, 1), of grey pictures (B, 1, H, W).

    Enlarged and blurred pictures have little of it, and packs differ in it more than in anything else that a picture
    says of how far its label can be trusted.
    """
    middle = grey[:, :, 1:-1, 1:-1]
    # Differences alone: of additions, the 8-bit form would make whole numbers.
    across = (grey[:, :, 1:-1, 2:] - middle) - (middle - grey[:, :, 1:-1, :-2])
    along = (grey[:, :, 2:, 1:-1] - middle) - (middle - grey[:, :, :-2, 1:-1])
    detail = (across - -along).square().mean((2, 3))
    edges = (grey[:, :, :, 1:] - grey[:, :, :, :-1]).square().mean((2, 3))
    return 0.5 * (torch.log(detail.clamp(min=1e-6)) - torch.log(edges.clamp(min=1e-6)))


class Answers(nn.Module):
    """The network with its calibration: grey (B, 1, side, side), 0..1, to probabilities (B, 7)."""

    def __init__(self, network: FaceNetwork, calibration: Calibration) -> None:
        super().__init__()
        self.network = network
        self.warmth, self.rise = calibration.warmth, calibration.rise
        self.register_buffer("bias", calibration.share * torch.tensor(calibration.log_prior))

    def forward(self, grey: Tensor) -> Tensor:
        logits = self.network(torch.cat([grey, grey.flip(3)])).view(2, -1, len(EMOTIONS)).mean(0) + self.bias
        return torch.softmax(logits / temperature(fineness(grey), self.warmth, self.rise), 1)


def temperature(fineness: Tensor, warmth: float | Tensor, rise: float | Tensor) -> Tensor:
    """What the logits of pictures of this fineness are divided by; bounded, for pictures unlike any that it met."""
    return torch.exp((rise * fineness - -warmth).clamp(*BOUNDS))


@dataclass(frozen=True)
class Looks:
    """What a network says of validation pictures, each seen whole and through the detector's framing.

    Packs without pictures of some class are left out: what they lack would count as mistakes. `logits` (M, 7) and
    `fineness` (M, 1) of M looks; `labels` and `source`, (M,), as in `packs.Pack`.
    """

    logits: Tensor
    fineness: Tensor
    labels: NDArray[np.int64]
    source: NDArray[np.int64]


def look(network: FaceNetwork, validation: Pack) -> Looks:
    """Looks at all validation pictures and their mirror images; takes a minute."""
    full = [
        s for s in np.unique(validation.source) if len(set(validation.labels[validation.source == s])) == len(EMOTIONS)
    ]
    pack, side = packs.pick(validation, np.isin(validation.source, full)), network.sizes.side
    logits = torch.cat([logits_of(network, pack, aligned, side, mirrored=True) for aligned in (False, True)])
    detail = torch.cat([fineness_of(pack, aligned, side) for aligned in (False, True)])
    return Looks(logits, detail, np.concatenate([pack.labels] * 2), np.concatenate([pack.source] * 2))


def log_prior_of(targets: NDArray[np.float32]) -> Tensor:
    """Log of the mean (7,) of targets (N, 7)."""
    return torch.from_numpy(np.log(targets.mean(0) + 1e-6).astype(np.float32))


def merit(looks: Looks, log_prior: Tensor, share: float) -> tuple[bool, float]:
    """Whether at most RESTLESS of each pack's neutral faces are answered as an emotion, and the mean of accuracy and
    UAR over packs, with this `share` of the prior: pairs that compare as what ships should."""
    answers = (looks.logits + share * log_prior).argmax(1).numpy()
    parts = [(answers[looks.source == s], looks.labels[looks.source == s]) for s in np.unique(looks.source)]
    calm = all((told[label == NEUTRAL] != NEUTRAL).mean() <= RESTLESS for told, label in parts)
    return calm, float(np.mean([[accuracy(*part), mean_recall(*part)] for part in parts]))


def share_of(looks: Looks, log_prior: Tensor) -> float:
    """The share of the prior that has the best `merit`."""
    shares: list[float] = np.linspace(0, 1.2, 25).tolist()
    return max(shares, key=lambda share: merit(looks, log_prior, share))


def calibrate(looks: Looks, training_targets: NDArray[np.float32]) -> Calibration:
    """Fits the prior's share, then the temperature.

    The share is the one with the best mean of accuracy and UAR over packs, of those that answer at most RESTLESS of
    each pack's neutral faces as an emotion: a crowd that only looks on must not look sad. The temperature is the one
    with the best likelihood of the labels, where each pack counts as much as another.
    """
    log_prior = log_prior_of(training_targets)
    share = share_of(looks, log_prior)
    weights = torch.from_numpy(
        sum((looks.source == s) / (looks.source == s).mean() for s in np.unique(looks.source)).astype(np.float32)
    )
    labels = torch.from_numpy(looks.labels)
    numbers = torch.zeros(2, requires_grad=True)
    search = torch.optim.LBFGS([numbers], max_iter=200, line_search_fn="strong_wolfe")

    def surprise() -> Tensor:
        search.zero_grad()
        shifted = (looks.logits + share * log_prior) / temperature(looks.fineness, numbers[0], numbers[1])
        loss = (weights * nn.functional.cross_entropy(shifted, labels, reduction="none")).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    search.step(surprise)  # type: ignore[no-untyped-call]
    warmth, rise = numbers.detach().tolist()
    return Calibration(warmth, rise, share, tuple(log_prior.tolist()))


def fineness_of(pack: Pack, aligned: bool, side: int) -> Tensor:
    """The fineness (N, 1) of a pack's crops, through the detector's framing or of the whole pictures."""
    frames = pack.frames if aligned else np.repeat(packs.WHOLE[None], len(pack), 0)
    parts = [slice(start, start + 256) for start in range(0, len(pack), 256)]
    given = ((torch.from_numpy(pack.pictures[part]), torch.from_numpy(frames[part]).float()) for part in parts)
    return torch.cat([fineness(sample(pictures, framing, side)) for pictures, framing in given])


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
        # The last steps, from the features to the answer, cost nothing and stay exact.
        exact = [n.name for n in onnx.load(prepared).graph.node if n.op_type == "Add" and "blocks" not in n.name]
        quantize_static(
            prepared,
            target,
            crops,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Relu", "Add", "MaxPool", "AveragePool"],
            nodes_to_exclude=exact,
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
    calibration = calibrate(look(network, validation), training.targets)
    side, exact = network.sizes.side, options.run / "face.fp32.onnx"
    worst = export(network, calibration, exact)
    quantise(exact, WEIGHTS, Crops(training, side, CALIBRATING))
    same, apart = agreement(exact, WEIGHTS, validation, side)
    note(
        options.run,
        epoch=epoch,
        warmth=calibration.warmth,
        rise=calibration.rise,
        prior_share=calibration.share,
        integers={"same_answer": round(same, 4), "mean_difference": round(apart, 5)},
    )
    print(
        f"{WEIGHTS.name}: epoch {epoch}, {WEIGHTS.stat().st_size / 1e6:.1f} MB, warmth {calibration.warmth:.3f}, rise "
        f"{calibration.rise:.3f}, prior share {calibration.share:.2f}; fp32 {worst:.1e} from torch; int8 gives the "
        f"same answer to {same:.2%} of the validation pictures"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
