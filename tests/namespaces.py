"""Network namespaces: machines of their own on this one, with one cable for viewers and one for NATS."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_NUMBER = iter(range(1, 250))


class Machine:
    """A namespace. `viewers` is its address for viewers, `nats` the one by which it reaches this machine."""

    def __init__(self) -> None:
        number = next(_NUMBER)
        # Of the networks that are for tests of networks (RFC 2544).
        self.name = f"lera-{os.getpid()}-{number}"
        self._ours = f"198.18.{number}.1", f"198.19.{number}.1"
        self.viewers, self.nats = f"198.18.{number}.2", self._ours[1]
        self._cables = f"lv{os.getpid() % 100_000}-{number}", f"ln{os.getpid() % 100_000}-{number}"
        self.prefix = ("ip", "netns", "exec", self.name)

    def make(self) -> None:
        _ip("netns", "add", self.name)
        _ip("-n", self.name, "link", "set", "lo", "up")
        for cable, ours, inside in zip(self._cables, self._ours, ("viewers", "nats"), strict=True):
            _ip("link", "add", cable, "type", "veth", "peer", "name", inside, "netns", self.name)
            _ip("addr", "add", f"{ours}/30", "dev", cable)
            _ip("-n", self.name, "addr", "add", f"{ours[:-1]}2/30", "dev", inside)
            _ip("link", "set", cable, "up")
            _ip("-n", self.name, "link", "set", inside, "up")

    def remove(self) -> None:
        # The cables go with it.
        subprocess.run(["ip", "netns", "delete", self.name], capture_output=True, check=False)

    def cut(self) -> None:
        """Pull the cable to NATS."""
        _ip("link", "set", self._cables[1], "down")

    def heal(self) -> None:
        _ip("link", "set", self._cables[1], "up")


@contextmanager
def machine() -> Iterator[Machine]:
    """A machine for as long as the context lasts; skips where none can be made."""
    made = Machine()
    try:
        made.make()
    except (OSError, subprocess.CalledProcessError) as error:
        made.remove()
        pytest.skip(f"no network namespaces here: {error}")
    try:
        yield made
    finally:
        made.remove()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, check=True)
