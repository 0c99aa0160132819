"""The local NATS server says what a real one says: the same conversations, word for word, with both."""

import asyncio
import json
import re
import socket
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.aio.msg import Msg

from tests.nats import SERVER, needs_nats
from tests.standins.nats import nats_standin
from tests.standins.nats.words import Mistake, is_subject, matches, read

# What is said, piece by piece; each may be answered before the next.
HELLO = 'CONNECT {"verbose":false,"pedantic":false,"echo":true,"lang":"test","version":"1","protocol":1}\r\n'
CONVERSATIONS = {
    "a message to oneself": [HELLO + "SUB a.b 1\r\nPUB a.b 5\r\nhello\r\nPING\r\n"],
    "a reply subject": [HELLO + "SUB a 7\r\nPUB a in.box 2\r\nhi\r\nPING\r\n"],
    "wildcards": [HELLO + "SUB a.*.c 1\r\nSUB a.> 2\r\nPUB a.b.c 1\r\nx\r\nPUB a 1\r\ny\r\nPING\r\n"],
    "an empty message": [HELLO + "SUB a 1\r\nPUB a 0\r\n\r\nPING\r\n"],
    "unsubscribed": [HELLO + "SUB a 1\r\nUNSUB 1\r\nPUB a 1\r\nx\r\nPING\r\n"],
    "unsubscribed after two": [
        HELLO + "SUB a 1\r\nUNSUB 1 2\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\nPING\r\n"
    ],
    "without echo": [HELLO.replace('"echo":true', '"echo":false') + "SUB a 1\r\nPUB a 1\r\nx\r\nPING\r\n"],
    "verbose": [HELLO.replace('"verbose":false', '"verbose":true'), "SUB a 1\r\n", "PUB a 1\r\nx\r\n", "PING\r\n"],
    "small letters": [HELLO.replace("CONNECT", "connect") + "sub a 1\r\npub a 1\r\nx\r\nping\r\n"],
    "a queue of one": [HELLO + "SUB a workers 1\r\nPUB a 1\r\nx\r\nPING\r\n"],
    "a subject that is none": [HELLO + "SUB a..b 1\r\nPING\r\n"],
    "nonsense": [HELLO + "HELLO you\r\n"],
    "a size that is none": [HELLO + "PUB a -1\r\n"],
    "a subscription to nothing": [HELLO + "SUB a\r\n"],
    "a connect that is none": ["CONNECT {\r\n"],
    "no message at all": [HELLO + "PUB a\r\n"],
    "too much": [HELLO + "PUB a 1048577\r\n"],
    "a message that is longer than it says": [HELLO + "SUB a 1\r\nPUB a 1\r\nxyz\r\n"],
    "a line that never ends": [HELLO + "PUB " + "a" * 5000 + " 1\r\n"],
}


@asynccontextmanager
async def real(folder: Path, config: str = "") -> AsyncIterator[int]:
    """A real server, for as long as the context."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = folder / "nats.conf"
    file.write_text(f"listen: 127.0.0.1:{port}\n{config}")
    server = await asyncio.create_subprocess_exec(SERVER, "-c", str(file), stdout=DEVNULL, stderr=DEVNULL)
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                break
        yield port
    finally:
        server.terminate()
        await server.wait()


async def talk(port: int, said: list[str]) -> str:
    """What the server answers, without what differs from server to server."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    for number, part in enumerate(said, 1):
        writer.write(part.encode())
        try:
            # The last word is always answered, by a PONG or by the end, and a busy machine may take its time.
            async with asyncio.timeout(0.5 if number < len(said) else 60):
                while data := await reader.read(65_536):
                    heard += data
                    if heard.endswith(b"PONG\r\n"):
                        break
                else:
                    heard += b"<end>"
        except TimeoutError:
            pass
        except ConnectionError:
            heard += b"<end>"
    writer.transport.abort()
    return re.sub(r"INFO \{.*?\} ?\r\n", "INFO\r\n", heard.decode())


