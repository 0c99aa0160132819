"""`python -m model export`: a network as the ONNX file that the viewer's agent runs, checked against torch.

The file tells what a reader must know: the network, the classes that its numbers stand for, and how far apart the
frames of its training were. With `--int8` a second, faster file is written beside it, of about half the size.
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from lera.errors import LeraError
from model.clip import FRAMES, Floats, face_clip
from model.zoo.checkpoint import load
from model.zoo.deployment import write_onnx
from model.zoo.filling import random_clip
from model.zoo.quantisation import quantise
from model.zoo.registry import base_name

NETWORKS: Final = ("mae_dfer", "lera", "videomae")
TOLERANCE: Final = 1e-4
CALIBRATION: Final = 8
"""Random clips that fix the ranges of int8, besides the real ones; the checks use others."""
AGREEMENT: Final = 0.98

_SEVEN: Final = ("happiness", "sadness", "neutral", "anger", "surprise", "disgust", "fear")
_ELEVEN: Final = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
_FOUR_MORE: Final = ("contempt", "anxiety", "helplessness", "disappointment")
# The order of the classes and the stride in frames with which each data set's published weights were trained.
DATA_SETS: Final[dict[str, tuple[tuple[str, ...], int]]] = {
    "ferv39k": (_SEVEN, 1),
    "dfew": (_SEVEN, 4),
    "mafw": (_ELEVEN + _FOUR_MORE, 4),
}


@dataclass(frozen=True)
class Check:
    """How an exported file compares to torch: largest difference of a logit, and on how many clips both agree."""

    worst: float
    agreed: int
    clips: int

    def __str__(self) -> str:
        return f"{self.worst:.1e} from torch, same answer on {self.agreed} of {self.clips} clips"


def export(network: nn.Module, name: str, path: Path, clips: Iterable[Floats], data_set: str = "ferv39k") -> Check:
    """Write `mae_dfer`, `lera` or `videomae` as ONNX in fp32.

    Raises LeraError, and leaves no file, when a logit on `clips`, each (3, T, H, W), is more than 1e-4 from torch's.
    """
    classes, stride = DATA_SETS[data_set]
    if base_name(name) not in NETWORKS:
        raise LeraError(f"`{name}` can't be exported; {', '.join(NETWORKS)} can")
    sizes: Any = network.sizes if hasattr(network, "sizes") else network.trunk.sizes  # type: ignore[union-attr]
    if sizes.classes != len(classes):
        raise LeraError(f"the network tells {sizes.classes} classes and {data_set} has {len(classes)}: use --data-set")
    part = path.with_name(path.name + ".part")
    try:
        write_onnx(network, (3, sizes.frames, sizes.image, sizes.image), part)
        model = onnx.load(part)
        told = {"network": base_name(name), "classes": ",".join(classes), "stride": str(stride), "precision": "fp32"}
        onnx.helper.set_model_props(model, {f"lera.{key}": value for key, value in told.items()})
        onnx.save(model, part)
        check = compared(network, part, clips)
        if not check.worst <= TOLERANCE:
            raise LeraError(f"the ONNX file answers {check.worst:.2g} away from torch, more than {TOLERANCE}")
        part.replace(path)
    except OSError as error:
        raise LeraError(f"Can't write {path}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
    return check


def export_int8(
    network: nn.Module,
    fp32: Path,
    target: Path,
    calibration: Iterable[Floats],
    clips: Iterable[Floats],
    *,
    seven_bits: bool = False,
) -> Check:
    """Write the int8 form of what `export` wrote, and compare it to torch. `seven_bits` is for CPUs without VNNI."""
    try:
        quantise(fp32, target, calibration, seven_bits=seven_bits)
        model = onnx.load(target)
        told = {each.key: each.value for each in model.metadata_props}
        onnx.helper.set_model_props(model, told | {"lera.precision": "int8"})
        onnx.save(model, target)
    except OSError as error:
        raise LeraError(f"Can't write {target}: {error.strerror}") from None
    return compared(network, target, clips)


def compared(network: nn.Module, path: Path, clips: Iterable[Floats]) -> Check:
    """An exported file's logits beside those of the network in torch."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    worst, agreed, count = 0.0, 0, 0
    for clip in clips:
        with torch.inference_mode():
            expected = network.eval()(torch.from_numpy(clip[None]))[0].numpy()
        given = session.run(None, {"clip": clip[None]})[0]
        # In this order a NaN in either stays, and is refused.
        worst = float(np.maximum(np.abs(given - expected).max(), worst))
        agreed += int(given.argmax() == expected.argmax())
        count += 1
    return Check(worst, agreed, count)


