"""Parameters that published files carry and that no network reads."""

from collections.abc import Mapping

import torch
from torch import nn

PREFIX = "spare."


class Spare(nn.Module):
    """Holds dead parameters under the names of the published file, so that counts agree and nothing is lost on import.

    A network keeps them in an attribute called `spare`, and only if its sizes say so.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__()
        for name, shape in shapes.items():
            # A parameter's name may not hold a dot.
            self.register_parameter(name.replace(".", "__"), nn.Parameter(torch.zeros(shape)))


def published_name(key: str) -> str:
    """The file's name of a spare parameter: `spare.cablock__fc__weight` is `cablock.fc.weight`."""
    return key.removeprefix(PREFIX).replace("__", ".")
