"""The server: who is connected, what they listen to, and what goes wrong on demand."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.standins.nats.words import (
    Connect,
    Mistake,
    Ping,
    Pong,
    Publish,
    Subscribe,
    Unsubscribe,
    is_subject,
    matches,
    read,
)

VERSION: Final = "2.9.10"
MAX_PENDING: Final = 64 * 1024 * 1024
"""Bytes that wait for a slow reader, before it is cut off."""
AUTH_SECONDS: Final = 2.0


class _Listener:
    def __init__(self, client: "_Client", word: Subscribe) -> None:
        self.client, self.word = client, word
        self.left = 0
        self.delivered = 0


class _Client:
    def __init__(self, server: "Nats", number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.number, self.reader, self.writer = server, number, reader, writer
        self.options: dict[str, Any] | None = None
        self.listeners: dict[str, _Listener] = {}
        self.pings = 0
        self.pongs_owed = 0

    def say(self, text: str) -> None:
        self.writer.write(text.encode() + b"\r\n")

    def tell(self, listener: _Listener, word: Publish, data: bytes) -> None:
        pending = self.writer.transport.get_write_buffer_size()
        if pending + len(data) > self.server.max_pending:
            # A real one calls it a slow consumer, and hangs up at once.
            self.server.slow += 1
            self.writer.transport.abort()
            return
        reply = f" {word.reply}" if word.reply else ""
        self.writer.write(f"MSG {word.subject} {listener.word.id}{reply} {len(data)}\r\n".encode() + data + b"\r\n")
        listener.delivered += 1
        if listener.left and listener.delivered >= listener.left:
            self.listeners.pop(listener.word.id, None)


class Nats:
    """What NATS clients of LERA's use of a server: no queues across servers, no headers, no JetStream."""

    def __init__(
        self, *, user: str = "", password: str = "", token: str = "", max_payload: int = 1_048_576, port: int = 0
    ) -> None:
        self.port = port
        self.max_payload = max_payload
        self.max_pending = MAX_PENDING
        self.ping_seconds = 120.0
        self.slow = 0
        self.lost = 0
        self._user, self._password, self._token = user, password, token
        self._clients: dict[int, _Client] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._number = 0
        self._chance = random.Random(0)
        # The part of published messages that are lost: core NATS promises none of them.
        self.loss = 0.0
        # While so, the answers to pings are on a slow way: they arrive together with the first one afterwards.
        self.holds_pongs = False
        # How many of the next pings are answered by the end of the connection.
        self.cuts_at_ping = 0

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many have logged in."""
        return sum(client.options is not None for client in self._clients.values())

    @property
    def pongs_owed(self) -> int:
        """How many answers to pings are on their way."""
        return sum(client.pongs_owed for client in self._clients.values())

    @property
    def running(self) -> bool:
        return self._server is not None

    async def start(self) -> None:
        """Listen, at the port of the last time."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=65_536)
            self.port = self._server.sockets[0].getsockname()[1]

    async def kill(self) -> None:
        """kill -9: nobody is told anything, and what it knew is gone."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for client in list(self._clients.values()):
            client.writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection, and go on listening."""
        for client in list(self._clients.values()):
            client.writer.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._number += 1
        client = _Client(self, self._number, reader, writer)
        self._clients[client.number] = client
        pinging = asyncio.create_task(self._ping(client))
        try:
            client.say(f"INFO {json.dumps(self._info(client))} ")
            while True:
                # Who says nothing at first is not waited for.
                async with asyncio.timeout(AUTH_SECONDS if client.options is None and self._secret else None):
                    line = await reader.readuntil(b"\n")
                try:
                    await self._take(client, line.rstrip(b"\r\n"))
                except Mistake as mistake:
                    if str(mistake):
                        client.say(f"-ERR '{mistake}'")
                    if mistake.fatal:
                        await writer.drain()
                        return
        except TimeoutError:
            client.say("-ERR 'Authentication Timeout'")
        except asyncio.LimitOverrunError:
            client.say("-ERR 'maximum control line exceeded'")
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            pinging.cancel()
            self._clients.pop(client.number, None)
            with contextlib.suppress(OSError, RuntimeError):
                writer.close()

    @property
    def _secret(self) -> bool:
        return bool(self._user or self._token)

    def _info(self, client: _Client) -> dict[str, Any]:
        info = {
            "server_id": "LERA0STANDIN", "server_name": "standin", "version": VERSION, "proto": 1, "go": "none",
            "host": "127.0.0.1", "port": self.port, "headers": False, "max_payload": self.max_payload,
            "client_id": client.number, "client_ip": "127.0.0.1",
        }  # fmt: skip
        return info | ({"auth_required": True} if self._secret else {})

    async def _take(self, client: _Client, line: bytes) -> None:
        word = read(line, self.max_payload)
        data = b""
        if isinstance(word, Publish):
            data = await client.reader.readexactly(word.size)
            if await client.reader.readexactly(2) != b"\r\n":
                raise Mistake("Unknown Protocol Operation")
        if isinstance(word, Connect):
            self._let_in(client, word.options)
            return
        if client.options is None and self._secret:
            raise Mistake("Authorization Violation")
        if client.options is not None and client.options.get("verbose") and not isinstance(word, Ping | Pong):
            client.say("+OK")
        match word:
            case Ping() if self.cuts_at_ping:
                self.cuts_at_ping -= 1
                client.writer.transport.abort()
            case Ping():
                client.pongs_owed += 1
                while client.pongs_owed and not self.holds_pongs:
                    client.pongs_owed -= 1
                    client.say("PONG")
            case Pong():
                client.pings = 0
            case Subscribe():
                client.listeners.setdefault(word.id, _Listener(client, word))
            case Unsubscribe():
                listener = client.listeners.get(word.id)
                if listener is not None and word.after > listener.delivered:
                    listener.left = word.after
                else:
                    client.listeners.pop(word.id, None)
            case Publish():
                if (client.options or {}).get("pedantic") and not is_subject(word.subject):
                    raise Mistake("Invalid Publish Subject", fatal=False)
                self._deliver(client, word, data)
        with contextlib.suppress(OSError):
            await client.writer.drain() if isinstance(word, Ping) else None

    def _let_in(self, client: _Client, options: dict[str, Any]) -> None:
        right = (
            (options.get("user"), options.get("pass")) == (self._user, self._password)
            if self._user
            else (options.get("auth_token") == self._token)
        )
        if self._secret and not right:
            raise Mistake("Authorization Violation")
        client.options = options
        if options.get("verbose"):
            client.say("+OK")

    def _deliver(self, sender: _Client, word: Publish, data: bytes) -> None:
        if self.loss and self._chance.random() < self.loss:
            self.lost += 1
            return
        groups: dict[tuple[str, str], list[_Listener]] = {}
        for client in list(self._clients.values()):
            # What a client says it hears itself, unless it has asked not to.
            if client is sender and not (client.options or {}).get("echo", True):
                continue
            for listener in list(client.listeners.values()):
                if not matches(listener.word.subject, word.subject):
                    continue
                if listener.word.queue:
                    groups.setdefault((listener.word.subject, listener.word.queue), []).append(listener)
                else:
                    client.tell(listener, word, data)
        for group in groups.values():
            chosen = self._chance.choice(group)
            chosen.client.tell(chosen, word, data)

    async def _ping(self, client: _Client) -> None:
        while True:
            await asyncio.sleep(self.ping_seconds)
            client.pings += 1
            if client.pings > 2:
                client.say("-ERR 'Stale Connection'")
                client.writer.transport.abort()
                return
            client.say("PING")


@asynccontextmanager
async def nats_standin(**options: Any) -> AsyncIterator[Nats]:
    """A local server, which listens on a free port."""
    server = Nats(**options)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()
