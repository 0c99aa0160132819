"""What the zoo's tests share: the parity kit, tiny networks, and the files that the papers' code would have written."""

import importlib.util
import os
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import SHARED

# Threads that spin while they wait slow each other down many times over on a busy machine. Torch reads this once.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

PARITY = SHARED / "parity"

# Small enough for a test, large enough that every part has a shape of its own.
TINY: Mapping[str, dict[str, Any]] = {
    "mae_dfer": {"frames": 4, "image": 32, "dim": 64, "depth": 2, "heads": 1, "region": (1, 1, 2)},
    "lera": {
        "frames": 4,
        "image": 64,
        "dim": 64,
        "depth": 2,
        "heads": 1,
        "region": (1, 2, 4),
        "stem": 6,
        "widths": (8, 8, 16, 32),
    },
    "videomae": {"frames": 4, "image": 32, "dim": 64, "depth": 2, "heads": 1},
    "mmnet": {"image": 64, "stem": 6, "widths": (8, 16), "depth": 1},
    "mmnet_ca_module": {"stem": 6, "widths": (8, 8, 16), "side": 20},
    "mmnet_pc_module": {"dim": 16, "depth": 1, "positions": 9},
    "poster_v2": {"depth": 1},
    "former_dfer": {"frames": 4, "image": 64},
    "ial": {"frames": 4, "image": 64},
    "c3d": {"frames": 16, "image": 32, "hidden": 16},
    "resnet3d18": {"frames": 4, "image": 32},
    "action_units": {},
    "merlb": {
        "steps": 3,
        "face": 16,
        "screen": 32,
        "samples": 900,
        "stem": 8,
        "face_widths": (16, 24),
        "screen_widths": (8, 16, 24),
        "sound": 6,
        "feature": 24,
        "units": 5,
        "modes": (2, 3, 6, 3, 2),
        "outputs": (2, 2, 1, 2, 1),
        "ranks": (1, 2, 3, 3, 2, 1),
        "hidden": 8,
    },
}
# They were published as no file that could be imported.
UNPUBLISHED = ("action_units", "merlb")


@pytest.fixture(scope="session")
def parity() -> ModuleType:
    """The parity kit's own module."""
    if not (PARITY / "parity.py").exists():
        pytest.skip(f"the parity kit is not at {PARITY}")
    spec = importlib.util.spec_from_file_location("parity", PARITY / "parity.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def published_state(name: str, module: Any) -> dict[str, Any]:
    """The state_dict of one of our networks as the papers' code names and fuses it."""
    import torch

    from model.zoo import network_of
    from model.zoo.importing import renamed

    network, _ = network_of(name)
    parts: dict[str, list[Any]] = {}
    for key, value in module.state_dict().items():
        parts.setdefault(renamed(key, network.names), []).append(value)
    return {key: torch.cat(values) if len(values) > 1 else values[0] for key, values in parts.items()}


def inputs_of(name: str, batch: int = 1, **sizes: Any) -> list[Any]:
    """Repeatable random inputs of a network."""
    import torch

    from model.zoo import network_of
    from model.zoo.registry import sized

    network, given = network_of(name)
    shapes = network.inputs(sized(name, network, given | sizes))
    generator = torch.Generator().manual_seed(7)
    return [torch.randn(batch, *shape, generator=generator) for shape in shapes]


def shaken(module: Any, seed: int = 3) -> Any:
    """The network with random weights everywhere, so that no branch is near silent; in evaluation mode."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    for key, value in module.state_dict().items():
        if key.endswith(("running_var", "deviation")):
            value.uniform_(0.5, 1.5, generator=generator)
        elif value.is_floating_point():
            value.normal_(0.0, 0.2, generator=generator)
    return module.eval()
