"""Text frames taken straight from the socket, whatever pieces they come in; all else goes to aiohttp whole."""

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.frames import FrameTap, unmasked
from transport.reading import MAX_FRAME_BYTES


class Inner(asyncio.Protocol):
    def __init__(self) -> None:
        self.got: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self.got.append(bytes(data))


def masked(payload: bytes, first: int = 0x81, mask: bytes = b"\x11\x22\x33\x44") -> bytes:
    length = len(payload)
    if length < 126:
        head = bytes([first, 0x80 | length])
    elif length < 65_536:
        head = bytes([first, 0xFE]) + length.to_bytes(2)
    else:
        head = bytes([first, 0xFF]) + length.to_bytes(8)
    return head + mask + unmasked(payload, mask)


def tapped() -> tuple[FrameTap, Inner, list[bytes]]:
    inner, taken = Inner(), list[bytes]()
    tap = FrameTap(inner)
    tap.take = taken.append
    return tap, inner, taken


PING, CLOSE, PART, LAST_PART, PACKED, BINARY = 0x89, 0x88, 0x01, 0x80, 0xC1, 0x82


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0x81, 0x81, 0x81, PING, PART, LAST_PART, PACKED, BINARY]),
            st.binary(max_size=300),
            st.binary(min_size=4, max_size=4),
        ),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_in_whatever_pieces_frames_come(frames: list[tuple[int, bytes, bytes]], chance: random.Random) -> None:
    tap, inner, taken = tapped()
    data = b"".join(masked(payload, first, mask) for first, payload, mask in frames)
    while data:
        size = chance.randint(1, 40)
        tap.data_received(data[:size])
        data = data[size:]
    assert taken == [payload for first, payload, _ in frames if first == 0x81]
    assert inner.got == [masked(payload, first, mask) for first, payload, mask in frames if first != 0x81]


@pytest.mark.parametrize(
    "bad",
    [
        b"\x81\x05hello",
        masked(b"x" * (4 * MAX_FRAME_BYTES + 1)),
        masked(b"x" * 70_000),
        b"\x81\xff" + (2**63 - 1).to_bytes(8),
        masked(b"\x03\xe8bye", CLOSE),
    ],
)
def test_what_no_agent_sends_and_a_goodbye_goes_to_aiohttp_and_so_does_all_that_follows(bad: bytes) -> None:
    tap, inner, taken = tapped()
    tap.data_received(masked(b"one") + bad)
    tap.data_received(masked(b"two"))
    assert taken == [b"one"] and b"".join(inner.got) == bad + masked(b"two")


def test_until_somebody_takes_them_frames_go_to_aiohttp() -> None:
    tap, inner, taken = tapped()
    tap.take = None
    tap.data_received(masked(b"join")[:5])
    tap.data_received(masked(b"join")[5:])
    tap.take = taken.append
    tap.data_received(masked(b"reading"))
    assert inner.got == [masked(b"join")] and taken == [b"reading"]


def test_a_connection_that_says_half_a_frame_holds_no_more_than_that() -> None:
    tap, inner, taken = tapped()
    for _ in range(4 * MAX_FRAME_BYTES + 7):
        tap.data_received(b"")
    tap.data_received(masked(b"x" * 4 * MAX_FRAME_BYTES)[:-1])
    assert not taken and not inner.got and len(tap._held) <= 4 * MAX_FRAME_BYTES + 8
