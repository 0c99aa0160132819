"""The published files as they are wrapped in the wild; and files that must not be read."""

import argparse
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lera.errors import LeraError
from model.__main__ import main as run
from tests.model.zoo.conftest import TINY, UNPUBLISHED, inputs_of, published_state, shaken

torch = pytest.importorskip("torch", reason="torch is in requirements-dev.txt")
zoo = pytest.importorskip("model.zoo")
checkpoint = pytest.importorskip("model.zoo.checkpoint")

pytestmark = pytest.mark.torch

# What the fused weights of a tiny network do not tell.
CLIP = {"frames": 4, "image": 64, "region": (1, 2, 4)}


class Recorder:
    """What POSTER V2 and Former-DFER pickle beside their weights: curves in numpy."""

    def __init__(self) -> None:
        self.losses = np.zeros((3, 2), np.float32)
        self.best = np.float32(0.5)


Recorder.__name__ = Recorder.__qualname__ = "RecorderMeter"
Recorder.__module__ = "__main__"


def under_model(state: dict[str, Any]) -> dict[str, Any]:
    """MAE-DFER, VideoMAE and LERA."""
    arguments = argparse.Namespace(lr=0.001, lg_region_size=[2, 5, 10])
    return {"model": state, "optimizer": {"state": {}}, "epoch": "best", "scaler": {"scale": 1.0}, "args": arguments}


def under_module(state: dict[str, Any]) -> dict[str, Any]:
    """VideoMAE trained with DeepSpeed."""
    return {"module": state, "epoch": 3}


def under_state_dict(state: dict[str, Any]) -> dict[str, Any]:
    """POSTER V2 and Former-DFER, from DataParallel."""
    wrapped = {f"module.{key}": value for key, value in state.items()}
    return {"epoch": 9, "state_dict": wrapped, "best_acc": torch.tensor(52.4), "recorder": Recorder()}


def bare(state: dict[str, Any]) -> dict[str, Any]:
    """IAL, from DataParallel."""
    return {f"module.{key}": value for key, value in state.items()}


@pytest.fixture
def lera_network() -> Any:
    return shaken(zoo.create("lera", **TINY["lera"]))


@pytest.mark.parametrize("wrap", [under_model, under_module, under_state_dict, bare, dict])
def test_every_wrapping_gives_the_same_network(wrap: Callable[[Any], Any], lera_network: Any, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint-best.pth"
    save_as_main(wrap(published_state("lera", lera_network)), path)
    sizes, state, _ = checkpoint.import_file("lera", path, **CLIP)
    network = zoo.create("lera", **sizes).eval()
    network.load_state_dict(state)
    inputs = inputs_of("lera", **TINY["lera"])
    with torch.no_grad():
        assert torch.equal(network(*inputs).logits, lera_network(*inputs).logits)


@pytest.mark.parametrize("name", ["former_dfer", "ial", "poster_v2", "videomae"])
def test_the_command_says_what_it_found_and_writes_what_can_be_loaded(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = shaken(zoo.create(name, **TINY[name]))
    path = tmp_path / "best.pth"
    save_as_main(under_state_dict(published_state(name, network)), path)
    assert run(["import", name, str(path)]) == 0
    said = capsys.readouterr().out
    assert "in `state_dict`, epoch 9" in said and f"It is {name}: " in said and "classes 7" in said
    loaded_name, loaded = checkpoint.load(tmp_path / "best.lera.pt")
    assert loaded_name == name
    inputs = inputs_of(name, **TINY[name])
    with torch.no_grad():
        assert torch.equal(loaded(*inputs).logits, network(*inputs).logits)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.pop("blocks.1.third_attn.kv.weight"), r"`blocks\.1\.third_attn\.kv\.weight` is missing"),
        (lambda state: state.pop("head.weight"), r"`head\.weight` is missing"),
        (lambda state: state.pop("conv_act.1.running_var"), r"`conv_act\.1\.running_var` is missing"),
        (lambda state: state.update({"blocks.0.gamma_1": torch.ones(64)}), r"`blocks\.0\.gamma_1` is unknown to it"),
        (
            lambda state: state.update({"fc1.bias": torch.ones(3)}),
            r"`fc1\.bias` has shape \(3,\), expected \(64,\)",
        ),
        (
            lambda state: state.update({"head.bias": torch.full((7,), torch.nan)}),
            r"`head\.bias` holds values that are not numbers",
        ),
        (lambda state: state.pop("patch_embed.proj.weight"), r"`patch_embed\.proj\.weight` is missing"),
        (
            lambda state: state.update({"patch_embed.proj.weight": torch.ones(64, 3)}),
            r"`patch_embed\.proj\.weight` has shape \(64, 3\), expected 5 dimensions",
        ),
    ],
)
def test_a_wrong_file_is_refused_by_its_first_mismatch(
    change: Callable[[Any], Any], said: str, lera_network: Any, tmp_path: Path
) -> None:
    state = published_state("lera", lera_network)
    change(state)
    torch.save({"model": state}, tmp_path / "wrong.pth")
    with pytest.raises(LeraError, match=f"^wrong.pth: this is not a lera checkpoint: {said}[^\n]*$"):
        checkpoint.import_file("lera", tmp_path / "wrong.pth", **CLIP)


