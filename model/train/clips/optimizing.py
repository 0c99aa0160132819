"""AdamW with layer-wise rates, and how the rate goes over a run.

AdamW: Loshchilov & Hutter, ICLR 2019. Layer-wise decay of the rate: Clark et al., "ELECTRA", ICLR 2020, as BEiT and
VideoMAE took it up: the last layers learn at the full rate, each one before at `decay` times the next one's.
"""

import math
import re
from collections.abc import Iterable
from typing import Any, Final

import torch
from torch import nn

STEM: Final = re.compile(r"^(trunk\.)?(patches\.|positions$)")
BLOCK: Final = re.compile(r"^(trunk\.)?blocks\.(\d+)\.")
UNDECAYED: Final = re.compile(r"(region_tokens|mask_token|positions)$")


def layer_of(name: str, depth: int) -> int:
    """0 for the patches, 1 … depth for the blocks of the trunk, depth + 1 for all that is after or beside it.

    LERA's motion branch and the region tokens count as the last layer, as in the published code.
    """
    if STEM.search(name):
        return 0
    block = BLOCK.search(name)
    return int(block[2]) + 1 if block else depth + 1


def depth_of(names: Iterable[str]) -> int:
    """How many blocks the trunk has; 0 for a network without numbered blocks, all of which then learns alike."""
    return max((int(found[2]) + 1 for name in names if (found := BLOCK.search(name))), default=0)


def parameter_groups(network: nn.Module, weight_decay: float, layer_decay: float) -> list[dict[str, Any]]:
    """Groups for AdamW, each with its `scale` of the rate. Biases, norms and tokens have no weight decay."""
    named = [(name, value) for name, value in network.named_parameters() if not name.startswith("spare.")]
    depth = depth_of(name for name, _ in named)
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, value in named:
        layer = layer_of(name, depth) if depth else 1
        plain = value.ndim <= 1 or UNDECAYED.search(name) is not None
        fresh = {
            "params": [],
            "names": [],
            "weight_decay": 0.0 if plain else weight_decay,
            "scale": layer_decay ** (depth + 1 - layer),
        }
        group = groups.setdefault((layer, plain), fresh)
        group["params"].append(value)
        group["names"].append(name)
    return [groups[key] for key in sorted(groups)]


def adamw(
    network: nn.Module, rate: float, betas: tuple[float, float], weight_decay: float, layer_decay: float = 1.0
) -> torch.optim.AdamW:
    """The optimizer; the step's rate is set by `set_rate`."""
    groups = parameter_groups(network, weight_decay, layer_decay)
    for group in groups:
        del group["names"]
    return torch.optim.AdamW(groups, lr=rate, betas=betas)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """The rate of the last layer; every other group has its share of it."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]


def rate_at(step: int, steps: int, warm: int, rate: float, floor: float) -> float:
    """The rate of one step: a straight line up over `warm` steps, then half a cosine down to `floor`."""
    if step < warm:
        return floor + (rate - floor) * step / warm
    turn = (step - warm) / max(steps - warm, 1)
    return floor + (rate - floor) * 0.5 * (1.0 + math.cos(math.pi * min(turn, 1.0)))
