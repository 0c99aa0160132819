"""Whole text frames straight from the socket, so that a reading wakes no coroutine: `FrameTap`.

It stands between a transport and aiohttp's protocol (`asyncio.Transport.set_protocol`), reads no more of RFC 6455 than
where a frame ends, and hands on whole whatever isn't one masked text frame by itself: pings, goodbyes, parts of
messages, packed frames. What is longer than any agent's frame, or not masked, ends its work, and so does a goodbye:
from there on aiohttp reads, and refuses or ignores it.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from transport.reading import MAX_FRAME_BYTES

_WHOLE_TEXT: Final = 0x81
"""The last frame of a message, no extension, text."""
_OPCODE: Final = 0x0F
_CLOSE: Final = 0x8
_MASKED: Final = 0x80
_SHORTEST: Final = 6
"""Bytes of a masked frame that is empty."""
_TWO_BYTES: Final = 126
_LONGEST: Final = 4 * MAX_FRAME_BYTES


class FrameTap(asyncio.Protocol):
    """`take` gets each whole text frame, unmasked, at once; while it is None, `inner` gets all."""

    __slots__ = ("_held", "_inner", "_tapping", "take")

    def __init__(self, inner: asyncio.Protocol) -> None:
        self._inner = inner
        self._held = b""
        self._tapping = True
        self.take: Callable[[bytes], None] | None = None

    def data_received(self, data: bytes) -> None:
        """Some bytes have come, at any place of a frame."""
        if not self._tapping:
            self._inner.data_received(data)
            return
        if self._held:
            data, self._held = self._held + data, b""
        start, end = 0, len(data)
        while end - start >= _SHORTEST:
            length, head = data[start + 1] - _MASKED, _SHORTEST
            if length == _TWO_BYTES:
                length, head = int.from_bytes(data[start + 2 : start + 4]), _SHORTEST + 2
            # After a goodbye nothing counts any more (5.5.1).
            if not 0 <= length <= _LONGEST or data[start + 1] == 255 or data[start] & _OPCODE == _CLOSE:
                self._tapping = False
                self._inner.data_received(data[start:])
                return
            stop = start + head + length
            if stop > end:
                break
            if data[start] == _WHOLE_TEXT and self.take is not None:
                self.take(unmasked(data[start + head : stop], data[start + head - 4 : start + head]))
            else:
                self._inner.data_received(data[start:stop])
            start = stop
        self._held = data[start:]

    def eof_received(self) -> bool | None:
        """The other end writes no more."""
        return self._inner.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self.take = None
        self._inner.connection_lost(error)

    def pause_writing(self) -> None:
        """The system's buffer is full."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """There is room in it again."""
        self._inner.resume_writing()


def unmasked(payload: bytes, mask: bytes) -> bytes:
    """A payload without its mask of four bytes (RFC 6455, 5.3)."""
    length = len(payload)
    pattern = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(pattern, "little")).to_bytes(length, "little")
