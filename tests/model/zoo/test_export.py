"""What is exported answers as torch does, in fp32 and in int8."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lera.errors import LeraError

torch = pytest.importorskip("torch")

from model.__main__ import main  # noqa: E402
from model.zoo import create  # noqa: E402
from model.zoo.checkpoint import save  # noqa: E402
from model.zoo.deployment import served, write_onnx  # noqa: E402
from model.zoo.export import compared, export, export_int8  # noqa: E402
from model.zoo.filling import evened, filled, random_clip  # noqa: E402
from model.zoo.quantisation import FIRST, quantise  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.slow]

TRUNK: dict[str, Any] = {"image": 64, "dim": 128, "depth": 3, "heads": 2}
SMALL: dict[str, dict[str, Any]] = {
    "mae_dfer": TRUNK | {"region": (2, 2, 4)},
    "lera": TRUNK | {"region": (2, 2, 4), "stem": 12, "widths": (16, 16, 32, 32)},
    "videomae": TRUNK,
}
CLIPS = [random_clip(seed, 64) for seed in range(8)]


def small(name: str) -> Any:
    return filled(create(name, **SMALL[name]))


@pytest.mark.parametrize("name", SMALL)
def test_the_file_answers_as_torch_for_any_batch(name: str, tmp_path: Path) -> None:
    import onnxruntime

    network, path = small(name), tmp_path / "out.onnx"
    check = export(network, name, path, CLIPS)
    assert check.worst <= 1e-4
    assert check.agreed == check.clips == len(CLIPS)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    batch = np.stack(CLIPS[:3])
    with torch.inference_mode():
        expected = network(torch.from_numpy(batch))[0].numpy()
    assert np.abs(session.run(None, {"clip": batch})[0] - expected).max() <= 1e-4


@pytest.mark.parametrize("name", SMALL)
def test_int8_keeps_the_answer(name: str, tmp_path: Path) -> None:
    clips = [random_clip(100 + seed, 64) for seed in range(200)]
    network, path, int8 = evened(small(name), clips), tmp_path / "out.onnx", tmp_path / "out.int8.onnx"
    export(network, name, path, CLIPS[:1])
    with torch.inference_mode():
        answers = {int(network(torch.from_numpy(clip[None]))[0].argmax()) for clip in clips}
    assert len(answers) >= 4
    check = export_int8(network, path, int8, CLIPS, clips)
    assert check.agreed >= 0.98 * check.clips
    # It is another file that says other numbers, and a smaller one.
    assert check.worst > 1e-3
    assert int8.stat().st_size < 0.5 * path.stat().st_size


@pytest.mark.parametrize("name", SMALL)
def test_the_served_form_leaves_the_network_alone(name: str) -> None:
    network = small(name)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    clip = torch.from_numpy(CLIPS[0][None])
    with torch.inference_mode():
        assert torch.allclose(served(network)(clip), network(clip)[0], atol=1e-5)
    assert list(before) == list(network.state_dict())
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in before.items())


def test_a_file_that_differs_is_refused_and_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, other = small("mae_dfer"), small("mae_dfer")
    with torch.no_grad():
        other.head.bias += 0.01
    monkeypatch.setattr("model.zoo.export.write_onnx", lambda _network, *rest: write_onnx(other, *rest))
    with pytest.raises(LeraError, match="away from torch"):
        export(network, "mae_dfer", tmp_path / "out.onnx", CLIPS[:2])
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_both_files_and_says_how_near_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network, weights, out = small("lera"), tmp_path / "lera.pt", tmp_path / "out.onnx"
    save(weights, "lera", SMALL["lera"], network.state_dict())
    assert main(["export", "lera", str(weights), str(out), "--int8", "--checks", "4"]) == 0
    said = capsys.readouterr().out
    assert "fp32" in said
    assert "same answer on 4 of 4 clips" in said
    assert compared(network, tmp_path / "out.int8.onnx", CLIPS[:2]).worst < 1

    for wrong, says in (
        (["export", "mae_dfer", str(weights), str(out)], "holds `lera`"),
        (["export", "lera", str(tmp_path / "gone.pt"), str(out)], "no file"),
        (["export", "lera", str(weights), str(out), "--data-set", "mafw"], "classes"),
        (["export", "lera", str(weights), str(out), "--clips", str(tmp_path)], "no video"),
        (["export", "lera", str(weights), str(tmp_path / "no" / "out.onnx")], "write"),
    ):
        with pytest.raises(LeraError, match=says):
            main(wrong)


def test_the_mafw_order_of_classes_is_mapped_to_ours(tmp_path: Path) -> None:
    from model.emotions import EMOTIONS
    from model.fusion import ClipReader

    network: Any = filled(create("mae_dfer", **SMALL["mae_dfer"], classes=11))
    path = tmp_path / "mafw.onnx"
    with torch.no_grad():
        network.head.bias[3] += 50  # MAFW's fourth class is happiness
    export(network, "mae_dfer", path, CLIPS[:1], "mafw")
    reader = ClipReader(path)
    frames = np.random.default_rng(1).integers(0, 256, (1, 16, 64, 64, 3)).astype(np.uint8)
    assert EMOTIONS[int(reader.probabilities(frames)[0].argmax())] == "happiness"
    assert reader.spacing == pytest.approx(4 / 25)


def integer_weights(path: Path) -> dict[str, Any]:
    import onnx

    graph = onnx.load(path).graph
    return {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer if each.name.endswith(".int8")}


def test_wide_products_become_integer_ones_but_the_first_attentions(tmp_path: Path) -> None:
    import onnx

    network, path, int8 = small("videomae"), tmp_path / "out.onnx", tmp_path / "int8.onnx"
    export(network, "videomae", path, CLIPS[:1])
    # Four projections and two layers of each of three blocks.
    assert quantise(path, int8, CLIPS[:2]) == 18 - FIRST
    kinds = [node.op_type for node in onnx.load(int8).graph.node]
    assert kinds.count("MatMulIntegerToFloat") == 18 - FIRST


def test_what_speaks_for_the_regions_stays_in_floating_point(tmp_path: Path) -> None:
    import onnx

    network, path, int8 = small("mae_dfer"), tmp_path / "out.onnx", tmp_path / "int8.onnx"
    export(network, "mae_dfer", path, CLIPS[:1])
    quantise(path, int8, CLIPS[:2])
    kept = [node.name for node in onnx.load(int8).graph.node if node.op_type in ("MatMul", "Gemm")]
    assert sum("/inter/" in name for name in kept) == 3 * 4
    assert not any("blocks.1/mlp" in name for name in kept)


def test_seven_bits_never_overflow_sixteen(tmp_path: Path) -> None:
    network, path, int8 = small("videomae"), tmp_path / "out.onnx", tmp_path / "int8.onnx"
    export(network, "videomae", path, CLIPS[:1])
    check = export_int8(network, path, int8, CLIPS[:4], CLIPS, seven_bits=True)
    assert check.worst < 0.5
    greatest = max(int(np.abs(each.astype(int)).max()) for each in integer_weights(int8).values())
    assert greatest == 64 and 2 * 255 * greatest < 2**15
    quantise(path, int8, CLIPS[:1])
    assert max(int(np.abs(each.astype(int)).max()) for each in integer_weights(int8).values()) == 127


def test_the_mean_of_what_weights_lose_is_given_back(tmp_path: Path) -> None:
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(3)
    sizes = [(64, 64)] * FIRST + [(64, 64)]
    # Numbers that 16 bits hold exactly, so that only the one integer product rounds.
    stack = [(random.standard_normal(size) / 8).astype(np.float16).astype(np.float32) for size in sizes]
    nodes = [helper.make_node("MatMul", [f"x{i}" if i else "clip", f"w{i}"], [f"x{i + 1}"]) for i in range(len(stack))]
    read, told = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 5000, 64]) for name in ("clip", "x5"))
    constants = [numpy_helper.from_array(each, f"w{i}") for i, each in enumerate(stack)]
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(helper.make_graph(nodes, "stack", [read], [told], constants), opset_imports=versions)
    model.ir_version = 8
    path, int8 = tmp_path / "stack.onnx", tmp_path / "int8.onnx"
    onnx.save(model, path)
    clip = (3 + random.standard_normal((5000, 64))).astype(np.float32)
    assert quantise(path, int8, [clip]) == 1
    exact, near = (
        onnxruntime.InferenceSession(each, providers=["CPUExecutionProvider"]).run(None, {"clip": clip[None]})[0]
        for each in (path, int8)
    )
    error = near - exact
    assert 0 < np.abs(error.mean((0, 1))).max() < 0.1 * error.std()
