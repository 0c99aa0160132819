"""The first frame of a connection: a join, of this version, or a refusal in words. Pure."""

from typing import Final

from msgspec import Struct, json

from transport.reading import (
    MAX_FRAME_BYTES,
    PROTOCOL_VERSION,
    UNREADABLE,
    Join,
    hello_decoder,
    join_decoder,
)
from transport.refusal import Refusal

OVERSIZED: Final = f"a frame may have at most {MAX_FRAME_BYTES} bytes"


class _Addressed(Struct):
    channel: str


_addressed: Final = json.Decoder(_Addressed)


def channel_of(text: bytes) -> str:
    """The channel that a first frame names, so that its desk can judge the rest. Raises Refusal."""
    if len(text) > MAX_FRAME_BYTES:
        raise Refusal("oversized", OVERSIZED)
    try:
        return _addressed.decode(text).channel
    except UNREADABLE:
        raise Refusal("first frame", "the first frame must be a join in JSON, and name a channel") from None


def read_join(text: bytes) -> Join:
    """A first frame's join. Raises Refusal with what is wrong, also for another version of the protocol."""
    if len(text) > MAX_FRAME_BYTES:
        raise Refusal("oversized", OVERSIZED)
    try:
        hello = hello_decoder.decode(text)
    except UNREADABLE:
        raise Refusal("first frame", "the first frame must be a join in JSON") from None
    if hello.type != "join":
        raise Refusal("first frame", "the first frame must be a join")
    if hello.version != PROTOCOL_VERSION:
        older = hello.version < PROTOCOL_VERSION
        mend = "update your LERA agent" if older else "the streamer has to update LERA"
        versions = f"you speak version {hello.version}, this stream version {PROTOCOL_VERSION}"
        raise Refusal("version", f"{versions}: {mend}")
    try:
        return join_decoder.decode(text)
    except UNREADABLE as error:
        raise Refusal("first frame", f"that join can't be read: {error}") from None
