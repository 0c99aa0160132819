"""Our networks, filled with the parity kit's weights under the published names, give the papers' own code's numbers."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.model.zoo.conftest import PARITY

torch = pytest.importorskip("torch", reason="torch is in requirements-dev.txt")
zoo = pytest.importorskip("model.zoo")

pytestmark = pytest.mark.torch

LARGE = ("lera_fusion_add", "mae_dfer", "videomae_vitb_160", "videomae_vitb_224")
SMALL = (
    "former_dfer",
    "ial",
    "mmnet",
    "mmnet_antialias",
    "mmnet_ca_module",
    "mmnet_ca_module_pos0",
    "mmnet_pc_module_d2m4",
    "mmnet_pc_module_d3m2",
    "poster_v2",
)
FIXTURES = [*SMALL, *(pytest.param(name, marks=pytest.mark.slow) for name in LARGE)]

# The kit's names of what our networks call otherwise.
OURS = {"ca_feature": "motion_feature", "aux2": "auxiliary2", "aux3": "auxiliary3"}


@pytest.mark.parametrize("name", FIXTURES)
def test_every_case_matches_within_its_tolerance(name: str, parity: ModuleType) -> None:
    fixture = parity.load(PARITY / f"{name}.json")
    network = zoo.create(name).eval()
    assert sum(parameter.numel() for parameter in network.parameters()) == fixture["params"]
    for case, expected in fixture["cases"].items():
        scheme, kind = case.split("/")
        network.load_state_dict(zoo.import_checkpoint(name, weights(parity, fixture, scheme)))
        inputs = [torch.from_numpy(parity.make_input(title, shape, kind)) for title, shape in fixture["inputs"]]
        with torch.no_grad():
            output = network(*inputs)
        known = [key for key in expected["outputs"] if key != "logits_concat"]
        answers = {key: getattr(output, OURS.get(key, key)).numpy() for key in known}
        assert not parity.compare(fixture, answers, case)
        for probe, tensor in probes(name, output):
            assert_summary(parity.summary(tensor), expected["probes"][probe])


@pytest.mark.slow
def test_the_concatenating_fusion_matches_too(parity: ModuleType) -> None:
    fixture = parity.load(PARITY / "lera_fusion_add.json")
    state = weights(parity, fixture, "fanin")
    state["head.weight"] = parity.fill("head.weight", (7, 1024))
    network = zoo.create("lera", fusion="concat").eval()
    network.load_state_dict(zoo.import_checkpoint("lera", state))
    with torch.no_grad():
        output = network(torch.from_numpy(parity.make_input("clip", (1, 3, 16, 160, 160), "clip")))
    assert not parity.compare(fixture, {"logits_concat": output.logits.numpy()}, "fanin/clip")


def test_the_kit_has_no_fixture_that_is_not_tried(parity: ModuleType) -> None:
    assert parity.selfcheck()[0]
    found = {path.stem for path in Path(PARITY).glob("*.json")} - {"preproc"}
    assert found == {*SMALL, *LARGE}


def weights(parity: ModuleType, fixture: dict[str, Any], scheme: str) -> dict[str, Any]:
    """The fixture's whole state_dict under its own names; counters and tables of places are zeros there."""
    whole = fixture["nonfloat"]
    return {
        key: np.zeros(shape, np.int64) if key in whole else parity.fill(key, shape, scheme)
        for key, shape in fixture["state_dict"]
    }


def probes(name: str, output: Any) -> list[tuple[str, Any]]:
    """What the kit only knows by its summary."""
    if name.startswith("mmnet_ca_module"):
        return [("attn1", output.attention.numpy())]
    return [("tokens", output.numpy())] if name.startswith("mmnet_pc_module") else []


def assert_summary(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found["shape"] == expected["shape"]
    for key in ("mean", "std", "l2", "first", "last"):
        assert found[key] == pytest.approx(expected[key], rel=1e-5, abs=1e-5)
