"""Every network at small sizes: its shapes, its switches, and that a batch is its clips one by one."""

from typing import Any

import pytest

from lera.errors import LeraError
from tests.model.zoo.conftest import TINY, UNPUBLISHED, inputs_of, published_state, shaken

torch = pytest.importorskip("torch", reason="torch is in requirements-dev.txt")
zoo = pytest.importorskip("model.zoo")
importing = pytest.importorskip("model.zoo.importing")
lera = pytest.importorskip("model.zoo.lera")

pytestmark = pytest.mark.torch


# With weights as small as these, hardly anything passes MERLB's towers; test_merlb.py asks the same of its own start.
@pytest.mark.parametrize("name", [name for name in TINY if name != "merlb"])
def test_a_batch_is_its_clips_one_by_one(name: str) -> None:
    network = shaken(zoo.create(name, **TINY[name]))
    inputs = inputs_of(name, batch=2, **TINY[name])
    with torch.no_grad():
        both = first(network(*inputs))
        alone = [first(network(*(each[index : index + 1] for each in inputs))) for index in range(2)]
    assert torch.allclose(both, torch.cat(alone), rtol=1e-3, atol=1e-4)
    assert not torch.allclose(alone[0], alone[1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in TINY if name not in UNPUBLISHED])
def test_published_weights_come_back_under_our_names(name: str) -> None:
    theirs = shaken(zoo.create(name, **TINY[name]))
    state = published_state(name, theirs)
    sizes = sizes_not_in_a_file(name)
    ours = zoo.create(name, **TINY[name]).eval()
    ours.load_state_dict(zoo.import_checkpoint(name, state, **sizes))
    inputs = inputs_of(name, **TINY[name])
    with torch.no_grad():
        assert torch.equal(first(ours(*inputs)), first(theirs(*inputs)))


@pytest.mark.parametrize("name", TINY)
def test_every_parameter_is_trained_but_the_spare_ones(name: str) -> None:
    network = shaken(zoo.create(name, **TINY[name])).train()
    # A network's own outputs are all part of what it learns from (IAL's auxiliary logits, for one).
    output = network(*inputs_of(name, batch=2, **TINY[name]))
    parts = output if isinstance(output, tuple) else (output,)
    torch.autograd.backward(sum(part.square().mean() for part in parts))
    silent = {key for key, value in network.named_parameters() if value.requires_grad and value.grad is None}
    assert all(key.startswith("spare.") for key in silent)


@pytest.mark.parametrize("fusion", ["add", "concat"])
@pytest.mark.parametrize("motion", [True, False])
@pytest.mark.parametrize("position", [True, False])
def test_the_switches_of_the_fusion(fusion: str, motion: bool, position: bool) -> None:
    sizes = TINY["lera"] | {"fusion": fusion, "motion": motion, "position": position}
    if position and not motion:
        with pytest.raises(LeraError, match="needs motion=True"):
            zoo.create("lera", **sizes)
        return
    network = shaken(zoo.create("lera", **sizes))
    output = network(*inputs_of("lera", **sizes))
    assert output.logits.shape == (1, 7)
    assert network.head.in_features == (128 if fusion == "concat" and motion else 64)
    assert (output.motion_feature is not None) == motion


def test_the_fusion_sees_motion_and_mae_dfer_does_not_need_it() -> None:
    network = shaken(zoo.create("lera", **TINY["lera"]))
    clip = inputs_of("lera", **TINY["lera"])[0]
    still = clip[:, :, :1].expand_as(clip)
    assert not lera.motion_image(still).any()
    with torch.no_grad():
        moved, unmoved = network(clip).motion_feature, network(still).motion_feature
    assert not torch.allclose(moved, unmoved)


def test_the_trimmed_last_block_answers_the_same() -> None:
    full = shaken(zoo.create("lera", **TINY["lera"]))
    trimmed = zoo.create("lera", **TINY["lera"], trim=True).eval()
    trimmed.load_state_dict(full.state_dict())
    inputs = inputs_of("lera", batch=2, **TINY["lera"])
    with torch.no_grad():
        assert torch.allclose(full(*inputs).logits, trimmed(*inputs).logits, rtol=1e-5, atol=1e-5)


