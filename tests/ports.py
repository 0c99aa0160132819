"""Ports for tests."""

import socket


def free_port(host: str = "127.0.0.1") -> int:
    """A port of this address that nobody has now."""
    with socket.create_server((host, 0)) as listener:
        return int(listener.getsockname()[1])
