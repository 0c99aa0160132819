"""What a training starts from: fresh weights, weights of ours, or a published file, pre-trained or fine-tuned."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from lera.errors import LeraError
from model.zoo import found_sizes, import_checkpoint, network_of
from model.zoo.checkpoint import FORMAT, load_safely, read_published
from model.zoo.registry import base_name


def start_from(path: Path, name: str, network: nn.Module) -> list[str]:
    """Put the weights of a file into the network, as far as they are the same; returns what that was, in words.

    MAE-DFER's weights are the trunk of LERA; the other branch starts fresh then. Raises LeraError when no part of the
    file fits, or one that should fit has another shape.
    """
    content = load_safely(path)
    if isinstance(content, dict) and content.get("format") == FORMAT:
        return taken(path, content["state"], network)
    published = read_published(path).state
    names = [base_name(name), *(["mae_dfer"] if base_name(name) == "lera" else [])]
    reason = ""
    for each in names:
        try:
            state = import_checkpoint(each, published, **regions(each, network))
        except LeraError as error:
            reason = reason or str(error)
            continue
        return taken(path, state, network)
    raise LeraError(f"{path.name}: {reason}")


def regions(name: str, network: nn.Module) -> dict[str, Any]:
    """The sizes that no published file tells: how our network cuts its clip."""
    del name
    sizes = getattr(network, "sizes", getattr(getattr(network, "trunk", None), "sizes", None))
    if sizes is None:
        return {}
    return {key: getattr(sizes, key) for key in ("frames", "image", "region", "heads") if hasattr(sizes, key)}


def taken(path: Path, state: Mapping[str, Tensor], network: nn.Module) -> list[str]:
    """Copy every entry that the network has too. A classifier for other classes is left fresh."""
    ours = network.state_dict()
    fitting = {}
    for key, value in state.items():
        if key not in ours or (key.startswith("head.") and value.shape != ours[key].shape):
            continue
        if value.shape != ours[key].shape:
            raise LeraError(
                f"{path.name} does not fit: `{key}` has shape {tuple(value.shape)}, expected {tuple(ours[key].shape)}"
            )
        fitting[key] = value
    if not any(key.startswith(("trunk.", "blocks.", "patches.")) or "." in key for key in fitting):
        raise LeraError(f"{path.name} holds nothing that this network has")
    network.load_state_dict(ours | fitting)
    fresh = sorted({key.split(".")[0] for key in ours if key not in fitting})
    told = [f"started from {path.name}: {len(fitting)} of {len(ours)} tensors"]
    return told + ([f"fresh: {', '.join(fresh)}"] if fresh else [])


def known_sizes(name: str, path: Path) -> dict[str, Any]:
    """What the file tells about the sizes of `name`, for those that the caller does not set."""
    content = load_safely(path)
    network, _ = network_of(name)
    if isinstance(content, dict) and content.get("format") == FORMAT:
        found: dict[str, Any] = dict(content["sizes"])
    else:
        published = read_published(path).state
        try:
            found = dict(found_sizes(name, published))
        except LeraError:
            if base_name(name) != "lera":
                raise
            found = dict(found_sizes("mae_dfer", published))
    own = {field.name for field in fields(network.sizes)} - {"classes", "drop_path", "trim"}
    return {key: value for key, value in found.items() if key in own}
