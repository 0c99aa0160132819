"""`python -m tests.fuzz --minutes 10`: each target in turn, for an equal part of the time, with new examples.

Prints how many were tried; what is found is printed as its smallest example and saved in `tests/fuzz/corpus`, where
the tests replay it from then on.
"""

import argparse
import os
import random
import sys
import tempfile
import time

from tests.fuzz import corpus
from tests.fuzz.targets import TARGETS, Finding, explore, replay

BATCH = 200


def main() -> int:
    """Look for findings; 1 when there are any."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description="Fuzz every decoder that strangers reach."
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="time for all targets together")
    parser.add_argument("--target", choices=[*TARGETS], action="append", help="only this one; may be given again")
    chosen = parser.parse_args()
    names = chosen.target or list(TARGETS)
    findings = 0
    with tempfile.TemporaryDirectory() as home:
        # The user's own keys and history are not for this.
        os.environ["LERA_HOME"] = home
        for name in names:
            findings += not _fuzzed(name, 60 * chosen.minutes / len(names))
    print(f"{findings} findings in {len(names)} targets", flush=True)
    return 1 if findings else 0


def _fuzzed(name: str, seconds: float) -> bool:
    target, tried, until = TARGETS[name], 0, time.monotonic() + seconds
    try:
        with target.around():
            tried += replay(target)
            while time.monotonic() < until:
                tried += explore(target, BATCH if target.examples >= 100 else BATCH // 4, random.getrandbits(32))
    except Finding as finding:
        corpus.add(name, finding.example)
        print(f"{name}: after {tried} examples: {finding}", flush=True)
        return False
    print(f"{name}: {tried} examples, nothing found", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
