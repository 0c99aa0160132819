"""Where Twitch is. The only place that can point LERA, and twitchio with it, at another one: a stand-in in tests."""

import os
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from lera.errors import LeraError

VARIABLE: Final = "LERA_TWITCH"


class Endpoints(Struct, frozen=True):
    """The three addresses of Twitch, as twitchio writes them."""

    api: str = "https://api.twitch.tv/helix/"
    identity: str = "https://id.twitch.tv/"
    socket: str = "wss://eventsub.wss.twitch.tv/ws"

    def owns(self, url: str, scheme: str) -> bool:
        """Whether an address that Twitch gave us is Twitch's own: no other may be connected to, or shown to people."""
        there = urlsplit(url)
        host = there.hostname or ""
        if self == Endpoints():
            return there.scheme == scheme and (host == "twitch.tv" or host.endswith(".twitch.tv"))
        return host == urlsplit(self.api).hostname


def endpoints() -> Endpoints:
    """Twitch's own, or those of a stand-in on this machine that `LERA_TWITCH=http://127.0.0.1:PORT` names."""
    base = os.environ.get(VARIABLE, "").rstrip("/")
    if not base:
        return Endpoints()
    return stand_in(base)


def stand_in(base: str) -> Endpoints:
    """The endpoints under `base`, which must be on this machine: tokens go there. Raises LeraError."""
    there = urlsplit(base)
    if there.scheme != "http" or there.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise LeraError(f"{VARIABLE} may only name a stand-in on this machine, as in http://127.0.0.1:8080.")
    return Endpoints(f"{base}/helix/", f"{base}/", f"ws://{there.netloc}/ws")


def point_twitchio(places: Endpoints) -> None:
    """Tell twitchio, which has no setting for it."""
    import twitchio.eventsub.websockets
    import twitchio.http

    twitchio.http.Route.BASE = places.api
    twitchio.http.Route.ID_BASE = places.identity
    twitchio.eventsub.websockets.WSS = places.socket
