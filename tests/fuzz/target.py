"""One decoder to be fuzzed."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from hypothesis import strategies as st


def _nothing() -> AbstractContextManager[Any]:
    return nullcontext()


class Target(NamedTuple):
    """`check` raises when the decoder breaks its word about one of `inputs`; `around` is what it needs to be there.

    `with_text` makes an input of one of the texts in `corpus/strings.json`; None: it takes none. `examples` are tried
    in a normal run.
    """

    name: str
    inputs: st.SearchStrategy[Any]
    check: Callable[[Any], None]
    examples: int = 100
    around: Callable[[], AbstractContextManager[Any]] = _nothing
    with_text: Callable[[str], Any] | None = None


def holds(fact: bool, *about: object) -> None:
    """Raise AssertionError unless it is so. An assert would be one, too; this one is told whatever `-O` says."""
    if not fact:
        raise AssertionError(" ".join(map(repr, about)))
