"""Join links, such as `https://mood.example/join/channel#token`, and the few other things that addresses are asked."""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from lera.errors import LeraError

HUB_PATH: Final = "/hub"
JOIN_PATH: Final = "/join/"


class Link(NamedTuple):
    """What a streamer's join link says."""

    url: str
    channel: str
    token: str


def parse_link(link: str) -> Link:
    """Read a join link. Raises LeraError.

    The token stands in the fragment, which browsers never send to a server.
    """
    complaint = LeraError("That is not a join link; copy it whole: http(s)://…/join/<channel>#<token>.")
    try:
        parts = urlsplit(link.strip())
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        raise complaint from None
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme)
    place, _, channel = parts.path.rpartition(JOIN_PATH)
    whole = scheme and host and port != 0 and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", channel) and parts.fragment
    if not whole:
        raise complaint
    return Link(f"{scheme}://{parts.netloc}{place}{HUB_PATH}", channel, parts.fragment)


def join_link(base: str, channel: str, token: str) -> str:
    """The link that a streamer gives to viewers. `base` is such as `http://127.0.0.1:8765`."""
    return f"{base}{JOIN_PATH}{channel}#{token}"


def netloc(url: str) -> str | None:
    """Host and port of a URL that a stranger sent; None for nonsense."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None


def host_of(location: str) -> str:
    """The host of `host:port` as a stranger sent it; empty for nonsense."""
    try:
        return urlsplit(f"//{location}").hostname or ""
    except ValueError:
        return ""
