"""id.twitch.tv: device codes, tokens that expire and rotate, validation and revocation.

Messages and statuses as https://dev.twitch.tv/docs/authentication gives them.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.standins.twitch.clock import Clock
from tests.standins.twitch.people import People, User
from tests.standins.twitch.refusal import Refusal
from tests.standins.twitch.scopes import SCOPES

DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
DEVICE_CODE_LIFE: Final = 1800.0
ACCESS_LIFE: Final = 14_400.0
APP_ACCESS_LIFE: Final = 5_000_000.0
REFRESH_LIFE: Final = 30 * 86_400.0  # a public client's refresh token dies after 30 idle days


@dataclass
class Device:
    """A login that waits for a person to enter its code."""

    client_id: str
    device_code: str
    user_code: str
    scopes: frozenset[str]
    expires: float
    user: User | None = None
    refused: bool = False


@dataclass
class Token:
    """An access token and the refresh token that was given with it."""

    access: str
    client_id: str
    user: User | None
    scopes: frozenset[str]
    expires: float
    refresh: str | None = None
    refresh_expires: float = 0.0


@dataclass
class Caller:
    """Who stands behind a Helix request."""

    client_id: str
    user: User | None
    scopes: frozenset[str]

    def must_have(self, *scopes: str) -> None:
        missing = [scope for scope in scopes if scope not in self.scopes]
        if missing:
            raise Refusal(401, f"Missing scope: {' or '.join(missing)}")

    def must_be_user(self) -> User:
        if self.user is None:
            raise Refusal(401, "Missing User OAUTH Token")
        return self.user


@dataclass
class Identity:
    """`clients` maps a client's id to its secret; None for a public client, which has none."""

    clock: Clock
    people: People
    clients: dict[str, str | None]
    interval: int = 5
    access_life: float = ACCESS_LIFE
    page: str = ""
    devices: dict[str, Device] = field(default_factory=dict)  # by device code
    tokens: dict[str, Token] = field(default_factory=dict)  # by access token
    spent: set[str] = field(default_factory=set)  # refresh tokens that were used

    def device(self, form: Mapping[str, str]) -> dict[str, Any]:
        client_id = self._client(form)
        asked = form.get("scopes") or form.get("scope") or ""
        scopes = frozenset(asked.split())
        if unknown := scopes - SCOPES:
            raise Refusal(400, f"invalid scope requested: '{sorted(unknown)[0]}'")
        user_code = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(8))
        device = Device(client_id, secrets.token_hex(20), user_code, scopes, self.clock.now() + DEVICE_CODE_LIFE)
        self.devices[device.device_code] = device
        return {
            "device_code": device.device_code,
            "expires_in": int(DEVICE_CODE_LIFE),
            "interval": self.interval,
            "user_code": user_code,
            "verification_uri": f"{self.page}/activate?public=true&device-code={user_code}",
        }

    def waiting(self, user_code: str) -> Device:
        """The login that waits under this code. Raises Refusal."""
        for device in self.devices.values():
            if device.user_code == user_code.strip().upper() and device.expires > self.clock.now():
                return device
        raise Refusal(400, "invalid user code")

    def token(self, form: Mapping[str, str]) -> dict[str, Any]:
        client_id = self._client(form)
        match form.get("grant_type"):
            case "client_credentials":
                return self._app_token(client_id, form)
            case "refresh_token":
                return self._refreshed(client_id, form)
            case grant if grant == DEVICE_CODE:
                return self._from_device(client_id, form)
            case None | "":
                raise Refusal(400, "missing grant type")
            case _:
                raise Refusal(400, "invalid grant type")

    def validate(self, authorization: str | None) -> dict[str, Any]:
        scheme, _, access = (authorization or "").partition(" ")
        if scheme.lower() not in ("oauth", "bearer") or not access:
            raise Refusal(401, "missing authorization token")
        token = self._live(access)
        if token is None:
            raise Refusal(401, "invalid access token")
        found: dict[str, Any] = {"client_id": token.client_id}
        if token.user is not None:
            found |= {"login": token.user.login, "user_id": token.user.id}
        return found | {"scopes": sorted(token.scopes), "expires_in": int(token.expires - self.clock.now())}

    def revoke(self, form: Mapping[str, str]) -> None:
        if not form.get("client_id"):
            raise Refusal(400, "missing client id")
        if form["client_id"] not in self.clients:
            raise Refusal(404, "client does not exist")
        if not form.get("token"):
            raise Refusal(400, "missing oauth token")
        token = self._live(form["token"])
        if token is None or token.client_id != form["client_id"]:
            raise Refusal(400, "Invalid token")
        del self.tokens[token.access]

    def caller(self, authorization: str | None, client_id: str | None) -> Caller:
        """Who asks Helix. Raises Refusal 401."""
        scheme, _, access = (authorization or "").partition(" ")
        if not authorization:
            raise Refusal(401, "OAuth token is missing")
        if not client_id:
            raise Refusal(401, "Client ID is missing")
        token = self._live(access) if scheme.lower() == "bearer" else None
        if token is None:
            raise Refusal(401, "Invalid OAuth token")
        if token.client_id != client_id:
            raise Refusal(401, "Client ID and OAuth token do not match")
        return Caller(token.client_id, token.user, token.scopes)

    def issue(self, client_id: str, user: User, scopes: Iterable[str]) -> dict[str, Any]:
        """A pair of tokens as the token endpoint answers with it."""
        now = self.clock.now()
        token = Token(
            access=secrets.token_hex(15),
            client_id=client_id,
            user=user,
            scopes=frozenset(scopes),
            expires=now + self.access_life,
            refresh=secrets.token_hex(25),
            refresh_expires=now + REFRESH_LIFE,
        )
        self.tokens[token.access] = token
        return {
            "access_token": token.access,
            "expires_in": int(self.access_life),
            "refresh_token": token.refresh,
            "scope": sorted(token.scopes),
            "token_type": "bearer",
        }

    def expire(self) -> None:
        """Every access token is over now; the refresh tokens are not."""
        for token in self.tokens.values():
            token.expires = min(token.expires, self.clock.now())

    def disconnect(self, user: User) -> None:
        """The user takes the app off their account: no token of theirs works any more, refresh tokens neither."""
        self.tokens = {access: token for access, token in self.tokens.items() if token.user is not user}

    def has_authorised(self, client_id: str, user_id: str, *scopes: str) -> bool:
        """Whether the user's consent still stands: an expired access token doesn't end it, a revoked one does."""
        return any(
            token.client_id == client_id and token.user and token.user.id == user_id and token.scopes.issuperset(scopes)
            for token in self.tokens.values()
        )

    def _client(self, form: Mapping[str, str]) -> str:
        client_id = form.get("client_id", "")
        if not client_id:
            raise Refusal(400, "missing client id")
        if client_id not in self.clients:
            raise Refusal(400, "invalid client")
        return client_id

    def _check_secret(self, client_id: str, form: Mapping[str, str]) -> None:
        secret = self.clients[client_id]
        if not form.get("client_secret"):
            raise Refusal(400, "missing client secret")
        if secret is None or not secrets.compare_digest(secret, form["client_secret"]):
            raise Refusal(403, "invalid client secret")

    def _app_token(self, client_id: str, form: Mapping[str, str]) -> dict[str, Any]:
        self._check_secret(client_id, form)
        access = secrets.token_hex(15)
        self.tokens[access] = Token(access, client_id, None, frozenset(), self.clock.now() + APP_ACCESS_LIFE)
        return {"access_token": access, "expires_in": int(APP_ACCESS_LIFE), "token_type": "bearer"}

    def _from_device(self, client_id: str, form: Mapping[str, str]) -> dict[str, Any]:
        device = self.devices.get(form.get("device_code", ""))
        if device is None or device.client_id != client_id or device.refused or device.expires <= self.clock.now():
            raise Refusal(400, "invalid device code")
        asked = form.get("scopes") or form.get("scope")
        if asked is not None and not set(asked.split()) <= device.scopes:
            raise Refusal(400, "invalid device code")
        if device.user is None:
            raise Refusal(400, "authorization_pending")
        del self.devices[device.device_code]  # a code works once
        return self.issue(client_id, device.user, device.scopes)

    def _refreshed(self, client_id: str, form: Mapping[str, str]) -> dict[str, Any]:
        if not form.get("refresh_token"):
            raise Refusal(400, "missing refresh token")
        public = self.clients[client_id] is None
        if not public:
            self._check_secret(client_id, form)
        for token in self.tokens.values():
            if token.refresh == form["refresh_token"] and token.client_id == client_id and token.user is not None:
                break
        else:
            raise Refusal(400, "Invalid refresh token")
        if token.refresh_expires <= self.clock.now():
            raise Refusal(400, "Invalid refresh token")
        if public:  # the pair is spent: one refresh token, one use
            self.spent.add(form["refresh_token"])
            del self.tokens[token.access]
        return self.issue(client_id, token.user, token.scopes)

    def _live(self, access: str) -> Token | None:
        token = self.tokens.get(access)
        return token if token is not None and token.expires > self.clock.now() else None
