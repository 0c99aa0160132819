"""Fuzzed here: bytes of a socket, of which a hub takes whole text frames before aiohttp sees them."""

import asyncio

from hypothesis import strategies as st

from tests.fuzz.target import Target, holds
from transport.frames import FrameTap
from transport.reading import MAX_FRAME_BYTES


class _Inner(asyncio.Protocol):
    """What stands for aiohttp: keeps what it is given."""

    def __init__(self) -> None:
        self.got = b""

    def data_received(self, data: bytes) -> None:
        self.got += data


class _Transport(asyncio.Transport):
    """The connection."""

    aborted = False

    def abort(self) -> None:
        self.aborted = True


def _read(pieces: list[bytes]) -> tuple[list[bytes], bytes, bytes, str, bool]:
    inner, taken, transport = _Inner(), list[bytes](), _Transport()
    tap = FrameTap(inner, transport, lambda: 1000.0)
    tap.take = taken.append
    for piece in pieces:
        tap.data_received(piece)
    return taken, inner.got, tap._held, tap.end, transport.aborted


def check_frames(pieces: list[bytes]) -> None:
    """Nothing raises or is lost, little is held, and it makes no difference in which pieces the bytes come."""
    data = b"".join(pieces)
    taken, passed, held, end, aborted = _read(pieces)
    holds(_read([data]) == (taken, passed, held, end, aborted), pieces)
    holds(len(held) < 4 * MAX_FRAME_BYTES + 14, pieces)
    heads = len(data) - sum(map(len, taken)) - len(passed) - len(held)
    holds(6 * len(taken) <= heads and (bool(end) or heads <= 14 * len(taken)), pieces)
    holds(aborted == (end in ("flood", "unmasked")) and not (end and held), pieces)
    holds(all(len(text) <= 4 * MAX_FRAME_BYTES for text in taken), pieces)


_heads = st.tuples(st.sampled_from([0x81, 0x81, 0x01, 0x80, 0x88, 0x89, 0xC1, 0x82, 0x00]), st.integers(0, 255)).map(
    bytes
)
_pieces = st.lists(st.one_of(st.binary(max_size=40), _heads, st.binary(min_size=120, max_size=140)), max_size=20)

TARGETS = [Target("frames", _pieces, check_frames, 150, with_text=lambda said: [said.encode("utf-8", "replace")])]
