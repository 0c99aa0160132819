"""Repeatable weights and clips for measuring and testing, where trained ones can't be had or don't matter.

Matrices are normal with a deviation of 1/sqrt(inputs), so that attention is far from even and every branch is heard.
What such a network says of a face means nothing.
"""

import math
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.clip import FRAMES, Floats, Pixels, normalised


def filled(network: nn.Module) -> nn.Module:
    """The network with weights that depend on their names and shapes only; in evaluation mode."""
    state = network.state_dict()
    for name, value in state.items():
        if value.is_floating_point():
            state[name] = torch.from_numpy(weights(name, tuple(value.shape)))
    network.load_state_dict(state)
    return network.eval()


def evened(network: Any, clips: Sequence[Floats]) -> nn.Module:
    """The network with its classifier's bias set so that its answers to these clips differ.

    Random weights else give every clip the same answer, and keeping that proves nothing.
    """
    with torch.inference_mode():
        logits = torch.cat([network(torch.from_numpy(clip[None]))[0] for clip in clips])
    with torch.no_grad():
        network.head.bias -= logits.mean(0)
    return network  # type: ignore[no-any-return]


def weights(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The values of one parameter: kernels as above, norms near identity, biases and tokens small."""
    normal = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape)
    if name.endswith("running_var"):
        normal = 0.6 + 0.2 * abs(normal)
    elif name.endswith("region_tokens"):
        normal *= 0.2
    elif name.endswith("gate.0.weight"):
        # The maps of the CA branch stay near a half; they are multiplied, and else nothing would be left of it.
        normal *= 0.3
    elif len(shape) > 1:
        # A ReLU, which halves what passes, follows the convolutions.
        normal *= math.sqrt((1.0 if len(shape) == 2 else 2.0) / math.prod(shape[1:]))
    elif name.endswith("weight"):
        normal = 1.0 + 0.1 * normal
    else:
        normal *= 0.05
    return np.asarray(normal, np.float32)


def random_frames(seed: int, side: int, frames: int = FRAMES) -> Pixels:
    """RGB frames (T, side, side, 3): coarse coloured blocks that drift, of a contrast and light that differ by seed."""
    random = np.random.default_rng(seed)
    cell = int(random.integers(4, 33))
    blocks = random.integers(0, 256, (side // cell + 3, side // cell + 3, 3))
    picture = np.kron(blocks, np.ones((cell, cell, 1)))
    down, across = random.integers(-3, 4, 2)
    drifted = np.stack([np.roll(picture, (down * t, across * t), (0, 1))[:side, :side] for t in range(frames)])
    light, contrast = random.uniform(60, 190), random.uniform(0.2, 1.0)
    grain = random.normal(0, random.uniform(0, 40), drifted.shape)
    return np.clip(light + contrast * (drifted - 127.5) + grain, 0, 255).astype(np.uint8)


def random_clip(seed: int, side: int, frames: int = FRAMES) -> Floats:
    """`random_frames` as a network reads them: (3, T, side, side)."""
    return normalised(random_frames(seed, side, frames))
