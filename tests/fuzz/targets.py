"""All targets, and how one is tried: its corpus, then examples of hypothesis's."""

from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz import bus, chat, corpus, frames, nodes, pages, partials, tokens
from tests.fuzz.target import Target

MODULES: Final = (bus, frames, partials, nodes, tokens, chat, pages)
TARGETS: Final = {target.name: target for module in MODULES for target in module.TARGETS}


class Finding(Exception):
    """A decoder broke its word about `example`, the smallest that was found."""

    def __init__(self, example: Any, fault: BaseException) -> None:
        super().__init__(f"{type(fault).__name__}: {str(fault)[:2000]}\n  with {repr(example)[:2000]}")
        self.example = example
        self.fault = fault


def replay(target: Target) -> int:
    """Try what was saved, and say how many there were. Raises Finding."""
    saved = corpus.read(target.name)
    if target.with_text is not None:
        saved += [target.with_text(each) for each in corpus.read("strings")]
    for example in saved:
        try:
            target.check(example)
        except Exception as fault:
            raise Finding(example, fault) from fault
    return len(saved)


def explore(target: Target, examples: int, start: int | None = None) -> int:
    """Try new examples, the same ones every time unless there is a `start`; says how many. Raises Finding."""
    tried = 0
    last: Any = None

    def check(example: Any) -> None:
        nonlocal tried, last
        tried, last = tried + 1, example
        target.check(example)

    # No deadline, since a test mustn't fail for a busy machine; no database, since a run mustn't depend on the last.
    chosen = settings(
        max_examples=examples, deadline=None, database=None, derandomize=start is None, report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    trial = chosen(given(target.inputs)(check))
    try:
        (seed(start)(trial) if start is not None else trial)()
    except Exception as fault:
        # What happened once and not again says what it was inside of it.
        inner = fault.exceptions[0] if isinstance(fault, ExceptionGroup) else fault
        # Hypothesis tries the smallest one last.
        raise Finding(last, inner) from fault
    return tried
