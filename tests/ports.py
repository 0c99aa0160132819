"""Ports for tests."""

import contextlib
import random
import socket


def free_port(host: str = "127.0.0.1") -> int:
    """A port of this address that nobody has now."""
    with socket.create_server((host, 0)) as listener:
        return int(listener.getsockname()[1])


def lasting_port() -> int:
    """A free port that nobody is given meanwhile who asks for any: systems give those from 32768 on."""
    for port in random.sample(range(20_000, 32_000), 1000):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")
