"""Whole text frames straight from the socket, so that a reading wakes no coroutine: `FrameTap`.

It stands between a transport and aiohttp's protocol (`asyncio.Transport.set_protocol`), reads no more of RFC 6455 than
where a frame ends, and hands on whole whatever isn't one masked text frame by itself: pings, goodbyes, parts of
messages, packed frames. Of these there are few, so that more of them are a flood, which ends the connection before
they fill aiohttp's queue. Nothing is read behind a goodbye, or behind what is longer than any agent's frame.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Literal

from transport.guest import FRAME_INTERVAL, FRAMES_SLACK
from transport.reading import MAX_FRAME_BYTES

_WHOLE_TEXT: Final = 0x81
"""The last frame of a message, no extension, text."""
_OPCODE: Final = 0x0F
_CLOSE: Final = 0x8
_MASKED: Final = 0x80
_SHORTEST: Final = 6
"""Bytes of a masked frame that is empty."""
_TWO_BYTES: Final = 126
_LONGEST_HEAD: Final = 14
_LONGEST: Final = 4 * MAX_FRAME_BYTES

End = Literal["", "goodbye", "oversized", "unmasked", "flood"]


class FrameTap(asyncio.Protocol):
    """`take` gets each whole text frame, unmasked, at once; while it is None, `inner` gets all."""

    __slots__ = ("_due", "_held", "_inner", "_now", "_transport", "end", "refused", "take")

    def __init__(
        self, inner: asyncio.Protocol, transport: asyncio.WriteTransport, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`transport` is aborted on a flood, and on frames without a mask (RFC 6455, 5.1). `now`: a steady clock."""
        self._inner = inner
        self._transport = transport
        self._now = now
        self._held = b""
        self._due = 0.0
        self.take: Callable[[bytes], None] | None = None
        self.refused = False
        # Why nothing is read any more, once that is so.
        self.end: End = ""

    def refuse(self) -> None:
        """The guest has been refused: of all that comes until it hears so, only a goodbye is of use."""
        self.take = None
        self.refused = True

    def data_received(self, data: bytes) -> None:
        """Some bytes have come, at any place of a frame."""
        if self.end:
            return
        if self._held:
            data, self._held = self._held + data, b""
        start, end = 0, len(data)
        while end - start >= _SHORTEST:
            length, head = data[start + 1] - _MASKED, _SHORTEST
            if length >= _TWO_BYTES:
                if length == _TWO_BYTES:
                    length, head = int.from_bytes(data[start + 2 : start + 4]), _SHORTEST + 2
                elif end - start < _LONGEST_HEAD:
                    break
                else:
                    length, head = int.from_bytes(data[start + 2 : start + 10]), _LONGEST_HEAD
                if length > _LONGEST:
                    # How long it is is enough for aiohttp to refuse it.
                    self.end = "oversized"
                    self._inner.data_received(data[start : start + head - 4])
                    return
            elif length < 0:
                self._abort("unmasked")
                return
            stop = start + head + length
            if stop > end:
                break
            if data[start] == _WHOLE_TEXT and self.take is not None:
                self.take(unmasked(data[start + head : stop], data[start + head - 4 : start + head]))
            else:
                self._hand_on(data[start:stop])
                if self.end:
                    return
            start = stop
        self._held = data[start:]

    def _hand_on(self, frame: bytes) -> None:
        # After a goodbye nothing counts any more (5.5.1).
        if frame[0] & _OPCODE == _CLOSE:
            self.end = "goodbye"
        else:
            # As `transport.limits.Rate`, without an object for each of many thousands of connections.
            now = self._now()
            if self._due - now > FRAMES_SLACK:
                self._abort("flood")
                return
            self._due = max(self._due, now) + FRAME_INTERVAL
            if self.refused:
                return
        self._inner.data_received(frame)

    def _abort(self, why: End) -> None:
        self.end = why
        self.take = None
        self._transport.abort()

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
