"""Whether the way to a hub or a bot is encrypted, and whether it may be taken. Pure; only `find_way` asks DNS."""

import asyncio
import ipaddress
import socket
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

from lera.errors import LeraError

Way = Literal["encrypted", "this machine", "local network", "open"]
# Tests, whose only network is this machine, take it for another one here.
_LOOPBACK_IS: Way = "this machine"
_FROM_CLOSED_TO_OPEN: Final[tuple[Way, ...]] = get_args(Way)
_SHARED: Final = ipaddress.ip_network("100.64.0.0/10")
"""Addresses behind a provider's or a private network's own translation (RFC 6598)."""


def way_to(address: str, encrypted: bool) -> Way:
    """What the way to this network address is like. `encrypted`: whether TLS is spoken on it."""
    if encrypted:
        return "encrypted"
    try:
        # A scope such as %eth0 says only which network of this machine is meant.
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "open"
    inner = getattr(known, "ipv4_mapped", None) or known
    if inner.is_loopback:
        return _LOOPBACK_IS
    if inner.is_link_local or inner.is_private or (inner.version == 4 and inner in _SHARED):
        return "local network"
    return "open"


def check_way(way: Way, place: str, insecure: bool) -> None:
    """Raises LeraError where the way leads over the internet in the open, unless that is what was asked for."""
    if way == "open" and not insecure:
        raise LeraError(
            f"The way to {place} isn't encrypted: everybody along it could read what you send. "
            "Ask the streamer for a link that begins with https, or join all the same with --insecure."
        )


def told_of(way: Way) -> str:
    """What to say of a way in one line; empty where there is nothing to say."""
    if way == "local network":
        return "The way there isn't encrypted: others in this network could read what you send."
    if way == "open":
        return "The way there isn't encrypted: everybody along it could read what you send (--insecure)."
    return ""


async def find_way(url: str) -> Way:
    """The way that a URL leads, where it must be known before anything is said. Raises OSError for unknown hosts.

    A name that has several addresses is as open as the most open of them.
    """
    parts = urlsplit(url)
    if parts.scheme in ("https", "wss"):
        return "encrypted"
    found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    ways: list[Way] = [way_to(str(address[0]), encrypted=False) for *_, address in found]
    return max(ways, key=_FROM_CLOSED_TO_OPEN.index, default="open")
