"""`python -m model import`: the papers' published files, read without running anything that is in them.

A published file is a pickle, and a pickle can run code. torch's restricted reader builds tensors and plain containers
only; we add `argparse.Namespace`, which MAE-DFER's training stores beside the weights. The progress records of POSTER
V2 and Former-DFER are replaced by empty objects, so their classes are never looked for.
"""

import argparse
import pickle
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import is_zipfile

import torch
from torch import nn

from lera.errors import LeraError
from model.zoo.importing import State
from model.zoo.registry import NETWORKS, base_name, create, found_sizes, import_checkpoint, network_of, sized

WRAPPINGS: Final = ("model", "module", "state_dict")
FORMAT: Final = "lera-zoo-1"


class Unread:
    """Stands for an object in a published file that nothing reads; whatever the file says of it is forgotten."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


# The recorders of the accuracy curves, and the numpy arrays inside. None of these names is ever imported.
UNREAD_NAMES: Final = (
    "__main__.RecorderMeter",
    "__main__.RecorderMeter1",
    *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    "numpy.ndarray",
    "numpy.dtype",
)
SAFE: Final[list[Callable[..., Any] | tuple[Callable[..., Any], str]]] = [
    argparse.Namespace,
    *((Unread, name) for name in UNREAD_NAMES),
]


@dataclass(frozen=True)
class Found:
    """What a published file holds: its entries under the file's own names, where they lay, and the file's epoch."""

    state: dict[str, object]
    wrapping: str
    epoch: object


def read_published(path: Path) -> Found:
    """The weights in a published file, unwrapped. Raises LeraError when it is unsafe, damaged or holds none."""
    content = load_safely(path)
    if not isinstance(content, Mapping):
        raise LeraError(f"{path.name} holds no weights but a {type(content).__name__}")
    for wrapping in WRAPPINGS:
        inside = content.get(wrapping)
        if isinstance(inside, Mapping):
            return Found(tensors(inside), f"`{wrapping}`", content.get("epoch"))
    found = tensors(content)
    if not found:
        if "param_groups" in content:
            # POSTER V2's training saves this as its best file, by a slip; the other file has the weights.
            raise LeraError(f"{path.name} holds the state of an optimizer, not a network's weights")
        keys = ", ".join(map(str, list(content)[:5])) or "nothing"
        raise LeraError(f"{path.name} holds no weights: they would be under {', '.join(WRAPPINGS)}, but it has {keys}")
    return Found(found, "the file itself", None)


def load_safely(path: Path) -> object:
    """A torch file's content, with torch's restricted reader. Raises LeraError in one line."""
    try:
        with torch.serialization.safe_globals(SAFE), warnings.catch_warnings():
            # torch warns of old formats and other pickles before it refuses them; the refusal says enough.
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise LeraError(f"there is no file {path}") from None
    except pickle.UnpicklingError as error:
        foreign = re.search(r"GLOBAL (\S+)|function <[^>]*?(\w+)>", str(error))
        if foreign:
            what = foreign[1] or foreign[2]
            raise LeraError(f"{path.name} is refused: it would run `{what}`, and weights need no code") from None
        raise LeraError(f"{path.name} is not a torch checkpoint, or it is damaged") from None
    except (EOFError, RuntimeError, ValueError, KeyError, IndexError, TypeError, AttributeError, OSError) as error:
        if isinstance(error, IsADirectoryError):
            raise LeraError(f"{path} is a folder, not a file") from None
        kind = "it is damaged or not finished" if is_zipfile(path) else "it is damaged, not finished, or something else"
        raise LeraError(f"{path.name} is not a torch checkpoint: {kind}") from None


def tensors(content: Mapping[Any, object]) -> dict[str, object]:
    """The entries that are tensors."""
    return {str(key): value for key, value in content.items() if isinstance(value, torch.Tensor)}


def import_file(name: str, path: Path, **sizes: object) -> tuple[dict[str, object], State, Found]:
    """A published file as sizes and state_dict of our network, and what was found. Raises LeraError."""
    network_of(name)
    found = read_published(path)
    try:
        given = found_sizes(name, found.state) | sizes
        return given, import_checkpoint(name, found.state, **sizes), found
    except LeraError as error:
        raise LeraError(f"{path.name}: {error}") from None


def save(path: Path, name: str, sizes: Mapping[str, object], state: Mapping[str, torch.Tensor]) -> None:
    """Write a network of ours: its name, its sizes and its weights, nothing else."""
    network, _ = network_of(name)
    every = asdict(sized(name, network, sizes))
    torch.save({"format": FORMAT, "network": base_name(name), "sizes": every, "state": dict(state)}, path)


def load(path: Path) -> tuple[str, nn.Module]:
    """A network that `save` wrote, ready to run: its name and itself. Raises LeraError."""
    content = load_safely(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise LeraError(
            f"{path.name} is not a network of LERA's; `python -m model import` makes one of a published file"
        )
    try:
        name = content["network"]
        network = create(name, **content["sizes"])
        network.load_state_dict(content["state"])
    except (KeyError, TypeError, RuntimeError):
        raise LeraError(f"{path.name} is damaged: its weights do not fit its own sizes") from None
    return name, network.eval()


def main(argv: list[str] | None = None) -> int:
    """`python -m model import lera checkpoint-best.pth`. Raises LeraError."""
    parser = argparse.ArgumentParser(
        prog="python -m model import", description="Bring a paper's published weights into LERA's own network."
    )
    parser.add_argument("network", help=f"one of {', '.join(NETWORKS)}")
    parser.add_argument("file", type=Path, help="the published file, as it is")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write (default: beside it, as NAME.lera.pt)")
    arguments = parser.parse_args(argv)
    sizes, state, found = import_file(arguments.network, arguments.file)
    target = arguments.out or arguments.file.with_name(f"{arguments.file.stem}.lera.pt")
    save(target, arguments.network, sizes, state)
    for line in described(arguments.network, sizes, found):
        print(line)
    print(f"Written: {target}")
    return 0


def described(name: str, sizes: Mapping[str, object], found: Found) -> list[str]:
    """What was found in a published file, in a few lines."""
    network, _ = network_of(name)
    every = sized(name, network, sizes)
    with torch.device("meta"):
        parameters = sum(value.numel() for value in network.build(every).parameters())
    head = f"Found {len(found.state)} tensors in {found.wrapping}" + (f", epoch {found.epoch}" if found.epoch else "")
    told = ", ".join(f"{key} {value}" for key, value in sizes.items())
    return [f"{head}.", f"It is {name}: {parameters:,} parameters; {told}."]
