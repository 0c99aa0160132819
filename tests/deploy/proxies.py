"""nginx and Caddy for tests, with exactly the files of `deploy/`: ports, addresses and the certificate filled in."""

import asyncio
import os
import re
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests import ports
from tests.conftest import ROOT

Name = Literal["nginx", "caddy"]
HOST: Final = "mood.example"
"""The name in the files; the tests' clients know where it is."""


def program(name: str) -> str | None:
    """Where a server's program is: Debian keeps some where users don't look."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def needs(*names: str) -> pytest.MarkDecorator:
    """Skip where a program is missing; where `.ci/run` has installed it, its absence is a failure."""
    missing = [name for name in names if program(name) is None]
    return pytest.mark.skipif(bool(missing) and "CI" not in os.environ, reason=f"not installed: {', '.join(missing)}")


def free_port() -> int:
    """A port for a proxy, which needs it on every address."""
    return ports.free_port("")


class Certificate(NamedTuple):
    """A self-signed certificate for HOST and 127.0.0.1."""

    chain: Path
    key: Path

    def trusted(self) -> ssl.SSLContext:
        """What a client needs to believe it."""
        return ssl.create_default_context(cafile=self.chain)

    def served(self) -> ssl.SSLContext:
        """What a server needs to show it."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain, self.key)
        return context


def make_certificate(folder: Path, days: tuple[int, int] = (-1, 1)) -> Certificate:
    """Make one that is valid from the first of these days to the second; today is 0."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    names = [x509.DNSName(HOST), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate = Certificate(folder / "chain.pem", folder / "key.pem")
    certificate.chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    certificate.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate


def filled_in(text: str, changes: dict[str, str]) -> str:
    """The text of a file of `deploy/` with what each host fills in. Each pattern must be there."""
    for pattern, value in changes.items():
        text, count = re.subn(pattern, value, text)
        assert count, pattern
    return text


class Proxy(NamedTuple):
    """A proxy that runs, in front of a bot's public port."""

    name: Name
    port: int
    upstream: int
    certificate: Certificate

    @property
    def url(self) -> str:
        """What viewers' links start with."""
        return f"https://{HOST}:{self.port}"

    def viewer(self, address: str = "127.0.0.1", **settings: Any) -> aiohttp.ClientSession:
        """A viewer's connections, from this address of the loopback's network."""
        connector = aiohttp.TCPConnector(
            resolver=_Resolver(), ssl=self.certificate.trusted(), local_addr=(address, 0), limit=0
        )
        return aiohttp.ClientSession(connector=connector, **settings)


class _Resolver(AbstractResolver):
    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:  # noqa: ARG002
        assert host in (HOST, "127.0.0.1"), "no test asks anything of the internet"
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        pass


def nginx_files(folder: Path, port: int, upstream: int, certificate: Certificate, second: int = 0) -> list[str]:
    """nginx's files in a folder, and the command that runs it with them. `second`: the port of one more hub."""
    site = filled_in(
        (ROOT / "deploy" / "nginx.conf").read_text("utf-8"),
        {
            r"(?m)^ *listen \[::\].*\n": "",
            r"listen 443 ": f"listen {port} ",
            r"listen 80;": f"listen {free_port()};",
            r"127\.0\.0\.1:8766": f"127.0.0.1:{upstream}",
            **({r"#server 127\.0\.0\.1:8767": f"server 127.0.0.1:{second}"} if second else {}),
            r"/etc/letsencrypt/live/mood.example/fullchain.pem": str(certificate.chain),
            r"/etc/letsencrypt/live/mood.example/privkey.pem": str(certificate.key),
        },
    )
    (folder / "lera.conf").write_text(site)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Its workers must be able to look into the test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/nginx.pid; worker_processes 1; worker_rlimit_nofile 4096;"
        f"events {{ worker_connections 2048; }} http {{ {temporary} access_log off; include {folder}/lera.conf; }}"
    )
    return [program("nginx") or "nginx", "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]


def caddy_files(folder: Path, port: int, upstream: int, certificate: Certificate, second: int = 0) -> list[str]:
    """Caddy's file in a folder, and the command that runs it with that. `second`: the port of one more hub."""
    text = filled_in(
        (ROOT / "deploy" / "Caddyfile").read_text("utf-8"),
        {
            r"(?m)^\{$": f"{{\n\tadmin off\n\thttp_port {free_port()}",
            rf"(?m)^{HOST} \{{$": f"{HOST}:{port} {{\n\ttls {certificate.chain} {certificate.key}",
            **({r"(to 127\.0\.0\.1:8766)": rf"\1 127.0.0.1:{second}"} if second else {}),
            r"127\.0\.0\.1:8766": f"127.0.0.1:{upstream}",
            # A bot that a busy machine holds up for some seconds isn't away.
            r"health_timeout 2s": "health_timeout 30s",
        },
    )
    (folder / "Caddyfile").write_text(text)
    return [program("caddy") or "caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@asynccontextmanager
async def proxy(name: Name, folder: Path, upstream: int, second: int = 0) -> AsyncIterator[Proxy]:
    """A proxy before the bot's public port `upstream`, and a second hub's where it is given."""
    certificate, port = make_certificate(folder), free_port()
    command = (nginx_files if name == "nginx" else caddy_files)(folder, port, upstream, certificate, second)
    told = folder / "told.txt"
    with told.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=output,
            stderr=output,
            env={**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)},
        )
    try:
        async with asyncio.timeout(30):
            while not await _listens(port):
                assert process.returncode is None, told.read_text("utf-8", "replace")
        yield Proxy(name, port, upstream, certificate)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        await asyncio.sleep(0.02)
        return False
    writer.close()
    return True
