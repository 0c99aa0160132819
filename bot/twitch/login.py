"""Logging in with a code: the device code flow of a public client, which has no secret to keep."""

import asyncio
import io
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import segno

from bot.twitch.endpoints import Endpoints
from bot.twitch.faults import Unreachable
from bot.twitch.identity import DeviceCode, Identity
from bot.twitch.scopes import Role
from bot.twitch.tokens import Account, Keeper
from lera.errors import LeraError


class Login:
    """One login that waits for a person. `code` is typed at `link`; the picture's link has it filled in."""

    def __init__(self, role: Role, device: DeviceCode, scopes: list[str], places: Endpoints) -> None:
        """Raises LeraError for an address that is not Twitch's: people are sent there."""
        if not places.owns(device.verification_uri, "https"):
            raise LeraError("The login's address is not Twitch's own; check this machine's network.")
        self.role: Role = role
        self.code = device.user_code[:40]
        self.link = _without_code(device.verification_uri)
        self._device = device
        self.scopes = scopes
        self._picture = segno.make(device.verification_uri, error="m")

    @property
    def svg(self) -> str:
        """The QR code as an image of its own, for a page."""
        return self._picture.svg_data_uri(scale=4, dark="#000", light="#fff")

    @property
    def blocks(self) -> str:
        """The QR code for a terminal, two rows of dots in each line."""
        drawn = io.StringIO()
        self._picture.terminal(out=drawn, compact=True)
        return drawn.getvalue()

    async def finished(self, identity: Identity, keeper: Keeper) -> Account:
        """Wait until the person has said yes, and keep the tokens. Raises LeraError when it won't happen any more."""
        interval = min(max(self._device.interval, 0.05), 60.0)
        try:
            async with asyncio.timeout(min(self._device.expires_in, 3600.0)):
                while True:
                    await asyncio.sleep(interval)
                    try:
                        grant = await identity.exchange(self._device, self.scopes)
                    except Unreachable:
                        continue  # The person may be typing yet.
                    if grant is not None:
                        break
        except TimeoutError:
            raise LeraError("Nobody entered the login's code in time: start the login again.") from None
        return await keeper.adopt(self.role, grant)


async def begin(role: Role, scopes: list[str], identity: Identity, places: Endpoints) -> Login:
    """Ask Twitch for a code. Raises LeraError."""
    return Login(role, await identity.device(scopes), scopes, places)


def _without_code(address: str) -> str:
    """The address without the code: what is printed may end up in a log or on the stream."""
    there = urlsplit(address)
    kept = [(name, value) for name, value in parse_qsl(there.query) if "code" not in name.lower()]
    return urlunsplit((there.scheme, there.netloc, there.path, urlencode(kept), ""))
