"""The weights of the papers' own code, under our names.

A network of the zoo has its own structure and says, as a list of renames, what each of its parameters is called in the
published file. Several of ours that end up with one name are its equal parts, in order: a fused `qkv.weight` is cut
into our query, key and value.
"""

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lera.errors import LeraError
from model.zoo.spare import PREFIX, published_name

Renames = Sequence[tuple[str, str]]
State = dict[str, Tensor]

# Entries that say nothing: counters of BatchNorm, tables that follow from the sizes.
DERIVED = re.compile(r"(^|\.)(num_batches_tracked|relative_position_index)$")


class Reference:
    """A state_dict of the papers' code, with questions about it that end in a clear refusal."""

    def __init__(self, name: str, state: Mapping[str, object]) -> None:
        self.name = name
        entries, self.pretrained = unwrapped(state)
        self.state: State = {key: as_tensor(name, key, value) for key, value in entries.items()}

    def __contains__(self, key: str) -> bool:
        return key in self.state

    def shape(self, key: str, dimensions: int) -> tuple[int, ...]:
        """The shape of one entry. Raises LeraError when it is absent or has other dimensions."""
        if key not in self.state:
            raise self.missing(key)
        shape = tuple(self.state[key].shape)
        if len(shape) != dimensions:
            raise self.refusal(f"`{key}` has shape {shape}, expected {dimensions} dimensions")
        return shape

    def count(self, pattern: str) -> int:
        """How many different numbers stand where `pattern` has its group: the depth of a stack of blocks."""
        return len({match[1] for key in self.state if (match := re.match(pattern, key))})

    def classes(self, head: str) -> dict[str, object]:
        """The number of classes, if the file has a classifier."""
        return {"classes": self.shape(head, 2)[0]} if head in self else {}

    def refusal(self, what: str) -> LeraError:
        """The error that says why this is not a file of the network."""
        return LeraError(f"this is not a {self.name} checkpoint: {what}")

    def missing(self, key: str) -> LeraError:
        """The refusal for an absent entry, with the first entry that is there, which tells what the file is instead."""
        return self.refusal(f"`{key}` is missing (it begins with `{next(iter(self.state), 'nothing')}`)")


def translated(reference: Reference, ours: State, renames: Renames, unread: str | None = None) -> State:
    """`reference` under our names; every entry is checked against `ours`, the fresh network's own state.

    `unread` is the pattern of what the papers' code registers and never calls: it may be absent, and it is dropped
    where the network has no place for it. The classifier of a pre-trained file may be absent and stays fresh.
    Raises LeraError that names the first mismatch.
    """
    parts: dict[str, list[str]] = {}
    for key in ours:
        parts.setdefault(renamed(key, renames), []).append(key)
    state: State = {}
    for theirs, keys in parts.items():
        if theirs not in reference:
            if not may_be_absent(theirs, keys[0], reference.pretrained):
                raise reference.missing(theirs)
            state |= {key: fresh(ours[key]) for key in keys}
            continue
        value = reference.state[theirs]
        if DERIVED.search(theirs):
            state[keys[0]] = torch.as_tensor(value).reshape(ours[keys[0]].shape).to(ours[keys[0]].dtype)
            continue
        shape = tuple(ours[keys[0]].shape)
        expected = (shape[0] * len(keys), *shape[1:]) if len(keys) > 1 else shape
        if tuple(value.shape) != expected:
            raise reference.refusal(f"`{theirs}` has shape {tuple(value.shape)}, expected {expected}")
        if not bool(torch.isfinite(value).all()):
            raise reference.refusal(f"`{theirs}` holds values that are not numbers")
        for key, part in zip(keys, value.chunk(len(keys)) if len(keys) > 1 else [value], strict=True):
            state[key] = part.detach().clone().to(ours[key].dtype)
    refuse_unknown(reference, parts, unread)
    return state


def may_be_absent(theirs: str, ours: str, pretrained: bool) -> bool:
    """Whether a file may lack an entry: derived, never read, or the classifier of a pre-trained one."""
    classifier = pretrained and theirs.startswith(("head.", "fc_norm."))
    return classifier or ours.startswith(PREFIX) or DERIVED.search(theirs) is not None


def fresh(value: Tensor) -> Tensor:
    """What stands for an absent entry: the network's own start, or zeros where only its shape is known."""
    return torch.zeros(value.shape, dtype=value.dtype) if value.is_meta else value.clone()


def refuse_unknown(reference: Reference, known: Mapping[str, object], unread: str | None) -> None:
    """Raises LeraError for the first entry of the file that the network has no place for."""
    for key in reference.state:
        if not (key in known or DERIVED.search(key) or (unread and re.match(unread, key))):
            raise reference.refusal(f"`{key}` is unknown to it")


def renamed(key: str, renames: Renames) -> str:
    """The published name of one of our parameters."""
    if key.startswith(PREFIX):
        return published_name(key)
    for pattern, replacement in renames:
        key = re.sub(pattern, replacement, key)
    return key


def unwrapped(state: Mapping[str, object]) -> tuple[dict[str, object], bool]:
    """Without the `module.` of DataParallel; of a pre-trained file only the encoder, and whether it was one."""
    entries = dict(state)
    if entries and all(key.startswith("module.") for key in entries):
        entries = {key.removeprefix("module."): value for key, value in entries.items()}
    for prefix in ("encoder.", "backbone."):
        inside = {key.removeprefix(prefix): value for key, value in entries.items() if key.startswith(prefix)}
        if inside:
            # The encoder's last norm is not the classifier's; the decoder only served the pre-training.
            return {key: value for key, value in inside.items() if not key.startswith("norm.")}, True
    return entries, False


def as_tensor(name: str, key: str, value: object) -> Tensor:
    """One entry as a tensor. Raises LeraError when it is none."""
    try:
        return torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        raise LeraError(f"this is not a {name} checkpoint: `{key}` holds no numbers") from None
