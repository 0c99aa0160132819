"""Text frames taken straight from the socket, whatever pieces they come in; all else goes to aiohttp whole."""

import asyncio
import itertools
import random
from collections.abc import Callable

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


class Transport(asyncio.Transport):
    aborted = 0

    def abort(self) -> None:
        self.aborted += 1


def tapped(now: Callable[[], float] = lambda: 1000.0) -> tuple[FrameTap, Inner, list[bytes]]:
    inner, taken = Inner(), list[bytes]()
    tap = FrameTap(inner, Transport(), now)
    tap.take = taken.append
    return tap, inner, taken


def aborted(tap: FrameTap) -> bool:
    assert isinstance(tap._transport, Transport)
    return tap._transport.aborted == 1


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
    ("bad", "seen", "end"),
    [
        (masked(b"x" * (4 * MAX_FRAME_BYTES + 1)), 4, "oversized"),
        (masked(b"x" * 70_000), 10, "oversized"),
        (masked(b"x" * 70_000, PART), 10, "oversized"),
        (b"\x81\xff" + (2**63 - 1).to_bytes(8) + b"mask", 10, "oversized"),
        (masked(b"\x03\xe8bye", CLOSE), 11, "goodbye"),
    ],
)
def test_behind_what_no_agent_sends_and_behind_a_goodbye_nothing_is_read(bad: bytes, seen: int, end: str) -> None:
    for pieces in ([masked(b"one") + bad + masked(b"two")], [masked(b"one"), bad[:7], bad[7:], masked(b"two")]):
        tap, inner, taken = tapped()
        for piece in pieces:
            tap.data_received(piece)
        tap.data_received(masked(b"three", PING))
        assert taken == [b"one"] and b"".join(inner.got) == bad[:seen] and tap.end == end and not tap._held


def test_a_frame_without_a_mask_ends_the_connection() -> None:
    tap, inner, taken = tapped()
    tap.data_received(masked(b"one") + b"\x81\x05hello" + masked(b"two"))
    tap.data_received(masked(b"three"))
    assert taken == [b"one"] and not inner.got and tap.end == "unmasked" and aborted(tap)


@pytest.mark.parametrize("first", [PING, 0x8A, PART, 0x00, LAST_PART, PACKED, BINARY])
def test_a_flood_of_what_is_handed_on_ends_the_connection(first: int) -> None:
    tap, inner, taken = tapped()
    tap.data_received(masked(b"", first) * 100_000)
    assert 40 < len(inner.got) <= 50 and tap.end == "flood" and aborted(tap)
    tap.data_received(masked(b"one"))
    assert not taken and len(inner.got) <= 50


def test_what_is_handed_on_slowly_is_no_flood() -> None:
    clock = itertools.count(1000.0, 0.1)
    tap, inner, taken = tapped(lambda: next(clock))
    for _ in range(2000):
        tap.data_received(masked(b"", PING) + masked(b"one"))
    assert len(inner.got) == len(taken) == 2000 and not tap.end


def test_texts_that_nobody_takes_yet_or_any_more_are_a_flood_as_well() -> None:
    tap, inner, taken = tapped()
    tap.take = None
    tap.data_received(masked(b"join") * 1000)
    assert 40 < len(inner.got) <= 50 and tap.end == "flood" and aborted(tap)
    tap, inner, taken = tapped()
    tap.refuse()
    tap.data_received(masked(b"late") * 10 + masked(b"", PING) * 10)
    assert not inner.got and not taken and not tap.end
    tap.data_received(masked(b"", CLOSE))
    assert inner.got == [masked(b"", CLOSE)], "a goodbye is heard"
    tap, inner, taken = tapped()
    tap.refuse()
    tap.data_received(masked(b"late") * 1000)
    assert not inner.got and not taken and tap.end == "flood" and aborted(tap)


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
