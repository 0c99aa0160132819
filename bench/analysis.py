"""What `analyse` costs: `python -m bench.analysis [FILE] [--seconds N]`.

Processor time as a share of the file's own length, for each modality and for all, and as ratios against decoding alone,
which is the baseline of the same run. Without FILE a sample face speaks with held-out RAVDESS voices, nearly without a
pause, which is the most that words can cost.
"""

import argparse
import tempfile
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from analysis.media import Recording
from analysis.reading import read
from analysis.senses import LoadedSenses
from model.modalities import MODALITIES, Modality
from streamer_agent.settings import StreamerSettings
from tests.talk import make_talk


def spent(work: Callable[[], object]) -> float:
    """Processor seconds of this process that a piece of work takes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def decoded(path: Path) -> None:
    """Decode all that would be read, and drop it."""
    recording = Recording(path)
    if recording.pictures:
        deque(recording.frames(8.0), maxlen=0)
    if recording.sound:
        deque(recording.blocks(), maxlen=0)


def analysed(path: Path, without: set[Modality]) -> None:
    """Read the file without some of the modalities."""
    with LoadedSenses(StreamerSettings(), without) as senses:
        read(path, senses, lambda _done, _whole: None)


def measure(path: Path) -> None:
    """Print the table."""
    length = Recording(path).length or 1.0
    base = spent(lambda: decoded(path))
    print(f"{length:.0f} s of {path.suffix}; decoding alone takes {base:.2f} s of processor time")
    print("| read | processor time, share of the length | times decoding |\n| --- | --- | --- |")
    rows: list[tuple[str, set[Modality]]] = [(one, set(MODALITIES) - {one}) for one in MODALITIES]
    for name, without in [*rows, ("all", set())]:
        cost = spent(partial(analysed, path, without))
        print(f"| {name} | {cost / length:.2f} | {cost / base:.1f} |", flush=True)


def main() -> None:
    """Measure a file, or one that is made for it."""
    parser = argparse.ArgumentParser(prog="bench.analysis", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the clip that is made")
    arguments = parser.parse_args()
    if arguments.file is not None:
        measure(arguments.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(make_talk(Path(folder) / "talk.mp4", "happiness", arguments.seconds))


if __name__ == "__main__":
    main()
