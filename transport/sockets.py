"""What the bot's ends of its WebSockets share: a frame taken in, a frame sent, and a goodbye that never hangs."""

import asyncio
import contextlib
from typing import Final, cast

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web

from transport.desk import OVERSIZED, Refusal
from transport.limits import network_of
from transport.reading import parting

LOST: Final = (aiohttp.ClientError, ConnectionError, OSError, TimeoutError)
"""What ends a connection without being anyone's mistake."""


def address_of(request: web.Request, behind_proxy: bool) -> str:
    """What limits take for the sender's address (`network_of`). Only `behind_proxy` may a header say it."""
    forwarded = request.headers.getall("X-Forwarded-For", []) if behind_proxy else []
    if forwarded:
        # The last entry of the last line is what our own proxy wrote; all before it are the stranger's words.
        return network_of(forwarded[-1].rsplit(",", 1)[-1].strip()[:64])
    return network_of(request.remote or "unknown")


def text_of(message: aiohttp.WSMessage) -> bytes:
    """A text frame's content. Raises Refusal for any other frame, and ConnectionResetError where the end was told."""
    if message.type is WSMsgType.TEXT:
        return cast(bytes, message.data)
    if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
        raise ConnectionResetError
    if isinstance(message.data, aiohttp.WebSocketError) and message.data.code == WSCloseCode.MESSAGE_TOO_BIG:
        raise Refusal("oversized", OVERSIZED)
    raise Refusal("malformed", "frames must be JSON text")


async def send(socket: web.WebSocketResponse, text: str) -> None:
    """Send a frame to an end that may have gone, within two seconds or not at all."""
    if not socket.closed:
        with contextlib.suppress(*LOST):
            async with asyncio.timeout(2.0):
                await socket.send_str(text)


async def part(socket: web.WebSocketResponse, code: int, why: str) -> None:
    """Say goodbye, within three seconds."""
    with contextlib.suppress(*LOST):
        async with asyncio.timeout(3.0):
            await socket.close(code=code, message=parting(why))
