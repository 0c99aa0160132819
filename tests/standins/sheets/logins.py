"""Google's logins: service accounts that sign, people who said yes in a browser, and the tokens of both."""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.standins.sheets.errors import BAD_LOGIN, ApiError, error_info

Json = dict[str, Any]
LIFETIME = 3599  # seconds
CLOCK_SKEW = 300
AUDIENCES = ("https://oauth2.googleapis.com/token", "https://accounts.google.com/o/oauth2/token")
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ROOT_SCOPE = "https://www.googleapis.com/auth/"


class LoginError(Exception):
    """What the token endpoint answers: an HTTP status, an `error` and its description."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.status, self.body = status, {"error": error, "error_description": description}


@dataclass
class Account:
    """Someone who can log in. `project` is whose quota is used, `application` what drive.file sees the files of."""

    email: str
    project: str
    application: str
    key: rsa.RSAPublicKey | None = None
    refresh_token: str = ""
    scopes: frozenset[str] = frozenset()
    revoked: bool = False


@dataclass
class Token:
    account: Account
    scopes: frozenset[str]
    ends: float = field(default=0.0)


@cache
def signing_key() -> rsa.RSAPrivateKey:
    """One for all service accounts: making an RSA key takes long, and these guard nothing."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Logins:
    """The accounts by e-mail address, and the access tokens that are out."""

    def __init__(self, project: str = "101010101010") -> None:
        self.accounts: dict[str, Account] = {}
        self.tokens: dict[str, Token] = {}
        self.project = project
        self.client_id = f"{project}-lera.apps.googleusercontent.com"
        self.client_secret = secrets.token_urlsafe(18)
        self.token_uri = ""
        self.lifetime = LIFETIME
        self.codes: dict[str, tuple[Account, str, str, frozenset[str]]] = {}

    def add_service_account(self, name: str = "bot", project: str = "") -> Json:
        """A new service account; returned is what its key file holds."""
        project = project or self.project
        email = f"{name}@lera-{project}.iam.gserviceaccount.com"
        self.accounts[email] = Account(email, project, email, key=signing_key().public_key())
        pem = signing_key().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account", "project_id": f"lera-{project}", "private_key_id": secrets.token_hex(20),
            "private_key": pem.decode(), "client_email": email, "client_id": str(secrets.randbits(64)),
            "auth_uri": self.token_uri.replace("/token", "/o/oauth2/auth"), "token_uri": self.token_uri,
        }  # fmt: skip

    def add_person(self, email: str, scopes: tuple[str, ...] = (ROOT_SCOPE + "spreadsheets",)) -> Json:
        """Someone with a Google login who has agreed; returned is what Google's libraries keep of it."""
        account = Account(email, self.project, self.client_id, refresh_token="1//" + secrets.token_urlsafe(24))
        account.scopes = frozenset(scopes)
        self.accounts[email] = account
        return {
            "type": "authorized_user", "refresh_token": account.refresh_token, "token_uri": self.token_uri,
            "client_id": self.client_id, "client_secret": self.client_secret, "scopes": list(scopes),
        }  # fmt: skip

    def client_file(self) -> Json:
        """What an installed application downloads from Google's console: credentials.json."""
        return {
            "installed": {
                "client_id": self.client_id, "project_id": f"lera-{self.project}", "client_secret": self.client_secret,
                "auth_uri": self.token_uri.replace("/token", "/o/oauth2/auth"), "token_uri": self.token_uri,
                "auth_provider_x509_cert_url": self.token_uri.replace("/token", "/certs"),
                "redirect_uris": ["http://localhost"],
            }
        }  # fmt: skip

    def agree(self, query: dict[str, str]) -> str:
        """The browser's page on which a person says yes, at once; returned is where the browser is sent back to."""
        if query.get("client_id") != self.client_id:
            raise LoginError("invalid_client", "The OAuth client was not found.", 401)
        if not query.get("redirect_uri", "").startswith(("http://localhost", "http://127.0.0.1")):
            raise LoginError("redirect_uri_mismatch", "Bad Request")
        people = [account for account in self.accounts.values() if account.key is None]
        wanted = [account for account in people if account.email == query.get("login_hint", account.email)]
        if not wanted:
            raise LoginError("access_denied", "The stand-in knows nobody with such a login.", 403)
        code, scopes = "4/" + secrets.token_urlsafe(24), query.get("scope", "")
        challenge = query.get("code_challenge", "")
        self.codes[code] = (wanted[0], query["redirect_uri"], challenge, frozenset(scopes.split()))
        state = {"state": query["state"]} if "state" in query else {}
        return f"{query['redirect_uri']}?{urlencode({**state, 'code': code, 'scope': scopes})}"

    def grant(self, form: dict[str, str]) -> Json:
        """The token endpoint."""
        kind = form.get("grant_type", "")
        if kind == JWT_GRANT:
            return self._issue(*self._signed(form.get("assertion", "")))
        if kind not in ("refresh_token", "authorization_code"):
            raise LoginError("unsupported_grant_type", f"Invalid grant_type: {kind}")
        if form.get("client_id") != self.client_id or form.get("client_secret") != self.client_secret:
            raise LoginError("invalid_client", "The OAuth client was not found.", 401)
        if kind == "authorization_code":
            return self._first(form)
        for account in self.accounts.values():
            if account.refresh_token and account.refresh_token == form.get("refresh_token") and not account.revoked:
                return self._issue(account, account.scopes)
        raise LoginError("invalid_grant", "Token has been expired or revoked.")

    def _first(self, form: dict[str, str]) -> Json:
        account, redirect, challenge, scopes = self.codes.pop(form.get("code", ""), (None, "", "", frozenset()))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if account is None or redirect != form.get("redirect_uri") or (challenge and challenge != proof):
            raise LoginError("invalid_grant", "Malformed auth code.")
        account.scopes = scopes
        return {**self._issue(account, scopes), "refresh_token": account.refresh_token}

    def _signed(self, assertion: str) -> tuple[Account, frozenset[str]]:
        """Whose JWT it is and what it asks for; its signature is checked with the key that the account registered."""
        try:
            head, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in assertion.split("."))
            header, content = json.loads(head), json.loads(claims)
            account = self.accounts.get(content["iss"])
            begins, ends, audience = float(content["iat"]), float(content["exp"]), content["aud"]
            scopes = frozenset(content["scope"].split())
        except (ValueError, KeyError, TypeError):
            raise LoginError("invalid_grant", "Bad Request") from None
        if account is None or account.key is None or account.revoked:
            raise LoginError("invalid_grant", "Invalid grant: account not found")
        try:
            if header.get("alg") != "RS256":
                raise InvalidSignature
            signed = assertion.rpartition(".")[0].encode()
            account.key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise LoginError("invalid_grant", "Invalid JWT Signature.") from None
        now = time.time()
        if begins > now + CLOCK_SKEW or ends < now - CLOCK_SKEW or ends - begins > 3600 + CLOCK_SKEW:
            reason = "Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
            raise LoginError("invalid_grant", f"Invalid JWT: {reason} Check your iat and exp values in the JWT claim.")
        if audience not in (self.token_uri, *AUDIENCES):
            raise LoginError("invalid_grant", "Invalid JWT: Failed audience check.")
        if not scopes:
            raise LoginError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return account, scopes

    def _issue(self, account: Account, scopes: frozenset[str]) -> Json:
        name = "ya29." + secrets.token_urlsafe(32)
        self.tokens[name] = Token(account, scopes, time.monotonic() + self.lifetime)
        return {
            "access_token": name, "expires_in": self.lifetime, "token_type": "Bearer",
            "scope": " ".join(sorted(scopes)),
        }  # fmt: skip

    def who(self, authorization: str, method: Json) -> Token:
        """Whose token a request bears, if it may call the method; else Google's 401 or 403."""
        name = f"google.apps.sheets.v4.SpreadsheetsService.{method['id'].rpartition('.')[2].capitalize()}"
        kind, _, bearer = authorization.partition(" ")
        if not bearer:
            text = (
                "Method doesn't allow unregistered callers (callers without established identity). Please use API Key"
            )
            raise ApiError(403, f"{text} or other form of API consumer identity to call this API.")
        token = self.tokens.get(bearer) if kind.lower() == "bearer" else None
        if token is None or token.ends < time.monotonic() or token.account.revoked:
            raise error_info(401, BAD_LOGIN, "ACCESS_TOKEN_EXPIRED", method=name)
        if not token.scopes & set(method["scopes"]):
            text = "Request had insufficient authentication scopes."
            raise error_info(403, text, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", method=name)
        return token