@pytest.mark.parametrize("asked", [name for name in TINY if name not in ("lera", *UNPUBLISHED)])
def test_the_file_of_one_network_is_refused_as_another(asked: str, lera_network: Any, tmp_path: Path) -> None:
    torch.save({"model": published_state("lera", lera_network)}, tmp_path / "lera.pth")
    with pytest.raises(LeraError, match=rf"^lera.pth: this is not a {asked} checkpoint: `[\w.]+` [^\n]+$"):
        checkpoint.import_file(asked, tmp_path / "lera.pth")


def test_a_plain_mae_dfer_file_is_not_taken_for_the_fusion(tmp_path: Path) -> None:
    network = shaken(zoo.create("mae_dfer", **TINY["mae_dfer"]))
    torch.save({"model": published_state("mae_dfer", network)}, tmp_path / "mae.pth")
    with pytest.raises(LeraError, match=r"`conv_act\.0\.weight` is missing \(it begins with `lg_region_tokens`\)"):
        checkpoint.import_file("lera", tmp_path / "mae.pth", frames=4, image=32, region=(1, 1, 2))


class Attack:
    """Unpickled without care, it would make a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    torch.save({"model": {"head.weight": torch.ones(7, 8)}, "args": Attack(marker)}, tmp_path / "attack.pth")
    with pytest.raises(
        LeraError, match=r"^attack.pth is refused: it would run `\w*\.?mkdir`, and weights need no code$"
    ):
        checkpoint.read_published(tmp_path / "attack.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Attack(marker)))
    with pytest.raises(LeraError, match=r"^plain.pth is "):
        checkpoint.read_published(tmp_path / "plain.pth")
    assert not marker.exists()


def test_an_unknown_class_is_refused(tmp_path: Path) -> None:
    torch.save({"model": {}, "args": TINY_PATH(tmp_path)}, tmp_path / "object.pth")
    with pytest.raises(LeraError, match=r"^object.pth is refused: it would run `[\w.]+`"):
        checkpoint.read_published(tmp_path / "object.pth")


def test_what_is_not_read_is_never_the_real_thing(tmp_path: Path) -> None:
    path = tmp_path / "recorded.pth"
    save_as_main({"state_dict": {"head.weight": torch.ones(7, 8)}, "recorder": Recorder()}, path)
    content = checkpoint.load_safely(path)
    assert type(content["recorder"]) is checkpoint.Unread
    assert not vars(content["recorder"])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("text.pth", b"not a checkpoint at all", "is not a torch checkpoint"),
        ("empty.pth", b"", "is not a torch checkpoint"),
        ("zip.pth", b"PK\x03\x04 and nothing more", "is not a torch checkpoint"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LeraError, match=f"^{name} {said}[^\n]*$"):
        checkpoint.read_published(tmp_path / name)


def test_a_file_that_was_cut_short_is_refused(lera_network: Any, tmp_path: Path) -> None:
    path = tmp_path / "cut.pth"
    torch.save({"model": published_state("lera", lera_network)}, path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(LeraError, match=r"^cut.pth is not a torch checkpoint[^\n]*$"):
        checkpoint.read_published(path)


def test_other_contents_are_refused_with_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "best.pth"
    torch.save({"state": {}, "param_groups": []}, path)
    with pytest.raises(LeraError, match=r"^best.pth holds the state of an optimizer, not a network's weights$"):
        checkpoint.read_published(path)
    torch.save([1, 2], path)
    with pytest.raises(LeraError, match=r"^best.pth holds no weights but a list$"):
        checkpoint.read_published(path)
    torch.save({"loss": 3}, path)
    with pytest.raises(LeraError, match=r"it has loss$"):
        checkpoint.read_published(path)
    with pytest.raises(LeraError, match="there is no file"):
        checkpoint.read_published(tmp_path / "absent.pth")
    with pytest.raises(LeraError, match="is a folder"):
        checkpoint.read_published(tmp_path)
    with pytest.raises(LeraError, match="is not a network of LERA's"):
        checkpoint.load(path)


def TINY_PATH(path: Path) -> Any:  # noqa: N802
    """An object of a class that no file of weights needs."""
    return path


def save_as_main(content: Any, path: Path) -> None:
    """torch.save, with our recorder pickled under the name that it has in a training script."""
    import __main__

    __main__.RecorderMeter = Recorder
    try:
        torch.save(content, path)
    finally:
        del __main__.RecorderMeter
