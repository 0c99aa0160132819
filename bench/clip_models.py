"""What a clip costs: `python -m bench.clip_models [--clips FOLDER]`. Milliseconds a clip, on all cores of this machine.

The baseline is a plain eager fp32 forward of `mae_dfer` as published, in torch. Beside it stand the exported files in
fp32 and int8, each also as a share of this machine's own ceiling: the time that its multiply-accumulates would take if
all of them were matrix products of the network's own sizes, as fast as onnxruntime does those here. All of it is
measured in turns, so that a busy machine slows all alike; medians, and for the ceilings the best of each round. The
last table is one thread, as the agent runs it, idle and beside a process on every core.
"""

import argparse
import os

# Torch's threads would spin while they wait, and slow down what is measured after them. It reads this once.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from model.clip import Floats
from model.fusion import open_clip_session
from model.zoo import create
from model.zoo.export import Check, export, export_int8, video_clips
from model.zoo.filling import evened, filled, random_clip
from model.zoo.table import cost

CORES: Final = os.cpu_count() or 1
ROUNDS: Final = 7
BURNER: Final = "import numpy as n\na = n.ones((256, 256), n.float32)\nwhile True: a @ a"
# The products of one block: rows, inputs, outputs, how many.
LGI: Final = ((808, 512, 512, 6), (808, 512, 2048, 1), (808, 2048, 512, 1))
VIT: Final = ((800, 768, 768, 4), (800, 768, 3072, 1), (800, 3072, 768, 1))
NETWORKS: Final[dict[str, tuple[tuple[int, int, int, int], ...]]] = {"mae_dfer": LGI, "lera": LGI, "videomae": VIT}
KINDS: Final = ("fp32", "int8")


@dataclass
class Exported:
    """One network: its work in multiply-accumulates, its files, and how they compare to torch."""

    work: int
    eager: Callable[[], object]
    files: dict[str, Path]
    checks: dict[str, Check]


