"""A part of a bench in a process of its own, at the other end of a pipe."""

import contextlib
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import psutil


@contextmanager
def spawned(run: Callable[..., None], *arguments: Any) -> Iterator[tuple[Connection, psutil.Process]]:
    """Call `run` with its end of a pipe and these arguments, in a fresh interpreter; gives this end, and the process.

    When the context ends it is sent "end", and has 20 s for it. When it ends by itself, so does the pipe (EOFError).
    """
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=run, args=(there, *arguments), daemon=True)
    process.start()
    # So that the end of the child is the end of the pipe.
    there.close()
    try:
        yield here, psutil.Process(process.pid)
    finally:
        with contextlib.suppress(OSError):
            here.send("end")
        process.join(20)
        process.kill()
