"""id.twitch.tv for a public client: device codes, tokens, validation, revocation.

As https://dev.twitch.tv/docs/authentication says. twitchio has these calls too, but puts tokens into addresses, where
proxies and logs find them; here they travel in the body.
"""

from typing import Final, TypeVar

import aiohttp
import msgspec
from msgspec import Struct

from bot.twitch.faults import LoginNeeded, Stopped, Unreachable, login_line
from lera.errors import LeraError
from lera.http_body import read_body
from lera.redaction import hide, redacted

_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_MOST: Final = 64 * 1024
"""Bytes of an answer that are read."""

T = TypeVar("T")


class DeviceCode(Struct, frozen=True):
    """A login that waits for a person: `user_code` is typed at `verification_uri`, within `expires_in` seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    expires_in: float
    interval: float = 5.0

    def __repr__(self) -> str:
        return "DeviceCode()"


class Grant(Struct, frozen=True):
    """A pair of tokens. A public client's refresh token works once."""

    access_token: str
    refresh_token: str
    scope: list[str] | None = None

    def __repr__(self) -> str:
        return "Grant()"


class Owner(Struct, frozen=True):
    """Whose a token is, which app's, for what, and for how many seconds yet."""

    client_id: str
    user_id: str
    login: str
    expires_in: float
    scopes: list[str] | None = None


class _Said(Struct, frozen=True):
    """Twitch's own words for a refusal. OAuth's standard calls them `error`, Twitch mostly `message`."""

    message: str = ""
    error: str = ""


class Identity:
    """The four things that LERA asks of id.twitch.tv. All raise Unreachable and Stopped besides what they say."""

    def __init__(self, session: aiohttp.ClientSession, client_id: str, base: str) -> None:
        self.client_id = client_id
        self._session = session
        self._base = base.rstrip("/")

    async def device(self, scopes: list[str]) -> DeviceCode:
        """Begin a login."""
        status, body = await self._ask("POST", "/oauth2/device", scopes=" ".join(scopes))
        if status != 200:
            raise self._refused(status, body)
        code = _decoded(body, DeviceCode)
        hide(code.device_code)
        return code

    async def exchange(self, code: DeviceCode, scopes: list[str]) -> Grant | None:
        """The tokens of a login; None while the person has not said yes. Raises LeraError when it is over."""
        status, body = await self._ask(
            "POST", "/oauth2/token",
            scopes=" ".join(scopes), device_code=code.device_code, grant_type=_DEVICE_GRANT,
        )  # fmt: skip
        if status == 200:
            return _grant(body)
        said = _said(body)
        if (status == 400 and "authorization_pending" in said) or "slow_down" in said:
            return None
        if "device code" in said or "denied" in said or "expired" in said:
            raise LeraError("The login was declined, or its code is too old: start it again.")
        raise self._refused(status, body)

    async def refresh(self, refresh_token: str) -> Grant:
        """A new pair for an old one, which is worthless from then on. Raises LoginNeeded when it already was."""
        status, body = await self._ask(
            "POST", "/oauth2/token", grant_type="refresh_token", refresh_token=refresh_token
        )  # fmt: skip
        if status == 200:
            return _grant(body)
        if status in (400, 401) and "refresh token" in _said(body):
            raise LoginNeeded(login_line("Twitch has ended LERA's login."))
        raise self._refused(status, body)

    async def validate(self, access_token: str) -> Owner | None:
        """Whose token this is; None when it works no more. Twitch wants to be asked every hour."""
        status, body = await self._ask("GET", "/oauth2/validate", {"Authorization": f"OAuth {access_token}"})
        if status == 401:
            return None
        if status != 200:
            raise self._refused(status, body)
        return _decoded(body, Owner)

    async def revoke(self, access_token: str) -> bool:
        """End a token. False for one that had ended already."""
        status, body = await self._ask("POST", "/oauth2/revoke", token=access_token)
        if status != 200 and not (status == 400 and "invalid token" in _said(body)):
            raise self._refused(status, body)
        return status == 200

    async def _ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, **form: str
    ) -> tuple[int, bytes]:
        data = {"client_id": self.client_id, **form} if method == "POST" else None
        try:
            async with self._session.request(method, self._base + path, data=data, headers=headers) as answer:
                body = await read_body(answer, _MOST)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(unreachable_line(error)) from None
        if answer.status == 429 or answer.status >= 500:
            raise Unreachable(f"Twitch's login is out of order ({answer.status}); LERA tries again by itself.")
        return answer.status, body

    def _refused(self, status: int, body: bytes) -> LeraError:
        said = _said(body)
        if "secret" in said:
            return Stopped(
                "Twitch asks for a client secret: register LERA as a Public client at dev.twitch.tv/console/apps."
            )
        if "client" in said:
            return Stopped(
                "Twitch doesn't know [twitch] client_id: copy it from dev.twitch.tv/console/apps and restart LERA."
            )
        return Stopped(f"Twitch refuses LERA's login ({status}: {redacted(said)[:100]}). Run `python run.py doctor`.")


def unreachable_line(error: BaseException) -> str:
    """The line for a network that fails: its kind, and no address, which may hold anything."""
    kind = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        kind = "no network, or no name service"
    elif isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        kind = "its certificate is not trusted; check this machine's clock"
    elif isinstance(error, aiohttp.ClientConnectorError):
        kind = "no connection"
    return f"Twitch can't be reached ({kind}); LERA tries again by itself."


def _said(body: bytes) -> str:
    try:
        said = msgspec.json.decode(body, type=_Said)
    except msgspec.MsgspecError:
        return ""
    return f"{said.message} {said.error}".strip().lower()


def _grant(body: bytes) -> Grant:
    grant = _decoded(body, Grant)
    hide(grant.access_token)
    hide(grant.refresh_token)
    return grant


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError:
        # Not quoted: it may hold tokens.
        raise Unreachable("Twitch's login gives an unknown answer; LERA tries again by itself.") from None
