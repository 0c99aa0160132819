"""What several programs take on their command line."""

import argparse
import errno
import os
from pathlib import Path

from lera.errors import LeraError


def positive_seconds(text: str) -> float:
    """A finite number above 0, as argparse's `type`. Raises ArgumentTypeError, or ValueError for what is no number."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be a number of seconds above 0")
    return number


def check_statistics_file(path: Path | None) -> None:
    """Raises LeraError where `--stats-file` can't be written, so that it is not told only after a long run.

    Nothing is made or emptied by it.
    """
    if path is None:
        return
    # The file that a link means, also one that isn't there yet.
    place = os.path.realpath(path)
    folder = os.path.dirname(place)
    if os.path.isdir(place):
        problem = errno.EISDIR
    elif os.path.lexists(place):
        problem = 0 if os.access(place, os.W_OK) else errno.EACCES
    elif not os.path.isdir(folder):
        problem = errno.ENOTDIR if os.path.lexists(folder) else errno.ENOENT
    else:
        problem = 0 if os.access(folder, os.W_OK | os.X_OK) else errno.EACCES
    if problem:
        raise _no_statistics(path, os.strerror(problem))


def write_statistics(path: Path, content: bytes) -> None:
    """What `--stats-file` asks for. Raises LeraError."""
    try:
        path.write_bytes(content + b"\n")
    except OSError as error:
        raise _no_statistics(path, error.strerror or str(error)) from error


def _no_statistics(path: Path, why: str) -> LeraError:
    return LeraError(f"Can't write {path} ({why}): name another --stats-file.")
