"""Join links, and the few other things that addresses are asked.

`https://mood.example/join/channel#token` leads to a hub, `lera+sheet://sheets.googleapis.com/channel#id` to a Sheet.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from lera.errors import LeraError

HUB_PATH: Final = "/hub"
JOIN_PATH: Final = "/join/"
SHEET_SCHEME: Final = "lera+sheet"
SHEET_HOST: Final = "sheets.googleapis.com"
LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Link(NamedTuple):
    """What a streamer's join link says."""

    url: str
    channel: str
    token: str

    @property
    def by_sheet(self) -> bool:
        """Whether it leads to a Google Sheet; then `token` is the spreadsheet's id."""
        return self.url.startswith("http")


def parse_link(link: str) -> Link:
    """Read a join link. Raises LeraError.

    The token stands in the fragment, which browsers never send to a server.
    """
    complaint = LeraError(
        "That is not a join link; copy it whole: http(s)://…/join/<channel>#<token> or "
        f"{SHEET_SCHEME}://…/<channel>#<spreadsheet>."
    )
    try:
        parts = urlsplit(link.strip())
        host, port = parts.hostname or "", parts.port
        # What can't be read back is no name that anybody could be asked by.
        host.encode("idna").decode("idna")
    except ValueError:
        raise complaint from None
    words = "".join(parts)
    # No honest link names a user: what stands there is to look like another host.
    if "@" in parts.netloc or not re.fullmatch(r"[\w.:%-]*", host) or not words.isprintable() or " " in words:
        raise complaint
    if parts.scheme == SHEET_SCHEME:
        named = re.fullmatch(r"/[A-Za-z0-9_-]{1,64}", parts.path) and re.fullmatch(r"[\w-]{1,100}", parts.fragment)
        # A Google login is shown to Google only; a stand-in on this machine has logins of its own.
        if not named or not (parts.netloc == SHEET_HOST or (host in LOCAL and port)):
            raise complaint
        protocol = "https" if parts.netloc == SHEET_HOST else "http"
        return Link(f"{protocol}://{parts.netloc}", parts.path[1:], parts.fragment)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme)
    place, _, channel = parts.path.rpartition(JOIN_PATH)
    whole = scheme and host and port != 0 and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", channel) and parts.fragment
    if not whole:
        raise complaint
    return Link(f"{scheme}://{parts.netloc}{place}{HUB_PATH}", channel, parts.fragment)


def join_link(base: str, channel: str, token: str) -> str:
    """The link that a streamer gives to viewers. `base` is such as `http://127.0.0.1:8765`."""
    return f"{base}{JOIN_PATH}{channel}#{token}"


def sheet_link(base: str, channel: str, spreadsheet: str) -> str:
    """The link of a stream that meets in a Google Sheet. `base` is Google's address, or a stand-in's."""
    return f"{SHEET_SCHEME}://{urlsplit(base).netloc}/{channel}#{spreadsheet}"


def is_local(url: str) -> bool:
    """Whether an address is on this machine."""
    return host_of(netloc(url) or "") in LOCAL


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
