"""How a node logs in to NATS, over TLS where it was told so; on a real nats-server, and on one that means harm."""

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.hub.stage import health, until_well
from tests.nats import PATIENCE, NodeProgram, nats_server, needs_nats

pytestmark = [pytest.mark.slow, needs_nats]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody has signed but itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's nats-server")])
    now = datetime.now(UTC)
    day = timedelta(1)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"


async def test_a_server_with_tls_is_reached_when_its_certificate_is_known(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    login = "authorization { token: correct-horse-battery }"
    tls = f'tls {{ cert_file: "{certificate[0]}", key_file: "{certificate[1]}" }}\n{login}'
    with nats_server(tmp_path, tls) as server:
        address = server.url.replace("nats:", "tls:")
        known = {"SSL_CERT_FILE": str(certificate[0]), "LERA_NATS_LOGIN": "correct-horse-battery"}
        trusting = NodeProgram(address, environment=known)
        careful = NodeProgram(address, environment={"LERA_NATS_LOGIN": "correct-horse-battery"})
        for node in (trusting, careful):
            node.start()
        try:
            await until_well(trusting, channels=0)
            await careful.until_says("certificate")
            assert (await health(careful))[0] == 503
        finally:
            said = careful.end(signal.SIGTERM) + trusting.end(signal.SIGTERM)
        assert "certificate" in said and "Traceback" not in said and "horse" not in said


async def test_where_tls_was_wanted_no_login_goes_out_without_it() -> None:
    heard = bytearray()
    asked = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A server, or somebody in between, that offers no TLS and asks for a login."""
        writer.write(b'INFO {"server_id":"x","version":"2.9.10","max_payload":1048576,"auth_required":true}\r\n')
        while data := await reader.read(4096):
            heard.extend(data)
        writer.close()
        asked.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        node = NodeProgram(f"tls://127.0.0.1:{port}", environment={"LERA_NATS_LOGIN": "lera:correct-horse-battery"})
        node.start()
        try:
            async with asyncio.timeout(PATIENCE):
                await asked.wait()
            await node.until_says("offers no TLS")
        finally:
            said = await asyncio.to_thread(node.end, signal.SIGTERM)
    assert b"horse" not in heard and "Traceback" not in said