def product(rows: int, inputs: int, outputs: int, kind: str) -> Callable[[], object]:
    """A matrix product with constant weights, as onnxruntime does it on all cores."""
    random = np.random.default_rng(0)
    if kind == "fp32":
        weights: Any = random.standard_normal((inputs, outputs)).astype(np.float32)
        given: Any = random.standard_normal((rows, inputs)).astype(np.float32)
        operator, read, told = "MatMul", TensorProto.FLOAT, TensorProto.FLOAT
    else:
        weights = random.integers(-127, 128, (inputs, outputs)).astype(np.int8)
        given = random.integers(0, 256, (rows, inputs)).astype(np.uint8)
        operator, read, told = "MatMulInteger", TensorProto.UINT8, TensorProto.INT32
    graph = helper.make_graph(
        [helper.make_node(operator, ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", read, [rows, inputs])],
        [helper.make_tensor_value_info("y", told, [rows, outputs])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = CORES
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": given})


def milliseconds(call: Callable[[], object], repeats: int = 1) -> float:
    """The best of some calls; a call is long enough not to need more when it is a whole network."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - began))
    return min(times)


def prepared(name: str, folder: Path, checked: list[Floats], shown: list[Floats]) -> Exported:
    """A network with weights that mean nothing, exported with the ranges of `shown` and compared on `checked`."""
    network = evened(filled(create(name)), checked)
    clip = torch.from_numpy(checked[0][None])

    def eager() -> object:
        with torch.inference_mode():
            return network(clip)

    files = {kind: folder / f"{name}.{kind}.onnx" for kind in KINDS}
    checks = {
        "fp32": export(network, name, files["fp32"], checked[:4]),
        "int8": export_int8(network, files["fp32"], files["int8"], shown, checked),
    }
    trimmed: dict[str, object] = {} if name == "videomae" else {"trim": True}
    return Exported(cost(name, trimmed)[1], eager, files, checks)


def runner(path: Path, threads: int, clip: Floats) -> Callable[[], object]:
    """One clip through an exported file."""
    session = open_clip_session(path, threads)
    return lambda: session.run(None, {"clip": clip[None]})


def in_turns(calls: dict[str, tuple[Callable[[], object], int]], rounds: int = ROUNDS) -> dict[str, float]:
    """Milliseconds of each call over rounds in which each has its turn, after one that is not counted.

    The median; but the best for calls that repeat, which are the ceiling's: a ceiling is what the machine can do.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for count in range(rounds + 1):
        for name, (call, repeats) in calls.items():
            taken = milliseconds(call, repeats)
            if count:
                times[name].append(taken)
    return {name: (min if calls[name][1] > 1 else statistics.median)(each) for name, each in times.items()}


def table(networks: dict[str, Exported], clip: Floats) -> None:
    """All cores: eager, fp32 and int8, and the shares of the ceiling."""
    sizes = {size[:3] for blocks in NETWORKS.values() for size in blocks}
    calls: dict[str, tuple[Callable[[], object], int]] = {
        f"{kind} {size}": (product(*size, kind), 5) for kind in KINDS for size in sorted(sizes)
    }
    calls["eager"] = networks["mae_dfer"].eager, 1
    for name, one in networks.items():
        for kind in KINDS:
            calls[f"{kind} {name}"] = runner(one.files[kind], CORES, clip), 1
    times = in_turns(calls)
    baseline = times["eager"]
    print(f"{'':<28}{'ms a clip':>10}{'faster':>9}{'GMAC':>8}{'ceiling':>12}{'share':>8}   against torch")
    print(f"{'mae_dfer, eager torch fp32':<28}{baseline:>10.0f}{'1.00x':>9}{cost('mae_dfer', {})[1] / 1e9:>8.1f}")
    for name, one in networks.items():
        for kind in KINDS:
            work = sum(rows * read * told * count for rows, read, told, count in NETWORKS[name])
            spent = sum(times[f"{kind} {size[:3]}"] * size[3] for size in NETWORKS[name])
            rate = work / spent  # multiply-accumulates a millisecond
            taken = times[f"{kind} {name}"]
            print(
                f"{f'{name}, exported {kind}':<28}{taken:>10.0f}{baseline / taken:>8.2f}x{one.work / 1e9:>8.1f}"
                f"{2 * rate / 1e6:>7.0f} GOP/s{one.work / rate / taken:>7.0%}   {one.checks[kind]}"
            )


def beside_others(networks: dict[str, Exported], clip: Floats) -> None:
    """Idle, and with a process that multiplies on every core."""
    print(f"\n{'int8':<28}{'threads':>8}{'idle':>9}{'cores busy':>12}{'slower':>9}")
    calls = {
        (name, threads): runner(one.files["int8"], threads, clip)
        for name, one in networks.items()
        for threads in sorted({1, CORES})
    }
    idle = {key: statistics.median(milliseconds(call) for _ in range(ROUNDS)) for key, call in calls.items()}
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    others = [subprocess.Popen([sys.executable, "-c", BURNER], env=one_thread) for _ in range(CORES)]
    try:
        time.sleep(1.0)
        busy = {key: statistics.median(milliseconds(call) for _ in range(ROUNDS)) for key, call in calls.items()}
    finally:
        for other in others:
            other.kill()
            other.wait()
    for key, taken in idle.items():
        print(f"{key[0]:<28}{key[1]:>8}{taken:>6.0f} ms{busy[key]:>9.0f} ms{busy[key] / taken:>8.2f}x")


def main() -> int:
    """Prints both tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.clip_models", description=__doc__)
    parser.add_argument(
        "--clips", type=Path, metavar="FOLDER", help="videos of faces on which the answers are compared"
    )
    parser.add_argument("--checks", type=int, default=30, metavar="N", help="random clips besides (default: 30)")
    arguments = parser.parse_args()
    torch.set_num_threads(CORES)
    checked = [random_clip(seed, 160) for seed in range(max(1, arguments.checks))]
    shown = [random_clip(10_000 + seed, 160) for seed in range(6)]
    if arguments.clips:
        # Ranges come from clips of the kinds that are read, but never from those that are compared.
        videos = video_clips(arguments.clips, 160)
        shown = shown[:4] + videos[::4]
        checked += [clip for number, clip in enumerate(videos) if number % 4]
    print(f"{CORES} cores; torch {torch.__version__}, onnxruntime {onnxruntime.__version__}; {len(checked)} clips\n")
    with tempfile.TemporaryDirectory() as folder:
        networks = {name: prepared(name, Path(folder), checked, shown) for name in NETWORKS}
        table(networks, checked[0])
        beside_others(networks, checked[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