def test_videomae_reads_clips_of_another_size() -> None:
    small = shaken(zoo.create("videomae", **TINY["videomae"]))
    large = zoo.create("videomae", **TINY["videomae"] | {"image": 64}).eval()
    large.load_state_dict(small.state_dict())
    clip = inputs_of("videomae", **TINY["videomae"] | {"image": 64})[0]
    with torch.no_grad():
        assert torch.equal(small(clip).logits, large(clip).logits)


def test_drop_path_only_works_in_training() -> None:
    network = shaken(zoo.create("mae_dfer", **TINY["mae_dfer"], drop_path=0.9))
    inputs = inputs_of("mae_dfer", **TINY["mae_dfer"])
    assert torch.equal(network(*inputs).logits, network(*inputs).logits)
    network.train()
    torch.manual_seed(0)
    answers = {tuple(network(*inputs).logits.flatten().tolist()) for _ in range(8)}
    assert len(answers) > 1


def test_unknown_names_and_sizes_are_refused_with_the_known_ones() -> None:
    with pytest.raises(LeraError, match="no network `mae`; known are mae_dfer"):
        zoo.create("mae")
    with pytest.raises(LeraError, match="no size `width`; it has classes"):
        zoo.create("lera", width=3)
    with pytest.raises(LeraError, match="no fusion `multiply`"):
        zoo.create("lera", fusion="multiply")
    with pytest.raises(LeraError, match="do not divide"):
        zoo.create("mae_dfer", region=(2, 5, 7))


def test_without_spare_parameters_a_published_file_still_fits() -> None:
    theirs = shaken(zoo.create("lera", **TINY["lera"]))
    state = published_state("lera", theirs)
    assert "cablock.fc.weight" in state
    lean = zoo.create("lera", **TINY["lera"], spare=False).eval()
    lean.load_state_dict(zoo.import_checkpoint("lera", state, **sizes_not_in_a_file("lera"), spare=False))
    # And a file that lacks what nothing reads fits the network that keeps it.
    del state["cablock.fc.weight"], state["cablock.fc.bias"]
    ours = zoo.create("lera", **TINY["lera"]).eval()
    ours.load_state_dict(zoo.import_checkpoint("lera", state, **sizes_not_in_a_file("lera")))
    inputs = inputs_of("lera", **TINY["lera"])
    with torch.no_grad():
        expected = theirs(*inputs).logits
        assert torch.equal(lean(*inputs).logits, expected)
        assert torch.equal(ours(*inputs).logits, expected)


def test_a_pretrained_encoder_becomes_a_network_with_a_fresh_classifier() -> None:
    theirs = shaken(zoo.create("mae_dfer", **TINY["mae_dfer"]))
    state = {f"encoder.{key}": value for key, value in published_state("mae_dfer", theirs).items()}
    state = {key: value for key, value in state.items() if ".head." not in key and ".fc_norm." not in key}
    state |= {"encoder.norm.weight": torch.ones(64), "decoder.blocks.0.norm1.weight": torch.ones(8)}
    ours = zoo.create("mae_dfer", **TINY["mae_dfer"])
    ours.load_state_dict(zoo.import_checkpoint("mae_dfer", state, **sizes_not_in_a_file("mae_dfer")))
    assert torch.equal(ours.trunk.blocks[1].mlp.up.weight, theirs.trunk.blocks[1].mlp.up.weight)
    assert ours.head.weight.std() > 0


def sizes_not_in_a_file(name: str) -> dict[str, Any]:
    """What no weight's shape tells: the length of a clip, its regions, a head's width."""
    hidden = ("frames", "image", "region") if name in ("lera", "mae_dfer", "videomae", "c3d", "resnet3d18") else ()
    hidden = (*hidden, "heads") if name == "mmnet_pc_module" else hidden
    return {key: value for key, value in TINY[name].items() if key in hidden} | (
        {"hidden": 16} if name == "c3d" else {}
    )


def first(output: Any) -> Any:
    return output[0] if isinstance(output, tuple) else output