def video_clips(folder: Path, side: int, frames: int = FRAMES) -> list[Floats]:
    """A clip of consecutive frames from the middle of every video in a folder, cropped to its largest face.

    A video in which no face is found is taken whole. Raises LeraError when there is none.
    """
    import cv2

    from model.detector import Detector
    from model.fusion import box_crop

    clips = []
    with Detector() as detector:
        for path in sorted(each for each in folder.rglob("*") if each.suffix.lower() in (".mp4", ".avi", ".mov")):
            capture = cv2.VideoCapture(str(path))
            count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
            capture.set(cv2.CAP_PROP_POS_FRAMES, max(0, (count - frames) // 2))
            crops = []
            for fine, picture in (capture.read() for _ in range(frames)):
                if not fine:
                    break
                frame = np.ascontiguousarray(np.asarray(picture, np.uint8)[..., ::-1])
                faces = detector.find(frame)
                crops.append(box_crop(frame, faces[0].box, side) if faces else frame)
            capture.release()
            if len(crops) == frames:
                clips.append(face_clip(crops, side))
    if not clips:
        raise LeraError(f"there is no video of {frames} frames in {folder}")
    return clips


def main(argv: list[str] | None = None) -> int:
    """`python -m model export lera checkpoint-best.lera.pt lera.onnx --int8`. Raises LeraError."""
    parser = argparse.ArgumentParser(prog="python -m model export", description=__doc__)
    parser.add_argument("network", help=f"one of {', '.join(NETWORKS)}")
    parser.add_argument("weights", type=Path, help="what `python -m model import` wrote")
    parser.add_argument("out", type=Path, help="the ONNX file to write, NAME.onnx")
    parser.add_argument("--int8", action="store_true", help="write NAME.int8.onnx, too")
    parser.add_argument(
        "--seven-bits", action="store_true", help="int8 for processors without VNNI too, a little less exact"
    )
    parser.add_argument(
        "--clips", type=Path, metavar="FOLDER", help="videos of faces to fix int8's ranges and to check"
    )
    parser.add_argument("--checks", type=int, default=16, metavar="N", help="random clips to check (default: 16)")
    parser.add_argument("--data-set", choices=DATA_SETS, default="ferv39k", help="what it was trained on")
    arguments = parser.parse_args(argv)
    name, network = load(arguments.weights)
    if name != base_name(arguments.network):
        raise LeraError(f"{arguments.weights.name} holds `{name}`, not `{arguments.network}`")
    if name not in NETWORKS:
        raise LeraError(f"`{name}` can't be exported; {', '.join(NETWORKS)} can")
    sizes: Any = network.sizes if hasattr(network, "sizes") else network.trunk.sizes  # type: ignore[union-attr]
    real = video_clips(arguments.clips, sizes.image, sizes.frames) if arguments.clips else []
    random = [random_clip(seed, sizes.image, sizes.frames) for seed in range(max(1, arguments.checks))]
    check = export(network, name, arguments.out, [*random, *real], arguments.data_set)
    print(f"{arguments.out}: fp32, {arguments.out.stat().st_size / 1e6:.0f} MB, {check}")
    if arguments.int8 or arguments.seven_bits:
        target = arguments.out.with_suffix(f".int8{arguments.out.suffix}")
        # Every other real clip fixes the ranges, the others check them.
        shown = [random_clip(10_000 + seed, sizes.image, sizes.frames) for seed in range(CALIBRATION)] + real[::2]
        checked = random + real[1::2]
        check = export_int8(network, arguments.out, target, shown, checked, seven_bits=arguments.seven_bits)
        print(f"{target}: int8, {target.stat().st_size / 1e6:.0f} MB, {check}")
        if check.agreed < AGREEMENT * check.clips:
            print("int8 changes too many answers of these weights: use the fp32 file.")
    return 0
