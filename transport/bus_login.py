"""Where the NATS servers are, and how LERA logs in there. No secret stands in an address or a setting."""

import base64
import os
import re
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lera import redaction, vault
from lera.errors import LeraError

VAULT_NAME: Final = "nats-login"
VARIABLE: Final = "LERA_NATS_LOGIN"
"""`user:password` or a token, for containers that have no keyring."""
PORT: Final = 4222
_JWT: Final = re.compile(r"-----BEGIN NATS USER JWT-----\s*(\S+)\s*-+END NATS USER JWT-+")
_SEED: Final = re.compile(r"-----BEGIN USER NKEY SEED-----\s*(\S+)\s*-+END USER NKEY SEED-+")
_LONGEST: Final = 16_384


class Server(NamedTuple):
    """One NATS server."""

    host: str
    port: int
    tls: bool

    @property
    def url(self) -> str:
        """As nats-py wants it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'tls' if self.tls else 'nats'}://{host}:{self.port}"


def parse_servers(text: str) -> list[Server]:
    """Read `nats://host:4222` or `tls://host`, of a cluster several with commas between. Raises LeraError."""
    servers = []
    for part in text.split(","):
        try:
            parts = urlsplit(part.strip())
            host, port = parts.hostname or "", parts.port or PORT
        except ValueError:
            parts, host, port = urlsplit(""), "", PORT
        if parts.username or parts.password:
            raise LeraError(
                "A password in NATS's address would be seen by all who see the command or the settings: take it out, "
                "and keep it with `python run.py hub --nats-login`."
            )
        clean = re.fullmatch(r"[A-Za-z0-9_.:-]+", host) and not (parts.path.strip("/") or parts.query or parts.fragment)
        if parts.scheme not in ("nats", "tls") or not clean:
            raise LeraError("NATS's address must be such as nats://host:4222 or tls://host:4222; change it.")
        servers.append(Server(host, port, parts.scheme == "tls"))
    return servers


class Login(NamedTuple):
    """What a server is shown, as options of nats-py's `connect`; nothing where it lets everybody in."""

    options: dict[str, Any]

    def __repr__(self) -> str:
        return f"Login({', '.join(self.options) or 'none'})"


def find_login(file: str = "") -> Login:
    """The login: of the file, if one is named, else of the environment, else of the keyring. Raises LeraError."""
    if file:
        return read_login(_private_text(Path(file)))
    return read_login(os.environ.get(VARIABLE) or vault.secret(VAULT_NAME) or "")


def keep_login(text: str) -> None:
    """Keep a login in the keyring; an empty one erases it. Raises LeraError."""
    read_login(text)
    vault.keep_secret(VAULT_NAME, text.strip() or None)


def read_login(text: str) -> Login:
    """`user:password`, a token, or all that stands in a .creds file of NATS's. Raises LeraError."""
    text = text.strip()
    if not text:
        return Login({})
    jwt, seed = _JWT.search(text), _SEED.search(text)
    if jwt and seed:
        redaction.hide(jwt[1])
        redaction.hide(seed[1])
        sign, token = _signer(seed[1]), jwt[1].encode()
        return Login({"user_jwt_cb": lambda: token, "signature_cb": sign})
    if len(text) > 1024 or not text.isprintable() or "-----" in text:
        raise LeraError("That is no login for NATS: it is user:password, a token, or a .creds file; keep another.")
    user, colon, password = text.partition(":")
    redaction.hide(password or text)
    return Login({"user": user, "password": password} if colon else {"token": text})


def encrypted(servers: list[Server]) -> ssl.SSLContext | None:
    """What checks a server's certificate, where any is reached by TLS."""
    return ssl.create_default_context() if any(server.tls for server in servers) else None


def _private_text(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if sys.platform != "win32" and mode & 0o077:
            raise LeraError(f"Others may read NATS's login in {path}: chmod 600 it, and change that password.")
        return path.read_text("utf-8")[:_LONGEST]
    except (OSError, UnicodeDecodeError) as error:
        raise LeraError(f"Can't read NATS's login in {path} ({error}); name the right file.") from None


def _signer(seed: str) -> Callable[[str], bytes]:
    """Signs a server's nonce by an nkey's seed: base32 of two bytes of kind, 32 of seed, two of check sum."""
    try:
        raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
        key = Ed25519PrivateKey.from_private_bytes(raw[2:34])
    except ValueError:
        raise LeraError("The nkey in NATS's .creds file can't be read: get a new file from who runs NATS.") from None
    return lambda nonce: base64.b64encode(key.sign(nonce.encode()))
