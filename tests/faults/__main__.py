"""`python -m tests.faults --minutes 60 --seed 1`: the long run. Says what was done and found; fails with a finding.

Time is the world's: an hour takes about ten minutes. With the same seed the same faults come in the same order, though
what the machine's threads and sockets make of it may differ by a moment.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.faults.run import Broken, Run, fault_run
from tests.night_loop import through_the_night

LEAST_IN_AN_HOUR = 500


def main(argv: list[str] | None = None) -> int:
    """Run, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Faults over all of LERA, seeded.")
    parser.add_argument("--minutes", type=float, default=60.0, help="of the world's time (default 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=2, help="nodes beside the bot's own hub (default 2; 0: no NATS)")
    arguments = parser.parse_args(argv)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lera-faults-") as folder:
        os.environ["LERA_HOME"] = folder
        least = round(LEAST_IN_AN_HOUR * arguments.minutes / 60)
        work = fault_run(
            arguments.seed, 60 * arguments.minutes, Path(folder), least, arguments.nodes,
            lambda line: print(line, flush=True),
        )  # fmt: skip
        try:
            run = through_the_night(work)
        except ExceptionGroup as group:
            findings, others = group.split(Broken)
            if findings is None or others is not None:
                raise
            for finding in findings.exceptions:
                print(f"Seed {arguments.seed} found: {finding}")
            return 1
    print(told(run, time.monotonic() - began))
    return 0


def told(run: Run, seconds: float) -> str:
    """A run without a finding, in a few lines."""
    kinds = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(run.counts.items()))
    toxics = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(run.toxics.items()))
    slowest = max(run.recovery, default=0.0)
    return "\n".join(
        [
            f"{run.seconds / 60:.1f} minutes of the world in {seconds / 60:.1f} of ours, {run.counts.total()} faults:",
            f"  {kinds}",
            f"  of the lines: {toxics}",
            f"{run.moods} moods were looked at; {len(run.voters)} times all was compared with the model, and was right",
            f"within {median(run.recovery):.1f} s in the median and {slowest:.1f} s at most,",
            f"with {median(run.voters):g} votes in the median and {max(run.voters)} at most.",
            f"{len(run.shown)} seconds of history are in order, and as they were shown; of the questions in",
            f"chat {run.asked} were answered, each once. No finding.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
