"""Who may ask for what: from which machine and which page, and with which key.

Three checks, one after the other. Public pages (hub, join page, health, and the pages' files, which hold no data) are
for all. Everything else answers only this machine and `[web] trusted_addresses`. And what holds data or changes
something needs a key as well, since any page and program on those machines could ask: from programs as `Authorization:
Bearer KEY`, from browsers as a cookie that `POST /api/session` gives for the key.
"""

import hashlib
import ipaddress
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from bot.body import wanted_by
from bot.keys import Keys, Power
from bot.settings import WebSettings
from transport.limits import Rate
from transport.link import HUB_PATH, JOIN_PATH, LOCAL, host_of, netloc

SESSION_PATH: Final = "/api/session"
READY_PATH: Final = "/readyz"
COOKIE_SECONDS: Final = 180 * 86_400

_PUBLIC: Final = (HUB_PATH, "/healthz", READY_PATH)
# Pages without data. What they show they ask for with a key.
_PAGES: Final = ("/", "/overlay", "/overlay/", "/dashboard", "/dashboard/", SESSION_PATH)
_FORWARDED: Final = (
    "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server",
    "X-Real-IP", "Via", "Cf-Connecting-Ip",
)  # fmt: skip
_POLICY: Final = (
    "default-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class KeyOffer(msgspec.Struct, frozen=True):
    """What a page sends for its cookie."""

    key: Annotated[str, Meta(min_length=1, max_length=200)]


class Tries:
    """How many wrong keys an address may try. Pure: time comes in, in seconds.

    The same wrong key over and over is an old address that is still open somewhere, and counts once.
    """

    BURST: Final = 10
    INTERVAL: Final = 6.0
    REMEMBERED: Final = 1024

    def __init__(self) -> None:
        self._rates: OrderedDict[str, Rate] = OrderedDict()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()

    def ready(self, address: str, now: float) -> bool:
        """Whether a key from this address is looked at."""
        rate = self._rates.get(address)
        return rate is None or rate.ready(now)

    def failed(self, address: str, key: str, now: float) -> None:
        """Count a wrong key."""
        digest = hashlib.sha256(key.encode("utf-8", "replace")).digest()
        if digest in self._wrong:
            return
        self._wrong[digest] = None
        if len(self._wrong) > self.REMEMBERED:
            self._wrong.popitem(last=False)
        rate = self._rates.setdefault(address, Rate(self.INTERVAL, self.BURST))
        self._rates.move_to_end(address)
        rate.allow(now)
        if len(self._rates) > self.REMEMBERED:
            self._rates.popitem(last=False)


class Guard:
    """The middleware of one show's pages, and the route where a key becomes a cookie."""

    def __init__(
        self, settings: WebSettings, keys: Keys, port: int, powers: Mapping[str, Power], now: Callable[[], float]
    ) -> None:
        """`powers` says which paths the overlay's key opens; all that isn't named there needs the streamer's."""
        self._settings = settings
        self._keys = keys
        self._powers = powers
        self._now = now
        self._tries = Tries()
        # Cookies know no ports, so two bots on one machine need two names.
        self._cookies: dict[Power, str] = {"streamer": f"lera-streamer-{port}", "overlay": f"lera-overlay-{port}"}

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request through to its handler, or not. Whatever is answered has the headers that all of ours have."""
        try:
            response = await self._checked(request, handler)
        except web.HTTPException as refusal:
            protect(refusal)
            raise
        if not response.prepared:
            protect(response)
        return response

    async def _checked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_public(request.path):
            if not is_private(request, self._settings):
                raise web.HTTPForbidden(text="This page is for the streamer's own machine.")
            # Where no page is, there is nothing to guard: it is said that there is none.
            if request.path not in _PAGES and request.match_info.http_exception is None:
                self._check_key(request)
        elif "Origin" in request.headers and not self._is_known(host_of(request.host)):
            # A page that has pointed its own name here (DNS rebinding). Programs send no Origin.
            raise web.HTTPForbidden(text="No stream is at this name.")
        # What changes something must be asked for by a page of ours: no other site's page, nor its form, sends JSON.
        if request.method not in ("GET", "HEAD"):
            if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
                raise web.HTTPForbidden(text="Only the dashboard may do that.")
            if request.content_type != "application/json":
                raise web.HTTPUnsupportedMediaType(text="Send JSON.")
        return await handler(request)

    def power_of(self, request: web.Request) -> Power | None:
        """What the sender may: by its key, else by its cookies."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._try(request, key.strip())
        for power in self._cookies:
            if self._keys.power_of_cookie(request.cookies.get(self._cookies[power], "")) == power:
                return power
        return None

    async def session(self, request: web.Request) -> web.Response:
        """`POST /api/session {"key": …}`: a cookie for a key. `GET`: what the sender may."""
        if request.method == "GET":
            power = self.power_of(request)
        else:
            offer = await wanted_by(request, KeyOffer, 'Send {"key": "…"}.')
            power = self._try(request, offer.key)
        if power is None:
            raise web.HTTPUnauthorized(text=_LOCKED)
        response = web.json_response({"power": power}, headers={"Cache-Control": "no-store"})
        if request.method == "POST":
            self.give_cookie(response, power)
        return response

    def give_cookie(self, response: web.Response, power: Power) -> None:
        """Let the browser that gets this response go on with this power."""
        response.set_cookie(
            self._cookies[power], self._keys.cookie(power),
            max_age=COOKIE_SECONDS, path="/", httponly=True, samesite="Strict",
        )  # fmt: skip

    def _is_known(self, host: str) -> bool:
        """Whether pages may be at this name. Without a public address any may be: a tunnel's isn't known."""
        public = host_of(netloc(self._settings.public_url) or "")
        return not public or host in {public, *LOCAL, self._settings.host} or _is_address(host)

    def _check_key(self, request: web.Request) -> None:
        power = self.power_of(request)
        if power is None:
            raise web.HTTPUnauthorized(text=_LOCKED, headers={"WWW-Authenticate": 'Bearer realm="LERA"'})
        if power != "streamer" and self._powers.get(request.path) != power:
            raise web.HTTPForbidden(text="The overlay's key only reads the mood; this needs the streamer's.")

    def _try(self, request: web.Request, key: str) -> Power | None:
        address, now = request.remote or "", self._now()
        if not self._tries.ready(address, now):
            raise web.HTTPTooManyRequests(
                text="Too many wrong keys; wait a minute.", headers={"Retry-After": f"{self._tries.INTERVAL:.0f}"}
            )
        power = self._keys.power_of(key)
        if power is None:
            self._tries.failed(address, key, now)
        return power


def protect(response: web.StreamResponse) -> None:
    """Give a response the headers that all of ours have."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


_LOCKED: Final = "This needs the key: open the address that the bot shows at its start, or the one on the dashboard."


def is_private(request: web.Request, settings: WebSettings) -> bool:
    """Whether a request comes from this machine or a trusted one, straight, and from no other site's page."""
    headers = request.headers
    if any(header in headers for header in _FORWARDED):
        return False
    # A page of another site may lead here, but may not read or embed anything.
    if headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") and headers.get("Sec-Fetch-Mode") != "navigate":
        return False
    if "Origin" in headers and netloc(headers["Origin"]) != request.host:
        return False
    # The Host name is checked too: a foreign page may point its own name at 127.0.0.1 (DNS rebinding).
    host = host_of(request.host)
    if request.remote in settings.trusted_addresses:
        return host in LOCAL or _is_address(host)
    own = {*LOCAL, settings.host}
    return request.remote in own and host in own


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(path: str) -> bool:
    # The overlay's files are code without data, and the join page shares some of them.
    return path in _PUBLIC or path.startswith(JOIN_PATH) or (path.startswith("/overlay/") and path != "/overlay/")
