"""`python -m bench.history`: what it costs that no row is lost in a power cut, against a file that may lose minutes.

Both write the same seconds by turns, each to a file of its own: `synchronous = FULL` waits for the disk with each row,
`NORMAL` only now and then. A show writes one row a second, in a thread of its own.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bot.crowd import Mood, Part
from bot.history import History
from transport.reading import Probabilities

SEVEN: Probabilities = (0.5, 0.25, 0.1, 0.06, 0.04, 0.03, 0.02)
BASELINE, OURS = "NORMAL", "FULL"


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("--rows", type=int, default=1000, help="of each kind (default 1000)")
    parser.add_argument(
        "--folder", type=Path, help="on the disk to be measured (default: the system's for such things)"
    )
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        files = {kind: _open(Path(folder), kind) for kind in (BASELINE, OURS)}
        times: dict[str, list[float]] = {kind: [] for kind in files}
        spent = dict.fromkeys(files, 0.0)
        for number in range(arguments.rows):
            mood = Mood(1000.0 + number, 50, 3, SEVEN, None, 0.1, 0.2, faces=Part(50))
            for kind, history in files.items():
                began, cpu = time.perf_counter(), time.thread_time()
                history.add(1, mood)
                times[kind].append(time.perf_counter() - began)
                spent[kind] += time.thread_time() - cpu
        for history in files.values():
            history.close()
    for kind in files:
        cost = 1e6 * spent[kind] / arguments.rows
        print(f"synchronous = {kind:6}: {1e3 * median(times[kind]):.2f} ms a row in the median, "
              f"{1e3 * max(times[kind]):.1f} ms at most, {cost:.0f} us of processor time")  # fmt: skip
    print(f"{OURS} takes {median(times[OURS]) / median(times[BASELINE]):.1f} times as long as {BASELINE}, and "
          f"{spent[OURS] / spent[BASELINE]:.2f} times its processor time; of each second it is "
          f"{100 * median(times[OURS]):.1f} %.")  # fmt: skip
    return 0


def _open(folder: Path, kind: str) -> History:
    history = History(folder / f"{kind}.sqlite3")
    history.begin("bench", 1000.0)
    with history._file._lock:
        assert history._file._database is not None
        history._file._database.execute(f"PRAGMA synchronous = {kind}")
    return history


if __name__ == "__main__":
    sys.exit(main())