@pytest.mark.slow
@needs_nats
async def test_it_answers_as_a_real_server_does(tmp_path: Path) -> None:
    async with real(tmp_path) as port, nats_standin() as standin:
        for name, said in CONVERSATIONS.items():
            ours, theirs = await talk(standin.port, said), await talk(port, said)
            if name == "wildcards":
                # Two subscriptions of one client get it in no order.
                ours, theirs = "".join(sorted(ours)), "".join(sorted(theirs))
            assert ours == theirs, name


@pytest.mark.slow
@needs_nats
@pytest.mark.parametrize(
    "login", ["", '"user":"ann","pass":"right"', '"user":"ann","pass":"wrong"', '"auth_token":"x"']
)
async def test_it_lets_in_whom_a_real_server_lets_in(tmp_path: Path, login: str) -> None:
    said = [HELLO.replace('"echo":true', '"echo":true' + (f",{login}" if login else "")) + "PING\r\n"]
    config = "authorization: {user: ann, password: right}\n"
    async with real(tmp_path, config) as port, nats_standin(user="ann", password="right") as standin:
        assert await talk(standin.port, said) == await talk(port, said)


@pytest.mark.slow
@needs_nats
async def test_its_info_has_what_clients_look_at(tmp_path: Path) -> None:
    async def info(port: int) -> dict[str, object]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        found = json.loads((await reader.readline()).removeprefix(b"INFO "))
        writer.transport.abort()
        return dict(found)

    async with real(tmp_path) as port, nats_standin() as standin:
        theirs, ours = await info(port), await info(standin.port)
    assert ours.keys() <= theirs.keys()
    for name in ("max_payload", "proto", "host", "client_ip"):
        assert ours[name] == theirs[name], name


async def test_requests_are_answered() -> None:
    async with nats_standin() as server:
        one, two = await nats.connect(server.url), await nats.connect(server.url)

        async def answer(message: Msg) -> None:
            await message.respond(message.data[::-1])

        await two.subscribe("turn", cb=answer)
        await two.flush()
        assert (await one.request("turn", b"abc", timeout=5)).data == b"cba"
        assert server.connections == 2
        await one.close()
        await two.close()


async def test_a_killed_server_forgets_and_comes_back_at_the_same_port() -> None:
    async with nats_standin() as server:
        port = server.port
        gone = asyncio.Event()

        async def closed() -> None:
            gone.set()

        client = await nats.connect(server.url, allow_reconnect=False, closed_cb=closed)
        await server.kill()
        await gone.wait()
        assert client.is_closed and server.connections == 0
        await server.start()
        assert server.port == port
        again = await nats.connect(server.url, allow_reconnect=False)
        await again.close()


async def test_who_does_not_read_is_cut_off() -> None:
    async with nats_standin() as server:
        server.max_pending = 100_000
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1000)
        writer.write((HELLO + "SUB a 1\r\nPING\r\n").encode())
        await reader.readuntil(b"PONG\r\n")
        client = await nats.connect(server.url, allow_reconnect=False)
        while not server.slow:
            await client.publish("a", bytes(50_000))
            await client.flush()
        assert server.slow == 1
        writer.transport.abort()
        await client.close()


@pytest.mark.parametrize("line", [b"", b"PUB a", b"PUB a x", b"SUB a", b"CONNECT {", b"CONNECT 1", b"GET / HTTP/1.1"])
def test_what_is_no_word_is_a_mistake(line: bytes) -> None:
    with pytest.raises(Mistake):
        read(line, 100)


def test_subjects() -> None:
    assert is_subject("a.b-c.D_1") and is_subject("a.*.>", wild=True)
    assert not any(is_subject(text) for text in ("", "a.", ".a", "a..b", "a b", "*", "a.>"))
    assert not is_subject("a.>.b", wild=True)
    assert matches("a.*.c", "a.b.c") and matches("a.>", "a.b.c") and matches("a", "a")
    assert not matches("a.*", "a.b.c") and not matches("a.>", "a") and not matches("a.b", "a")
