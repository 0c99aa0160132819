"""Field masks: `sheets(properties/title,data.rowData)`, to read a part and to write a part."""

import copy
import re
from typing import Any, TypeAlias

from tests.standins.sheets.errors import bad_request

Mask: TypeAlias = dict[str, Any]  # of masks; an empty one is all that is below


def parse(text: str) -> Mask:
    """The tree of a mask; `*` and "" are everything."""
    tokens = re.findall(r"[^,()./\s]+|[,()./]", text)
    mask, end = _parse(tokens, 0)
    if end != len(tokens):
        raise refusal(text)
    return mask


def _parse(tokens: list[str], at: int) -> tuple[Mask, int]:
    mask: Mask = {}
    node, name = mask, ""
    while at < len(tokens) and tokens[at] != ")":
        token = tokens[at]
        if token == ",":
            node = mask
        elif token in "./":
            node = node[name]
        elif token == "(":
            inner, at = _parse(tokens, at + 1)
            if at >= len(tokens):
                raise refusal("(")
            if name in node:
                node[name] |= inner
        else:
            name = token
            node.setdefault(name, {})
        at += 1
    return mask, at


def select(mask: Mask, value: Any) -> Any:
    """The part of an answer that a mask names. Lists are gone through item by item."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [select(mask, item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: select(mask[name], item) for name, item in value.items() if name in mask}


def has(mask: Mask, *path: str) -> bool:
    """Does the mask reach into that path, in whole or in part?"""
    for name in path:
        if not mask or "*" in mask:
            return True
        if name not in mask:
            return False
        mask = mask[name]
    return True


def assign(target: dict[str, Any], source: dict[str, Any], mask: Mask) -> None:
    """Write what the mask names from source to target; what source doesn't have is removed from target."""
    for name in list(source.keys() | target.keys()) if "*" in mask else list(mask):
        below = {} if "*" in mask else mask[name]
        if below and isinstance(source.get(name, {}), dict):
            inner = dict(target.get(name) or {})
            assign(inner, source.get(name) or {}, below)
            target[name] = inner
            if not inner:
                del target[name]
        elif name in source:
            target[name] = copy.deepcopy(source[name])
        else:
            target.pop(name, None)


def refusal(path: str) -> Exception:
    text = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    error = bad_request([(path, text)])
    error.message = "Request contains an invalid argument."
    return error
