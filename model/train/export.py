"""The trained network as one ONNX file: `python -m model.train.export --data ../shared/data`.

The calibration (`calibration.py`) is built in. Each picture is read together with its mirror image, and the logits of
the two are averaged.

What ships computes its convolutions in 8-bit integers: a quarter of the size, and half of the time. Ranges come from
training pictures, weights have a scale for each channel (Krishnamoorthi, arXiv:1806.08342) and seven bits, because
processors without VNNI, which many gaming PCs have, would cut off what two products of eight add up to.
"""

import argparse
import sys
import tempfile
import warnings
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
from model.train.calibration import Calibration, bias_of, calibrate, fineness, look, temperature
from model.train.learning import DATA, RUN, network_of
from model.train.network import FaceNetwork
from model.train.notes import note
from model.train.packs import Pack

TOLERANCE: Final = 1e-4
OPSET: Final = 17
CALIBRATING: Final = 400
"""Training pictures from which the ranges of the integers come."""


class Answers(nn.Module):
    """The network with its calibration: grey (B, 1, side, side), 0..1, to probabilities (B, 7)."""

    def __init__(self, network: FaceNetwork, calibration: Calibration) -> None:
        super().__init__()
        self.network = network
        self.warmth, self.rise = calibration.warmth, calibration.rise
        self.register_buffer("bias", bias_of(torch.tensor(calibration.log_prior), calibration.share, calibration.calm))

    def forward(self, grey: Tensor) -> Tensor:
        logits = self.network(torch.cat([grey, grey.flip(3)])).view(2, -1, len(EMOTIONS)).mean(0) + self.bias
        return torch.softmax(logits / temperature(fineness(grey), self.warmth, self.rise), 1)


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
        calm=calibration.calm,
        integers={"same_answer": round(same, 4), "mean_difference": round(apart, 5)},
    )
    print(
        f"{WEIGHTS.name}: epoch {epoch}, {WEIGHTS.stat().st_size / 1e6:.1f} MB, warmth {calibration.warmth:.3f}, rise "
        f"{calibration.rise:.3f}, prior share {calibration.share:.2f}, calm {calibration.calm:.2f}; fp32 {worst:.1e} "
        f"from torch; int8 gives the same answer to {same:.2%} of the validation pictures"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
