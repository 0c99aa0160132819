"""Ports for tests."""

import random
import socket
from typing import Final

_given: Final[set[int]] = set()
_chance: Final = random.SystemRandom()


def free_port(host: str = "127.0.0.1") -> int:
    """A port of this address that nobody has now, nor gets before the test takes it: "" is every address.

    Of those below what systems give to connections, of which one might come first, and above the last that browsers
    won't open (10080); and none twice, since who is given one may take it late.
    """
    while True:
        port = _chance.randrange(10_100, 32_000)
        if port in _given:
            continue
        try:
            with socket.create_server((host, port)):
                _given.add(port)
                return port
        except OSError:
            continue
